"""Validation data without an end are refused if this is known, and bounded if it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import tb_attention
from tb_attention.errors import ArgumentError, AttentionWarning
from tests.callbacks.trainings import X, Y, build, fit

BATCHES = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)


class Endless(keras.utils.PyDataset):
    num_batches = None

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return X[:8], Y[:8]


def endless() -> Any:
    while True:
        yield X[:8], Y[:8]


def unknown() -> tf.data.Dataset:
    specification = (tf.TensorSpec((None, 6), tf.int32), tf.TensorSpec((None,), tf.int64))
    return tf.data.Dataset.from_generator(endless, output_signature=specification)


@pytest.mark.parametrize("data", [BATCHES.repeat(), Endless()], ids=["dataset", "PyDataset"])
def test_data_that_never_end_need_a_number_of_batches(data: Any, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="never ends, so `validation_steps` must say"):
        fit(build(), [tb_attention.ConfusionMatrixCallback(tmp_path, data)])
    fit(build(), [tb_attention.ConfusionMatrixCallback(tmp_path, data, validation_steps=2.0)])
    assert tb_attention.load(tmp_path).confusion_matrix(step=0).sum() == 16


@pytest.mark.parametrize(("data", "own"), [(unknown, False), (endless, True)], ids=["dataset", "function"])
def test_data_that_may_never_end_stop_where_fit_stops(data: Any, own: bool, tmp_path: Path) -> None:
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, data if own else data())
    with pytest.warns(AttentionWarning, match="goes on behind 2 batches, as many as `fit` validates on"):
        fit(build(), [callback], validation_data=(X[:16], Y[:16]), epochs=2)
    assert [tb_attention.load(tmp_path).confusion_matrix(step=step).sum() for step in range(2)] == [16, 16]


def test_without_a_validation_of_fit_there_is_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tb_attention.callbacks.validation_pass._MOST_BATCHES", 5)
    with pytest.warns(AttentionWarning, match="goes on behind 5 batches, the most where `fit` does not validate"):
        fit(build(), [tb_attention.ConfusionMatrixCallback(tmp_path, endless)])
    assert tb_attention.load(tmp_path).confusion_matrix(step=0).sum() == 40


def test_data_of_unknown_length_that_end_are_counted_whole(tmp_path: Path) -> None:
    data = BATCHES.filter(lambda x, y: True)
    fit(build(), [callback := tb_attention.ConfusionMatrixCallback(tmp_path, data)])
    assert not callback.warnings.said
    assert tb_attention.load(tmp_path).confusion_matrix(step=0).sum() == len(Y)
