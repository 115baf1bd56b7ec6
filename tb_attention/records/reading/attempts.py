"""Which attempts a series has, and which one a training that starts now belongs to."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from tb_attention.records.format import paths
from tb_attention.records.reading.listing import list_steps
from tb_attention.records.store.leftovers import remove_leftovers
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.store import Store


@dataclass(frozen=True)
class Beginning:
    """Where a training that begins now is logged.

    Attributes:
        attempt: From 1.
        continued: Whether it goes on with an attempt that has steps.
        batches: Batches that the model had seen at the last step that stays; 0 for a new attempt.
    """

    attempt: int
    continued: bool = False
    batches: int = 0


def list_tags(store: Store) -> list[str]:
    """Directory names of the tags that a run has, sorted."""
    return [entry.name for entry in store.entries(paths.ROOT) if entry.is_directory and paths.is_tag_folder(entry.name)]


def list_attempts(store: Store, folder: str) -> list[int]:
    """Attempts of a series, in order; `folder` is the directory name of its tag."""
    numbers = [
        paths.attempt_number(entry.name) for entry in store.entries(f"{paths.ROOT}/{folder}") if entry.is_directory
    ]
    return sorted(number for number in numbers if number is not None)


def begun_attempts(store: Store, folder: str) -> list[int]:
    """The attempts of a series up to the newest that has a step; all of them where none has.

    A training that has only begun, or was killed before its first step, must not hide the one before it.
    """
    attempts = list_attempts(store, folder)
    for place in range(len(attempts), 0, -1):
        if _has_steps(store, f"{paths.ROOT}/{folder}/{attempts[place - 1]}"):
            return attempts[:place]
    return attempts


def start_attempt(log_dir: str | os.PathLike[str], tag: str, epoch: int | None = None) -> int:
    """The number of the attempt that `begin_attempt` gives."""
    return begin_attempt(log_dir, tag, epoch).attempt


def begin_attempt(log_dir: str | os.PathLike[str], tag: str, epoch: int | None = None) -> Beginning:
    """The attempt that a training belongs to which begins now. Temporary files of killed ones are removed.

    Args:
        log_dir: The run's directory or URL.
        tag: The series.
        epoch: The first epoch, from 0 as Keras counts, or None where there are no epochs.

    Returns:
        With epoch 0 or None a new attempt. With a later epoch, where there is an attempt with steps, the newest such: its steps
        of this epoch and later are moved aside, into `superseded-<time>/`, and are no longer listed.
    """
    store = open_store(log_dir)
    folder = paths.tag_folder(tag)
    attempts = list_attempts(store, folder)
    for attempt in attempts:
        remove_leftovers(store, f"{paths.ROOT}/{folder}/{attempt}")
    if epoch and attempts:
        newest = begun_attempts(store, folder)[-1]
        directory = f"{paths.ROOT}/{folder}/{newest}"
        if _has_steps(store, directory):
            return Beginning(newest, continued=True, batches=_supersede(store, directory, epoch))
    attempt = attempts[-1] + 1 if attempts else 1
    # The directory is the reservation: of two trainings that start at once each gets its own.
    while not store.make_new_directory(f"{paths.ROOT}/{folder}/{attempt}"):
        attempt += 1
    return Beginning(attempt)


def _has_steps(store: Store, directory: str) -> bool:
    return any(paths.file_step(entry.name) is not None for entry in store.entries(directory))


def _supersede(store: Store, directory: str, epoch: int) -> int:
    """Moves steps of this epoch and later aside; returns the batches seen at the last one that stays."""
    aside = f"{directory}/superseded-{time.time_ns() // 1_000_000}"
    moved, batches = False, 0
    for entry in list_steps(store, directory).entries:
        manifest = entry.manifest
        if manifest.step != "init" and manifest.epoch is not None and manifest.epoch >= epoch:
            store.move(f"{directory}/{entry.file.name}", f"{aside}/{entry.file.name}")
            moved = True
        else:
            batches = max(batches, manifest.batch or 0)
    if moved:
        # Their entries would be passed over one by one; the writer makes the index anew.
        for file in store.entries(directory):
            if paths.is_index_file(file.name):
                store.remove(f"{directory}/{file.name}")
    return batches
