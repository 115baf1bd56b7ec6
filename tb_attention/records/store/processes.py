"""Which process of which machine this is, and when it is certain that another one is dead."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import socket


@functools.lru_cache(maxsize=1)
def machine() -> str:
    """A hash of all that gives process numbers their meaning: the machine, its last start, and the container."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            parts.append(file.read())
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def is_alive(process: int) -> bool:
    """Whether a process of this machine may be alive; True where that is not certain."""
    if os.name == "nt":
        return True  # `os.kill` would end the process there
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
