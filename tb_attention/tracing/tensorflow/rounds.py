"""Tells which operations of a loop that runs eagerly are one operation in its rounds."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass, field
from types import FrameType

from tensorflow.python.ops import while_loop

from tb_attention.tracing.graph import Node

_LOOP = inspect.unwrap(while_loop.while_loop).__code__


@dataclass(eq=False)
class _Loop:
    """The body of a loop, or its condition: the frame of its last round, what ran in its first, and how much of the last ran."""

    frame: FrameType | None = None
    first: list[Node] = field(default_factory=list)
    ran: int = 0
    is_first: bool = True


class Rounds:
    """Follows the loops that `tf.while_loop` runs in Python."""

    def __init__(self) -> None:
        # A frame is kept, for another one could get its id.
        self._loops: dict[tuple[FrameType, object], _Loop] = {}

    def first_of(self, node: Node) -> Node:
        """The operation of a loop's first round that an operation repeats; itself outside of loops. To be called as it runs."""
        frame: FrameType | None = sys._getframe(1)
        inner = None
        while frame is not None and frame.f_code is not _LOOP:
            frame, inner = frame.f_back, frame
        if frame is None or inner is None:
            return node
        loop = self._loops.setdefault((frame, inner.f_code), _Loop())
        if loop.frame is not inner:
            loop.is_first = loop.frame is None
            loop.frame, loop.ran = inner, 0
        if loop.is_first:
            loop.first.append(node)
        place, loop.ran = loop.ran, loop.ran + 1
        same = place < len(loop.first) and loop.first[place].type == node.type
        return loop.first[place] if same else node
