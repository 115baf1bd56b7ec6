"""Functions of JAX, and what the backends of its libraries share: a model as a function of a pytree and of inputs."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from types import MethodType
from typing import Any

import jax

from tb_attention.errors import ArgumentError
from tb_attention.tracing.backend import Trace
from tb_attention.tracing.jax.array_trees import array_tree, comparable
from tb_attention.tracing.jax.flatten import flatten
from tb_attention.tracing.jax.jax_tensors import JaxTensors
from tb_attention.tracing.jax.module_scopes import scoped_modules
from tb_attention.tracing.jax.named_scopes import NamedScopes, linen_layers
from tb_attention.tracing.jax.program import Key, Program
from tb_attention.tracing.jax.trace import trace
from tb_attention.tracing.model_call import Call, read_call


@dataclasses.dataclass(frozen=True)
class Functional:
    """A model as a function.

    Attributes:
        name: Of the model.
        function: Takes a pytree and the inputs; a trace keeps it.
        tree: The pytree, with all arrays that may change.
        inputs: What is left of the positional arguments.
        identity: What is equal for functions that compute the same.
        is_of_one: Whether the function is written for one sample.
        cleaned: As for `NamedScopes`.
    """

    name: str
    function: Callable[..., Any]
    tree: Any
    inputs: Sequence[Any]
    identity: Any
    is_of_one: bool = False
    cleaned: Callable[[Sequence[str]], Sequence[str]] = tuple


@dataclasses.dataclass(frozen=True)
class FunctionCall(Call):
    """A call of a function with a pytree of arrays.

    Attributes:
        arrays: Those of the pytree.
        form: Makes the pytree of such arrays.
        model: The function, without its tree and inputs.
    """

    arrays: tuple[Any, ...] = ()
    form: Callable[[Sequence[Any]], Any] = list
    model: Functional | None = None

    def chunks(self, size: int | None) -> Iterator[tuple[tuple[Any, ...], int]]:
        for tensors, samples in super().chunks(size):
            yield (*self.arrays, *tensors), samples


class FunctionOfArrays:
    """See `Traceable`.

    Args:
        model: The function.
        call: A call of the kind that is traced.
    """

    layers: Sequence[Any] = ()
    failed: Sequence[Any] = ()

    def __init__(self, model: Functional, call: FunctionCall) -> None:
        self._model, self._form, self._count = model, call.form, len(call.arrays)
        form = call.without_arrays()
        assert isinstance(form, FunctionCall)
        self._arguments = dataclasses.replace(form, arrays=()).arguments
        self._axes = [0 if call.is_batched(index) else None for index in range(len(call.tensors))]
        self._scopes = NamedScopes(model.name, model.cleaned)
        self.pack_outputs: Callable[[list[Any]], Any] = list

    def program(self, tensors: Sequence[Any], decisions: Mapping[Key, int]) -> Program:
        """See `Traceable`; the first of the tensors are those of the pytree."""
        shapes = [jax.ShapeDtypeStruct(tensor.shape, tensor.dtype) for tensor in tensors]
        return flatten(jax.make_jaxpr(self._run)(*shapes), self._count, self._scopes, decisions)

    def values(self) -> list[Any]:
        """Nothing: the arrays of the pytree are given anew with each call."""
        return []

    def _run(self, *tensors: Any) -> list[Any]:
        def applied(*inputs: Any) -> list[Any]:
            args, kwargs = self._arguments(inputs)
            tree = self._form(tensors[: self._count])
            with scoped_modules(tree):
                leaves, structure = jax.tree.flatten(self._model.function(tree, *args, **kwargs))
            self.pack_outputs = structure.unflatten
            return list(map(jax.numpy.asarray, leaves))

        made = jax.vmap(applied, in_axes=self._axes) if self._model.is_of_one else applied
        return list(made(*tensors[self._count :]))


class Unchecked:
    """See `State`. What a function computes is a part of the signature of its calls, as for `jax.jit`."""

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

    def functional(self, model: Any, inputs: Sequence[Any], *, has_named: bool) -> Functional:
        """The model that the user gave as a function. The first input holds the parameters, unless a `partial` has them already.

        Args:
            model, inputs: What was given.
            has_named: Whether there are keyword arguments too.

        Raises:
            ArgumentError: There are no parameters.
        """
        if isinstance(model, partial) and array_tree((model.args, model.keywords)).arrays:
            return _with_parameters(model, inputs)
        if len(inputs) < 2 - has_named:
            raise ArgumentError(
                "A function of JAX takes its parameters and then inputs, as in `capture(function, params, x)`, or has them "
                f"already, as `functools.partial(function, params)`. Received: {counted(inputs)} for {name_of(model)!r}."
            )
        return _of_parameters(model, inputs[0], inputs[1:])

    def read_call(self, model: Any, inputs: Sequence[Any], call_kwargs: Mapping[str, Any]) -> FunctionCall:
        given = self.functional(model, inputs, has_named=bool(call_kwargs))
        tree = array_tree(given.tree)
        call = read_call(JaxTensors(), given.inputs, call_kwargs)
        own = {field.name: getattr(call, field.name) for field in dataclasses.fields(call)}
        signature = (*call.signature, tree.key, comparable(given.identity))
        return FunctionCall(
            **{**own, "signature": signature},
            arrays=tree.arrays,
            form=tree.form,
            model=dataclasses.replace(given, tree=None, inputs=()),
        )

    def state_of(self, model: Any) -> Unchecked:
        return Unchecked()

    def trace(self, model: Any, call: Call) -> Trace:
        assert isinstance(call, FunctionCall)
        assert call.model is not None
        return trace(call.model, call, lambda functional, _: FunctionOfArrays(functional, call))


def _with_parameters(given: partial[Any], inputs: Sequence[Any]) -> Functional:
    inner = _of_parameters(given.func, None, inputs)

    def function(parameters: Any, *args: Any, **kwargs: Any) -> Any:
        first, named = parameters
        return inner.function(*first, *args, **{**named, **kwargs})

    tree = (given.args, given.keywords)
    return dataclasses.replace(inner, function=function, tree=tree, identity=(inner.identity, partial))


def _of_parameters(function: Any, parameters: Any, inputs: Sequence[Any]) -> Functional:
    kept, owner = _kept(function), getattr(function, "__self__", None)
    is_linen = owner is not None and getattr(function, "__name__", "") == "apply"

    def function_kept(*args: Any, **kwargs: Any) -> Any:
        return kept()(*args, **kwargs)

    return Functional(
        type(owner).__name__ if is_linen else name_of(function),
        function_kept,
        parameters,
        inputs,
        kept,
        cleaned=linen_layers if is_linen else tuple,
    )


def _kept(function: Any) -> Callable[[], Any]:
    """A reference that does not keep a function alive, where there is one."""
    try:
        return weakref.WeakMethod(function) if isinstance(function, MethodType) else weakref.ref(function)
    except TypeError:
        return lambda: function


def name_of(function: Any) -> str:
    """The name of a function, or that of its type."""
    return str(getattr(function, "__name__", type(function).__name__))


def counted(inputs: Sequence[Any]) -> str:
    """How many there are, in words."""
    return f"{len(inputs)} argument{'s' * (len(inputs) != 1)}"


BACKEND = FunctionBackend()
