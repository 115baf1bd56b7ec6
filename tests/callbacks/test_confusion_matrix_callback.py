"""Confusion matrices of real trainings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import confusion_matrix

import tb_attention
import tb_attention.errors
from tb_attention.errors import ArgumentError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(96, 6)).astype("float32")
Y = (X @ RANDOM.normal(size=(6, 3))).argmax(1)
TRAIN, VALIDATION = slice(0, 64), slice(64, 96)


def build_model(units: int = 3, activation: str | None = "softmax") -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(units, activation=activation)])


def expected(model: keras.Model, labels: np.ndarray = Y, classes: int = 3) -> np.ndarray:
    predicted = model.predict(X[VALIDATION], verbose=0).argmax(1)
    return confusion_matrix(labels[VALIDATION], predicted, labels=range(classes))


@pytest.mark.parametrize("labels", ["(N,)", "(N, 1)", "one-hot"])
@pytest.mark.parametrize("logits", [False, True])
def test_the_matrix_of_the_last_epoch_is_that_of_the_trained_model(tmp_path: Path, labels: str, logits: bool) -> None:
    y = {"(N,)": Y, "(N, 1)": Y[:, None], "one-hot": np.eye(3, dtype="float32")[Y]}[labels]
    losses = keras.losses
    loss = (losses.CategoricalCrossentropy if labels == "one-hot" else losses.SparseCategoricalCrossentropy)(logits)
    model = build_model(activation=None if logits else "softmax")
    model.compile("adam", loss)
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, validation_data=(X[VALIDATION], y[VALIDATION]))
    model.fit(X[TRAIN], y[TRAIN], epochs=3, verbose=0, callbacks=[callback])
    log = tb_attention.load(tmp_path)
    assert log.steps == [0, 1, 2]
    np.testing.assert_array_equal(log.confusion_matrix(step=2), expected(model))


def test_labels_in_one_column_are_not_all_class_zero(tmp_path: Path) -> None:
    """The article takes argmax over labels of shape (N, 1), which yields class 0 for all."""
    model = build_model()
    model.compile("adam", "sparse_categorical_crossentropy")
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, validation_data=(X[VALIDATION], Y[VALIDATION, None]))
    model.fit(X[TRAIN], Y[TRAIN], verbose=0, callbacks=[callback])
    rows = tb_attention.load(tmp_path).confusion_matrix(step=0).sum(1)
    np.testing.assert_array_equal(rows, np.bincount(Y[VALIDATION], minlength=3))


@pytest.mark.parametrize(
    ("loss", "border"), [("binary_crossentropy", 0.5), (keras.losses.BinaryCrossentropy(True), 0.0)]
)
def test_one_unit_gives_two_classes(tmp_path: Path, loss: Any, border: float) -> None:
    model = build_model(1, "sigmoid" if border else None)
    model.compile("adam", loss)
    y = (Y > 0).astype("float32")
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, validation_data=(X[VALIDATION], y[VALIDATION]))
    model.fit(X[TRAIN], y[TRAIN], verbose=0, callbacks=[callback])
    predicted = model.predict(X[VALIDATION], verbose=0)[:, 0] >= border
    np.testing.assert_array_equal(
        tb_attention.load(tmp_path).confusion_matrix(step=0), confusion_matrix(y[VALIDATION], predicted)
    )


def test_a_compiled_metric_needs_no_second_pass(tmp_path: Path) -> None:
    calls: list[int] = []

    class Counting(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(3, activation="softmax")

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def predict_on_batch(self, x: Any) -> Any:
            calls.append(1)
            return super().predict_on_batch(x)

    model = Counting()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy", tb_attention.ConfusionMatrix(3)])
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, class_names=["a", "b", "c"])
    data = (X[VALIDATION], Y[VALIDATION])
    history = model.fit(X[TRAIN], Y[TRAIN], epochs=2, validation_data=data, verbose=0, callbacks=[callback])
    assert calls == []
    log = tb_attention.load(tmp_path)
    np.testing.assert_array_equal(log.confusion_matrix(step=1), expected(model))
    training = log.confusion_matrix(step=1, split="training")
    assert training.sum() == 64
    assert np.trace(training) / 64 == pytest.approx(history.history["accuracy"][1])


def test_without_validation_the_training_is_counted(tmp_path: Path) -> None:
    model = build_model()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=[tb_attention.ConfusionMatrix(3)])
    model.fit(X, Y, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path)])
    assert tb_attention.load(tmp_path).confusion_matrix(step=0, split="training").sum() == 96


def test_it_works_with_the_callbacks_of_keras(tmp_path: Path) -> None:
    model = build_model()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy", tb_attention.ConfusionMatrix(3)])
    callbacks = [
        tb_attention.ConfusionMatrixCallback(tmp_path / "run"),
        keras.callbacks.TensorBoard(tmp_path / "run"),
        keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
        keras.callbacks.EarlyStopping(patience=1, restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", monitor="val_accuracy", save_best_only=True),
    ]
    data = (X[VALIDATION], Y[VALIDATION])
    model.fit(X[TRAIN], Y[TRAIN], epochs=3, validation_data=data, verbose=0, callbacks=callbacks)
    assert tb_attention.load(tmp_path / "run").confusion_matrix(step=2).sum() == 32
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert len(lines) == 4
    assert "confusion_matrix" in lines[0]


def test_a_second_pass_leaves_no_trace_in_the_model(tmp_path: Path) -> None:
    class Noise(keras.layers.Layer):
        """Draws at inference too, which moves its seed."""

        def __init__(self) -> None:
            super().__init__()
            self.seed = keras.random.SeedGenerator(3)

        def call(self, x: Any) -> Any:
            return x + 0.1 * keras.random.normal(keras.ops.shape(x), seed=self.seed)

    def train(callbacks: list[Any]) -> tuple[list[np.ndarray], dict[str, list[float]]]:
        keras.utils.set_random_seed(5)
        model = keras.Sequential([keras.Input((6,)), Noise(), keras.layers.Dense(3, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        data = (X[VALIDATION], Y[VALIDATION])
        history = model.fit(X[TRAIN], Y[TRAIN], epochs=3, validation_data=data, verbose=0, callbacks=callbacks)
        variables = [*model.variables, *model.optimizer.variables]
        return [np.asarray(variable) for variable in variables], history.history

    plain, plain_history = train([])
    ours, our_history = train([tb_attention.ConfusionMatrixCallback(tmp_path, (X[VALIDATION], Y[VALIDATION]))])
    assert plain_history == our_history
    for a, b in zip(plain, ours, strict=True):
        np.testing.assert_array_equal(a, b)


def test_datasets_and_weights_are_accepted(tmp_path: Path) -> None:
    model = build_model()
    model.compile("adam", "sparse_categorical_crossentropy")
    weights = RANDOM.random(32)
    data = tf.data.Dataset.from_tensor_slices((X[VALIDATION], Y[VALIDATION], weights)).batch(5)
    model.fit(X[TRAIN], Y[TRAIN], verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, data)])
    matrix = tb_attention.load(tmp_path).confusion_matrix(step=0)
    predicted = model.predict(X[VALIDATION], verbose=0).argmax(1)
    np.testing.assert_allclose(
        matrix, confusion_matrix(Y[VALIDATION], predicted, sample_weight=weights, labels=range(3))
    )


def test_labels_out_of_range_cost_a_warning(tmp_path: Path) -> None:
    model = build_model()
    model.compile("adam", "sparse_categorical_crossentropy")
    y = np.where(np.arange(32) < 2, 7, Y[VALIDATION])
    with pytest.warns(tb_attention.errors.AttentionWarning, match="2 labels of the validation data are none of the 3"):
        model.fit(
            X[TRAIN],
            Y[TRAIN],
            verbose=0,
            callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, (X[VALIDATION], y))],
        )
    assert tb_attention.load(tmp_path).confusion_matrix(step=0).sum() == 30


def test_nothing_to_count_is_refused_at_the_start(tmp_path: Path) -> None:
    model = build_model()
    model.compile("adam", "sparse_categorical_crossentropy")
    with pytest.raises(ArgumentError, match=r"needs `validation_data`, or a tb_attention\.ConfusionMatrix"):
        model.fit(X, Y, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path)])


def test_independent_labels_are_refused_and_never_argmaxed(tmp_path: Path) -> None:
    model = build_model(3, "sigmoid")
    model.compile("adam", "binary_crossentropy")
    y = np.eye(3)[Y]
    with pytest.raises(ArgumentError, match="one example may have several classes"):
        model.fit(X, y, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, (X, y))])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"validation_steps": 0}, "`validation_steps` must be a positive integer. Received: validation_steps=0"),
        ({"tag": ""}, "`tag` must be"),
        ({"mode": "most"}, "`mode` must be 'auto', 'min' or 'max'"),
        ({"validation_data": iter([])}, "which a generator cannot be"),
    ],
)
def test_wrong_arguments_are_refused_at_construction(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ArgumentError, match=sentence):
        tb_attention.ConfusionMatrixCallback("logs", **arguments)
