"""Takes nested arguments apart and puts them together again: dicts, lists and tuples, in the order in which they were given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def leaves_of(structure: Any) -> list[Any]:
    """What is in a structure that is no dict, list or tuple."""
    return list(_leaves(structure))


def with_leaves(structure: Any, leaves: Sequence[Any]) -> Any:
    """A structure like another one, with other leaves."""
    return _filled(structure, iter(leaves))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _filled(value: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: _filled(item, leaves) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, leaves) for item in value]
    if isinstance(value, tuple):
        items = [_filled(item, leaves) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return next(leaves)
