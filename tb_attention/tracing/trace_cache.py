"""The traces of a model, kept as long as the model lives and shared by all that capture from it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from tb_attention.tracing import limits
from tb_attention.tracing.chosen_backend import chosen_backend
from tb_attention.tracing.compiled_pass import TracedModel
from tb_attention.tracing.fingerprint import Details, Parts, are_same, changed, details_of, structure_of
from tb_attention.tracing.model_call import Call

# A trace refers to the model, so in a table of ours, weak or not, it would keep the model alive. Held by the model it is a
# cycle like many that Keras makes, which Python collects. The attributes of the model stay what they are: the tracker that
# Keras gives each model holds the traces.
_HOLDER, _NAME = "_tracker", "tb_attention_traces"

Traced = TypeVar("Traced")
_lock = threading.Lock()


class TraceCache:
    """The traces of one model by kind of input. They are no part of the model: copies and pickles of it begin without."""

    def __init__(self) -> None:
        # Tracing changes the model in Python and puts it back: one thread at a time.
        self.lock = threading.RLock()
        self._entries: OrderedDict[tuple[Any, ...], _Entry[TracedModel]] = OrderedDict()
        self._prediction: tuple[tuple[Any, ...], _Entry[Any]] | None = None

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
        if entry is None or not entry.holds(model, thoroughly=thoroughly):
            before = details_of(model)
            traced = TracedModel(model, chosen_backend().trace(model, call))
            entry = self._entries[call.signature] = _Entry(model, traced, before)
        self._entries.move_to_end(call.signature)
        while len(self._entries) > limits.KEPT_TRACES:
            self._entries.popitem(last=False)
        return entry.traced

    @contextmanager
    def lent_prediction(self, model: Any) -> Iterator[None]:
        """Lends the model the function that Keras compiled for predictions the last time, if it is still right."""
        theirs, way = model.predict_function, _way_of(model)
        kept = self._prediction
        fits = kept is not None and kept[0] == way and kept[1].holds(model, thoroughly=True)
        model.predict_function = kept[1].traced if kept is not None and fits else None
        before = None if fits else details_of(model)
        try:
            yield
        finally:
            if before is not None and model.predict_function is not None:
                self._prediction = (way, _Entry(model, model.predict_function, before))
            model.predict_function = theirs

    def forget(self, call: Call) -> None:
        """Forgets the trace for this kind of input."""
        self._entries.pop(call.signature, None)


def _way_of(model: Any) -> tuple[Any, ...]:
    """The options with which Keras compiles the model."""
    names = ("run_eagerly", "jit_compile", "distribute_strategy")
    return tuple(getattr(model, name, None) for name in names)


class _Entry(Generic[Traced]):
    """A trace, and the state of the model when it was made.

    Args:
        model: The model after it was traced: one that had not been called before has its variables only now.
        traced: What was traced.
        before: The details of the model before. What the trace itself changed, such as a count of calls, is not compared.
    """

    def __init__(self, model: Any, traced: Traced, before: Details) -> None:
        self.traced = traced
        self._structure: Parts = structure_of(model)
        self._details: Details = details_of(model)
        self._unsteady = changed(before, self._details) or set()

    def holds(self, model: Any, *, thoroughly: bool) -> bool:
        if not are_same(self._structure, structure_of(model)):
            return False
        if not thoroughly:
            return True
        now = changed(self._details, details_of(model))
        return now is not None and now <= self._unsteady


def trace_cache_of(model: Any) -> TraceCache:
    """The cache of a model, which lives as long as the model."""
    holder = vars(model).get(_HOLDER)
    if not hasattr(holder, "__dict__"):
        return TraceCache()
    with _lock:
        kept: TraceCache = vars(holder).setdefault(_NAME, TraceCache())
        return kept
