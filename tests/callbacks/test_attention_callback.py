"""The attention callback in real trainings."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tb_attention
from tb_attention.errors import ArgumentError, AttentionWarning

RANDOM = np.random.default_rng(0)
X = RANDOM.random((48, 8, 8, 1)).astype("float32")
Y = RANDOM.integers(0, 3, 48)


class Noise(layers.Layer):
    """Draws at inference too, which moves its seed, and counts its calls in a variable."""

    def __init__(self) -> None:
        super().__init__(name="noise")
        self.seed = keras.random.SeedGenerator(3)
        self.calls = self.add_weight(shape=(), initializer="zeros", dtype="int32", trainable=False, name="calls")

    def call(self, x: Any) -> Any:
        self.calls.assign_add(1)
        return x + 0.1 * keras.random.normal(keras.ops.shape(x), seed=self.seed)


def build_model(noise: bool = False) -> keras.Model:
    image = keras.Input((8, 8, 1), name="image")
    x = layers.Reshape((16, 16), name="patches")(layers.Conv2D(16, 2, strides=2)(image))
    x = layers.BatchNormalization(name="norm")(x)
    x = Noise()(x) if noise else x
    y = layers.MultiHeadAttention(2, 8, dropout=0.2, name="attention")(x, x)
    x = layers.Dropout(0.2)(layers.Add()([x, y]))
    return keras.Model(image, layers.Dense(3, activation="softmax")(layers.Flatten()(x)), name="small")


def train(
    callbacks: list[Any], *, epochs: int = 2, noise: bool = False, x: Any = X, y: Any = Y, **options: Any
) -> keras.Model:
    keras.utils.set_random_seed(7)
    model = build_model(noise)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    model.fit(x, y, batch_size=8, epochs=epochs, validation_data=(X[:8], Y[:8]), verbose=0, callbacks=callbacks)
    return model


def test_the_log_holds_the_models_own_weights(tmp_path: Path) -> None:
    model = train([tb_attention.AttentionCallback(tmp_path, (X[:4], Y[:4]))], epochs=3)
    log = tb_attention.load(tmp_path)
    assert log.steps == [0, 1, 2]
    assert log.has_init
    [path] = log.sites
    assert path == "attention"
    patches = keras.Model(model.input, model.get_layer("norm").output)(X[:4])
    _, scores = model.get_layer("attention")(patches, patches, return_attention_scores=True)
    for sample in range(4):
        np.testing.assert_allclose(log.weights(step=2, sample=sample, site=path), scores[sample], atol=1e-5)
    before = log.weights(step="init", sample=0, site=path)
    assert np.abs(before - log.weights(step=2, sample=0, site=path)).max() > 1e-4


def test_axes_are_the_grid_of_the_patches(tmp_path: Path) -> None:
    train([tb_attention.AttentionCallback(tmp_path, (X[:2], Y[:2]))], epochs=1)
    axes = tb_attention.load(tmp_path).site("attention").axes
    assert [(axis.role, axis.kind, axis.grid) for axis in axes if axis.role in ("query", "key")] == [
        ("query", "grid", (4, 4)),
        ("key", "grid", (4, 4)),
    ]


def test_predictions_and_metrics_are_those_of_the_step(tmp_path: Path) -> None:
    model = train([tb_attention.AttentionCallback(tmp_path, (X[:4], Y[:4]))])
    log = tb_attention.load(tmp_path)
    history = model.history.history
    probabilities = model.predict(X[:4], verbose=0)
    assert [p.class_index for p in log.predictions(1)] == probabilities.argmax(1).tolist()
    np.testing.assert_allclose([p.probability for p in log.predictions(1)], probabilities.max(1), atol=1e-5)
    assert log.logs(1)["val_loss"] == pytest.approx(history["val_loss"][1])
    assert log.logs(0)["accuracy"] == pytest.approx(history["accuracy"][0])
    assert log.logs(1)["learning_rate"] == pytest.approx(0.001)


@pytest.mark.parametrize(
    ("frequency", "options"),
    [("epoch", {}), ("epoch", {"steps_per_execution": 4}), (3, {}), (3, {"steps_per_execution": 4}), ("batch", {})],
)
def test_training_results_are_bit_identical_with_the_callback(
    tmp_path: Path, frequency: Any, options: dict[str, Any]
) -> None:
    if options and keras.version().startswith("3.3."):
        pytest.skip("Keras 3.3 ends a training whose batches do not fill the last execution")
    plain = train([], noise=True, **options)
    callback = tb_attention.AttentionCallback(tmp_path, (X[:4], Y[:4]), update_freq=frequency)
    ours = train([callback], noise=True, **options)
    assert ours.history.history == plain.history.history
    pairs = zip(
        [*plain.variables, *plain.optimizer.variables], [*ours.variables, *ours.optimizer.variables], strict=True
    )
    for a, b in pairs:
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=a.path)
    assert vars(ours).keys() == vars(plain).keys()
    assert len(tb_attention.load(tmp_path).steps) > 1


@pytest.mark.parametrize(
    ("frequency", "steps"),
    [("batch", list(range(1, 13))), (5, [5, 10, 12]), (3, [3, 6, 9, 12]), (100, [12])],
)
def test_steps_by_batches_count_batches_and_log_the_last(tmp_path: Path, frequency: Any, steps: list[int]) -> None:
    train([tb_attention.AttentionCallback(tmp_path, X[:2], update_freq=frequency)])
    log = tb_attention.load(tmp_path)
    assert log.steps == steps
    assert log.has_init


def test_a_second_fit_of_one_model_continues_to_count(tmp_path: Path) -> None:
    model = train([tb_attention.AttentionCallback(tmp_path, X[:2])])
    model.fit(X, Y, verbose=0, callbacks=[tb_attention.AttentionCallback(tmp_path, X[:2])])
    log = tb_attention.load(tmp_path)
    assert (log.attempts, log.steps) == ([1], [0, 1, 2])


def test_another_model_in_the_same_directory_is_a_new_attempt(tmp_path: Path) -> None:
    for epochs in (3, 2):
        train([tb_attention.AttentionCallback(tmp_path, X[:2])], epochs=epochs)
    log = tb_attention.load(tmp_path)
    assert (log.attempts, log.steps) == ([1, 2], [0, 1])
    assert tb_attention.load(tmp_path, attempt=1).steps == [0, 1, 2]


@pytest.mark.parametrize("source", ["x", "dataset", "PyDataset", "Samples"])
def test_samples_come_in_any_form(tmp_path: Path, source: str) -> None:
    class Batches(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> Any:
            return X[2 * index : 2 * index + 2], Y[2 * index : 2 * index + 2]

    samples = {
        "x": X[:6],
        "dataset": tf.data.Dataset.from_tensor_slices((X, Y)).batch(4),
        "PyDataset": Batches(),
        "Samples": tb_attention.Samples(X[:6], Y[:6]),
    }[source]
    train([tb_attention.AttentionCallback(tmp_path, samples, max_samples=6)], epochs=1)
    log = tb_attention.load(tmp_path)
    assert len(log.samples) == 6
    assert log.weights(step=0, sample=5, site="attention").shape == (2, 16, 16)


def test_a_copied_or_pickled_callback_works(tmp_path: Path) -> None:
    callback = tb_attention.AttentionCallback(tmp_path / "a", (X[:2], Y[:2]))
    for name, copied in (("b", copy.deepcopy(callback)), ("c", pickle.loads(pickle.dumps(callback)))):
        copied.log_dir = str(tmp_path / name)
        train([copied], epochs=1)
        assert tb_attention.load(tmp_path / name).steps == [0]
    assert not (tmp_path / "a").exists()


def test_a_model_without_attention_is_warned_about_once_and_trains(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    callback = tb_attention.AttentionCallback(tmp_path, (X[:4], Y[:4]))
    with pytest.warns(AttentionWarning, match="No attention was found in this model") as caught:
        model.fit(X, Y, epochs=3, verbose=0, callbacks=[callback])
    assert len([warning for warning in caught if warning.category is AttentionWarning]) == 1
    log = tb_attention.load(tmp_path)
    assert (log.steps, list(log.sites), len(log.samples)) == ([0, 1, 2], [], 4)
    assert len(log.predictions(2)) == 4


def test_a_failing_capture_warns_once_and_training_goes_on(tmp_path: Path) -> None:
    class Undeclared(keras.Model):
        """Says nowhere what it takes, so that samples of a wrong shape are found out by the capture only."""

        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(3, activation="softmax")

        def call(self, x: Any) -> Any:
            return self.dense(keras.ops.reshape(x, (-1, 64)))

    model = Undeclared()
    model.compile("adam", "sparse_categorical_crossentropy")
    callback = tb_attention.AttentionCallback(tmp_path, np.zeros((4, 5)))
    with pytest.warns(AttentionWarning, match="was lost; training goes on") as caught:
        history = model.fit(X, Y, batch_size=8, epochs=3, verbose=0, callbacks=[callback])
    assert len(history.history["loss"]) == 3
    assert len([warning for warning in caught if warning.category is AttentionWarning]) <= 2


def test_a_directory_that_cannot_be_written_warns_and_training_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.warns(AttentionWarning):
        model = train([tb_attention.AttentionCallback(tmp_path / "file" / "run", X[:2])])
    assert len(model.history.history["loss"]) == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"samples": None}, "`samples` must be the examples to follow"),
        ({"max_samples": -3}, "`max_samples` must be a positive integer. Received: max_samples=-3"),
        ({"max_samples": True}, "`max_samples` must be a positive integer"),
        ({"update_freq": "step"}, "`update_freq` must be 'epoch', 'batch' or a positive number of batches"),
        ({"update_freq": 0}, "Received: update_freq=0"),
        ({"tag": 3}, "`tag` must be a string"),
        ({"log_dir": ""}, "`log_dir` must be a path or a URL"),
        ({"log_dir": None}, "`log_dir` must be a path or a URL. Received: log_dir=None"),
        ({"mode": "best"}, "`mode` must be"),
    ],
)
def test_wrong_arguments_raise_at_construction(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ArgumentError, match=sentence):
        tb_attention.AttentionCallback(**{"log_dir": "logs", "samples": X, **arguments})


def test_samples_that_do_not_fit_raise_at_the_start_of_fit(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"do not fit the model's input 'image'.*Received: shape \(4, 8, 8, 3\)"):
        train([tb_attention.AttentionCallback(tmp_path, np.zeros((4, 8, 8, 3)))])
    assert list(tmp_path.iterdir()) == []


def test_the_training_thread_is_not_held_by_the_disk(tmp_path: Path) -> None:
    callback = tb_attention.AttentionCallback(tmp_path, (X[:4], Y[:4]))
    train([callback])
    assert not callback.logger.is_open  # drained and closed at the end of fit
    assert tb_attention.load(tmp_path).damaged == []
    assert not list(tmp_path.rglob(".tmp-*"))


def test_the_best_step_is_marked(tmp_path: Path) -> None:
    model = train([tb_attention.AttentionCallback(tmp_path, X[:2], monitor="val_accuracy")], epochs=4)
    import json

    [path] = tmp_path.rglob("status.json")
    status = json.loads(path.read_text())
    assert status["best"]["step"] == int(np.argmax(model.history.history["val_accuracy"]))
    assert (status["state"], status["epochs"]) == ("finished", 4)
