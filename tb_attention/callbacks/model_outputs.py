"""The outputs of a model, and which label, weight, prediction, loss and metric belong to each, as Keras matches them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from keras.src.backend import compute_output_spec

from tb_attention.callbacks.losses import NO_LOSS, CompiledLoss, read_loss
from tb_attention.callbacks.output_layers import activation_of, has_units
from tb_attention.metrics.confusion_matrix import ConfusionMatrix
from tb_attention.records.samples.nested import is_plain
from tb_attention.tracing.untouched import untouched

Path = tuple[str | int, ...]
"""Keys of dicts and indices in lists that lead to one array of a nested structure."""

MISSING: Any = object()
"""Stands for an array that a nested structure does not have."""


@dataclass(frozen=True)
class ModelOutput:
    """One output of a model.

    Attributes:
        index: Among all outputs of the model, in the order in which Keras flattens them.
        path: In the nested structure that the model returns; () where it returns one array.
        name: Its key or the name of its layer; None for the only output.
        loss: What is known of its loss.
        shape: (None, ...) as the model declares it, None for unknown sizes; None if it is unknown.
        dtype: Of its values, or None.
        activation: Of the layer that it comes from, such as "softmax" or "linear"; None if it is not known.
        has_units: Whether its last axis holds the units of a layer; None if it is not known.
        metric: The first compiled `ConfusionMatrix` of this output, or None.
        seen: Whether shape and dtype come from an array that the model returned, and not from a declaration.
    """

    index: int
    path: Path
    name: str | None
    loss: CompiledLoss = NO_LOSS
    shape: tuple[int | None, ...] | None = None
    dtype: str | None = None
    activation: str | None = None
    has_units: bool | None = None
    metric: ConfusionMatrix | None = None
    seen: bool = False

    @property
    def spelled(self) -> str:
        """Its name in messages."""
        return "The output" if self.name is None else f"The output {self.name!r}"


class ModelOutputs(Sequence[ModelOutput]):
    """All outputs of a model, in the order in which Keras flattens them.

    Args:
        outputs: The outputs, in this order.
    """

    def __init__(self, outputs: Sequence[ModelOutput]) -> None:
        self._outputs = tuple(outputs)

    def __len__(self) -> int:
        return len(self._outputs)

    def __getitem__(self, index: Any) -> Any:
        return self._outputs[index]

    def __iter__(self) -> Iterator[ModelOutput]:
        return iter(self._outputs)

    def prediction(self, output: ModelOutput, nested: Any) -> Any:
        """The array of an output in what the model returned."""
        found = _at(nested, output.path)
        return nested if found is MISSING and not _is_nested(nested) else found

    def label(self, output: ModelOutput, nested: Any) -> Any:
        """The labels of an output, or `MISSING`."""
        return self._parts(nested)[output.index]

    def weight(self, output: ModelOutput, nested: Any) -> Any:
        """The sample weights of an output; None if each example weighs 1. One array is used for all outputs."""
        if nested is None or not _is_nested(nested):
            return nested
        found = self._parts(nested)[output.index]
        return None if found is MISSING else found

    def _parts(self, nested: Any) -> list[Any]:
        """What belongs to each output, as `CompileLoss` of Keras matches labels."""
        if not _is_nested(nested):
            alone = [output for output in self if output.loss.family != "missing"]
            takes = self[0] if len(self) == 1 else alone[0] if len(alone) == 1 else None
            return [nested if output is takes else MISSING for output in self]
        if len(self) == 1:
            # Keras flattens the labels of a single output.
            found = _at(nested, self[0].path) if self[0].path else MISSING
            named = nested.get(self[0].name, MISSING) if isinstance(nested, Mapping) else MISSING
            leaves = _flat(nested)
            return [
                found if found is not MISSING else named if named is not MISSING else leaves[0] if leaves else MISSING
            ]
        by_path = [_at(nested, output.path) for output in self]
        by_name = [_named(nested, output.name) for output in self]
        leaves = _flat(nested)
        if not any(part is MISSING for part in by_path):
            return by_path
        if isinstance(nested, Mapping):
            found_by_path = sum(part is not MISSING for part in by_path)
            return by_path if found_by_path >= sum(part is not MISSING for part in by_name) else by_name
        if len(leaves) == len(self):
            return leaves
        with_loss = [output.index for output in self if output.loss.family != "missing"]
        if len(leaves) == len(with_loss):
            return [leaves[with_loss.index(index)] if index in with_loss else MISSING for index in range(len(self))]
        return [MISSING] * len(self)


def outputs_of(model: Any, x: Any = None, returned: Any = None) -> ModelOutputs:
    """The outputs of a model, compiled or not.

    Args:
        model: A Keras model.
        x: Inputs, to infer the shapes of outputs that the model does not declare. Defaults to None.
        returned: What the model returned for some inputs, if it was called. Defaults to None.
    """
    structure = _structure(model, x) if returned is None else returned
    names = list(getattr(model, "output_names", None) or ())
    if structure is None:
        outputs = [ModelOutput(index, path, name) for index, (path, name) in enumerate(_by_compile(model, names))]
    else:
        leaves = list(_leaves(structure))
        outputs = [
            _described(ModelOutput(index, path, _name(path, index, names, len(leaves))), tensor)
            for index, (path, tensor) in enumerate(leaves)
        ]
    losses = _spread(getattr(model, "loss", None), outputs, names)
    metrics = _metrics(model, outputs, names)
    return ModelOutputs(
        [replace(output, loss=read_loss(losses[output.index]), metric=metrics.get(output.index)) for output in outputs]
    )


def _structure(model: Any, x: Any) -> Any:
    """The nested structure that the model returns, whose leaves may have shapes; None if it is not known."""
    functional = getattr(model, "_functional", None) or model
    declared = getattr(functional, "_outputs_struct", None)
    if declared is not None:
        return declared
    if x is not None and getattr(model, "built", False):
        specified = _specified(model, x)
        if specified is not None:
            return specified
    loss = getattr(model, "_compile_loss", None)
    # Keras traces the model before it calls callbacks, and keeps the structure.
    return getattr(loss, "_y_pred_build_structure", None) if getattr(loss, "built", False) else None


def _specified(model: Any, x: Any) -> Any:
    """The outputs of a built model that declares none, by tracing it; None if it cannot be traced."""

    def symbolic(array: Any) -> Any:
        dtype = keras.backend.standardize_dtype(getattr(array, "dtype", "float32"))
        return keras.KerasTensor((None, *np.shape(array)[1:]), dtype)

    try:
        with untouched(model):
            return compute_output_spec(model, keras.tree.map_structure(symbolic, x), training=False)
    except Exception:
        return None


def _by_compile(model: Any, names: Sequence[str]) -> list[tuple[Path, str | None]]:
    """Paths and names, as far as the losses show them."""
    if len(names) > 1:
        return [((index,), name) for index, name in enumerate(names)]
    loss = getattr(model, "loss", None)
    if isinstance(loss, Mapping):
        paths = [path for path, _ in _leaves(loss)]
        return [(path, "/".join(map(str, path)) if len(paths) > 1 else None) for path in paths]
    if isinstance(loss, list | tuple) and len(loss) > 1:
        return [((index,), f"output_{index}") for index in range(len(loss))]
    return [((), None)]


def _name(path: Path, index: int, names: Sequence[str], count: int) -> str | None:
    if count == 1:
        return None
    if all(isinstance(step, str) for step in path) or len(names) != count:
        return "/".join(step if isinstance(step, str) else f"output_{step}" for step in path)
    # Outputs share a name if their layer is called twice.
    return names[index] if names.count(names[index]) == 1 else f"{names[index]}_{index}"


def _described(output: ModelOutput, tensor: Any) -> ModelOutput:
    shape, dtype = getattr(tensor, "shape", None), getattr(tensor, "dtype", None)
    if shape is None or dtype is None:
        return output
    known = tuple(None if size is None else int(size) for size in shape)
    return replace(
        output,
        shape=(None, *known[1:]) if known else known,
        dtype=keras.backend.standardize_dtype(dtype),
        activation=activation_of(tensor),
        has_units=has_units(tensor),
    )


def _spread(given: Any, outputs: Sequence[ModelOutput], names: Sequence[str]) -> list[Any]:
    """The loss of each output, as `CompileLoss` of Keras builds them: by path, by name, by position, or one for all."""
    if not _is_nested(given):
        return [given] * len(outputs)
    if len(outputs) == 1:
        flat = _flat(given)
        return [flat[0] if flat else None]
    if isinstance(given, list | tuple) and not any(map(_is_nested, given)) and len(given) == len(outputs):
        return list(given)
    found = [_at(given, output.path) for output in outputs]
    if all(part is MISSING for part in found):
        found = [_named(given, output.name) for output in outputs]
    return [None if part is MISSING else part for part in found]


def _metrics(model: Any, outputs: Sequence[ModelOutput], names: Sequence[str]) -> dict[int, ConfusionMatrix]:
    """The first metric of ours of each output, as `compile` was given them: they are not sorted out before the first batch."""
    container = getattr(model, "_compile_metrics", None)
    found: dict[int, ConfusionMatrix] = {}
    for given in (getattr(container, "_user_metrics", None), getattr(container, "_user_weighted_metrics", None)):
        if not given:
            continue
        if len(outputs) == 1:
            parts = [given]
        elif isinstance(given, list | tuple) and len(given) == len(outputs):
            parts = list(given)
        else:
            parts = [_branch(given, output) for output in outputs]
        for index, part in enumerate(parts):
            for metric in _flat(part):
                if isinstance(metric, ConfusionMatrix):
                    found.setdefault(index, metric)
    return found


def _branch(given: Any, output: ModelOutput) -> Any:
    """What is nested in metrics at an output: a metric, or several."""
    found = _at(given, output.path, leaf=False)
    return _named(given, output.name) if found is MISSING else found


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list | tuple) and not is_plain(value))


def _children(nested: Any) -> list[tuple[str | int, Any]]:
    """The parts of a dict or list, in the order in which Keras flattens them: keys are sorted."""
    if isinstance(nested, Mapping):
        keys = list(nested) if isinstance(nested, OrderedDict) else _sorted(nested)
        return [(key, nested[key]) for key in keys]
    return list(enumerate(nested))


def _sorted(keys: Any) -> list[Any]:
    try:
        return sorted(keys)
    except TypeError:
        return list(keys)


def _leaves(nested: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if not _is_nested(nested):
        yield path, nested
        return
    for key, part in _children(nested):
        yield from _leaves(part, (*path, key))


def _flat(nested: Any) -> list[Any]:
    return [leaf for _, leaf in _leaves(nested)]


def _at(nested: Any, path: Path, *, leaf: bool = True) -> Any:
    """What a path leads to, or `MISSING`."""
    for step in path:
        if isinstance(nested, Mapping):
            nested = nested.get(step, MISSING)
        elif isinstance(nested, list | tuple) and isinstance(step, int) and step < len(nested):
            nested = nested[step]
        else:
            return MISSING
        if nested is MISSING:
            return MISSING
    return MISSING if leaf and _is_nested(nested) else nested


def _named(nested: Any, name: str | None) -> Any:
    return nested.get(name, MISSING) if isinstance(nested, Mapping) else MISSING
