"""What a framework must do so that attention can be captured: one `Backend` for each, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

from tb_attention.tracing.graph import Graph, Value
from tb_attention.tracing.model_call import Call

Arrays = list[npt.NDArray[Any]]
Run = Callable[[Sequence[Any]], Arrays]
"""Computes the wanted values from the tensors of a call. Raises `Stale` where the model no longer does what the graph says."""


@dataclass(frozen=True, eq=False)
class Trace:
    """A traced call.

    Attributes:
        graph: The flat graph.
        samples: The number of samples it is bound to, or None where any number will do.
        pack_outputs: Makes the structure that the model returned from its flat tensors.
        runner: Makes a function that computes values of the graph, with the weights that the model has then.
        layers: All layers of the model at any depth, if their names tell which of them have names that Keras made up.
        keep_alive: What must live as long as the graph is run.
    """

    graph: Graph
    samples: int | None
    pack_outputs: Callable[[list[Any]], Any]
    runner: Callable[[Sequence[Value]], Run]
    layers: Sequence[Any] = ()
    keep_alive: Any = None


class State(Protocol):
    """What a model is made of, noted before it is traced."""

    def note_traced(self, model: Any) -> None:
        """The model was traced just now: what that changed, such as a count of calls, is not compared."""
        ...

    def holds(self, model: Any, *, thoroughly: bool) -> bool:
        """Whether the model is what it was; attributes and code are compared only if `thoroughly`."""
        ...


class Backend(Protocol):
    """A framework with its models.

    Attributes:
        scalars: Types of the framework whose objects are compared by value, such as its element types.
    """

    scalars: tuple[type, ...]

    def outside(self) -> AbstractContextManager[None]:
        """A block outside of whatever is being traced around us: what is in it runs."""
        ...

    def is_symbolic(self, value: Any) -> bool:
        """Whether an object is a tensor of a trace, without numbers."""
        ...

    def read_call(self, model: Any, inputs: Sequence[Any], call_kwargs: dict[str, Any]) -> Call:
        """The arguments of a call of the model, its arrays taken out as tensors.

        Raises:
            ArgumentError: There are no inputs.
        """
        ...

    def state_of(self, model: Any) -> State:
        """What the model is made of now."""
        ...

    def trace(self, model: Any, call: Call) -> Trace:
        """The graph of the model at inference for this kind of input, for any number of samples where the model allows that.

        Raises:
            CaptureError: The model can be traced in no way.
        """
        ...
