"""Logs the attention of a PyTorch module in any training loop."""

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
from tb_attention.torch.processes import is_first_process


class AttentionLogger:
    """Logs the weights of all attention heads of a module for a few samples, each time `step` is called.

    Each step is a separate pass of the module at inference. The module, its gradients and the random generators are the same
    afterwards, so training results are bit-identical to those without the logger. Weights are encoded and written in a separate
    thread. Of several processes (`torch.distributed`) the first one logs; `step` does nothing in the others.

    Args:
        model: The module.
        samples: The examples to follow: `(inputs, labels)`; inputs, such as a tensor or a tokenizer's `BatchEncoding`; a list of
            examples; a dataset with examples by index; a `DataLoader`, whose dataset and `collate_fn` are used; or a
            `tb_attention.Samples`. Labels may be in dicts, as "labels". The first `max_samples` are copied.
        log_dir: The run's directory, below the `--logdir` of TensorBoard: a path, or a URL that fsspec knows.
        tag: Name of the series. Defaults to "attention".
        max_samples: Number of samples to follow, at least 1. Defaults to 32.
        class_names: Names of the classes, in the order of the classes. Defaults to those in the configuration of a model of
            Hugging Face, those of a `tb_attention.Samples`, or the indices.
        tokenizer: Turns ids into words: a tokenizer of Hugging Face, or a function from one sequence of ids to a list of strings.
        axes: Axes by site path, for sites where detection fails. Defaults to the detected axes.
        sites: The path of a site or of a module that contains some, a pattern ("*attention*"), several of these, or a function
            of a site's path that returns whether to log it. Defaults to all.
        max_bytes: Bytes that the steps may take on disk. Beyond, steps are removed: the first, the last and the best stay, and
            older steps are thinned more. Defaults to 2e9; None for no limit.
        max_positions: Maps with more queries or keys are pooled by maximum before they are stored. Defaults to 1024.
        full_rows: Indices of queries whose rows are also stored unpooled (-1 is the last). Defaults to none.
        max_capture_bytes: Bytes of weights to capture at once; more samples are captured in chunks. Defaults to 256e6.

    Raises:
        ArgumentError: An argument is wrong. Later failures cost one warning each kind (`tb_attention.errors.AttentionWarning`)
            and never stop a training.

    Example:
        with tb_attention.torch.AttentionLogger(model, (x_val[:8], y_val[:8]), "logs/run1") as logger:
            for epoch in range(10):
                ...
                logger.step(epoch, metrics={"val_loss": loss})
    """

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
        self._is_first = is_first_process()
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

    def __enter__(self) -> AttentionLogger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(finished=kind is None)

    def step(
        self,
        step: Step,
        metrics: Mapping[str, Any] | None = None,
        *,
        epoch: int | None = None,
        batch: int | None = None,
    ) -> None:
        """Logs the module as it is now.

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
        """Captures the module as it is now; None in a process that does not log, and where it fails, with a warning."""
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
