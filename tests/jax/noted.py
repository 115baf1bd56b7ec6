"""What models compute themselves, to compare with: they run step by step and hand over each map that they make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import jax
import jax.extend
import jax.numpy as jnp
import numpy as np

RNG = np.random.default_rng(0)
_notes: list[Any] | None = None


def noted(weights: Any) -> Any:
    """The weights; while a model's own are asked for, they are handed over too, also from inside of transformations."""
    notes = _notes
    if notes is None:
        return weights

    def note(array: Any) -> Any:
        notes.append(np.array(array))
        return array

    return jax.pure_callback(
        note, jax.ShapeDtypeStruct(weights.shape, weights.dtype), weights, vmap_method="broadcast_all"
    )


@contextmanager
def _noting() -> Iterator[list[Any]]:
    global _notes
    _notes = []
    softmax = jax.nn.softmax
    watched = mock.Mock(side_effect=lambda *args, **kwargs: noted(softmax(*args, **kwargs)))
    try:
        # What is compiled already would not be watched.
        with (
            jax.disable_jit(),
            mock.patch("jax.nn.softmax", watched),
            mock.patch("jax._src.nn.functions.softmax", watched),
        ):
            yield _notes
    finally:
        _notes = None


def assert_own_weights(sites: Iterable[Any], run: Callable[[], Any], *, eagerly: bool = False) -> None:
    """The weights of sites are those that a model makes when it runs, in order; rounds of loops one after the other.

    Args:
        sites, run: The sites, and what runs the model.
        eagerly: Whether its operations run one by one, which takes seconds; modules of nnx cannot be traced like this.
    """
    with _noting() as notes:
        if eagerly:
            jax.block_until_ready(jax.tree.leaves(run()))
        else:
            traced = jax.make_jaxpr(run)()
    if not eagerly:
        jax.block_until_ready(jax.jit(jax.extend.core.jaxpr_as_fun(traced))())
    remaining = iter(notes)
    for site in sites:
        rounds = next((axis.size for axis in site.axes if axis.role == "iteration"), 1)
        maps = [next(remaining) for _ in range(rounds)]
        expected = np.stack(maps, axis=2) if rounds > 1 else maps[0]
        np.testing.assert_allclose(site.weights, expected.reshape(site.weights.shape), atol=1e-5)
    assert not list(remaining)


def normal(*shape: int) -> Any:
    return RNG.normal(size=shape).astype("float32")


def filled(tree: Any) -> Any:
    """A tree with random arrays in the places of shapes; to initialise a model as it is meant to takes seconds."""

    def array(path: Any, spec: Any) -> Any:
        if not isinstance(spec, jax.ShapeDtypeStruct):
            return spec
        values = RNG.normal(size=spec.shape) / 3
        return jnp.asarray(abs(values) if "var" in jax.tree_util.keystr(path) else values, spec.dtype)

    return jax.tree_util.tree_map_with_path(array, tree)


def split_heads(x: Any, heads: int) -> Any:
    """(..., positions, width) as (..., heads, positions, width of one)."""
    return jnp.swapaxes(x.reshape(*x.shape[:-1], heads, -1), -2, -3)


def join_heads(x: Any) -> Any:
    x = jnp.swapaxes(x, -2, -3)
    return x.reshape(*x.shape[:-2], -1)


def attend(query: Any, key: Any, value: Any, heads: int, groups: int = 1, causal: bool = False) -> Any:
    """Attention by hand; `groups` heads of queries share one of keys."""
    query, key, value = (
        split_heads(query, heads),
        split_heads(key, heads // groups),
        split_heads(value, heads // groups),
    )
    key, value = (jnp.repeat(part, groups, axis=-3) for part in (key, value))
    scores = query @ jnp.swapaxes(key, -1, -2) / np.sqrt(query.shape[-1])
    if causal:
        seen = jnp.tril(jnp.ones(scores.shape[-2:], bool))
        scores = jnp.where(seen, scores, -1e9)
    return join_heads(jax.nn.softmax(scores) @ value)


def patches(images: Any, size: int) -> Any:
    """(..., H, W, C) as (..., patches, size * size * C), row by row."""
    *samples, height, width, channels = images.shape
    cut = images.reshape(*samples, height // size, size, width // size, size, channels)
    return jnp.swapaxes(cut, -3, -4).reshape(*samples, -1, size * size * channels)
