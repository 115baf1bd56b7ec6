"""Captures the attention of one model again and again, tracing it once for each kind of input."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tb_attention.capture.captured import Capture, LeftOut
from tb_attention.capture.graph import Stale
from tb_attention.capture.select import SiteFilter, make_selector
from tb_attention.errors import CaptureError

if TYPE_CHECKING:
    from tb_attention.capture.tensorflow.inputs import Call

__all__ = ["Capture", "Capturer", "LeftOut"]

_ATTEMPTS = 3


class Capturer:
    """Captures a model's attention; calls after the first of a kind run what was compiled then, with the weights of the moment.

    Args:
        model: A Keras model.
        sites: Which sites are wanted: a name pattern, several, or a function of the path. Defaults to all but routers.

    Raises:
        ArgumentError: `model` is not a Keras model, or `sites` is of another kind.
    """

    def __init__(self, model: Any, sites: SiteFilter = None) -> None:
        from tb_attention.capture.keras_model import check_model

        check_model(model)
        self.model = model
        self._select = make_selector(sites)
        self._asked = sites is not None
        self._passes: dict[Any, Callable[[Any], Capture]] = {}

    def __call__(self, *inputs: Any, **call_kwargs: Any) -> Capture:
        """Runs the model at inference and takes the weights of its sites.

        Args:
            *inputs: What the model takes, samples along the first axis: arrays, tensors, strings, or lists and dicts of them.
            **call_kwargs: Further arguments of the model's `call`.

        Raises:
            ArgumentError: Keras does not run on TensorFlow, or there are no inputs.
            CaptureError: The model can be neither traced nor run eagerly, or does other operations each time it is called.
        """
        from tb_attention.capture.keras_model import check_backend

        check_backend()
        from tb_attention.capture.tensorflow.compiled_pass import CompiledPass, read_inputs

        call = read_inputs(self.model, inputs, call_kwargs)
        key = self._key(call)
        for _ in range(_ATTEMPTS):
            if key not in self._passes:
                compiled = CompiledPass(self.model, call, self._select, asked=self._asked)
                # A model that had not been called before has its variables only now.
                key = self._key(call)
                self._passes[key] = compiled
            try:
                return self._passes[key](call)
            except Stale:
                # Control flow that depends on the inputs, or on the weights, has changed.
                del self._passes[key]
        raise CaptureError(
            f"The model {self.model.name!r} does other operations each time it is called, so that none of its sites is captured."
        )

    def _key(self, call: Call) -> tuple[Any, ...]:
        return call.signature, tuple(id(variable) for variable in self.model.variables)
