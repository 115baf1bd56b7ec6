"""A cache that forgets the least recently used, so that the server does not grow with the log."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class BoundedCache(Generic[Value]):
    """Values by key, up to a total weight.

    Args:
        capacity: The most that all values may weigh together; a heavier one is not kept.
        weigh: The weight of a value, such as its bytes; by default each weighs 1.
    """

    def __init__(self, capacity: int, weigh: Callable[[Value], int] = lambda _: 1) -> None:
        self._capacity = capacity
        self._weigh = weigh
        self._weight = 0
        self._values: OrderedDict[Hashable, tuple[int, Value]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of a key, made if it is not kept.

        Two threads that ask at once may both make it: holding the lock would let one slow file stop every request.
        """
        kept = self.find(key)
        if kept is not None:
            return kept
        value = make()
        self.put(key, value)
        return value

    def find(self, key: Hashable) -> Value | None:
        """The value of a key, if it is kept; None is never a value."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][1]

    def put(self, key: Hashable, value: Value) -> None:
        """Keeps a value, if it is light enough and its key has none yet."""
        weight = self._weigh(value)
        with self._lock:
            if key in self._values or weight > self._capacity:
                return
            self._values[key] = (weight, value)
            self._weight += weight
            while self._weight > self._capacity:
                _, (dropped, _) = self._values.popitem(last=False)
                self._weight -= dropped
