"""Small models with attention of many kinds, or with none, and what is to be found in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

Expected = list[tuple[str, str, tuple[int, ...]]]
"""Path, kind and shape of one sample's weights, for each site in order."""

Case = tuple[keras.Model, Any, Expected]

CASES: dict[str, Callable[[], Case]] = {}

SAMPLES = 3


def case(build: Callable[[], Case]) -> Callable[[], Case]:
    CASES[build.__name__] = build
    return build


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).normal(size=(SAMPLES, *shape)).astype("float32")


def ids(length: int, top: int = 11) -> np.ndarray:
    numbers = np.random.default_rng(7).integers(1, top, size=(SAMPLES, length))
    numbers[:, -2:] = 0
    return numbers.astype("int32")


def head(x: Any) -> Any:
    """Pools and classifies, so that a class softmax is always there to be left out."""
    pool = {3: layers.GlobalAveragePooling1D, 4: layers.GlobalAveragePooling2D}.get(len(x.shape))
    return layers.Dense(4, activation="softmax", name="classes")(pool()(x) if pool else x)


def block(x: Any, name: str, heads: int = 2) -> Any:
    y = layers.LayerNormalization()(x)
    y = layers.MultiHeadAttention(heads, 4, dropout=0.1, name=f"{name}_attention")(y, y)
    x = layers.Add()([x, y])
    y = layers.Dense(16, activation="gelu")(layers.LayerNormalization()(x))
    return layers.Add()([x, layers.Dense(x.shape[-1])(y)])


# Layers of Keras


@case
def multi_head() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.MultiHeadAttention(2, 4, name="attention")(inputs, inputs)
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (2, 6, 6))]


@case
def multi_head_after_dense() -> Case:
    inputs = keras.Input((6, 5))
    x = layers.Dense(8)(inputs)
    x = layers.MultiHeadAttention(3, 4, value_dim=5, name="attention")(x, x)
    return keras.Model(inputs, head(x)), normal(6, 5), [("attention", "self", (3, 6, 6))]


@case
def multi_head_causal() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.MultiHeadAttention(2, 4, name="attention")(inputs, inputs, use_causal_mask=True)
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (2, 6, 6))]


@case
def multi_head_masked_text() -> Case:
    inputs = keras.Input((7,), dtype="int32")
    x = layers.Embedding(11, 8, mask_zero=True)(inputs)
    x = layers.MultiHeadAttention(2, 4, dropout=0.3, name="attention")(x, x)
    return keras.Model(inputs, head(x)), ids(7), [("attention", "self", (2, 7, 7))]


@case
def multi_head_with_scores_returned() -> Case:
    inputs = keras.Input((6, 8))
    x, scores = layers.MultiHeadAttention(2, 4, name="attention")(inputs, inputs, return_attention_scores=True)
    return keras.Model(inputs, [head(x), scores]), normal(6, 8), [("attention", "self", (2, 6, 6))]


@case
def multi_head_over_rows_and_columns() -> Case:
    inputs = keras.Input((3, 4, 8))
    x = layers.MultiHeadAttention(2, 4, attention_axes=(1, 2), name="attention")(inputs, inputs)
    return keras.Model(inputs, head(x)), normal(3, 4, 8), [("attention", "self", (2, 3, 4, 3, 4))]


@case
def multi_head_along_columns_of_rows() -> Case:
    inputs = keras.Input((3, 5, 8))
    x = layers.MultiHeadAttention(2, 4, attention_axes=(2,), name="attention")(inputs, inputs)
    return keras.Model(inputs, head(x)), normal(3, 5, 8), [("attention", "self", (2, 3, 5, 5))]


@case
def multi_head_cross() -> Case:
    one, other = keras.Input((4, 8), name="one"), keras.Input((6, 8), name="other")
    x = layers.MultiHeadAttention(2, 4, name="attention")(one, other)
    return keras.Model([one, other], head(x)), [normal(4, 8), normal(6, 8)], [("attention", "cross", (2, 4, 6))]


@case
def multi_head_shared() -> Case:
    inputs = keras.Input((6, 8))
    attention = layers.MultiHeadAttention(2, 4, name="attention")
    x = attention(inputs, inputs)
    x = attention(x, x)
    sites = [("attention", "self", (2, 6, 6)), ("attention#2", "self", (2, 6, 6))]
    return keras.Model(inputs, head(x)), normal(6, 8), sites


@case
def multi_head_in_time_distributed() -> Case:
    inputs = keras.Input((2, 5, 8))
    query = keras.Input((5, 8))
    inner = keras.Model(query, layers.MultiHeadAttention(2, 4, name="attention")(query, query), name="inner")
    x = layers.TimeDistributed(inner, name="frames")(inputs)
    return (
        keras.Model(inputs, head(x)),
        normal(2, 5, 8),
        [
            ("frames/attention", "self", (2, 5, 5)),
            ("frames/attention#2", "self", (2, 5, 5)),
        ],
    )


@case
def multi_head_of_one_head() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.MultiHeadAttention(1, 4, name="attention")(inputs, inputs)
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (1, 6, 6))]


@case
def as_many_heads_as_positions_and_samples() -> Case:
    inputs = keras.Input((SAMPLES, 8))
    x = layers.MultiHeadAttention(SAMPLES, 4, name="attention")(inputs, inputs)
    return keras.Model(inputs, head(x)), normal(SAMPLES, 8), [("attention", "self", (SAMPLES, SAMPLES, SAMPLES))]


@case
def grouped_query() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.GroupQueryAttention(4, 4, 2, name="attention")(inputs, inputs)
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (4, 6, 6))]


@case
def dot_product_layer() -> Case:
    query, value = keras.Input((4, 8)), keras.Input((6, 8))
    x = layers.Attention(name="attention")([query, value])
    return keras.Model([query, value], head(x)), [normal(4, 8), normal(6, 8)], [("attention", "cross", (1, 4, 6))]


@case
def dot_product_layer_on_itself() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.Attention(use_scale=True, dropout=0.2, name="attention")([inputs, inputs])
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (1, 6, 6))]


@case
def additive_layer() -> Case:
    query, value = keras.Input((4, 8)), keras.Input((6, 8))
    x = layers.AdditiveAttention(name="attention")([query, value])
    return keras.Model([query, value], head(x)), [normal(4, 8), normal(6, 8)], [("attention", "cross", (1, 4, 6))]


@case
def additive_layer_on_itself() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.AdditiveAttention(name="attention")([inputs, inputs])
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (1, 6, 6))]


@case
def recurrent_with_attention() -> Case:
    inputs = keras.Input((7,), dtype="int32")
    x = layers.Embedding(11, 8)(inputs)
    states = layers.Bidirectional(layers.LSTM(4, return_sequences=True))(x)
    x = layers.Attention(name="attention")([states, states])
    return keras.Model(inputs, head(x)), ids(7), [("attention", "self", (1, 7, 7))]


# Whole models


@case
def vision_transformer() -> Case:
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 4, strides=4)(inputs)
    x = layers.Reshape((16, 8))(x)
    x = layers.Embedding(16, 8)(ops.arange(16)) + x
    for place in range(2):
        x = block(x, f"block_{place}")
    sites = [(f"block_{place}_attention", "self", (2, 16, 16)) for place in range(2)]
    return keras.Model(inputs, head(x)), normal(16, 16, 3), sites


class ClassToken(layers.Layer):
    def build(self, shape: Any) -> None:
        self.token = self.add_weight(shape=(1, 1, shape[-1]), initializer="random_normal", name="token")

    def call(self, x: Any) -> Any:
        token = ops.broadcast_to(self.token, (ops.shape(x)[0], 1, ops.shape(x)[-1]))
        return ops.concatenate([token, x], axis=1)


@case
def vision_transformer_with_class_token() -> Case:
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 4, strides=4)(inputs)
    x = ClassToken()(layers.Reshape((16, 8))(x))
    x = block(x, "block")
    out = layers.Dense(4, activation="softmax")(x[:, 0])
    return keras.Model(inputs, out), normal(16, 16, 3), [("block_attention", "self", (2, 17, 17))]


@case
def encoder_and_decoder() -> Case:
    source, target = keras.Input((7,), dtype="int32"), keras.Input((5,), dtype="int32")
    memory = block(layers.Embedding(11, 8, mask_zero=True)(source), "encoder")
    x = layers.Embedding(11, 8, mask_zero=True)(target)
    x = layers.MultiHeadAttention(2, 4, name="decoder_self")(x, x, use_causal_mask=True)
    x = layers.MultiHeadAttention(2, 4, name="decoder_cross")(x, memory)
    out = layers.Dense(11, activation="softmax")(x)
    sites = [
        ("encoder_attention", "self", (2, 7, 7)),
        ("decoder_self", "self", (2, 5, 5)),
        ("decoder_cross", "cross", (2, 5, 7)),
    ]
    return keras.Model([source, target], out), [ids(7), ids(5)], sites


class LearnedQueries(layers.Layer):
    """Object queries that look at a sequence."""

    def __init__(self, count: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count = count
        self.attention = layers.MultiHeadAttention(2, 4)

    def build(self, shape: Any) -> None:
        self.queries = self.add_weight(shape=(1, self.count, shape[-1]), initializer="random_normal", name="queries")
        self.attention.build((None, self.count, shape[-1]), shape)

    def call(self, x: Any) -> Any:
        return self.attention(ops.tile(self.queries, (ops.shape(x)[0], 1, 1)), x)


@case
def learned_queries() -> Case:
    inputs = keras.Input((6, 8))
    x = LearnedQueries(3, name="queries")(inputs)
    return keras.Model(inputs, head(x)), normal(6, 8), [("queries/attention", "cross", (2, 3, 6))]


@case
def nested_three_deep() -> Case:
    x = a = keras.Input((6, 8))
    inner = keras.Model(a, layers.MultiHeadAttention(2, 4, name="attention")(x, x), name="layer")
    b = keras.Input((6, 8))
    middle = keras.Model(b, inner(b), name="stage")
    c = keras.Input((6, 8))
    outer = keras.Model(c, middle(c), name="encoder")
    d = keras.Input((6, 8))
    return keras.Model(d, head(outer(d))), normal(6, 8), [("encoder/stage/layer/attention", "self", (2, 6, 6))]


@case
def sequential_of_blocks() -> Case:
    blocks = [HandWritten(name=f"block_{place}") for place in range(2)]
    model = keras.Sequential([keras.Input((6, 8)), *blocks, layers.GlobalAveragePooling1D(), layers.Dense(4)])
    return model, normal(6, 8), [(f"block_{place}", "self", (2, 6, 6)) for place in range(2)]


# Written by hand


class HandWritten(layers.Layer):
    """Self-attention as textbooks write it; `softmax` makes the weights."""

    def __init__(self, softmax: Callable[[Any], Any] = ops.softmax, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.make_weights = softmax
        self.query, self.key, self.value = layers.Dense(8), layers.Dense(8), layers.Dense(8)

    def build(self, shape: Any) -> None:
        for layer in (self.query, self.key, self.value):
            layer.build(shape)

    def heads(self, x: Any) -> Any:
        return ops.transpose(ops.reshape(x, (-1, x.shape[1], 2, 4)), (0, 2, 1, 3))

    def call(self, x: Any) -> Any:
        query, key, value = self.heads(self.query(x)), self.heads(self.key(x)), self.heads(self.value(x))
        weights = self.make_weights(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) / 2.0)
        mixed = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))
        return ops.reshape(mixed, (-1, x.shape[1], 8))


def by_hand(x: Any) -> Any:
    exponents = tf.exp(x - tf.reduce_max(x, axis=-1, keepdims=True))
    return exponents / (tf.reduce_sum(exponents, axis=-1, keepdims=True) + 1e-9)


def by_logsumexp(x: Any) -> Any:
    return ops.exp(x - ops.logsumexp(x, axis=-1, keepdims=True))


def by_log_softmax(x: Any) -> Any:
    return tf.exp(tf.nn.log_softmax(x))


_DROPOUT = layers.Dropout(0.5)


def _hand_written(softmax: Callable[[Any], Any]) -> Case:
    inputs = keras.Input((6, 8))
    return (
        keras.Model(inputs, head(HandWritten(softmax, name="attention")(inputs))),
        normal(6, 8),
        [("attention", "self", (2, 6, 6))],
    )


for _name, _softmax in {
    "keras_ops": ops.softmax,
    "tensorflow": tf.nn.softmax,
    "exponents_over_sum": by_hand,
    "logsumexp": by_logsumexp,
    "log_softmax": by_log_softmax,
    "sigmoid_attention": ops.sigmoid,
    "in_a_tf_function": tf.function(tf.nn.softmax),
    "in_an_xla_function": tf.function(tf.nn.softmax, jit_compile=True),
    "masked_afterwards": lambda x: ops.softmax(x) * ops.cast(ops.tri(6), "float32"),
    "dropped_out": lambda x: _DROPOUT(ops.softmax(x)),
    "recomputed": tf.recompute_grad(tf.nn.softmax),
}.items():
    CASES[f"hand_written_{_name}"] = lambda softmax=_softmax: _hand_written(softmax)


class FoldedHeads(layers.Layer):
    """Heads folded into the batch, batch outermost or heads outermost."""

    def __init__(self, heads_outermost: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads_outermost = heads_outermost
        self.project = layers.Dense(24)

    def build(self, shape: Any) -> None:
        self.project.build(shape)

    def fold(self, x: Any) -> Any:
        if self.heads_outermost:
            return tf.concat(tf.split(x, 2, axis=2), axis=0)
        x = tf.transpose(tf.reshape(x, (-1, x.shape[1], 2, 4)), (0, 2, 1, 3))
        return tf.reshape(x, (-1, x.shape[2], 4))

    def call(self, x: Any) -> Any:
        query, key, value = (self.fold(part) for part in tf.split(self.project(x), 3, axis=-1))
        mixed = tf.matmul(tf.nn.softmax(tf.matmul(query, key, transpose_b=True)), value)
        if self.heads_outermost:
            return tf.concat(tf.split(mixed, 2, axis=0), axis=2)
        mixed = tf.transpose(tf.reshape(mixed, (-1, 2, x.shape[1], 4)), (0, 2, 1, 3))
        return tf.reshape(mixed, (-1, x.shape[1], 8))


@case
def heads_folded_inside_the_batch() -> Case:
    inputs = keras.Input((6, 8))
    return (
        keras.Model(inputs, head(FoldedHeads(False, name="attention")(inputs))),
        normal(6, 8),
        [("attention", "self", (2, 6, 6))],
    )


@case
def heads_folded_outside_the_batch() -> Case:
    inputs = keras.Input((6, 8))
    return (
        keras.Model(inputs, head(FoldedHeads(True, name="attention")(inputs))),
        normal(6, 8),
        [("attention", "self", (2, 6, 6))],
    )


@case
def keras_softmax_layer_between_layers() -> Case:
    inputs = keras.Input((6, 8))
    scores = layers.Dot(axes=2)([layers.Dense(4)(inputs), layers.Dense(4)(inputs)])
    weights = layers.Softmax(name="weights")(scores)
    x = layers.Dot(axes=(2, 1))([weights, inputs])
    return keras.Model(inputs, head(x)), normal(6, 8), [("weights", "self", (1, 6, 6))]


@case
def pooling_by_attention() -> Case:
    inputs = keras.Input((6, 8))
    scores = layers.Dense(1)(layers.Dense(4, activation="tanh")(inputs))
    weights = layers.Softmax(axis=1, name="weights")(scores)
    x = ops.sum(weights * inputs, axis=1)
    return keras.Model(inputs, head(x)), normal(6, 8), [("weights", "cross", (1, 1, 6))]


@case
def pooling_by_attention_with_repeated_weights() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.LSTM(8, return_sequences=True)(inputs)
    scores = layers.Flatten()(layers.Dense(1, activation="tanh")(x))
    weights = layers.Activation("softmax", name="weights")(scores)
    copies = layers.Permute((2, 1))(layers.RepeatVector(8)(weights))
    x = layers.Lambda(lambda z: ops.sum(z, axis=1))(layers.Multiply()([x, copies]))
    return keras.Model(inputs, head(x)), normal(6, 8), [("weights", "cross", (1, 1, 6))]


@case
def set_pooling_with_heads_last() -> Case:
    inputs = keras.Input((6, 8))
    weights = layers.Softmax(axis=1, name="weights")(layers.Dense(2)(inputs))
    x = ops.einsum("bth,btd->bhd", weights, inputs)
    return keras.Model(inputs, head(layers.Flatten()(x))), normal(6, 8), [("weights", "cross", (2, 1, 6))]


@case
def weights_times_features_without_sum() -> Case:
    inputs = keras.Input((6, 8))
    weights = layers.Softmax(axis=1, name="weights")(layers.Dense(1)(inputs))
    x = layers.Flatten()(layers.Multiply()([inputs, weights]))
    return keras.Model(inputs, head(x)), normal(6, 8), [("weights", "gate", (1, 6))]


class Windows(layers.Layer):
    """Attention inside windows of 2 x 2 cells of a feature map."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.attention = HandWritten()

    def build(self, shape: Any) -> None:
        self.attention.build((None, 4, shape[-1]))

    def call(self, x: Any) -> Any:
        _, rows, columns, channels = x.shape
        x = ops.reshape(x, (-1, rows // 2, 2, columns // 2, 2, channels))
        x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 4, channels))
        return ops.reshape(self.attention(x), (-1, rows * columns, channels))


@case
def windows() -> Case:
    inputs = keras.Input((4, 6, 8))
    return (
        keras.Model(inputs, head(Windows(name="windows")(inputs))),
        normal(4, 6, 8),
        [("windows/attention", "local", (2, 6, 4, 4))],
    )


@case
def channels_to_channels() -> Case:
    inputs = keras.Input((12, 8))
    weights = layers.Softmax(name="weights")(
        ops.einsum("btc,btd->bcd", layers.Dense(8)(inputs), layers.Dense(8)(inputs))
    )
    x = ops.einsum("bcd,btd->btc", weights, inputs)
    return keras.Model(inputs, head(x)), normal(12, 8), [("weights", "self", (1, 8, 8))]


@case
def talking_heads() -> Case:
    inputs = keras.Input((6, 8))
    query, key, value = (layers.EinsumDense("btc,chd->bthd", (6, 2, 4))(inputs) for _ in range(3))
    weights = layers.Softmax(name="weights")(ops.einsum("bqhd,bkhd->bhqk", query, key))
    mixed_heads = layers.EinsumDense("bhqk,hg->bgqk", (2, 6, 6), name="talk")(weights)
    x = layers.Reshape((6, 8))(ops.einsum("bhqk,bkhd->bqhd", mixed_heads, value))
    return keras.Model(inputs, head(x)), normal(6, 8), [("weights", "self", (2, 6, 6))]


@case
def multi_query() -> Case:
    inputs = keras.Input((6, 8))
    query = layers.EinsumDense("btc,chd->bthd", (6, 2, 4))(inputs)
    key, value = layers.Dense(4)(inputs), layers.Dense(4)(inputs)
    weights = layers.Softmax(name="weights")(ops.einsum("bqhd,bkd->bhqk", query, key))
    x = layers.Reshape((6, 8))(ops.einsum("bhqk,bkd->bqhd", weights, value))
    return keras.Model(inputs, head(x)), normal(6, 8), [("weights", "self", (2, 6, 6))]


@case
def external_memory() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.Permute((2, 1, 3))(layers.Reshape((6, 2, 8))(layers.Dense(16)(inputs)))
    weights = layers.Softmax(axis=2, name="weights")(layers.Dense(5)(x))
    weights = weights / (1e-9 + ops.sum(weights, axis=-1, keepdims=True))
    x = layers.Dense(8)(weights)
    x = layers.Reshape((6, 16))(layers.Permute((2, 1, 3))(x))
    return keras.Model(inputs, head(x)), normal(6, 8), [("weights", "cross", (2, 6, 5))]


# Gates


def squeeze(x: Any, gate: str | Callable[[Any], Any], name: str) -> Any:
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(x)
    hidden = layers.Conv2D(2, 1, activation="relu")(pooled)
    return layers.Multiply()([x, layers.Conv2D(x.shape[-1], 1, activation=gate, name=name)(hidden)])


@case
def squeeze_and_excitation() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = squeeze(layers.Conv2D(6, 3)(inputs), "sigmoid", "excite")
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("excite", "gate", (1, 6))]


@case
def squeeze_with_dense_layers() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3)(inputs)
    gate = layers.Dense(6, activation="sigmoid", name="excite")(
        layers.Dense(2, activation="relu")(layers.GlobalAveragePooling2D()(x))
    )
    x = layers.Multiply()([x, layers.Reshape((1, 1, 6))(gate)])
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("excite", "gate", (1, 6))]


@case
def squeeze_with_hard_sigmoid() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = squeeze(layers.Conv2D(6, 3)(inputs), "hard_sigmoid", "excite")
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("excite", "gate", (1, 6))]


@case
def squeeze_with_clipping() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = squeeze(layers.Conv2D(6, 3)(inputs), lambda z: ops.clip(0.2 * z + 0.5, 0.0, 1.0), "excite")
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("excite", "gate", (1, 6))]


@case
def efficient_channel_attention() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3)(inputs)
    pooled = layers.Reshape((6, 1))(layers.GlobalAveragePooling2D()(x))
    gate = layers.Conv1D(1, 3, padding="same", use_bias=False)(pooled)
    gate = layers.Activation("sigmoid", name="gate")(gate)
    x = layers.Multiply()([x, layers.Reshape((1, 1, 6))(gate)])
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("gate", "gate", (1, 6))]


@case
def convolutional_block_attention() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, padding="same")(inputs)
    shared = [layers.Dense(2, activation="relu"), layers.Dense(6)]
    pooled = [layers.GlobalAveragePooling2D(keepdims=True)(x), layers.GlobalMaxPooling2D(keepdims=True)(x)]
    both = layers.Add()([shared[1](shared[0](item)) for item in pooled])
    x = layers.Multiply()([x, layers.Activation("sigmoid", name="channel")(both)])
    maps = ops.concatenate([ops.mean(x, axis=-1, keepdims=True), ops.max(x, axis=-1, keepdims=True)], axis=-1)
    x = layers.Multiply()([x, layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="spatial")(maps)])
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("channel", "gate", (1, 6)), ("spatial", "gate", (1, 8, 8))]


@case
def gated_u_net() -> Case:
    inputs = keras.Input((8, 8, 3))
    skip = layers.Conv2D(6, 3, padding="same", activation="relu")(inputs)
    deep = layers.Conv2D(8, 3, padding="same", activation="relu")(layers.MaxPooling2D()(skip))
    joined = layers.Add()([layers.Conv2D(4, 1, strides=2)(skip), layers.Conv2D(4, 1)(deep)])
    gate = layers.Conv2D(1, 1, activation="sigmoid", name="gate")(layers.Activation("relu")(joined))
    x = layers.Multiply()([skip, layers.UpSampling2D()(gate)])
    x = layers.Concatenate()([x, layers.Conv2DTranspose(6, 2, strides=2)(deep)])
    return (
        keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x)),
        normal(8, 8, 3),
        [("gate", "gate", (1, 4, 4))],
    )


@case
def selective_kernels() -> Case:
    inputs = keras.Input((8, 8, 3))
    branches = [layers.Conv2D(6, size, padding="same")(inputs) for size in (3, 5)]
    pooled = layers.GlobalAveragePooling2D()(layers.Add()(branches))
    logits = layers.Reshape((2, 1, 1, 6))(layers.Dense(12)(layers.Dense(4, activation="relu")(pooled)))
    weights = layers.Softmax(axis=1, name="weights")(logits)
    x = ops.sum(weights * ops.stack(branches, axis=1), axis=1)
    return keras.Model(inputs, head(x)), normal(8, 8, 3), [("weights", "gate", (6, 2))]


def _article(multiply: bool) -> keras.Model:
    inputs = keras.Input((8, 8, 1))
    x = layers.MaxPooling2D()(layers.Conv2D(16, 3, activation="relu")(inputs))
    x = layers.GlobalAveragePooling2D()(x)
    attention = layers.Dense(16, activation="sigmoid", name="attention")(x)
    x = layers.Multiply()([x, attention]) if multiply else attention
    x = layers.Dense(12, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


@case
def article_that_multiplies() -> Case:
    return _article(True), normal(8, 8, 1), [("attention", "gate", (1, 16))]


@case
def article_that_multiplies_nothing() -> Case:
    return _article(False), normal(8, 8, 1), [("attention", "activation", (1, 16))]


# Subclassed


class Block(layers.Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.attention = layers.MultiHeadAttention(2, 4)
        self.norm = layers.LayerNormalization()

    def call(self, x: Any) -> Any:
        return x + self.attention(self.norm(x), self.norm(x))


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = [Block() for _ in range(2)]
        self.classes = layers.Dense(4, activation="softmax")

    def call(self, x: Any, training: bool = False) -> Any:
        for one in self.blocks:
            x = one(x)
        return self.classes(ops.mean(x, axis=1))


@case
def subclassed_with_a_list_of_layers() -> Case:
    model = Subclassed()
    model(normal(6, 8))
    return model, normal(6, 8), [(f"blocks_{place}/attention", "self", (2, 6, 6)) for place in range(2)]


class Bare(keras.Model):
    """All in `call`, without layers that have a name for it."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = layers.Dense(4), layers.Dense(4), layers.Dense(4)

    def call(self, x: Any) -> Any:
        weights = tf.nn.softmax(tf.matmul(self.query(x), self.key(x), transpose_b=True))
        return tf.reduce_mean(tf.matmul(weights, self.value(x)), axis=1)


@case
def subclassed_without_attention_layers() -> Case:
    model = Bare()
    model(normal(6, 8))
    return model, normal(6, 8), [("softmax", "self", (1, 6, 6))]


@case
def low_rank_adapters() -> Case:
    inputs = keras.Input((6, 8))
    attention = layers.MultiHeadAttention(2, 4, name="attention")
    model = keras.Model(inputs, head(attention(inputs, inputs)))
    for layer in (attention._query_dense, attention._value_dense):
        layer.enable_lora(2)
    return model, normal(6, 8), [("attention", "self", (2, 6, 6))]


@case
def half_precision() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.MultiHeadAttention(2, 4, dtype="mixed_float16", name="attention")(inputs, inputs)
    return keras.Model(inputs, head(x)), normal(6, 8), [("attention", "self", (2, 6, 6))]


# Kinds of attention as papers have them, each in one layer


class Written(layers.Layer):
    """A layer whose `call` is a function of the input and some dense layers."""

    def __init__(self, function: Callable[..., Any], units: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.projections = [layers.Dense(count) for count in units]

    def build(self, shape: Any) -> None:
        self.built = True

    def call(self, x: Any) -> Any:
        return self.function(x, *self.projections)


class OneLayer(keras.Model):
    def __init__(self, layer: layers.Layer) -> None:
        super().__init__()
        self.layer = layer

    def call(self, x: Any) -> Any:
        return self.layer(x)


def flat(x: Any) -> Any:
    return ops.reshape(x, (-1, x.shape[1] * x.shape[2], x.shape[3]))


def turned(x: Any) -> Any:
    return ops.transpose(x, (0, 2, 1))


def scores(x: Any, query: Any, key: Any) -> Any:
    return ops.matmul(query(x), turned(key(x)))


def non_local(x: Any, query: Any, key: Any, value: Any) -> Any:
    mixed = ops.matmul(ops.softmax(ops.matmul(flat(query(x)), turned(flat(key(x))))), flat(value(x)))
    return x + ops.reshape(mixed, ops.shape(x))


def differential(x: Any, query: Any, key: Any, other_query: Any, other_key: Any, value: Any) -> Any:
    weights = ops.softmax(scores(x, query, key)) - 0.3 * ops.softmax(scores(x, other_query, other_key))
    return ops.matmul(weights, value(x))


def efficient(x: Any, query: Any, key: Any, value: Any) -> Any:
    return ops.matmul(ops.softmax(query(x)), ops.matmul(turned(ops.softmax(key(x), axis=1)), value(x)))


def performer(x: Any, query: Any, key: Any, value: Any) -> Any:
    query, key = ops.exp(query(x)), ops.exp(key(x))
    total = ops.matmul(query, ops.expand_dims(ops.sum(key, axis=1), -1))
    return ops.matmul(query, ops.matmul(turned(key), value(x))) / total


def slots(x: Any, key: Any, value: Any, query: Any) -> Any:
    slot = ops.ones((1, 3, 8)) * ops.mean(x, axis=1, keepdims=True)
    weights = ops.softmax(ops.matmul(key(x), turned(query(slot)))) + 1e-8
    weights = weights / ops.sum(weights, axis=1, keepdims=True)
    return ops.matmul(turned(weights), value(x))


def sink(x: Any, query: Any, key: Any, value: Any) -> Any:
    logits = scores(x, query, key)
    weights = ops.softmax(ops.concatenate([logits, ops.zeros_like(logits[..., :1])], axis=-1))
    return ops.matmul(weights[..., :-1], value(x))


def graph_attention(x: Any, project: Any, one: Any, other: Any) -> Any:
    nodes = project(x)
    return ops.matmul(ops.softmax(ops.leaky_relu(one(nodes) + turned(other(nodes)))), nodes)


def bags(x: Any, hidden: Any, score: Any) -> Any:
    members = [x[:, place] for place in range(4)]
    weights = ops.softmax(ops.stack([score(ops.tanh(hidden(member))) for member in members]), axis=0)
    return ops.concatenate([weights[place] * members[place] for place in range(4)])


def coordinates(x: Any, shared: Any, rows: Any, columns: Any) -> Any:
    by_row, by_column = ops.mean(x, axis=2, keepdims=True), ops.mean(x, axis=1, keepdims=True)
    joined = ops.relu(shared(ops.concatenate([by_row, ops.transpose(by_column, (0, 2, 1, 3))], axis=1)))
    by_row, by_column = ops.split(joined, [x.shape[1]], axis=1)
    return x * ops.sigmoid(rows(by_row)) * ops.sigmoid(columns(ops.transpose(by_column, (0, 2, 1, 3))))


def highway(x: Any, gate: Any, other: Any) -> Any:
    carried = ops.sigmoid(gate(x))
    return carried * ops.relu(other(x)) + (1 - carried) * x


PAPERS: dict[str, tuple[Callable[..., Any], tuple[int, ...], tuple[int, ...], list[tuple[str, tuple[int, ...]]]]] = {
    "non_local": (non_local, (4, 4, 8), (4, 5, 8), [("self", (1, 20, 20))]),
    "differential": (differential, (4, 4, 4, 4, 8), (6, 8), [("self", (1, 6, 6))]),
    "efficient": (efficient, (4, 4, 8), (6, 8), [("cross", (4, 1, 6))]),
    "performer": (performer, (4, 4, 8), (6, 8), []),
    "slots": (slots, (8, 8, 8), (6, 8), [("cross", (1, 3, 6))]),
    "sink": (sink, (4, 4, 8), (6, 8), [("self", (1, 6, 6))]),
    "graph_attention": (graph_attention, (8, 1, 1), (6, 8), [("self", (1, 6, 6))]),
    "bags": (bags, (4, 1), (4, 8), [("cross", (1, 1, 4))]),
    "coordinates": (coordinates, (4, 8, 8), (4, 6, 8), [("gate", (8, 4)), ("gate", (8, 6))]),
    "sparsemax": (
        lambda x, q, k, v: ops.matmul(ops.sparsemax(scores(x, q, k)), v(x)),
        (4, 4, 8),
        (6, 8),
        [("self", (1, 6, 6))],
    ),
    "squared_relu": (
        lambda x, q, k, v: ops.matmul(ops.square(ops.relu(scores(x, q, k))), v(x)),
        (4, 4, 8),
        (6, 8),
        [("self", (1, 6, 6))],
    ),
    "scores_of_objects": (lambda x, a, b: ops.sigmoid(a(x)) * ops.softmax(b(x)), (1, 5), (6, 8), []),
    "highway": (highway, (8, 8), (6, 8), []),
    "one_plus_gate": (lambda x, gate: x * (1 + ops.sigmoid(gate(x))), (1,), (4, 5, 8), [("gate", (1, 4, 5))]),
}


def _paper(name: str) -> Case:
    function, units, shape, sites = PAPERS[name]
    model = OneLayer(Written(function, units, name=name))
    model(normal(*shape))
    paths = [name if place == 0 else f"{name}#{place + 1}" for place in range(len(sites))]
    return model, normal(*shape), [(path, *site) for path, site in zip(paths, sites, strict=True)]


for _name in PAPERS:
    CASES[f"paper_{_name}"] = lambda name=_name: _paper(name)


# Nothing to be found


@case
def plain_classifier() -> Case:
    inputs = keras.Input((8, 8, 3))
    return keras.Model(inputs, head(layers.Conv2D(6, 3, activation="relu")(inputs))), normal(8, 8, 3), []


@case
def recurrent_layers() -> Case:
    inputs = keras.Input((5, 8))
    x = layers.GRU(4, return_sequences=True)(layers.LSTM(4, return_sequences=True)(inputs))
    return keras.Model(inputs, head(x)), normal(5, 8), []


@case
def unrolled_recurrent_layers() -> Case:
    inputs = keras.Input((3, 8))
    x = layers.GRU(4, return_sequences=True, unroll=True)(layers.LSTM(4, return_sequences=True, unroll=True)(inputs))
    return keras.Model(inputs, head(x)), normal(3, 8), []


@case
def gated_linear_unit() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.Dense(8)(inputs) * layers.Dense(8, activation="sigmoid")(inputs)
    x = x + ops.glu(layers.Dense(16)(x))
    return keras.Model(inputs, head(x)), normal(6, 8), []


@case
def swish_and_friends() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = inputs
    for activation in ("swish", "hard_swish", "gelu", "mish", "relu6"):
        x = layers.Conv2D(6, 3, padding="same", activation=activation)(x)
    return keras.Model(inputs, head(x)), normal(8, 8, 3), []


@case
def swish_of_one_channel() -> Case:
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(1, 3, padding="same", activation="swish")(inputs)
    return keras.Model(inputs, head(x)), normal(8, 8, 3), []


@case
def gated_pooled_features() -> Case:
    inputs = keras.Input((6, 8))
    x = layers.GlobalAveragePooling1D()(inputs)
    x = layers.Dense(8)(x) * layers.Dense(8, activation="sigmoid")(x)
    return keras.Model(inputs, head(x)), normal(6, 8), []


@case
def mixture_of_experts() -> Case:
    inputs = keras.Input((6, 8))
    weights = layers.Softmax(name="router")(layers.Dense(3)(inputs))
    experts = ops.stack([layers.Dense(8)(inputs) for _ in range(3)], axis=2)
    x = ops.sum(ops.expand_dims(weights, -1) * experts, axis=2)
    return keras.Model(inputs, head(x)), normal(6, 8), []


@case
def mixture_of_chosen_experts() -> Case:
    inputs = keras.Input((6, 8))
    weights = layers.Softmax(name="router")(layers.Dense(3)(inputs))
    top, places = ops.top_k(weights, 2)
    chosen = ops.sum(ops.expand_dims(top, -1) * ops.one_hot(places, 3), axis=2)
    experts = ops.stack([layers.Dense(8)(inputs) for _ in range(3)], axis=2)
    x = ops.einsum("bte,bted->btd", chosen, experts)
    return keras.Model(inputs, head(x)), normal(6, 8), []


@case
def segmentation() -> Case:
    inputs = keras.Input((8, 8, 3))
    return keras.Model(inputs, layers.Conv2D(4, 1, activation="softmax")(inputs)), normal(8, 8, 3), []


@case
def sigmoid_outputs() -> Case:
    inputs = keras.Input((8,))
    x = layers.Dense(6, activation="relu")(inputs)
    return keras.Model(inputs, layers.Dense(3, activation="sigmoid")(x)), normal(8), []


@case
def sampler() -> Case:
    inputs = keras.Input((8,))
    probabilities = layers.Dense(5, activation="softmax")(inputs)
    drawn = layers.Lambda(
        lambda p: tf.random.stateless_categorical(tf.math.log(p), 1, seed=(1, 2)), output_shape=(1,), dtype="float32"
    )
    return keras.Model(inputs, drawn(probabilities)), normal(8), []
