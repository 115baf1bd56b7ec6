"""Copies logs somewhere else, also while they are written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from tb_attention.errors import ArgumentError, NotInLogError
from tb_attention.records.format import paths
from tb_attention.records.reading.logged_steps import nothing_in
from tb_attention.records.reading.series import list_attempts, list_tags
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.reaching import shown_url
from tb_attention.records.store.store import Store, is_url
from tb_attention.records.writing.copied_attempt import CopiedAttempt
from tb_attention.records.writing.event_file import SUFFIX

_PARENT, _, _OURS = paths.ROOT.partition("/")


@dataclass
class Synced:
    """What `sync` did. Paths are relative to both directories, with "/" between their parts.

    Attributes:
        steps: The step files that were copied.
        files: Every file that was copied: steps, their samples, indices, statuses and event files.
        bytes: Bytes that were copied.
        removed: Earlier copies that were removed, because the source does not have the file any more.
        skipped: Files of the source that were not copied, each with the reason; the next call tries again.
    """

    steps: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    bytes: int = 0
    removed: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything was copied or removed."""
        return bool(self.files or self.removed)


def sync(src: str | os.PathLike[str], dst: str | os.PathLike[str]) -> Synced:
    """Copies the logs of a run, or of all runs in a directory, to another place; what is there already is not copied again.

    It may run at any time, also while a training writes, and again and again. A step appears in `dst` when it is whole: its
    samples are copied first, its file is checked and then appears under its name in one go. The copy follows the source: steps
    that a restarted training has overtaken, or that were removed for `max_bytes`, are removed from the copy too. Attempts and
    runs that the source does not have (any more) stay as they are.

    Of the event files only those of tb_attention are copied.

    Args:
        src: A run's directory, or one with runs in it; a path, or a URL that fsspec knows.
        dst: The place of the copy, likewise. Runs lie below it as they lie below `src`.

    Returns:
        What was copied, removed and left out.

    Raises:
        ArgumentError: A directory is not a path, or one of them is inside the other.
        NotInLogError: There is no directory `src`.
        LogError: A directory of `dst` holds steps of another training. Nothing of that training is changed.
        UnreachableError, OSError: One of them cannot be read or written. What was copied until then is whole.

    Example:
        >>> tb_attention.sync("logs", "s3://bucket/logs").steps
        ['run1/plugins/attention/attention/1/step-000000000000.npz']
    """
    source, target = open_store(src), open_store(dst)
    inside = f"{source.url}/".startswith(f"{target.url}/") or f"{target.url}/".startswith(f"{source.url}/")
    if inside:
        raise ArgumentError(
            f"`src` and `dst` must be apart. Received: src={shown_url(os.fspath(src))!r}, "
            f"dst={shown_url(os.fspath(dst))!r}."
        )
    if source.entry("") is None and not source.entries():
        raise NotInLogError(nothing_in(source))
    done = Synced()
    for run in runs_below(source):
        _sync_run(_below(source, run), _below(target, run), f"{run}/" if run else "", done)
    return done


def runs_below(store: Store) -> Iterator[str]:
    """The runs in a directory that have our folder: paths below it, "" for the directory itself. Links are followed once."""
    todo = [""]
    seen: set[str] = set()
    while todo:
        path = todo.pop()
        if store.is_local:
            real = os.path.realpath(os.path.join(store.url, path))
            if real in seen:
                continue
            seen.add(real)
        names = [entry.name for entry in store.entries(path) if entry.is_directory]
        if _PARENT in names and any(entry.name == _OURS for entry in store.entries(_joined(path, _PARENT))):
            yield path
        todo += [_joined(path, name) for name in reversed(names) if not (name == _OURS and _is_parent(path))]


def _sync_run(source: Store, target: Store, prefix: str, done: Synced) -> None:
    for folder in list_tags(source):
        for attempt in list_attempts(source, folder):
            directory = paths.attempt_directory(folder, attempt)
            copied = CopiedAttempt(source, target, directory)
            try:
                copied.follow()
            finally:
                done.steps += [
                    f"{prefix}{directory}/{name}" for name in copied.copied if paths.file_step(name) is not None
                ]
                done.files += [f"{prefix}{directory}/{name}" for name in copied.copied]
                done.bytes += sum(copied.copied.values())
                done.removed += [f"{prefix}{directory}/{name}" for name in copied.removed]
                done.skipped |= {f"{prefix}{directory}/{name}": why for name, why in copied.skipped.items()}
    for entry in source.entries():
        if entry.name.endswith(SUFFIX) and not entry.is_directory:
            added = _grow(source, target, entry.name, entry.size)
            done.files += [f"{prefix}{entry.name}"] if added else []
            done.bytes += added


def _grow(source: Store, target: Store, name: str, size: int) -> int:
    """Appends what an event file has more than its copy; returns how many bytes. TensorBoard goes on where it was."""
    known = target.entry(name)
    begin = 0 if known is None else known.size
    if begin >= size:
        return 0
    with source.open(name) as file:
        file.seek(begin)
        data = file.read(size - begin)
    target.append(name, data)
    return len(data)


def _below(store: Store, run: str) -> Store:
    return open_store(f"{store.url}/{run}" if is_url(store.url) else os.path.join(store.url, run)) if run else store


def _joined(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _is_parent(path: str) -> bool:
    return path.rpartition("/")[2] == _PARENT
