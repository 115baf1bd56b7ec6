"""Which attempts a series has, and which one a training that starts now belongs to."""

from __future__ import annotations

import os
import time

from tb_attention.errors import LogError
from tb_attention.records import paths
from tb_attention.records.archive import Archive
from tb_attention.records.step_file import read_manifest
from tb_attention.records.store import Store, open_store

_LEFTOVER_SECONDS = 600


def list_tags(store: Store) -> list[str]:
    """Directory names of the tags that a run has, sorted."""
    return [entry.name for entry in store.entries(paths.ROOT) if entry.is_directory and paths.is_tag_folder(entry.name)]


def list_attempts(store: Store, folder: str) -> list[int]:
    """Attempts of a series, in order; `folder` is the directory name of its tag."""
    numbers = [
        paths.attempt_number(entry.name) for entry in store.entries(f"{paths.ROOT}/{folder}") if entry.is_directory
    ]
    return sorted(number for number in numbers if number is not None)


def start_attempt(log_dir: str | os.PathLike[str], tag: str, epoch: int | None = None) -> int:
    """The attempt that a training belongs to which begins now.

    Args:
        log_dir: The run's directory or URL.
        tag: The series.
        epoch: The first epoch, from 0 as Keras counts, or None where there are no epochs.

    Returns:
        With epoch 0 or None a new attempt. With a later epoch, where the newest attempt has steps, that one: its steps of this
        epoch and later are moved aside, into `superseded-<time>/`, and are no longer listed.
    """
    store = open_store(log_dir)
    folder = paths.tag_folder(tag)
    attempts = list_attempts(store, folder)
    if epoch and attempts:
        directory = f"{paths.ROOT}/{folder}/{attempts[-1]}"
        if any(paths.file_step(entry.name) is not None for entry in store.entries(directory)):
            _supersede(store, directory, epoch)
            _remove_leftovers(store, directory)
            return attempts[-1]
    attempt = attempts[-1] + 1 if attempts else 1
    # The directory is the reservation: of two trainings that start at once each gets its own.
    while not store.make_new_directory(f"{paths.ROOT}/{folder}/{attempt}"):
        attempt += 1
    return attempt


def _supersede(store: Store, directory: str, epoch: int) -> None:
    aside = f"{directory}/superseded-{time.time_ns() // 1_000_000}"
    moved = False
    for entry in store.entries(directory):
        step = paths.file_step(entry.name)
        if step is None or step == "init":
            continue
        at = _epoch(store, directory, entry.name)
        if at is not None and at >= epoch:
            store.move(f"{directory}/{entry.name}", f"{aside}/{entry.name}")
            moved = True
    if moved:
        # Their entries would be passed over one by one; the writer makes the index anew.
        for entry in store.entries(directory):
            if paths.is_index_file(entry.name):
                store.remove(f"{directory}/{entry.name}")


def _remove_leftovers(store: Store, directory: str) -> None:
    """Removes what a killed writer was writing; younger files may be those of a living one."""
    oldest = time.time_ns() - _LEFTOVER_SECONDS * 1_000_000_000
    for entry in store.entries(directory):
        if entry.name.startswith(paths.TEMPORARY) and entry.mtime_ns < oldest:
            store.remove(f"{directory}/{entry.name}")


def _epoch(store: Store, directory: str, name: str) -> int | None:
    try:
        with Archive(store.open(f"{directory}/{name}"), name) as archive:
            return read_manifest(archive, name).epoch
    except (LogError, OSError):
        return None
