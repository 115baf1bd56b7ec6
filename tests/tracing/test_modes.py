"""Capture works however the model is compiled, run and bound, inside `fit` too."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import tb_attention
from tb_attention.errors import ArgumentError
from tb_attention.tracing.captured import Capture
from tb_attention.tracing.capturer import Capturer
from tests.tracing.zoo import block, head, normal


def classifier() -> keras.Model:
    inputs = keras.Input((6, 8))
    return keras.Model(inputs, head(block(inputs, "block")))


class Recorder(keras.callbacks.Callback):
    """Captures at each of the moments at which a callback may."""

    def __init__(self) -> None:
        super().__init__()
        self.captures: list[Capture] = []
        self.capturer: Capturer | None = None

    def take(self) -> None:
        self.capturer = self.capturer or Capturer(self.model)
        self.captures.append(self.capturer(normal(6, 8)))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.take()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.take()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.take()


@pytest.mark.parametrize(
    "options",
    [{}, {"run_eagerly": True}, {"jit_compile": True}, {"steps_per_execution": 2}],
    ids=["plain", "eager", "xla", "several_steps"],
)
def test_weights_change_while_the_model_trains(options: dict[str, Any]) -> None:
    model = classifier()
    model.compile("adam", "sparse_categorical_crossentropy", **options)
    recorder = Recorder()
    model.fit(normal(6, 8), np.arange(3), batch_size=1, epochs=2, verbose=0, callbacks=[recorder])
    weights = [capture.sites[0].weights for capture in recorder.captures]
    assert len(weights) >= 6
    assert not np.array_equal(weights[0], weights[1])
    np.testing.assert_allclose(recorder.captures[-1].outputs, model.predict(normal(6, 8), verbose=0), atol=1e-5)


def own_scores(model: keras.Model) -> np.ndarray:
    """What the attention layer of the classifier gives out itself."""
    norm = next(layer for layer in model.layers if isinstance(layer, layers.LayerNormalization))
    x = norm(normal(6, 8))
    return np.asarray(model.get_layer("block_attention")(x, x, return_attention_scores=True)[1])


def test_a_model_with_a_train_step_of_its_own() -> None:
    class Own(keras.Model):
        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, self(x, training=True)))
            variables = self.trainable_variables
            self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            return {"loss": loss}

    plain = classifier()
    model = Own(plain.inputs, plain.outputs)
    model.compile("adam")
    recorder = Recorder()
    model.fit(normal(6, 8), np.arange(3), batch_size=1, epochs=2, verbose=0, callbacks=[recorder])
    weights = [capture.sites[0].weights for capture in recorder.captures]
    assert not np.array_equal(weights[0], weights[1])
    np.testing.assert_allclose(weights[-1], own_scores(model), atol=1e-5)


MIRRORED = """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import numpy as np
from tests.tracing.test_modes import Recorder, classifier, normal, own_scores
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
assert strategy.num_replicas_in_sync == 2
recorder = Recorder()
with strategy.scope():
    model = classifier()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(normal(6, 8), np.arange(3), batch_size=2, epochs=2, verbose=0, callbacks=[recorder])
first, last = (capture.sites for capture in (recorder.captures[0], recorder.captures[-1]))
assert [site.path for site in last] == ["block_attention"]
assert not np.array_equal(first[0].weights, last[0].weights)
np.testing.assert_allclose(last[0].weights, own_scores(model), atol=1e-5)
"""


def test_capture_under_a_strategy_of_two_replicas() -> None:
    # Two devices of one CPU have to be set up before TensorFlow starts.
    ran = subprocess.run([sys.executable, "-c", MIRRORED], capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr


def test_capture_while_a_function_is_being_traced() -> None:
    model = classifier()
    shapes: list[tuple[int, ...]] = []

    @tf.function
    def outer(x: Any) -> Any:
        shapes.append(Capturer(model)(normal(6, 8)).sites[0].weights.shape)
        return x + 1

    outer(tf.constant(1))
    assert shapes[0] == (3, 2, 6, 6)


def test_one_trace_serves_any_number_of_samples() -> None:
    class Traced(keras.Model):
        traces = 0

        def __init__(self) -> None:
            super().__init__()
            self.attention = layers.MultiHeadAttention(2, 4)

        def call(self, x: Any) -> Any:
            Traced.traces += 1
            return self.attention(x, x)

    model = Traced()
    model(normal(6, 8))
    Traced.traces = 0
    capturer = Capturer(model)
    assert [len(capturer(normal(6, 8)[:count]).sites[0].weights) for count in (3, 1, 2)] == [3, 1, 2]
    assert Traced.traces == 1


def test_replaced_weights_are_seen() -> None:
    model = classifier()
    capturer = Capturer(model)
    before = capturer(normal(6, 8)).sites[0].weights
    model.set_weights([2 * weights for weights in model.get_weights()])
    assert not np.allclose(before, capturer(normal(6, 8)).sites[0].weights)


@pytest.mark.parametrize("declared", [True, False])
def test_a_model_bound_to_a_number_of_samples_is_fed_that_many(declared: bool) -> None:
    class Bound(layers.Layer):
        def call(self, x: Any) -> Any:
            weights = tf.nn.softmax(tf.matmul(x, x, transpose_b=True))
            return tf.reshape(tf.matmul(weights, x), (4, 6, 8))

    class BoundModel(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.attention = Bound(name="attention")

        def call(self, x: Any) -> Any:
            return self.attention(x)

    if declared:
        inputs = keras.Input(batch_shape=(4, 6, 8))
        model = keras.Model(inputs, Bound(name="attention")(inputs))
    else:
        model = BoundModel()
        model.build((4, 6, 8))
    x = np.random.default_rng(0).normal(size=(7, 6, 8)).astype("float32")
    captured = Capturer(model)(x)
    (site,) = captured.sites
    scores = np.einsum("bqd,bkd->bqk", x, x)
    expected = np.exp(scores - scores.max(-1, keepdims=True))
    expected /= expected.sum(-1, keepdims=True)
    np.testing.assert_allclose(site.weights[:, 0], expected, atol=1e-5)
    np.testing.assert_allclose(captured.outputs, expected @ x, atol=1e-5)


def test_several_inputs_may_be_given_as_they_are_to_the_model() -> None:
    one, other = keras.Input((4, 8), name="one"), keras.Input((6, 8), name="other")
    model = keras.Model({"one": one, "other": other}, layers.Attention(name="attention")([one, other]))
    by_name = tb_attention.capture(model, {"one": normal(4, 8), "other": normal(6, 8)})
    assert by_name["attention"].weights.shape == (3, 1, 4, 6)
    assert [axis.input for axis in by_name["attention"].axes] == [None, None, 0, 1]


def test_positional_inputs_and_keyword_arguments_reach_the_model() -> None:
    class Two(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.attention = layers.MultiHeadAttention(2, 4)

        def call(self, x: Any, memory: Any, blind: Any = None, scale: float = 1.0) -> Any:
            return scale * self.attention(x, memory, attention_mask=None if blind is None else ~blind)

    model = Two()
    x, memory = normal(4, 8), normal(6, 8)
    model(x, memory)
    blind = np.zeros((3, 4, 6), bool)
    blind[:, :, 2] = True
    sites = tb_attention.capture(model, x, memory, blind=blind, scale=3.0)
    assert sites["attention"].weights[..., 2].max() < 1e-6
    assert tb_attention.capture(model, x, memory)["attention"].weights[..., 2].max() > 1e-6


def test_strings_are_inputs_too() -> None:
    vectorize = layers.TextVectorization(output_sequence_length=5, vocabulary=["dear", "sir", "yes"])
    inputs = keras.Input((), dtype="string")
    x = layers.Embedding(6, 8)(vectorize(inputs))
    model = keras.Model(inputs, layers.Attention(name="attention")([x, x]))
    sites = tb_attention.capture(model, ["dear sir", "yes"])
    assert sites["attention"].weights.shape == (2, 1, 5, 5)


@pytest.mark.parametrize("length", [5, None], ids=["to_a_length", "to_the_longest"])
def test_ragged_tensors_are_inputs_too(length: int | None) -> None:
    class Padding(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.attention = layers.Embedding(11, 8), layers.MultiHeadAttention(2, 4)

        def call(self, words: Any) -> Any:
            x = self.embedding(words.to_tensor(shape=(None, length)))
            return self.attention(x, x, attention_mask=tf.sequence_mask(words.row_lengths(), 5)[:, None])

    words = tf.ragged.constant([[1, 2, 3], [4], [5, 6, 7, 8, 9]])
    model = Padding()
    captured = Capturer(model)(words)
    (site,) = captured.sites
    assert (site.path, site.kind, site.weights.shape) == ("attention", "self", (3, 2, 5, 5))
    assert np.all(site.weights[1, :, :, 1:] < 1e-6)
    np.testing.assert_allclose(captured.outputs, model(words), atol=1e-5)
    with pytest.raises(ArgumentError, match="ragged along one axis"):
        Capturer(model)(tf.ragged.constant([[[1], [2, 3]]]))


def test_patterns_and_functions_choose_sites() -> None:
    inputs = keras.Input((6, 8))
    model = keras.Model(inputs, head(block(block(inputs, "one"), "two")))
    x = normal(6, 8)
    assert list(tb_attention.capture(model, x, sites="two*")) == ["two_attention"]
    assert list(tb_attention.capture(model, x, sites=["one*", "two*"])) == ["one_attention", "two_attention"]
    assert list(tb_attention.capture(model, x, sites=lambda path: path.startswith("one"))) == ["one_attention"]
    left = Capturer(model, sites="two*")(x).left_out
    assert ("one_attention", "not asked for") in [(item.path, item.reason) for item in left]


def test_routers_are_captured_when_asked_for() -> None:
    inputs = keras.Input((6, 8))
    weights = layers.Softmax(name="router")(layers.Dense(3)(inputs))
    experts = ops.stack([layers.Dense(8)(inputs) for _ in range(3)], axis=2)
    model = keras.Model(inputs, head(ops.sum(ops.expand_dims(weights, -1) * experts, axis=2)))
    assert dict(tb_attention.capture(model, normal(6, 8))) == {}
    (site,) = tb_attention.capture(model, normal(6, 8), sites="*").values()
    assert (site.kind, site.weights.shape) == ("router", (3, 1, 6, 3))


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ArgumentError, match="`model` must be a Keras 3 model"):
        Capturer("model")
    with pytest.raises(ArgumentError, match="`sites` must be a name pattern"):
        Capturer(classifier(), sites=[3])  # type: ignore[list-item]
    with pytest.raises(ArgumentError, match="Received: none"):
        Capturer(classifier())()
    with pytest.raises(ArgumentError, match="at least one sample"):
        Capturer(classifier())(np.zeros((0, 6, 8), "float32"))


@pytest.mark.parametrize("rank", [2, 3])
def test_a_mask_of_another_input_leaves_self_attention_what_it_is(rank: int) -> None:
    tokens = keras.Input((6, 8))
    mask = keras.Input((6,) * (rank - 1), dtype="bool")
    wide = mask[:, None, :] if rank == 2 else mask
    model = keras.Model([tokens, mask], layers.MultiHeadAttention(2, 4)(tokens, tokens, attention_mask=wide))
    random = np.random.default_rng(0)
    [site] = tb_attention.capture(
        model, [random.random((3, 6, 8), "float32"), np.ones((3, *(6,) * (rank - 1)), bool)]
    ).values()
    assert site.kind == "self"


@pytest.mark.parametrize("keys", [("words", "mask", "areas"), ("mask", "words", "areas"), ("areas", "words", "mask")])
def test_inputs_of_a_dict_are_numbered_as_they_are_given(keys: tuple[str, ...]) -> None:
    tensors = {name: keras.Input((5,), dtype="int32", name=name) for name in ("areas", "mask", "words")}
    table = layers.Embedding(9, 4)
    states = table(tensors["words"]) + table(tensors["areas"])[:, :1]
    outputs = layers.MultiHeadAttention(1, 4, name="mha")(
        states, states, attention_mask=keras.ops.cast(tensors["mask"], "bool")[:, None]
    )
    model = keras.Model(list(tensors.values()), outputs)
    random = np.random.default_rng(0)
    given = {name: random.integers(1, 9, (2, 5)) for name in tensors}
    given["mask"] = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 0]])
    [site] = tb_attention.capture(model, {key: given[key] for key in keys}).values()
    assert {axis.input for axis in site.axes if axis.role in ("query", "key")} == {keys.index("words")}
    assert (site.weights[0, ..., 3:] < 1e-6).all()
    assert (site.weights[1, ..., 4:] < 1e-6).all()
