"""Makes the graph that rules read of a program of JAX, for any number of samples.

What the rules see is kept apart from what runs: nodes that JAX has no equation for, such as a mean, are made of several steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

from tb_attention.tracing import limits, ops
from tb_attention.tracing.graph import Graph, LayerCall, Node, Shape, Value
from tb_attention.tracing.jax.program import CONSTANT, Key, Program, Step

Given = Value | npt.ArrayLike


@dataclass(frozen=True, eq=False)
class Extra:
    """A value that no step of the program makes.

    Attributes:
        of: The value that it is made of.
        run: Makes it.
    """

    of: Value
    run: Callable[[Any], Any]


class GraphMaker:
    """Adds nodes to a graph.

    Args:
        program: The steps for some number of samples.
        more: Those for one sample more, which are the same; sizes that differ are numbers of samples. None where the model is
            bound to a number of samples.
        samples: How many samples the first program is for.

    Attributes:
        numbers: The number in the program of each value that a step makes.
        extras: How the others are made.
    """

    def __init__(self, program: Program, more: Program | None, samples: int) -> None:
        self._program, self._more, self._samples = program, more, samples
        self._nodes: list[Node] = []
        self._values: dict[int, Value] = {}
        self._origins: dict[Key, Key] = {}
        self._lists: dict[Value, Value] = {}
        self._sizes: dict[int, Value] = {}
        self._constants: dict[Value, npt.NDArray[Any] | None] = {}
        self._folding = _Folding(program), _Folding(more or program)
        self.numbers: dict[Value, int] = {}
        self.extras: dict[Value, Extra] = {}
        others = more.taken if more is not None else program.taken
        taken = (*program.variables, *program.inputs)
        self._avals = dict(zip(taken, program.taken, strict=True))
        for step in program.steps:
            self._avals.update(zip(step.writes, step.results, strict=True))
        for number, aval, other in zip(taken, program.taken, others, strict=True):
            # Keys of random generators say nothing about samples.
            op = ops.INPUT if number in program.inputs and not _dtype(aval).startswith("key") else ops.CAPTURE
            node = self._add(op, (), [(self.in_common(aval, other), _dtype(aval))], (), None)
            self._name([number], node)

    def graph(self) -> Graph:
        program = self._program
        inputs = [value for number in program.inputs if (value := self._values[number]).node.op == ops.INPUT]
        outputs = [self._values[number] for number in program.outputs]
        guards = tuple((self._values[number], wanted) for number, wanted in program.guards)
        return Graph(self._nodes, tuple(inputs), tuple(outputs), self.constant, guards)

    def value(self, number: int) -> Value:
        """The value that a step made."""
        return self._values[number]

    def node_of(self, step: Step) -> Node:
        """The node that a step was translated to."""
        return self._values[step.writes[0]].node

    def origin_of(self, step: Step) -> Key:
        """An object that is the same for a step in all rounds of a loop."""
        return self._origins.setdefault(step.key, step.key)

    def constant(self, value: Value) -> npt.NDArray[Any] | None:
        """The array that a value always is, or None; integers that depend on the number of samples are -1."""
        if value not in self._constants:
            self._constants[value] = self._constant(value)
        return self._constants[value]

    def step(
        self, step: Step, more: Step, op: str, inputs: Sequence[Given], attributes: ops.Attributes = ops.NO_ATTRIBUTES
    ) -> None:
        """Adds the node of a step."""
        pairs = zip(step.results, more.results, strict=True)
        results = [(self.in_common(aval, other), _dtype(aval)) for aval, other in pairs]
        origin = self.origin_of(step)
        node = self._add(op, [self._given(item) for item in inputs], results, step.layers, origin, attributes)
        self._name(step.writes, node)

    def same(self, step: Step, value: Value) -> None:
        """Says that a step makes what is in the graph already."""
        self._values[step.writes[0]] = value

    def extra(
        self,
        op: str,
        inputs: Sequence[Given],
        shape: Shape | None,
        dtype: str,
        layers: tuple[LayerCall, ...] = (),
        attributes: ops.Attributes = ops.NO_ATTRIBUTES,
        run: Callable[[Any], Any] | None = None,
        origin: Any = None,
    ) -> Value:
        """Adds a node that is no step.

        Args:
            origin: The step that it is a part of, from `origin_of`, where that matters.
            run: Makes its value of that of the first input; None where its value is never wanted.
        """
        given = [self._given(item) for item in inputs]
        value = self._add(op, given, [(shape, dtype)], layers, origin, attributes).outputs[0]
        if run is not None:
            self.extras[value] = Extra(given[0], run)
        return value

    def shape(self, sizes: Sequence[int], more: Sequence[int]) -> Value:
        """A tensor of sizes, of which those that differ between the two programs depend on the number of samples."""
        if tuple(sizes) == tuple(more):
            return self._given(np.asarray(sizes, np.int32))
        entries = [
            self._multiple(one, other) if one != other else self._given(np.int32(one))
            for one, other in zip(sizes, more, strict=True)
        ]
        return self.extra(ops.PACK, entries, (len(entries),), "int32", attributes=ops.Attributes(axis=0))

    def list_of(self, value: Value) -> Value:
        """The list of the parts of a tensor along its first axis."""
        if value not in self._lists:
            self._lists[value] = self.extra(ops.LIST_OF, [value], (), "variant")
        return self._lists[value]

    def aval(self, number: int) -> Any:
        """Shape and dtype of a value, for the number of samples of the first program."""
        return self._avals[number]

    def loop(self, step: Step, more: Step, inputs: Sequence[Value], state: int) -> None:
        """Adds a loop that was not unrolled: after its state come lists, of which tensors are made."""
        results = [(self.in_common(*pair), _dtype(pair[0])) for pair in zip(step.results, more.results, strict=True)]
        listed = [*results[:state], *(((), "variant") for _ in results[state:])]
        node = self._add(ops.LOOP, inputs, listed, step.layers, self.origin_of(step))
        self._name(step.writes[:state], node)
        for number, made, (shape, dtype) in zip(
            step.writes[state:], node.outputs[state:], results[state:], strict=True
        ):
            self._name([number], self._add(ops.LIST_STACK, [made], [(shape, dtype)], step.layers, None))

    def in_common(self, aval: Any, other: Any) -> Shape:
        """A shape with None for the sizes that differ."""
        sizes = zip(getattr(aval, "shape", ()), getattr(other, "shape", ()), strict=True)
        return tuple(size if size == more else None for size, more in sizes)

    def _multiple(self, size: int, more: int) -> Value:
        """A size that depends on the number of samples."""
        each = more - size
        if size != each * self._samples:
            return self._given(np.int32(-1))
        if each not in self._sizes:
            batched = next(
                value for value in self._values.values() if value.node.op == ops.INPUT and None in (value.shape or ())
            )
            at = (batched.shape or ()).index(None)
            shape = self.extra(ops.SHAPE, [batched], (batched.rank,), "int32")
            index = ops.Attributes(index=(ops.At(at),))
            count = self.extra(ops.STRIDED_SLICE, [shape], (), "int32", attributes=index)
            self._sizes[each] = count if each == 1 else self.extra(ops.MUL, [count, np.int32(each)], (), "int32")
        return self._sizes[each]

    def _given(self, item: Given) -> Value:
        if isinstance(item, Value):
            return item
        array = np.asarray(item)
        value = self._add(ops.CONST, (), [(array.shape, array.dtype.name)], (), None).outputs[0]
        self._constants[value] = array
        return value

    def _add(
        self,
        op: str,
        inputs: Sequence[Value],
        results: Sequence[tuple[Shape | None, str]],
        layers: tuple[LayerCall, ...],
        origin: Any,
        attributes: ops.Attributes = ops.NO_ATTRIBUTES,
    ) -> Node:
        node = Node(op, len(self._nodes), tuple(inputs), (), layers, origin, (), attributes)
        node.outputs = tuple(Value(node, index, shape, dtype) for index, (shape, dtype) in enumerate(results))
        for value in dict.fromkeys(node.inputs):
            value.users.append(node)
        self._nodes.append(node)
        return node

    def _name(self, numbers: Sequence[int], node: Node) -> None:
        for number, value in zip(numbers, node.outputs, strict=False):
            self._values[number], self.numbers[value] = value, number

    def _constant(self, value: Value) -> npt.NDArray[Any] | None:
        if value in self.extras:
            of = self.constant(self.extras[value].of)
            return None if of is None or -1 in of.shape else np.asarray(self.extras[value].run(of))
        number = self.numbers.get(value)
        if number is None or value.shape is None or None in value.shape:
            return None
        arrays = [folding.array(number) for folding in self._folding]
        one, other = arrays
        if one is None or other is None or one.shape != other.shape:
            return None
        if np.array_equal(one, other, equal_nan=one.dtype.kind == "f"):
            return one
        return np.where(one == other, one, -1) if one.ndim < 2 and one.dtype.kind == "i" else None


class _Folding:
    """The arrays of the values of a program that depend on neither variables nor inputs.

    Args:
        program: The steps.
    """

    def __init__(self, program: Program) -> None:
        self._steps = {number: step for step in program.steps for number in step.writes}
        self._arrays: dict[int, npt.NDArray[Any] | None] = {}
        varying = {*program.variables, *program.inputs}
        for step in program.steps:
            if not varying.isdisjoint(step.reads):
                varying.update(step.writes)
        self._varying = varying

    def array(self, number: int) -> npt.NDArray[Any] | None:
        """The array of a value; None where it is not always the same, or too large to be read."""
        if number in self._varying:
            return None
        if number not in self._arrays:
            self._compute(self._steps[number])
        return self._arrays[number]

    def _compute(self, step: Step) -> None:
        read = [self.array(number) for number in step.reads]
        arrays: list[npt.NDArray[Any] | None] = [None] * len(step.writes)
        sizes = [int(np.prod(getattr(aval, "shape", ()), dtype=np.int64)) for aval in step.results]
        is_small = step.name == CONSTANT or max(sizes, default=0) <= limits.FOLDED_ENTRIES
        if is_small and all(array is not None for array in read):
            try:
                with jax.ensure_compile_time_eval():
                    arrays = [np.asarray(array) for array in step.run(*read)]
            except TypeError:
                pass  # Keys of random generators are no arrays.
        self._arrays.update(zip(step.writes, arrays, strict=True))


def _dtype(aval: Any) -> str:
    return str(getattr(aval, "dtype", "key"))
