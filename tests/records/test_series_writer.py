"""The writer beneath callbacks."""

from __future__ import annotations

import copy
import json
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_attention.errors import ArgumentError, LogError
from tb_attention.records.format.step_record import ConfusionRecord, Prediction, StepRecord
from tb_attention.records.reading.reader import load
from tb_attention.records.samples.samples import Samples
from tb_attention.records.writing import attempt_files as module
from tb_attention.records.writing import summaries
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.site import Axis, Site

from . import logs


def test_nothing_exists_before_the_first_write(tmp_path: Path) -> None:
    threads = threading.active_count()
    writer = SeriesWriter(tmp_path / "run", "attention", 1)
    again = pickle.loads(pickle.dumps(copy.deepcopy(writer)))
    assert threading.active_count() == threads
    assert not (tmp_path / "run").exists()
    assert writer.close()
    assert not (tmp_path / "run").exists()
    assert again.submit(logs.record(0))
    assert again.close(10)
    assert load(tmp_path / "run").steps == [0]


def test_a_step_that_cannot_be_written_is_reported_and_the_next_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[tuple[Any, str]] = []
    writer = SeriesWriter(tmp_path, "attention", 1, on_failure=lambda step, error: reported.append((step, str(error))))
    whole = module.attention_members

    def fails_at_1(record: StepRecord, made: Any) -> Any:
        if record.step == 1:
            raise OSError("No space left on device")
        return whole(record, made)

    monkeypatch.setattr(module, "attention_members", fails_at_1)
    for step in range(3):
        assert writer.submit(logs.record(step))
    assert writer.close(10)
    assert reported == [(1, "No space left on device")]
    assert [step for step, _ in writer.failures] == [1]
    assert load(tmp_path).steps == [0, 2]
    assert not list(logs.attempt_directory(tmp_path).glob(".tmp-*"))


def test_a_broken_record_is_a_log_error(tmp_path: Path) -> None:
    writer = SeriesWriter(tmp_path, "attention", 1)
    headless = Site("a", "self", (Axis("samples", 1), Axis("query", 2), Axis("key", 2)), logs.rows(1, 2, 2))
    writer.submit(logs.record(0, sites=(headless,)))
    writer.close(10)
    step, error = writer.failures[0]
    assert step == 0
    assert isinstance(error, ArgumentError)
    assert "must begin with samples and heads" in str(error)


def test_a_failing_event_file_loses_no_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[Any] = []
    monkeypatch.setattr(summaries, "maps_summary", lambda *_: 1 / 0)
    writer = SeriesWriter(tmp_path, "attention", 1, on_failure=lambda *failure: reported.append(failure))
    writer.submit(logs.record(0))
    writer.close(10)
    assert load(tmp_path).steps == [0]
    assert reported == []
    assert writer.failures[0][0] is None


def test_a_full_queue_refuses_a_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    whole = module.digest
    monkeypatch.setattr(module, "digest", lambda *arguments: (gate.wait(10), whole(*arguments))[1])
    writer = SeriesWriter(tmp_path, "attention", 1)
    taken = [writer.submit(logs.record(step), timeout=0.01) for step in range(10)]
    assert not all(taken)
    gate.set()
    assert writer.close(10)
    assert load(tmp_path).steps == [step for step in range(10) if taken[step]]


def test_masks_of_the_samples_leave_padding_out_of_the_measures(tmp_path: Path) -> None:
    samples = Samples(np.array([[5, 6, 0, 0]]), masks=[[1, 1, 0, 0]])
    weights = np.array([[1, 0, 0, 0], [1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0]], np.float32)[None, None]
    axes = (
        Axis("samples", 1),
        Axis("heads", 1),
        Axis("query", 4, "tokens", input=0),
        Axis("key", 4, "tokens", input=0),
    )
    writer = SeriesWriter(tmp_path, "attention", 1)
    name = writer.write_samples(samples)
    writer.submit(logs.record(0, sites=(Site("a", "self", axes, weights),), samples=name))
    writer.close(10)
    measures = load(tmp_path).measures(0)[0, 0]
    assert measures[0] == pytest.approx(0, abs=1e-6)
    assert measures[3] == pytest.approx(1)


def test_status_keeps_what_was_said_before(tmp_path: Path) -> None:
    writer = SeriesWriter(tmp_path, "attention", 1)
    writer.write_status(epochs=20, best={"step": 3, "monitor": "val_loss"}, fraction=float("nan"))
    writer.write_status(epoch=7, state="finished")
    writer.close(10)
    status = json.loads((logs.attempt_directory(tmp_path) / "status.json").read_text())
    assert status["schema"] == 1
    assert (status["epochs"], status["epoch"], status["state"]) == (20, 7, "finished")
    assert status["best"]["step"] == 3
    assert status["fraction"] == "NaN"
    assert status["dropped"] == []


def test_a_step_written_again_replaces_the_old_one(tmp_path: Path) -> None:
    logs.write_steps(tmp_path, [0, 1])
    writer = SeriesWriter(tmp_path, "attention", 1)
    writer.submit(logs.record(0, logs={"loss": 5.0}))
    writer.close(10)
    log = load(tmp_path)
    assert log.steps == [0, 1]
    assert log.logs(0) == {"loss": 5.0}


def test_a_step_without_sites_is_a_step(tmp_path: Path) -> None:
    writer = SeriesWriter(tmp_path, "attention", 1)
    writer.submit(StepRecord(0, predictions=(Prediction(1), None)))
    writer.close(10)
    log = load(tmp_path)
    assert writer.failures == []
    assert log.sites == []
    assert log.predictions(0) == (Prediction(1), None)
    assert log.measures(0).shape == (2, 0, 6)


@pytest.mark.parametrize("classes", [3, 200])
@pytest.mark.parametrize("kind", [np.int64, np.float64])
def test_matrices_come_back_dense_or_sparse(tmp_path: Path, classes: int, kind: type) -> None:
    rng = np.random.default_rng(0)
    matrix = np.zeros((classes, classes), kind)
    for truth, predicted in rng.integers(0, classes, (300, 2)):
        matrix[truth, predicted] += 1
    names = tuple(f"class {index}" for index in range(classes))
    writer = SeriesWriter(tmp_path, "confusion", 1)
    large = np.full((classes, classes), 2**40, np.int64)
    writer.submit(ConfusionRecord(4, {"validation": matrix, "training": large}, class_names=names))
    writer.close(10)
    log = load(tmp_path)
    back = log.confusion_matrix(4)
    assert back.dtype == kind
    np.testing.assert_array_equal(back, matrix)
    np.testing.assert_array_equal(log.confusion_matrix(4, split="training"), large)
    manifest = log._steps.listed.entries[0].manifest
    assert manifest.splits["validation"].encoding == ("sparse" if classes == 200 else "dense")
    assert manifest.splits["validation"].examples == 300
    assert manifest.class_names == names


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"splits": {}}, "at least one matrix"),
        ({"splits": {"validation": np.zeros((2, 3))}}, r"shape \(classes, classes\)"),
        ({"splits": {"a/b": np.zeros((2, 2))}}, "letters, digits"),
        ({"splits": {"a": np.zeros((2, 2), complex)}}, "must hold counts"),
        ({"class_names": ("one",)}, "a name for each of the 2 classes"),
        ({"step": -1}, "`step` must be"),
    ],
)
def test_wrong_matrices_are_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        ConfusionRecord(**({"step": 0, "splits": {"validation": np.zeros((2, 2), int)}} | arguments))


def test_wrong_records_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"same samples. Received: counts \[1, 2\]"):
        StepRecord(0, sites=(logs.site("a", samples=1), logs.site("b", samples=2)))
    with pytest.raises(ArgumentError, match="3 predictions for 2 samples"):
        StepRecord(0, sites=(logs.site(),), predictions=(None,) * 3)


def test_anything_else_that_fails_is_a_log_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "digest", lambda *_: 1 / 0)
    writer = SeriesWriter(tmp_path, "attention", 1)
    writer.submit(logs.record(0))
    writer.close(10)
    assert isinstance(writer.failures[0][1], LogError)
    assert "ZeroDivisionError" in str(writer.failures[0][1])
