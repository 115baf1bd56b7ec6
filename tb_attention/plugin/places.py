"""Buckets and hosts as this process reaches them: none is waited for long, and while one fails it is asked seldom."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar, cast

from cachetools import LRUCache

from tb_attention.errors import AttentionError, NotInLogError, UnreachableError
from tb_attention.records.store.reaching import place_of
from tb_attention.wire.structs import Unreachable

T = TypeVar("T")

ANSWER_SECONDS = 10.0
"""How long a request waits for a place."""

# After a failure the next question is asked so much later, twice as much after each further one.
_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 30.0
# A question without an answer is given up after so long, and the next one is asked. Libraries give up earlier by themselves.
_ABANDONED = 60.0


class Place:
    """A bucket or host. Safe to call from several threads.

    Args:
        name: For people, such as "s3://bucket".
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._since: float | None = None
        self._reason = ""
        self._pause = _FIRST_PAUSE
        self._due = 0.0

    @property
    def failure(self) -> Unreachable | None:
        """Since when it cannot be reached, and why; None while it can, or was not asked yet."""
        with self._lock:
            return None if self._since is None else Unreachable(self._name, self._since, self._reason)

    def ask(self, question: Callable[[], T], *, of_file: bool = False) -> T:
        """Asks in another thread. While the place fails, one question is asked now and then, and all others fail at once.

        Args:
            question: Reads from a store; may hang. Its answer is waited for `ANSWER_SECONDS`.
            of_file: Whether it is about one file: that it is forbidden says nothing about the place.

        Raises:
            UnreachableError: The place fails, or has not answered in time.
        """
        self._enter()
        call = _Call(question, self._note, of_file)
        # A daemon: what hangs must not keep the process from ending.
        threading.Thread(target=call.run, name="tb_attention place", daemon=True).start()
        if not call.done.wait(ANSWER_SECONDS):
            with self._lock:
                if not call.done.is_set():
                    self._fail(f"{self._name} has not answered for {ANSWER_SECONDS:.0f} s.", _ABANDONED)
                    raise UnreachableError(self._reason)
        return cast(T, call.result())

    def watch(self, question: Callable[[], T]) -> T:
        """Asks in this thread, for as long as it takes: the bytes of a file may be many.

        Raises:
            UnreachableError: The place fails.
        """
        self._enter()
        call = _Call(question, self._note, of_file=True)
        call.run()
        return cast(T, call.result())

    def _enter(self) -> None:
        with self._lock:
            if self._since is not None:
                if time.monotonic() < self._due:
                    raise UnreachableError(self._reason)
                self._due = time.monotonic() + _ABANDONED

    def _note(self, call: _Call) -> None:
        """A question was answered, early or late, or failed."""
        with self._lock:
            if call.is_failure:
                self._fail(str(call.error), self._pause)
                self._pause = min(_LONGEST_PAUSE, 2 * self._pause)
            else:
                self._since, self._pause = None, _FIRST_PAUSE
            call.done.set()

    def _fail(self, reason: str, pause: float) -> None:
        self._since = self._since or time.time()
        self._reason = reason
        self._due = time.monotonic() + pause


class _Call:
    """A question that is asked in a thread."""

    def __init__(self, question: Callable[[], object], note: Callable[[_Call], None], of_file: bool) -> None:
        self._question = question
        self._of_file = of_file
        self._note = note
        self.answer: object = None
        self.error: Exception | None = None
        self.done = threading.Event()

    def run(self) -> None:
        """Asks and notes what came of it."""
        try:
            self.answer = self._question()
        except Exception as error:
            self.error = error
        self._note(self)

    @property
    def is_failure(self) -> bool:
        """Whether the place did not answer."""
        if isinstance(self.error, UnreachableError):
            return not (self.error.denied and self._of_file)
        return isinstance(self.error, AttentionError) and not isinstance(self.error, NotInLogError)

    def result(self) -> object:
        """The answer; raises what the question raised."""
        if self.error is not None:
            raise self.error
        return self.answer


def place_at(url: str) -> Place:
    """The place of a URL, the same object for all URLs of a bucket or host."""
    name = place_of(url)
    with _lock:
        if name not in _places:
            _places[name] = Place(name)
        return _places[name]


def unreachable_places() -> tuple[Unreachable, ...]:
    """Those that cannot be reached now, by name."""
    with _lock:
        known = sorted(_places.items())
    return tuple(failure for _, place in known if (failure := place.failure) is not None)


_places: LRUCache[str, Place] = LRUCache(1000)
_lock = threading.Lock()
