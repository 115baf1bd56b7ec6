"""A record of matrices with everything that one may have."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from tb_attention.records.format.step_record import CellExamples, ClassGroup, ConfusionRecord
from tb_attention.records.samples.samples import Samples

from . import logs

CELLS = [(2, 0), (2, 0), (0, 1), (1, 1)]
GROUPS = (ClassGroup("both", (0, ClassGroup("inner", (2,)))),)


def examples(seed: int = 0) -> CellExamples:
    """Four examples of three cells; two of them have maps at one site, and class 1 has a mean map."""
    pictures = np.random.default_rng(seed).random((4, 8, 8, 1)).astype("float32")
    site = logs.site("gate/attention", samples=2, heads=2, keys=4)
    return CellExamples(
        samples=Samples(pictures, [2, 2, 0, 1]),
        truth=np.array([truth for truth, _ in CELLS]),
        predicted=np.array([predicted for _, predicted in CELLS]),
        probability=np.array([0.9, 0.6, 0.5, 0.99]),
        loss=np.array([3.0, 1.0, np.inf, 0.01]),
        random=np.array([False, True, False, False]),
        maps=logs.record(7, sites=(site,)),
        means={1: (5, (site.weights.mean(0),))},
    )


def record(step: Any = 7, **changes: Any) -> ConfusionRecord:
    """A step with a matrix of three classes for validation and training, an order and examples."""
    matrix = np.array([[5, 1, 0], [0, 9, 0], [2, 0, 4]])
    kept = dataclasses.replace(examples(), maps=dataclasses.replace(examples().maps, step=step))
    whole: dict[str, Any] = {
        "step": step,
        "splits": {"validation": matrix, "training": 2 * matrix},
        "class_names": ("a", "b", "c"),
        "other": {"validation": 3},
        "class_groups": GROUPS,
        "similarity": lambda: np.array([2, 0, 1]),
        "examples": kept,
    }
    return ConfusionRecord(**(whole | changes))


def labels_record(step: Any = 0) -> ConfusionRecord:
    """A step of two independent labels."""
    labels = np.array([[[3, 1], [2, 4]], [[5, 0], [1, 4]]])
    histogram = np.arange(2 * 2 * 256).reshape(2, 2, 256)
    return ConfusionRecord(
        step,
        {"validation": np.array([[4, 2], [3, 4]])},
        kind="labels",
        threshold=0.5,
        labels={"validation": labels},
        histograms={"validation": histogram},
    )
