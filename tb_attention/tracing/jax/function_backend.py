"""Functions of JAX: plain ones, and those that Flax and the like make of a model. Keras is not needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from typing import Any

import jax

from tb_attention.errors import ArgumentError
from tb_attention.tracing.backend import Trace
from tb_attention.tracing.graph import LayerCall
from tb_attention.tracing.jax.flatten import flatten
from tb_attention.tracing.jax.jax_tensors import JaxTensors
from tb_attention.tracing.jax.program import Key, Program
from tb_attention.tracing.jax.trace import trace
from tb_attention.tracing.model_call import Call, read_call


@dataclass(frozen=True)
class FunctionCall(Call):
    """A call of a function with parameters.

    Attributes:
        params: The arrays among the parameters.
        form: Makes the parameters of such arrays.
    """

    params: tuple[Any, ...] = ()
    form: Callable[[Sequence[Any]], Any] = list

    def chunks(self, size: int | None) -> Iterator[tuple[tuple[Any, ...], int]]:
        for tensors, samples in super().chunks(size):
            yield (*self.params, *tensors), samples


@dataclass(frozen=True, eq=False)
class Scope:
    """A `jax.named_scope` in the paths of sites."""

    name: str


class NamedScopes:
    """The named scopes of equations. Two calls in scopes of one name cannot be told apart."""

    def __init__(self, name: str) -> None:
        self.root: tuple[LayerCall, ...] = (LayerCall(Scope(name), 1),)
        self._calls: dict[tuple[str, ...], LayerCall] = {}

    def layers_of(self, equation: Any) -> tuple[LayerCall, ...]:
        """See `Scopes`."""
        # Transformations stand around the names, as in "vmap(encoder)".
        names = [re.sub(r"^(\w+\()+|\)+$", "", part) for part in str(equation.source_info.name_stack).split("/")]
        names = [name for name in names if name]
        paths = [tuple(names[: depth + 1]) for depth in range(len(names))]
        for path in paths:
            self._calls.setdefault(path, LayerCall(Scope(path[-1]), len(self._calls) + 2))
        return tuple(self._calls[path] for path in paths)


class PlainFunction:
    """See `Traceable`.

    Args:
        function: The function of parameters and inputs.
        call: A call of the kind that is traced.
    """

    layers: Sequence[Any] = ()
    failed: Sequence[LayerCall] = ()

    def __init__(self, function: Callable[..., Any], call: FunctionCall) -> None:
        self._function, self._arguments = function, call.without_arrays().arguments
        self._params, self._count = call.form, len(call.params)
        self._scopes = NamedScopes(name_of(function))
        self.pack_outputs: Callable[[list[Any]], Any] = list

    def program(self, tensors: Sequence[Any], decisions: Mapping[Key, int]) -> Program:
        """See `Traceable`; the first of the tensors are parameters."""
        shapes = [jax.ShapeDtypeStruct(tensor.shape, tensor.dtype) for tensor in tensors]
        return flatten(jax.make_jaxpr(self._run)(*shapes), self._count, self._scopes, decisions)

    def values(self) -> list[Any]:
        """Nothing: parameters are given anew with each call."""
        return []

    def _run(self, *tensors: Any) -> list[Any]:
        args, kwargs = self._arguments(tensors[self._count :])
        leaves, structure = jax.tree.flatten(self._function(self._params(tensors[: self._count]), *args, **kwargs))
        self.pack_outputs = structure.unflatten
        return list(map(jax.numpy.asarray, leaves))


class Unchecked:
    """See `State`. A function is traced anew for each capturer."""

    def note_traced(self, model: Any) -> None:
        """Nothing is compared."""

    def holds(self, model: Any, *, thoroughly: bool) -> bool:
        return True


class FunctionBackend:
    """See `Backend`."""

    scalars: tuple[type, ...] = ()

    def outside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def is_symbolic(self, value: Any) -> bool:
        return isinstance(value, jax.core.Tracer)

    def read_call(self, model: Any, inputs: Sequence[Any], call_kwargs: Mapping[str, Any]) -> FunctionCall:
        """The first argument holds the parameters; the others have the samples along the first axis."""
        if len(inputs) < 2:
            raise ArgumentError(
                f"A function of JAX takes its parameters and then inputs, as in `capture(function, params, x)`. Received: "
                f"{len(inputs)} argument{'s' * (len(inputs) != 1)} for the function {name_of(model)!r}."
            )
        leaves, structure = jax.tree.flatten(inputs[0])
        is_array = [hasattr(leaf, "shape") and hasattr(leaf, "dtype") for leaf in leaves]
        others = [None if array else leaf for leaf, array in zip(leaves, is_array, strict=True)]

        def form(arrays: Sequence[Any]) -> Any:
            remaining = iter(arrays)
            filled = [next(remaining) if array else leaf for leaf, array in zip(others, is_array, strict=True)]
            return structure.unflatten(filled)

        params = tuple(jax.numpy.asarray(leaf) for leaf, array in zip(leaves, is_array, strict=True) if array)
        call = read_call(JaxTensors(), inputs[1:], call_kwargs)
        shapes = tuple((array.shape, str(array.dtype)) for array in params)
        own = {field.name: getattr(call, field.name) for field in fields(call)}
        return FunctionCall(**{**own, "signature": (*call.signature, str(structure), shapes)}, params=params, form=form)

    def state_of(self, model: Any) -> Unchecked:
        return Unchecked()

    def trace(self, model: Any, call: Call) -> Trace:
        assert isinstance(call, FunctionCall)
        return trace(model, call, lambda function, _: PlainFunction(function, call))


def name_of(function: Any) -> str:
    """The name of a function, or that of its type."""
    return str(getattr(function, "__name__", type(function).__name__))


BACKEND = FunctionBackend()
