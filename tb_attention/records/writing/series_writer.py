"""Writes one attempt of one series: the training thread hands steps over, a daemon thread encodes and writes them."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable
from typing import Any

from tb_attention.errors import AttentionError, LogError
from tb_attention.records.format.paths import Step
from tb_attention.records.format.schema import ConfusionManifest
from tb_attention.records.format.step_record import AnyRecord, ConfusionRecord
from tb_attention.records.samples.samples import Samples
from tb_attention.records.writing import summaries
from tb_attention.records.writing.attempt_files import AttemptFiles, WrittenStep
from tb_attention.records.writing.background import Background
from tb_attention.records.writing.budget import StepBytes
from tb_attention.records.writing.event_file import EventFile, event_file_of
from tb_attention.records.writing.lease import Lease
from tb_attention.records.writing.series_status import SeriesStatus, write_status
from tb_attention.records.writing.summaries import is_summarised

# The first of them is raised or shown; a disk that stays full must not fill the memory.
_MOST_FAILURES = 1000

OnFailure = Callable[[Step, BaseException], None]


class SeriesWriter:
    """Writes the steps of one attempt. Opens no file and starts no thread before the first write.

    Args:
        log_dir: The run's directory, or a URL that fsspec knows.
        tag: The series.
        attempt: From `start_attempt`.
        on_failure: Called in the writer's thread with a step that could not be written, and why.
        summaries: Whether the event file gets overviews of steps. Defaults to True.
        max_bytes: Bytes that step files may take together. Beyond, steps are removed as `StepSizes.superfluous` says, but
            never the best and the restored one of the status. Defaults to None, no limit.
        lease: The right to write the attempt. Defaults to None: the caller knows that nobody else does.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        tag: str,
        attempt: int,
        *,
        on_failure: OnFailure | None = None,
        summaries: bool = True,
        max_bytes: int | None = None,
        lease: Lease | None = None,
    ) -> None:
        self.tag = tag
        self.attempt = attempt
        self.failures: list[tuple[Step | None, BaseException]] = []
        """Steps that could not be written, and why; None for index, status and event file, without which every step is there."""
        self.first_step: StepBytes | None = None
        """What the first step of this writer took on disk; None until it is written."""
        self._on_failure = on_failure
        self._lease = lease
        self._files = AttemptFiles(log_dir, tag, attempt, max_bytes)
        self._status = SeriesStatus(max_bytes)
        self._with_summaries = summaries
        self._event_file: EventFile | None = None
        self._maps_seen = 0
        self._left_out: Callable[[], Any] | None = None
        self._background = Background(self._note_failure, on_idle=self._flush, on_exit=self._say_stopped)

    def write_samples(self, samples: Samples) -> str:
        """Takes samples, and returns the name by which steps refer to them. They are written before the first such step."""
        return self._files.hold_samples(samples)

    def submit(self, record: AnyRecord, timeout: float | None = None) -> bool:
        """Queues a step. Its arrays must not be changed afterwards.

        Args:
            record: Of maps or of matrices.
            timeout: Seconds to wait while the queue is full. Defaults to None, no limit.

        Returns:
            False if there was no room in time: the step is not written.
        """
        return self._background.put(lambda: self._write(record), record.nbytes, timeout)

    def write_status(self, **fields: Any) -> None:
        """Updates the status file with some of the fields of docs/format.md; never waits."""
        updated = self._status.update(**fields)
        self._background.put_latest(lambda: self._write_status(updated))

    @property
    def thinned(self) -> dict[str, Any] | None:
        """What was removed for the budget, as in the status; None for nothing."""
        return self._status.thinned

    def drain(self, timeout: float | None = None, stall: float | None = None) -> bool:
        """Waits until all is written; False if that, or a single step, took longer than `timeout` or `stall` seconds."""
        return self._background.drain(timeout, stall)

    def close(self, timeout: float | None = None, stall: float | None = None) -> bool:
        """Writes what waits, and ends the thread; a later step starts it again. Returns as `drain` does."""
        if self._left_out is not None:
            self._background.put(self._add_last_summary, timeout=timeout)
        closed = self._background.close(timeout, stall)
        if closed and self._lease is not None:
            self._lease.release()
        if closed and self._event_file is not None:
            self._event_file.leave()
            self._event_file = None
        return closed

    def _write(self, record: AnyRecord) -> None:
        try:
            self._write_step(record)
        except Exception as error:
            self._fail(record.step, error)

    def _write_step(self, record: AnyRecord) -> None:
        self._check_lease()
        written = self._files.write(record)
        # The step itself is safe now, whatever happens to its summaries and its entry in the index.
        added = self._add_summaries(record, written)
        try:
            self._files.add_to_index(written.entry)
            self._status.removed += self._files.thin(written.entry, self._status.marked)
        except Exception as error:
            self._note_failure(error)
        if self.first_step is None:
            extra = added + self._files.entry_bytes()
            self.first_step = StepBytes(written.entry.file.size, extra, written.samples)

    def _add_summaries(self, record: AnyRecord, written: WrittenStep) -> int:
        """Adds a step to the event file; returns the bytes of its records."""
        manifest, made, file = written.entry.manifest, written.made, written.entry.file.name
        if isinstance(record, ConfusionRecord):
            assert isinstance(manifest, ConfusionManifest)
            added = self._summarise(record, lambda: summaries.matrix_summaries(record, manifest, file))
            return added + self._summarise(record, lambda: summaries.scalars_and_images(self.tag, record))
        assert made is not None
        self._maps_seen += 1
        if is_summarised(self._maps_seen):
            self._left_out = None
            return self._summarise(record, lambda: [summaries.maps_summary(made, file)])
        # What `record` holds of weights is not needed for it, and must not stay in memory.
        header = dataclasses.replace(record, sites=(), predictions=())
        self._left_out = functools.partial(self._summarise, header, lambda: [summaries.maps_summary(made, file)])
        return 0

    def _add_last_summary(self) -> None:
        """Adds the newest step, if it was left out: the writer ends."""
        if self._left_out is not None:
            self._left_out()
            self._left_out = None

    def _summarise(self, record: AnyRecord, make: Callable[[], list[Any]]) -> int:
        if not self._with_summaries:
            return 0
        try:
            if self._event_file is None:
                self._event_file = event_file_of(self._files.store)
                self._status.foreign = self._event_file.foreign
            return self._event_file.add(make(), record.step, record.wall_time)
        except Exception as error:
            self._note_failure(error)
            return 0

    def _write_status(self, fields: dict[str, Any]) -> None:
        self._check_lease()
        write_status(self._files.store, self._files.directory, self._status.completed(fields))

    def _say_stopped(self) -> None:
        """The process ends before the training is finished."""
        if self._left_out is not None:
            self._background.put(self._add_last_summary, timeout=0)
        if self._status.is_running:
            self.write_status(state="stopped")

    def _check_lease(self) -> None:
        if self._lease is not None:
            self._lease.check()

    def _flush(self) -> None:
        self._check_lease()
        self._files.flush()
        if self._event_file is not None:
            self._event_file.flush()

    def _note_failure(self, error: Exception) -> None:
        self._remember(None, _without_frames(error))

    def _fail(self, step: Step, error: Exception) -> None:
        ours = isinstance(error, AttentionError | OSError)
        known = _without_frames(error if ours else LogError(f"{type(error).__name__}: {error}"))
        self._remember(step, known)
        if self._on_failure is not None:
            self._on_failure(step, known)

    def _remember(self, step: Step | None, error: BaseException) -> None:
        if len(self.failures) < _MOST_FAILURES:
            self.failures.append((step, error))


def _without_frames(error: Exception) -> Exception:
    """The error without its traceback: the frames of that hold the arrays of the step."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
