"""Takes the arrays out of pytrees, modules of Equinox and Flax nnx included, and puts others in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import jax


@dataclass(frozen=True)
class ArrayTree:
    """A pytree taken apart.

    Attributes:
        arrays: Its arrays.
        form: Makes such a tree of other arrays; it keeps none of these alive.
        key: What is equal for trees that differ by the values of their arrays only.
    """

    arrays: tuple[Any, ...]
    form: Callable[[Sequence[Any]], Any]
    key: Hashable


def array_tree(tree: Any) -> ArrayTree:
    """Takes a pytree apart."""
    nnx = sys.modules.get("flax.nnx")
    is_stateful = nnx is not None and any(
        isinstance(leaf, nnx.Module)
        for leaf in jax.tree.leaves(tree, is_leaf=lambda node: isinstance(node, nnx.Module))
    )
    # Modules of nnx may be shared and change: they are taken apart and made anew by their own means.
    leaves, structure = jax.tree.flatten(nnx.split(tree) if nnx is not None and is_stateful else tree)
    is_array = [hasattr(leaf, "shape") and hasattr(leaf, "dtype") for leaf in leaves]
    others = [None if array else leaf for leaf, array in zip(leaves, is_array, strict=True)]

    def form(arrays: Sequence[Any]) -> Any:
        remaining = iter(arrays)
        filled = [next(remaining) if array else leaf for leaf, array in zip(others, is_array, strict=True)]
        made = structure.unflatten(filled)
        return nnx.merge(*made) if nnx is not None and is_stateful else made

    arrays = tuple(jax.numpy.asarray(leaf) for leaf, array in zip(leaves, is_array, strict=True) if array)
    shapes = tuple((array.shape, str(array.dtype)) for array in arrays)
    return ArrayTree(arrays, form, comparable(structure, tuple(zip(map(type, others), others, strict=True)), shapes))


def comparable(*parts: Any) -> Hashable:
    """These, or, where one of them cannot be compared, something that equals nothing else."""
    try:
        hash(parts)
    except TypeError:
        return object()
    return parts
