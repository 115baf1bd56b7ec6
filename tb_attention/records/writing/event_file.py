"""The event file of a run, which TensorBoard reads."""

from __future__ import annotations

import io
import itertools
import os
import re
import socket
import struct
import threading
import time
from collections.abc import Iterable
from typing import Any

import google_crc32c
from tensorboard.compat.proto import event_pb2, summary_pb2

from tb_attention.records.format.paths import Step
from tb_attention.records.format.step_summary import INIT_STEP
from tb_attention.records.store.store import Store

# Distinguishes our event files from those of other programs.
SUFFIX = ".attention"

_REMOTE_SECONDS = 30.0
# A remote file is rewritten each time; a larger one is left as it is, and the next file begins.
_REMOTE_BYTES = 8 << 20


class EventFile:
    """One event file, shared by all series of a run in this process; safe to call from several threads.

    TensorBoard's `EventFileWriter` loads TensorFlow where it is installed (seconds, and 590 MB in a process that may be
    training with PyTorch), and its `RecordWriter` holds up the training. So records are appended here.

    Args:
        store: The run's directory.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._users = 0
        self._name = ""
        self._remote: io.BytesIO | None = None
        self._uploaded_bytes = 0
        self._uploaded = 0.0
        self.foreign = _foreign_event_file(store)
        """Name of another program's event file in the same directory. Ours would stop TensorBoard from reading that one, so
        none is written."""

    def add(self, values: Iterable[Any], step: Step, wall_time: float) -> int:
        """Adds summary values of a step; returns the bytes of their records.

        Without values the file is begun all the same, because TensorBoard lists only runs that have one.
        """
        if self.foreign is not None:
            return 0
        number = INIT_STEP if step == "init" else step
        events = (
            event_pb2.Event(step=number, wall_time=wall_time, summary=summary_pb2.Summary(value=[value]))
            for value in values
        )
        records = b"".join(_framed(event.SerializeToString()) for event in events)
        with self._lock:
            self._append(records)
        return len(records)

    def flush(self) -> None:
        """Uploads what was added, where the run is remote."""
        with self._lock:
            self._upload()

    def join(self) -> None:
        """Another user of the file begins."""
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        """A user of the file ends. After the last one the contents of a remote file are not held in memory any more."""
        with self._lock:
            self._users -= 1
            if not self._users and self._remote is not None and self._remote.tell() == self._uploaded_bytes:
                self._remote = None

    def _append(self, records: bytes) -> None:
        # Notebook users often empty the directory between two trainings.
        if not self._name or not self._is_there():
            self._name = _event_file_name()
            self._remote, self._uploaded_bytes = io.BytesIO(), 0
            head = event_pb2.Event(wall_time=time.time(), file_version="brain.Event:2")
            records = _framed(head.SerializeToString()) + records
        if self._store.is_local:
            self._store.append(self._name, records)
            return
        assert self._remote is not None
        self._remote.write(records)
        if time.monotonic() - self._uploaded >= _REMOTE_SECONDS or self._remote.tell() >= _REMOTE_BYTES:
            self._upload()

    def _is_there(self) -> bool:
        """Whether the file can be continued. The contents of a remote one are fetched again if nobody has used it for a while."""
        if self._store.is_local:
            return self._store.entry(self._name) is not None
        if self._remote is None:
            try:
                contents = self._store.read(self._name)
            except FileNotFoundError:
                return False
            self._remote, self._uploaded_bytes = io.BytesIO(), len(contents)
            self._remote.write(contents)
        return True

    def _upload(self) -> None:
        """Rewrites the whole file: object stores cannot append."""
        remote = self._remote
        if self._store.is_local or remote is None or remote.tell() == self._uploaded_bytes:
            return
        self._store.replace(self._name, lambda file: _write(file, remote.getvalue()))
        self._uploaded, self._uploaded_bytes = time.monotonic(), remote.tell()
        if remote.tell() >= _REMOTE_BYTES:
            self._name, self._remote = "", None


def event_file_of(store: Store) -> EventFile:
    """The event file of a run, the same object for all callers in this process. Each of them is to `leave` it in the end."""
    key = (os.getpid(), store.url)
    with _lock:
        if key not in _known:
            _known[key] = EventFile(store)
        _known[key].join()
        return _known[key]


_known: dict[tuple[int, str], EventFile] = {}
_lock = threading.Lock()
_numbers = itertools.count()


def masked_crc32c(data: bytes) -> int:
    """CRC-32C as event files store it: rotated, plus a constant.

    TensorBoard's own checksum takes a byte at a time in Python: 36 ms for 256 KiB, in which the training
    cannot run.
    """
    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _framed(data: bytes) -> bytes:
    """A record of an event file: its length, the checksum of the length, the bytes and their checksum."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc32c(length)) + data + struct.pack("<I", masked_crc32c(data))


def _event_file_name() -> str:
    host = re.sub("[^A-Za-z0-9._-]", "_", socket.gethostname())
    return f"events.out.tfevents.{int(time.time()):010d}.{host}.{os.getpid()}.{next(_numbers)}{SUFFIX}"


def _foreign_event_file(store: Store) -> str | None:
    for entry in store.entries():
        if "tfevents" in entry.name and not entry.is_directory and not entry.name.endswith(SUFFIX):
            return entry.name
    return None


def _write(file: Any, data: Any) -> None:
    file.write(data)
