"""Logs of matrices with everything that one may have, made from scikit-learn's digits and from seeded chance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix, multilabel_confusion_matrix
from tensorboard.compat.proto import event_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

import tb_attention
from tb_attention.records.format.step_record import CellExamples, ClassGroup, ConfusionRecord, Prediction, StepRecord
from tb_attention.records.samples.samples import Samples
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.site import Axis, Site

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
GROUPS = (ClassGroup("round", (0, 6, 8, 9)), ClassGroup("straight", (1, 4, 7, ClassGroup("bent", (2, 3, 5)))))
EPOCHS, TRACKED, SEEN, KEPT_OF_A_CELL, WITH_MAPS = 4, 6, 600, 3, 12
SITES, HEADS, SIDE = ("block_0/attention", "block_1/attention"), 2, 4
BINS = 256


def scores(epoch: int, noise: float) -> npt.NDArray[np.float64]:
    """float64 (SEEN, 10): probabilities of a classifier by nearest means, which is less noisy from epoch to epoch."""
    digits = load_digits()
    means = np.stack([digits.data[digits.target == index].mean(0) for index in range(10)])
    distances = ((digits.data[:SEEN, None] - means) ** 2).sum(-1) / 100
    random = np.random.default_rng([epoch, int(noise * 10)])
    logits = -distances + random.normal(0, noise / (1 + epoch), distances.shape)
    odds = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(odds / odds.sum(1, keepdims=True))


def attention(pictures: npt.NDArray[np.float32], site: int, epoch: int) -> npt.NDArray[np.float32]:
    """float32 (samples, heads, queries, keys): patches with ink are looked at, more so the later the epoch."""
    count = len(pictures)
    ink = pictures.reshape(count, SIDE, 2, SIDE, 2).mean((2, 4)).reshape(count, 1, 1, SIDE * SIDE) / 16
    random = np.random.default_rng([site, epoch])
    logits = random.normal(0, 0.5, (count, HEADS, SIDE * SIDE + 1, SIDE * SIDE + 1))
    logits[..., 1:] += (1 + epoch) * ink
    odds = np.exp(logits)
    return np.asarray(odds / odds.sum(-1, keepdims=True), np.float32)


def sites(pictures: npt.NDArray[np.float32], epoch: int) -> tuple[Site, ...]:
    size = SIDE * SIDE + 1
    grid: dict[str, Any] = {"kind": "grid", "grid": (SIDE, SIDE), "extra": ("CLS",), "input": 0}
    axes = (
        Axis("samples", len(pictures)),
        Axis("heads", HEADS),
        Axis("query", size, **grid),
        Axis("key", size, **grid),
    )
    return tuple(Site(path, "self", axes, attention(pictures, i, epoch)) for i, path in enumerate(SITES))


def kept_examples(epoch: int, probabilities: npt.NDArray[np.float64]) -> CellExamples:
    """Of each wrong cell the most certain ones; the first have maps, and three classes the mean of their right ones."""
    digits = load_digits()
    truth, predicted = digits.target[:SEEN], probabilities.argmax(1)
    certain = probabilities.max(1)
    counts = confusion_matrix(truth, predicted, labels=range(10))
    wrong = [(t, p) for t in range(10) for p in range(10) if t != p and counts[t, p]]
    wrong.sort(key=lambda cell: -counts[cell])
    chosen = [
        int(i)
        for t, p in wrong
        for i in sorted(np.flatnonzero((truth == t) & (predicted == p)), key=lambda i: -certain[i])[:KEPT_OF_A_CELL]
    ]
    pictures = digits.images[:SEEN].astype(np.float32)
    with_maps = chosen[:WITH_MAPS]
    means = {}
    for index in sorted({c for cell in wrong[:2] for c in cell}):
        right = np.flatnonzero((truth == index) & (predicted == index))[:5]
        if len(right):
            means[index] = (len(right), tuple(site.weights.mean(0) for site in sites(pictures[right], epoch)))
    maps = StepRecord(
        epoch,
        epoch=epoch,
        sites=sites(pictures[with_maps], epoch),
        predictions=tuple(Prediction(int(predicted[i]), float(certain[i])) for i in with_maps),
    )
    return CellExamples(
        samples=Samples(pictures[chosen][..., None] / 16, truth[chosen], class_names=NAMES),
        truth=truth[chosen],
        predicted=predicted[chosen],
        probability=certain[chosen],
        loss=-np.log(probabilities[chosen, truth[chosen]] + 1e-9),
        random=np.arange(len(chosen)) % 5 == 4,
        maps=maps,
        means=means,
    )


def write_digits(run: Path, noise: float = 6.0, epochs: int = EPOCHS) -> None:
    """Tracked samples with maps, and matrices with examples, an order and groups."""
    digits = load_digits()
    pictures = digits.images[:TRACKED].astype(np.float32)
    samples = tb_attention.Samples(pictures[..., None] / 16, digits.target[:TRACKED], class_names=NAMES)
    matrices = SeriesWriter(run, "confusion", 1)
    with tb_attention.AttentionWriter(run, samples=samples) as writer:
        for epoch in range(epochs):
            probabilities = scores(epoch, noise)
            found = sites(pictures, epoch)
            accuracy = float((probabilities.argmax(1) == digits.target[:SEEN]).mean())
            weights, axes = {s.path: s.weights for s in found}, {s.path: s.axes[1:] for s in found}
            writer.write(epoch, weights, probabilities[:TRACKED], {"val_accuracy": accuracy}, epoch=epoch, axes=axes)
            validation = confusion_matrix(digits.target[:SEEN], probabilities.argmax(1), labels=range(10))
            training = confusion_matrix(digits.target[:SEEN], scores(epoch, noise / 2).argmax(1), labels=range(10))
            matrices.submit(
                ConfusionRecord(
                    epoch,
                    {"validation": validation, "training": training},
                    NAMES,
                    epoch=epoch,
                    other={"validation": 2},
                    class_groups=GROUPS,
                    similarity=lambda: np.array([0, 6, 8, 9, 1, 4, 7, 2, 3, 5]),
                    examples=kept_examples(epoch, probabilities),
                )
            )
    assert matrices.close()


def many_classes(classes: int, epoch: int, epochs: int) -> npt.NDArray[np.int64]:
    """int64 (classes, classes): classes are taken for their neighbours, the less the later."""
    random = np.random.default_rng([classes, epoch])
    counts = np.zeros((classes, classes), np.int64)
    right = 25 + 20 * epoch // max(1, epochs - 1)
    counts[np.arange(classes), np.arange(classes)] = right
    for _ in range(50 - right):
        other = (np.arange(classes) + random.geometric(0.2, classes) * random.choice([-1, 1], classes)) % classes
        np.add.at(counts, (np.arange(classes), other), 1)
    return counts


def write_many(run: Path, classes: int, epochs: int) -> None:
    """Matrices of many classes in groups of ten, and nothing else."""
    run.mkdir(parents=True)
    # TensorBoard lists directories with event files; matrices of so many classes have no summary of their own.
    with open(run / "events.out.tfevents.1.matrices", "wb") as file:
        RecordWriter(file).write(event_pb2.Event(file_version="brain.Event:2").SerializeToString())
    writer = SeriesWriter(run, "confusion", 1)
    names = tuple(f"class {index}" for index in range(classes))
    groups = tuple(
        ClassGroup(f"group {first // 10}", tuple(range(first, min(classes, first + 10))))
        for first in range(0, classes, 10)
    )
    for epoch in range(epochs):
        counts = many_classes(classes, epoch, epochs)
        order = np.random.default_rng(classes).permutation(classes)
        writer.submit(
            ConfusionRecord(
                epoch,
                {"validation": counts},
                names,
                epoch=epoch,
                class_groups=groups,
                similarity=lambda order=order: order,
            )
        )
    assert writer.close()


def binary_scores(epoch: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Truth and score of 400 examples; what is yes scores higher, the more so the later."""
    random = np.random.default_rng(epoch)
    truth = (np.arange(400) % 4 == 0).astype(int)
    return truth, random.beta(2 + truth * (1 + epoch), 2 + (1 - truth) * (1 + epoch))


def histogram(truth: npt.NDArray[np.int64], score: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """int64 (2, BINS): of the truth no and yes."""
    return np.stack([np.histogram(score[truth == side], BINS, (0, 1))[0] for side in (0, 1)])


def write_binary(run: Path, epochs: int = 3) -> None:
    writer = SeriesWriter(run, "confusion", 1)
    for epoch in range(epochs):
        truth, score = binary_scores(epoch)
        writer.submit(
            ConfusionRecord(
                epoch,
                {"validation": confusion_matrix(truth, score >= 0.5)},
                ("ham", "spam"),
                epoch=epoch,
                kind="binary",
                threshold=0.5,
                histograms={"validation": histogram(truth, score)[None]},
            )
        )
    assert writer.close()


def write_softmax(run: Path) -> None:
    """The same examples as `write_binary`, from two units whose scores sum to 1."""
    writer = SeriesWriter(run, "confusion", 1)
    for epoch in range(3):
        truth, score = binary_scores(epoch)
        writer.submit(
            ConfusionRecord(
                epoch,
                {"validation": confusion_matrix(truth, score > 0.5)},
                ("ham", "spam"),
                epoch=epoch,
                histograms={"validation": histogram(truth, score)[None]},
            )
        )
    assert writer.close()


TWO_NAMES = (
    "Staffordshire bull terrier, a dog of the terrier group",
    "American Staffordshire terrier, of the same group",
)
TWO = ([[139, 61], [44, 156]], [[170, 30], [20, 180]], [[199, 1], [0, 200]])
"""Matrices of two classes over three epochs, of 200 examples each."""


def write_two(run: Path) -> None:
    """Two classes, each with a score of its own, and no histogram."""
    writer = SeriesWriter(run, "confusion", 1)
    for epoch, counts in enumerate(TWO):
        writer.submit(ConfusionRecord(epoch, {"validation": np.array(counts)}, TWO_NAMES, epoch=epoch))
    assert writer.close()


def label_truths(epoch: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """bool (300, 3) twice: labels that are there, and those that are said to be."""
    random = np.random.default_rng(epoch)
    truth = random.random((300, 3)) < [0.5, 0.3, 0.2]
    return truth, truth ^ (random.random((300, 3)) < 0.2 / (1 + epoch))


def write_labels(run: Path, epochs: int = 3) -> None:
    """Three labels of their own, such as the topics of a mail."""
    writer = SeriesWriter(run, "confusion", 1)
    for epoch in range(epochs):
        truth, said = label_truths(epoch)
        together = truth.T.astype(int) @ said.astype(int)
        score = np.clip(said * 0.6 + 0.2, 0, 1)
        writer.submit(
            ConfusionRecord(
                epoch,
                {"validation": together},
                ("invoice", "urgent", "private"),
                epoch=epoch,
                kind="labels",
                threshold=0.5,
                labels={"validation": multilabel_confusion_matrix(truth, said)},
                histograms={"validation": np.stack([histogram(truth[:, i], score[:, i]) for i in range(3)])},
            )
        )
    assert writer.close()


def write_all(logs: Path) -> None:
    """A run of each."""
    write_digits(logs / "digits")
    write_digits(logs / "noisier", noise=9.0)
    write_many(logs / "hundred", 100, 3)
    write_binary(logs / "binary")
    write_softmax(logs / "softmax")
    write_labels(logs / "labels")
    write_two(logs / "two")
