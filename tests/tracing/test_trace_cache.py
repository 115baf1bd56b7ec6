"""What was traced is kept with the model, shared by all that capture from it, and traced anew when the model has changed."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import tb_attention
from tb_attention.tracing.capturer import Capturer
from tb_attention.tracing.tensorflow.tensorflow_backend import TensorFlowBackend
from tests.tracing.zoo import normal

X = normal(6, 8)


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the models in the order in which they were traced."""
    names: list[str] = []
    trace = TensorFlowBackend.trace

    def counted(backend: Any, model: Any, call: Any) -> Any:
        names.append(model.name)
        return trace(backend, model, call)

    monkeypatch.setattr(TensorFlowBackend, "trace", counted)
    return names


def scaled(x: Any) -> Any:
    return x * 1.0


class Config:
    """A plain object that a layer reads."""

    sharpness = 1.0


class Mixing(layers.Layer):
    """One head of attention whose logits everything around can change: q k^T * temperature * sharpness * scale."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.query, self.key = layers.Dense(8), layers.Dense(8)
        self.temperature = 1.0
        self.config = Config()
        self.table = np.ones(1, "float32")

    def call(self, x: Any) -> Any:
        logits = ops.einsum("bqd,bkd->bqk", self.query(x), self.key(x))
        logits = scaled(logits) * self.temperature * self.config.sharpness * self.table
        return ops.matmul(ops.softmax(logits), x)


def mixing_model() -> keras.Model:
    inputs = keras.Input((None, 8))
    x = Mixing(name="mixing")(inputs)
    return keras.Model(inputs, layers.Dense(2, activation="softmax", name="head")(ops.mean(x, axis=1)))


def own_weights(model: keras.Model) -> np.ndarray:
    """The weights of `Mixing`, computed by NumPy from what its attributes are now."""
    layer = model.get_layer("mixing")
    q, k = np.asarray(layer.query(X)), np.asarray(layer.key(X))
    factor = float(scaled(np.float32(1))) * layer.temperature * layer.config.sharpness * layer.table
    scores = np.exp(np.einsum("bqd,bkd->bqk", q, k) * factor)
    return scores / scores.sum(-1, keepdims=True)


def taken(model: keras.Model) -> np.ndarray:
    (site,) = tb_attention.capture(model, X).values()
    return site.weights[:, 0]


def test_captures_of_one_model_share_one_trace(traces: list[str]) -> None:
    model = mixing_model()
    first = taken(model)
    tb_attention.explain(model, X[:2])
    assert tb_attention.capture(model, X, sites="mixing").keys() == {"mixing"}
    np.testing.assert_array_equal(Capturer(model)(X).sites[0].weights[:, 0], first)
    assert len(traces) == 1
    tb_attention.capture(model, X[:, :4], sites=lambda path: False)
    assert len(traces) == 2  # another length is another kind of input


def test_later_fits_with_new_callbacks_trace_nothing(traces: list[str], tmp_path: Path) -> None:
    inputs = keras.Input((6, 8))
    x = layers.SimpleRNN(4, dropout=0.1, return_sequences=True)(inputs)
    x = layers.MultiHeadAttention(2, 4, dropout=0.1)(x, x)
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.BatchNormalization()(x)[:, 0]))
    for epoch in range(3):
        if epoch != 1:
            model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        callback = tb_attention.AttentionCallback(tmp_path, X, max_samples=3)
        model.fit(X, np.zeros(len(X)), epochs=1, verbose=0, callbacks=[callback])
        model.evaluate(X, np.zeros(len(X)), verbose=0)
        model.save_weights(tmp_path / "a.weights.h5")
        model.load_weights(tmp_path / "a.weights.h5")
    assert len(traces) == 1
    assert tb_attention.load(tmp_path).steps == [0, 1, 2]


class Counted(layers.Layer):
    """Attention that notes in Python how often it is run there."""

    def __init__(self) -> None:
        super().__init__(name="counted")
        self.attention, self.sharpness = layers.MultiHeadAttention(2, 4), 1.0

    def call(self, x: Any) -> Any:
        RUNS.append(self.name)
        return self.attention(x * self.sharpness, x)


RUNS: list[str] = []


def test_fit_in_a_loop_with_new_callbacks_runs_no_layer_more_often_than_without(tmp_path: Path) -> None:
    labels = np.arange(len(X)) % 2
    runs = []
    for logged in (False, True):
        inputs = keras.Input((6, 8))
        model = keras.Model(inputs, layers.Dense(2, activation="softmax")(Counted()(inputs)[:, 0]))
        model.compile("adam", "sparse_categorical_crossentropy")
        for epoch in range(4):
            ours = [
                tb_attention.AttentionCallback(tmp_path, (X, labels), max_samples=3),
                tb_attention.ConfusionMatrixCallback(tmp_path, (X, labels)),
            ]
            if epoch == 3:
                model.layers[1].sharpness = -40.0
            before = len(RUNS)
            model.fit(X, labels, epochs=1, verbose=0, callbacks=ours if logged else [])
            runs.append(len(RUNS) - before)
    assert runs[5:7] == runs[1:3] == [0, 0]
    # The changed model is noticed by both callbacks, though Keras would go on with what it compiled for `fit`.
    log = tb_attention.load(tmp_path)
    _, scores = model.layers[1].attention(X * -40.0, X, return_attention_scores=True)
    np.testing.assert_allclose(log.weights(3, 0, "counted/attention"), np.asarray(scores)[0], atol=5e-3)
    predicted = np.asarray(model(X)).argmax(-1)
    matrix = np.zeros((2, 2))
    np.add.at(matrix, (labels, predicted), 1)
    np.testing.assert_array_equal(log.confusion_matrix(3, tag="confusion"), matrix)


def set_temperature(model: keras.Model) -> None:
    model.get_layer("mixing").temperature = 0.25


def set_sharpness(model: keras.Model) -> None:
    model.get_layer("mixing").config.sharpness = 3.0


def change_array_in_place(model: keras.Model) -> None:
    model.get_layer("mixing").table *= 0.5


def swap_sublayer(model: keras.Model) -> None:
    layer = model.get_layer("mixing")
    layer.query, layer.key = layer.key, layer.query


def enable_lora(model: keras.Model) -> None:
    dense = model.get_layer("mixing").query
    dense.enable_lora(2)
    dense.lora_kernel_b.assign(np.full(dense.lora_kernel_b.shape, 0.3))


def set_weights(model: keras.Model) -> None:
    model.set_weights([weight + 0.1 for weight in model.get_weights()])


def compile_anew(model: keras.Model) -> None:
    model.trainable = False
    model.compile("sgd", "mse", jit_compile=False)


@pytest.mark.parametrize(
    "change",
    [set_temperature, set_sharpness, change_array_in_place, swap_sublayer, enable_lora, set_weights, compile_anew],
)
def test_a_changed_model_is_captured_as_it_is_now(change: Callable[[keras.Model], None]) -> None:
    model = mixing_model()
    np.testing.assert_allclose(taken(model), own_weights(model), atol=1e-5)
    before = taken(model)
    change(model)
    np.testing.assert_allclose(taken(model), own_weights(model), atol=1e-5)
    assert np.allclose(taken(model), before) == (change is compile_anew)


def test_functions_that_are_written_anew_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = mixing_model()
    before = taken(model)
    monkeypatch.setitem(globals(), "scaled", lambda x: x * 0.1)
    np.testing.assert_allclose(taken(model), own_weights(model), atol=1e-5)
    assert not np.allclose(taken(model), before)
    monkeypatch.setattr(Mixing, "call", lambda self, x: x)
    assert tb_attention.capture(model, X) == {}
    layer = model.get_layer("mixing")
    monkeypatch.setattr(layer, "call", lambda x: ops.matmul(ops.softmax(ops.matmul(x, ops.swapaxes(x, 1, 2))), x))
    scores = np.exp(X @ X.swapaxes(1, 2))
    np.testing.assert_allclose(taken(model), scores / scores.sum(-1, keepdims=True), atol=1e-5)


def test_a_capturer_notices_layers_variables_and_calls_between_its_calls() -> None:
    model = mixing_model()
    capturer = Capturer(model)
    capturer(X)
    enable_lora(model)
    np.testing.assert_allclose(capturer(X).sites[0].weights[:, 0], own_weights(model), atol=1e-5)
    sequential = keras.Sequential([keras.Input((6, 8)), Mixing(name="mixing")])
    capturer = Capturer(sequential)
    assert len(capturer(X).sites) == 1
    sequential.add(Mixing(name="again"))
    assert [site.path for site in capturer(X).sites] == ["mixing", "again"]
    sequential.pop()
    sequential.pop()
    sequential.add(layers.Dense(2))
    assert capturer(X).sites == ()


def test_mixed_precision_set_later_is_noticed() -> None:
    model = mixing_model()
    before = taken(model)
    for dense in (model.get_layer("mixing").query, model.get_layer("mixing").key):
        dense.dtype_policy = "mixed_float16"
    np.testing.assert_allclose(taken(model), before, atol=1e-2)
    assert not np.array_equal(taken(model), before)


def eager_model() -> keras.Model:
    class Eager(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.mixing = Mixing(name="mixing")

        def call(self, x: Any) -> Any:
            return self.mixing(x) if float(ops.sum(x)) < 1e9 else x

    return Eager()


@pytest.mark.parametrize("make", [mixing_model, eager_model])
def test_models_are_not_kept_alive_and_neither_are_their_inputs(make: Callable[[], keras.Model]) -> None:
    class Array(np.ndarray):
        """An array that can be referred to weakly."""

    model, inputs = make(), X.copy().view(Array)
    assert len(tb_attention.capture(model, inputs)) == 1
    references = [weakref.ref(model), weakref.ref(inputs)]
    del inputs
    gc.collect()
    assert references[1]() is None
    del model
    gc.collect()
    assert references[0]() is None


def test_what_is_kept_is_no_part_of_copies_pickles_and_files(tmp_path: Path) -> None:
    inputs = keras.Input((6, 8))
    model = keras.Model(inputs, layers.MultiHeadAttention(2, 4, name="attention")(inputs, inputs))
    config, names = model.get_config(), {weight.path for weight in model.weights}
    callback = tb_attention.AttentionCallback(tmp_path / "run", X)
    before = taken_of(model)
    model.save(tmp_path / "model.keras")
    model.export(tmp_path / "exported", verbose=False)
    others = [
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
        keras.models.load_model(tmp_path / "model.keras"),
        keras.models.clone_model(model),
    ]
    assert (model.get_config(), {weight.path for weight in model.weights}) == (config, names)
    for other in others:
        other.set_weights([2 * weight for weight in model.get_weights()])
        _, scores = other.get_layer("attention")(X, X, return_attention_scores=True)
        np.testing.assert_allclose(taken_of(other), np.asarray(scores), atol=1e-5)
        assert not np.allclose(taken_of(other), before, atol=1e-3)
    assert pickle.loads(pickle.dumps(callback)).log_dir == callback.log_dir
    np.testing.assert_array_equal(taken_of(model), before)


def taken_of(model: keras.Model) -> np.ndarray:
    (site,) = tb_attention.capture(model, X).values()
    return site.weights


def test_threads_that_capture_at_once_get_the_same(traces: list[str]) -> None:
    model = mixing_model()
    found: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: found.append(taken(model))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(traces) == 1
    for weights in found:
        np.testing.assert_allclose(weights, own_weights(model), atol=1e-5)


@pytest.fixture(autouse=True)
def seeded() -> None:
    keras.utils.set_random_seed(3)
