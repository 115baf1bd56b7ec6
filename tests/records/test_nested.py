"""Arrays of every framework become numpy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_attention.records.samples.nested import is_plain, map_leaves, named_leaves, to_numpy


class Tensor:
    """What matters of a PyTorch tensor: it must be detached and brought to the CPU first."""

    def __init__(self, values: Any, *, ready: int = 0, dtype: str = "torch.float32") -> None:
        self.values, self.ready, self.dtype = values, ready, dtype

    def detach(self) -> Tensor:
        return Tensor(self.values, ready=self.ready + 1, dtype=self.dtype)

    def cpu(self) -> Tensor:
        return Tensor(self.values, ready=self.ready + 1, dtype=self.dtype)

    def float(self) -> Tensor:
        return Tensor(self.values, ready=self.ready)

    def numpy(self) -> np.ndarray:
        if self.ready != 2 or self.dtype == "torch.bfloat16":
            raise TypeError("can't convert")
        return np.asarray(self.values, np.float32)


@pytest.mark.parametrize("dtype", ["torch.float32", "torch.bfloat16"])
def test_tensors_of_pytorch_are_detached_and_copied(dtype: str) -> None:
    np.testing.assert_array_equal(to_numpy(Tensor([1, 2], dtype=dtype)), [1, 2])


def test_bfloat16_becomes_float32() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = to_numpy(np.array([0.5, 2], ml_dtypes.bfloat16))
    assert array.dtype == np.float32
    assert array.tolist() == [0.5, 2]


def test_strings_are_objects() -> None:
    assert to_numpy(np.array(["a", "bc"])).dtype == object
    assert to_numpy(["a", "bc"]).tolist() == ["a", "bc"]


def test_leaves_are_named_by_keys_and_indices() -> None:
    nested = {"a": 1, "b": [2, {"c": 3}]}
    assert named_leaves(nested) == [("a", 1), ("b/input_0", 2), ("b/input_1/c", 3)]
    assert named_leaves(5) == [("", 5)]
    assert map_leaves(lambda leaf: leaf * 10, nested) == {"a": 10, "b": [20, {"c": 30}]}


def test_lists_of_numbers_are_plain_and_lists_of_arrays_are_not() -> None:
    assert is_plain([[1, 2.5], ["x"]])
    assert not is_plain([np.zeros(3), np.zeros(3)])
    assert not is_plain([])
