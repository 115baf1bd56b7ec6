"""Runs a recorded module again and takes some of its values; nothing but what makes these is looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tb_attention.tracing.graph import Stale, Value
from tb_attention.tracing.torch.aten_pass import AtenPass, Ran, Runnable, storage_of

Recipe = Callable[[Ran], torch.Tensor]


@dataclass(frozen=True, eq=False, slots=True)
class Origin:
    """Where a value of a recorded pass comes from.

    Attributes:
        step: The number of the operation in its pass.
        recipes: For each result of the node how it is made of what the operation read and made.
    """

    step: int
    recipes: Sequence[Recipe]


class AtenRerun(AtenPass):
    """One more pass.

    Args:
        model: The model.
        keys: As those of the recorded pass.
        fetches: The values that are wanted.

    Attributes:
        fetched: Their tensors.
    """

    def __init__(self, model: Runnable, keys: Sequence[tuple[str, str]], fetches: Sequence[Value]) -> None:
        super().__init__(model)
        self._expected = keys
        self._wanted: Mapping[int, list[Value]] = _by_step(fetches)
        self.fetched: dict[Value, torch.Tensor] = {}
        self._holding: defaultdict[int, list[Value]] = defaultdict(list)

    def run(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Calls the model.

        Raises:
            Stale: Other operations ran than when it was recorded, or tensors have other sizes.
        """
        super().run(args, kwargs)
        if self.keys != self._expected:
            raise Stale

    def wants(self, step: int) -> bool:
        return step in self._wanted

    def ran(self, step: int, ran: Ran) -> None:
        if step >= len(self._expected) or self.keys[step] != self._expected[step]:
            raise Stale
        for value in self._wanted[step]:
            tensor = value.node.origin.recipes[value.index](ran)
            if not _fits(value, tensor):
                raise Stale
            self.fetched[value] = tensor
            self._holding[storage_of(tensor)].append(value)

    def writing(self, tensor: torch.Tensor) -> None:
        """Copies what was taken before the model changes it."""
        for value in self._holding.pop(storage_of(tensor), ()):
            self.fetched[value] = self.fetched[value].clone()


def _by_step(values: Sequence[Value]) -> dict[int, list[Value]]:
    wanted: defaultdict[int, list[Value]] = defaultdict(list)
    for value in dict.fromkeys(values):
        wanted[value.node.origin.step].append(value)
    return dict(wanted)


def _fits(value: Value, tensor: torch.Tensor) -> bool:
    shape = value.shape or ()
    return len(shape) == tensor.dim() and all(
        size in (None, now) for size, now in zip(shape, tensor.shape, strict=True)
    )
