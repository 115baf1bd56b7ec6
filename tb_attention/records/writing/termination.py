"""A process that is asked to end (SIGTERM) writes what it has before it does.

Python ends at once then, without `atexit`. A cluster that takes a machine back sends SIGTERM and waits, usually 30 s.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

from tb_attention.records.writing.background import drain_all

_SECONDS = 10.0
_users = 0


def watch_for_termination() -> None:
    """Drains the writers of this process when SIGTERM comes, until `stop_watching` is called as often.

    Nothing happens where somebody else handles the signal, or outside of the main thread, which alone may handle signals.
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
    """Drains, and ends as the signal would have done."""
    try:
        drain_all(_SECONDS)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
