"""Arrays of a page: what each is called, how large it is, and how its bytes are made when they are needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import DamagedFileError
from tb_attention.records.format.archive import Archive
from tb_attention.reduce.encodings import Encoding
from tb_attention.wire import gzip_frame


@dataclass(frozen=True)
class Body:
    """One array.

    Attributes:
        name: `<route>?<parameters>`, as the page asks for it.
        size: Bytes, as far as they are known without making them.
        make: The gzip file around the `.npy` file.
    """

    name: str
    size: int
    make: Callable[[], bytes]


def stored(name: str, archive: Callable[[], Archive], member: str, size: int) -> Body:
    """The body of a member as it lies in a file, which is opened again when the bytes are needed."""

    def make() -> bytes:
        with archive() as opened:
            try:
                deflated, stream = opened.read_stream(member)
            except DamagedFileError:
                # Not deflated, or damaged: reading decodes it or says what is wrong.
                return gzip_frame.compress(opened.read(member))
            if gzip_frame.travels_as_it_is(deflated):
                return gzip_frame.frame(deflated, stream.crc32, stream.size)
            return gzip_frame.compress(opened.read(member))

    return Body(name, size + gzip_frame.EXTRA_BYTES, make)


def made(name: str, array: npt.NDArray[Any]) -> Body:
    """The body of an array that is there."""
    data = gzip_frame.compress(array)
    return Body(name, len(data), lambda: data)


def without_heads(
    encoded: npt.NDArray[Any], shape: Sequence[int], encoding: Encoding, hidden: Sequence[int]
) -> npt.NDArray[Any]:
    """Encoded weights in which some heads are NaN throughout, the others unchanged to the bit.

    Args:
        encoded: What `reduce.encodings.encode` made.
        shape: Of the weights; heads come first.
        encoding: Of the weights.
        hidden: The heads.
    """
    if not hidden:
        return encoded
    changed: npt.NDArray[Any] = encoded.copy()
    if encoding in ("float32", "float16"):
        changed.reshape(shape)[list(hidden)] = np.nan
        return changed
    rows = math.prod(shape[:-1])
    # A row whose maximum is NaN is NaN throughout; codes of 0 take next to no room.
    changed[: 4 * rows].view("<f4").reshape(shape[0], -1)[list(hidden)] = np.nan
    changed[4 * rows :].reshape(shape[0], -1)[list(hidden)] = 0
    return changed
