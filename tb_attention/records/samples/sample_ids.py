"""Names for samples that depend on what they are, so that runs agree on them whatever the order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.records.samples.nested import text_of

DIGITS = 12


def hash_ids(inputs: Sequence[npt.NDArray[Any]]) -> tuple[str, ...]:
    """One id a sample: 12 hexadecimal digits of SHA-256 over type, shape and bytes of its inputs.

    Samples that are equal get "-2", "-3" behind it, so that ids are unique.
    """
    return unique([_hash([array[place] for array in inputs]) for place in range(len(inputs[0]))])


def unique(ids: Sequence[str]) -> tuple[str, ...]:
    """The same ids, later ones of equal ones with "-2", "-3" and so on behind them."""
    seen: dict[str, int] = {}
    result = []
    for name in ids:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return tuple(result)


def _hash(parts: Sequence[Any]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        array = np.asarray(part)
        if array.dtype.kind in "OSU":
            texts = [text_of(text).encode() for text in array.reshape(-1)]
            lengths = ",".join(str(len(text)) for text in texts)
            digest.update(f"str{array.shape}{lengths};".encode())
            digest.update(b"".join(texts))
            continue
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        digest.update(f"{little.dtype.str}{array.shape};".encode())
        digest.update(little.tobytes())
    return digest.hexdigest()[:DIGITS]
