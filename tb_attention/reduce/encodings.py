"""Encodings of weights: one byte per weight for large arrays, floats for small ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from tb_attention.errors import ArgumentError

Encoding = Literal["float32", "float16", "sqrt8_row", "signed8_row"]
"""`sqrt8_row` and `signed8_row` keep one byte per weight and one float32 per row; see docs/format.md."""

ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)

FLOAT32_BELOW = 64 * 1024
"""Arrays of fewer bytes than this (as float32) are stored without loss."""

# Rows are encoded in blocks that stay in the processor's cache: twice as fast as whole-array passes at 512 keys.
_BLOCK = 1 << 16


def choose_encoding(weights: npt.NDArray[np.floating[Any]]) -> Encoding:
    """The default encoding of an array: exact for small arrays, one byte per weight for the others.

    Rows that begin or end with NaN, such as those of keys that do not exist yet, are kept as float16, which has NaN. A NaN
    between numbers means that the row has diverged.
    """
    if weights.size * 4 < FLOAT32_BELOW:
        return "float32"
    if np.isnan(weights.min()):
        empty = np.isnan(weights)
        if (np.count_nonzero(empty[..., 1:] != empty[..., :-1], axis=-1) == 1).any():
            return "float16"
    return row_encoding(weights)


def row_encoding(weights: npt.NDArray[np.floating[Any]]) -> Encoding:
    """`signed8_row` where any weight is negative, else `sqrt8_row`."""
    # fmin skips NaN: one diverged row must not change the encoding of the others.
    least = np.fmin.reduce(weights, axis=None) if weights.size else 0.0
    return "signed8_row" if least < 0 else "sqrt8_row"


def encode(weights: npt.NDArray[np.floating[Any]], encoding: Encoding) -> npt.NDArray[Any]:
    """The array to store for some weights.

    Args:
        weights: Floats of any shape; the last dimension is a row. `sqrt8_row` stores negative weights as 0.
        encoding: One of `ENCODINGS`.

    Returns:
        Little-endian floats of the same shape. For the row encodings, uint8 of one dimension: one float32 maximum per row,
        then one code per weight. A row with a NaN or an infinity becomes a row of NaN.

    Raises:
        ArgumentError: The encoding is unknown.
    """
    if encoding == "float32":
        return np.ascontiguousarray(weights, dtype="<f4").reshape(weights.shape)
    if encoding == "float16":
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(weights, dtype="<f2").reshape(weights.shape)
    if encoding not in ENCODINGS:
        raise ArgumentError(f"`encoding` must be one of {ENCODINGS}. Received: encoding={encoding!r}.")
    signed = encoding == "signed8_row"
    rows = _as_rows(np.asarray(weights, dtype=np.float32))
    count, length = rows.shape
    stored = np.empty(4 * count + rows.size, np.uint8)
    maxima = stored[: 4 * count].view("<f4")
    codes = stored[4 * count :].reshape(count, length)
    step = max(1, _BLOCK // max(1, length))
    for start in range(0, count, step):
        block = slice(start, start + step)
        maxima[block] = _encode_rows(rows[block], codes[block], signed)
    return stored


def decode(stored: npt.NDArray[Any], shape: Sequence[int], encoding: Encoding) -> npt.NDArray[np.float32]:
    """The weights, float32 of `shape`, from the result of `encode`.

    Raises:
        ArgumentError: The size of the stored array does not fit shape and encoding, or the encoding is unknown.
    """
    shape = tuple(shape)
    if stored.size * stored.dtype.itemsize != encoded_bytes(shape, encoding):
        raise ArgumentError(
            f"`stored` must hold {encoded_bytes(shape, encoding)} bytes for shape {shape} in {encoding}. "
            f"Received: {stored.size} of {stored.dtype}."
        )
    if encoding in ("float32", "float16"):
        return cast("npt.NDArray[np.float32]", stored.astype(np.float32).reshape(shape))
    count = math.prod(shape[:-1])
    maxima = stored[: 4 * count].view("<f4").astype(np.float32)
    length = shape[-1] if shape else 1
    codes = stored[4 * count :].reshape(count, length)
    weights = np.empty((count, length), np.float32)
    step = max(1, _BLOCK // max(1, length))
    for start in range(0, count, step):
        block = weights[start : start + step]
        with np.errstate(invalid="ignore", over="ignore"):
            if encoding == "sqrt8_row":
                np.divide(codes[start : start + step], np.float32(255), out=block)
                block *= block
            else:
                np.divide(codes[start : start + step].view(np.int8), np.float32(127), out=block)
                block *= np.abs(block)
            block *= maxima[start : start + step, None]
    return weights.reshape(shape)


def encoded_bytes(shape: Sequence[int], encoding: Encoding) -> int:
    """Size of an array in an encoding, in bytes."""
    size = math.prod(shape)
    if encoding == "float32":
        return 4 * size
    if encoding == "float16":
        return 2 * size
    if encoding not in ENCODINGS:
        raise ArgumentError(f"`encoding` must be one of {ENCODINGS}. Received: encoding={encoding!r}.")
    return 4 * math.prod(shape[:-1]) + size


def _as_rows(weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    length = weights.shape[-1] if weights.ndim else 1
    return weights.reshape(math.prod(weights.shape[:-1]), length)


def _encode_rows(rows: npt.NDArray[np.float32], codes: npt.NDArray[np.uint8], signed: bool) -> npt.NDArray[np.float32]:
    """Writes the codes of some rows and returns their maxima."""
    if rows.shape[1] == 0:
        return np.zeros(len(rows), np.float32)
    work = np.abs(rows) if signed else np.maximum(rows, 0)
    maxima = work.max(axis=1)
    maxima[~np.isfinite(maxima)] = np.nan
    divisors = np.where(maxima > 0, maxima, np.float32(1))
    with np.errstate(invalid="ignore", over="ignore"):
        np.divide(work, divisors[:, None], out=work)
        np.sqrt(work, out=work)
        work *= np.float32(127 if signed else 255)
        work += np.float32(0.5)
        if np.isnan(maxima).any():
            work[np.isnan(maxima)] = 0
        if signed:
            np.copyto(codes.view(np.int8), np.copysign(np.floor(work), rows), casting="unsafe")
        else:
            np.copyto(codes, work, casting="unsafe")
    return cast("npt.NDArray[np.float32]", maxima)
