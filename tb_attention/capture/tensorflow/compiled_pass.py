"""One model, one kind of input: what was found when it was traced, and the compiled pass that fetches it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tb_attention.capture.capturer import Capture
from tb_attention.capture.tensorflow.inputs import Call, read_call
from tb_attention.capture.tensorflow.replay import Replay
from tb_attention.capture.tensorflow.trace import trace
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
        asked: Whether the user said which sites are wanted.
    """

    def __init__(self, model: Any, call: Call, select: Callable[[str], bool], *, asked: bool) -> None:
        with tf.init_scope():
            self._trace = trace(model, call)
            graph = self._trace.graph
            self._found = [n for n in graph.nodes if n.type == "Softmax" and n.outputs[0].rank == 4]
            self._replay = Replay(graph, [*(node.outputs[0] for node in self._found), *graph.outputs])

    def fits(self, call: Call) -> bool:
        return self._trace.samples in (None, call.samples)

    def __call__(self, call: Call) -> Capture:
        with tf.init_scope():
            arrays = [np.asarray(tensor) for tensor in self._replay(call.tensors)]
        sites = []
        for node, weights in zip(self._found, arrays, strict=False):
            names = [layer_call.layer.name for layer_call in node.layers[1:]]
            path = "/".join(names[:-1] if names[-1].startswith("softmax") and len(names) > 1 else names)
            roles = ("samples", "heads", "query", "key")
            axes = tuple(Axis(role, size) for role, size in zip(roles, weights.shape, strict=True))  # type: ignore[arg-type]
            sites.append(Site(path, "self", axes, weights.astype(np.float32)))
        return Capture(tuple(sites), self._trace.pack_outputs(arrays[len(self._found) :]))
