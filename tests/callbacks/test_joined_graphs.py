"""Batches whose rows are not all examples: joined graphs, pairs stacked along the batch, padded batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops
from sklearn.metrics import confusion_matrix

import tb_attention
from tb_attention.callbacks.validation_pass import Predictor
from tb_attention.errors import AttentionWarning

RANDOM = np.random.default_rng(0)
GRAPHS, ATOMS, BATCHES = 4, 5, 3
STATES = RANDOM.normal(size=(BATCHES, GRAPHS * ATOMS, 3)).astype("float32")
LABELS = RANDOM.integers(0, 2, (BATCHES, GRAPHS, 1))
GRAPH_OF = np.repeat(np.arange(GRAPHS), ATOMS)


class Graphs(keras.utils.PyDataset):
    """Four graphs a batch, their atoms one behind the other."""

    def __len__(self) -> int:
        return BATCHES

    def __getitem__(self, index: int) -> Any:
        return {"atoms": STATES[index], "graph": GRAPH_OF}, LABELS[index]


class GraphModel(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.up, self.out = layers.Dense(4, "relu"), layers.Dense(1, "sigmoid")

    def call(self, x: Any) -> Any:
        return self.out(ops.segment_sum(self.up(x["atoms"]), x["graph"], num_segments=GRAPHS))


class Pairs(keras.utils.PyDataset):
    """Pairs of rows, one behind the other, and a label for each pair."""

    def __len__(self) -> int:
        return BATCHES

    def __getitem__(self, index: int) -> Any:
        return STATES[index], LABELS[index].repeat(GRAPHS * ATOMS // 2 // GRAPHS + 1, 0)[: GRAPHS * ATOMS // 2]


class PairModel(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.up, self.out = layers.Dense(4, "relu"), layers.Dense(1, "sigmoid")

    def call(self, x: Any) -> Any:
        states = self.up(x)
        return self.out(ops.abs(states[::2] - states[1::2]))


def build(kind: str) -> tuple[keras.Model, Any]:
    keras.utils.set_random_seed(1)
    model, data = (GraphModel(), Graphs()) if kind == "graphs" else (PairModel(), Pairs())
    model(data[0][0])
    model.compile("adam", "binary_crossentropy")
    return model, data


@pytest.mark.parametrize("attention", [0, 16])
@pytest.mark.parametrize("kind", ["graphs", "pairs"])
def test_inputs_longer_than_labels_are_counted_and_keep_no_examples(tmp_path: Path, kind: str, attention: int) -> None:
    model, data = build(kind)
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, data, attention_examples=attention)
    with pytest.warns(AttentionWarning, match="labels, and inputs of 20 rows: what belongs to one label is not known"):
        model.fit(data, epochs=2, verbose=0, callbacks=[callback])
    log = tb_attention.load(tmp_path)
    truth = np.concatenate([data[index][1] for index in range(BATCHES)])
    predicted = np.concatenate([model.predict_on_batch(data[index][0]) for index in range(BATCHES)]) >= 0.5
    expected = confusion_matrix(truth.ravel(), predicted.ravel(), labels=[0, 1])
    np.testing.assert_array_equal(log.confusion_matrix(1), expected)
    assert log.examples(1) == []
    alone, _ = build(kind)
    alone.fit(data, epochs=2, verbose=0)
    for mine, theirs in zip(model.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_second_pass_gives_all_rows_of_outputs_shorter_than_inputs() -> None:
    model, data = build("graphs")
    predict = Predictor()
    for index in range(BATCHES):
        x, _ = data[index]
        np.testing.assert_array_equal(predict(model, x), model.predict_on_batch(x))
    assert predict(model, x).shape == (GRAPHS, 1)
