"""A remote file of which only the parts are fetched that are read."""

from __future__ import annotations

import io
from collections.abc import Callable

AHEAD_BYTES = 64 << 10
"""A request fetches at least so much: of an archive the directory at its end, of a member its header too."""


class RangedFile(io.BufferedIOBase):
    """Reads ranges. Libraries read megabytes ahead, which is most of a step for one map.

    Args:
        fetch: Returns the bytes from a first position to one before a second.
        size: Bytes of the file.
    """

    def __init__(self, fetch: Callable[[int, int], bytes], size: int) -> None:
        self._fetch = fetch
        self._size = size
        self._position = 0
        self._begin = 0
        self._held = b""
        self._tail = b""

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes, or fewer at the end of the file; all that are left for a negative number."""
        begin = min(self._position, self._size)
        end = self._size if size is None or size < 0 else min(begin + size, self._size)
        parts = []
        while begin < end:
            part = self._part(begin, end)
            parts.append(part)
            begin += len(part)
        self._position = begin
        return b"".join(parts)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Goes to a position, as `io.IOBase.seek`; fetches nothing."""
        self._position = max(0, offset + (0, self._position, self._size)[whence])
        return self._position

    def tell(self) -> int:
        """The position."""
        return self._position

    def _part(self, begin: int, end: int) -> bytes:
        """What is held from a position on, or else is fetched; at least one byte."""
        for first, held in ((self._begin, self._held), (self._size - len(self._tail), self._tail)):
            if first <= begin < first + len(held):
                return held[begin - first : end - first]
        tail = self._size - AHEAD_BYTES
        if begin >= tail:
            self._tail = self._fetched(max(0, tail), self._size)
        else:
            self._begin, self._held = begin, self._fetched(begin, max(end, min(begin + AHEAD_BYTES, self._size)))
        return self._part(begin, end)

    def _fetched(self, begin: int, end: int) -> bytes:
        data = self._fetch(begin, end)
        if len(data) != end - begin:
            raise OSError(f"{len(data)} of {end - begin} bytes came.")
        return data
