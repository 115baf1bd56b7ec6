"""Finds runs that have our folder: TensorBoard lists only runs whose event files it can read."""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from tb_attention.errors import AttentionError
from tb_attention.plugin.watched_store import WatchedStore
from tb_attention.records.format import paths
from tb_attention.records.store.store import ReadStore, is_url

_SECONDS = 2.0
# Each directory of an object store is a request, which costs money and tenths of a second. After a walk that found nothing
# new the next pause is twice as long.
_REMOTE_SECONDS = 60.0
_LONGEST_REMOTE_SECONDS = 600.0
# A walk must not keep a large disk busy: the pause after it is so many times as long as the walk.
_RESTS = 10
_WAIT_SECONDS = 1.0
_MOST = 100_000
_MOST_REMOTE = 2_000
# File systems count time in steps of up to 2 seconds: what has just changed may change again within the same one.
_SETTLED_NS = 2_000_000_000

_PARENT, _, _OURS = paths.ROOT.partition("/")


class FoundRuns:
    """Walks the log directories in a separate thread, when it is asked and the last walk is old enough.

    Links to directories are followed, as TensorBoard follows them.

    Args:
        roots: For each log directory (a path or a URL) the prefix of the names of its runs; None for no prefix.
    """

    def __init__(self, roots: Mapping[str, str | None]) -> None:
        self._roots = dict(roots)
        self._directories = {root: _Directories(root) for root in roots}
        self._lock = threading.Lock()
        self._by_root: dict[str, dict[str, str]] = {}
        self._known: dict[str, str] = {}
        self._due = 0.0
        self._pause = self._least = _REMOTE_SECONDS if any(map(is_url, roots)) else _SECONDS
        self._walk: threading.Thread | None = None

    def all(self) -> Mapping[str, str]:
        """Directory by run. The result of a walk that takes more than a second comes with a later call."""
        with self._lock:
            if self._roots and self._walk is None and time.monotonic() >= self._due:
                self._walk = threading.Thread(target=self._look, name="tb_attention runs", daemon=True)
                self._walk.start()
            walk = self._walk
        if walk is not None:
            walk.join(_WAIT_SECONDS)
        return self._known

    def _look(self) -> None:
        started = time.monotonic()
        found: dict[str, str] = {}
        failed = False
        try:
            for root, name in self._roots.items():
                try:
                    self._by_root[root] = dict(self._directories[root].with_ours())
                except (OSError, AttentionError):
                    failed = True  # what was found before stays
                for run, directory in self._by_root.get(root, {}).items():
                    found[os.path.join(name, run) if name else run] = directory
            is_remote = self._least > _SECONDS
            more = is_remote and found == self._known and not failed
            self._pause = min(_LONGEST_REMOTE_SECONDS, 2 * self._pause) if more else self._least
            self._known = found
        finally:
            ended = time.monotonic()
            # A place that fails is asked seldom already.
            self._due = ended + (_SECONDS if failed else max(self._pause, _RESTS * (ended - started)))
            self._walk = None


class _Directories:
    """The directories below a root; a directory that has not changed is not listed again."""

    def __init__(self, root: str) -> None:
        self._is_local = not is_url(root)
        self._root = os.path.expanduser(root) if self._is_local else root.rstrip("/")
        self._known: dict[str, tuple[int, list[str]]] = {}

    def with_ours(self) -> Iterator[tuple[str, str]]:
        """The runs that have our folder: the path of each below the root ("." is the root itself), and its directory."""
        list_inner = self._local if self._is_local else _remote_lister(WatchedStore(self._root))
        join: Callable[..., str] = os.path.join if self._is_local else _join_url
        todo: list[tuple[str, frozenset[object]]] = [("", frozenset())]
        for _ in range(_MOST if self._is_local else _MOST_REMOTE):
            if not todo:
                return
            path, around = todo.pop()
            identity, names = list_inner(path)
            if identity in around:
                continue  # a link to a directory around it
            if _PARENT in names and _OURS in list_inner(join(path, _PARENT))[1]:
                yield path or ".", join(self._root, path) if path else self._root
            inside = around if identity is None else around | {identity}
            todo += [(join(path, name), inside) for name in reversed(names) if not _is_ours(path, name)]

    def _local(self, path: str) -> tuple[object, list[str]]:
        """The identity of a directory, and the names of the directories in it, sorted."""
        directory = os.path.join(self._root, path) if path else self._root
        try:
            own = os.stat(directory)
            known = self._known.get(path)
            if known is None or known[0] != own.st_mtime_ns:
                with os.scandir(directory) as scan:
                    names = sorted(entry.name for entry in scan if entry.is_dir())
                known = (own.st_mtime_ns, names)
                if time.time_ns() - own.st_mtime_ns > _SETTLED_NS and len(self._known) < _MOST:
                    self._known[path] = known
        except OSError:
            # Removed meanwhile, or without permission to read.
            return None, []
        return (own.st_dev, own.st_ino), known[1]


def _remote_lister(store: ReadStore) -> Callable[[str], tuple[object, list[str]]]:
    @functools.cache  # for one walk, which looks for our folder first
    def list_inner(path: str) -> tuple[object, list[str]]:
        return None, [entry.name for entry in store.entries(path) if entry.is_directory]

    return list_inner


def _is_ours(path: str, name: str) -> bool:
    return name == _OURS and path.replace(os.sep, "/").rpartition("/")[2] == _PARENT


def _join_url(*parts: str) -> str:
    return "/".join(part for part in parts if part)
