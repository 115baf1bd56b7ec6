"""Reads the directory of a zip archive, and what it lists.

`zipfile` needs ten times as long for a directory, and a view over a training opens thousands of step files.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple

STORED, DEFLATED = 0, 8

# Most directories are in so many bytes at the end of a file.
_TAIL = 4096
# A hostile directory says any size, and to read so many bytes takes as much memory, whatever there is.
_PIECE = 1 << 20
_INFLATED_PIECE = 16 << 20
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s22x2H")
_LONGEST_COMMENT = 65535
_ELSEWHERE = 0xFFFFFFFF
_ENCRYPTED, _UTF8 = 0x1, 0x800


class ZipEntry(NamedTuple):
    """A member as the directory lists it.

    Attributes:
        method: `STORED` or `DEFLATED`, or one that is not read here.
        encrypted: Whether it is encrypted.
        crc32: Of the inflated bytes.
        stored: Bytes in the file.
        size: Inflated bytes.
        offset: Of its local header.
    """

    name: str
    method: int
    encrypted: bool
    crc32: int
    stored: int
    size: int
    offset: int


class ZipDirectory:
    """The directory of an archive.

    Args:
        data: Its bytes.
        count: The number of its entries.
    """

    def __init__(self, data: bytes, count: int) -> None:
        self._data = data
        self._count = count

    def find(self, name: str) -> ZipEntry | None:
        """The last member with a name, or None. The entries of the others are not looked at.

        Raises:
            ValueError: The directory is impossible.
        """
        wanted = name.encode("utf-8", "replace")
        at = self._data.rfind(wanted)
        while at >= 0:
            start = at - _ENTRY.size
            if start >= 0 and self._data.startswith(b"PK\x01\x02", start):
                entry, _ = _entry(self._data, start)
                if entry.name == name:
                    return entry
            at = self._data.rfind(wanted, 0, at + len(wanted) - 1)
        # The name of a member may be in another encoding.
        return (
            None if name.isascii() else next((entry for entry in reversed(self.entries()) if entry.name == name), None)
        )

    def entries(self) -> list[ZipEntry]:
        """All members, in the order of the directory.

        Raises:
            ValueError: The directory is impossible.
        """
        found = []
        at = 0
        for _ in range(self._count):
            entry, at = _entry(self._data, at)
            found.append(entry)
        return found


def read_directory(file: IO[bytes], most: int) -> ZipDirectory:
    """The directory of an archive.

    Args:
        file: Seekable.
        most: The number of members that are allowed.

    Raises:
        ValueError, OSError: It is not a zip archive, or its directory is not there.
    """
    length = file.seek(0, 2)
    tail, at = _find_end(file, length)
    _, disk, _, _, count, size, offset, _ = _END.unpack_from(tail, at)
    if disk not in (0, 0xFFFF):
        raise ValueError("it has several parts")
    if count == 0xFFFF or _ELSEWHERE in (size, offset):
        count, size, offset = _end64(file, length - len(tail) + at) or (count, size, offset)
    if count > most:
        raise ValueError(f"it says that it has {count} members; {most} are allowed")
    if offset + size > length:
        raise ValueError("its directory would be beyond its end")
    first = length - len(tail)
    data = tail[offset - first : offset - first + size] if offset >= first else _read(file, offset, size)
    if count and not data.startswith(b"PK\x01\x02"):
        raise ValueError("its directory is not where it says")
    return ZipDirectory(data, count)


def local_data(file: IO[bytes], entry: ZipEntry) -> int:
    """The offset of the first stored byte of a member.

    Raises:
        ValueError, OSError: Its local header is not there.
    """
    header = _read(file, entry.offset, _LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
        raise ValueError("it has no local header")
    _, name, extra = _LOCAL.unpack(header)
    return entry.offset + _LOCAL.size + int(name) + int(extra)


def inflated(file: IO[bytes], entry: ZipEntry) -> Iterator[bytes]:
    """The inflated bytes of a member, in pieces; never more than its directory says.

    Raises:
        ValueError, zlib.error, OSError: They are not those that were stored.
    """
    file.seek(local_data(file, entry))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS) if entry.method == DEFLATED else None
    left, size, crc32 = entry.stored, 0, 0
    while left and (stored := file.read(min(left, _PIECE))):
        left -= len(stored)
        while stored:
            piece = stored if inflater is None else inflater.decompress(stored, _INFLATED_PIECE)
            stored = b"" if inflater is None else inflater.unconsumed_tail
            size += len(piece)
            crc32 = zlib.crc32(piece, crc32)
            if size > entry.size:
                raise ValueError(f"it holds more than the {entry.size} bytes that its directory says")
            yield piece
    if left or size != entry.size:
        raise ValueError(f"it is cut: {size} of {entry.size} bytes are there")
    if crc32 != entry.crc32:
        raise ValueError("its checksum is wrong")


def _find_end(file: IO[bytes], length: int) -> tuple[bytes, int]:
    """The last bytes of the file, and where in them the end of the directory is."""
    for wanted in (_TAIL, _END.size + _LONGEST_COMMENT):
        start = max(0, length - wanted)
        tail = _read(file, start, length - start)
        at = len(tail) - _END.size
        if at >= 0 and tail[at:].startswith(b"PK\x05\x06") and tail.endswith(b"\0\0"):
            return tail, at
        at = tail.rfind(b"PK\x05\x06", 0, max(0, at) + 4)
        while at >= 0:
            if at + _END.size + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail):
                return tail, at
            at = tail.rfind(b"PK\x05\x06", 0, at)
    raise ValueError("it has no directory")


def _end64(file: IO[bytes], end: int) -> tuple[int, int, int] | None:
    """Members, bytes and offset of the directory as 64-bit numbers; None where the file does not have them."""
    if end < _LOCATOR.size:
        return None
    magic, _, at, _ = _LOCATOR.unpack(_read(file, end - _LOCATOR.size, _LOCATOR.size))
    if magic != b"PK\x06\x07":
        return None
    record = _read(file, at, _END64.size)
    if len(record) < _END64.size or record[:4] != b"PK\x06\x06":
        raise ValueError("its directory is not where it says")
    *_, count, size, offset = _END64.unpack(record)
    return count, size, offset


def _entry(directory: bytes, at: int) -> tuple[ZipEntry, int]:
    """The entry at an offset of a directory, and the offset after it."""
    if at + _ENTRY.size > len(directory) or directory[at : at + 4] != b"PK\x01\x02":
        raise ValueError("its directory is cut or altered")
    fields = _ENTRY.unpack_from(directory, at)
    _, _, _, flags, method, _, _, crc32, stored, size, named, extra, comment, _, _, _, offset = fields
    at += _ENTRY.size
    name = directory[at : at + named].decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    if _ELSEWHERE in (size, stored, offset):
        wide = _wide(directory[at + named : at + named + extra])
        size, stored, offset = (next(wide, -1) if each == _ELSEWHERE else each for each in (size, stored, offset))
        if min(size, stored, offset) < 0:
            raise ValueError("a size in its directory is missing")
    return ZipEntry(name, method, bool(flags & _ENCRYPTED), crc32, stored, size, offset), at + named + extra + comment


def _wide(extra: bytes) -> Iterator[int]:
    """The 64-bit numbers of an entry, in order."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            numbers = extra[at + 4 : at + 4 + size]
            yield from (number for (number,) in struct.iter_unpack("<Q", numbers[: len(numbers) // 8 * 8]))
            return
        at += 4 + size


def _read(file: IO[bytes], offset: int, count: int) -> bytes:
    file.seek(offset)
    return file.read(count)
