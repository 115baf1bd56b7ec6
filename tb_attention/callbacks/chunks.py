"""Captures samples in chunks that fit into memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from tb_attention.errors import CaptureError
from tb_attention.records.samples.ragged import rows
from tb_attention.site import Axis, FullRows, Site
from tb_attention.tracing.captured import Capture

MAX_CAPTURE_BYTES = 256_000_000
"""Maximum bytes of weights to capture at once, by default; a single sample may have more."""

# Samples to measure the bytes of one: more than one, so that the axis of samples differs from axes of size 1.
_FIRST = 2

Sites = tuple[Site, ...]


class ChunkedCapture:
    """Captures all samples, as many at once as `max_bytes` allows, and half as many if the device runs out of memory.

    Args:
        capture: Captures some inputs, such as a `Capturer`.
        prepare: Processes the sites of a chunk before the next chunk is captured, such as by pooling them.
        max_bytes: Maximum bytes of weights to capture at once.
        warn: Gets a sentence when the device runs out of memory.
    """

    def __init__(
        self,
        capture: Callable[[Any], Capture],
        prepare: Callable[[Sites], Sites],
        *,
        max_bytes: float,
        warn: Callable[[str], None],
    ) -> None:
        self._capture = capture
        self._prepare = prepare
        self._max_bytes = max_bytes
        self._warn = warn
        self.size: int | None = None
        """Samples in a chunk; None before the first capture."""

    def __call__(self, inputs: Any, count: int) -> Capture:
        """Captures `count` samples, which lie along the first axis of the arrays in `inputs`.

        Raises:
            CaptureError: The model cannot be traced, or chunks do not fit together.
            MemoryError, or what the backend raises: A single sample does not fit.
        """
        parts: list[tuple[Capture, int]] = []
        start = 0
        while start < count or not parts:
            samples = min(count - start, _FIRST if self.size is None else self.size)
            chunk = slice(start, start + samples)
            try:
                captured = self._capture(inputs if samples == count else rows(inputs, chunk))
            except Exception as error:
                if samples < 2 or not is_out_of_memory(error):
                    raise
                self.size = samples // 2
                self._warn(
                    f"The device ran out of memory with the attention of {samples} samples at once; from now on {self.size} "
                    "are captured at once. Smaller `max_capture_bytes` or `max_samples` need less memory."
                )
                continue
            if self.size is None:
                weighed = sum(site.weights.nbytes for site in captured.sites) / max(1, samples)
                self.size = max(1, min(count, int(self._max_bytes // max(1.0, weighed))))
            parts.append((_with_sites(captured, self._prepare(captured.sites)), samples))
            start += samples
        return parts[0][0] if len(parts) == 1 else _joined(parts)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the exception says that a device or this process ran out of memory."""
    seen: BaseException | None = error
    while seen is not None:
        text = f"{type(seen).__name__}: {seen}"
        if isinstance(seen, MemoryError) or any(
            word in text for word in ("ResourceExhausted", "RESOURCE_EXHAUSTED", "out of memory", "OutOfMemory")
        ):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _with_sites(captured: Capture, sites: Sites) -> Capture:
    return Capture(sites, captured.outputs, captured.left_out, captured.failed)


def _joined(parts: list[tuple[Capture, int]]) -> Capture:
    """One capture of all samples."""
    captures = [captured for captured, _ in parts]
    paths = [[site.path for site in captured.sites] for captured in captures]
    if any(each != paths[0] for each in paths):
        raise CaptureError("The sites of the model differ between chunks of samples.")
    sites = tuple(_joined_site(each) for each in zip(*(captured.sites for captured in captures), strict=True))

    def join(*arrays: Any) -> Any:
        batched = all(
            np.ndim(array) and len(array) == samples for array, (_, samples) in zip(arrays, parts, strict=True)
        )
        return np.concatenate(arrays) if batched else arrays[0]

    outputs = keras.tree.map_structure(join, *(captured.outputs for captured in captures))
    return Capture(sites, outputs, captures[0].left_out, captures[0].failed)


def _joined_site(parts: tuple[Site, ...]) -> Site:
    first = parts[0]
    if any(part.weights.shape[1:] != first.weights.shape[1:] for part in parts):
        raise CaptureError(f"The maps of {first.path!r} differ in shape between chunks of samples.")
    weights = np.concatenate([part.weights for part in parts])
    rows = None
    if first.rows is not None:
        rows = FullRows(
            first.rows.queries, np.concatenate([part.rows.weights for part in parts if part.rows is not None])
        )
    maps = [part.features for part in parts if part.features is not None]
    features = np.concatenate(maps) if len(maps) == len(parts) else None
    shares = [part.sink for part in parts if part.sink is not None]
    sink = np.concatenate(shares) if len(shares) == len(parts) else None
    return first.replace(
        axes=(Axis("samples", len(weights)), *first.axes[1:]), weights=weights, rows=rows, features=features, sink=sink
    )
