"""Random numbers for reading data in the middle of `fit`, apart from those that training draws."""

from __future__ import annotations

import random
import sys
from types import TracebackType
from typing import Any

import numpy as np


class OwnRandomState:
    """A context in which the global generators of Python, NumPy and PyTorch have a state of their own.

    It goes on from one `with` to the next, beginning with their state at the first. Behind each `with` they are what they were
    before, so that training draws what it would draw without us.

    Args:
        generators: PyTorch generators that are treated likewise, such as that of a `DataLoader`.
    """

    def __init__(self, generators: tuple[Any, ...] = ()) -> None:
        self._generators = generators
        self._ours: tuple[Any, ...] | None = None
        self._theirs: tuple[Any, ...] = ()

    def __enter__(self) -> None:
        self._theirs = self._states()
        if self._ours is not None:
            self._put(self._ours)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ours = self._states()
        self._put(self._theirs)

    def _states(self) -> tuple[Any, ...]:
        # Who has not imported PyTorch draws nothing from it.
        torch = sys.modules.get("torch")
        drawn = None if torch is None else torch.get_rng_state()
        numpy = np.random.get_state()  # noqa: NPY002
        return random.getstate(), numpy, drawn, [each.get_state() for each in self._generators]

    def _put(self, states: tuple[Any, ...]) -> None:
        python, numpy, drawn, own = states
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        torch = sys.modules.get("torch")
        if torch is not None and drawn is not None:
            torch.set_rng_state(drawn)
        for generator, state in zip(self._generators, own, strict=True):
            generator.set_state(state)
