"""One model, one kind of input: what was found when it was traced, and the compiled pass that fetches it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tb_attention.capture.captured import Capture, LeftOut
from tb_attention.capture.layout import arrange
from tb_attention.capture.paths import name_places
from tb_attention.capture.rules.find import find_sites
from tb_attention.capture.tensorflow.inputs import Call, read_call
from tb_attention.capture.tensorflow.replay import Replay
from tb_attention.capture.tensorflow.trace import trace
from tb_attention.errors import CaptureError
from tb_attention.site import Site


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

    def fits(self, call: Call) -> bool:
        """Whether this pass can take so many samples."""
        return self._trace.samples in (None, call.samples)

    def __call__(self, call: Call) -> Capture:
        with tf.init_scope():
            arrays = [np.asarray(_readable(tensor)) for tensor in self._replay(call.tensors)]
        sites, failed = [], []
        for (path, found), array in zip(self._found, arrays, strict=False):
            dims = self._reader.dims[found.weights] or ()
            try:
                weights, axes = arrange(
                    array, dims, found.roles, samples=call.samples, kind=found.kind, axis_kind=found.axis_kind
                )
            except CaptureError as error:
                failed.append(LeftOut(path, str(error)))
            else:
                sites.append(Site(path, found.kind, axes, weights, found.note))
        outputs = self._trace.pack_outputs(arrays[len(self._found) :])
        return Capture(tuple(sites), outputs, self._left_out, tuple(failed))


def _readable(tensor: Any) -> Any:
    """NumPy has no bfloat16 of its own."""
    return tf.cast(tensor, tf.float32) if tensor.dtype == tf.bfloat16 else tensor
