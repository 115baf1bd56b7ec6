"""Makes `Samples` of what the user passes as `samples=`: the first examples, copied once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.callbacks.data_sources import FORM, Batch, Source, leaves
from tb_attention.callbacks.model_inputs import declared_inputs, taken_by
from tb_attention.callbacks.shown_output import ShownOutput
from tb_attention.errors import ArgumentError
from tb_attention.records.samples import ragged
from tb_attention.records.samples.nested import is_plain, map_leaves, text_of, to_numpy
from tb_attention.records.samples.samples import Samples
from tb_attention.reduce.class_names import to_class_names

# Keys that data sets use for the names of examples.
_ID_NAMES = ("id", "ids", "uid", "key", "name", "filename", "file_name", "path")


def to_samples(
    given: Any,
    model: Any,
    *,
    max_samples: int,
    class_names: Any = None,
    shown: ShownOutput | None = None,
) -> Samples:
    """Copies the first `max_samples` examples.

    Args:
        given: A `Samples`, anything that `fit` takes, or inputs alone. A list is `[x, y]` if it clearly is, the model's inputs
            if it has as many, and otherwise examples, of one or several shapes. Keys of a dict that the model does not take
            are left out; a key such as "id", with a unique text or number for each example, gives the ids.
        model: The Keras model.
        max_samples: Maximum number of examples, a positive integer.
        class_names: Names of the classes. Defaults to None, which keeps those of a `Samples`.
        shown: Chooses the output whose labels are shown, if the model has several. By default it is chosen here.

    Raises:
        ArgumentError: `given` is none of these, is empty, gives single examples, or its parts differ in length.
    """
    names = to_class_names(class_names)
    if isinstance(given, Samples):
        return given.take(range(min(len(given), max_samples))).replace(class_names=names)
    source = Source(given, "samples")
    if source.kind == "arrays":
        batches = _of_arrays(given, model, max_samples)
    else:
        source.check_batched(model)
        batches = _first(source, max_samples)
    taken = [taken_by(model, batch.x) for batch in batches]
    x, shapes = ragged.concatenate([each for batch in taken for each in ragged.one_by_one(batch)])
    count = _checked_count(x, [batch.y for batch in batches])
    kept = slice(0, min(count, max_samples))
    y = _shown_labels(shown or ShownOutput(), model, x, [batch.y for batch in batches])
    return Samples(
        map_leaves(np.copy, ragged.rows(x, kept)),
        None if y is None else y[kept].copy(),
        ids=_ids([batch.x for batch in batches], taken, kept),
        shapes={name: own[kept] for name, own in shapes.items()} or None,
        class_names=names,
    )


def _first(source: Source, max_samples: int) -> list[Batch]:
    batches: list[Batch] = []
    count = 0
    for batch in source.batches():
        batches.append(batch)
        count += ragged.count(batch.x)
        if count >= max_samples:
            break
    if not batches:
        raise ArgumentError("`samples` must give at least one batch. Received: none.")
    return batches


def _of_arrays(given: Any, model: Any, max_samples: int) -> list[Batch]:
    """Inputs and labels as one batch; a list of examples as one batch each."""
    if isinstance(given, list) and _is_x_y(given, model):
        given = tuple(given)
    if isinstance(given, tuple):
        if not 1 <= len(given) <= 3:
            raise ArgumentError(f"A tuple of samples must be `(x,)`, {FORM}. Received: a tuple of {len(given)}.")
        x, y = given[0], (given[1] if len(given) > 1 else None)
    else:
        x, y = given, None
    if not isinstance(x, list) or _are_inputs(x, model):
        return [Batch(map_leaves(ragged.to_rows, x), _labels(y), None)]
    if not x:
        raise ArgumentError("`samples` must hold at least one example. Received: an empty list.")
    y = _labels(y)
    _checked_count(np.zeros(len(x)), [y])
    examples = [map_leaves(lambda leaf: to_numpy(leaf)[None], _example(each)) for each in x[:max_samples]]
    labels = [None if y is None else ragged.rows(y, slice(at, at + 1)) for at in range(len(examples))]
    return [Batch(example, label, None) for example, label in zip(examples, labels, strict=True)]


def _example(given: Any) -> Any:
    """An example of a list; rows of numbers become one array."""
    return np.asarray(given) if isinstance(given, list | tuple) and is_plain(given) else given


def _is_x_y(given: list[Any], model: Any) -> bool:
    """Whether a list is `[x, y]` or `[x, y, sample_weight]`, and neither the model's inputs nor examples.

    Raises:
        ArgumentError: It has the length of neither.
    """
    if not 2 <= len(given) <= 3 or is_plain(given):
        return False
    first, second = given[:2]
    if isinstance(first, list | tuple | Mapping) and not is_plain(first) and hasattr(second, "shape"):
        return True
    inputs = declared_inputs(model)
    if inputs is None or not all(hasattr(part, "shape") and np.ndim(part) for part in given):
        return False
    same_length = len({len(part) for part in given}) == 1
    if len(inputs) == 1:
        # A batch has one dimension more than an example.
        return same_length and np.ndim(first) == len(inputs[0].shape)
    if len(given) != len(inputs) and same_length:
        raise ArgumentError(
            f"The model takes {len(inputs)} inputs; samples with labels must be `((x1, x2), y)` or `([x1, x2], y)`. "
            f"Received: a list of {len(given)} arrays."
        )
    return False


def _are_inputs(x: list[Any], model: Any) -> bool:
    """Whether a list is the inputs of a model with several, and not examples."""
    inputs = declared_inputs(model)
    if inputs is not None:
        return len(inputs) > 1 and len(inputs) == len(x)
    # For a subclassed model that has not been called, a list of arrays of one length is a list of inputs; others are examples.
    return len(x) > 1 and all(hasattr(part, "shape") for part in x) and len({len(part) for part in x}) == 1


def _checked_count(x: Any, labels: list[Any]) -> int:
    lengths = {len(array) for array in leaves(x) if np.ndim(array)}
    if len(lengths) != 1 or lengths == {0}:
        raise ArgumentError(
            f"`samples` must hold the same number of examples in each input, at least 1. Received: {sorted(lengths)}."
        )
    count = lengths.pop()
    if all(y is not None for y in labels):
        given = sum(ragged.count(y) for y in labels)
        if given != count:
            raise ArgumentError(
                f"`samples` must hold one label for each example. Received: {count} examples, {given} labels."
            )
    return count


def _shown_labels(shown: ShownOutput, model: Any, x: Any, labels: list[Any]) -> npt.NDArray[Any] | None:
    """The labels of the shown output; None if there are none, or if they differ in shape: labels of tokens are no classes."""
    if any(y is None or any(isinstance(label, ragged.Rows) for label in leaves(y)) for y in labels):
        return None
    joined, shapes = ragged.concatenate(labels)
    chosen = None if shapes else shown.labels(model, x, joined)
    return None if chosen is None else to_numpy(chosen)


def _labels(y: Any) -> Any:
    """Labels as nested arrays; rows of numbers become one array."""
    return None if y is None else map_leaves(to_numpy, np.asarray(y) if is_plain(y) else y)


def _ids(given: list[Any], taken: list[Any], kept: slice) -> list[str] | None:
    """Names of the examples, from a key for names that the model does not take; None if there is no such key."""
    if not all(isinstance(x, Mapping) for x in given):
        return None
    for key in given[0]:
        name = str(key).lower()
        if key in taken[0] or not (name in _ID_NAMES or name.endswith(("_id", "_name", "_path"))):
            continue
        values = [np.asarray(x[key]) for x in given if key in x]
        if len(values) != len(given) or any(array.size != len(array) for array in values if array.ndim):
            continue
        if any(array.ndim == 0 or array.dtype.kind not in "OSUiu" for array in values):
            continue
        names = [text_of(value) for array in values for value in array.reshape(-1)][kept]
        if len(set(names)) == len(names) and "" not in names:
            return names
    return None
