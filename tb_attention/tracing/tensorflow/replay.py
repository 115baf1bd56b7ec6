"""Runs the part of a flat graph that some of its values need, compiled, and with no effect on the model."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import config_pb2
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig
from tensorflow.python.eager import context

from tb_attention.tracing import ops
from tb_attention.tracing.graph import Graph, Node, Value

# Operations that read what a resource holds and leave it alone. Whatever else takes a resource may change it.
_READERS = frozenset(
    {
        "ReadVariableOp",
        "ResourceGather",
        "ResourceGatherNd",
        "VariableShape",
        "VarIsInitializedOp",
        "LookupTableFindV2",
        "LookupTableSizeV2",
        "LookupTableExportV2",
        "Identity",
    }
)


class Replay:
    """The compiled part of a graph.

    Args:
        graph: A flat graph.
        fetches: The values that are wanted.

    Attributes:
        variables: Handles of the variables that the wanted values need changed on the way (a random layer called twice reads
            a seed that its first call moved on); they are put back after each run.
    """

    def __init__(self, graph: Graph, fetches: Sequence[Value]) -> None:
        self._inputs = graph.inputs
        self._fetches = tuple(fetches)
        self._nodes = _needed(self._fetches)
        self.variables = _changed_variables(self._nodes)
        self._function = self._compiled(jit_compile=False)
        # oneDNN aborts softmaxes of six dimensions; what Keras has compiled by XLA, as convolutions in groups, fails without.
        self._without_kernel: tuple[type[Exception], ...] = (tf.errors.AbortedError,)
        if graph.by_xla:
            self._without_kernel += (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)

    def __call__(self, tensors: Sequence[Any]) -> list[Any]:
        """Runs it.

        Args:
            tensors: The inputs of the graph, in order.

        Returns:
            A tensor for each of the wanted values.
        """
        try:
            return self._run(tensors)
        except self._without_kernel:
            # XLA has a kernel for it.
            self._without_kernel = ()
            self._function = self._compiled(jit_compile=True)
            return self._run(tensors)

    def _compiled(self, *, jit_compile: bool) -> Callable[..., Any]:
        specs = [tf.TensorSpec(value.shape, value.dtype) for value in self._inputs]
        # A concrete function: otherwise TensorFlow would warn that this method is traced again for each model.
        function = tf.function(self._build, autograph=False, jit_compile=jit_compile)
        concrete: Callable[..., Any] = function.get_concrete_function(*specs)
        return concrete

    def _run(self, tensors: Sequence[Any]) -> list[Any]:
        saved = [tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype) for handle, dtype in self.variables]
        try:
            with _as_written():
                return list(self._function(*tensors))
        finally:
            for (handle, _), value in zip(self.variables, saved, strict=True):
                tf.raw_ops.AssignVariableOp(resource=handle, value=value)

    def _build(self, *tensors: Any) -> list[Any]:
        graph = tf.compat.v1.get_default_graph()
        made: dict[Value, Any] = dict(zip(self._inputs, tensors, strict=True))
        for node in self._nodes:
            if node.op == ops.INPUT:
                continue
            if node.op == ops.CAPTURE:
                made[node.outputs[0]] = graph.capture(node.origin)
                continue
            op = _copy(graph, node.origin, [made[value] for value in node.inputs])
            made.update(zip(node.outputs, op.outputs, strict=True))
        return [tf.identity(made[value]) for value in self._fetches]


@contextlib.contextmanager
def _as_written() -> Iterator[None]:
    """Makes functions of this thread compute in the order in which they are written.

    Otherwise TensorFlow merges products and sums, which changes weights by more than 1e-5 where logits are large.
    """
    current = context.context()
    options = current.function_call_options
    config = config_pb2.ConfigProto.FromString(options.config_proto_serialized)
    config.graph_options.rewrite_options.arithmetic_optimization = RewriterConfig.OFF
    current.function_call_options = context.FunctionCallOptions(options.executor_type, config)
    try:
        yield
    finally:
        current.function_call_options = options


def _copy(graph: Any, op: Any, inputs: list[Any]) -> Any:
    attributes = {}
    for name, value in op.node_def.attr.items():
        if name in ("_class", "_output_shapes"):
            continue
        attributes[name] = value
        for function in (value.func, *value.list.func):
            if function.name and not graph._is_function(function.name):
                graph._add_function_recursive(op.graph._get_function(function.name))
    copied = graph._create_op_internal(
        op.type, inputs, [tensor.dtype for tensor in op.outputs], attrs=attributes, op_def=op.op_def
    )
    for new, old in zip(copied.outputs, op.outputs, strict=True):
        # Some operations get a shape from Python that cannot be inferred again.
        new.set_shape(old.shape)
    return copied


def _needed(fetches: Sequence[Value]) -> list[Node]:
    """What must run for the fetches, in order: what they are computed from, and the assignments that those read after."""
    needed: set[Node] = set()
    todo = [value.node for value in fetches]
    while todo:
        node = todo.pop()
        if node in needed:
            continue
        needed.add(node)
        todo.extend(value.node for value in node.inputs)
        handles = _handles(node)
        todo.extend(earlier for earlier in node.after if not handles.isdisjoint(_changes(earlier)))
    return sorted(needed, key=lambda node: node.index)


def _handles(node: Node) -> set[Value]:
    return {value for value in node.inputs if value.dtype == "resource"}


def _changes(node: Node) -> set[Value]:
    """Handles of the resources that a node may change."""
    return set() if not node.inputs or node.origin.type in _READERS else _handles(node)


def _changed_variables(nodes: Sequence[Node]) -> list[tuple[Any, Any]]:
    """Handles and element types of the variables that these nodes may change."""
    changed: dict[Value, None] = {}
    for node in nodes:
        changed.update(dict.fromkeys(_changes(node)))
    variables = []
    for value in changed:
        data = getattr(value.node.origin, "_handle_data", None) if value.node.op == ops.CAPTURE else None
        if data is not None and data.is_set and data.shape_and_type:
            variables.append((value.node.origin, tf.dtypes.as_dtype(data.shape_and_type[0].dtype)))
    return variables
