"""One model, one kind of input: the sites that were found when it was traced, and the compiled pass that fetches them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_attention.errors import CaptureError
from tb_attention.site import Axis, Site
from tb_attention.tracing.backend import Arrays, Trace
from tb_attention.tracing.captured import Capture, LeftOut
from tb_attention.tracing.graph import Stale
from tb_attention.tracing.layout import arrange, arrange_features, axis_of_rounds, sink_of
from tb_attention.tracing.model_call import Call
from tb_attention.tracing.rules.detections import Detection, FeatureMap
from tb_attention.tracing.rules.find_sites import find_sites
from tb_attention.tracing.site_paths import name_blocks, name_sites
from tb_attention.tracing.unrolled_loops import dimension_along, rounds_are_samples


class TracedModel:
    """The sites of a model, for one kind of input.

    Args:
        trace: The trace of the model for a call with this kind of input.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        sites, rejected, self.tracker = find_sites(self.trace.graph)
        found = _by_round(sites)
        layers = trace.layers
        layers_of_sites = [(rounds[0].layers, rounds[0].use_layers, rounds[0].candidate.family) for rounds in found]
        # Routers are numbered last: whether they are asked for changes no other path.
        order = sorted(range(len(found)), key=lambda index: found[index][0].kind == "router")
        blocks = name_blocks(rounds[0] for rounds in found)
        names = name_sites([layers_of_sites[index] for index in order], layers, blocks)
        named = dict(zip(order, names, strict=True))
        self.found = tuple((named[index], rounds) for index, rounds in enumerate(found))
        reasons = name_sites([(no.layers, no.layers, no.candidate.family) for no in rejected], layers)
        self._left_out = [LeftOut(path, no.reason, no.is_fault) for path, no in zip(reasons, rejected, strict=True)]
        self._passes: dict[tuple[str, ...], CompiledPass] = {}

    def choose(self, select: Callable[[str], bool], *, asked: bool) -> CompiledPass:
        """The pass that takes some of the sites; compiled once for each choice.

        Args:
            select: Whether the site of a path is wanted.
            asked: Whether the user said which sites are wanted; routers are left out otherwise.
        """
        wanted = [
            (path, rounds) for path, rounds in self.found if select(path) and (asked or rounds[0].kind != "router")
        ]
        reason = "not asked for" if asked else "a router, not asked for"
        taken = tuple(path for path, _ in wanted)
        left = [LeftOut(path, reason, is_site=True) for path, _ in self.found if path not in taken]
        key = (reason, *taken)
        if key not in self._passes:
            self._passes[key] = CompiledPass(self.trace, self.tracker, wanted, (*self._left_out, *left))
        return self._passes[key]


class CompiledPass:
    """A pass of the model that returns weights and outputs.

    Args:
        traced: The graph, and how it is run.
        tracker: The dimensions of its values.
        found: The sites that are wanted, by path, each with its rounds.
        left_out: What else there is.
    """

    def __init__(
        self, traced: Trace, tracker: Any, found: Sequence[tuple[str, list[Detection]]], left_out: tuple[LeftOut, ...]
    ) -> None:
        self._trace, self._tracker, self._found, self._left_out = traced, tracker, found, left_out
        graph = traced.graph
        guards = [value for value, _ in graph.guards]
        weights = [site.weights for _, rounds in self._found for site in rounds]
        features = [features.value for _, rounds in self._found if (features := _features(rounds)) is not None]
        self._run = traced.runner([*guards, *weights, *features, *graph.outputs])

    def __call__(self, call: Call) -> Capture:
        """Runs it, in chunks where the model is bound to a number of samples."""
        chunks = call.chunks(self._trace.samples)
        parts = [(self._guarded(self._run(tensors)), samples) for tensors, samples in chunks]
        sites: list[Site | None] = []
        failed: list[LeftOut] = []
        at = 0
        for path, rounds in self._found:
            taken = [(arrays[at : at + len(rounds)], samples) for arrays, samples in parts]
            at += len(rounds)
            try:
                sites.append(self._site(path, rounds, taken))
            except CaptureError as error:
                failed.append(LeftOut(path, str(error), is_site=True))
                sites.append(None)
        for index, (_, rounds) in enumerate(self._found):
            features = _features(rounds)
            if features is None:
                continue
            maps = [(arrays[at], samples) for arrays, samples in parts]
            at += 1
            site = sites[index]
            if site is not None:
                sites[index] = site.replace(features=arrange_features(maps, features.channels, site.weights.shape))
        flat = [
            self._joined([(arrays[output], samples) for arrays, samples in parts])
            for output in range(at, len(parts[0][0]))
        ]
        there = tuple(site for site in sites if site is not None)
        return Capture(there, self._trace.pack_outputs(flat), self._left_out, tuple(failed))

    def _guarded(self, arrays: Arrays) -> Arrays:
        guards = self._trace.graph.guards
        if any(int(array) != wanted for array, (_, wanted) in zip(arrays, guards, strict=False)):
            raise Stale
        return arrays[len(guards) :]

    def _site(self, path: str, rounds: Sequence[Detection], chunks: Sequence[tuple[Arrays, int]]) -> Site:
        weights: list[npt.NDArray[np.float32]] = []
        axes: tuple[Axis, ...] = ()
        over_samples = len(rounds) == sum(samples for _, samples in chunks) and all(
            rounds_are_samples(found.weights, self._tracker.batch, self._tracker.dims) for found in rounds
        )
        for arrays, samples in chunks:
            maps = []
            for found, array in zip(rounds, arrays, strict=True):
                arranged, axes = arrange(
                    array,
                    self._tracker.dims[found.weights] or (),
                    found.roles,
                    samples=self._trace.samples or samples,
                    kind=found.kind,
                    axis_kind=found.axis_kind,
                )
                maps.append(arranged[:samples])
            if over_samples:
                maps = [np.concatenate([array[:1] for array in maps])]
            weights.append(maps[0] if len(maps) == 1 else _stacked(maps))
        joined = weights[0] if len(weights) == 1 else np.concatenate(weights)
        axes = (Axis("samples", len(joined)), *axes[1:])
        if len(rounds) > 1 and not over_samples:
            joined, axes = self._with_rounds(joined, axes, rounds)
        site = Site(path, rounds[0].kind, axes, joined, rounds[0].note)
        return site.replace(sink=sink_of(site)) if rounds[0].sink else site

    def _with_rounds(
        self, stacked: npt.NDArray[np.float32], axes: tuple[Axis, ...], rounds: Sequence[Detection]
    ) -> tuple[npt.NDArray[np.float32], tuple[Axis, ...]]:
        """The rounds of a loop as iterations, or as the queries where each has one, of a position of an input."""
        queries = [axis for axis in axes if axis.role == "query"]
        along = None
        if [axis.size for axis in queries] == [1] and axes[2] is queries[0]:
            along = dimension_along([found.weights for found in rounds], self._tracker.dims)
        if along is None:
            return stacked, (*axes[:2], Axis("iteration", len(rounds)), *axes[2:])
        return stacked.squeeze(3), (*axes[:2], axis_of_rounds(len(rounds), along), *axes[3:])

    def _joined(self, parts: Sequence[tuple[npt.NDArray[Any], int]]) -> npt.NDArray[Any]:
        """An output of the model, without what was fed to fill up a chunk."""
        size = self._trace.samples
        arrays = [array[:samples] if array.ndim and len(array) == size else array for array, samples in parts]
        return np.concatenate(arrays) if len(arrays) > 1 and arrays[0].ndim else arrays[0]


def _features(rounds: Sequence[Detection]) -> FeatureMap | None:
    return rounds[0].features if len(rounds) == 1 else None


def _by_round(sites: Sequence[Detection]) -> list[list[Detection]]:
    """Sites that are one in a loop, which goes round several times, together."""
    groups: dict[tuple[Any, ...], list[Detection]] = {}
    for site in sites:
        groups.setdefault((id(site.candidate.value.node.origin), site.layers), []).append(site)
    return list(groups.values())


def _stacked(maps: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    if len({array.shape for array in maps}) > 1:
        raise CaptureError("The rounds of a loop have maps of different shapes.")
    return np.stack(maps, axis=2)
