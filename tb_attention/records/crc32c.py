"""The checksum of event files, CRC-32C.

TensorBoard's own takes a byte at a time in Python, 11 ms for a matrix of 100 classes and 36 ms for an overview of 256 KiB, in
which the training has no turn. Here NumPy takes many blocks at once: 0.2 and 0.9 ms.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

# Castagnoli's polynomial, the lowest power in the highest bit.
_POLYNOMIAL = 0x82F63B78
_BLOCK = 512
# Blocks that are looked up together: places in the table take eight times their bytes.
_AT_ONCE = 1024
# A checksum that begins with 0 is the one to begin with, 2^32 - 1, after these bytes; zeros before them leave it 0.
_BEGINNING = b"\x54\x64\x1f\x64"


def crc32c(data: bytes) -> int:
    """CRC-32C of some bytes, 0 to 2^32 - 1.

    References:
        RFC 3720, appendix B.4, has examples.
    """
    table, shifts = _tables()
    begun = _BEGINNING + data
    blocks = np.frombuffer(bytes(-len(begun) % _BLOCK) + begun, np.uint8).reshape(-1, _BLOCK)
    rows = np.arange(0, table.size, 256)
    state = 0
    for start in range(0, len(blocks), _AT_ONCE):
        found = table.ravel().take(rows + blocks[start : start + _AT_ONCE])
        for alone in np.bitwise_xor.reduce(found, axis=1).tolist():
            # What came before is as if added to the first four bytes of the block.
            for shift in shifts:
                alone ^= shift[state & 255]
                state >>= 8
            state = alone
    return state ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """The checksum as event files hold it: turned, and a constant added, since they are checksummed themselves at times."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@functools.cache
def _tables() -> tuple[npt.NDArray[np.uint32], list[list[int]]]:
    """What each byte at each place of a block comes to at its end, (places, 256), and the first four rows as lists."""
    last = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        last = np.where(last & 1, last >> 1 ^ np.uint32(_POLYNOMIAL), last >> 1)
    rows = [last]
    for _ in range(_BLOCK - 1):
        rows.append(last[rows[-1] & 255] ^ rows[-1] >> 8)
    rows.reverse()
    return np.stack(rows), [row.tolist() for row in rows[:4]]
