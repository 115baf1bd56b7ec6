"""Reads `.npz` files that may be damaged or hostile. Nothing is inflated before its size is checked."""

from __future__ import annotations

import ast
import contextlib
import math
import struct
import zipfile
import zlib
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import DamagedFileError

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
            self._zip = zipfile.ZipFile(file)
            infos = self._zip.infolist()
        except _ZIP_ERRORS as error:
            file.close()
            raise DamagedFileError(f"{name} is not a whole zip archive: {error}.") from error
        if len(infos) > MAX_MEMBERS:
            self.close()
            raise DamagedFileError(f"{name} says that it has {len(infos)} members; {MAX_MEMBERS} are allowed.")
        self._infos = {info.filename.removesuffix(".npy"): info for info in infos}

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._zip.close()
        self._file.close()

    @property
    def names(self) -> list[str]:
        """Names of the members, without ".npy", in the order of the file."""
        return list(self._infos)

    def read(self, name: str, most: int = MAX_MEMBER_BYTES) -> npt.NDArray[Any]:
        """The array of a member, read-only.

        Args:
            name: Without ".npy".
            most: Bytes of the inflated member, at most; never more than `MAX_MEMBER_BYTES`, whatever a manifest says.

        Raises:
            DamagedFileError: The member is missing, too large, altered or not an array of numbers.
        """
        info = self._checked(name, most)
        try:
            data = self._zip.read(info)
        except _ZIP_ERRORS as error:
            raise DamagedFileError(f"{name} in {self._name} is damaged: {error}.") from error
        if len(data) != info.file_size:
            raise DamagedFileError(f"{name} in {self._name} is cut: {len(data)} of {info.file_size} bytes are there.")
        return parse_npy(data, f"{name} in {self._name}")

    def stream(self, name: str, most: int = MAX_MEMBER_BYTES) -> Stream:
        """Where the deflated bytes of a member are.

        Raises:
            DamagedFileError: The member is missing, too large or not deflated, or its local header is not there.
        """
        info = self._checked(name, most)
        if info.compress_type != zipfile.ZIP_DEFLATED:
            raise DamagedFileError(f"{name} in {self._name} is not deflated.")
        try:
            self._file.seek(info.header_offset)
            header = self._file.read(30)
        except (OSError, ValueError) as error:
            raise DamagedFileError(f"{name} in {self._name} cannot be read: {error}.") from error
        if len(header) < 30 or header[:4] != b"PK\x03\x04":
            raise DamagedFileError(f"{name} in {self._name} has no local header.")
        name_length, extra_length = struct.unpack("<HH", header[26:])
        offset = info.header_offset + 30 + name_length + extra_length
        return Stream(offset, info.compress_size, info.file_size, info.CRC)

    def streams(self) -> dict[str, Stream | None]:
        """The streams of all members by name; None for a member that has to be decoded, or is damaged."""
        found: dict[str, Stream | None] = dict.fromkeys(self._infos)
        for name in found:
            with contextlib.suppress(DamagedFileError):
                found[name] = self.stream(name)
        return found

    def read_stream(self, name: str, most: int = MAX_MEMBER_BYTES) -> tuple[bytes, Stream]:
        """The deflated bytes of a member, as they are in the file."""
        stream = self.stream(name, most)
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
        for name in self._infos:
            info = self._checked(name, MAX_MEMBER_BYTES)
            try:
                with self._zip.open(info) as member:
                    while member.read(1 << 20):
                        pass
            except _ZIP_ERRORS as error:
                raise DamagedFileError(f"{name} in {self._name} is damaged: {error}.") from error

    def _checked(self, name: str, most: int) -> zipfile.ZipInfo:
        info = self._infos.get(name)
        most = min(most, MAX_MEMBER_BYTES)
        if info is None:
            raise DamagedFileError(f"{self._name} has no member {name[:80]!r}.")
        if info.file_size > most:
            raise DamagedFileError(f"{name} in {self._name} would have {info.file_size} bytes; {most} are allowed.")
        if info.file_size > info.compress_size * _MOST_PER_BYTE + 64:
            raise DamagedFileError(
                f"{name} in {self._name} says that {info.compress_size} bytes inflate to {info.file_size}."
            )
        if info.flag_bits & 0x1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DamagedFileError(f"{name} in {self._name} is encrypted or not deflated.")
        return info


_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    MemoryError,
    LookupError,
)


def parse_npy(data: bytes, what: str) -> npt.NDArray[Any]:
    """The array in the bytes of a `.npy` file, which are not copied; never an object array.

    NumPy's own header reader repairs headers of Python 2 with a tokenizer. It warns, and raises exceptions of any kind.

    Raises:
        DamagedFileError: The bytes are not those of an array of numbers.
    """
    try:
        shape, fortran, dtype, start = _header(data)
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


def _header(data: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, whether the order is Fortran's, type, and the offset of the first number."""
    if data[:6] != b"\x93NUMPY":
        raise ValueError("it does not begin like one")
    width = _LENGTH_BYTES[data[6], data[7]]
    start = 8 + width + int.from_bytes(data[8 : 8 + width], "little")
    if start > min(len(data), _MAX_HEADER):
        raise ValueError(f"its header would end at byte {start}")
    header = ast.literal_eval(data[8 + width : start].decode("latin1").strip())
    if not isinstance(header, dict) or header.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError("its header does not say descr, fortran_order and shape")
    shape, fortran, descr = header["shape"], header["fortran_order"], header["descr"]
    if not isinstance(descr, str) or not isinstance(fortran, bool) or not isinstance(shape, tuple):
        raise ValueError(f"its header says {str(header)[:120]}")
    if any(isinstance(size, bool) or not isinstance(size, int) or size < 0 for size in shape):
        raise ValueError(f"its shape is {str(shape)[:80]}")
    return shape, fortran, np.dtype(descr), start
