"""Logs of models of JAX's libraries: checkpoints by `log`, loops by `AttentionLogger`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_attention
from tb_attention.errors import ArgumentError, AttentionWarning

jax = pytest.importorskip("jax")
pytest.importorskip("flax")
pytest.importorskip("equinox")

import equinox as eqx  # noqa: E402
import optax  # noqa: E402
from flax import nnx  # noqa: E402

import tb_attention.jax  # noqa: E402
from tests.jax.equinox_models import Vit  # noqa: E402
from tests.jax.noted import attend, normal  # noqa: E402

X, Y = normal(6, 8, 8, 3), np.arange(6) % 3
TOKENS = normal(6, 5, 8)


class Classifier(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.attention = nnx.MultiHeadAttention(2, 8, decode=False, dropout_rate=0.2, rngs=rngs)
        self.norm = nnx.BatchNorm(8, rngs=rngs)
        self.head = nnx.Linear(8, 3, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.head(self.norm(self.attention(x)).mean(1))


def train(logger: Any = None) -> tuple[list[Any], list[float]]:
    """Three steps of a model with dropout and statistics."""
    model = Classifier(nnx.Rngs(0))
    model.train()
    optimizer = nnx.Optimizer(model, optax.adam(1e-2), wrt=nnx.Param)

    @nnx.jit
    def update(model: Any, optimizer: Any) -> Any:
        def loss(model: Any) -> Any:
            return optax.softmax_cross_entropy_with_integer_labels(model(TOKENS), Y).mean()

        value, gradients = nnx.value_and_grad(loss)(model)
        optimizer.update(model, gradients)
        return value

    losses = []
    log = logger(model) if logger is not None else None
    for step in range(3):
        losses.append(float(update(model, optimizer)))
        if log is not None:
            log.step(step, {"loss": losses[-1]}, epoch=step)
    if log is not None:
        log.close()
    return [np.asarray(leaf) for leaf in jax.tree.leaves(nnx.state(model, nnx.Not(nnx.RngKey)))], losses


def test_training_is_the_same_with_a_logger(tmp_path: Path) -> None:
    plain = train()
    followed: list[Any] = []

    def logger(model: Any) -> Any:
        followed.append(model)
        return tb_attention.jax.AttentionLogger(model, (TOKENS, Y), tmp_path)

    logged = train(logger)
    assert plain[1] == logged[1]
    assert all(map(np.array_equal, plain[0], logged[0]))
    log = tb_attention.load(tmp_path)
    assert (list(log.steps), log.sites) == ([0, 1, 2], ["attention"])
    assert log.logs(2)["loss"] == pytest.approx(logged[1][2])
    last = tb_attention.capture(followed[0], TOKENS)["attention"].weights
    np.testing.assert_allclose(log.weights(2, 1, "attention"), last[1], atol=1 / 255)
    followed[0].eval()
    classes = np.asarray(followed[0](TOKENS)).argmax(-1)
    assert [each.class_index for each in log.predictions(2)] == classes.tolist()


def test_a_logger_takes_the_model_of_each_step(tmp_path: Path) -> None:
    model = Vit(jax.random.key(0))
    later = jax.tree.map(lambda leaf: leaf * 1.5 if eqx.is_array(leaf) else leaf, model)
    with tb_attention.jax.AttentionLogger(model, (X, Y), tmp_path, max_samples=4) as logger:
        logger.step("init")
        logger.step(0, model=later)
    log = tb_attention.load(tmp_path)
    for step, own in (("init", model), (0, later)):
        for path, site in tb_attention.capture(own, X[:4]).items():
            np.testing.assert_allclose(log.weights(step, 3, path), site.weights[3], atol=1 / 255)


def attending(params: Any, batch: Any, scale: float = 1.0) -> Any:
    x = batch["x"] * scale
    return attend(x @ params["q"], x @ params["k"], x, 2)


MODELS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "nnx": lambda: (Classifier(nnx.Rngs(0)), TOKENS),
    "equinox": lambda: (Vit(jax.random.key(0)), X),
    "function": lambda: (
        partial(attending, {"q": np.eye(8, dtype="float32"), "k": np.eye(8, dtype="float32")}, scale=2.0),
        {"x": TOKENS},
    ),
}


@pytest.mark.parametrize("kind", MODELS)
def test_checkpoints_are_logged(kind: str, tmp_path: Path) -> None:
    model, inputs = MODELS[kind]()
    tb_attention.log(model, (inputs, Y), tmp_path, step=7, metrics={"val_loss": 0.5})
    log = tb_attention.load(tmp_path)
    assert list(log.steps) == [7]
    sites = tb_attention.capture(model, inputs)
    assert log.sites == list(sites)
    path, site = next(iter(sites.items()))
    np.testing.assert_allclose(log.weights(7, 2, path), site.weights[2], atol=1 / 255)


def test_wrong_arguments_raise_at_once_and_failures_warn_once(tmp_path: Path) -> None:
    with pytest.raises(
        ArgumentError, match="`model` must be a module of Flax nnx or Equinox, a module of Flax linen bound"
    ):
        tb_attention.jax.AttentionLogger(object(), TOKENS, tmp_path)
    with pytest.raises(ArgumentError, match=r"`sites` must name sites of the model\. Received: 'atention'"):
        tb_attention.jax.AttentionLogger(Classifier(nnx.Rngs(0)), TOKENS, tmp_path, sites="atention")
    logger = tb_attention.jax.AttentionLogger(Classifier(nnx.Rngs(0)), TOKENS[:, :, :5], tmp_path)
    with pytest.warns(AttentionWarning, match="The attention of a step was lost; training goes on"):
        logger.step(0)
    logger.step(1)
    logger.close()


def test_captured_sites_are_written(tmp_path: Path) -> None:
    sites = tb_attention.capture(*MODELS["equinox"]())
    with tb_attention.AttentionWriter(tmp_path, samples=(X, Y)) as writer:
        writer.write(0, sites)
    log = tb_attention.load(tmp_path)
    assert log.sites == list(sites)
