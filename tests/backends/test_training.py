"""Training with callbacks equals training without, bit for bit, and logs what the model attends to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import tb_attention

CLASSES = 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 6, 8)).astype("float32")
Y = RNG.integers(0, CLASSES, 64)


def train(*callbacks: Any, metrics: list[Any] | None = None) -> tuple[keras.Model, dict[str, list[float]]]:
    keras.utils.set_random_seed(5)
    inputs = keras.Input((6, 8))
    x = layers.MultiHeadAttention(2, 4, dropout=0.1, name="attention")(inputs, inputs)
    x = layers.Dropout(0.2)(layers.BatchNormalization()(x))
    outputs = layers.Dense(CLASSES, activation="softmax")(layers.GlobalAveragePooling1D()(x))
    model = keras.Model(inputs, outputs)
    rate = keras.optimizers.schedules.ExponentialDecay(1e-2, 10, 0.9)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=metrics or [])
    fitted = model.fit(
        X, Y, batch_size=16, epochs=2, validation_data=(X[:20], Y[:20]), verbose=0, callbacks=list(callbacks)
    )
    return model, {name: values for name, values in fitted.history.items() if "loss" in name}


def state(model: keras.Model) -> list[np.ndarray]:
    metrics = {id(variable) for variable in model.metrics_variables}
    return [
        np.asarray(variable)
        for variable in (*model.variables, *model.optimizer.variables)
        if id(variable) not in metrics
    ]


def assert_same(one: tuple[keras.Model, Any], other: tuple[keras.Model, Any]) -> None:
    assert one[1] == other[1]
    for mine, theirs in zip(state(one[0]), state(other[0]), strict=True):
        np.testing.assert_array_equal(mine, theirs)


class Watch(keras.callbacks.Callback):
    """Captures the model itself after each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.maps: list[np.ndarray] = []
        self.rates: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        # Where values are in the state of Keras' trainer, this property moves them into the variables.
        model = self.model
        self.maps.append(tb_attention.capture(model, X[:4])["attention"].weights[0])
        self.rates.append(float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)))


@pytest.fixture(scope="module")
def plain() -> tuple[keras.Model, Any]:
    return train()


def test_training_is_the_same_with_attention(plain: tuple[keras.Model, Any], tmp_path: Path) -> None:
    """By epochs and by batches. In between, the maps and the learning rate are those of their batch."""
    watch = Watch()
    logged = train(
        tb_attention.AttentionCallback(tmp_path / "batches", (X[:4], Y[:4]), update_freq=3),
        tb_attention.AttentionCallback(tmp_path / "epochs", (X[:4], Y[:4])),
        watch,
    )
    assert_same(plain, logged)
    batches, epochs = (tb_attention.load(tmp_path / run) for run in ("batches", "epochs"))
    assert (list(batches.steps), list(epochs.steps)) == ([3, 6, 8], [0, 1])
    for log, steps in ((batches, {3: 3, 6: 6, 8: 8}), (epochs, {0: 4, 1: 8})):
        for step, batch in steps.items():
            np.testing.assert_allclose(log.weights(step, 0, "attention"), watch.maps[batch - 1], atol=1 / 255)
            assert log.logs(step)["learning_rate"] == pytest.approx(watch.rates[batch - 1])


def test_training_is_the_same_with_a_confusion_matrix(plain: tuple[keras.Model, Any], tmp_path: Path) -> None:
    metric = tb_attention.ConfusionMatrix(CLASSES)
    logged = train(
        tb_attention.ConfusionMatrixCallback(tmp_path / "given", (X[:20], Y[:20])),
        tb_attention.ConfusionMatrixCallback(tmp_path / "metric"),
        metrics=[metric],
    )
    assert_same(plain, logged)
    predicted = np.argmax(logged[0].predict(X[:20], verbose=0), axis=-1)
    expected = np.zeros((CLASSES, CLASSES))
    np.add.at(expected, (Y[:20], predicted), 1)
    for run in ("given", "metric"):
        log = tb_attention.load(tmp_path / run)
        np.testing.assert_array_equal(log.confusion_matrix(1), expected)
