"""Sends members of `.npz` files, as the stored deflate streams where that is possible."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from cachetools import LRUCache, cached
from werkzeug.wrappers import Request, Response

from tb_attention.errors import DamagedFileError, NotInLogError
from tb_attention.plugin import respond
from tb_attention.records.format.archive import Stream
from tb_attention.records.reading.opened_attempt import OpenedAttempt
from tb_attention.records.store.store import Entry
from tb_attention.wire import gzip_frame

Streams = Mapping[str, Stream | None]

# A stream takes some 400 bytes with its name.
_MOST_STREAMS = 50_000


class NoSuchMember(Exception):
    """The archive does not have the member; the caller knows whether that is damage."""


def serve(
    request: Request, attempt: OpenedAttempt, file: Entry, name: str, why_absent: Callable[[], str | None]
) -> Response:
    """Answers a request with a member of a file.

    Args:
        request: The request.
        attempt, file, name: As for `body`.
        why_absent: Asked if the file does not have the member: a sentence, or None if it should have it.

    Raises:
        NotInLogError: The file does not have the member, with that sentence.
        DamagedFileError: The file or the member is damaged.
    """
    try:
        return respond.binary_body(request, body(attempt, file, name))
    except NoSuchMember:
        reason = why_absent()
        if reason is None:
            raise DamagedFileError(f"{file.name} has no member {name}.") from None
        raise NotInLogError(reason) from None


def body(attempt: OpenedAttempt, file: Entry, name: str) -> bytes:
    """The gzip file around a member's `.npy`.

    Args:
        attempt: The attempt.
        file: One of its `.npz` files, as listed.
        name: The member, without ".npy".

    Raises:
        NoSuchMember: The file does not have it.
        DamagedFileError: The file or the member is damaged.
    """
    streams = _streams(attempt, file)
    if name not in streams:
        raise NoSuchMember(name)
    stream = streams[name]
    # A damaged file may say that it stores more than it has, and reading allocates as much memory.
    if stream is not None and 0 < stream.stored <= file.size:
        with attempt.store.open(attempt.path(file.name)) as opened:
            opened.seek(stream.offset)
            deflated = opened.read(stream.stored)
        if len(deflated) == stream.stored:
            framed = gzip_frame.frame_if_plain(deflated, stream.crc32, stream.size)
            if framed is not None:
                return framed
    with attempt.open(file.name) as archive:
        return gzip_frame.compress(archive.read(name))


@cached(
    LRUCache(_MOST_STREAMS, getsizeof=lambda streams: len(streams) + 1), key=OpenedAttempt.key, lock=threading.Lock()
)
def _streams(attempt: OpenedAttempt, file: Entry) -> Streams:
    # All at once: to find one, zipfile reads the directory of all, 40 ms for 3,000 members.
    with attempt.open(file.name) as archive:
        return archive.streams()
