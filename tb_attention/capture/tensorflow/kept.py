"""What was traced of a model, kept as long as the model is and shared by all that capture from it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from tb_attention.capture.tensorflow.compiled_pass import TracedModel
from tb_attention.capture.tensorflow.fingerprint import Parts, are_same, details_of, structure_of
from tb_attention.capture.tensorflow.inputs import Call

# A trace refers to the model, so in a table of ours, weak or not, it would keep the model alive. Held by the model it is a
# cycle like many that Keras makes, which Python collects. The model's own attributes stay what they are: its tracker, the book
# that Keras keeps about it, holds the traces.
_HOLDER, _NAME = "_tracker", "tb_attention_traces"
# Kinds of input; a model fed with more, such as batches of every length, forgets the one not used for longest.
_MOST = 32

_lock = threading.Lock()


class Kept:
    """The traces of one model by kind of input. They are no part of the model: copies and pickles of it begin without."""

    def __init__(self) -> None:
        # Tracing changes the model in Python and puts it back: one thread at a time.
        self.lock = threading.RLock()
        self._entries: OrderedDict[tuple[Any, ...], _Entry] = OrderedDict()

    def __reduce__(self) -> tuple[type[Kept], tuple[()]]:
        return Kept, ()

    def get(self, model: Any, call: Call, *, thoroughly: bool) -> TracedModel:
        """What was traced for this kind of input, traced now where the model has changed since or was never traced.

        Args:
            model: The model.
            call: A call of this kind.
            thoroughly: Whether the attributes and the code of the layers are compared too, and not only layers and variables.
        """
        entry = self._entries.get(call.signature)
        if entry is None or not entry.holds(model, thoroughly=thoroughly):
            traced = TracedModel(model, call)
            # A model that had not been called before has its variables only now.
            entry = self._entries[call.signature] = _Entry(model, traced)
        self._entries.move_to_end(call.signature)
        while len(self._entries) > _MOST:
            self._entries.popitem(last=False)
        return entry.traced

    def forget(self, call: Call) -> None:
        """Has the model traced anew for this kind of input."""
        self._entries.pop(call.signature, None)


class _Entry:
    def __init__(self, model: Any, traced: TracedModel) -> None:
        self.traced = traced
        self._structure: Parts = structure_of(model)
        self._details: Parts = details_of(model)

    def holds(self, model: Any, *, thoroughly: bool) -> bool:
        if not are_same(self._structure, structure_of(model)):
            return False
        return not thoroughly or are_same(self._details, details_of(model))


def kept_of(model: Any) -> Kept:
    """What is kept of a model, as long as the model lives."""
    holder = vars(model).get(_HOLDER)
    if not hasattr(holder, "__dict__"):
        return Kept()
    with _lock:
        kept: Kept = vars(holder).setdefault(_NAME, Kept())
        return kept
