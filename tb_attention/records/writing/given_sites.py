"""Sites from the arrays that a user gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import ArgumentError
from tb_attention.records.samples.default_axes import default_axes, default_kind, note_on_cells
from tb_attention.records.samples.nested import to_numpy
from tb_attention.records.samples.samples import Samples
from tb_attention.reduce.edge_weights import are_edges, as_maps
from tb_attention.site import Axis, Kind, Site

_GENERATED = (
    "Layers of one pass are given by name: {f'layer_{i}': maps for i, maps in enumerate(attentions)}; `write_generation` takes "
    "what `generate` returns, token by token."
)


def to_sites(
    weights: Mapping[str, Any],
    samples: Samples | None,
    kinds: Mapping[str, Kind],
    axes: Mapping[str, Sequence[Axis]],
) -> tuple[Site, ...]:
    """The sites of one step.

    Args:
        weights, kinds, axes: As for `AttentionWriter.write`, none left out.
        samples: The samples of the writer, or None.

    Raises:
        ArgumentError: One of them is not what it must be.
    """
    if not isinstance(weights, Mapping):
        raise ArgumentError(
            f"`weights` must map paths of sites to arrays. Received: {type(weights).__name__}. {_GENERATED}"
        )
    for name, given in (("kinds", kinds), ("axes", axes)):
        unknown = [path for path in given if path not in weights]
        if unknown:
            raise ArgumentError(f"`{name}` must be by paths of `weights`: {list(weights)}. Received: {unknown}.")
    given = {} if samples is None else samples.axes
    return tuple(
        _site(str(path), value, samples, kinds.get(path), axes.get(path) or given.get(path))
        for path, value in weights.items()
    )


def _site(path: str, value: Any, samples: Samples | None, kind: Kind | None, axes: Sequence[Axis] | None) -> Site:
    array = _checked_weights(path, value.weights if isinstance(value, Site) else value)
    if isinstance(value, Site) and axes is None:
        return value.replace(path=path, kind=kind or value.kind, weights=array)
    if axes is None:
        if array.ndim not in (3, 4):
            raise ArgumentError(
                "`weights` must have shape (samples, heads, queries, keys), or (samples, heads, keys) for a gate; other "
                f"ranks need `axes`. Received: shape {array.shape} at {path!r}."
            )
        inner = default_axes(array.shape[2:], samples)
        note = note_on_cells(inner)
    else:
        note = None
        inner = tuple(axis for axis in axes if axis.role not in ("samples", "heads"))
        if array.ndim == 3 and are_edges(array.shape, inner):
            array = as_maps(array, inner)
    outer = (Axis("samples", array.shape[0]), Axis("heads", array.shape[1]))
    return Site(path, kind or default_kind(inner), (*outer, *inner), array, note)


def check_sample_counts(sites: Sequence[Site], samples: Samples | None) -> None:
    """Raises ArgumentError unless all sites are of as many samples as there are; names those that are not."""
    counts = {site.path: len(site.weights) for site in sites}
    wanted = len(samples) if samples is not None else next(iter(counts.values()), 0)
    if all(count == wanted for count in counts.values()):
        return
    listed = ", ".join(f"{count} at {path!r}" for path, count in list(counts.items())[:10])
    what = "have the same samples at every site" if samples is None else f"be of the {wanted} samples of this writer"
    raise ArgumentError(f"`weights` must {what}, along the first axis. Received: {listed}.")


def _checked_weights(path: str, value: Any) -> npt.NDArray[np.float32]:
    try:
        array = to_numpy(value)
    except Exception as error:
        nested = isinstance(value, list | tuple)
        received = f"{type(value).__name__} of {len(value)}" if nested else f"{type(value).__name__} ({error})"
        raise ArgumentError(
            f"`weights` must be arrays of shape (samples, heads, queries, keys), one for each site. Received: {received} at "
            f"{path!r}." + (f" {_GENERATED}" if nested else "")
        ) from error
    if array.dtype.kind not in "biuf":
        raise ArgumentError(f"`weights` must be arrays of numbers. Received: dtype={array.dtype} at {path!r}.")
    if array.ndim < 3 or 0 in array.shape[1:]:
        raise ArgumentError(
            "`weights` must have shape (samples, heads, queries, keys), or (samples, heads, keys) for a gate; only the samples "
            "may be none. "
            f"Received: shape {array.shape} at {path!r}."
        )
    # Training goes on in the very same memory while the thread encodes.
    with np.errstate(over="ignore"):
        return np.array(array, dtype=np.float32, order="C", copy=True)
