"""Opens a named scope for each call of a module of Equinox or Flax nnx: neither library names its modules in a trace."""

from __future__ import annotations

import contextlib
import functools
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

import jax

_LOCK = threading.RLock()
_THREAD = threading.local()
_PATH = "tb_attention_path"
"""Where a module of nnx has its path, in the copy that is traced: transformations of nnx make modules anew, with attributes."""


@contextlib.contextmanager
def scoped_modules(tree: Any) -> Iterator[None]:
    """A block in which each call of a module below a tree opens a scope: its name below the module that calls it.

    Names are paths of attributes and indices, as "blocks.0.attention". Other threads are not affected. Afterwards the classes
    are as they were, also after errors.

    Args:
        tree: A module or a pytree of modules, made for this trace.
    """
    modules = dict(_modules_in(tree))
    root = next(iter(modules), "")
    if all(path == root or path.startswith(f"{root}.") for path in modules):
        # Where all modules are in one, it is the model.
        tree = modules.get(root, tree)
        modules = dict(_modules_in(tree))
    _note_paths(modules)
    classes = {_definer(type(module)) for module in modules.values()} - {None}
    outer = getattr(_THREAD, "stack", None)
    with _LOCK:
        originals = {kind: vars(kind)["__call__"] for kind in classes}
        for kind, original in originals.items():
            kind.__call__ = _scoped(original)
        _THREAD.stack = [tree]
        try:
            yield
        finally:
            _THREAD.stack = outer
            for kind, original in originals.items():
                kind.__call__ = original


def _definer(kind: type) -> Any:
    """The class that defines how modules of a class are called."""
    return next((each for each in kind.__mro__ if "__call__" in vars(each)), None)


def _scoped(original: Any) -> Any:
    @functools.wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        stack = getattr(_THREAD, "stack", None)
        bound = original.__get__(self, type(self))
        if stack is None or self is stack[-1]:
            return bound(*args, **kwargs)
        name = _name_of(self, stack[-1])
        stack.append(self)
        try:
            with jax.named_scope(name) if name else contextlib.nullcontext():
                return bound(*args, **kwargs)
        finally:
            stack.pop()

    return call


def _name_of(module: Any, caller: Any) -> str:
    """The name of a module below the one that calls it; "" for a copy of that one.

    Where a transformation made the module anew, its name is what the paths of its likes have in common, or that of its class.
    """
    path, above = (getattr(each, _PATH, None) for each in (module, caller))
    if path is not None:
        return str(path).removeprefix(f"{above}.") if above else str(path)
    below = list(_modules_in(caller))
    same = next((name for name, other in below if other is module), None)
    if same or type(module) is type(caller):
        return same or ""
    names = [name.split(".") for name, other in below if type(other) is type(module)]
    common = takewhile(lambda parts: len(set(parts)) == 1, zip(*names, strict=False))
    return (
        ".".join(parts[0] for parts in common) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(module).__name__).lower()
    )


def _modules_in(tree: Any) -> Iterator[tuple[str, Any]]:
    """The modules in a tree, each with its path from there; "" for the tree itself."""
    equinox, nnx = sys.modules.get("equinox"), sys.modules.get("flax.nnx")
    kinds = tuple(library.Module for library in (equinox, nnx) if library is not None)
    yield from _below(tree, "", kinds, set())


def _below(node: Any, path: str, kinds: tuple[type, ...], seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(node) in seen:
        return
    seen.add(id(node))
    is_wrapper = type(node).__module__.startswith("equinox._")
    if isinstance(node, kinds) and not is_wrapper:
        yield path, node
    for name, child in _children(node, kinds):
        yield from _below(child, path if is_wrapper else f"{path}.{name}" if path else str(name), kinds, seen)


def _children(node: Any, kinds: tuple[type, ...]) -> Sequence[tuple[Any, Any]]:
    if isinstance(node, dict):
        return list(node.items())
    if isinstance(node, list | tuple):
        return list(enumerate(node))
    if isinstance(node, kinds):
        return [(name, child) for name, child in vars(node).items() if not name.startswith("_pytree__")]
    return []


def _note_paths(modules: dict[str, Any]) -> None:
    nnx = sys.modules.get("flax.nnx")
    for path, module in modules.items():
        if nnx is not None and isinstance(module, nnx.Module):
            setattr(module, _PATH, path)
