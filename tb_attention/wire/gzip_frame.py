"""Bodies of numbers: gzip files around `.npy` files, from stored deflate streams where possible (RFC 1952)."""

from __future__ import annotations

import ast
import io
import re
import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
EXTRA_BYTES = len(_HEADER) + 8
"""Bytes of a gzip file besides the deflate stream."""

# numpy pads headers of arrays of numbers to 64 or 128 bytes.
_NPY_HEADER = 256
_LITTLE_NUMBERS = re.compile(r"[<|][biuf][0-9]{1,2}")


def frame(deflated: bytes, crc32: int, size: int) -> bytes:
    """Puts a raw deflate stream, as a zip stores it, into a gzip file without inflating it.

    Args:
        deflated: The stream.
        crc32: CRC-32 of the inflated bytes, as the zip's directory gives it.
        size: Number of inflated bytes.
    """
    return b"".join((_HEADER, deflated, struct.pack("<II", crc32, size & 0xFFFFFFFF)))


def compress(array: npt.NDArray[Any]) -> bytes:
    """A gzip file around the `.npy` file of an array, which is made little-endian and C-ordered.

    Level 1: at the size of a whole run's measures the higher levels cost seconds and save a few percent.
    """
    body = io.BytesIO()
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    np.lib.format.write_array(body, np.ascontiguousarray(little), allow_pickle=False)
    content = body.getbuffer()
    deflater = zlib.compressobj(1, zlib.DEFLATED, -15)
    deflated = deflater.compress(content) + deflater.flush()
    return frame(deflated, zlib.crc32(content), len(content))


def frame_if_plain(deflated: bytes, crc32: int, size: int) -> bytes | None:
    """As `frame`; None for an array that is not little-endian and C-ordered, as all binary answers are."""
    return frame(deflated, crc32, size) if _is_plain(deflated) else None


def _is_plain(deflated: bytes) -> bool:
    """Whether the array inside is little-endian and C-ordered. Only its header is inflated."""
    try:
        start = zlib.decompressobj(-zlib.MAX_WBITS).decompress(deflated[:1024], _NPY_HEADER)
        header = ast.literal_eval(start[10:].split(b"\n", 1)[0].decode("latin-1").strip())
        plain = start[:7] == b"\x93NUMPY\x01" and not header["fortran_order"]
        return plain and _LITTLE_NUMBERS.fullmatch(header["descr"]) is not None
    except (zlib.error, SyntaxError, ValueError, KeyError, TypeError, IndexError, RecursionError, MemoryError):
        return False
