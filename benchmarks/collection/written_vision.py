"""Vision models as the examples of keras.io and the papers describe them, at tiny sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from collection.cases import Case
from collection.parts import encoder_block, mlp

_SIDE, _PATCH, _WIDTH, _HEADS = 16, 4, 8, 2
_GRID = _SIDE // _PATCH


def _image(side: int = _SIDE) -> Any:
    return keras.Input((side, side, 3))


def _patches(image: Any) -> Any:
    patches = ops.image.extract_patches(image, _PATCH)
    tokens = layers.Dense(_WIDTH)(ops.reshape(patches, (-1, _GRID * _GRID, _PATCH * _PATCH * 3)))
    return tokens + layers.Embedding(_GRID * _GRID, _WIDTH)(ops.arange(_GRID * _GRID))


def _classified(image: Any, x: Any) -> keras.Model:
    if len(x.shape) > 2:
        x = ops.mean(x, axis=tuple(range(1, len(x.shape) - 1)))
    return keras.Model(image, layers.Dense(5, activation="softmax")(x))


def vision_transformer() -> keras.Model:
    image = _image()
    return _classified(image, encoder_block(encoder_block(_patches(image), _HEADS), _HEADS))


def locality_self_attention() -> keras.Model:
    """Small data sets: patches of shifted pictures, a learned temperature and a masked diagonal."""
    image = _image()
    shifted = [image] + [ops.roll(image, shift, (1, 2)) for shift in ((2, 2), (-2, 2), (2, -2), (-2, -2))]
    tokens = _patches(layers.Conv2D(3, 1)(ops.concatenate(shifted, axis=-1)))

    class Locality(layers.MultiHeadAttention):
        def __init__(self) -> None:
            super().__init__(_HEADS, 4)
            self.temperature = self.add_weight(shape=(), initializer="ones")

        def _compute_attention(
            self, query: Any, key: Any, value: Any, attention_mask: Any = None, *_: Any, **__: Any
        ) -> Any:
            scores = self._masked_softmax(
                ops.einsum(self._dot_product_equation, key, query / self.temperature), attention_mask
            )
            return ops.einsum(self._combine_equation, scores, value), scores

    mask = np.ones((1, _GRID * _GRID, _GRID * _GRID)) - np.eye(_GRID * _GRID)
    return _classified(image, tokens + Locality()(tokens, tokens, attention_mask=mask.astype("int8")))


def swin_transformer() -> keras.Model:
    """Windows of 2 x 2 patches, every other block shifted by one, with relative positions and a mask, then merged patches."""

    class WindowAttention(layers.Layer):
        def __init__(self, shift: int) -> None:
            super().__init__()
            self.shift, self.window = shift, 2
            self.qkv, self.proj = layers.Dense(3 * _WIDTH), layers.Dense(_WIDTH)

        def build(self, shape: Any) -> None:
            self.qkv.build(shape)
            self.proj.build(shape)
            self.bias = self.add_weight(shape=(_HEADS, 4, 4), name="bias")
            regions = np.zeros((1, _GRID, _GRID, 1))
            if self.shift:
                for row, rows in enumerate((slice(0, -2), slice(-2, -1), slice(-1, None))):
                    for column, columns in enumerate((slice(0, -2), slice(-2, -1), slice(-1, None))):
                        regions[:, rows, columns] = 3 * row + column
            windows = regions.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(4, 4)
            self.mask = np.where(windows[:, None] == windows[:, :, None], 0.0, -100.0).astype("float32")

        def call(self, x: Any) -> Any:
            x = ops.reshape(x, (-1, _GRID, _GRID, _WIDTH))
            x = ops.roll(x, (-self.shift, -self.shift), (1, 2)) if self.shift else x
            x = ops.reshape(x, (-1, 2, 2, 2, 2, _WIDTH))
            x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 4, _WIDTH))
            qkv = ops.transpose(ops.reshape(self.qkv(x), (-1, 4, 3, _HEADS, _WIDTH // _HEADS)), (2, 0, 3, 1, 4))
            scores = (qkv[0] * 0.5) @ ops.transpose(qkv[1], (0, 1, 3, 2)) + self.bias[None]
            if self.shift:
                scores = ops.reshape(scores, (-1, 4, _HEADS, 4, 4)) + self.mask[None, :, None]
                scores = ops.reshape(scores, (-1, _HEADS, 4, 4))
            x = ops.transpose(ops.softmax(scores) @ qkv[2], (0, 2, 1, 3))
            x = self.proj(ops.reshape(x, (-1, 4, _WIDTH)))
            x = ops.transpose(ops.reshape(x, (-1, 2, 2, 2, 2, _WIDTH)), (0, 1, 3, 2, 4, 5))
            x = ops.reshape(x, (-1, _GRID, _GRID, _WIDTH))
            x = ops.roll(x, (self.shift, self.shift), (1, 2)) if self.shift else x
            return ops.reshape(x, (-1, _GRID * _GRID, _WIDTH))

    image = _image()
    x = _patches(image)
    for shift in (0, 1):
        x = x + WindowAttention(shift)(layers.LayerNormalization()(x))
        x = x + mlp(layers.LayerNormalization()(x), _WIDTH)
    return _classified(image, x)


def perceiver() -> keras.Model:
    class Latents(layers.Layer):
        def build(self, shape: Any) -> None:
            self.latents = self.add_weight(shape=(6, _WIDTH))

        def call(self, x: Any) -> Any:
            return ops.expand_dims(self.latents, 0)

    image = _image()
    tokens = _patches(image)
    latents = Latents()(tokens)
    for _ in range(2):
        query, key, value = layers.Dense(_WIDTH)(latents), layers.Dense(_WIDTH)(tokens), layers.Dense(_WIDTH)(tokens)
        latents = layers.Add()([latents, layers.Attention(use_scale=True, dropout=0.1)([query, key, value])])
        latents = encoder_block(latents, _HEADS)
    return _classified(image, latents)


def external_attention() -> keras.Model:
    """EANet: a memory of learned keys and values, normalised twice."""
    image = _image()
    x = _patches(image)
    y = ops.transpose(ops.reshape(layers.Dense(4 * _WIDTH)(x), (-1, 16, 4, _WIDTH)), (0, 2, 1, 3))
    attention = layers.Dense(6)(y)
    attention = layers.Softmax(axis=2)(attention)
    attention = attention / (1e-9 + ops.sum(attention, axis=-1, keepdims=True))
    y = ops.transpose(layers.Dense(_WIDTH)(attention), (0, 2, 1, 3))
    x = x + layers.Dense(_WIDTH)(ops.reshape(y, (-1, 16, 4 * _WIDTH)))
    return _classified(image, x)


def token_learner() -> keras.Model:
    image = _image()
    x = ops.reshape(_patches(image), (-1, _GRID, _GRID, _WIDTH))
    maps = layers.LayerNormalization()(x)
    for activation in ("gelu", "gelu", "gelu", "sigmoid"):
        maps = layers.Conv2D(3, 3, activation=activation, padding="same", use_bias=False)(maps)
    maps = ops.expand_dims(layers.Permute((2, 1))(layers.Reshape((_GRID * _GRID, 3))(maps)), -1)
    tokens = ops.mean(maps * ops.expand_dims(layers.Reshape((_GRID * _GRID, _WIDTH))(x), 1), axis=2)
    return _classified(image, encoder_block(tokens, _HEADS))


def compact_convolutional_transformer() -> keras.Model:
    image = _image()
    x = layers.MaxPooling2D(3, 2, "same")(layers.Conv2D(_WIDTH, 3, padding="same", activation="relu")(image))
    x = encoder_block(layers.Reshape((64, _WIDTH))(x), _HEADS)
    weights = ops.softmax(layers.Dense(1)(x), axis=1)
    pooled = ops.squeeze(ops.matmul(ops.transpose(weights, (0, 2, 1)), x), axis=-2)
    return _classified(image, pooled)


def video_vision_transformer() -> keras.Model:
    video = keras.Input((8, _SIDE, _SIDE, 1))
    x = layers.Conv3D(_WIDTH, (4, 8, 8), (4, 8, 8), "valid")(video)
    x = layers.Reshape((-1, _WIDTH))(x)
    x = x + layers.Embedding(8, _WIDTH)(ops.arange(8))
    return _classified(video, encoder_block(x, _HEADS))


def class_attention() -> keras.Model:
    """CaiT: talking heads among patches, then one class token that attends to them."""

    class Talking(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.qkv, self.pre, self.post = layers.Dense(3 * _WIDTH), layers.Dense(_HEADS), layers.Dense(_HEADS)

        def call(self, x: Any) -> Any:
            qkv = ops.transpose(ops.reshape(self.qkv(x), (-1, 16, 3, _HEADS, 4)), (2, 0, 3, 1, 4))
            scores = ops.matmul(qkv[0], ops.transpose(qkv[1], (0, 1, 3, 2)))
            scores = self.pre(ops.transpose(scores, (0, 2, 3, 1)))
            scores = ops.transpose(ops.softmax(ops.transpose(scores, (0, 3, 1, 2))), (0, 2, 3, 1))
            scores = ops.transpose(self.post(scores), (0, 3, 1, 2))
            return ops.reshape(ops.transpose(ops.matmul(scores, qkv[2]), (0, 2, 1, 3)), (-1, 16, _WIDTH))

    class ClassToken(layers.Layer):
        def build(self, shape: Any) -> None:
            self.token = self.add_weight(shape=(1, 1, _WIDTH))

        def call(self, x: Any) -> Any:
            return ops.tile(self.token, (ops.shape(x)[0], 1, 1))

    image = _image()
    x = _patches(image)
    x = x + Talking()(x)
    token = ClassToken()(x)
    seen = layers.MultiHeadAttention(_HEADS, 4)(token, ops.concatenate([token, x], axis=1))
    return _classified(image, token + seen)


def mobile_vit() -> keras.Model:
    image = _image()
    x = layers.Conv2D(_WIDTH, 3, 2, "same", activation="swish")(image)
    local = layers.Conv2D(_WIDTH, 1)(layers.Conv2D(_WIDTH, 3, padding="same")(x))
    cells = layers.Reshape((4, 16, _WIDTH))(local)
    for _ in range(2):
        y = layers.LayerNormalization()(cells)
        cells = cells + layers.MultiHeadAttention(_HEADS, 4)(y, y)
    x = layers.Concatenate()([x, layers.Conv2D(_WIDTH, 1)(layers.Reshape((8, 8, _WIDTH))(cells))])
    return _classified(image, x)


def axial_attention() -> keras.Model:
    image = _image()
    x = layers.Conv2D(_WIDTH, 4, 2, "same")(image)
    x = x + layers.MultiHeadAttention(_HEADS, 4, attention_axes=(1,))(x, x)
    x = x + layers.MultiHeadAttention(_HEADS, 4, attention_axes=(2,))(x, x)
    return _classified(image, x)


def detection_transformer() -> keras.Model:
    class Queries(layers.Layer):
        def build(self, shape: Any) -> None:
            self.queries = self.add_weight(shape=(5, _WIDTH))

        def call(self, x: Any) -> Any:
            return ops.tile(ops.expand_dims(self.queries, 0), (ops.shape(x)[0], 1, 1))

    image = _image()
    memory = encoder_block(layers.Reshape((16, _WIDTH))(layers.Conv2D(_WIDTH, 4, 4)(image)), _HEADS)
    x = Queries()(memory)
    x = x + layers.MultiHeadAttention(_HEADS, 4)(x, x)
    x = x + layers.MultiHeadAttention(_HEADS, 4)(x, memory)
    return keras.Model(image, [layers.Dense(4, activation="sigmoid")(x), layers.Dense(6, activation="softmax")(x)])


def captioning() -> keras.Model:
    image, words = _image(), keras.Input((7,), dtype="int32")
    memory = encoder_block(layers.Reshape((16, _WIDTH))(layers.Conv2D(_WIDTH, 4, 4)(image)), _HEADS)
    x = layers.Embedding(20, _WIDTH, mask_zero=True)(words)
    x = x + layers.MultiHeadAttention(_HEADS, 4)(x, x, use_causal_mask=True)
    x = x + layers.MultiHeadAttention(_HEADS, 4)(x, memory)
    return keras.Model([image, words], layers.Dense(20, activation="softmax")(x))


def _features(image: Any) -> Any:
    return layers.Conv2D(_WIDTH, 3, padding="same", activation="relu")(image)


def squeeze_and_excitation() -> keras.Model:
    image = _image()
    x = _features(image)
    y = layers.GlobalAveragePooling2D()(x)
    y = layers.Dense(_WIDTH, activation="sigmoid", use_bias=False)(
        layers.Dense(2, activation="relu", use_bias=False)(y)
    )
    return _classified(image, layers.Multiply()([x, layers.Reshape((1, 1, _WIDTH))(y)]))


def convolutional_block_attention() -> keras.Model:
    image = _image()
    x = _features(image)
    one, two = layers.Dense(2, activation="relu"), layers.Dense(_WIDTH)
    pooled = [
        layers.Reshape((1, 1, _WIDTH))(pool()(x)) for pool in (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)
    ]
    x = layers.multiply([x, layers.Activation("sigmoid")(layers.Add()([two(one(p)) for p in pooled]))])
    pooled = ops.concatenate([ops.mean(x, -1, keepdims=True), ops.max(x, -1, keepdims=True)], axis=-1)
    return _classified(image, layers.multiply([x, layers.Conv2D(1, 7, padding="same", activation="sigmoid")(pooled)]))


def efficient_channel_attention() -> keras.Model:
    image = _image()
    x = _features(image)
    y = ops.expand_dims(layers.GlobalAveragePooling2D()(x), -1)
    y = ops.sigmoid(layers.Conv1D(1, 3, padding="same", use_bias=False)(y))
    return _classified(image, x * ops.reshape(y, (-1, 1, 1, _WIDTH)))


def selective_kernels() -> keras.Model:
    image = _image()
    branches = [
        layers.Conv2D(_WIDTH, 3, padding="same", dilation_rate=rate, activation="relu")(image) for rate in (1, 2)
    ]
    y = layers.Dense(4, activation="relu")(layers.GlobalAveragePooling2D()(layers.Add()(branches)))
    weights = ops.softmax(ops.stack([layers.Dense(_WIDTH)(y) for _ in branches], axis=1), axis=1)
    x = ops.sum(ops.stack(branches, axis=1) * ops.reshape(weights, (-1, 2, 1, 1, _WIDTH)), axis=1)
    return _classified(image, x)


def global_context() -> keras.Model:
    """One map of where to look for all queries; what it gives is added."""
    image = _image()
    x = _features(image)
    weights = ops.softmax(ops.reshape(layers.Conv2D(1, 1)(x), (-1, 1, _SIDE * _SIDE)))
    context = ops.matmul(weights, ops.reshape(x, (-1, _SIDE * _SIDE, _WIDTH)))
    context = layers.Dense(_WIDTH)(layers.LayerNormalization()(layers.Dense(4, activation="relu")(context)))
    return _classified(image, x + ops.expand_dims(context, 1))


def attention_u_net() -> keras.Model:
    image = _image()
    skips, x = [], image
    for width in (4, 8):
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    for width, skip in zip((8, 4), reversed(skips), strict=True):
        theta, phi = layers.Conv2D(width, 2, 2)(skip), layers.Conv2D(width, 1)(x)
        gate = layers.Conv2D(1, 1, activation="sigmoid")(layers.Activation("relu")(layers.add([theta, phi])))
        skip = layers.multiply([layers.UpSampling2D()(gate), skip])
        x = layers.Concatenate()([layers.Conv2DTranspose(width, 3, 2, "same")(x), skip])
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x))


def involution() -> keras.Model:
    image = _image()
    kernel = layers.Conv2D(9, 1)(layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 1)(image))))
    kernel = ops.expand_dims(ops.reshape(kernel, (-1, _SIDE, _SIDE, 9)), -2)
    patches = ops.image.extract_patches(image, (3, 3), strides=1, padding="same")
    patches = ops.transpose(ops.reshape(patches, (-1, _SIDE, _SIDE, 9, 3)), (0, 1, 2, 4, 3))
    return _classified(image, ops.sum(kernel * patches, axis=-1))


def mixer() -> keras.Model:
    image = _image()
    x = _patches(image)
    x = x + ops.transpose(mlp(ops.transpose(layers.LayerNormalization()(x), (0, 2, 1)), 16), (0, 2, 1))
    return _classified(image, x + mlp(x, _WIDTH))


def gated_mlp() -> keras.Model:
    image = _image()
    x = _patches(image)
    one, two = ops.split(layers.Dense(2 * _WIDTH, activation="gelu")(x), 2, axis=-1)
    two = ops.transpose(layers.Dense(16, bias_initializer="ones")(ops.transpose(two, (0, 2, 1))), (0, 2, 1))
    return _classified(image, x + layers.Dense(_WIDTH)(one * two))


def fourier_network() -> keras.Model:
    image = _image()
    x = _patches(image)
    return _classified(image, x + mlp(layers.LayerNormalization()(x + ops.fft2((x, ops.zeros_like(x)))[0]), _WIDTH))


# Builder, maps, gates, kinds.
_MODELS: list[tuple[Callable[[], keras.Model], int, int, dict[str, int]]] = [
    (vision_transformer, 2, 0, {"self": 2}),
    (locality_self_attention, 1, 0, {"self": 1}),
    (swin_transformer, 2, 0, {"local": 2}),
    (perceiver, 4, 0, {"cross": 2, "self": 2}),
    (external_attention, 1, 0, {"cross": 1}),
    (token_learner, 1, 1, {"self": 1, "gate": 1}),
    (compact_convolutional_transformer, 2, 0, {"self": 1, "cross": 1}),
    (video_vision_transformer, 1, 0, {"self": 1}),
    (class_attention, 2, 0, {"self": 1, "cross": 1}),
    (mobile_vit, 2, 0, {}),
    (axial_attention, 2, 0, {}),
    (detection_transformer, 3, 0, {"self": 2, "cross": 1}),
    (captioning, 3, 0, {"self": 2, "cross": 1}),
    (squeeze_and_excitation, 0, 1, {"gate": 1}),
    (convolutional_block_attention, 0, 2, {"gate": 2}),
    (efficient_channel_attention, 0, 1, {"gate": 1}),
    (selective_kernels, 0, 1, {"gate": 1}),
    (global_context, 1, 0, {"cross": 1}),
    (attention_u_net, 0, 2, {"gate": 2}),
    (involution, 0, 0, {}),
    (mixer, 0, 0, {}),
    (gated_mlp, 0, 0, {}),
    (fourier_network, 0, 0, {}),
]


def cases() -> list[Case]:
    return [Case(build.__name__, build, maps, gates, kinds=kinds) for build, maps, gates, kinds in _MODELS]
