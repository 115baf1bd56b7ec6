"""A Keras model as a function of the values of its variables and of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import jax
from keras.src import backend, tree
from keras.src.backend.common.stateless_scope import StatelessScope
from keras.src.backend.common.variables import initialize_all_variables

from tb_attention.errors import CaptureError
from tb_attention.tracing.graph import LayerCall
from tb_attention.tracing.jax.flatten import flatten
from tb_attention.tracing.jax.layer_scopes import LayerScopes, noting_layers
from tb_attention.tracing.jax.program import Key, Program
from tb_attention.tracing.keras_call import layers_of, output_packer
from tb_attention.tracing.model_call import Call
from tb_attention.tracing.trainer_state import held_by_trainer
from tb_attention.tracing.untouched import untouched


class ModelFunction:
    """The model at inference.

    Args:
        model: The model, which is built now if it is not yet.
        call: A call of the kind that is traced.

    Attributes:
        pack_outputs: Makes the structure that the model returned from its flat tensors.
    """

    def __init__(self, model: Any, call: Call) -> None:
        self._model, self._form = model, call.without_arrays()
        self._scopes = LayerScopes()
        self.pack_outputs: Callable[[list[Any]], Any] = list
        if not all(layer.built for layer in model._flatten_layers()):
            self._build(call)
        variables = (*model.trainable_variables, *model.non_trainable_variables)
        self._variables = list({id(variable): variable for variable in variables}.values())

    @property
    def layers(self) -> Sequence[Any]:
        """The layers of the model, at any depth."""
        return layers_of(self._model)

    @property
    def failed(self) -> Sequence[LayerCall]:
        """The layers around the call that raised last, outermost first."""
        return self._scopes.failed

    def program(self, tensors: Sequence[Any], decisions: Mapping[Key, int]) -> Program:
        """The steps for tensors of these shapes and dtypes; `decisions` is as for `flatten`."""
        while True:
            values = [_spec(variable) for variable in self._variables]
            others: list[Any] = []
            with untouched(self._model), noting_layers() as self._scopes:
                closed = jax.make_jaxpr(partial(self._run, others))(values, list(map(_spec, tensors)))
            if not others:
                return flatten(closed, len(values), self._scopes, decisions)
            # Variables that are no attribute of the model, as of a layer in a function of the user's; some are made by the call.
            initialize_all_variables()
            self._variables += {id(variable): variable for variable in others}.values()

    def values(self) -> list[Any]:
        """What the variables hold; between the batches of a `fit` the trainer's state holds it."""
        held = {id(variable): value for variable, value in held_by_trainer(self._model)}
        return [held[id(variable)] if id(variable) in held else _held_by(variable) for variable in self._variables]

    def _run(self, others: list[Any], values: Sequence[Any], tensors: Sequence[Any]) -> list[Any]:
        args, kwargs = self._form.arguments(tensors)
        # Also where `call` has no such argument: it holds for the layers inside, of which some train by default.
        kwargs.setdefault("training", False)
        with _Values(zip(self._variables, values, strict=True), others):
            outputs = self._model(*args, **kwargs)
        self.pack_outputs = output_packer(outputs, _is_array)
        return [leaf for leaf in tree.flatten(outputs) if _is_array(leaf)]

    def _build(self, call: Call) -> None:
        specs = [backend.KerasTensor(tensor.shape, str(tensor.dtype)) for tensor in call.tensors]
        args, kwargs = self._form.arguments(specs)
        kwargs.setdefault("training", False)
        with untouched(self._model):
            backend.compute_output_spec(self._model, *args, **kwargs)


class _Values(StatelessScope):  # type: ignore[misc]
    """Gives variables their values, and notes those that have none here."""

    def __init__(self, values: Any, others: list[Any]) -> None:
        super().__init__(state_mapping=list(values), initialize_variables=False)
        self._others = others

    def get_current_value(self, variable: Any) -> Any:
        value = super().get_current_value(variable)
        if value is None:
            self._others.append(variable)
        return value


def _held_by(variable: Any) -> Any:
    if variable._value is None:
        raise CaptureError(
            f"The variable {variable.path!r} holds no value while the model around it trains: capture from that model."
        )
    return variable._value


def _spec(array: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(tuple(array.shape), backend.standardize_dtype(array.dtype))


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array)
