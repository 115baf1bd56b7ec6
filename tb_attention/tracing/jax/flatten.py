"""Reads a jaxpr as a program: the functions that it calls inlined, loops unrolled and branches chosen."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import jax
import numpy as np
from jax.extend import core

from tb_attention.tracing import limits
from tb_attention.tracing.graph import LayerCall
from tb_attention.tracing.jax.equations import counting_while, has_exponential, inlined, is_call, runner
from tb_attention.tracing.jax.fused_attention import Fused, read_fused
from tb_attention.tracing.jax.program import (
    CONSTANT,
    FUSED_PRODUCT,
    FUSED_WEIGHTS,
    ITEM,
    STACKED,
    Key,
    Open,
    Program,
    Step,
)


class Scopes(Protocol):
    """The layers of equations.

    Attributes:
        root: The stack around everything.
    """

    root: tuple[Any, ...]

    def inside(self, stack: tuple[Any, ...], equation: Any) -> tuple[Any, ...]:
        """The stack of an equation, with that of its function, whose equations know their own part only."""
        ...

    def layers_of(self, stack: tuple[Any, ...]) -> tuple[LayerCall, ...]:
        """The layers of a stack, outermost first."""
        ...


def flatten(closed: Any, variables: int, scopes: Scopes, decisions: Mapping[Key, int]) -> Program:
    """Reads a jaxpr.

    Args:
        closed: What `jax.make_jaxpr` returned.
        variables: How many of its first arguments are values of variables; the others are inputs.
        scopes: The layers of its equations.
        decisions: How many rounds loops have and which branches are taken, as far as that is known.
    """
    flattener = _Flattener(scopes, decisions)
    program = flattener.program
    taken = flattener.new(len(closed.jaxpr.invars))
    program.variables, program.inputs = taken[:variables], taken[variables:]
    program.taken = tuple(atom.aval for atom in closed.jaxpr.invars)
    program.outputs = tuple(flattener.walk(closed, taken, _Around(scopes.root)))
    return program


@dataclass(frozen=True, slots=True)
class _Around:
    """What surrounds a step: the stack of its layers, where it is, and where it is with the rounds of loops."""

    stack: tuple[Any, ...] = ()
    key: Key = ()
    rounds: Key = ()

    def inside(self, *numbers: int) -> _Around:
        return dataclasses.replace(self, key=(*self.key, *numbers), rounds=(*self.rounds, *numbers))

    def in_round(self, number: int) -> _Around:
        return dataclasses.replace(self, rounds=(*self.rounds, number))


class _Flattener:
    def __init__(self, scopes: Scopes, decisions: Mapping[Key, int]) -> None:
        self._scopes, self._decisions = scopes, decisions
        self.program = Program()
        self._count = 0
        self._arrays: dict[int, Any] = {}

    def new(self, count: int) -> tuple[int, ...]:
        self._count += count
        return tuple(range(self._count - count, self._count))

    def walk(self, jaxpr: Any, taken: Sequence[int], around: _Around) -> list[int]:
        """Adds the equations of one function, and returns its results."""
        consts: list[int] = []
        if isinstance(jaxpr, core.ClosedJaxpr):
            held = zip(jaxpr.consts, jaxpr.jaxpr.constvars, strict=True)
            consts = [self._constant(array, variable.aval) for array, variable in held]
            jaxpr = jaxpr.jaxpr
        values = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *taken], strict=True))

        def read(atom: Any) -> int:
            if isinstance(atom, core.Literal):
                return self._constant(np.asarray(atom.val, atom.aval.dtype), atom.aval)
            number: int = values[atom]
            return number

        for number, equation in enumerate(jaxpr.eqns):
            inside = dataclasses.replace(around.inside(number), stack=self._scopes.inside(around.stack, equation))
            reads = [read(atom) for atom in equation.invars]
            values.update(zip(equation.outvars, self._equation(equation, reads, inside), strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def _add(
        self, name: str, params: dict[str, Any], reads: Sequence[int], results: Sequence[Any], around: _Around, run: Any
    ) -> tuple[int, ...]:
        writes = self.new(len(results))
        layers = self._scopes.layers_of(around.stack)
        self.program.steps.append(Step(name, params, tuple(reads), writes, tuple(results), layers, around.key, run))
        return writes

    def _constant(self, array: Any, aval: Any) -> int:
        number = self._add(CONSTANT, {"value": array}, (), (aval,), _Around(), lambda: [array])[0]
        self._arrays[number] = array
        return number

    def _equation(self, equation: Any, reads: list[int], around: _Around) -> Sequence[int]:
        name, params = equation.primitive.name, equation.params
        known = {index: self._arrays[number] for index, number in enumerate(reads) if number in self._arrays}
        fused = read_fused(equation, known)
        if fused is not None:
            return self._fused(equation, fused, reads, around)
        if is_call(equation):
            name, inner = str(params.get("name")), inlined(equation)
            if inner is not None:
                return self.walk(inner, reads, around)
        elif name == "scan":
            return self._scan(equation, reads, around)
        elif name == "while":
            return self._while(equation, reads, around)
        elif name == "cond":
            branch = self._decisions.get(around.rounds)
            if branch is not None:
                self.program.guards.append((reads[0], branch))
                return self.walk(params["branches"][branch], reads[1:], around.inside(branch))
            self.program.open.append(Open(around.rounds, reads[0]))
        return self._whole(equation, name, reads, around)

    def _whole(self, equation: Any, name: str, reads: Sequence[int], around: _Around) -> Sequence[int]:
        results = [variable.aval for variable in equation.outvars]
        return self._add(name, equation.params, reads, results, around, runner(equation))

    def _fused(self, equation: Any, fused: Fused, reads: list[int], around: _Around) -> Sequence[int]:
        results = [variable.aval for variable in equation.outvars]
        avals = [variable.aval for variable in equation.invars]
        made = jax.eval_shape(fused.weights, *(jax.ShapeDtypeStruct(aval.shape, aval.dtype) for aval in avals))
        params = {"fused": fused}
        weights = self._add(
            FUSED_WEIGHTS, params, reads, [made], around.inside(0), lambda *arrays: [fused.weights(*arrays)]
        )
        return self._add(
            FUSED_PRODUCT,
            params,
            [*reads, *weights],
            results,
            around.inside(1),
            lambda *arrays: fused.run(*arrays[:-1]),
        )

    def _scan(self, equation: Any, reads: list[int], around: _Around) -> Sequence[int]:
        params = equation.params
        if params["length"] <= limits.LOOP_ROUNDS:
            if has_exponential(params["jaxpr"]) or around.rounds in self._decisions:
                return self._unrolled_scan(params, reads, around)
            length = self._constant(np.int32(params["length"]), jax.ShapeDtypeStruct((), np.int32))
            self.program.closed.append(Open(around.rounds, length, len(self.program.steps)))
        return self._whole(equation, "scan", reads, around)

    def _unrolled_scan(self, params: dict[str, Any], reads: list[int], around: _Around) -> Sequence[int]:
        consts = reads[: params["num_consts"]]
        state = reads[len(consts) : len(consts) + params["num_carry"]]
        sequences = reads[len(consts) + len(state) :]
        avals = params["jaxpr"].in_avals[len(consts) + len(state) :]
        rounds = range(params["length"])
        made: dict[int, Sequence[int]] = {}
        for at in reversed(rounds) if params["reverse"] else rounds:
            items = [
                self._add(ITEM, {"index": at}, [whole], [aval], around, lambda array, at=at: [array[at]])[0]
                for whole, aval in zip(sequences, avals, strict=True)
            ]
            results = self.walk(params["jaxpr"], [*consts, *state, *items], around.in_round(at))
            state, made[at] = results[: len(state)], results[len(state) :]
        stacked: list[int] = []
        for index, aval in enumerate(params["jaxpr"].out_avals[len(state) :]):
            whole = jax.ShapeDtypeStruct((len(rounds), *aval.shape), aval.dtype)
            parts = [made[at][index] for at in rounds]
            stacked += self._add(STACKED, {}, parts, [whole], around, lambda *arrays: [jax.numpy.stack(arrays)])
        return [*state, *stacked]

    def _while(self, equation: Any, reads: list[int], around: _Around) -> Sequence[int]:
        params, rounds = equation.params, self._decisions.get(around.rounds)
        if rounds is not None and rounds <= limits.LOOP_ROUNDS:
            return self._unrolled_while(params, rounds, reads, around)
        results = [variable.aval for variable in equation.outvars]
        counter = jax.ShapeDtypeStruct((), np.int32)
        made = self._add("while", params, reads, [*results, counter], around, counting_while(params))
        if rounds is None:
            inner = (params["cond_jaxpr"], params["body_jaxpr"])
            loops = self.program.open if any(map(has_exponential, inner)) else self.program.closed
            loops.append(Open(around.rounds, made[-1], len(self.program.steps) - 1))
        return made[:-1]

    def _unrolled_while(self, params: dict[str, Any], rounds: int, reads: list[int], around: _Around) -> Sequence[int]:
        of_condition = reads[: params["cond_nconsts"]]
        of_body = reads[len(of_condition) : len(of_condition) + params["body_nconsts"]]
        state = reads[len(of_condition) + len(of_body) :]

        def guard(wanted: int) -> None:
            goes_on = self.walk(params["cond_jaxpr"], [*of_condition, *state], around.inside(0).in_round(wanted))[0]
            self.program.guards.append((goes_on, wanted))

        for number in range(rounds):
            if number == rounds - 1:
                guard(1)
            state = self.walk(params["body_jaxpr"], [*of_body, *state], around.inside(1).in_round(number))
        guard(0)
        return state
