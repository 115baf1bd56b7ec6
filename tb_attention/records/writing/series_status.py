"""The status of an attempt as it grows: what its callers say, and what its writer did."""

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
from tb_attention.records.writing.budget import spell_bytes


class SeriesStatus:
    """Collects the fields of docs/format.md.

    Args:
        max_bytes: Bytes that step files may take together; None for no limit.
    """

    def __init__(self, max_bytes: int | None) -> None:
        self._max_bytes = max_bytes
        self._fields: dict[str, Any] = {}
        self.removed = 0
        """Steps that were removed for the budget."""
        self.foreign: str | None = None
        """Name of another program's event file, because of which ours has no overviews."""

    def update(self, **fields: Any) -> dict[str, Any]:
        """Sets some fields; returns all as they are now."""
        self._fields = {**(self._fields or first_status()), "updated": time.time(), **fields}
        return self._fields

    @property
    def is_running(self) -> bool:
        """Whether the training has begun and not ended."""
        return self._fields.get("state") == "running"

    @property
    def marked(self) -> set[Any]:
        """The best step and the one whose weights were restored."""
        best = self._fields.get("best")
        return {None if best is None else best["step"], self._fields.get("restored")} - {None}

    @property
    def thinned(self) -> dict[str, Any] | None:
        """How many steps were removed for the budget, earlier writers of the attempt included; None for none."""
        steps = (self._fields.get("thinned") or {}).get("steps", 0) + self.removed
        return {"steps": steps, "max_bytes": self._max_bytes} if steps else None

    def completed(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields as they are stored: with what the writer removed, and notes on it."""
        notes = list(fields["notes"])
        if self.foreign is not None:
            notes.append(
                f"The event file has no overviews of attention: {self.foreign}, of another program, is in the same directory."
            )
        thinned = self.thinned
        if thinned is not None:
            fields = fields | {"thinned": thinned}
            notes.append(
                f"{thinned['steps']} steps were removed to stay below {spell_bytes(self._max_bytes or 0)} (max_bytes): the "
                "first, the last and the best step stay, and older steps are thinned more."
            )
        return fields | {"notes": notes}


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
