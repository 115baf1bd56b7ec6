"""Arrays of a stand-alone page: what each is called, how large it is, and how its bytes are made when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from tb_attention.errors import DamagedFileError
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.schema import Manifest
from tb_attention.wire import gzip_frame
from tb_attention.wire.structs import SamplesAnswer

VERSION = "page"
"""The version of everything in a page, which does not change."""

OpenFile = Callable[[str], Archive]
"""Opens a file of an attempt, by its name."""


@dataclass(frozen=True)
class Body:
    """One array.

    Attributes:
        name: As `wire.held_page.body_name` makes it.
        size: Bytes, as far as they are known without making them.
        make: The gzip file around the `.npy` file.
    """

    name: str
    size: int
    make: Callable[[], bytes]


@dataclass(frozen=True)
class SeriesPart:
    """What one series puts into a page.

    Attributes:
        newest: The manifest of the newest step, cut to what goes in.
        steps: For each step the JSON of it and of its sites, as `wire.answers.series_answer` takes them.
        samples: By name of the set, as the route `samples` gives it.
        bodies: Its arrays.
    """

    newest: Manifest
    steps: Sequence[tuple[bytes, bytes]]
    samples: Mapping[str, SamplesAnswer]
    bodies: Sequence[Body]


def stored(name: str, open_file: OpenFile, file: str, archive: Archive, member: str) -> Body:
    """The body of a member as a file stores it. The file is opened again when the bytes are needed.

    Args:
        name: Of the body.
        open_file: Opens the file.
        file: Its name.
        archive: The file, open.
        member: The member.
    """

    def make() -> bytes:
        with open_file(file) as opened:
            try:
                deflated, stream = opened.read_stream(member)
                framed = gzip_frame.frame_if_plain(deflated, stream.crc32, stream.size)
            except DamagedFileError:
                framed = None  # not deflated, or damaged: reading decodes it or raises
            return gzip_frame.compress(opened.read(member)) if framed is None else framed

    return Body(name, archive.stream(member).stored + gzip_frame.EXTRA_BYTES, make)


def made(name: str, array: npt.NDArray[Any]) -> Body:
    """The body of an array in memory."""
    data = gzip_frame.compress(array)
    return Body(name, len(data), lambda: data)
