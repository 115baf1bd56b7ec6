"""What all writers of series share: the attempt that the first step begins, failures, and the end."""

from __future__ import annotations

import os
import warnings
from types import TracebackType
from typing import TypeVar

from tb_attention.errors import AttentionWarning, LogError
from tb_attention.records.format.step_record import AnyRecord
from tb_attention.records.samples.samples import Samples
from tb_attention.records.writing.arguments import checked_optional_count
from tb_attention.records.writing.attempt_start import begin_attempt, join_attempt
from tb_attention.records.writing.series_logger import SeriesLogger

Writer = TypeVar("Writer", bound="StepWriter")


class StepWriter:
    """Writes one series in a thread of its own, from any training loop. Nothing is created before the first step.

    Args:
        log_dir, tag, attempt, summaries, max_bytes: As for `AttentionWriter`.

    Raises:
        ArgumentError: An argument is wrong.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        tag: str,
        *,
        attempt: int | None,
        summaries: bool,
        max_bytes: float | None,
    ) -> None:
        self._logger = SeriesLogger(log_dir, tag, summaries=summaries, max_bytes=max_bytes)
        self.log_dir = self._logger.log_dir
        self.tag = tag
        self.attempt = checked_optional_count("attempt", attempt, least=1)
        self._closed = False

    def __enter__(self: Writer) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish("finished" if kind is None else "stopped", check=kind is None)

    def flush(self) -> None:
        """Waits until every step is written.

        Raises:
            LogError: One could not be written.
        """
        self._logger.drain()
        self._raise_failures()

    def close(self) -> None:
        """Writes what waits and ends the writer.

        Raises:
            LogError: A step could not be written.
        """
        self.finish("finished")

    def finish(self, state: str, *, check: bool = True) -> None:
        """As `close`, with how the training ended, "finished" or "stopped"; raises nothing unless `check`."""
        if not self._closed:
            self._logger.write_status(state=state)
            self._logger.close()
        self._closed = True
        if check:
            self._raise_failures()

    def _check(self) -> None:
        """Raises LogError if an earlier step could not be written, or the writer is closed."""
        if self._closed:
            raise LogError("The writer is closed; make another one to go on.")
        self._raise_failures()

    def _hand_over(self, record: AnyRecord, samples: Samples | None = None) -> None:
        """Hands a step to the thread that writes it."""
        if self._logger.writer is None:
            if self.attempt is None:
                beginning = begin_attempt(self.log_dir, self.tag, record.epoch)
            else:
                beginning = join_attempt(self.log_dir, self.tag, self.attempt)
            self.attempt = beginning.attempt
            self._logger.open(beginning)
            if beginning.refused is not None:
                warnings.warn(beginning.refused, AttentionWarning, stacklevel=4)
        if record.step != "init":
            self._logger.note_best(record.step, record.logs, record.epoch, record.batch)
        self._logger.write_status(state="running", epoch=record.epoch)
        self._logger.log(record, samples)

    def _raise_failures(self) -> None:
        failures = self._logger.take_failures()
        if not failures:
            return
        for step, error in failures:
            if step is not None:
                raise LogError(
                    f"Step {step} of {self.tag!r} in {self._logger.shown} could not be written: {error}"
                ) from error
        warnings.warn(
            f"All steps of {self.tag!r} in {self._logger.shown} are written, but not the index, the status or the event file: "
            f"{failures[0][1]}",
            AttentionWarning,
            stacklevel=3,
        )
