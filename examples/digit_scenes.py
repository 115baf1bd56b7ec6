"""Scenes of real digits: those of scikit-learn (1,797 scans of 8 x 8 pixels), enlarged and scattered over a noisy picture."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

SIDE, DIGIT, MOST = 48, 16, 3
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TRAINED = 1500


def scenes(count: int, validation: bool = False, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Scenes of `least` to 3 digits that hardly overlap. Those of the validation share no digit with the others.

    Returns:
        Pictures (count, 48, 48, 1) from 0 to 1, and objects (count, 3, 5): the digit (10 for none), then left, top, right and
        bottom as shares of the picture.
    """
    scans, labels = load_digits(return_X_y=True)
    part = slice(TRAINED, None) if validation else slice(TRAINED)
    scans, labels = scans.reshape(-1, 8, 8)[part] / 16, labels[part]
    random = np.random.default_rng(int(validation))
    pictures = random.uniform(0, 0.15, (count, SIDE, SIDE)).astype("float32")
    objects = np.zeros((count, MOST, 5), "float32")
    objects[..., 0] = len(NAMES)
    for picture, found in zip(pictures, objects, strict=True):
        for place, (top, left) in enumerate(_corners(random, random.integers(least, MOST + 1))):
            scan = random.integers(len(scans))
            picture[top : top + DIGIT, left : left + DIGIT] += np.kron(scans[scan], np.ones((2, 2)))
            found[place] = (labels[scan], *(np.array([left, top, left + DIGIT, top + DIGIT]) / SIDE))
    return np.clip(pictures, 0, 1)[..., None], objects


def _corners(random: np.random.Generator, count: int) -> list[tuple[int, int]]:
    """Upper left corners, at least 14 pixels apart down or across."""
    while True:
        corners = random.integers(0, SIDE - DIGIT + 1, (count, 2))
        apart = np.abs(corners[:, None] - corners[None]).max(-1) + 99 * np.eye(count)
        if apart.min() >= 14:
            return [(int(top), int(left)) for top, left in corners]


def share_found(objects: np.ndarray, classes: np.ndarray, boxes: np.ndarray) -> float:
    """The share of digits that are found: by the right class, with an overlap (intersection over union) of at least 0.5.

    Args:
        objects: As `scenes` returns them.
        classes: What was found, (count, queries), 10 for nothing.
        boxes: Where, (count, queries, 4).
    """
    a, b = objects[:, :, None, 1:], boxes[:, None]
    both = np.prod(np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0), -1)
    either = np.prod(a[..., 2:] - a[..., :2], -1) + np.prod(b[..., 2:] - b[..., :2], -1) - both
    found = (2 * both >= either) & (objects[:, :, None, 0] == classes[:, None])
    return float(found.any(-1)[objects[..., 0] < len(NAMES)].mean())
