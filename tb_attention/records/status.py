"""The status of an attempt: advisory, for the tab."""

from __future__ import annotations

import os
import socket
import time
from typing import Any

from tb_attention.records import json_text, paths
from tb_attention.records.schema import SCHEMA
from tb_attention.records.store import Store


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
        "dropped": [],
        "notes": [],
    }


def write_status(store: Store, directory: str, fields: dict[str, Any]) -> None:
    """Replaces the status file of an attempt."""
    store.replace(f"{directory}/{paths.STATUS}", lambda file: _write(file, fields))


def _write(file: Any, fields: dict[str, Any]) -> None:
    file.write(json_text.dumps(fields))
