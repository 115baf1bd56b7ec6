"""The status of an attempt: advisory, for the tab."""

from __future__ import annotations

import errno
import os
import socket
import time
from typing import IO, Any

from tb_attention.errors import LogError
from tb_attention.records.format import json_text, paths
from tb_attention.records.format.schema import SCHEMA
from tb_attention.records.store.store import Store


def first_status() -> dict[str, Any]:
    """The fields of docs/format.md at their first values."""
    return {
        "schema": SCHEMA,
        "epochs": None,
        "steps_per_epoch": None,
        "epoch": None,
        "fraction": None,
        "state": "running",
        "updated": time.time(),
        "process": f"{socket.gethostname()}:{os.getpid()}",
        "best": None,
        "restored": None,
        "thinned": None,
        "dropped": [],
        "notes": [],
    }


def read_status(store: Store, directory: str) -> dict[str, Any]:
    """What the status file of an attempt says; nothing where it is missing or damaged."""
    try:
        return json_text.loads(store.read(f"{directory}/{paths.STATUS}"), paths.STATUS)
    except (LogError, OSError):
        return {}


def write_status(store: Store, directory: str, fields: dict[str, Any]) -> None:
    """Replaces the status file of an attempt; on a full disk it is written over in place, as that may need no more room."""
    path, data = f"{directory}/{paths.STATUS}", json_text.dumps(fields)
    try:
        store.replace(path, lambda file: _write(file, data))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        store.overwrite(path, data)


def _write(file: IO[bytes], data: bytes) -> None:
    file.write(data)
