"""Which attempt a training that starts now belongs to."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from tb_attention.records.format import paths
from tb_attention.records.reading.opened_attempt import OpenedAttempt
from tb_attention.records.reading.series import find_attempts, list_attempts
from tb_attention.records.store.leftovers import remove_leftovers
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.store import Store


@dataclass(frozen=True)
class Beginning:
    """Where a training that begins now is logged.

    Attributes:
        attempt: From 1.
        continued: Whether it continues an attempt that has steps.
        batches: Batches that the model had seen at the last step that stays; 0 for a new attempt.
    """

    attempt: int
    continued: bool = False
    batches: int = 0


def start_attempt(log_dir: str | os.PathLike[str], tag: str, epoch: int | None = None) -> int:
    """The number of the attempt that `begin_attempt` gives."""
    return begin_attempt(log_dir, tag, epoch).attempt


def begin_attempt(log_dir: str | os.PathLike[str], tag: str, epoch: int | None = None) -> Beginning:
    """The attempt of a training that begins now. Temporary files of killed trainings are removed.

    Args:
        log_dir: The run's directory or URL.
        tag: The series.
        epoch: The first epoch, from 0 as Keras counts, or None where there are no epochs.

    Returns:
        For epoch 0 or None a new attempt. For a later epoch the newest attempt that has steps, if there is one: its steps
        of this epoch and later are moved to `superseded-<time>/` and are no longer listed.
    """
    store = open_store(log_dir)
    folder = paths.tag_folder(tag)
    attempts = list_attempts(store, folder)
    for attempt in attempts:
        remove_leftovers(store, paths.attempt_directory(folder, attempt))
    if epoch and attempts:
        newest = find_attempts(store, folder).open()
        if newest.steps:
            return Beginning(newest.number, continued=True, batches=_supersede(store, newest, epoch))
    attempt = attempts[-1] + 1 if attempts else 1
    # The new directory is the reservation: two trainings that start at once get one each.
    while not store.make_new_directory(paths.attempt_directory(folder, attempt)):
        attempt += 1
    return Beginning(attempt)


def _supersede(store: Store, opened: OpenedAttempt, epoch: int) -> int:
    """Moves steps of this epoch and later aside; returns the batches seen at the last step that stays."""
    aside = opened.path(f"superseded-{time.time_ns() // 1_000_000}")
    moved, batches = False, 0
    for entry in opened.list_steps().entries:
        manifest = entry.manifest
        if manifest.step != "init" and manifest.epoch is not None and manifest.epoch >= epoch:
            store.move(opened.path(entry.file.name), f"{aside}/{entry.file.name}")
            moved = True
        else:
            batches = max(batches, manifest.batch or 0)
    if moved:
        # The writer makes the index anew; a reader would skip the entries of the moved steps one by one.
        for name in filter(paths.is_index_file, opened.files.others):
            store.remove(opened.path(name))
    return batches
