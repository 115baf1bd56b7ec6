"""The printed size of a log on disk is right."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import tb_attention
from tb_attention.callbacks import fit_logger
from tb_attention.callbacks.cost import cost_sentence, trained_bytes
from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.writing.budget import StepBytes
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.site import Axis, Site

from .trainings import build, callback, fit

RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.random((16, 32, 32, 1)).astype("float32")
IDS = RANDOM.integers(1, 50, (16, 200))
UNITS = {"bytes": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9}


def vision_transformer() -> keras.Model:
    """6 blocks of 4 heads over 64 patches and a class token, as the maps of `MultiHeadAttention` come."""
    image = keras.Input((32, 32, 1))
    x = layers.Reshape((64, 32))(layers.Conv2D(32, 4, strides=4)(image))
    x = layers.Concatenate(axis=1)([layers.Dense(32)(x[:, :1]), x])
    for _ in range(6):
        normed = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.MultiHeadAttention(4, 8)(normed, normed)])
    return keras.Model(image, layers.Dense(2, activation="softmax")(x[:, 0]))


def gated_pictures() -> keras.Model:
    """Squeeze-and-excitation: its feature map is most of what is logged."""
    image = keras.Input((32, 32, 1))
    x = layers.Conv2D(64, 3, padding="same", strides=2, activation="relu")(image)
    gate = layers.Dense(64, activation="sigmoid")(layers.GlobalAveragePooling2D()(x))
    x = layers.Multiply()([x, layers.Reshape((1, 1, 64))(gate)])
    return keras.Model(image, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def words() -> keras.Model:
    """Maps that are almost uniform before training, and in these few steps of it."""
    ids = keras.Input((200,), dtype="int32")
    x = layers.Embedding(50, 8)(ids)
    x = layers.MultiHeadAttention(2, 4)(x, x)
    return keras.Model(ids, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(x)))


def train(build: Callable[[], keras.Model], x: np.ndarray, log_dir: Path, epochs: int = 2, **options: Any) -> None:
    keras.utils.set_random_seed(0)
    model = build()
    model.compile("adam", "sparse_categorical_crossentropy")
    ours = tb_attention.AttentionCallback(log_dir, (x[:8], np.arange(8) % 2), **options)
    model.fit(x, np.arange(len(x)) % 2, batch_size=8, epochs=epochs, verbose=0, callbacks=[ours])


def told(output: str) -> list[float]:
    """The bytes that the only line of costs names, in order."""
    (line,) = [line for line in output.splitlines() if line.startswith("Attention log:")]
    return [float(number) * UNITS[unit] for number, unit in re.findall(r"([0-9.]+) (bytes|[KMG]B)", line)]


def written(log_dir: Path) -> int:
    return sum(path.stat().st_size for path in log_dir.rglob("*") if path.is_file())


def steps_of(log_dir: Path) -> float:
    """Bytes a step, in the mean, of everything but what is written once: samples and status."""
    once = sum(path.stat().st_size for path in [*log_dir.rglob("samples-*"), *log_dir.rglob("status.json")])
    return (written(log_dir) - once) / len(list(log_dir.rglob("step-*")))


@pytest.mark.parametrize(
    ("model", "x", "init"),
    [
        (vision_transformer, PICTURES, True),
        (gated_pictures, PICTURES, True),
        (gated_pictures, PICTURES, False),
        (words, IDS, False),
    ],
    ids=["vision transformer", "gate", "gate without the step before training", "words"],
)
def test_the_printed_cost_is_what_is_written_with_the_event_file(
    model: Callable[[], keras.Model], x: np.ndarray, init: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(model, x, tmp_path, init=init)
    an_epoch, total = told(capsys.readouterr().out)[:2]
    assert an_epoch == pytest.approx(steps_of(tmp_path), rel=0.2)
    assert total == pytest.approx(written(tmp_path), rel=0.2)


def test_the_cost_of_steps_of_batches_is_printed_for_an_epoch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(build(), [callback(tmp_path, update_freq="batch")], epochs=4)  # 3 batches an epoch
    an_epoch, total = told(capsys.readouterr().out)
    assert an_epoch == pytest.approx(3 * steps_of(tmp_path), rel=0.2)
    assert total == pytest.approx(written(tmp_path), rel=0.2)


def test_the_cost_is_printed_once_before_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said_before: list[str] = []

    class Listen(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            said_before.append(capsys.readouterr().out)

    model = build()
    for _ in range(2):
        fit(model, [callback(tmp_path), Listen()], epochs=2)
    (line,) = [line for line in said_before[0].splitlines() if line.startswith("Attention log:")]
    assert " an epoch, " in line
    assert f" for 2, in {tmp_path}." in line
    assert not any("Attention log:" in said for said in said_before[1:])


def test_a_disk_that_hangs_holds_the_training_for_its_cost_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = threading.Event()
    waits: list[float | None] = []
    write, drain = SeriesWriter._write_step, SeriesWriter.drain

    def slow(self: SeriesWriter, record: Any) -> None:
        gate.wait()
        write(self, record)

    def timed(self: SeriesWriter, timeout: float | None = None, stall: float | None = None) -> bool:
        waits.append(timeout)
        gate.set() if timeout is None else None
        return drain(self, timeout, stall)

    monkeypatch.setattr(fit_logger, "COST_SECONDS", 0.1)
    monkeypatch.setattr(SeriesWriter, "_write_step", slow)
    monkeypatch.setattr(SeriesWriter, "drain", timed)
    fit(build(), [callback(tmp_path)], epochs=3)
    assert waits == [0.1, None]  # and the end of `fit`
    assert "Attention log:" not in capsys.readouterr().out
    assert tb_attention.load(tmp_path).steps == [0, 1, 2]


def maps(weights: np.ndarray) -> Site:
    samples, heads, queries, keys = weights.shape
    axes = (Axis("samples", samples), Axis("heads", heads), Axis("query", queries), Axis("key", keys))
    return Site("a", "self", axes, weights.astype(np.float32))


@pytest.mark.parametrize("keys", [128, 300])
def test_uniform_maps_are_counted_as_they_will_be(keys: int, tmp_path: Path) -> None:
    trained = np.random.default_rng(0).dirichlet(np.full(keys, 0.1), size=(2, 4, keys))
    uniform = np.full_like(trained, 1 / keys)
    writer = SeriesWriter(tmp_path, "attention", 1)
    writer.submit(StepRecord(step=0, sites=(maps(trained),)))
    writer.close()
    assert writer.first_step is not None
    (path,) = tmp_path.rglob("step-*")
    assert writer.first_step.file == path.stat().st_size
    assert 0.6 < trained_bytes([maps(uniform)]) / path.stat().st_size < 1.7
    assert trained_bytes([maps(trained)]) == 0  # what it takes is known
    causal = np.tri(keys) / np.tri(keys).sum(1, keepdims=True)
    causal = np.broadcast_to(causal, trained.shape)
    assert trained_bytes([maps(causal)]) == pytest.approx(trained_bytes([maps(uniform)]) / 2, rel=0.01)


def test_the_sentence_names_what_an_epoch_and_all_of_them_take() -> None:
    step = StepBytes(3_000_000, 100_000, 500_000)
    assert (
        cost_sentence(step, None, 10, 100, 2_000_000_000, "logs/run1")
        == "Attention log: about 3.1 MB an epoch, 310 MB for 100, in logs/run1."
    )
    assert "3.1 MB an epoch, 3.6 MB for 1, " in cost_sentence(step, None, 10, 1, None, "logs")  # and the samples
    assert "3.1 MB an epoch, 6.7 MB for 1, " in cost_sentence(step, None, 10, 1, None, "logs", init=True)
    assert cost_sentence(step, 5, 10, 1000, 2_000_000_000, "logs").endswith(
        "about 6.2 MB an epoch, 6.2 GB for 1000, in logs. Older steps will be thinned out to stay below 2 GB (max_bytes)."
    )
    assert cost_sentence(step, None, 10, 2, None, "logs", trained=9_000_000).endswith(
        ", in logs. Maps are almost uniform as yet; later a step will take about 9.1 MB."
    )
    assert cost_sentence(step, 5, None, 2, None, "logs") == "Attention log: about 3.1 MB a step, in logs."
