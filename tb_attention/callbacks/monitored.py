"""Which step is the best so far, by the metric that is monitored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tb_attention.callbacks.failures import Warnings

Best = tuple[float, dict[str, Any]]
"""The score of the best step, the larger the better, and what the status says of it."""


class Monitored:
    """The metric by which steps are compared.

    Args:
        name: Its name among the metrics of an epoch. Where it is missing, "val_loss" stands in, or "loss".
        mode: "min", "max", or "auto": "max" for names with "acc", "auc" or "f1".
        warnings: Get that something stands in.
    """

    def __init__(self, name: str, mode: str, warnings: Warnings) -> None:
        self._name = name
        self._mode = mode
        self._warnings = warnings

    def better(self, best: Best | None, step: int, logs: Mapping[str, float]) -> Best | None:
        """The best of the best step so far and another one.

        A step that is the best by a stand-in gives way to the first one that has the metric.

        Args:
            best: The best step so far, or None.
            step: The other one.
            logs: Its metrics.
        """
        name = next((name for name in (self._name, "val_loss", "loss") if name in logs), None)
        self._say_stand_in(name, logs)
        value = None if name is None else logs[name]
        if name is None or value is None or math.isnan(value):
            return best
        by = None if best is None else best[1]["monitor"]
        if by is not None and by != name:
            if name != self._name and by in (self._name, "val_loss"):
                return best
            best = None
        score = self.score(name, value)
        if best is None or score > best[0]:
            return score, {"step": step, "monitor": name, "value": value}
        return best

    def score(self, name: str, value: float) -> float:
        """The larger, the better."""
        larger = self._mode == "max" or (self._mode == "auto" and any(word in name for word in ("acc", "auc", "f1")))
        return value if larger else -value

    def _say_stand_in(self, name: str | None, logs: Mapping[str, float]) -> None:
        if self._name in logs or (self._name == "val_loss" and name == "loss"):
            return
        there = [metric for metric in logs if metric != "learning_rate"]
        self._warnings.warn(
            "monitor",
            f"An epoch has no metric {self._name!r} (`monitor`); "
            + ("no best epoch is marked. " if name is None else f"{name!r} marks the best epoch in its place. ")
            + f"There are: {there}.",
        )
