"""Which step of a training is the best by the monitored metric."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

from tb_attention.records.writing.arguments import checked_mode

Mark = dict[str, Any]
"""What the status says of the best step: "step", "epoch", "batch", "monitor" (the metric that it is the best by), "value",
"mode", and "metrics": all metrics of the step, at most 32 of them."""

_LARGER_IS_BETTER = ("acc", "auc", "f1")
_MOST_METRICS = 32


class Monitor:
    """The metric by which steps are compared.

    Args:
        name: Its name among the metrics of a step. Where a step lacks it, "val_loss" stands in, or else "loss".
        mode: "min", "max", or "auto": "max" for names with "acc", "auc" or "f1".
        warn: Gets a sentence when another metric stands in. Defaults to None.

    Raises:
        ArgumentError: `mode` is none of these.
    """

    def __init__(self, name: str = "val_loss", mode: str = "auto", warn: Callable[[str], None] | None = None) -> None:
        self._name = name
        self._mode = checked_mode(mode)
        self._warn = warn

    def better(
        self,
        best: Mark | None,
        step: Any,
        metrics: Mapping[str, float],
        epoch: int | None = None,
        batch: int | None = None,
    ) -> Mark | None:
        """The better of the best step so far and another one.

        A step that is the best by a stand-in gives way to the first one that has the metric.

        Args:
            best: The best step so far, or None.
            step: The other one.
            metrics: Its metrics.
            epoch: Its epoch, from 0, where it has one. Defaults to None.
            batch: The number of batches before it, where it is known. Defaults to None.
        """
        name = next((name for name in (self._name, "val_loss", "loss") if name in metrics), None)
        self._warn_of_stand_in(name, metrics)
        if name is None or not math.isfinite(metrics[name]):
            return best
        mark = {
            "step": step,
            "epoch": epoch,
            "batch": batch,
            "monitor": name,
            "value": metrics[name],
            "mode": self._mode_of(name),
            "metrics": dict(itertools.islice(metrics.items(), _MOST_METRICS)),
        }
        if best is None:
            return mark
        if best["monitor"] != name:
            keeps = name != self._name and best["monitor"] in (self._name, "val_loss")
            return best if keeps else mark
        return mark if self._score(mark) > self._score(best) else best

    def _mode_of(self, name: str) -> str:
        """Whether the smallest or the largest value of a metric is the best."""
        if self._mode != "auto":
            return self._mode
        return "max" if any(word in name for word in _LARGER_IS_BETTER) else "min"

    def _score(self, mark: Mark) -> float:
        """The larger, the better."""
        value: float = mark["value"]
        return value if self._mode_of(mark["monitor"]) == "max" else -value

    def _warn_of_stand_in(self, name: str | None, metrics: Mapping[str, float]) -> None:
        if self._warn is None or self._name in metrics or (self._name == "val_loss" and name == "loss"):
            return
        instead = "no best epoch is marked" if name is None else f"{name!r} marks the best epoch instead"
        known = [metric for metric in metrics if metric != "learning_rate"]
        self._warn(f"An epoch has no metric {self._name!r} (`monitor`); {instead}. Metrics of the epoch: {known}.")
