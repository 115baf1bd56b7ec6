"""What variables hold while a model trains. Under JAX, Keras keeps it in the state of its trainer between the batches."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from keras.src.backend.common.stateless_scope import StatelessScope

_KINDS = ("trainable_variables", "non_trainable_variables", "optimizer_variables", "metrics_variables")


def held_by_trainer(model: Any) -> list[tuple[Any, Any]]:
    """The variables that hold no value now, each with the value that the trainer has for it. Nothing is moved.

    The property `model` of a callback would put all values back into their variables, at each access.
    """
    state = getattr(model, "_jax_state", None)
    if not state or model._jax_state_synced:
        return []
    held: list[tuple[Any, Any]] = []
    for kind in _KINDS:
        values = state.get(kind) or ()
        variables = model.optimizer.variables if kind == "optimizer_variables" and values else getattr(model, kind, ())
        held += zip(variables, values, strict=False)
    return held


def trained_values(model: Any) -> AbstractContextManager[Any]:
    """A block in which variables can be read while the model trains."""
    held = held_by_trainer(model)
    return StatelessScope(state_mapping=held, initialize_variables=False) if held else nullcontext()
