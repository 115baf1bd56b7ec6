"""Captures the attention of one model again and again, tracing it once for each kind of input."""

from __future__ import annotations

from typing import Any

from tb_attention.errors import CaptureError
from tb_attention.tracing import limits
from tb_attention.tracing.capture import Capture
from tb_attention.tracing.graph import Stale
from tb_attention.tracing.keras_model import check_backend, check_model
from tb_attention.tracing.select import SiteFilter, check_names, make_selector, patterns_of


class Capturer:
    """Captures a model's attention; calls after the first of a kind run what was compiled then, with the weights of the moment.

    What was traced is kept with the model, for other capturers too. The first call of a kind notices whatever has changed in the
    layers since; later calls of the same capturer notice other layers, variables and `call`s, as functions that Keras compiles
    do not notice attributes that change later either.

    Args:
        model: A Keras model.
        sites: Which sites are wanted: a path of a site or of a layer around some, a pattern, several, or a function of the path.
            Defaults to all but routers.

    Raises:
        ArgumentError: `model` is not a Keras 3 model, or `sites` is of another kind.
    """

    def __init__(self, model: Any, sites: SiteFilter = None) -> None:
        check_model(model)
        self.model = model
        self._names = patterns_of(sites)
        self._select = make_selector(sites if sites is None or callable(sites) else self._names)
        self._asked = sites is not None
        self._checked_names = False
        self._compared: set[tuple[Any, ...]] = set()

    def __call__(self, *inputs: Any, **call_kwargs: Any) -> Capture:
        """Runs the model at inference and takes the weights of its sites.

        Args:
            *inputs: What the model takes, samples along the first axis: arrays, tensors, strings, or lists and dicts of them.
            **call_kwargs: Further arguments of the model's `call`.

        Raises:
            ArgumentError: Keras does not run on TensorFlow, there are no inputs, or, at the first call, a name in `sites` is that
                of no site; the message lists near ones.
            CaptureError: The model can be neither traced nor run eagerly, or does other operations each time it is called.
        """
        check_backend()
        from tb_attention.tracing.tensorflow.compiled_pass import read_inputs
        from tb_attention.tracing.tensorflow.trace_cache import trace_cache_of

        call = read_inputs(self.model, inputs, call_kwargs)
        kept = trace_cache_of(self.model)
        with kept.lock:
            for _ in range(limits.TRACE_ATTEMPTS):
                traced = kept.get(self.model, call, thoroughly=call.signature not in self._compared)
                self._compared.add(call.signature)
                if not self._checked_names:
                    check_names("sites", self._names, [path for path, _ in traced.found])
                    self._checked_names = True
                try:
                    return traced.choose(self._select, asked=self._asked)(call)
                except Stale:
                    # Control flow that depends on the inputs, or on the weights, has changed.
                    kept.forget(call)
        raise CaptureError(
            f"The model {self.model.name!r} does other operations each time it is called, so that none of its sites is captured."
        )
