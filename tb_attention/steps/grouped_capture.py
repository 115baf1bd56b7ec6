"""Captures samples in groups of one shape, and in chunks that fit into memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tb_attention.errors import CaptureError
from tb_attention.records.samples.ragged import rows
from tb_attention.records.samples.samples import Samples
from tb_attention.site import Site
from tb_attention.steps.joined_captures import Part, joined
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
        parts: list[Part] = []
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
                    f"The device ran out of memory with the attention of {samples} samples at once; {self.size} are "
                    "captured at once from now on. Smaller `max_capture_bytes` or `max_samples` need less memory."
                )
                continue
            if self.size is None:
                weighed = sum(site.weights.nbytes for site in captured.sites) / max(1, samples)
                self.size = max(1, min(count, int(self._max_bytes // max(1.0, weighed))))
            sites = self._prepare(captured.sites)
            parts.append(
                (
                    range(start, start + samples),
                    Capture(sites, captured.outputs, captured.left_out, captured.failed),
                )
            )
            start += samples
        if len({_shapes(captured) for _, captured in parts}) > 1:
            raise CaptureError("The sites of the model, or the shapes of their maps, differ between chunks of samples.")
        return parts[0][1] if len(parts) == 1 else joined(parts)


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


def _shapes(captured: Capture) -> tuple[Any, ...]:
    """What must be the same for all samples of one shape."""
    return tuple((site.path, site.weights.shape[1:]) for site in captured.sites)


class GroupedCapture:
    """Captures all samples, each in its own shape: padding would change what many models attend to.

    Args:
        capture: Captures some inputs, such as a `Capturer`.
        describe: Adds the axes of the sites of a chunk, given samples of the same shape.
        max_bytes, warn: As for `ChunkedCapture`.
    """

    def __init__(
        self,
        capture: Callable[[Any], Capture],
        describe: Callable[[Sites, Samples], Sites],
        *,
        max_bytes: float,
        warn: Callable[[str], None],
    ) -> None:
        self._capture = capture
        self._describe = describe
        self._max_bytes = max_bytes
        self._warn = warn
        self._chunked: dict[tuple[Any, ...], ChunkedCapture] = {}
        self._group: Samples | None = None

    def __call__(self, samples: Samples) -> Capture:
        """Captures the samples. Smaller maps are padded with 0 at the end, and `Axis.own` has the size of each sample.

        Raises:
            CaptureError: The model cannot be traced, or chunks do not fit together.
            MemoryError, or what the backend raises: A single sample does not fit.
        """
        parts = []
        for index, group in samples.groups():
            shape = tuple(array.shape[1:] for _, array in group.arrays)
            if shape not in self._chunked:
                self._chunked[shape] = ChunkedCapture(
                    self._capture, self._described, max_bytes=self._max_bytes, warn=self._warn
                )
            self._group = group
            parts.append((index, self._chunked[shape](group.inputs, len(group))))
        return parts[0][1] if len(parts) == 1 else joined(parts)

    def _described(self, sites: Sites) -> Sites:
        assert self._group is not None
        return self._describe(sites, self._group)
