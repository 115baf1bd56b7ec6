"""Which outputs of a model hold classes, of what kind, and which compiled metric counts them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.callbacks.predictions import is_binary, loss_of_output, tells_logits
from tb_attention.errors import ArgumentError
from tb_attention.metrics.confusion_matrix import ConfusionMatrix

_REGRESSION = (
    "squared",
    "absolute",
    "mse",
    "mae",
    "huber",
    "poisson",
    "cosine",
    "log_cosh",
    "msle",
    "mape",
    "percentage",
)


@dataclass(frozen=True)
class Output:
    """An output of a model whose classes are counted.

    Attributes:
        place: Among the model's outputs, from 0.
        name: Its name, or None where the model has one output.
        loss: What is known of its loss.
        metric: The compiled metric that counts it, or None.
    """

    place: int
    name: str | None
    loss: Any
    metric: ConfusionMatrix | None

    @property
    def from_logits(self) -> bool:
        """Whether its scores are logits, as its loss tells."""
        return tells_logits(self.loss)

    def of(self, nested: Any) -> npt.NDArray[Any]:
        """The part of outputs, labels or weights that belongs to this output."""
        if isinstance(nested, Mapping):
            return np.asarray(nested[self.name if self.name in nested else list(nested)[self.place]])
        if isinstance(nested, list | tuple):
            return np.asarray(nested[self.place])
        return np.asarray(nested)


def outputs_of(model: Any, wanted: str | None, *, metrics_only: bool) -> list[Output]:
    """The outputs that are counted: the one that is wanted, else all that hold classes.

    Args:
        model: A compiled Keras model.
        wanted: The name of one, or None.
        metrics_only: Whether only those with a compiled metric are.

    Raises:
        ArgumentError: There is no output of this name.
    """
    names = output_names(model)
    if wanted is not None and wanted not in names:
        raise ArgumentError(f"`output` must be one of {names}. Received: output={wanted!r}.")
    metrics = _metrics_by_place(model, names)
    found = [
        Output(place, name if len(names) > 1 else None, loss_of_output(model, place), metrics.get(place))
        for place, name in enumerate(names)
        if wanted in (None, name)
    ]
    if metrics_only:
        return [output for output in found if output.metric is not None]
    chosen = [output for output in found if output.metric is not None or not _is_regression(output.loss)]
    return chosen or found[:1]


def output_names(model: Any) -> list[str]:
    """The names of a model's outputs; a subclassed model that was compiled with losses by name has these."""
    names = getattr(model, "output_names", None)
    if names:
        return list(names)
    loss = getattr(model, "loss", None)
    if isinstance(loss, Mapping):
        return list(loss)
    return [f"output_{place}" for place in range(len(loss))] if isinstance(loss, list | tuple) and loss else ["output"]


def is_multi_label(model: Any, output: Output) -> bool:
    """Whether the loss treats each of several units as a yes or no of its own, as far as it is known before any data."""
    shape = getattr(model, "output_shape", None)
    if isinstance(shape, Mapping):
        shape = shape.get(output.name)
    elif isinstance(shape, list):
        shape = shape[output.place]
    return is_binary(output.loss) and isinstance(shape, tuple) and len(shape) == 2 and shape[-1] not in (None, 1)


def units_of(model: Any, output: Output) -> int | None:
    """The number of units of an output, where the model declares it."""
    shape = getattr(model, "output_shape", None)
    if isinstance(shape, Mapping):
        shape = shape.get(output.name)
    elif isinstance(shape, list):
        shape = shape[output.place]
    return shape[-1] if isinstance(shape, tuple) and shape and isinstance(shape[-1], int) else None


def _metrics_by_place(model: Any, names: list[str]) -> dict[int, ConfusionMatrix]:
    """The first metric of ours of each output, as `compile` was given them: they are not sorted out before the first batch."""
    container = getattr(model, "_compile_metrics", None)
    found: dict[int, ConfusionMatrix] = {}
    for given in (getattr(container, "_user_metrics", None), getattr(container, "_user_weighted_metrics", None)):
        for place, part in _by_place(given, names):
            for metric in _flat(part):
                if isinstance(metric, ConfusionMatrix):
                    found.setdefault(place, metric)
    return found


def _by_place(given: Any, names: list[str]) -> Iterator[tuple[int, Any]]:
    if given is None:
        return
    if len(names) == 1:
        yield 0, given
    elif isinstance(given, Mapping):
        yield from ((names.index(name), part) for name, part in given.items() if name in names)
    elif isinstance(given, list | tuple):
        yield from enumerate(given)


def _flat(metrics: Any) -> Iterator[Any]:
    if isinstance(metrics, Mapping):
        metrics = list(metrics.values())
    if isinstance(metrics, list | tuple):
        for metric in metrics:
            yield from _flat(metric)
    else:
        yield metrics


def _is_regression(loss: Any) -> bool:
    name = loss if isinstance(loss, str) else getattr(loss, "name", None) or getattr(loss, "__name__", "")
    return any(word in str(name).lower() for word in _REGRESSION)
