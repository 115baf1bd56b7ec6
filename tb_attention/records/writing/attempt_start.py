"""Which attempt a training that starts now belongs to."""

from __future__ import annotations

import dataclasses
import os
import time
from dataclasses import dataclass

from tb_attention.records.format import paths
from tb_attention.records.format.schema import Manifest
from tb_attention.records.reading.opened_attempt import OpenedAttempt
from tb_attention.records.reading.series import find_attempts, folder_of, list_attempts
from tb_attention.records.store.leftovers import remove_leftovers
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.reaching import shown_url
from tb_attention.records.store.store import Store
from tb_attention.records.writing.lease import Lease, Owner, take_lease


@dataclass(frozen=True)
class Beginning:
    """Where a training that begins now is logged.

    Attributes:
        attempt: From 1.
        continued: Whether it continues an attempt that has steps.
        batches: Batches that the model had seen at the last step that stays; 0 where that is not known.
        lease: The right to write this attempt.
        refused: Why the attempt that was meant is not continued: a sentence that names who writes it. None if nobody does.
    """

    attempt: int
    continued: bool = False
    batches: int = 0
    lease: Lease | None = dataclasses.field(default=None, compare=False)
    refused: str | None = None


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
        For epoch 0 or None a new attempt. For a later epoch the newest attempt that has steps, if there is one and no other
        process writes it: its steps of this epoch and later are moved to `superseded-<time>/` and are no longer listed.
    """
    store = open_store(log_dir)
    folder = folder_of(store, tag)
    attempts = list_attempts(store, folder)
    for attempt in attempts:
        remove_leftovers(store, paths.attempt_directory(folder, attempt))
    if epoch and attempts:
        newest = find_attempts(store, folder).open()
        if newest.steps:
            lease = take_lease(store, newest.directory)
            if isinstance(lease, Owner):
                batches = _batches_before(newest, epoch)
                return _new_attempt(store, tag, newest.number, batches=batches, instead_of=lease)
            batches = _supersede(store, newest, epoch)
            return Beginning(newest.number, continued=True, batches=batches, lease=lease)
    return _new_attempt(store, tag, attempts[-1] if attempts else 0)


def join_attempt(log_dir: str | os.PathLike[str], tag: str, attempt: int) -> Beginning:
    """An attempt that is to be continued as it is, whether or not it has steps; a new one if another process writes it."""
    store = open_store(log_dir)
    lease = take_lease(store, paths.attempt_directory(folder_of(store, tag), attempt))
    if isinstance(lease, Owner):
        return _new_attempt(store, tag, attempt, instead_of=lease)
    return Beginning(attempt, continued=True, lease=lease)


def _new_attempt(store: Store, tag: str, last: int, batches: int = 0, instead_of: Owner | None = None) -> Beginning:
    """An attempt after `last` that nobody has."""
    folder, attempt = folder_of(store, tag), last
    while True:
        attempt += 1
        directory = paths.attempt_directory(folder, attempt)
        # The new directory is the reservation: two trainings that start at once get one each. In an object store, which has
        # no directories, it is the lease.
        if store.make_new_directory(directory):
            lease = take_lease(store, directory)
            if isinstance(lease, Lease):
                break
    refused = None
    if instead_of is not None:
        refused = (
            f"Another process ({instead_of}) writes attempt {last} of {tag!r} in {shown_url(store.url)}, so this one is logged "
            f"as attempt {attempt}."
        )
    return Beginning(attempt, batches=batches, lease=lease, refused=refused)


def _supersede(store: Store, opened: OpenedAttempt, epoch: int) -> int:
    """Moves steps of this epoch and later aside; returns the batches seen at the last step that stays."""
    aside = opened.path(f"superseded-{time.time_ns() // 1_000_000}")
    moved, batches = False, 0
    for entry in opened.list_steps().entries:
        if _is_overtaken(entry.manifest, epoch):
            store.move(opened.path(entry.file.name), f"{aside}/{entry.file.name}")
            moved = True
        else:
            batches = max(batches, entry.manifest.batch or 0)
    if moved:
        # The writer makes the index anew; a reader would skip the entries of the moved steps one by one.
        for name in filter(paths.is_index_file, opened.files.others):
            store.remove(opened.path(name))
    return batches


def _batches_before(opened: OpenedAttempt, epoch: int) -> int:
    """The batches seen at the last step before an epoch."""
    manifests = (entry.manifest for entry in opened.list_steps().entries)
    return max((each.batch or 0 for each in manifests if not _is_overtaken(each, epoch)), default=0)


def _is_overtaken(manifest: Manifest, epoch: int) -> bool:
    return manifest.step != "init" and manifest.epoch is not None and manifest.epoch >= epoch
