"""Labels that are strings as class indices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras

from tb_attention.errors import ArgumentError
from tb_attention.reduce.class_names import to_class_names


class Names:
    """Looks class indices up by name, in the graph where it must be.

    Args:
        names: In the order of the classes, or a `keras.layers.StringLookup` that gives their indices (its class for what it does
            not know is then one of them).
        classes: Number of classes.

    Raises:
        ArgumentError: There are not as many names.
    """

    def __init__(self, names: Iterable[str] | Any, classes: int) -> None:
        self.names: list[str] = to_class_names(names) or []
        """In the order of the classes."""
        if len(self.names) != classes:
            raise ArgumentError(
                f"`class_names` must have a name for each of the {classes} classes. Received: {self.names[:20]}."
            )
        self._lookup = keras.layers.StringLookup(vocabulary=[name for name in self.names if name != "[UNK]"])
        self._unknown = self.names.index("[UNK]") if "[UNK]" in self.names else None

    def indices(self, labels: Any) -> Any:
        """The classes of labels, of their shape, as int64; -1 for names that are none. Numbers stay as they are."""
        if not _are_strings(labels):
            return labels
        # The lookup counts from 1, what it does not know being 0; `names` may count that one as a class of its own.
        found = keras.ops.cast(self._lookup(labels), "int64")
        return found if self._unknown == 0 else found - 1


def _are_strings(labels: Any) -> bool:
    dtype = getattr(labels, "dtype", None)
    if dtype is None:
        return isinstance(labels, list) and bool(labels) and isinstance(labels[0], str | bytes)
    return str(getattr(dtype, "name", dtype)).startswith(("string", "str", "object", "bytes"))
