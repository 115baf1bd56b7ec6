"""With how many samples a model is traced, and what is said where it cannot be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tb_attention.errors import CaptureError
from tb_attention.tracing.graph import LayerCall


def bound_size(model: Any) -> int | None:
    """The number of samples in the model's declared inputs, if it is fixed."""
    sizes = {tensor.shape[0] for tensor in getattr(model, "inputs", None) or () if len(tensor.shape)}
    return sizes.pop() if len(sizes) == 1 else None


def built_size(model: Any) -> int | None:
    """The number of samples that a model was built with, if it was built with a certain one."""
    shapes = getattr(model, "_build_shapes_dict", None) or {}
    first = next(iter(shapes.values()), None)
    size = first[0] if isinstance(first, tuple) and first else None
    return size if isinstance(size, int) else None


def untraceable(
    model: Any, failed: Sequence[LayerCall], error: Exception, tried: str, why: str | None = None
) -> CaptureError:
    """The error for a model that cannot be traced.

    Args:
        model: The model.
        failed: The layers around the call that raised, outermost first.
        error: What it raised.
        tried: What was tried, as "could not be traced".
        why: A sentence in place of the error's own message.
    """
    inside = failed[1:]
    path = "/".join(call.layer.name for call in inside)
    where = f": it failed in the layer {path!r} ({type(inside[-1].layer).__name__})" if inside else ""
    name = getattr(model, "name", None) or getattr(model, "__name__", type(model).__name__)
    # Keras writes its errors for a terminal, over several lines.
    message = " ".join(re.sub(r"\x1b\[\d+m", "", str(error)).split())
    why = why or f"{type(error).__name__}: {message}"
    return CaptureError(f"The model {name!r} {tried}{where}, so that none of its sites is captured. {why}")
