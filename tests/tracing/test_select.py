"""Sites are chosen by path, by the layer around them or by pattern; a name that is none is refused with near ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import tb_attention
from tb_attention.errors import ArgumentError, AttentionWarning
from tb_attention.site import Axis
from tests.tracing.zoo import normal

X = normal(8, 8, 3)
Y = np.zeros(len(X), "int32")


class TwoGates(layers.Layer):
    """Gates channels, then space."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels = layers.Dense(4, "sigmoid")
        self.space = layers.Conv2D(1, 3, padding="same", activation="sigmoid")

    def call(self, x: Any) -> Any:
        x = x * self.channels(ops.mean(x, (1, 2)))[:, None, None]
        return x * self.space(x)


class TwoGatesWithoutLayers(layers.Layer):
    """Two gates over channels whose sigmoids are plain operations."""

    def build(self, shape: Any) -> None:
        self.one = self.add_weight(shape=(4, 4))
        self.two = self.add_weight(shape=(4, 4))

    def call(self, x: Any) -> Any:
        mean, most = ops.mean(x, (1, 2)), ops.max(x, (1, 2))
        one, two = ops.sigmoid(mean @ self.one), ops.sigmoid(most @ self.two)
        return ops.concatenate([x * one[:, None, None], x * two[:, None, None]], -1)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    inputs = keras.Input((8, 8, 3))
    x = TwoGates(name="block.1.cbam")(layers.Conv2D(4, 3)(inputs))
    x = TwoGatesWithoutLayers(name="block.2.pair")(x)
    tokens = layers.Reshape((36, 8))(x)
    x = layers.MultiHeadAttention(2, 4, name="encoder_layer_0")(tokens, tokens)
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(x)))
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


CBAM = ["block.1.cbam/channels", "block.1.cbam/space"]
PAIR = ["block.2.pair", "block.2.pair#2"]


@pytest.mark.parametrize(
    ("sites", "paths"),
    [
        (None, [*CBAM, *PAIR, "encoder_layer_0"]),
        ("block.1.cbam", CBAM),
        ("block.2.pair", PAIR),
        ("block.2.pair#2", PAIR[1:]),
        (["block.1.cbam/space", "encoder*"], [CBAM[1], "encoder_layer_0"]),
        ((name for name in ("block.1.cbam/space", "block.?.pair")), [CBAM[1], *PAIR]),
        (["nothing*", "encoder*"], ["encoder_layer_0"]),
        (lambda path: False, []),
    ],
)
def test_a_layer_stands_for_the_sites_in_it(model: keras.Model, sites: Any, paths: list[str]) -> None:
    assert list(tb_attention.capture(model, X, sites=sites)) == paths


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("block/1/cbam", CBAM),
        ("block.1.cbam.space", [CBAM[1]]),
        ("pair", PAIR),
        ("encoder.layer_0", ["encoder_layer_0"]),
        ("model/encoder_layer_0", ["encoder_layer_0"]),
        ("Encoder_Layer_1", ["encoder_layer_0"]),
        ("block.1", None),
        ("xyz", [*CBAM, *PAIR, "encoder_layer_0"]),
        ("*encodr*", ["encoder_layer_0"]),
        ("*/chanels", CBAM[:1]),
    ],
)
def test_a_name_without_a_site_is_refused_with_near_names(
    model: keras.Model, name: str, near: list[str] | None
) -> None:
    for take in (tb_attention.capture, tb_attention.explain):
        with pytest.raises(
            ArgumentError, match=rf"^`sites` must name sites of the model. Received: {re.escape(repr(name))}. "
        ) as refused:
            take(model, X, sites=[name] if "*" in name else ["encoder*", name])
        listed = re.findall(r"'([^']*)'", str(refused.value).partition("Received: ")[2])[1:]
        assert set(near or CBAM) <= set(listed)
        assert near is None or listed[0] in near


def fit(model: keras.Model, log_dir: Path, **options: Any) -> None:
    callback = tb_attention.AttentionCallback(log_dir, (X[:3], Y[:3]), **options)
    model.fit(X, Y, verbose=0, callbacks=[callback])


@pytest.mark.parametrize("init", [True, False])
def test_wrong_names_are_refused_before_training(model: keras.Model, tmp_path: Path, init: bool) -> None:
    before = model.get_weights()
    axes = [Axis("query", 36), Axis("key", 36)]
    with pytest.raises(ArgumentError, match=r"`sites` must name .* Near names: 'block.2.pair', 'block.2.pair#2'"):
        fit(model, tmp_path / "run", sites="pair", init=init)
    with pytest.raises(
        ArgumentError, match=r"`axes` must name sites of the model. Received: 'encoder/layer_0'. Near names: 'enc"
    ):
        fit(model, tmp_path / "run", axes={"encoder/layer_0": axes}, init=init)
    with pytest.raises(
        ArgumentError, match=r"`axes` must name .* Received: 'block.1.cbam'. Near names: 'block.1.cbam/"
    ):
        fit(model, tmp_path / "run", axes={"block.1.cbam": axes}, init=init)
    with pytest.raises(ArgumentError, match=r"`axes` must describe each dimension .* path='encoder_layer_0'"):
        fit(model, tmp_path / "run", axes={"encoder_layer_0": [Axis("query", 36), Axis("key", 35)]}, init=init)
    with pytest.raises(ArgumentError, match=r"`sites` must name .* Received: '\*.cban/\*'. Near names: 'block.1.cbam/"):
        fit(model, tmp_path / "run", sites="*.cban/*", init=init)
    with pytest.raises(ArgumentError, match="`sites` must be a name pattern"):
        fit(model, tmp_path / "run", sites=[3])
    for said in ("grid", [(6, 6), (6, 6)]):
        with pytest.raises(
            ArgumentError, match=r"`axes` must have a list of `tb_attention.Axis` .* for 'encoder_layer_0'"
        ):
            fit(model, tmp_path / "run", axes={"encoder_layer_0": said}, init=init)
    with pytest.raises(
        ArgumentError, match=r"last dimensions of the weights of 'encoder_layer_0', .* \['key', 'query'\]"
    ):
        fit(model, tmp_path / "run", axes={"encoder_layer_0": axes[::-1]}, init=init)
    assert all(np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))
    assert not (tmp_path / "run").exists()


def test_right_names_are_logged(model: keras.Model, tmp_path: Path) -> None:
    axes = {
        "encoder_layer_0": [Axis("query", 36, "grid", (6, 6)), Axis("key", 36, "grid", (4, 9))],
        PAIR[1]: [Axis("key", 4)],
    }
    fit(model, tmp_path, axes=axes, sites=["encoder_layer_0", *PAIR])
    log = tb_attention.load(tmp_path)
    assert log.sites == [*PAIR, "encoder_layer_0"]
    tb_attention.log(model, (X[:3], Y[:3]), tmp_path / "logged", step=0, sites="block.1.cbam")
    assert tb_attention.load(tmp_path / "logged").sites == CBAM
    with pytest.raises(ArgumentError, match="`axes` must name sites of the model"):
        tb_attention.log(model, (X[:3], Y[:3]), tmp_path / "refused", step=0, axes={"nothing": []})
    assert not (tmp_path / "refused").exists()


def test_a_function_that_wants_nothing_is_told_and_trains_on(model: keras.Model, tmp_path: Path) -> None:
    with pytest.warns(
        AttentionWarning, match=r"`sites` matches none of the 5 sites of this model, such as 'block.1.cbam/channels'"
    ):
        fit(model, tmp_path, sites=lambda path: "decoder" in path)
    assert tb_attention.load(tmp_path).steps == [0]
