"""One model, one kind of input: what was found when it was traced, and the compiled pass that fetches it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tb_attention.capture.captured import Capture, LeftOut
from tb_attention.capture.layout import arrange
from tb_attention.capture.paths import name_places
from tb_attention.capture.rules.find import find_sites
from tb_attention.capture.rules.found import Found
from tb_attention.capture.tensorflow.inputs import Call, read_call
from tb_attention.capture.tensorflow.replay import Replay
from tb_attention.capture.tensorflow.trace import trace
from tb_attention.errors import CaptureError
from tb_attention.site import Axis, Site


def read_inputs(model: Any, inputs: Sequence[Any], call_kwargs: Mapping[str, Any]) -> Call:
    """The arguments of a call, outside of any graph that is being traced around us."""
    with tf.init_scope():
        return read_call(model, inputs, call_kwargs)


class CompiledPass:
    """A pass of the model that returns weights and outputs.

    Args:
        model: The model.
        call: A call of the kind of input that this pass is for.
        select: Tells whether the site of a path is wanted.
        asked: Whether the user said which sites are wanted; routers are left out otherwise.
    """

    def __init__(self, model: Any, call: Call, select: Callable[[str], bool], *, asked: bool) -> None:
        with tf.init_scope():
            self._trace = trace(model, call)
        graph = self._trace.graph
        found, rejected, self._reader = find_sites(graph)
        layers = model._flatten_layers(include_self=False)
        fallbacks = [site.source.family for site in found]
        places = [(site.layers, site.use_layers, fallback) for site, fallback in zip(found, fallbacks, strict=True)]
        paths = name_places(places, layers)
        reasons = name_places([(no.layers, no.layers, no.source.family) for no in rejected], layers)
        left_out = [LeftOut(path, no.reason) for path, no in zip(reasons, rejected, strict=True)]
        self._found = []
        for path, site in zip(paths, found, strict=True):
            if not select(path) or (site.kind == "router" and not asked):
                left_out.append(LeftOut(path, "a router, not asked for" if not asked else "not asked for"))
            else:
                self._found.append((path, site))
        self._left_out = tuple(left_out)
        self._replay = Replay(graph, [*(site.weights for _, site in self._found), *graph.outputs])

    def __call__(self, call: Call) -> Capture:
        """Runs it, in chunks where the model is bound to a number of samples."""
        parts = []
        with tf.init_scope():
            for tensors, samples in call.chunks(self._trace.samples):
                arrays = [np.asarray(_readable(tensor)) for tensor in self._replay(tensors)]
                parts.append((arrays, samples))
        count = len(self._found)
        sites, failed = [], []
        for place, (path, found) in enumerate(self._found):
            try:
                sites.append(self._site(path, found, [(arrays[place], samples) for arrays, samples in parts]))
            except CaptureError as error:
                failed.append(LeftOut(path, str(error)))
        outputs = [
            self._joined([(arrays[place], samples) for arrays, samples in parts]) for place in range(count, len(arrays))
        ]
        return Capture(tuple(sites), self._trace.pack_outputs(outputs), self._left_out, tuple(failed))

    def _site(self, path: str, found: Found, parts: Sequence[tuple[npt.NDArray[Any], int]]) -> Site:
        dims = self._reader.dims[found.weights] or ()
        weights: list[npt.NDArray[np.float32]] = []
        axes: tuple[Axis, ...] = ()
        for array, samples in parts:
            fed = self._trace.samples or samples
            arranged, axes = arrange(array, dims, found.roles, samples=fed, kind=found.kind, axis_kind=found.axis_kind)
            weights.append(arranged[:samples])
        joined = weights[0] if len(weights) == 1 else np.concatenate(weights)
        return Site(path, found.kind, (Axis("samples", len(joined)), *axes[1:]), joined, found.note)

    def _joined(self, parts: Sequence[tuple[npt.NDArray[Any], int]]) -> npt.NDArray[Any]:
        """An output of the model, without what was fed to fill up a chunk."""
        size = self._trace.samples
        arrays = [array[:samples] if array.ndim and len(array) == size else array for array, samples in parts]
        return np.concatenate(arrays) if len(arrays) > 1 and arrays[0].ndim else arrays[0]


def _readable(tensor: Any) -> Any:
    """NumPy has no bfloat16 of its own."""
    return tf.cast(tensor, tf.float32) if tensor.dtype == tf.bfloat16 else tensor
