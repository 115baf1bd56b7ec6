"""One daemon thread that does jobs in order, with a bounded queue in front of it."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable

MAX_JOBS = 4
MAX_BYTES = 512 << 20
EXIT_SECONDS = 30.0

Job = Callable[[], None]


class Background:
    """Runs jobs in one daemon thread. Neither thread nor lock is made before the first job, so it can be pickled until then.

    Args:
        max_jobs: Jobs that may wait or run at once.
        max_bytes: Sum of their sizes, at most; a single job may be larger.
        on_error: Gets what a job raised; the thread goes on.
    """

    def __init__(
        self, on_error: Callable[[Exception], None], *, max_jobs: int = MAX_JOBS, max_bytes: int = MAX_BYTES
    ) -> None:
        self._on_error = on_error
        self._max_jobs = max_jobs
        self._max_bytes = max_bytes
        self._state: _State | None = None

    def put(self, job: Job, size: int = 0, timeout: float | None = None) -> bool:
        """Queues a job.

        Args:
            job: Called in the thread.
            size: Bytes that it holds.
            timeout: Seconds to wait for room; for ever by default.

        Returns:
            False if there was no room in time; the job is not done then.
        """
        state = self._started()
        with state.changed:
            fits = state.changed.wait_for(lambda: self._has_room(state, size), timeout)
            if fits:
                state.jobs.append((job, size))
                state.bytes += size
                state.changed.notify_all()
            return fits

    def put_latest(self, job: Job) -> None:
        """Queues a job that replaces an earlier one of its kind that was not done yet; never waits."""
        state = self._started()
        with state.changed:
            state.latest = job
            state.changed.notify_all()

    def drain(self, timeout: float | None = None) -> bool:
        """Waits until all is done; False if that took longer than `timeout` seconds."""
        state = self._state
        if state is None or state.pid != os.getpid():
            return True
        with state.changed:
            return state.changed.wait_for(lambda: not state.busy and not state.jobs and state.latest is None, timeout)

    def close(self, timeout: float | None = None) -> bool:
        """Drains and ends the thread; a later job starts another."""
        drained = self.drain(timeout)
        state, self._state = self._state, None
        if state is not None:
            with state.changed:
                state.closed = True
                state.changed.notify_all()
        return drained

    @property
    def idle(self) -> bool:
        """Whether no thread is there."""
        return self._state is None

    def _has_room(self, state: _State, size: int) -> bool:
        waiting = len(state.jobs) + state.busy
        return waiting == 0 or (waiting < self._max_jobs and state.bytes + size <= self._max_bytes)

    def _started(self) -> _State:
        # A forked process has the object, but not its thread.
        if self._state is None or self._state.pid != os.getpid():
            self._state = _State()
            thread = threading.Thread(
                target=_run, args=(self._state, self._on_error), name="tb_attention writer", daemon=True
            )
            thread.start()
            _at_exit(self)
        return self._state


class _State:
    """What the thread and those who give it jobs share."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.changed = threading.Condition()
        self.jobs: deque[tuple[Job, int]] = deque()
        self.latest: Job | None = None
        self.bytes = 0
        self.busy = False
        self.closed = False


def _run(state: _State, on_error: Callable[[Exception], None]) -> None:
    while True:
        with state.changed:
            state.changed.wait_for(lambda: state.jobs or state.latest is not None or state.closed)
            if state.jobs:
                job, size = state.jobs.popleft()
            elif state.latest is not None:
                job, size = state.latest, 0
                state.latest = None
            else:
                return
            state.busy = True
        try:
            job()
        except Exception as error:
            _report(on_error, error)
        # The arrays of a job must not live until the next one comes.
        del job
        with state.changed:
            state.busy = False
            state.bytes -= size
            state.changed.notify_all()


def _report(on_error: Callable[[Exception], None], error: Exception) -> None:
    try:
        on_error(error)
    except Exception:
        # Whoever listens may turn warnings into errors; the steps that follow still have to be written.
        return


_alive: weakref.WeakSet[Background] = weakref.WeakSet()
_registered = False


def _at_exit(background: Background) -> None:
    global _registered
    _alive.add(background)
    if not _registered:
        atexit.register(_drain_all)
        _registered = True


def _drain_all() -> None:
    deadline = time.monotonic() + EXIT_SECONDS
    for background in list(_alive):
        background.drain(max(0.0, deadline - time.monotonic()))
