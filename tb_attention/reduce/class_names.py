"""Class names in the forms that users have: lists of texts or numbers, mappings, vocabularies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tb_attention.errors import ArgumentError


def to_class_names(given: Any) -> list[str] | None:
    """A unique name for each class, in the order of the classes.

    Args:
        given: Names (texts, bytes or numbers) in the order of the classes; a mapping of names to indices, such as
            `class_indices` of `flow_from_directory`, or of indices to names; a layer with a vocabulary
            (`keras.layers.StringLookup`); or None.

    Returns:
        None for None. A class with an empty or missing name is named by its index. Names that repeat end in their index:
        "crane (134)" and "crane (517)".

    Raises:
        ArgumentError: `given` is none of these, or a mapping whose indices are not 0, 1, 2 and so on.
    """
    if given is None:
        return None
    vocabulary = getattr(given, "get_vocabulary", None)
    if vocabulary is not None:
        given = vocabulary()
    if isinstance(given, Mapping):
        given = _in_order(given)
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise ArgumentError(
            f"`class_names` must be a list with a name for each class. Received: class_names={given!r}."
        )
    names = [_text(name) or str(index) for index, name in enumerate(given)]
    repeated = {name for name, count in Counter(names).items() if count > 1}
    return [f"{name} ({index})" if name in repeated else name for index, name in enumerate(names)]


def _in_order(given: Mapping[Any, Any]) -> list[Any]:
    pairs = list(given.items())
    by_name = all(isinstance(name, str) and not isinstance(index, str) for name, index in pairs)
    try:
        names = {int(index): name for name, index in pairs} if by_name else {int(key): name for key, name in pairs}
    except (TypeError, ValueError):
        names = {}
    if sorted(names) != list(range(len(pairs))):
        raise ArgumentError(
            "`class_names` as a mapping must have the indices 0, 1, 2 and so on as its values or keys. "
            f"Received: class_names={dict(pairs[:20])!r}."
        )
    return [names[index] for index in range(len(pairs))]


def _text(name: Any) -> str:
    if name is None:
        return ""
    if isinstance(name, bytes):
        return name.decode("utf-8", "replace").strip()
    if isinstance(name, float) and name.is_integer():  # from R, where numbers are floats
        return str(int(name))
    return str(name).strip()
