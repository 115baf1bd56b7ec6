"""Makes `Samples` of what the user of PyTorch or JAX passes as `samples=`: the first examples, copied once."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from tb_attention.errors import ArgumentError
from tb_attention.records.samples import ragged
from tb_attention.records.samples.nested import is_plain, map_leaves, named_leaves, to_numpy
from tb_attention.records.samples.samples import Samples
from tb_attention.reduce.class_names import to_class_names
from tb_attention.steps.untouched_data import OwnRandomState, torch_generators
from tb_attention.tracing.chosen_backend import is_of_jax
from tb_attention.tracing.wrapped_modules import unwrapped

_LABELS = ("labels", "label")


def module_samples(given: Any, model: Any, *, max_samples: int, class_names: Any = None) -> Samples:
    """Copies the first `max_samples` examples.

    Args:
        given: A `Samples`; `(inputs, labels)`; inputs: an array, a tensor, or a dict of them such as a tokenizer's
            `BatchEncoding`; a list of examples; a dataset with examples by index, of PyTorch or of `datasets`; or a
            `DataLoader`, whose dataset and `collate_fn` are used. Labels may be in dicts, as "labels" or "label". Keys that
            the module does not take are left out.
        model: The module, or the model of JAX.
        max_samples: Maximum number of examples, a positive integer.
        class_names: Names of the classes. Defaults to those of a `Samples`, or of the configuration of a model of Hugging Face.

    Raises:
        ArgumentError: `given` is none of these, or is empty.
    """
    names = to_class_names(class_names) or _names_in(model)
    if isinstance(given, Samples):
        return given.take(range(min(len(given), max_samples))).replace(class_names=given.class_names or names)
    inputs, labels, shapes = _read(given, model, max_samples)
    lengths = {len(array) for _, array in named_leaves(inputs) if np.ndim(array)}
    if len(lengths) != 1 or lengths == {0}:
        raise ArgumentError(
            f"`samples` must hold the same number of examples in each input, at least 1. Received: {sorted(lengths)}."
        )
    kept = slice(0, min(lengths.pop(), max_samples))
    own = {name: each[kept] for name, each in shapes.items()} or None
    shown = None if labels is None else _one_each(labels[kept])
    return Samples(map_leaves(np.copy, ragged.rows(inputs, kept)), shown, shapes=own, class_names=names)


def _read(given: Any, model: Any, count: int) -> tuple[Any, Any, dict[str, Any]]:
    """Inputs, labels (None for none), and the shapes of examples that were padded."""
    if isinstance(given, tuple):
        if len(given) != 2:
            raise ArgumentError(f"A tuple of samples must be `(inputs, labels)`. Received: a tuple of {len(given)}.")
        inputs, labels, shapes = _read(given[0], model, count)
        return inputs, to_numpy(given[1]), shapes
    if isinstance(given, Mapping):
        return *_parts(given, model), {}
    if hasattr(given, "shape") or (isinstance(given, list) and is_plain(given)):
        return to_numpy(given), None, {}
    examples = _examples(given, count)
    batches = [_parts(_alone(example), model) for example in examples]
    inputs, shapes = ragged.concatenate([inputs for inputs, _ in batches])
    labels = [labels for _, labels in batches]
    return inputs, None if any(each is None for each in labels) else np.concatenate(labels), shapes


def _examples(given: Any, count: int) -> list[Any]:
    """The first examples; those of a `DataLoader` are put together by its own function, as one example that is a batch."""
    with OwnRandomState(torch_generators(given)):
        collate = getattr(given, "collate_fn", None)
        dataset = getattr(given, "dataset", None)
        if collate is not None and dataset is not None and hasattr(dataset, "__getitem__"):
            taken = [dataset[index] for index in range(min(count, len(dataset)))]
            return [_Batch(collate(taken))] if taken else _none()
        if hasattr(given, "__getitem__") and hasattr(given, "__len__"):
            return [given[index] for index in range(min(count, len(given)))] or _none()
        if hasattr(given, "__iter__") and not isinstance(given, str | bytes | Iterator):
            first = list(islice(iter(given), 1 if collate is not None else count))
            return [_Batch(batch) for batch in first] if collate is not None else first or _none()
    raise ArgumentError(
        "`samples` must be (inputs, labels), inputs, a list of examples, a dataset, a DataLoader or a tb_attention.Samples. "
        f"Received: {type(given).__name__}."
    )


def _none() -> list[Any]:
    raise ArgumentError("`samples` must hold at least one example. Received: none.")


class _Batch:
    """What a `DataLoader` gives: several examples at once."""

    def __init__(self, content: Any) -> None:
        self.content = content


def _alone(example: Any) -> Any:
    """An example as a batch of one."""
    if isinstance(example, _Batch):
        return example.content
    if isinstance(example, Mapping):
        return {key: _alone(value) for key, value in example.items()}
    if isinstance(example, tuple):
        return tuple(map(_alone, example))
    return to_numpy(example)[None]


def _parts(batch: Any, model: Any) -> tuple[Any, Any]:
    """Inputs and labels of a batch."""
    if isinstance(batch, list | tuple):
        return (map_leaves(to_numpy, batch[0]), to_numpy(batch[1])) if len(batch) == 2 else (to_numpy(batch[0]), None)
    if not isinstance(batch, Mapping):
        return to_numpy(batch), None
    inputs = {key: _array(value) for key, value in batch.items()}
    named = next((key for key in _LABELS if key in inputs), None)
    labels = None if named is None else inputs[named]
    taken = _taken(model, inputs)
    # Encoders with decoders make the inputs of the decoder of the labels.
    needs_labels = bool(getattr(getattr(model, "config", None), "is_encoder_decoder", False))
    kept = {
        key: array
        for key, array in inputs.items()
        if array.dtype.kind in "biuf"
        and (key in taken if taken is not None else True)
        and (key != named or needs_labels)
    }
    if not kept:
        raise ArgumentError(
            f"`samples` must have some of what the module takes, {sorted(taken or ())}. Received: {sorted(map(str, batch))}."
        )
    return kept, labels


def _array(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, list | tuple) else to_numpy(value)


def _taken(model: Any, given: Mapping[Any, Any]) -> set[str] | None:
    """The names of what a model takes; None where it takes any, or all as one dict."""
    parameters = inspect.signature(model if is_of_jax(model) else unwrapped(model).forward).parameters.values()
    named = {each.name for each in parameters if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)}
    if is_of_jax(model):
        return named if named & given.keys() else None
    # Models of Hugging Face take further keywords, which are no inputs.
    is_open = any(each.kind is each.VAR_KEYWORD for each in parameters) and not (named and hasattr(model, "config"))
    return None if is_open else named


def _one_each(labels: Any) -> Any:
    """Labels that are one number or name a sample; those of tokens are none of the sample."""
    labels = np.asarray(labels)
    return labels if labels.ndim == 1 else None


def _names_in(model: Any) -> Sequence[str] | None:
    """The names of the classes in the configuration of a model of Hugging Face; None for those that it made up."""
    named = getattr(getattr(model, "config", None), "id2label", None)
    if not isinstance(named, Mapping) or not named or sorted(named) != list(range(len(named))):
        return None
    names = [str(named[index]) for index in range(len(named))]
    return None if all(name == f"LABEL_{index}" for index, name in enumerate(names)) else names
