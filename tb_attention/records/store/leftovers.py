"""Temporary files: whose they are, and when they are certainly dead."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import os
import re
import socket
import time
from typing import TYPE_CHECKING

from tb_attention.records.format.paths import TEMPORARY

if TYPE_CHECKING:
    from tb_attention.records.store.store import Store

# Older ones are dead wherever they were made: no step takes as long to write.
_DEAD_SECONDS = 600

_NAME = re.compile(re.escape(TEMPORARY) + r"(?P<place>[0-9a-f]{8})-(?P<process>[0-9]{1,10})-")

# Two threads of a process may write the same file, such as the status.
_numbers = itertools.count()


def temporary_name(name: str) -> str:
    """What a file is called until it is whole; says which process of which machine writes it."""
    return f"{TEMPORARY}{_place()}-{os.getpid()}-{next(_numbers)}-{name}"


def remove_leftovers(store: Store, directory: str) -> None:
    """Removes what killed writers were writing in a directory; files that may be those of a living one stay."""
    for entry in store.entries(directory):
        if entry.name.startswith(TEMPORARY) and not entry.is_directory and _is_dead(entry.name, entry.mtime_ns):
            with contextlib.suppress(OSError):
                store.remove(f"{directory}/{entry.name}")


def _is_dead(name: str, mtime_ns: int) -> bool:
    if time.time_ns() - mtime_ns > _DEAD_SECONDS * 1_000_000_000:
        return True
    found = _NAME.match(name)
    return found is not None and found["place"] == _place() and not _is_alive(int(found["process"]))


def _is_alive(process: int) -> bool:
    if os.name == "nt":
        return True  # there `os.kill` would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


@functools.lru_cache(maxsize=1)
def _place() -> str:
    """Where numbers of processes mean the same: this machine since it was started, and this container on it."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            parts.append(file.read())
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]
