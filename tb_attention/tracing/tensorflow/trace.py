"""Turns one call of a Keras model into a flat graph: traced or, where it only runs eagerly, recorded."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import tensorflow as tf
from keras.src import tree

from tb_attention.errors import CaptureError
from tb_attention.tracing.graph import Graph, Value
from tb_attention.tracing.recorded_pass import Rerun
from tb_attention.tracing.rules.loop_weights import loops_taking_weights
from tb_attention.tracing.tensorflow.eager import Recording
from tb_attention.tracing.tensorflow.flatten import Key, flatten
from tb_attention.tracing.tensorflow.hooks import Notes, noting_layers
from tb_attention.tracing.tensorflow.model_call import Call
from tb_attention.tracing.tensorflow.replay import Replay
from tb_attention.tracing.tensorflow.untouched import untouched


@dataclass(frozen=True, eq=False)
class Trace:
    """A traced call.

    Attributes:
        graph: The flat graph.
        samples: The number of samples it is bound to, or None where any number will do.
        pack_outputs: Makes the structure that the model returned from its flat tensors.
        runner: Makes a function that computes values of the graph from the tensors of a call.
        keep_alive: What must live as long as the graph is run.
    """

    graph: Graph
    samples: int | None
    pack_outputs: Callable[[list[Any]], Any]
    runner: Callable[[Sequence[Value]], Callable[[Sequence[Any]], list[Any]]]
    keep_alive: Any = None


def trace(model: Any, call: Call) -> Trace:
    """Traces the model at inference, for any number of samples where the model allows that.

    A model that only runs eagerly is recorded.

    Raises:
        CaptureError: The model can neither be traced nor recorded.
    """
    failures: list[Exception] = []
    taken: list[Notes] = []
    bound = _bound_size(model)
    # A model that is bound to a number of samples may be traced with any other and fail when it runs.
    for samples in dict.fromkeys([bound] if bound else [None, call.samples, _built_size(model) or call.samples]):
        try:
            return _trace(model, call, samples, taken)
        except Exception as error:
            failures.append(error)
    with contextlib.suppress(Exception):
        return _record(model, call)
    last = failures[-1]
    # Keras writes its errors for a terminal, over several lines.
    message = " ".join(re.sub(r"\x1b\[\d+m", "", str(last)).split())
    raise CaptureError(
        f"The model {model.name!r} could be neither traced as a graph nor run eagerly{_where(taken)}, so that none of its "
        f"sites is captured. {type(last).__name__}: {message}"
    ) from last


def _where(taken: list[Notes]) -> str:
    """The layer in which the last trace failed, if it was one of the model's."""
    inside = taken[-1].failed[1:] if taken else ()
    path = "/".join(call.layer.name for call in inside)
    return f": it failed in the layer {path!r} ({type(inside[-1].layer).__name__})" if inside else ""


def _bound_size(model: Any) -> int | None:
    """The number of samples in the model's declared inputs, if it is fixed."""
    sizes = {tensor.shape[0] for tensor in getattr(model, "inputs", None) or () if len(tensor.shape)}
    return sizes.pop() if len(sizes) == 1 else None


def _built_size(model: Any) -> int | None:
    """The number of samples that a model was built with, if it was built with a certain one."""
    shapes = getattr(model, "_build_shapes_dict", None) or {}
    first = next(iter(shapes.values()), None)
    size = first[0] if isinstance(first, tuple) and first else None
    return size if isinstance(size, int) else None


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
        packers.append(_packer(outputs, flat))
        return [tensor for tensor in flat if tf.is_tensor(tensor)]

    specs = [
        tf.TensorSpec([samples, *tensor.shape[1:]] if call.is_batched(index) else tensor.shape, tensor.dtype)
        for index, tensor in enumerate(call.tensors)
    ]
    with untouched(model):
        concrete = tf.function(step, autograph=False).get_concrete_function(*specs)
    graph = _decided(concrete, taken[-1], call, samples)
    return Trace(graph, samples, packers[-1], partial(Replay, graph), (concrete, taken[-1]))


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
    pack = _packer(recording.result, tree.flatten(recording.result))
    record = partial(Recording, model, call.without_arrays())
    return Trace(recording.to_graph(), samples, pack, partial(Rerun, record, recording.names))


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


def _packer(outputs: Any, flat: list[Any]) -> Callable[[list[Any]], Any]:
    is_array = [tf.is_tensor(leaf) for leaf in flat]
    constants = [None if is_tensor else leaf for leaf, is_tensor in zip(flat, is_array, strict=True)]
    structure = tree.map_structure(lambda _: 0, outputs)

    def pack(arrays: list[Any]) -> Any:
        remaining = iter(arrays)
        leaves = [next(remaining) if array else leaf for array, leaf in zip(is_array, constants, strict=True)]
        return tree.pack_sequence_as(structure, leaves)

    return pack
