"""One operation of ATen, to be written down as nodes of a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from tb_attention.tracing.graph import Shape, Value
from tb_attention.tracing.ops import NO_ATTRIBUTES, Attributes
from tb_attention.tracing.torch.aten_pass import Ran
from tb_attention.tracing.torch.aten_rerun import Recipe


class Recorder(Protocol):
    """See `AtenRecording`."""

    def add(
        self,
        op: str,
        inputs: Sequence[Any],
        outputs: Sequence[torch.Tensor] | Sequence[tuple[Shape, str]],
        recipes: Sequence[Recipe],
        attributes: Attributes = NO_ATTRIBUTES,
    ) -> tuple[Value, ...]: ...

    def value(self, item: Any) -> Value: ...

    def is_constant(self, tensor: torch.Tensor) -> bool: ...


@dataclass(frozen=True, eq=False, slots=True)
class Translation:
    """One operation, to be written down.

    Attributes:
        to: The graph.
        ran: The operation.
    """

    to: Recorder
    ran: Ran

    def __getitem__(self, name: str) -> Any:
        return self.ran[name]

    @property
    def x(self) -> Any:
        """The tensor that it works on."""
        return self.ran["self"] if "self" in self.ran.arguments else self.ran["input"]

    @property
    def out(self) -> torch.Tensor:
        return self.ran.outputs[0]

    def axis(self, name: str = "dim") -> int:
        rank: int = self.x.dim()
        return int(self.ran[name] or 0) % max(rank, 1)

    def made(self, op: str, *inputs: Any, **attributes: Any) -> None:
        """The node of the operation itself."""
        recipes = [result_of(index) for index in range(len(self.ran.outputs))]
        self.to.add(op, inputs, self.ran.outputs, recipes, Attributes(**attributes))

    def between(self, op: str, like: Any, recipe: Recipe, *inputs: Any, **attributes: Any) -> Value:
        """A node for a step inside of the operation.

        Args:
            op: As in the vocabulary.
            like: A tensor of the shape and type of the result, or its shape (float32 then).
            recipe: Computes the result.
            *inputs: What it reads.
            **attributes: Of the node.
        """
        shape, dtype = (tuple(like.shape), str(like.dtype)[6:]) if hasattr(like, "shape") else (tuple(like), "float32")
        return self.to.add(op, inputs, [(shape, dtype)], [recipe], Attributes(**attributes))[0]


def result_of(index: int) -> Recipe:
    return lambda ran: ran.outputs[index]


Rule = Callable[[Translation], None]


def swapped(rank: int, one: int, other: int) -> list[int]:
    """The order of axes in which two of them change places."""
    order = list(range(rank))
    order[one], order[other] = order[other], order[one]
    return order
