"""Runs the part of a program that some values need, compiled, and with no effect on the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import jax
import numpy as np
import numpy.typing as npt

from tb_attention.tracing.backend import Arrays
from tb_attention.tracing.graph import LayerCall, Stale, Value
from tb_attention.tracing.jax.graph_maker import GraphMaker
from tb_attention.tracing.jax.program import Key, Program


class Traceable(Protocol):
    """What is traced.

    Attributes:
        pack_outputs: Makes the structure that it returned from its flat tensors.
    """

    pack_outputs: Callable[[list[Any]], Any]

    @property
    def layers(self) -> Sequence[Any]:
        """As for `Trace`."""
        ...

    @property
    def failed(self) -> Sequence[LayerCall]:
        """The layers around the call that raised last, outermost first."""
        ...

    def program(self, tensors: Sequence[Any], decisions: Mapping[Key, int]) -> Program:
        """The steps for tensors of these shapes and dtypes; `decisions` is as for `flatten`."""
        ...

    def values(self) -> list[Any]:
        """What comes before the tensors of a call: the values of the variables."""
        ...


class Programs:
    """The programs of a model for several numbers of samples.

    Args:
        function: The model.
        decisions: How loops and branches go.
    """

    def __init__(self, function: Traceable, decisions: dict[Key, int]) -> None:
        self.function, self._decisions = function, dict(decisions)
        self._made: dict[tuple[Any, ...], Program] = {}

    def of(self, tensors: Sequence[Any]) -> Program:
        shapes = tuple(tuple(tensor.shape) for tensor in tensors)
        if shapes not in self._made:
            self._made[shapes] = self.function.program(tensors, self._decisions)
        return self._made[shapes]


class Replay:
    """Computes values of a graph from the tensors of a call, and reads them.

    Args:
        programs: The steps for each number of samples.
        program: Those that the graph was made of.
        maker: Knows which step makes which value.
        fetches: Values of the graph, or numbers of values of the program.
    """

    def __init__(self, programs: Programs, program: Program, maker: GraphMaker, fetches: Sequence[Value | int]) -> None:
        self._programs, self._program, self._maker = programs, program, maker
        self._fetches = tuple(fetches)
        self._compiled: dict[int, Any] = {}

    def __call__(self, tensors: Sequence[Any]) -> Arrays:
        program = self._programs.of(tensors)
        if id(program) not in self._compiled:
            if not program.is_like(self._program):
                raise Stale
            self._compiled[id(program)] = jax.jit(_needed(program, self._maker, self._fetches))
        found = self._compiled[id(program)](self._programs.function.values(), list(tensors))
        return [_readable(array) for array in found]


def _needed(program: Program, maker: GraphMaker, fetches: Sequence[Value | int]) -> Any:
    """A function of the values of variables and inputs that runs the steps that the fetches need."""
    numbers = [fetch if isinstance(fetch, int) else _number_behind(maker, fetch) for fetch in fetches]
    needed, steps = set(numbers), []
    for step in reversed(program.steps):
        if not needed.isdisjoint(step.writes):
            steps.append(step)
            needed.update(step.reads)

    def run(values: Sequence[Any], tensors: Sequence[Any]) -> list[Any]:
        made = dict(zip((*program.variables, *program.inputs), (*values, *tensors), strict=True))
        for step in reversed(steps):
            made.update(zip(step.writes, step.run(*(made[number] for number in step.reads)), strict=True))
        return [
            made[number] if isinstance(fetch, int) else _computed(maker, fetch, made)
            for number, fetch in zip(numbers, fetches, strict=True)
        ]

    return run


def _number_behind(maker: GraphMaker, value: Value) -> int:
    return maker.numbers[value] if value in maker.numbers else _number_behind(maker, maker.extras[value].of)


def _computed(maker: GraphMaker, value: Value, made: dict[int, Any]) -> Any:
    if value in maker.numbers:
        return made[maker.numbers[value]]
    extra = maker.extras[value]
    return extra.run(_computed(maker, extra.of, made))


def _readable(array: Any) -> npt.NDArray[Any]:
    """An array of a type that NumPy has, which lacks bfloat16."""
    return np.asarray(array.astype(np.float32) if array.dtype.name == "bfloat16" else array)
