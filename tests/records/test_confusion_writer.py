"""Confusion matrices from any loop, against scikit-learn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tb_attention
from tb_attention.errors import ArgumentError, LogError

NAMES = ["cat", "dog", "fox"]


def batch(seed: int, size: int = 50) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    random = np.random.default_rng(seed)
    return random.integers(0, 3, size), random.normal(size=(size, 3))


def test_steps_hold_what_was_counted_since_the_last_one(tmp_path: Path) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    with tb_attention.ConfusionWriter(tmp_path, class_names=NAMES) as writer:
        for step in range(3):
            for seed in (step, step + 10):
                labels, scores = batch(seed)
                writer.add(labels, scores)
                writer.add(labels[::2], scores[::2].argmax(-1), split="training")
            writer.write(step, {"val_loss": 1 - step / 10}, epoch=step, batch=7 * step)
    log = tb_attention.load(tmp_path).confusion
    for step in range(3):
        both = [batch(step), batch(step + 10)]
        labels, predicted = np.concatenate([y for y, _ in both]), np.concatenate([s.argmax(-1) for _, s in both])
        np.testing.assert_array_equal(log.matrix(step), metrics.confusion_matrix(labels, predicted, labels=range(3)))
        halves = [(y[::2], s[::2].argmax(-1)) for y, s in both]
        labels, predicted = (np.concatenate(each) for each in zip(*halves, strict=True))
        wanted = metrics.confusion_matrix(labels, predicted, labels=range(3))
        np.testing.assert_array_equal(log.matrix(step, split="training"), wanted)
    status = json.loads(next(tmp_path.rglob("status.json")).read_text())
    assert (status["state"], status["best"]["step"]) == ("finished", 2)


def test_tokens_are_counted_one_by_one_without_padding_and_what_is_no_class_is_told(tmp_path: Path) -> None:
    labels = np.array([[0, 1, -100], [2, 7, -100]])
    scores = np.eye(3)[[[0, 2, 0], [2, 0, 9 % 3]]]
    with tb_attention.ConfusionWriter(tmp_path, num_classes=3, ignore_class=-100) as writer:
        writer.add(labels, scores)
        np.testing.assert_array_equal(writer.matrix(), [[1, 0, 0], [0, 0, 1], [0, 0, 1]])
        writer.write(0)
        assert not writer.matrix().any()
    manifest = next(tmp_path.rglob("step-*.npz"))
    with np.load(manifest) as stored:
        told = json.loads(bytes(stored["manifest"]))
    assert told["splits"]["validation"]["other"] == 1


def test_tensors_of_pytorch_are_counted(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    writer = tb_attention.ConfusionWriter(tmp_path, num_classes=3)
    labels, scores = batch(0)
    writer.add(torch.as_tensor(labels), torch.nn.Parameter(torch.as_tensor(scores)))
    wanted = np.zeros((3, 3), int)
    np.add.at(wanted, (labels, scores.argmax(-1)), 1)
    np.testing.assert_array_equal(writer.matrix(), wanted)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "`num_classes` or `class_names` must be given"),
        ({"num_classes": 1}, "num_classes"),
        ({"num_classes": 4, "class_names": NAMES}, "each of the 4 classes. Received: 3 names"),
    ],
)
def test_wrong_arguments_are_refused_at_once(tmp_path: Path, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ArgumentError, match=sentence):
        tb_attention.ConfusionWriter(tmp_path, **arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("labels", "predictions", "sentence"),
    [
        ([0, 1], [[0.1, 0.2], [0.3, 0.4]], "scores of 3 classes along one more axis. Received: int64 of shape"),
        ([0.0, 1.0], [0, 1], "must be class indices"),
        ([0, 1], [0, 3], r"classes from 0 to 2. Received: \[3\]"),
    ],
)
def test_a_wrong_batch_is_refused_and_not_counted(tmp_path: Path, labels: Any, predictions: Any, sentence: str) -> None:
    writer = tb_attention.ConfusionWriter(tmp_path, num_classes=3)
    with pytest.raises(ArgumentError, match=sentence):
        writer.add(np.array(labels), np.array(predictions))
    assert not writer.matrix().any()
    with pytest.raises(ArgumentError, match="`add` must be called before `write`"):
        writer.write(0)
    writer.close()
    with pytest.raises(LogError, match="closed"):
        writer.write(0)
