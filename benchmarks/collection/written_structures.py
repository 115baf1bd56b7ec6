"""Models of tables, pictures that are mended, and latents, with parts that the other written rooms lack, at tiny sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from collection.cases import Case
from collection.parts import Function, encoder_block

_WIDTH = 8


def _classified(inputs: Any, x: Any) -> keras.Model:
    if len(x.shape) > 2:
        x = ops.mean(x, axis=tuple(range(1, len(x.shape) - 1)))
    return keras.Model(inputs, layers.Dense(5, activation="softmax")(x))


def _residual(x: Any, width: int = _WIDTH) -> Any:
    """A gated residual network."""
    y = layers.Dense(width)(layers.Dense(width, activation="elu")(x))
    y = layers.Dense(width)(y) * layers.Dense(width, activation="sigmoid")(y)
    return layers.LayerNormalization()(layers.Dense(width)(x) + y)


def enhancement() -> keras.Model:
    """Pictures of any size; channels and space are weighed, and two scales are joined by a softmax over the channels of each."""

    def weighed(x: Any) -> Any:
        pooled = ops.reshape(layers.GlobalAveragePooling2D()(x), (-1, 1, 1, x.shape[-1]))
        channels = layers.Conv2D(x.shape[-1], 1, activation="sigmoid")(layers.Conv2D(2, 1, activation="relu")(pooled))
        maps = [ops.expand_dims(reduce(x, axis=-1), -1) for reduce in (ops.max, ops.mean)]
        space = ops.sigmoid(layers.Conv2D(1, 1)(layers.Concatenate()(maps)))
        return layers.Add()([x, layers.Conv2D(x.shape[-1], 1)(layers.Concatenate()([x * channels, x * space]))])

    image = keras.Input((None, None, 3))
    fine = layers.Conv2D(_WIDTH, 3, padding="same")(image)
    coarse = layers.Conv2D(2 * _WIDTH, 1)(layers.MaxPooling2D()(fine))
    streams = [weighed(fine), layers.Conv2D(_WIDTH, 1)(layers.UpSampling2D()(weighed(coarse)))]
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(layers.Add()(streams))
    hidden = layers.Conv2D(4, 1, activation="relu")(pooled)
    x = layers.Add()([stream * layers.Conv2D(_WIDTH, 1, activation="softmax")(hidden) for stream in streams])
    return keras.Model(image, image + layers.Conv2D(3, 3, padding="same")(x))


def latents_once_for_all_samples() -> keras.Model:
    """Latents without an axis of samples until they have looked at one; both blocks are called twice."""

    class Latents(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.latents = self.add_weight(shape=(6, _WIDTH))
            query, data = keras.Input((6, _WIDTH)), keras.Input((9, _WIDTH))
            normed = [layers.LayerNormalization()(one) for one in (query, data)]
            q, k, v = (layers.Dense(_WIDTH)(normed[index]) for index in (0, 1, 1))
            self.look = keras.Model([query, data], q + layers.Attention(use_scale=True)([q, k, v]))
            tokens = keras.Input((6, _WIDTH))
            self.think = keras.Model(tokens, encoder_block(tokens, 2))
            self.answer = layers.Dense(3)

        def call(self, data: Any) -> Any:
            x = ops.expand_dims(self.latents, 0)
            for _ in range(2):
                x = self.think(self.look([x, data]))
            return self.answer(ops.mean(x, axis=1))

    model = Latents()
    model(np.zeros((1, 9, _WIDTH), "float32"))
    return model


def masked_patches() -> keras.Model:
    """The encoder sees some of the patches, others for each sample; the decoder has a learned token for the rest."""

    class Filled(layers.Layer):
        def build(self, shape: Any) -> None:
            self.token = self.add_weight(shape=(1, 1, _WIDTH))

        def call(self, x: Any) -> Any:
            return ops.concatenate([x, ops.tile(self.token, (ops.shape(x)[0], 5, 1))], axis=1)

    def kept(x: Any, order: Any) -> Any:
        return ops.take_along_axis(x, ops.expand_dims(ops.argsort(order)[:, :4], -1), axis=1)

    patches, order = keras.Input((9, _WIDTH)), keras.Input((9,))
    x = encoder_block(Function(kept)(patches, order), 2)
    return keras.Model([patches, order], layers.Dense(12)(encoder_block(Filled()(x), 2)))


def global_queries() -> keras.Model:
    """Windows attend to themselves, then all of them are attended to by the pooled picture."""
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(_WIDTH, 3, padding="same")(image)
    gate = layers.Dense(_WIDTH, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    asked = layers.AveragePooling2D(4)(x * gate)

    def heads(y: Any) -> Any:
        return ops.transpose(ops.reshape(y, (-1, 4, 2, 4)), (0, 2, 1, 3))

    def look(x: Any, asked: Any, query: Any, key: Any, value: Any) -> Any:
        windows = ops.transpose(ops.reshape(x, (-1, 4, 2, 4, 2, _WIDTH)), (0, 1, 3, 2, 4, 5))
        windows = ops.reshape(windows, (-1, 4, _WIDTH))
        copies = ops.shape(windows)[0] // ops.shape(asked)[0]
        asking = query(windows) if asked is x else ops.repeat(asked, copies, axis=0)
        weights = ops.softmax(ops.matmul(heads(asking), ops.transpose(heads(key(windows)), (0, 1, 3, 2))))
        y = ops.transpose(ops.matmul(weights, heads(value(windows))), (0, 2, 1, 3))
        y = ops.transpose(ops.reshape(y, (-1, 4, 4, 2, 2, _WIDTH)), (0, 1, 3, 2, 4, 5))
        return ops.reshape(y, (-1, 8, 8, _WIDTH))

    x = x + Function(look, (_WIDTH,) * 3)(x, x)
    return _classified(image, x + Function(look, (_WIDTH,) * 3)(x, asked))


def denoising() -> keras.Model:
    """Cells of a feature map attend to one another, rows and columns apart, in a network that is given the time."""
    image, time = keras.Input((8, 8, 3)), keras.Input((), dtype="int32")
    angles = ops.expand_dims(ops.cast(time, "float32"), -1) * 10.0 ** -ops.arange(4, dtype="float32")
    encoded = layers.Dense(_WIDTH, activation="swish")(ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1))
    x = layers.Conv2D(_WIDTH, 3, 2, "same")(image) + layers.Dense(_WIDTH)(encoded)[:, None, None, :]

    def look(x: Any, query: Any, key: Any, value: Any) -> Any:
        scores = ops.einsum("bhwc,bHWc->bhwHW", query(x), key(x)) / _WIDTH**0.5
        weights = ops.softmax(ops.reshape(scores, (-1, 4, 4, 16)))
        return ops.einsum("bhwHW,bHWc->bhwc", ops.reshape(weights, (-1, 4, 4, 4, 4)), value(x))

    x = x + Function(look, (_WIDTH,) * 3)(layers.GroupNormalization(2)(x))
    return keras.Model([image, time], layers.Conv2D(3, 3, padding="same")(layers.UpSampling2D()(x)))


def steps_of_feature_selection() -> keras.Model:
    """Each step weights the features by a softmax, less those that were used."""
    table = keras.Input((6,))
    x = layers.BatchNormalization()(table)
    unused, decisions, hidden_part = ops.ones_like(x), [], layers.Dense(4)(x)
    for _ in range(2):
        weights = ops.softmax(layers.Dense(6)(hidden_part) * unused)
        unused = unused * (1.3 - weights)
        hidden = _residual(weights * x)
        decisions.append(ops.relu(hidden[:, :4]))
        hidden_part = hidden[:, 4:]
    return _classified(table, layers.Add()(decisions))


def selection_at_each_step() -> keras.Model:
    """Variables of a series, columns of one input, weighed anew at each step."""
    series = keras.Input((7, 3))
    encoded = [layers.Dense(_WIDTH)(series[:, :, index : index + 1]) for index in range(3)]
    weights = layers.Dense(3, activation="softmax")(_residual(layers.Concatenate()(encoded)))
    stacked = ops.stack([_residual(one) for one in encoded], axis=-1)
    x = ops.sum(ops.expand_dims(weights, 2) * stacked, axis=-1)
    return keras.Model(series, layers.Dense(1)(layers.LSTM(_WIDTH)(x)))


def interest_in_what_was_bought() -> keras.Model:
    """What was bought before is weighed by how it goes with what is offered."""
    bought, offered = keras.Input((6,), dtype="int32"), keras.Input((), dtype="int32")
    table = layers.Embedding(20, _WIDTH)
    keys = table(bought)
    query = ops.repeat(ops.expand_dims(table(offered), 1), 6, axis=1)
    hidden = layers.Dense(_WIDTH, activation="relu")(
        ops.concatenate([query, keys, query - keys, query * keys], axis=-1)
    )
    scores = ops.where(bought > 0, ops.squeeze(layers.Dense(1)(hidden), -1), -1e9)
    x = ops.einsum("bt,btd->bd", ops.softmax(scores), keys)
    return keras.Model(
        [bought, offered], layers.Dense(1, activation="sigmoid")(ops.concatenate([x, table(offered)], -1))
    )


def decision_tree() -> keras.Model:
    """Probabilities of turning left or right, multiplied down to the leaves."""

    def walk(x: Any, turn: Any, leaves: Any) -> Any:
        left = ops.expand_dims(ops.sigmoid(turn(x)), 2)
        turns = ops.concatenate([left, 1 - left], axis=2)
        reached = ops.ones((ops.shape(x)[0], 1, 1))
        for level in range(2):
            reached = ops.tile(ops.reshape(reached, (-1, 2**level, 1)), (1, 1, 2))
            reached = reached * turns[:, 2**level : 2 ** (level + 1)]
        return ops.softmax(leaves(ops.reshape(reached, (-1, 4))))

    table = keras.Input((6,))
    return keras.Model(table, Function(walk, (4, 3))(table))


def dilated_gates() -> keras.Model:
    sound = keras.Input((16, 1))
    x = layers.Conv1D(_WIDTH, 2, padding="causal")(sound)
    for rate in (1, 2):
        one, two = (
            layers.Conv1D(_WIDTH, 2, dilation_rate=rate, padding="causal", activation=activation)(x)
            for activation in ("tanh", "sigmoid")
        )
        x = x + layers.Conv1D(_WIDTH, 1)(one * two)
    return keras.Model(sound, layers.Conv1D(4, 1, activation="softmax")(x))


def experts_of_several_tasks() -> keras.Model:
    table = keras.Input((6,))
    experts = ops.stack([layers.Dense(4, activation="relu")(table) for _ in range(3)], axis=2)
    outputs = []
    for _ in range(2):
        gate = ops.expand_dims(layers.Dense(3, activation="softmax")(table), 1)
        outputs.append(layers.Dense(1, activation="sigmoid")(ops.sum(gate * experts, axis=2)))
    return keras.Model(table, outputs)


def mixture_of_densities() -> keras.Model:
    number = keras.Input((1,))
    x = layers.Dense(_WIDTH, activation="relu")(number)
    parts = [layers.Dense(3, activation=activation)(x) for activation in (None, "softplus", "softmax")]
    return keras.Model(number, layers.Concatenate()(parts))


# Builder, maps, gates, kinds.
_MODELS: list[tuple[Callable[[], keras.Model], int, int, dict[str, int]]] = [
    (enhancement, 0, 6, {"gate": 6}),
    (latents_once_for_all_samples, 4, 0, {"cross": 2, "self": 2}),
    (masked_patches, 2, 0, {"self": 2}),
    (global_queries, 2, 1, {"local": 2, "gate": 1}),
    (denoising, 1, 0, {"self": 1}),
    (steps_of_feature_selection, 0, 2, {"gate": 2}),
    (selection_at_each_step, 1, 0, {"cross": 1}),
    (interest_in_what_was_bought, 1, 0, {"cross": 1}),
    (decision_tree, 0, 0, {}),
    (dilated_gates, 0, 0, {}),
    (experts_of_several_tasks, 0, 0, {}),
    (mixture_of_densities, 0, 0, {}),
]

_INPUTS = {latents_once_for_all_samples: (9, _WIDTH)}
"""Shapes of one sample for models that declare none."""


def _sample(shape: tuple[int, ...]) -> Callable[[], Any]:
    return lambda: np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")


def cases() -> list[Case]:
    return [
        Case(build.__name__, build, maps, gates, _sample(_INPUTS[build]) if build in _INPUTS else None, kinds)
        for build, maps, gates, kinds in _MODELS
    ]
