"""One daemon thread that does jobs in order, with a bounded queue in front of it."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable

from tb_attention.records.writing.process_exit import register

MAX_JOBS = 4
MAX_BYTES = 512 << 20

# A training that is interrupted in a notebook does not close its log. So the thread finishes its work when no job has come
# for a while, and ends when it is not needed.
_IDLE_SECONDS = 2.0
_LEAVE_SECONDS = 60.0

Job = Callable[[], None]


class Background:
    """Runs jobs in one daemon thread. It can be pickled before the first job, which creates thread and lock.

    Args:
        on_error: Gets what a job raised; the thread goes on.
        max_jobs: Jobs that may wait or run at once.
        max_bytes: Sum of their sizes, at most; a single job may be larger.
        on_idle: Called in the thread after jobs: when a caller drains, or when no job has come for 2 s.
        on_exit: Called when the process ends while the thread exists, before the waiting jobs are done.
    """

    def __init__(
        self,
        on_error: Callable[[Exception], None],
        *,
        max_jobs: int = MAX_JOBS,
        max_bytes: int = MAX_BYTES,
        on_idle: Job | None = None,
        on_exit: Job | None = None,
    ) -> None:
        self._on_error = on_error
        self._max_jobs = max_jobs
        self._max_bytes = max_bytes
        self._on_idle = on_idle
        self._on_exit = on_exit
        self._state: _State | None = None

    def put(self, job: Job, size: int = 0, timeout: float | None = None) -> bool:
        """Queues a job.

        Args:
            job: Called in the thread.
            size: Bytes that it holds.
            timeout: Seconds to wait for room. Defaults to None, no limit.

        Returns:
            False if there was no room in time; the job is not done then.
        """
        state = self._entered()
        try:
            fits = state.changed.wait_for(lambda: self._has_room(state, size), timeout)
            if fits:
                state.jobs.append((job, size))
                state.bytes += size
                state.changed.notify_all()
            return fits
        finally:
            state.changed.release()

    def put_latest(self, job: Job) -> None:
        """Queues a job that replaces an earlier one of its kind that has not begun; never waits."""
        state = self._entered()
        try:
            state.latest = job
            state.changed.notify_all()
        finally:
            state.changed.release()

    def drain(self, timeout: float | None = None, stall: float | None = None) -> bool:
        """Waits until all is done.

        Args:
            timeout: Seconds to wait at most.
            stall: Seconds to wait at most for a single job, so as to wait for a slow disk but not for one that hangs.

        Returns:
            False if that took longer.
        """
        state = self._state
        if state is None or state.pid != os.getpid():
            return True
        deadline = None if timeout is None else time.monotonic() + timeout
        with state.changed:
            state.draining += 1
            state.changed.notify_all()
            try:
                while True:
                    done = state.done
                    left = None if deadline is None else max(0.0, deadline - time.monotonic())
                    wait = min((seconds for seconds in (left, stall) if seconds is not None), default=None)
                    if state.changed.wait_for(lambda: state.is_empty, wait):
                        return True
                    if state.done == done or (left is not None and wait == left):
                        return False
            finally:
                state.draining -= 1

    def close(self, timeout: float | None = None, stall: float | None = None) -> bool:
        """Drains and ends the thread; a later job starts another. Jobs that are late are still done, if the process lives."""
        drained = self.drain(timeout, stall)
        state, self._state = self._state, None
        if state is not None:
            with state.changed:
                state.closed = True
                state.changed.notify_all()
        return drained

    def drain_at_exit(self, seconds: float) -> None:
        """Does what waits when the process ends; `on_exit` may add to it."""
        state = self._state
        if state is None or state.pid != os.getpid() or state.closed:
            return
        if self._on_exit is not None:
            self._on_exit()
        self.drain(seconds)

    def _has_room(self, state: _State, size: int) -> bool:
        waiting = len(state.jobs) + state.busy
        return waiting == 0 or (waiting < self._max_jobs and state.bytes + size <= self._max_bytes)

    def _entered(self) -> _State:
        """What is shared with a thread that is there, its lock held."""
        while True:
            # A forked process has the object, but not its thread.
            if self._state is None or self._state.pid != os.getpid():
                self._state = _State(self._on_idle)
                thread = threading.Thread(
                    target=_run, args=(self._state, self._on_error), name="tb_attention writer", daemon=True
                )
                thread.start()
                register(self)
            state = self._state
            state.changed.acquire()
            if not state.closed:
                return state
            state.changed.release()
            self._state = None


class _State:
    """What the thread and those who give it jobs share."""

    def __init__(self, on_idle: Job | None) -> None:
        self.pid = os.getpid()
        self.changed = threading.Condition()
        self.jobs: deque[tuple[Job, int]] = deque()
        self.latest: Job | None = None
        self.on_idle = on_idle
        self.unsettled = False
        self.bytes = 0
        self.done = 0
        self.busy = False
        self.draining = 0
        self.closed = False

    @property
    def is_empty(self) -> bool:
        return not (self.busy or self.jobs or self.latest is not None or self.unsettled)

    def wait(self) -> tuple[Job, int] | None:
        """The next job and its size, or None if the thread is to end; called with the lock held."""
        self.changed.wait_for(
            lambda: self.jobs or self.latest is not None or self.closed or (self.draining and self.unsettled),
            _IDLE_SECONDS if self.unsettled else _LEAVE_SECONDS,
        )
        if self.jobs:
            return self.jobs.popleft()
        if self.latest is not None:
            job, self.latest = self.latest, None
            return job, 0
        if self.unsettled and self.on_idle is not None:
            return self.on_idle, 0
        self.closed = True
        return None


def _run(state: _State, on_error: Callable[[Exception], None]) -> None:
    while True:
        with state.changed:
            found = state.wait()
            if found is None:
                return
            job, size = found
            state.busy = True
        try:
            job()
        except Exception as error:
            _report(on_error, error)
        settled = state.on_idle is None or job == state.on_idle
        # The arrays of a job must not live until the next one comes.
        del job, found
        with state.changed:
            state.busy = False
            state.unsettled = not settled
            state.bytes -= size
            state.done += 1
            state.changed.notify_all()


def _report(on_error: Callable[[Exception], None], error: Exception) -> None:
    try:
        on_error(error)
    except Exception:
        # The listener may turn warnings into errors; later steps still have to be written.
        return
