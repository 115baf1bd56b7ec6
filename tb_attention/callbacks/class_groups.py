"""The hierarchy of classes of `class_groups`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tb_attention.errors import ArgumentError
from tb_attention.records.format.step_record import ClassGroup


def to_class_groups(given: Any, class_names: Sequence[str] | None) -> tuple[ClassGroup, ...]:
    """The groups of classes, checked.

    Args:
        given: By name of a group its classes, as indices from 0 or names, or a mapping with smaller groups:
            `{"tops": ["shirt", "coat"], "shoes": {"closed": [7, 9], "open": [5]}}`. None for none.
        class_names: Names of the classes, or None.

    Raises:
        ArgumentError: It is none of these, names an unknown class, or puts a class into two groups.
    """
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise ArgumentError(
            f"`class_groups` must be a mapping from names of groups to classes. Received: class_groups={given!r}."
        )
    groups = tuple(_group(str(name), children, class_names) for name, children in given.items())
    seen: set[int] = set()
    for group in groups:
        for index in _classes(group):
            if index in seen:
                raise ArgumentError(f"`class_groups` must have every class once. Received: class {index} twice.")
            seen.add(index)
    return groups


def largest_class(groups: Sequence[ClassGroup]) -> int:
    """The largest index in some groups; -1 where there is none."""
    return max((index for group in groups for index in _classes(group)), default=-1)


def _group(name: str, children: Any, class_names: Sequence[str] | None) -> ClassGroup:
    if isinstance(children, Mapping):
        return ClassGroup(name, tuple(_group(str(key), value, class_names) for key, value in children.items()))
    if isinstance(children, str) or not hasattr(children, "__iter__"):
        raise ArgumentError(f"A group of `class_groups` must hold classes. Received: {name!r}: {children!r}.")
    return ClassGroup(name, tuple(_index(child, class_names) for child in children))


def _index(child: Any, class_names: Sequence[str] | None) -> int:
    if isinstance(child, str):
        if class_names is None or child not in class_names:
            raise ArgumentError(
                f"`class_groups` must hold classes of `class_names`: {class_names}. Received: {child!r}."
            )
        return list(class_names).index(child)
    if isinstance(child, bool) or not isinstance(child, int) or child < 0:
        raise ArgumentError(f"`class_groups` must hold names or indices of classes from 0. Received: {child!r}.")
    return child


def _classes(group: ClassGroup) -> list[int]:
    return [
        index for child in group.children for index in (_classes(child) if isinstance(child, ClassGroup) else [child])
    ]
