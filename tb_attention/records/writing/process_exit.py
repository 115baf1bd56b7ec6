"""What waits in a process is still written when the process ends: by itself, or because SIGTERM asks for it.

Python runs no `atexit` functions at SIGTERM. A cluster that takes a machine back sends SIGTERM and waits, usually 30 s.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
import time
import weakref
from types import FrameType
from typing import Protocol

EXIT_SECONDS = 30.0
_SIGTERM_SECONDS = 10.0


class Drainable(Protocol):
    """Something that may hold work when the process ends."""

    def drain_at_exit(self, seconds: float) -> None:
        """Does what waits, in so many seconds at most."""


_drainable: weakref.WeakSet[Drainable] = weakref.WeakSet()
_registered = False
_users = 0


def register(work: Drainable) -> None:
    """Drains `work` when the process ends, if `work` still exists then."""
    global _registered
    _drainable.add(work)
    if not _registered:
        atexit.register(drain_all)
        _registered = True


def drain_all(seconds: float = EXIT_SECONDS) -> None:
    """Does what waits anywhere in this process, in so many seconds at most."""
    deadline = time.monotonic() + seconds
    for work in list(_drainable):
        work.drain_at_exit(max(0.0, deadline - time.monotonic()))


def watch_for_termination() -> None:
    """Drains at SIGTERM, until `stop_watching` is called as often.

    Does nothing where other code handles the signal, and outside of the main thread, which alone may handle signals.
    """
    global _users
    if threading.current_thread() is not threading.main_thread():
        return
    _users += 1
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _end)


def stop_watching() -> None:
    """Undoes one `watch_for_termination`."""
    global _users
    if threading.current_thread() is not threading.main_thread() or _users == 0:
        return
    _users -= 1
    if _users == 0 and signal.getsignal(signal.SIGTERM) is _end:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> None:
    """Drains, then ends the process as the signal would have done."""
    try:
        drain_all(_SIGTERM_SECONDS)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
