"""Puts back the attributes of objects, and what the containers among them held."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

_CONTAINERS = (list, dict, set)
_MISSING = object()


@contextlib.contextmanager
def attributes_restored(objects: Iterable[Any]) -> Iterator[None]:
    """A block after which each object has the attributes that it had, and its lists, dicts and sets what they held."""
    before = [(vars(item), dict(vars(item)), _contents(vars(item))) for item in objects]
    try:
        yield
    finally:
        for attributes, old, contents in before:
            for name in attributes.keys() - old.keys():
                del attributes[name]
            attributes.update(
                (name, value) for name, value in old.items() if attributes.get(name, _MISSING) is not value
            )
            for container, copy in contents:
                _refill(container, copy)


def _contents(attributes: dict[str, Any]) -> list[tuple[Any, Any]]:
    """The containers among attributes, each with a plain copy."""
    copies: list[tuple[Any, Any]] = []
    for value in attributes.values():
        for kind in _CONTAINERS:
            if isinstance(value, kind):
                copies.append((value, kind(value)))
    return copies


def _refill(container: Any, copy: Any) -> None:
    """Puts back what a container held, past the tracking of lists and dicts by Keras."""
    if isinstance(copy, dict):
        if len(container) != len(copy) or any(container.get(key) is not value for key, value in copy.items()):
            dict.clear(container)
            dict.update(container, copy)
    elif len(container) != len(copy) or any(a is not b for a, b in zip(container, copy, strict=True)):
        if isinstance(copy, list):
            list.clear(container)
            list.extend(container, copy)
        else:
            set.clear(container)
            set.update(container, copy)
