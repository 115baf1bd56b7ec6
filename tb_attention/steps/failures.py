"""Failures in a callback never stop a training: each kind costs one warning."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from tb_attention.errors import ArgumentError, AttentionWarning

Method = TypeVar("Method", bound=Callable[..., Any])


class Warnings:
    """Warns once of each kind of failure, with an `AttentionWarning`, and remembers the sentences."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}

    def warn(self, kind: str, sentence: str) -> None:
        """Warns with `sentence` unless a warning of this kind was given before.

        Args:
            kind: The kind of failure; not shown.
            sentence: What happened, and what is lost.
        """
        if kind in self.said:
            return
        self.said[kind] = sentence
        try:
            warnings.warn(sentence, AttentionWarning, stacklevel=3)
        except AttentionWarning:
            # Warnings may have been turned into errors; they still must not stop a training.
            print(f"AttentionWarning: {sentence}")


class Guarded(Protocol):
    """A callback that keeps its warnings."""

    warnings: Warnings


def guarded(what: str) -> Callable[[Method], Method]:
    """Decorates a hook of a callback: an exception becomes a warning, and training goes on.

    `ArgumentError` passes: an argument is wrong. It is raised only at the start of `fit`.

    Args:
        what: What the hook logs, as the beginning of a sentence ("The attention of a step").
    """

    def decorate(method: Method) -> Method:
        @functools.wraps(method)
        def hook(self: Guarded, *arguments: Any, **keywords: Any) -> Any:
            try:
                return method(self, *arguments, **keywords)
            except ArgumentError:
                raise
            except Exception as error:
                kind = f"{what}: {type(error).__name__}"
                self.warnings.warn(kind, f"{what} was lost; training goes on. {type(error).__name__}: {error}")
                return None

        return hook  # type: ignore[return-value]

    return decorate
