"""Sends members of `.npz` files, as the stored deflate streams where that is possible."""

from __future__ import annotations

from collections.abc import Mapping

from tb_attention.errors import DamagedFileError
from tb_attention.plugin.bounded_cache import BoundedCache
from tb_attention.plugin.run_folder import RunFolder
from tb_attention.records.format.archive import Archive, Stream
from tb_attention.records.store.store import Entry
from tb_attention.wire import gzip_frame

Streams = Mapping[str, Stream]

# A stream takes some 400 bytes with its name.
_MOST_STREAMS = 50_000
_streams: BoundedCache[Streams] = BoundedCache(_MOST_STREAMS, weigh=lambda streams: len(streams) + 1)


class NoSuchMember(Exception):
    """The archive does not have the member; whether that is damage, the caller knows."""


def body(folder: RunFolder, path: str, entry: Entry, name: str) -> bytes:
    """The gzip file around a member's `.npy`.

    Args:
        folder: The run.
        path: The file, below the run.
        entry: The file, as listed.
        name: The member, without ".npy".

    Raises:
        NoSuchMember: The file does not have it.
        DamagedFileError: The file or the member is damaged.
    """
    streams = _streams.get((folder.url, path, entry.version), lambda: _find(folder, path))
    stream = streams.get(name)
    if stream is None:
        raise NoSuchMember(name)
    # A damaged file may say that more is stored than there is, and reading sets as much memory aside.
    if 0 < stream.stored <= entry.size:
        deflated = folder.slice(path, stream.offset, stream.stored)
        if len(deflated) == stream.stored and gzip_frame.travels_as_it_is(deflated):
            return gzip_frame.frame(deflated, stream.crc32, stream.size)
    with folder.archive(path) as archive:
        return gzip_frame.compress(archive.read(name))


def _find(folder: RunFolder, path: str) -> Streams:
    # All at once: to find one, zipfile reads the directory of all, 40 ms for 3,000 members.
    with folder.archive(path) as archive:
        return {name: _stream(archive, name) for name in archive.names}


def _stream(archive: Archive, name: str) -> Stream:
    try:
        return archive.stream(name)
    except DamagedFileError:
        # Not deflated, too large or damaged: `read` will decode it or say what is wrong.
        return Stream(0, 0, 0, 0)
