"""A forward pass as a flat graph of operations, whichever framework it was traced with.

Inner functions are inlined. Rules read the graph to find attention; a backend then runs the part that is wanted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy.typing as npt

from tb_attention.tracing.ops import CAST, IDENTITY, MOVES, NO_ATTRIBUTES, SHAPE_READERS, Attributes

Shape = tuple[int | None, ...]

Item = TypeVar("Item")


class Stale(Exception):
    """The model no longer does what its graph says: a loop takes more steps, or another branch is taken."""


@dataclass(eq=False, slots=True, repr=False)
class Value:
    """One result of a node.

    Attributes:
        node: The node that makes it.
        index: Which of the node's results it is, from 0.
        shape: Sizes, None where they are known only at run time; None if not even the rank is known.
        dtype: Name of the element type, as "float32".
        users: The nodes that read it.
    """

    node: Node
    index: int
    shape: Shape | None
    dtype: str
    users: list[Node] = field(default_factory=list)

    @property
    def rank(self) -> int | None:
        return None if self.shape is None else len(self.shape)


@dataclass(eq=False, slots=True, repr=False)
class Node:
    """One operation.

    Attributes:
        op: Name of the operation, one of `ops.OPERATIONS`.
        index: Its index in the order in which operations were made; inputs come before users.
        inputs: What it reads.
        after: Nodes that must run before it, for their effects.
        layers: The layers on the stack when it was made, outermost first.
        origin: The backend's own operation.
        outputs: What it makes.
        attributes: Its parameters that are no inputs.
    """

    op: str
    index: int
    inputs: tuple[Value, ...]
    after: tuple[Node, ...]
    layers: tuple[LayerCall, ...]
    origin: Any
    outputs: tuple[Value, ...] = ()
    attributes: Attributes = NO_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class LayerCall:
    """One call of a layer.

    Attributes:
        layer: The layer (or other Keras operation).
        number: A number that no other call of the trace has; the model's own call has the least.
    """

    layer: Any
    number: int


@dataclass(eq=False, slots=True, repr=False)
class Graph:
    """A traced forward pass.

    Attributes:
        nodes: All operations in an order in which they can be run.
        inputs: The tensors fed to the model.
        outputs: The tensors of the model's own outputs.
        constant: The array that a value always is, or None.
        guards: Booleans or branch numbers, each with what it must be for the graph to be right: loops were unrolled and branches
            chosen by them.
        by_xla: Whether part of it was in functions that XLA compiles, which may need it.
    """

    nodes: list[Node]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    constant: Callable[[Value], npt.NDArray[Any] | None]
    guards: tuple[tuple[Value, int], ...] = ()
    by_xla: bool = False

    def leading_to_outputs(self) -> set[Value]:
        """All values that an output is computed from, not only their shape."""
        return set(ancestors(self.outputs, SHAPE_READERS))

    def depending_on_inputs(self) -> set[Value]:
        """All values that change when the inputs do."""
        found = set(self.inputs)
        for node in self.nodes:
            if any(value in found for value in node.inputs):
                found.update(node.outputs)
        return found


def nearest_first(starts: Iterable[Item], behind: Callable[[Item], Iterable[Item]]) -> Iterator[Item]:
    """These items and all that `behind` leads to, nearest first, each once."""
    seen = dict.fromkeys(starts)
    todo = deque(seen)
    while todo:
        item = todo.popleft()
        yield item
        for other in behind(item):
            if other not in seen:
                seen[other] = None
                todo.append(other)


def ancestors(values: Iterable[Value], ends: Container[str] = ()) -> Iterator[Value]:
    """The values that these are computed from, themselves included, nearest first; not those that operations of `ends` read."""
    return nearest_first(values, lambda value: value.node.inputs if value.node.op not in ends else ())


def before_moves(value: Value) -> Value:
    """The value before it was moved, masked or copied."""
    while value.node.op in MOVES and value.node.inputs:
        value = value.node.inputs[0]
    return value


def without_casts(value: Value) -> Value:
    """The value before casts and identities."""
    while value.node.op in (IDENTITY, CAST):
        value = value.node.inputs[value.index]
    return value
