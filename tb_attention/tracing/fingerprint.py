"""Whether a model still computes what it computed when it was traced."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import keras
import numpy as np

from tb_attention.tracing import limits
from tb_attention.tracing.chosen_backend import keras_backend

# What `compile` and `fit` leave on a model, and what Keras notes about layers. None of it changes what a call computes.
_BOOKS = re.compile(
    r"""optimizer|loss|loss_weights|compiled|history|(train|test|predict)_function|stop_\w+|(unrolled_)?steps_per_execution
    |_(run_eagerly|jit_compile|eval_epoch_iterator|initial_epoch|called|lock|loss\w+|metrics|path|parent_path|build_shapes_dict)
    |_(inbound_nodes|outbound_nodes|nodes\w*|track\w+|self_\w+|obj_\w+|compile\w+|saved_model_\w+)""",
    re.VERBOSE,
)

_SCALARS: tuple[type, ...] = (bool, int, float, complex, str, bytes, type(None), np.generic, np.dtype)
# Their code is not read: only whether they are the same function or class.
_LIBRARIES = frozenset(
    {
        "keras",
        "tensorflow",
        "jax",
        "jaxlib",
        "torch",
        "numpy",
        "builtins",
        "tb_attention",
        "collections",
        "typing",
        "abc",
        "functools",
    }
)

Parts = list[Any]
Details = list[Parts]


class ModelState:
    """See `State`.

    Args:
        model: A Keras model. One that had not been called before has its variables only once it was traced.
    """

    def __init__(self, model: Any) -> None:
        self._structure: Parts = []
        self._details = details_of(model)
        self._unsteady: set[int] = set()

    def note_traced(self, model: Any) -> None:
        before, self._details = self._details, details_of(model)
        self._structure = structure_of(model)
        self._unsteady = changed(before, self._details) or set()

    def holds(self, model: Any, *, thoroughly: bool) -> bool:
        if not are_same(self._structure, structure_of(model)):
            return False
        if not thoroughly:
            return True
        now = changed(self._details, details_of(model))
        return now is not None and now <= self._unsteady


def structure_of(model: Any) -> Parts:
    """The layers, variables and `call`s of a model: cheap, so that it can be compared at every capture."""
    parts: Parts = [keras.config.floatx(), *model.variables]
    for layer in model._flatten_layers():
        parts += [layer, type(layer), type(layer).call, vars(layer).get("call")]
    return parts


def details_of(model: Any) -> Details:
    """The attributes of all layers, and the code of their classes and of the functions that it calls; a list for each name.

    Functions and classes of libraries are compared by identity only.
    """
    layers = list(model._flatten_layers())
    reader = _Reader()
    for kind in {kind: None for layer in layers for kind in type(layer).__mro__}:
        reader.read_class(kind)
    for layer in layers:
        for name, value in vars(layer).items():
            # Keras sets some attributes late: to None, False, or what another trace left there (masks of dropout).
            if (
                value is not None
                and value is not False
                and not reader.is_symbolic(value)
                and not _BOOKS.fullmatch(name)
            ):
                reader.read_named(name, value)
    return reader.named


def are_same(one: Parts, other: Parts) -> bool:
    """Whether two lists hold the same objects, or equal scalars, in the same order."""
    scalars = (*_SCALARS, *keras_backend().scalars)
    return len(one) == len(other) and all(_is_same(scalars, *pair) for pair in zip(one, other, strict=True))


def changed(one: Details, other: Details) -> set[int] | None:
    """The indices of the names that differ; None where these are not the same names."""
    if len(one) != len(other):
        return None
    return {index for index, pair in enumerate(zip(one, other, strict=True)) if not are_same(*pair)}


def _is_same(scalars: tuple[type, ...], one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and isinstance(one, scalars) and bool(one == other))


class _Reader:
    """Takes apart what an attribute holds, each object once."""

    def __init__(self) -> None:
        self.parts: Parts = []
        self.named: Details = [self.parts]
        self._seen: set[int] = set()
        self._read_functions: set[int] = set()
        self._backend = keras_backend()
        self._scalars = (*_SCALARS, *self._backend.scalars)

    def is_symbolic(self, value: Any) -> bool:
        return isinstance(value, keras.KerasTensor) or self._backend.is_symbolic(value)

    def read_class(self, kind: type) -> None:
        self.parts.append(kind)
        for name, value in vars(kind).items():
            if isinstance(value, staticmethod | classmethod):
                value = value.__func__
            if isinstance(value, FunctionType):
                self._read_function(value)
            elif not name.startswith("__") and isinstance(value, (*self._scalars, property)):
                self.parts.append(value)

    def read_named(self, name: str, value: Any, depth: int = 0) -> None:
        """Reads what a name stands for into a separate list."""
        around, self.parts = self.parts, [name]
        self.named.append(self.parts)
        self.read(value, depth)
        self.parts = around

    def read(self, value: Any, depth: int = 0) -> None:
        if isinstance(value, self._scalars):
            self.parts.append(value)
        elif self.is_symbolic(value):
            self.parts.append(None)
        elif id(value) in self._seen or len(self._seen) > limits.ATTRIBUTE_OBJECTS:
            self.parts.append(value)
        else:
            self._seen.add(id(value))
            self._read_object(value, depth)

    def _read_object(self, value: Any, depth: int) -> None:
        if isinstance(value, np.ndarray):
            self.parts += [value.shape, value.dtype] if value.dtype.hasobject else [str(value.shape), _hash(value)]
        elif isinstance(value, list | tuple | set | frozenset | Mapping):
            # The trackers of Keras wrap lists anew: what is in them counts.
            self.parts.append(len(value))
            if depth < limits.ATTRIBUTE_DEPTH:
                for item in value:
                    self.read(item, depth + 1)
                    if isinstance(value, Mapping):
                        self.read(value[item], depth + 1)
        elif isinstance(value, FunctionType):
            self._read_function(value)
        elif isinstance(value, MethodType):
            self.parts.append(value.__func__)
            self.read(value.__self__, depth + 1)
        elif isinstance(value, keras.DTypePolicy):
            self.parts += [value.name, value.compute_dtype]
        else:
            self.parts.append(value)
            if depth < limits.ATTRIBUTE_DEPTH and _is_plain(value):
                for name, item in vars(value).items():
                    self.read_named(name, item, depth + 1)

    def _read_function(self, function: FunctionType) -> None:
        """A function, and what its code reads of the world: defaults, closures, and globals by name."""
        self.parts += [function, function.__code__]
        if _is_library(function) or id(function) in self._read_functions:
            return
        self._read_functions.add(id(function))
        self.read(function.__defaults__, 1)
        self.read(function.__kwdefaults__, 1)
        for cell in function.__closure__ or ():
            try:
                self.read(cell.cell_contents, 1)
            except ValueError:
                continue  # not filled yet
        modules: list[ModuleType] = []
        for name in _names(function.__code__):
            for names in (function.__globals__, *map(vars, modules)):
                if name in names:
                    self._read_global(name, names[name], modules)

    def _read_global(self, name: str, value: Any, modules: list[ModuleType]) -> None:
        if isinstance(value, ModuleType):
            self.parts.append(value)
            if value not in modules:
                modules.append(value)
        elif isinstance(value, type):
            if _is_library(value) or id(value) in self._seen:
                self.parts.append(value)
            else:
                self._seen.add(id(value))
                self.read_class(value)
        else:
            self.read_named(name, value, 1)


def _names(code: CodeType) -> list[str]:
    """Names of globals and attributes that a function uses, and the functions written in it, in order."""
    inner = (name for constant in code.co_consts if isinstance(constant, CodeType) for name in _names(constant))
    return list(dict.fromkeys([*code.co_names, *inner]))


def _is_plain(value: Any) -> bool:
    """Whether an object is one of the user's, such as a configuration, whose attributes may be read and changed."""
    return (
        hasattr(value, "__dict__")
        and not isinstance(value, keras.Layer | ModuleType | type)
        and not _is_library(type(value))
    )


def _is_library(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).split(".")[0] in _LIBRARIES


def _hash(array: np.ndarray[Any, Any]) -> Any:
    """A checksum of an array, which may have been changed in place; a large array itself."""
    return zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data) if array.nbytes <= limits.HASHED_BYTES else array
