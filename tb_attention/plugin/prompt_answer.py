"""An answer that is needed at once, of a question that may take long or fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class PromptAnswer:
    """Asks in another thread. Safe to call from several threads.

    Args:
        question: May hang or raise; one is asked at a time.
        seconds: How long its answer is waited for; after that, and after a failure, the answer before counts. At first that is
            False.
    """

    def __init__(self, question: Callable[[], bool], seconds: float) -> None:
        self._question = question
        self._seconds = seconds
        self._lock = threading.Lock()
        self._answer = False
        self._asking: threading.Thread | None = None
        self._started = 0.0

    def get(self) -> bool:
        """The answer of now or, where that does not come in time, the one before."""
        with self._lock:
            if self._asking is None:
                self._started = time.monotonic()
                # A daemon: what hangs must not keep the process from ending.
                self._asking = threading.Thread(target=self._ask, name="tb_attention prompt", daemon=True)
                self._asking.start()
            asking, started = self._asking, self._started
        # A question that hangs is waited for once, not by everyone who asks meanwhile.
        asking.join(max(0.0, started + self._seconds - time.monotonic()))
        return self._answer

    def _ask(self) -> None:
        try:
            self._answer = self._question()
        except Exception:
            return
        finally:
            with self._lock:
                self._asking = None
