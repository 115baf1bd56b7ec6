"""The inside of a `.npy` file that may be damaged or hostile."""

from __future__ import annotations

import ast
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import DamagedFileError

_MAX_HEADER = 4096
_LENGTH_BYTES = {(1, 0): 2, (2, 0): 4, (3, 0): 4}


def parse_npy(data: bytes, what: str) -> npt.NDArray[Any]:
    """The array in the bytes of a `.npy` file, without copying them; never an object array.

    numpy's own reader of headers mends those of Python 2 with a tokenizer, which warns, and raises what no reader expects.

    Raises:
        DamagedFileError: They are not those of an array of numbers.
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
    """Shape, whether in Fortran's order, type, and where the numbers begin."""
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
