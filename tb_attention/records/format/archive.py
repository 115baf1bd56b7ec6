"""Reads `.npz` files that may be damaged or hostile. Nothing is inflated before its size is checked."""

from __future__ import annotations

import ast
import contextlib
import functools
import math
import struct
import zlib
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import DamagedFileError
from tb_attention.records.format.zip_directory import (
    DEFLATED,
    STORED,
    ZipEntry,
    inflated,
    local_data,
    read_directory,
)

MAX_MEMBER_BYTES = 1 << 30
"""Inflated size of a member, at most; 16 heads of 4096 x 4096 as float32 are as large."""

MAX_MEMBERS = 1 << 20

# Deflate makes at most 1032 bytes of one. A header that claims more is wrong.
_MOST_PER_BYTE = 1032


_MAX_HEADER = 4096
_LENGTH_BYTES = {(1, 0): 2, (2, 0): 4, (3, 0): 4}


@dataclass(frozen=True)
class Stream:
    """Where the deflated bytes of a member are, so that they can be passed through.

    Attributes:
        offset: Of the first byte, in the file.
        stored: Bytes of the raw deflate stream.
        size: Bytes of the `.npy` inside.
        crc32: Of the `.npy` inside.
    """

    offset: int
    stored: int
    size: int
    crc32: int


class Archive:
    """An `.npz` file opened for reading; a context manager.

    Args:
        file: Seekable, opened for reading bytes. It is closed with the archive.
        name: What errors call the file.

    Raises:
        DamagedFileError: It is not a zip archive, or its directory of members is impossible.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name
        try:
            self._directory = read_directory(file, MAX_MEMBERS)
        except _ZIP_ERRORS as error:
            file.close()
            raise DamagedFileError(f"{name} is not a whole zip archive: {error}.") from error
        self._known: dict[str, ZipEntry | None] = {}

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    @property
    def names(self) -> list[str]:
        """Names of the members, without ".npy", in the order of the file; raises `DamagedFileError`."""
        return list(self._entries())

    def read(self, name: str, most: int = MAX_MEMBER_BYTES) -> npt.NDArray[Any]:
        """The array of a member, read-only.

        Args:
            name: Without ".npy".
            most: Bytes of the inflated member, at most; never more than `MAX_MEMBER_BYTES`, whatever a manifest says.

        Raises:
            DamagedFileError: The member is missing, too large, altered or not an array of numbers.
        """
        entry = self._checked(name, most)
        try:
            data = b"".join(inflated(self._file, entry))
        except _ZIP_ERRORS as error:
            raise DamagedFileError(f"{name} in {self._name} is damaged: {error}.") from error
        return parse_npy(data, f"{name} in {self._name}")

    def stream(self, name: str, most: int = MAX_MEMBER_BYTES) -> Stream:
        """Where the deflated bytes of a member are.

        Raises:
            DamagedFileError: The member is missing, too large or not deflated, or its local header is not there.
        """
        entry = self._checked(name, most)
        if entry.method != DEFLATED:
            raise DamagedFileError(f"{name} in {self._name} is not deflated.")
        try:
            offset = local_data(self._file, entry)
        except _ZIP_ERRORS as error:
            raise DamagedFileError(f"{name} in {self._name} cannot be read: {error}.") from error
        return Stream(offset, entry.stored, entry.size, entry.crc32)

    def streams(self) -> dict[str, Stream | None]:
        """The streams of all members by name; None for a member that has to be decoded, or is damaged."""
        found: dict[str, Stream | None] = dict.fromkeys(self._entries())
        for name in found:
            with contextlib.suppress(DamagedFileError):
                found[name] = self.stream(name)
        return found

    def read_stream(self, name: str, most: int = MAX_MEMBER_BYTES) -> tuple[bytes, Stream]:
        """The deflated bytes of a member, as they are in the file."""
        stream = self.stream(name, most)
        if stream.offset + stream.stored > self._file.seek(0, 2):
            raise DamagedFileError(f"{name} in {self._name} is cut: {stream.stored} bytes are not there.")
        self._file.seek(stream.offset)
        data = self._file.read(stream.stored)
        if len(data) != stream.stored:
            raise DamagedFileError(f"{name} in {self._name} is cut: {len(data)} of {stream.stored} bytes are there.")
        return data, stream

    def check(self) -> None:
        """Reads every member, a piece at a time, and compares its checksum.

        Raises:
            DamagedFileError: A member is missing, too large or altered.
        """
        for name in self._entries():
            entry = self._checked(name, MAX_MEMBER_BYTES)
            try:
                for _ in inflated(self._file, entry):
                    pass
            except _ZIP_ERRORS as error:
                raise DamagedFileError(f"{name} in {self._name} is damaged: {error}.") from error

    def _entries(self) -> dict[str, ZipEntry]:
        try:
            entries = self._directory.entries()
        except _ZIP_ERRORS as error:
            raise DamagedFileError(f"{self._name} is not a whole zip archive: {error}.") from error
        found = {entry.name.removesuffix(".npy"): entry for entry in entries}
        self._known.update(found)
        return found

    def _find(self, name: str) -> ZipEntry | None:
        if name not in self._known:
            try:
                self._known[name] = self._directory.find(f"{name}.npy") or self._directory.find(name)
            except _ZIP_ERRORS as error:
                raise DamagedFileError(f"{self._name} is not a whole zip archive: {error}.") from error
        return self._known[name]

    def _checked(self, name: str, most: int) -> ZipEntry:
        entry = self._find(name)
        most = min(most, MAX_MEMBER_BYTES)
        if entry is None:
            raise DamagedFileError(f"{self._name} has no member {name[:80]!r}.")
        if entry.size > most:
            raise DamagedFileError(f"{name} in {self._name} would have {entry.size} bytes; {most} are allowed.")
        if entry.size > entry.stored * _MOST_PER_BYTE + 64:
            raise DamagedFileError(f"{name} in {self._name} says that {entry.stored} bytes inflate to {entry.size}.")
        if entry.encrypted or entry.method not in (STORED, DEFLATED):
            raise DamagedFileError(f"{name} in {self._name} is encrypted or not deflated.")
        return entry


_ZIP_ERRORS = (zlib.error, struct.error, OSError, EOFError, ValueError, OverflowError, MemoryError)


def parse_npy(data: bytes, what: str) -> npt.NDArray[Any]:
    """The array in the bytes of a `.npy` file, which are not copied; never an object array.

    NumPy's own header reader repairs headers of Python 2 with a tokenizer. It warns, and raises exceptions of any kind.

    Raises:
        DamagedFileError: The bytes are not those of an array of numbers.
    """
    try:
        start = _header_end(data)
        shape, fortran, dtype = _header(data[:start])
    except (ValueError, TypeError, SyntaxError, OverflowError, RecursionError, MemoryError, LookupError) as error:
        raise DamagedFileError(f"{what} is no .npy array: {str(error)[:200]}.") from error
    if dtype.kind not in "biuf" or dtype.hasobject or dtype.itemsize == 0:
        raise DamagedFileError(f"{what} must hold numbers. Received: dtype={str(dtype)[:80]}.")
    rest = len(data) - start
    if math.prod(shape) * dtype.itemsize != rest:
        raise DamagedFileError(f"{what} says shape {str(shape)[:80]} of {dtype}, but holds {rest} bytes.")
    try:
        return np.frombuffer(data, dtype, offset=start).reshape(shape, order="F" if fortran else "C")
    except (ValueError, OverflowError) as error:
        raise DamagedFileError(f"{what} has no possible shape: {str(error)[:200]}.") from error


def _header_end(data: bytes) -> int:
    """The offset of the first number."""
    if data[:6] != b"\x93NUMPY":
        raise ValueError("it does not begin like one")
    width = _LENGTH_BYTES[data[6], data[7]]
    start = 8 + width + int.from_bytes(data[8 : 8 + width], "little")
    if start > min(len(data), _MAX_HEADER):
        raise ValueError(f"its header would end at byte {start}")
    return start


@functools.lru_cache(maxsize=512)
def _header(head: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether the order is Fortran's, and type. The arrays of a log have few different headers."""
    header = ast.literal_eval(head[8 + _LENGTH_BYTES[head[6], head[7]] :].decode("latin1").strip())
    if not isinstance(header, dict) or header.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError("its header does not say descr, fortran_order and shape")
    shape, fortran, descr = header["shape"], header["fortran_order"], header["descr"]
    if not isinstance(descr, str) or not isinstance(fortran, bool) or not isinstance(shape, tuple):
        raise ValueError(f"its header says {str(header)[:120]}")
    if any(isinstance(size, bool) or not isinstance(size, int) or size < 0 for size in shape):
        raise ValueError(f"its shape is {str(shape)[:80]}")
    return shape, fortran, np.dtype(descr)
