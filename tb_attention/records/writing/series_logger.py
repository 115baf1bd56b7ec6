"""Logs one series of a run: its attempt, its samples, its steps, the best of them and its status."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tb_attention.records.format.paths import Step
from tb_attention.records.format.step_record import AnyRecord, StepRecord
from tb_attention.records.samples.samples import Samples
from tb_attention.records.store.opening import checked_directory
from tb_attention.records.store.reaching import shown_url
from tb_attention.records.writing.arguments import checked_limit, checked_tag
from tb_attention.records.writing.attempt_start import Beginning
from tb_attention.records.writing.best_step import Mark, Monitor
from tb_attention.records.writing.series_writer import OnFailure, SeriesWriter

# More would make the status as large as the steps.
_MOST_DROPPED = 200


@dataclass
class SeriesState:
    """What is known of a series. Another logger of the same training continues from here.

    Attributes:
        attempt: The attempt that the series is logged into; None until there is one.
        best: The best step so far.
        dropped: Steps that could not be written, as in the status.
        thinned: Steps that were removed for the budget, as in the status.
    """

    attempt: int | None = None
    best: Mark | None = None
    dropped: list[dict[str, Any]] = field(default_factory=list)
    thinned: dict[str, Any] | None = None


class SeriesLogger:
    """Hands the steps of one series to a writer in another thread. Opens nothing before `open`, and can be pickled until then.

    Args:
        log_dir: The run's directory, or a URL that fsspec knows.
        tag: Name of the series.
        monitor: Compares steps. Defaults to "val_loss", or else "loss".
        summaries: Whether the event file gets overviews of steps. Defaults to True.
        max_bytes: Bytes that step files may take together. Defaults to None, no limit.
        on_failure: Called in the writer's thread with a step that could not be written, and why. Defaults to None.

    Raises:
        ArgumentError: `log_dir`, `tag` or `max_bytes` is wrong.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        tag: str,
        *,
        monitor: Monitor | None = None,
        summaries: bool = True,
        max_bytes: float | None = None,
        on_failure: OnFailure | None = None,
    ) -> None:
        self.log_dir = checked_directory(log_dir)
        self.shown = shown_url(self.log_dir)
        """`log_dir` for people."""
        self.tag = checked_tag(tag)
        self.max_bytes = checked_limit("max_bytes", max_bytes)
        self.state = SeriesState()
        self.writer: SeriesWriter | None = None
        self.failures: list[tuple[Step | None, BaseException]] = []
        """Steps that could not be written, and why, as `SeriesWriter` collects them."""
        self._monitor = monitor or Monitor()
        self._summaries = summaries
        self._on_failure = on_failure
        self._samples: tuple[Samples, str] | None = None

    def open(self, beginning: Beginning) -> None:
        """Begins to write into an attempt."""
        self.state.attempt = beginning.attempt
        self._samples = None
        self.writer = SeriesWriter(
            self.log_dir,
            self.tag,
            beginning.attempt,
            on_failure=self._on_failure,
            summaries=self._summaries,
            max_bytes=self.max_bytes,
            lease=beginning.lease,
        )
        self.failures = self.writer.failures

    def log(self, record: AnyRecord, samples: Samples | None = None, timeout: float | None = None) -> bool:
        """Hands a step over. Its arrays must not be changed afterwards.

        Args:
            record: Of maps or of matrices.
            samples: The samples of a step of maps; they are written once.
            timeout: Seconds to wait while the queue is full. Defaults to None, no limit.

        Returns:
            False if there was no room in time: the step is not written.
        """
        assert self.writer is not None
        if samples is not None and isinstance(record, StepRecord):
            if self._samples is None or self._samples[0] is not samples:
                self._samples = samples, self.writer.write_samples(samples)
            record = dataclasses.replace(record, samples=self._samples[1])
        return self.writer.submit(record, timeout)

    def take_failures(self) -> list[tuple[Step | None, BaseException]]:
        """The failures since the last call."""
        return [self.failures.pop(0) for _ in range(len(self.failures))]

    def note_best(
        self, step: Step, metrics: Mapping[str, float], epoch: int | None = None, batch: int | None = None
    ) -> None:
        """Marks a step if it is the best so far."""
        self.state.best = self._monitor.better(self.state.best, step, metrics, epoch, batch)

    def drop(self, step: Step, reason: str) -> None:
        """Names a step in the status that could not be logged."""
        self.state.dropped = [*self.state.dropped, {"step": step, "reason": reason}][-_MOST_DROPPED:]

    def write_status(self, **fields: Any) -> None:
        """Updates the status file with fields of docs/format.md, and with what is known of the steps; never waits."""
        if self.writer is not None:
            known = {name: value for name, value in dataclasses.asdict(self.state).items() if name != "attempt"}
            self.writer.write_status(**known, **fields)

    def drain(self, timeout: float | None = None, stall: float | None = None) -> bool:
        """Waits until all is written; False if that, or a single step, took longer than `timeout` or `stall` seconds."""
        return self.writer is None or self.writer.drain(timeout, stall)

    def close(self, stall: float | None = None) -> bool:
        """Writes what waits and ends the writer; returns as `drain` does."""
        if self.writer is None:
            return True
        writer, self.writer = self.writer, None
        closed = writer.close(stall=stall)
        self.state.thinned = writer.thinned or self.state.thinned
        return closed
