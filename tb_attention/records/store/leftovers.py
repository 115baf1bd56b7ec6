"""Temporary files: which process writes one, and when it is certain that the process is dead."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import time

from tb_attention.errors import LogError
from tb_attention.records.store.processes import is_alive, machine
from tb_attention.records.store.store import Store

TEMPORARY = ".tmp-"
"""The first letters of the name of a file that is not whole yet."""

# No step takes this long to write, so an older file is dead whichever machine made it.
_DEAD_SECONDS = 600

_NAME = re.compile(re.escape(TEMPORARY) + r"(?P<machine>[0-9a-f]{8})-(?P<process>[0-9]{1,10})-")

# Two threads of a process may write the same file, such as the status.
_numbers = itertools.count()


def temporary_name(name: str) -> str:
    """The name of a file until it is whole. It says which process of which machine writes the file."""
    return f"{TEMPORARY}{machine()}-{os.getpid()}-{next(_numbers)}-{name}"


def remove_leftovers(store: Store, directory: str) -> None:
    """Removes the temporary files of killed writers from a directory. A file that a living writer may own stays."""
    for entry in store.entries(directory):
        if entry.name.startswith(TEMPORARY) and not entry.is_directory and _is_dead(entry.name, entry.mtime_ns):
            with contextlib.suppress(OSError, LogError):
                store.remove(f"{directory}/{entry.name}")


def _is_dead(name: str, mtime_ns: int) -> bool:
    if time.time_ns() - mtime_ns > _DEAD_SECONDS * 1_000_000_000:
        return True
    found = _NAME.match(name)
    return found is not None and found["machine"] == machine() and not is_alive(int(found["process"]))
