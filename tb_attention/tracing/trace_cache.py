"""The traces of a model, kept as long as the model lives and shared by all that capture from it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from tb_attention.tracing import limits
from tb_attention.tracing.backend import State
from tb_attention.tracing.chosen_backend import backend_of, is_jax_function, library_of_jax
from tb_attention.tracing.compiled_pass import TracedModel
from tb_attention.tracing.model_call import Call

# A trace of a Keras model refers to it, so in a table of ours, weak or not, it would keep the model alive. Held by the model
# it is a cycle like many that Keras makes, which Python collects. The attributes of the model stay what they are: the tracker
# that Keras gives each model holds the traces.
_HOLDER, _NAME = "_tracker", "tb_attention_traces"
_by_owner: WeakKeyDictionary[Any, TraceCache] = WeakKeyDictionary()

_lock = threading.Lock()


class TraceCache:
    """The traces of one model by kind of input. They are no part of the model: copies and pickles of it begin without."""

    def __init__(self) -> None:
        # Tracing changes the model in Python and puts it back: one thread at a time.
        self.lock = threading.RLock()
        self._entries: OrderedDict[tuple[Any, ...], tuple[State, TracedModel]] = OrderedDict()
        self._prediction: tuple[tuple[Any, ...], State, Any] | None = None

    def __reduce__(self) -> tuple[type[TraceCache], tuple[()]]:
        return TraceCache, ()

    def get(self, model: Any, call: Call, *, thoroughly: bool) -> TracedModel:
        """The trace for this kind of input; made now if there is none, or if the model has changed.

        Args:
            model: The model.
            call: A call of this kind.
            thoroughly: Whether the attributes and the code of the layers are compared too, and not only layers and variables.
        """
        entry = self._entries.get(call.signature)
        if entry is None or not entry[0].holds(model, thoroughly=thoroughly):
            backend = backend_of(model)
            state = backend.state_of(model)
            traced = TracedModel(backend.trace(model, call))
            state.note_traced(model)
            entry = self._entries[call.signature] = (state, traced)
        self._entries.move_to_end(call.signature)
        while len(self._entries) > limits.KEPT_TRACES:
            self._entries.popitem(last=False)
        return entry[1]

    @contextmanager
    def lent_prediction(self, model: Any) -> Iterator[None]:
        """Lends the model the function that Keras compiled for predictions the last time, if it is still right."""
        theirs, way = model.predict_function, _way_of(model)
        kept = self._prediction
        fits = kept is not None and kept[0] == way and kept[1].holds(model, thoroughly=True)
        model.predict_function = kept[2] if kept is not None and fits else None
        state = None if fits else backend_of(model).state_of(model)
        try:
            yield
        finally:
            if state is not None and model.predict_function is not None:
                state.note_traced(model)
                self._prediction = (way, state, model.predict_function)
            model.predict_function = theirs

    def forget(self, call: Call) -> None:
        """Forgets the trace for this kind of input."""
        self._entries.pop(call.signature, None)


def _way_of(model: Any) -> tuple[Any, ...]:
    """The options with which Keras compiles the model."""
    names = ("run_eagerly", "jit_compile", "distribute_strategy")
    return tuple(getattr(model, name, None) for name in names)


def trace_cache_of(model: Any) -> TraceCache:
    """The cache of a model, which lives as long as the model; one of them for all models of libraries of JAX."""
    with _lock:
        if library_of_jax(model) is not None:
            return _of_structures
        if is_jax_function(model) or _HOLDER not in vars(model):
            # A trace of a module or function does not refer to it.
            return _of_owner(model)
        holder = vars(model)[_HOLDER]
        if not hasattr(holder, "__dict__"):
            return TraceCache()
        kept: TraceCache = vars(holder).setdefault(_NAME, TraceCache())
        return kept


def _of_owner(model: Any) -> TraceCache:
    while isinstance(model, partial):
        model = model.func
    try:
        return _by_owner.setdefault(getattr(model, "__self__", model), TraceCache())
    except TypeError:
        # It can be neither compared nor referred to.
        return TraceCache()


_of_structures = TraceCache()
"""Of models that are made anew at each step of a training: what they are made of is in the signature of a call."""
