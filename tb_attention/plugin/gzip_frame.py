"""Bodies of binary answers: gzip files around `.npy` files, from stored deflate streams where possible (RFC 1952)."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def frame(deflated: bytes, crc32: int, size: int) -> bytes:
    """Puts a raw deflate stream, as it lies in a zip, into a gzip file without inflating it.

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
