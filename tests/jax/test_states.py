"""What a capture leaves as it was, when a model is traced again, and what is refused."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import tb_attention
from tb_attention.errors import ArgumentError, CaptureError

jax = pytest.importorskip("jax")
pytest.importorskip("flax")
pytest.importorskip("equinox")

import equinox as eqx  # noqa: E402
import flax.linen as nn  # noqa: E402
from flax import nnx  # noqa: E402

from tb_attention.tracing.jax.function_backend import FunctionBackend  # noqa: E402
from tests.jax import equinox_models, nnx_models  # noqa: E402
from tests.jax.noted import filled, normal  # noqa: E402

X = normal(3, 5, 8)


class Small(nn.Module):
    @nn.compact
    def __call__(self, x: Any, train: bool = False) -> Any:
        return nn.MultiHeadDotProductAttention(2, dropout_rate=0.5, deterministic=not train, name="attention")(x)


VARIABLES = filled(jax.eval_shape(lambda: Small().init(jax.random.key(0), X)))


def variables(factor: float = 1.0) -> Any:
    return jax.tree.map(lambda array: factor * array, VARIABLES)


def weights(*given: Any, **options: Any) -> Any:
    (site,) = tb_attention.capture(*given, **options).values()
    return site.weights


def test_a_module_of_nnx_is_bit_identical_afterwards() -> None:
    model = nnx_models.Block(nnx.Rngs(0))
    model.train()
    form, _ = nnx.split(model)
    before = jax.tree.map(np.asarray, nnx.to_pure_dict(nnx.state(model, nnx.Not(nnx.RngKey))))
    call = nnx_models.Block.__call__
    tb_attention.capture(model, X)
    with pytest.raises(CaptureError):
        tb_attention.capture(model, X[:, :, :5])
    assert nnx.split(model)[0] == form
    after = nnx.to_pure_dict(nnx.state(model, nnx.Not(nnx.RngKey)))
    assert jax.tree.all(jax.tree.map(np.array_equal, before, after))
    assert model.dropout.deterministic is False
    assert nnx_models.Block.__call__ is call
    assert not hasattr(model.attention, "tb_attention_path")


def test_other_threads_call_modules_as_ever_while_one_is_traced() -> None:
    called: list[str] = []

    class Watching(eqx.Module):
        inner: equinox_models.Causal

        def __call__(self, x: Any) -> Any:
            other = threading.Thread(target=lambda: called.append(str(jax.make_jaxpr(self.__class__.plain)(X[0]))))
            other.start()
            other.join()
            return self.inner(x)

        @staticmethod
        def plain(x: Any) -> Any:
            return CAUSAL(x)

    CAUSAL = equinox_models.Causal(jax.random.key(0))
    plain = str(jax.make_jaxpr(CAUSAL)(X[0]))
    tb_attention.capture(Watching(CAUSAL), X)
    assert set(called) == {plain}


KEPT, STATEFUL = Small(), nnx_models.Causal(nnx.Rngs(0))
FROZEN = equinox_models.Causal(jax.random.key(0))


def scaled_in_place(factor: float) -> nnx.Module:
    STATEFUL.q.kernel[...] *= factor
    return STATEFUL


TIMES: dict[str, Callable[[float], tuple[Any, ...]]] = {
    "linen": lambda factor: (Small(), variables(factor), X),
    "bound": lambda factor: (Small().bind(variables(factor)), X),
    "apply": lambda factor: (partial(KEPT.apply, variables(factor)), X),
    "nnx": lambda factor: (scaled_in_place(factor), X),
    "equinox": lambda factor: (jax.tree.map(lambda leaf: leaf * factor, FROZEN), X),
}


@pytest.mark.parametrize("kind", TIMES)
def test_a_model_with_other_numbers_is_not_traced_again(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a training, where parameters change and objects are made anew."""
    first = weights(*TIMES[kind](1.0))
    monkeypatch.setattr(FunctionBackend, "trace", lambda *_: pytest.fail("traced again"))
    assert not np.allclose(first, weights(*TIMES[kind](2.0)))


def test_a_model_with_other_settings_is_traced_again() -> None:
    few, many = (nn.MultiHeadDotProductAttention(heads) for heads in (2, 4))
    own = filled(jax.eval_shape(lambda: few.init(jax.random.key(0), X)))
    assert weights(few, own, X).shape == (3, 2, 5, 5)
    reshaped = jax.tree.map(
        lambda array: array.reshape(*array.shape[:-2], 4, 2) if array.shape[-2:] == (2, 4) else array, own
    )
    reshaped["params"]["out"]["kernel"] = own["params"]["out"]["kernel"].reshape(4, 2, 8)
    assert weights(many, reshaped, X).shape == (3, 4, 5, 5)


def test_functions_live_no_longer_for_being_captured() -> None:
    big = np.ones((8, 8), "float32")

    def model(params: Any, x: Any) -> Any:
        return jax.nn.softmax(x @ params @ big @ jax.numpy.swapaxes(x, 1, 2)) @ x

    weights(model, np.eye(8, dtype="float32"), X)
    alive = weakref.ref(model)
    del model
    gc.collect()
    assert alive() is None


def test_options_are_those_of_the_model() -> None:
    own = variables()
    still = weights(Small(), own, X)
    np.testing.assert_array_equal(weights(Small(), own, x=X, train=False), still)
    dropped = weights(Small(), own, X, train=True, rngs={"dropout": jax.random.key(0)})
    np.testing.assert_allclose(dropped, np.where(dropped == 0, 0, 2 * still), atol=1e-6)
    with pytest.raises(CaptureError, match=r"The model 'Small' could not be traced by JAX.*needs PRNG for \"dropout\""):
        tb_attention.capture(Small(), own, X, train=True)


def test_a_model_of_batches_is_told_from_one_of_samples() -> None:
    batched = tb_attention.capture(lambda model, x: jax.vmap(model)(x), FROZEN, X)
    mapped = tb_attention.capture(eqx.filter_jit(eqx.filter_vmap(FROZEN)), X)
    for sites in (batched, mapped):
        np.testing.assert_allclose(next(iter(sites.values())).weights, weights(FROZEN, X), atol=1e-6)


def test_inputs_of_another_length_are_the_same_for_all_samples() -> None:
    memory = normal(7, 8)
    site = tb_attention.capture(eqx.nn.MultiheadAttention(2, 8, key=jax.random.key(0)), X, memory, memory)["softmax"]
    assert (site.kind, site.weights.shape) == ("cross", (3, 2, 5, 7))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            (Small(), X),
            r"linen takes its variables and then inputs, as in `capture\(model, variables, x\)`.*Small, which is not",
        ),
        ((Small,), r"Received: the class .*Small\. Make a model with it first"),
        ((FROZEN,), r"`inputs` must be what the model takes"),
        ((STATEFUL,), r"`inputs` must be what the model takes"),
        (
            (KEPT.apply, X),
            r"or has them already, as `functools\.partial\(function, params\)`\. Received: 1 argument for 'apply'",
        ),
    ],
)
def test_what_is_lacking_is_said(given: tuple[Any, ...], sentence: str) -> None:
    with pytest.raises(ArgumentError, match=sentence):
        tb_attention.capture(*given)
