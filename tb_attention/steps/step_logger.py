"""Logs the attention of a model in any training loop: what the loggers of frameworks share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any

from tb_attention.records.format.paths import Step
from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.writing.arguments import (
    checked_bytes,
    checked_count,
    checked_header,
    checked_indices,
)
from tb_attention.records.writing.attention_writer import AttentionWriter
from tb_attention.records.writing.budget import MAX_BYTES
from tb_attention.reduce.long_axes import MAX_POSITIONS
from tb_attention.site import Axis
from tb_attention.steps.failures import Warnings, guarded
from tb_attention.steps.grouped_capture import MAX_CAPTURE_BYTES
from tb_attention.steps.module_recorder import ModuleRecorder


class StepLogger:
    """Logs a model for a few samples, each time `step` is called. The logger of a framework says which models, and which process.

    Args:
        model, samples, log_dir, tag, max_samples, class_names, tokenizer, axes, sites, max_bytes, max_positions, full_rows,
            max_capture_bytes: As for `tb_attention.torch.AttentionLogger`.

    Raises:
        ArgumentError: An argument is wrong.
    """

    @staticmethod
    def check(model: Any) -> None:
        """Raises ArgumentError if the model is of another framework."""
        raise NotImplementedError

    @staticmethod
    def is_first_process() -> bool:
        """Whether this process logs, of several that train one model."""
        raise NotImplementedError

    def __init__(
        self,
        model: Any,
        samples: Any,
        log_dir: str | os.PathLike[str],
        *,
        tag: str = "attention",
        max_samples: int = 32,
        class_names: Iterable[str] | None = None,
        tokenizer: Any = None,
        axes: Mapping[str, Sequence[Axis]] | None = None,
        sites: str | Iterable[str] | Callable[[str], bool] | None = None,
        max_bytes: float | None = MAX_BYTES,
        max_positions: int = MAX_POSITIONS,
        full_rows: Sequence[int] = (),
        max_capture_bytes: float = MAX_CAPTURE_BYTES,
    ) -> None:
        self.warnings = Warnings()
        self.check(model)
        self._is_first = self.is_first_process()
        self._recorder = ModuleRecorder(
            model,
            samples,
            max_samples=checked_count("max_samples", max_samples, least=1),
            class_names=class_names,
            tokenizer=tokenizer,
            axes=dict(axes or {}),
            sites=sites,
            max_positions=checked_count("max_positions", max_positions, least=1),
            full_rows=checked_indices("full_rows", full_rows, "queries"),
            max_capture_bytes=checked_bytes("max_capture_bytes", max_capture_bytes),
            warn=lambda sentence: self.warnings.warn("memory", sentence),
        )
        self._writer = AttentionWriter(log_dir, tag=tag, samples=self._recorder.samples, max_bytes=max_bytes)
        if self._is_first:
            self._recorder.check_names()

    def __enter__(self) -> StepLogger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(finished=kind is None)

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Names of the classes, by index; None where none are known."""
        return self._recorder.samples.class_names

    def step(
        self,
        step: Step,
        metrics: Mapping[str, Any] | None = None,
        *,
        epoch: int | None = None,
        batch: int | None = None,
    ) -> None:
        """Logs the model as it is now.

        Args:
            step: An integer of at least 0, such as the epoch or the count of batches, or "init" for the model before training.
            metrics: Numbers by name, such as the loss. The step with the smallest "val_loss" (or "loss", if there is none) is
                marked as the best. Defaults to none.
            epoch: From 0. Training that starts at a later epoch continues the newest attempt. Defaults to none.
            batch: Batches that the model has seen. Defaults to none.

        Raises:
            ArgumentError: An argument is wrong.
        """
        record = self.record(**checked_header(step, metrics, epoch, batch))
        if record is not None:
            self.write(record)

    def close(self, *, finished: bool = True) -> None:
        """Writes what waits and ends the log.

        Args:
            finished: Whether the training is over, and was not stopped by an error. Defaults to True.
        """
        if self._is_first:
            self._close(finished)

    @guarded("The attention of a step")
    def record(self, step: Step, logs: Mapping[str, float], epoch: int | None, batch: int | None) -> StepRecord | None:
        """Captures the model as it is now; None in a process that does not log, and where it fails, with a warning."""
        if not self._is_first:
            return None
        record = self._recorder.record(step, epoch=epoch, batch=batch, logs=logs)
        for kind, sentence in self._recorder.missing():
            self.warnings.warn(kind, sentence)
        return record

    @guarded("The attention of a step")
    def write(self, record: StepRecord) -> None:
        """Hands over a step that was recorded."""
        self._writer.write_record(record)

    @guarded("The end of the attention log")
    def _close(self, finished: bool) -> None:
        self._writer.finish("finished" if finished else "stopped")
