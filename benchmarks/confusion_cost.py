"""Cost of confusion matrices in a training, in memory and on disk; CPU time of the fastest of interleaved epochs.

The CNN is that of CIFAR tutorials: three convolutions, on colour pictures of 32 x 32 pixels, in batches of 32. An epoch is a
fifth of CIFAR's, so the cost at its end weighs five times as much as there.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

import tb_attention
from tb_attention.callbacks.similarity import similarity_order
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.writing.series_writer import SeriesWriter

EXAMPLES, VALIDATION = 10_000, 2000
REPEATS = 3
MANY = 5000


def build(classes: int, *metrics: Any) -> keras.Model:
    keras.utils.set_random_seed(0)
    image = keras.Input((32, 32, 3))
    x = layers.MaxPooling2D()(layers.Conv2D(32, 3, activation="relu")(image))
    x = layers.MaxPooling2D()(layers.Conv2D(64, 3, activation="relu")(x))
    x = layers.Flatten()(layers.Conv2D(64, 3, activation="relu")(x))
    model = keras.Model(image, layers.Dense(classes, activation="softmax")(layers.Dense(64, activation="relu")(x)))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy", *metrics])
    return model


class Clock(keras.callbacks.Callback):
    """CPU seconds from the start of an epoch to that of the next, callbacks and their threads included."""

    def __init__(self) -> None:
        super().__init__()
        self.begins: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.begins.append(time.process_time())

    @property
    def epochs(self) -> list[float]:
        """All epochs but the first, which compiles functions."""
        return np.diff(self.begins)[1:].tolist()


def epoch_share(classes: int, log_dir: str, second_pass: bool = False) -> tuple[float, float]:
    """CPU seconds of an epoch without the callback, and the share that it adds, with the metric or with a second pass."""
    random = np.random.default_rng(0)
    x, y = random.random((EXAMPLES, 32, 32, 3)).astype("float32"), random.integers(0, classes, EXAMPLES)
    data = (x[:VALIDATION], y[:VALIDATION])
    plain = build(classes)
    counted = build(classes) if second_pass else build(classes, tb_attention.ConfusionMatrix(classes))
    took: dict[str, list[float]] = {"plain": [], "counted": []}
    for _ in range(REPEATS):
        for name, model in (("plain", plain), ("counted", counted)):
            clock = Clock()
            ours = tb_attention.ConfusionMatrixCallback(log_dir, data if second_pass else None)
            callbacks = [clock] if model is plain else [clock, ours]
            model.fit(x, y, batch_size=32, epochs=4, validation_data=data, verbose=0, callbacks=callbacks)
            took[name] += clock.epochs
    # The fastest epochs: other work on the machine only adds time.
    without = min(took["plain"])
    return without, min(took["counted"]) / without - 1


MEMORY_OF_MANY = """
import sys
sys.path.insert(0, sys.argv[2])
import tempfile, numpy as np, tb_attention
from confusion_cost import MANY, build
way = sys.argv[1]
model = build(MANY, *([tb_attention.ConfusionMatrix(MANY)] if way == "metric" else []))
x, y = np.zeros((1000, 32, 32, 3), "float32"), np.arange(1000)
callbacks = {
    "without": [],
    "metric": [tb_attention.ConfusionMatrixCallback(tempfile.mkdtemp())],
    "second pass": [tb_attention.ConfusionMatrixCallback(tempfile.mkdtemp(), (x, y), examples=0)],
}[way]
model.fit(x, y, validation_data=(x, y), epochs=3, verbose=0, callbacks=callbacks)
(peak,) = (line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) * 1024)
"""


def peak_memory(way: str) -> int:
    """Peak memory in bytes (Linux) of a process that trains with `MANY` classes and counts them in one way."""
    command = [sys.executable, "-c", MEMORY_OF_MANY, way, str(Path(__file__).parent)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def matrix_of(classes: int, examples: int) -> np.ndarray:
    """Counts of a model that is right in 7 of 10 cases and otherwise predicts neighbours and a few other classes."""
    random = np.random.default_rng(0)
    truth = random.integers(0, classes, examples)
    wrong = (truth + np.rint(random.standard_cauchy(examples) * 2).astype(int)) % classes
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (truth, np.where(random.random(examples) < 0.7, truth, wrong)), 1)
    return matrix


def stored_bytes(classes: int, examples: int, log_dir: str) -> int:
    writer = SeriesWriter(log_dir, "confusion", 1, summaries=False)
    writer.submit(ConfusionRecord(0, {"validation": matrix_of(classes, examples)}, similarity=None))
    writer.close()
    (file,) = Path(log_dir).rglob("step-*.npz")
    return file.stat().st_size


def write_seconds(classes: int, examples: int) -> tuple[float, float]:
    """Cost of one write of a matrix, and of the order by similarity, which the writer's thread computes."""
    matrix = matrix_of(classes, examples)
    took = []
    with tempfile.TemporaryDirectory() as log_dir:
        writer = SeriesWriter(log_dir, "confusion", 1, summaries=False)
        for step in range(7):
            start = time.process_time()
            writer.submit(ConfusionRecord(step, {"validation": matrix}))
            writer.drain()
            took.append(time.process_time() - start)
        writer.close()
    start = time.process_time()
    similarity_order(matrix)
    return statistics.median(took), time.process_time() - start


MEMORY = """
import resource, sys, numpy as np, keras
import tb_attention
metric = tb_attention.ConfusionMatrix(2 if sys.argv[1] == "without" else 1000)
labels = np.zeros(32, int)
scores = np.zeros((32, metric.num_classes), "float32")
for _ in range(50):
    metric.update_state(labels, scores)
print(int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize())
"""


def added_memory() -> int:
    """Bytes that the metric of 1,000 classes adds to a process (Linux)."""

    def taken(which: str) -> int:
        command = [sys.executable, "-c", MEMORY, which]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    return int(
        statistics.median(taken("with") for _ in range(3)) - statistics.median(taken("without") for _ in range(3))
    )


def main() -> None:
    for classes in (10, 100):
        with tempfile.TemporaryDirectory() as log_dir:
            seconds, share = epoch_share(classes, log_dir)
        print(f"{classes} classes: added to an epoch of {seconds:.2f} s CPU: {100 * share:+.1f} % (at most 1 %)")
    for second_pass in (False, True):
        with tempfile.TemporaryDirectory() as log_dir:
            seconds, share = epoch_share(MANY, log_dir, second_pass)
        way = "second pass" if second_pass else "metric"
        print(f"{MANY} classes, {way}: added to an epoch of {seconds:.2f} s CPU: {100 * share:+.1f} % (at most 5 %)")
    without = peak_memory("without")
    for way in ("metric", "second pass"):
        print(f"{MANY} classes, {way}: added at most to the memory: {(peak_memory(way) - without) / 1e6:.0f} MB")
    print(f"1,000 classes: memory that the metric adds: {added_memory() / 1e6:.1f} MB (at most 16 MB)")
    write, order = write_seconds(1000, 50_000)
    print(f"1,000 classes: one write: {1000 * write:.1f} ms CPU (at most 20 ms), in the writer's thread")
    print(f"1,000 classes: the order by similarity, in the same thread: {1000 * order:.0f} ms CPU")
    for classes, examples, bound in ((10, 10_000, 1e3), (100, 10_000, 40e3), (1000, 50_000, 1e6)):
        with tempfile.TemporaryDirectory() as log_dir:
            size = stored_bytes(classes, examples, log_dir)
        print(f"{classes} classes, {examples} examples: {size} bytes an epoch (at most {bound:.0f})")


if __name__ == "__main__":
    main()
