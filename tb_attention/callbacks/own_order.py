"""Reading a shuffled `tf.data.Dataset` without moving the order in which training gets it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# Shuffling operations with a generator that all iterators share, by name: the one without it, and the input that it is.
_SHUFFLES = {
    "ShuffleDatasetV3": ("ShuffleDataset", 4),
    "ShuffleAndRepeatDatasetV2": ("ShuffleAndRepeatDataset", 5),
}
# A copy holds the tensors that the data are made of once more while it is made.
_MOST_BYTES = 500e6


def in_own_order(dataset: Any) -> Any:
    """A dataset that gives the same batches and shuffles with generators of its own.

    A dataset that shuffles draws a new order from one generator each time that it is iterated over, so that looking at the
    examples of the training data once would change the order of all epochs.

    Returns:
        `dataset` itself where it does not shuffle, where it is made of more than 500 MB of tensors, or where TensorFlow
        cannot copy it.
    """
    steps = list(_steps(dataset))
    if not any("shuffle" in type(step).__name__.lower() for step in steps):
        return dataset
    held = sum(_bytes(tensor) for step in steps for tensor in getattr(step, "_tensors", ()))
    if held > _MOST_BYTES:
        return dataset
    try:
        return _copied(dataset)
    except Exception:
        # Nothing that a public interface promises: reading as it is serves as well, but for the order.
        return dataset


def _steps(dataset: Any) -> Iterator[Any]:
    yield dataset
    inputs = getattr(dataset, "_inputs", None)
    for step in inputs() if callable(inputs) else ():
        yield from _steps(step)


def _bytes(tensor: Any) -> int:
    shape, dtype = getattr(tensor, "shape", None), getattr(tensor, "dtype", None)
    count = None if shape is None else shape.num_elements()
    return 0 if count is None else count * (getattr(dtype, "size", 1) or 1)


def _copied(dataset: Any) -> Any:
    import tensorflow as tf
    from tensorflow.core.framework import graph_pb2
    from tensorflow.python.data.ops import dataset_ops

    stored = tf.raw_ops.DatasetToGraphV2(input_dataset=dataset._variant_tensor, external_state_policy=1)
    graph = graph_pb2.GraphDef.FromString(stored.numpy())
    for node in graph.node:
        if node.op in _SHUFFLES:
            node.op, generator = _SHUFFLES[node.op]
            del node.input[generator]
    copied = tf.raw_ops.DatasetFromGraph(graph_def=graph.SerializeToString())
    return dataset_ops._VariantDataset(copied, dataset.element_spec)
