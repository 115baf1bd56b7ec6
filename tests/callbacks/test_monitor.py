"""The metric whose best epoch is marked, and the metrics that replace it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import tb_attention
from tb_attention.errors import ArgumentError, AttentionWarning
from tb_attention.records.writing.best_step import Monitor
from tests.callbacks.trainings import X, Y, build, callback, fit, status


class Metric(keras.callbacks.Callback):
    """Adds a metric by epoch; NaN and None where it has none."""

    def __init__(self, name: str, values: list[float | None]) -> None:
        super().__init__()
        self.name, self.values = name, values

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.values[epoch] is not None:
            logs[self.name] = self.values[epoch]


def test_val_loss_replaces_a_missing_metric(tmp_path: Path) -> None:
    with pytest.warns(AttentionWarning, match=r"no metric 'val_auc'.*'val_loss' marks.*\['accuracy', 'loss'") as said:
        history = fit(build(), [callback(tmp_path, monitor="val_auc")], epochs=3, validation_data=(X, Y))
    assert len([1 for warning in said if "val_auc" in str(warning.message)]) == 1
    best = status(tmp_path)["best"]
    assert (best["monitor"], best["step"]) == ("val_loss", int(np.argmin(history.history["val_loss"])))


def test_the_loss_replaces_val_loss_without_validation_and_without_a_warning(tmp_path: Path) -> None:
    fit(build(), [callback(tmp_path)])
    assert status(tmp_path)["best"]["monitor"] == "loss"


def test_a_metric_that_comes_later_is_not_compared_with_its_stand_in(tmp_path: Path) -> None:
    metric = Metric("val_score", [None, 0.2, None, 0.1])
    with pytest.warns(AttentionWarning, match="no metric 'val_score'"):
        fit(build(), [metric, callback(tmp_path, monitor="val_score", mode="max")], epochs=4)
    told = {"step": 1, "epoch": 1, "monitor": "val_score", "value": 0.2, "mode": "max"}
    assert status(tmp_path)["best"].items() >= told.items()


def test_the_best_step_brings_its_metrics_and_its_batches(tmp_path: Path) -> None:
    history = fit(build(), [callback(tmp_path)], epochs=3, validation_data=(X, Y))
    best = status(tmp_path)["best"]
    epoch = int(np.argmin(history.history["val_loss"]))
    reached = {name: values[epoch] for name, values in history.history.items()}
    assert best["metrics"] == pytest.approx({**reached, "learning_rate": 1e-3})
    assert best["batch"] == (epoch + 1) * history.params["steps"]


@pytest.mark.parametrize(
    ("name", "mode", "said"),
    [("val_auc", "auto", "max"), ("val_loss", "auto", "min"), ("val_loss", "max", "max"), ("val_acc", "min", "min")],
)
def test_the_status_says_which_way_the_metric_is_better(name: str, mode: str, said: str) -> None:
    monitor = Monitor(name, mode)
    best = monitor.better(monitor.better(None, 0, {name: 0.2}), 1, {name: 0.4})
    assert best is not None
    assert (best["step"], best["value"], best["mode"]) == ((1, 0.4, said) if said == "max" else (0, 0.2, said))


def test_an_epoch_without_a_value_is_not_the_best(tmp_path: Path) -> None:
    metric = Metric("val_score", [float("nan"), 0.2, 0.9])
    fit(build(), [metric, callback(tmp_path, monitor="val_score", mode="max")], epochs=3)
    assert status(tmp_path)["best"]["step"] == 2


@pytest.mark.parametrize("eight", [8.0, np.float64(8), np.int32(8)])
def test_counts_may_be_whole_floats_as_in_r(tmp_path: Path, eight: Any) -> None:
    logged = tb_attention.AttentionCallback(tmp_path, X, max_samples=eight, update_freq=eight, max_positions=eight)
    counted = tb_attention.ConfusionMatrixCallback(
        tmp_path, (X, Y), validation_steps=eight, batch_size=eight, examples=eight
    )
    for count in (logged.max_samples, logged.every, logged.max_positions, counted.validation_steps, counted.batch_size):
        assert count == 8
        assert type(count) is int


@pytest.mark.parametrize("count", [2.5, 0, -1.0, True, "8", None])
def test_other_values_than_counts_are_refused(tmp_path: Path, count: Any) -> None:
    with pytest.raises(ArgumentError, match=r"`max_samples` must be a positive integer\. Received: max_samples="):
        callback(tmp_path, max_samples=count)
