"""What `samples=` may be, and how it becomes `Samples`: the first examples of it, copied once."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.callbacks.predictions import ShownOutput
from tb_attention.errors import ArgumentError
from tb_attention.records.nested import is_plain, map_leaves, named_leaves, to_numpy
from tb_attention.records.samples import Samples

ALLOWED = (
    "`(x, y)`, `x` (an array, a list, a dict, strings), a tb_attention.Samples, a tf.data.Dataset, a keras.utils.PyDataset "
    "or a generator"
)


def to_samples(
    source: Any,
    model: Any,
    *,
    max_samples: int,
    class_names: Iterable[str] | None = None,
    shown: ShownOutput | None = None,
) -> Samples:
    """Takes the first `max_samples` examples of what the user gave.

    Args:
        source: What the user gave as `samples=`. Tuples are `(x,)`, `(x, y)` or `(x, y, sample_weight)`; a list is the
            model's inputs where it has several, else examples; datasets and generators give batches as `fit` takes them.
        model: The Keras model; its number of inputs tells what a list is.
        max_samples: Examples kept, a positive integer.
        class_names: Names of the classes, or None.
        shown: Chooses the output whose labels are shown, where the model has several; by default as for a first training.

    Raises:
        ArgumentError: The source is none of these, is empty, or its parts differ in length.
    """
    names = None if class_names is None else list(class_names)
    if isinstance(source, Samples):
        return source
    if isinstance(source, tuple):
        x, y = _split(source)
    elif _is_batches(source):
        x, y = _first_of_batches(_batches(source), max_samples)
    else:
        x, y = source, None
    if isinstance(x, list) and not _has_several_inputs(model, x):
        x = _stack(x)
    x = map_leaves(to_numpy, x)
    lengths = {len(array) for array in leaves(x)}
    if len(lengths) != 1 or lengths == {0}:
        raise ArgumentError(
            f"`samples` must hold the same number of examples in each input, at least 1. Received: {sorted(lengths)}."
        )
    y = None if y is None else _labels(shown or ShownOutput(), model, x, y)
    if y is not None and len(y) != lengths.copy().pop():
        raise ArgumentError(
            f"`samples` must hold one label for each example. Received: {lengths.pop()} examples, {len(y)} labels."
        )
    return Samples(
        map_leaves(lambda array: array[:max_samples].copy(), x),
        None if y is None else y[:max_samples].copy(),
        class_names=names,
    )


def batches_of(source: Any, batch_size: int, steps: int | None) -> Iterator[tuple[Any, Any, Any]]:
    """The batches of a labelled source, as `(x, y, sample_weight)` of numpy arrays; the weight may be None.

    Args:
        source: `(x, y)` or `(x, y, sample_weight)`, a dataset of such batches, or a function that returns a generator of them.
        batch_size: For arrays.
        steps: Batches at most, or None for all.

    Raises:
        ArgumentError: There are no labels.
    """
    if callable(source) and not is_indexed_batches(source) and not hasattr(source, "element_spec"):
        source = source()
    batches = _sliced(source, batch_size) if isinstance(source, tuple) else _batches(source)
    for batch in itertools.islice(batches, steps):
        if not isinstance(batch, tuple) or len(batch) not in (2, 3):
            raise ArgumentError(
                "Validation data must be `(x, y)` or `(x, y, sample_weight)`, or give such batches. "
                f"Received: {type(batch).__name__}{f' of {len(batch)}' if isinstance(batch, tuple) else ''}."
            )
        x, y, weight = (*batch, None)[:3]
        yield map_leaves(to_numpy, x), map_leaves(to_numpy, y), None if weight is None else map_leaves(to_numpy, weight)


def _sliced(arrays: tuple[Any, ...], batch_size: int) -> Iterator[tuple[Any, ...]]:
    parts = [None if part is None else map_leaves(to_numpy, part) for part in arrays]
    for start in range(0, len(leaves(parts[0])[0]), batch_size):
        end = start + batch_size
        yield tuple(None if part is None else map_leaves(lambda a: a[start:end], part) for part in parts)  # noqa: B023


def _split(batch: tuple[Any, ...]) -> tuple[Any, Any]:
    if not 1 <= len(batch) <= 3:
        raise ArgumentError(
            "A tuple of samples must be `(x,)`, `(x, y)` or `(x, y, sample_weight)`. "
            f"Received: a tuple of {len(batch)}."
        )
    return batch[0], (batch[1] if len(batch) > 1 else None)


def leaves(nested: Any) -> list[Any]:
    """The arrays of a nested structure, in order."""
    return [leaf for _, leaf in named_leaves(nested)]


def _is_batches(source: Any) -> bool:
    if isinstance(source, str | bytes | Mapping | list | np.ndarray) or hasattr(source, "shape"):
        return False
    if is_indexed_batches(source) or isinstance(source, Iterator):
        return True
    if hasattr(source, "element_spec") or isinstance(source, Iterable):
        return True
    raise ArgumentError(f"`samples` must be {ALLOWED}. Received: {source!r} of {type(source)}.")


def is_indexed_batches(source: Any) -> bool:
    """A keras.utils.PyDataset (or Sequence): it has batches by number, and iterating over it may never end."""
    return hasattr(source, "__getitem__") and hasattr(source, "__len__") and hasattr(source, "on_epoch_end")


def _batches(source: Any) -> Iterator[Any]:
    if is_indexed_batches(source):
        for index in range(len(source)):
            yield source[index]
    else:
        yield from source


def _first_of_batches(batches: Iterator[Any], max_samples: int) -> tuple[Any, Any]:
    xs: list[Any] = []
    ys: list[Any] = []
    count = 0
    for batch in batches:
        x, y = _split(batch) if isinstance(batch, tuple) else (batch, None)
        x = map_leaves(to_numpy, x)
        if any(np.ndim(array) == 0 for array in leaves(x)):
            raise ArgumentError(
                "A dataset of samples must give batches, as `fit` takes them. Received: single examples; "
                "call `.batch(...)` on it."
            )
        xs.append(x)
        ys.append(None if y is None else map_leaves(to_numpy, y))
        count += len(leaves(x)[0])
        if count >= max_samples:
            break
    if not xs:
        raise ArgumentError("`samples` must give at least one batch. Received: none.")
    labelled = all(y is not None for y in ys)
    return _concatenate(xs), (_concatenate(ys) if labelled else None)


def _concatenate(parts: list[Any]) -> Any:
    first = parts[0]
    if isinstance(first, Mapping):
        return {key: _concatenate([part[key] for part in parts]) for key in first}
    if isinstance(first, list | tuple):
        return type(first)(_concatenate([part[place] for part in parts]) for place in range(len(first)))
    return np.concatenate(parts)


def _has_several_inputs(model: Any, x: list[Any]) -> bool:
    inputs = getattr(model, "inputs", None)
    if inputs is not None:
        return len(inputs) > 1 and len(inputs) == len(x)
    # A subclassed model that has not been called: a list of arrays of one length is a list of inputs, anything else examples.
    return len(x) > 1 and all(hasattr(part, "shape") for part in x) and len({len(part) for part in x}) == 1


def _stack(examples: list[Any]) -> Any:
    if not examples:
        raise ArgumentError("`samples` must hold at least one example. Received: an empty list.")
    if isinstance(examples[0], Mapping):
        return {key: _stack([example[key] for example in examples]) for key in examples[0]}
    arrays = [to_numpy(example) for example in examples]
    shapes = {array.shape for array in arrays}
    if len(shapes) != 1:
        raise ArgumentError(
            f"Examples in a list must have one shape. Received: shapes {sorted(shapes)}; pad them, or give one array."
        )
    return np.stack(arrays)


def _labels(shown: ShownOutput, model: Any, x: Any, y: Any) -> npt.NDArray[Any] | None:
    """The labels of the output that is shown."""
    chosen = shown.labels(model, x, to_numpy(y) if is_plain(y) else y)
    return None if chosen is None else to_numpy(chosen)


def check_inputs(x: Any, model: Any) -> None:
    """Refuses samples that do not fit the model's inputs, where the model declares them.

    Raises:
        ArgumentError: Names the input, what it takes and what came.
    """
    try:
        inputs = model.inputs  # raises for a subclassed model that declares none
    except (AttributeError, ValueError):
        return
    if not inputs:
        return
    names = [getattr(tensor, "name", f"input {place}") for place, tensor in enumerate(inputs)]
    if isinstance(x, Mapping):
        declared = _structure(model)
        if isinstance(declared, Mapping):  # a model built on a dict is fed by the dict's keys, not by tensor names
            names = list(declared)
            inputs = list(declared.values())
        missing = [name for name in names if name not in x]
        if missing:
            raise ArgumentError(f"The samples lack the model's inputs {missing}. Received: inputs {sorted(x)}.")
        pairs = [(name, tensor, x[name]) for name, tensor in zip(names, inputs, strict=True)]
    else:
        arrays = leaves(x)
        if len(arrays) != len(inputs):
            raise ArgumentError(
                f"The model takes {len(inputs)} inputs ({', '.join(names)}). Received: samples with {len(arrays)}."
            )
        pairs = list(zip(names, inputs, arrays, strict=True))
    for name, tensor, array in pairs:
        expected = tuple(tensor.shape)[1:]
        # Keras adds a last axis of size 1 to (N,) inputs by itself.
        came = array.shape[1:] or (() if not expected else (1,))
        if len(expected) == len(came) + 1 and expected[-1] == 1:
            came = (*came, 1)
        fits = len(expected) == len(came) and all(e is None or e == c for e, c in zip(expected, came, strict=True))
        if not fits:
            raise ArgumentError(
                f"The samples do not fit the model's input {name!r}, which takes shape {('samples', *expected)}. "
                f"Received: shape {tuple(array.shape)}."
            )


def _structure(model: Any) -> Any:
    """The nested structure that a functional model was built on, or None."""
    return getattr(model, "_inputs_struct", None)
