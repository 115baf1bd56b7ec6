"""Turns one call of a Keras model into a flat graph: traced or, where it only runs eagerly, recorded."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from keras.src import tree

from tb_attention.tracing.backend import Arrays, Trace
from tb_attention.tracing.graph import Graph, Stale, Value
from tb_attention.tracing.keras_call import layers_of, output_packer
from tb_attention.tracing.model_call import Call
from tb_attention.tracing.recorded_pass import Rerun
from tb_attention.tracing.rules.loop_weights import loops_taking_weights
from tb_attention.tracing.tensorflow.eager import Recording
from tb_attention.tracing.tensorflow.flatten import Key, flatten
from tb_attention.tracing.tensorflow.hooks import Notes, noting_layers
from tb_attention.tracing.tensorflow.replay import Replay
from tb_attention.tracing.trace_attempts import bound_size, built_size, untraceable
from tb_attention.tracing.untouched import untouched


def trace(model: Any, call: Call) -> Trace:
    """Traces the model at inference, for any number of samples where the model allows that.

    A model that only runs eagerly is recorded.

    Raises:
        CaptureError: The model can neither be traced nor recorded.
    """
    failures: list[Exception] = []
    taken: list[Notes] = []
    bound = bound_size(model)
    # A model that is bound to a number of samples may be traced with any other and fail when it runs.
    for samples in dict.fromkeys([bound] if bound else [None, call.samples, built_size(model) or call.samples]):
        try:
            return _trace(model, call, samples, taken)
        except Exception as error:
            failures.append(error)
    with contextlib.suppress(Exception):
        return _record(model, call)
    inside = taken[-1].failed if taken else ()
    raise untraceable(model, inside, failures[-1], "could be neither traced as a graph nor run eagerly") from failures[
        -1
    ]


def _trace(model: Any, call: Call, samples: int | None, taken: list[Notes]) -> Trace:
    packers: list[Callable[[list[Any]], Any]] = []
    form = call.without_arrays()

    def step(*tensors: Any) -> list[Any]:
        args, kwargs = form.arguments(tensors)
        # Also where `call` has no such argument: it holds for the layers inside, of which some train by default.
        kwargs.setdefault("training", False)
        with noting_layers() as notes:
            taken.append(notes)
            outputs = model(*args, **kwargs)
            # Exceptions that the model caught are not why it fails later.
            notes.failed = ()
        flat = tree.flatten(outputs)
        packers.append(output_packer(outputs, tf.is_tensor))
        return [tensor for tensor in flat if tf.is_tensor(tensor)]

    specs = [
        tf.TensorSpec([samples, *tensor.shape[1:]] if call.is_batched(index) else tensor.shape, tensor.dtype)
        for index, tensor in enumerate(call.tensors)
    ]
    with untouched(model):
        concrete = tf.function(step, autograph=False).get_concrete_function(*specs)
    graph = _decided(concrete, taken[-1], call, samples)
    runner = partial(_runner, graph, partial(Replay, graph))
    return Trace(graph, samples, packers[-1], runner, layers_of(model), (concrete, taken[-1]))


def _record(model: Any, call: Call) -> Trace:
    """The call as it runs eagerly.

    What differs with one sample more depends on the number of samples. A model that then runs other operations is bound to it.
    """
    recording = Recording(model, call, call.tensors)
    if "VarHandleOp" in recording.names:
        # The model was built during the pass, which happens once.
        recording = Recording(model, call, call.tensors)
    samples: int | None = call.samples
    with contextlib.suppress(Exception):
        more = Recording(model, call, next(call.chunks(call.samples + 1))[0])
        if more.names == recording.names:
            recording.forget_differences(more)
            samples = None
    pack = output_packer(recording.result, tf.is_tensor)
    record = partial(Recording, model, call.without_arrays())
    graph = recording.to_graph()
    rerun = partial(Rerun, record, recording.names)
    return Trace(graph, samples, pack, partial(_runner, graph, rerun), layers_of(model))


def _decided(concrete: Any, notes: Notes, call: Call, samples: int | None) -> Graph:
    """The graph with loops unrolled and branches chosen as they are for these inputs.

    Loops without attention are unrolled only where weights are handed to them, once all others are.
    """
    decisions: dict[Key, int] = {}
    while True:
        graph, undecided, closed = flatten(concrete, notes, decisions)
        if not undecided:
            taking = loops_taking_weights(graph, [loop.value.node for loop in closed])
            undecided = tuple(loop for loop in closed if loop.value.node in taking)
        if not undecided:
            return graph
        tensors, _ = next(call.chunks(samples))
        found = Replay(graph, [item.value for item in undecided])(tensors)
        decisions.update((item.key, int(value)) for item, value in zip(undecided, found, strict=True))


def _runner(graph: Graph, make: Callable[[Sequence[Value]], Any], fetches: Sequence[Value]) -> _Pass:
    return _Pass(bool(graph.guards), make(fetches))


class _Pass:
    """Computes values of a graph from the tensors of a call, and reads them.

    Args:
        has_guards: Whether the graph holds only for some inputs.
        run: Gives the tensors.
    """

    def __init__(self, has_guards: bool, run: Callable[[Sequence[Any]], list[Any]]) -> None:
        self._has_guards, self._run = has_guards, run
        self._has_run = False

    def __call__(self, tensors: Sequence[Any]) -> Arrays:
        try:
            found = self._run(tensors)
        except tf.errors.InvalidArgumentError as error:
            if self._has_run and self._has_guards:
                # A loop over the samples, of which there are fewer now, would have stopped before.
                raise Stale from error
            raise
        self._has_run = True
        return [np.asarray(_readable(tensor)) for tensor in found]


def _readable(tensor: Any) -> Any:
    """A tensor of a type that NumPy has, which lacks bfloat16."""
    return tf.cast(tensor, tf.float32) if tensor.dtype == tf.bfloat16 else tensor
