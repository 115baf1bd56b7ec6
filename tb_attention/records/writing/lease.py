"""One writer for each attempt: a file that names its owner, and beats while the owner lives."""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import threading
import time
import uuid
import weakref
from dataclasses import dataclass
from typing import IO

import msgspec

from tb_attention.errors import LogError
from tb_attention.records.format import json_text, paths
from tb_attention.records.format.schema import SCHEMA
from tb_attention.records.store.processes import is_alive, machine
from tb_attention.records.store.store import Store

BEAT_SECONDS = 5.0
"""How often an owner says that it lives, on a disk."""

REMOTE_BEAT_SECONDS = 30.0
"""How often in an object store, where each time costs two requests."""

_MISSED_BEATS = 6
_TRIES = 20
_HALF_WRITTEN_SECONDS = 0.02


@dataclass(frozen=True)
class Owner:
    """A process that writes an attempt."""

    host: str
    process: int

    def __str__(self) -> str:
        """As it stands in a sentence."""
        return f"process {self.process} on {self.host}"


class LeaseFile(msgspec.Struct, frozen=True):
    """What the file says; see docs/format.md."""

    host: str
    process: int
    machine: str
    id: str
    updated: float
    beat: float
    schema: int = SCHEMA

    @property
    def owner(self) -> Owner:
        """Whom it names."""
        return Owner(self.host[:80], self.process)

    @property
    def is_ours(self) -> bool:
        """Whether this process wrote it."""
        return self.id == _process_id(os.getpid())

    @property
    def is_live(self) -> bool:
        """Whether its owner may still write."""
        if self.machine == machine() and (not is_alive(self.process) or self.process == os.getpid()):
            return self.is_ours  # another process had our number before us
        return time.time() - self.updated < _MISSED_BEATS * max(self.beat, 1.0)


class Lease:
    """The right of this process to write an attempt. A thread renews it while this object exists and is not released.

    Args:
        store: Of the run.
        directory: Of the attempt, below the run.
        number: Of its file.
    """

    def __init__(self, store: Store, directory: str, number: int) -> None:
        self._store = store
        self._number = number
        self.directory = directory
        self.url = store.url
        self.beat_seconds = BEAT_SECONDS if store.is_local else REMOTE_BEAT_SECONDS
        self._beaten = time.monotonic()
        self._is_gone = False
        self._taken_by: Owner | None = None

    @property
    def path(self) -> str:
        """Its file, below the run."""
        return f"{self.directory}/{paths.lease_file(self._number)}"

    def create(self) -> bool:
        """Writes the file; False if another process was faster."""
        return self._store.create(self.path, self._content())

    def beat(self) -> None:
        """Says that the owner lives, and notices where another process has taken over."""
        if time.monotonic() - self._beaten < self.beat_seconds:
            return
        self._beaten = time.monotonic()
        held = newest_lease(self._store, self.directory, first=self._number)
        if held is None:
            self._is_gone = True  # somebody emptied the directory; it comes back with the next step
        elif not self._notice(held[1]):
            self._renew(self._content())

    def check(self) -> None:
        """Called before something is written.

        Raises:
            LogError: Another process has taken over.
        """
        if self._is_gone:
            held = newest_lease(self._store, self.directory)
            if held is None:
                self.create()
            else:
                self._notice(held[1])
            self._is_gone = False
        if self._taken_by is not None:
            raise LogError(
                f"{self._taken_by} has taken over this attempt, because this process was silent for "
                f"{_MISSED_BEATS * self.beat_seconds:.0f} s."
            )

    def release(self) -> None:
        """Removes the file, unless the attempt is another's now, or another writer of this process goes on."""
        _held.discard(self)
        if self._taken_by is None and not any(each.path == self.path and each.url == self.url for each in list(_held)):
            with contextlib.suppress(OSError, LogError):
                self._store.remove(self.path)

    def _renew(self, content: bytes) -> None:
        if self._store.is_local:
            # In place: a new file would change the time of the directory, and have TensorBoard list all its steps again.
            self._store.overwrite(self.path, content)
        else:
            self._store.replace(self.path, lambda file: _put(file, content))

    def _notice(self, content: LeaseFile | None) -> bool:
        """Whether a lease is another process's."""
        if content is not None and not content.is_ours:
            self._taken_by = content.owner
        return self._taken_by is not None

    def _content(self) -> bytes:
        number = os.getpid()
        content = LeaseFile(
            socket.gethostname(), number, machine(), _process_id(number), time.time(), self.beat_seconds
        )
        return json_text.dumps(json_text.to_builtins(content))


def take_lease(store: Store, directory: str) -> Lease | Owner:
    """The lease of an attempt, or its owner: another process that lives. A process may hold a lease several times.

    Args:
        store: Of the run.
        directory: Of the attempt, below the run. It is created.
    """
    owner = Owner("an unknown host", 0)
    for _ in range(_TRIES):
        held = newest_lease(store, directory)
        number = 1
        if held is not None:
            number, content = held
            if content is not None and content.is_ours:
                return _hold(Lease(store, directory, number))
            if content is None:
                time.sleep(_HALF_WRITTEN_SECONDS)
                continue
            if content.is_live:
                return content.owner
            number += 1
        lease = Lease(store, directory, number)
        # Of several that find a dead owner, one creates the file with the next number.
        if lease.create():
            if held is not None:
                with contextlib.suppress(OSError, LogError):
                    store.remove(f"{directory}/{paths.lease_file(held[0])}")
            return _hold(lease)
    return owner


def newest_lease(store: Store, directory: str, first: int | None = None) -> tuple[int, LeaseFile | None] | None:
    """The number and the content of the newest lease of an attempt; None if there is none.

    Args:
        store, directory: As for `take_lease`.
        first: A number that it had; that one and the next are looked for, instead of in a listing of all steps.

    Returns:
        The content is None while the file is being written.
    """
    if first is None:
        numbers = [paths.lease_number(entry.name) for entry in store.entries(directory) if not entry.is_directory]
        names = sorted((number for number in numbers if number is not None), reverse=True)
    else:
        names = [first + 1, first]
    for number in names:
        try:
            data = store.read(f"{directory}/{paths.lease_file(number)}")
        except FileNotFoundError:
            continue
        return number, _read(store, f"{directory}/{paths.lease_file(number)}", data)
    return None


def _read(store: Store, path: str, data: bytes) -> LeaseFile | None:
    """What a file says. One that cannot be read is being written or, if it is old, was never finished: its owner is dead."""
    try:
        content: LeaseFile = json_text.convert(json_text.loads(data, path), LeaseFile, path)
    except LogError:
        entry = store.entry(path)
        old = entry is not None and time.time() - entry.mtime_ns / 1e9 > _MISSED_BEATS * BEAT_SECONDS
        return LeaseFile("an unknown host", 0, "", "", 0.0, BEAT_SECONDS) if old else None
    return content


def _put(file: IO[bytes], data: bytes) -> None:
    file.write(data)


@functools.lru_cache(maxsize=1)
def _process_id(number: int) -> str:
    """A random name of this process; a forked one has another number, so it gets another name."""
    return uuid.uuid4().hex


_held: weakref.WeakSet[Lease] = weakref.WeakSet()
_beating: dict[int, threading.Thread] = {}
_lock = threading.Lock()


def _hold(lease: Lease) -> Lease:
    """Has a lease renewed while it exists."""
    with _lock:
        _held.add(lease)
        # A forked process has the object, but not its thread.
        if os.getpid() not in _beating:
            _beating.clear()
            thread = threading.Thread(target=_beat_all, name="tb_attention leases", daemon=True)
            _beating[os.getpid()] = thread
            thread.start()
    return lease


def _beat_all() -> None:
    while True:
        time.sleep(min(BEAT_SECONDS, 1.0))
        _beat_once()


def _beat_once() -> None:
    # A function, so that no variable keeps a lease alive between two beats.
    for lease in list(_held):
        # A disk that fails now may answer the next time; until then the owner may look dead.
        with contextlib.suppress(OSError, LogError):
            lease.beat()
