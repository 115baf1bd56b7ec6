"""A forward pass as a flat list of steps, as JAX traced it for one number of samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tb_attention.tracing.graph import LayerCall

CONSTANT, ITEM, STACKED = "constant", "item", "stacked"
"""Steps that are no equations: an array, what a round of a loop takes of a sequence, and what all rounds made."""
FUSED_WEIGHTS, FUSED_PRODUCT = "fused weights", "fused product"
"""The two steps of a kernel of attention: its weights, and what it returns, of its operands and the weights."""

Key = tuple[int, ...]
"""Where an equation is: the numbers of the equations that call one another down to it. A cached function is called from many."""


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One operation of a program. Values are numbers, counted from 0 in the order in which they are made.

    Attributes:
        name: Of the primitive, of the function that is one operation for the rules, or one of the constants above.
        params: The parameters of the equation.
        reads, writes: The values.
        results: Shape and dtype of what it makes.
        layers: The layers around it, outermost first.
        key: Where it is; the same in all rounds of a loop.
        run: Computes the results from the arrays that it reads.
    """

    name: str
    params: dict[str, Any]
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    results: tuple[Any, ...]
    layers: tuple[LayerCall, ...]
    key: Key
    run: Callable[..., Sequence[Any]]


@dataclass(frozen=True, eq=False, slots=True)
class Open:
    """A loop or a branch that must be decided before what is in it can be inlined.

    Attributes:
        key: Where it is, with the rounds of the loops around it.
        value: What decides: the number of rounds, or the branch that is taken.
        step: The index of the loop's step.
    """

    key: Key
    value: int
    step: int | None = None


@dataclass(eq=False)
class Program:
    """The steps of a function of the values of variables and of inputs.

    Attributes:
        variables, inputs, outputs: The values that it takes and returns.
        taken: Shape and dtype of the variables and inputs, in this order.
        steps: In the order in which they run.
        open: The loops and branches that are not decided yet.
        closed: The loops without attention, which need not be.
        guards: Values that decided, each with what it must be.
    """

    variables: tuple[int, ...] = ()
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    taken: tuple[Any, ...] = ()
    steps: list[Step] = field(default_factory=list)
    open: list[Open] = field(default_factory=list)
    closed: list[Open] = field(default_factory=list)
    guards: list[tuple[int, int]] = field(default_factory=list)

    def is_like(self, other: Program) -> bool:
        """Whether the same operations run, on arrays of the same ranks, as in a program for another number of samples."""
        return self.outputs == other.outputs and self._forms() == other._forms()

    def _forms(self) -> list[tuple[Any, ...]]:
        return [
            (step.name, step.key, step.reads, step.writes, *(len(_shape(result)) for result in step.results))
            for step in self.steps
        ]


def _shape(aval: Any) -> tuple[int, ...]:
    return tuple(getattr(aval, "shape", ()))
