"""Records one step of a model's attention over samples that are ready: its sites with their axes, and its predictions."""

from __future__ import annotations

import dataclasses
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tb_attention.errors import ArgumentError, AttentionWarning
from tb_attention.records.format.paths import Step
from tb_attention.records.format.step_record import Prediction, StepRecord
from tb_attention.records.samples.default_axes import facts_of
from tb_attention.records.samples.made_pictures import find_made_pictures
from tb_attention.records.samples.nested import map_leaves
from tb_attention.records.samples.samples import Samples
from tb_attention.reduce.axes import name_axes
from tb_attention.reduce.long_axes import MAX_POSITIONS, shorten
from tb_attention.site import Axis, Site
from tb_attention.steps.grouped_capture import MAX_CAPTURE_BYTES, GroupedCapture
from tb_attention.tracing.captured import Capture
from tb_attention.tracing.capturer import Capturer
from tb_attention.tracing.select import check_names, patterns_of

# Samples to check names and axes with: more than one, so that the axis of samples differs from axes of size 1.
_FEW = 2


class SiteRecorder:
    """Runs a model over its samples and records what it attends to.

    Args:
        model: The model: of Keras, a module of PyTorch, or of JAX with its parameters.
        samples: The examples to follow.
        predict: Reads the prediction of each sample from what the model returned.
        axes: Axes by site path; those of other sites are detected.
        sites: Sites to record, as for `AttentionCallback`; None for all.
        max_positions, full_rows, max_capture_bytes: As for `AttentionCallback`.
        warn: Gets a sentence when the device runs out of memory; by default it becomes an `AttentionWarning`.

    Raises:
        ArgumentError: An argument is wrong.
    """

    def __init__(
        self,
        model: Any,
        samples: Samples,
        predict: Callable[[Any], tuple[Prediction | None, ...]],
        *,
        axes: Mapping[str, Sequence[Axis]],
        sites: str | Iterable[str] | Callable[[str], bool] | None,
        max_positions: int = MAX_POSITIONS,
        full_rows: Sequence[int] = (),
        max_capture_bytes: float = MAX_CAPTURE_BYTES,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self.model = model
        self.samples = samples
        self._predict = predict
        self._axes = {**self.samples.axes, **axes}
        _check_axes(self._axes)
        for path, given in self._axes.items():
            self._axes[path] = [_of_first(axis, len(self.samples), path) for axis in given]
        self._max_positions = max_positions
        self._full_rows = tuple(full_rows)
        self._capturer = Capturer(model, sites=sites)
        self._capture = GroupedCapture(
            self._captured_by, self._described, max_bytes=max_capture_bytes, warn=warn or _warn
        )
        self._checked_axes = not self._axes
        self._has_names = bool(self._axes) or bool(patterns_of(sites))
        self.captured: Capture | None = None

    def follow(self, model: Any) -> None:
        """Captures another model from now on: the same one with other parameters, where these are no part of the object."""
        self.model = self._capturer.model = model

    def check_names(self) -> None:
        """Captures a sample or two if the user names sites, so that a wrong name is refused before training.

        Raises:
            ArgumentError: `sites` or `axes` name an unknown site, or axes do not have the sizes of the site's weights.
        """
        if not self._has_names:
            return
        _, samples = self.samples.groups()[0]
        first = map_leaves(lambda array: array[:_FEW], samples.inputs)
        try:
            self._described(self._captured_by(first).sites, samples)
        except ArgumentError:
            raise
        except Exception:
            # A warning says why a model cannot be captured when its attention is due.
            return

    def record(self, step: Step, *, epoch: int | None, batch: int | None, logs: Mapping[str, float]) -> StepRecord:
        """Captures the model in its present state.

        Args:
            step: The step, or "init".
            epoch: From 0, or None.
            batch: Batches seen, or None.
            logs: Metrics by name.
        """
        self.captured = self._capture(self.samples)
        return StepRecord(
            step=step,
            epoch=epoch,
            batch=batch,
            wall_time=time.time(),
            logs=logs,
            sites=tuple(map(self._with_own_facts, self.captured.sites)),
            predictions=self._predict(self.captured.outputs),
            pictures=find_made_pictures(self.captured.outputs, self.samples, self.captured.sites),
        )

    def missing(self) -> Iterator[tuple[str, str]]:
        """What the last step lacks, as pairs of a kind and a sentence."""
        captured = self.captured
        if captured is None:
            return
        for reason in dict.fromkeys(left.reason for left in captured.left_out if left.is_fault):
            paths = [left.path for left in captured.left_out if left.reason == reason]
            yield f"fault: {reason}", f"The attention of {', '.join(paths)} is left out: {reason}."
        for failure in captured.failed:
            yield (
                f"failed: {failure.path}",
                f"The attention of {failure.path!r} could not be captured and is left out: {failure.reason}.",
            )
        if not captured.sites:
            yield "nothing", _nothing_found(captured)

    def captured_of(self, samples: Samples) -> Capture:
        """The attention for other samples, with their tokens; the pass is compiled once for each number of samples."""
        return self._capture(samples)

    def _captured_by(self, inputs: Any) -> Capture:
        captured = self._capturer(inputs)
        if not self._checked_axes:
            check_names("axes", self._axes, captured.paths, whole=True)
            for site in captured.sites:
                _check_roles(site, self._axes.get(site.path, ()))
            self._checked_axes = True
        return captured

    def _described(self, sites: tuple[Site, ...], samples: Samples) -> tuple[Site, ...]:
        """The sites with their axes: those of the user, or else those that can be inferred."""
        described = map(self._with_user_axes, name_axes(sites, facts_of(samples)))
        return tuple(shorten(site, self._max_positions, self._full_rows) for site in described)

    def _with_user_axes(self, site: Site) -> Site:
        given = self._axes.get(site.path)
        if given is not None and self.samples.shapes:
            # The user gives the size of one sample; others have different sizes.
            now = site.axes[-len(given) :]
            given = [
                axis if axis.grid is not None else axis.cut(each.size) for axis, each in zip(given, now, strict=True)
            ]
        if given is None:
            return site
        return site.replace(axes=(*site.axes[: -len(given)], *(axis.alike() for axis in given)))

    def _with_own_facts(self, site: Site) -> Site:
        """The site of all samples with what differs between them, such as boxes: a chunk of the samples has no use for it."""
        given = self._axes.get(site.path, ())
        if not any(axis.differs for axis in given):
            return site
        axes = [
            dataclasses.replace(axis, **user.by_sample) if user.differs and user.size == axis.size else axis
            for axis, user in zip(site.axes[-len(given) :], given, strict=True)
        ]
        return site.replace(axes=(*site.axes[: -len(given)], *axes))


def _of_first(axis: Axis, samples: int, path: str) -> Axis:
    """The axis with the boxes, edges and points of the first samples: those that are followed."""
    for name, facts in axis.by_sample.items():
        if 1 < len(facts) < samples:
            called = name.removeprefix("own_")
            raise ArgumentError(
                f"`{called}` must be of all {samples} samples, or once for all. Received: {called} of {len(facts)} for {path!r}."
            )
    return axis.taken(range(samples)) if axis.differs else axis


def _nothing_found(captured: Capture) -> str:
    """What counts as attention and what came closest, for a model without attention; or the sites that `sites` leaves out."""
    others = [left.path for left in captured.left_out if left.reason == "not asked for"]
    if others:
        return (
            f"`sites` matches none of the {len(others)} sites of this model, such as {', '.join(map(repr, others[:5]))}. Samples "
            "and predictions are logged."
        )
    sentence = (
        "No attention was found in this model: no softmax whose result mixes other activations, no gate that multiplies "
        "a feature map, and no hidden sigmoid or softmax layer. Samples and predictions are logged."
    )
    near = [f"{left.path} ({left.reason})" for left in captured.left_out[:5]]
    return f"{sentence} Left out: {'; '.join(near)}." if near else sentence


def _check_axes(axes: Mapping[str, Any]) -> None:
    for path, given in axes.items():
        if not isinstance(given, list | tuple) or not all(isinstance(axis, Axis) for axis in given):
            raise ArgumentError(
                "`axes` must have a list of `tb_attention.Axis` for each site, such as [Axis('query', 16, 'grid', (4, 4)), "
                f"Axis('key', 16, 'grid', (4, 4))]. Received: {given!r} for {path!r}."
            )


def _check_roles(site: Site, given: Sequence[Axis]) -> None:
    roles = [axis.role for axis in site.axes]
    received = [axis.role for axis in given]
    if given and received != roles[-len(given) :]:
        raise ArgumentError(
            f"`axes` must describe the last dimensions of the weights of {site.path!r}, which are {roles} in this order. "
            f"Received: axes of roles {received}."
        )


def _warn(sentence: str) -> None:
    warnings.warn(sentence, AttentionWarning, stacklevel=2)
