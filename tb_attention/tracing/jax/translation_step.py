"""One step of a program while it is translated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tb_attention.tracing import ops
from tb_attention.tracing.graph import Shape, Value
from tb_attention.tracing.jax.graph_maker import Given, GraphMaker
from tb_attention.tracing.jax.program import Step
from tb_attention.tracing.ops import Attributes


class Translation:
    """A step that is being translated.

    Args:
        maker: Makes the graph.
        step: The step.
        more: The same step of the program for one sample more.

    Attributes:
        inputs: What it reads.
        params: Its parameters.
        shape: Of its first result.
    """

    def __init__(self, maker: GraphMaker, step: Step, more: Step) -> None:
        self.maker, self.step, self.more = maker, step, more
        self.inputs = [maker.value(number) for number in step.reads]
        self.params = step.params
        self.shape: Shape = maker.in_common(step.results[0], more.results[0]) if step.results else ()

    @property
    def x(self) -> Value:
        return self.inputs[0]

    def node(self, op: str, *inputs: Given, **attributes: Any) -> None:
        """Makes the step a node."""
        self.maker.step(self.step, self.more, op, inputs, Attributes(**attributes))

    def opaque(self) -> None:
        """Makes the step a node that no rule looks through."""
        self.node(ops.OPAQUE, *self.inputs)

    def extra(
        self, op: str, inputs: Sequence[Given], shape: Shape, run: Callable[[Any], Any], origin: Any = None
    ) -> Value:
        """A node before that of the step; its value has the type of the first input."""
        dtype = inputs[0].dtype if isinstance(inputs[0], Value) else "int32"
        return self.maker.extra(op, inputs, shape, dtype, self.step.layers, run=run, origin=origin)

    def sizes(self) -> Value:
        """The shape of the result, as a tensor."""
        return self.maker.shape(self.step.results[0].shape, self.more.results[0].shape)

    def param_sizes(self, name: str) -> Value:
        """A parameter of sizes, as a tensor."""
        return self.maker.shape(self.params[name], self.more.params[name])
