"""`tb_attention.explain` prints a table of sites, and says of every other softmax and sigmoid why it is none."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from keras import layers, ops

import tb_attention
from tests.tracing.zoo import head, ids, normal


def model_with_everything() -> keras.Model:
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 2, 2)(inputs)
    gate = layers.Dense(4, activation="sigmoid", name="squeeze")(layers.GlobalAveragePooling2D()(x))
    x = layers.Multiply(name="excite")([x, layers.Reshape((1, 1, 4))(gate)])
    x = layers.MultiHeadAttention(2, 4, attention_axes=(1, 2), name="attention")(x, x)
    x = layers.Multiply()([x, layers.Dense(4, activation="sigmoid", name="glu")(x)])
    return keras.Model(inputs, head(x))


def test_the_table_has_each_site_with_its_axes_shape_and_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    table = tb_attention.explain(model_with_everything(), normal(8, 8, 3))
    assert capsys.readouterr().out == f"{table}\n"
    assert [(site.path, site.kind, site.shape, site.bytes) for site in table.sites] == [
        ("squeeze", "gate", (3, 1, 4), 3 * 4 * 4),
        ("attention", "self", (3, 2, 4, 4, 4, 4), 3 * 2 * 256 * 4),
    ]
    assert table.bytes == 48 + 6144
    heading, gate, attention, total = str(table).split("\n")[:4]
    assert heading.split("  ")[0] == "path"
    assert gate.split() == ["squeeze", "gate", "samples,", "heads,", "key", "(channels)", "3", "x", "1", "x", "4", "48"]
    assert attention.split()[:2] == ["attention", "self"]
    assert "3 x 2 x 4 x 4 x 4 x 4" in attention
    assert total == "2 sites, 6,192 bytes a step."


def test_every_softmax_and_sigmoid_that_is_none_has_a_reason() -> None:
    table = tb_attention.explain(model_with_everything(), normal(8, 8, 3))
    assert {item.path: item.reason for item in table.left_out} == {
        "glu": "multiplies activations element by element, as a gated unit does",
        "classes": "an output of the model",
    }
    assert "Left out:\nglu      multiplies activations" in str(table)


def test_what_was_not_asked_for_is_said_to_be_so() -> None:
    table = tb_attention.explain(model_with_everything(), normal(8, 8, 3), sites="attention")
    assert [site.path for site in table.sites] == ["attention"]
    assert ("squeeze", "not asked for") in [(item.path, item.reason) for item in table.left_out]


def test_a_model_without_attention_is_said_to_have_none() -> None:
    inputs = keras.Input((5,), dtype="int32")
    table = tb_attention.explain(keras.Model(inputs, head(layers.Embedding(11, 4)(inputs))), ids(5))
    assert table.sites == ()
    assert str(table).startswith("No attention was found.\n")


def test_left_out_of_one_reason_and_block_are_one_line_and_the_rarest_comes_first() -> None:
    inputs = x = keras.Input((8, 8, 3))
    for index in range(30):
        x = layers.Conv2D(3, 3, padding="same", activation="swish", name=f"swish_{index}")(x)
    x = x * layers.Conv2D(3, 1, activation="sigmoid", name="unit")(x)
    table = tb_attention.explain(keras.Model(inputs, head(x)), normal(8, 8, 3))
    assert len(table.left_out) == 32
    reason = "multiplies activations element by element, as a gated unit does"
    assert str(table).split("\n")[-2:] == [
        "classes               an output of the model",
        f"swish_0 to unit (31)  {reason}",
    ]


def test_an_efficient_net_is_explained_on_one_screen() -> None:
    model = keras.applications.EfficientNetB0(weights=None, input_shape=(64, 64, 3), classes=4)
    table = tb_attention.explain(model, normal(64, 64, 3))
    assert len(table.sites) == 16
    assert len(table.left_out) > 40
    assert len(str(table).split("\n")) <= 24


class SummedCell(layers.Layer):
    """A recurrent cell that adds up features of its state, each weighed by what all of them are."""

    state_size = 4

    def __init__(self) -> None:
        super().__init__(name="cell")
        self.score, self.update = layers.Dense(4), layers.Dense(4, activation="tanh")

    def build(self, shape: Any) -> None:
        self.score.build((None, 4))
        self.update.build((None, shape[-1] + 4))

    def call(self, x: Any, states: Any) -> tuple[Any, list[Any]]:
        state = self.update(ops.concatenate([x, states[0]], axis=-1))
        state = state * ops.sum(ops.softmax(self.score(state)) * state, axis=-1, keepdims=True)
        return state, [state]


def test_features_of_a_state_are_called_channels_and_not_experts() -> None:
    inputs = keras.Input((5, 3))
    table = tb_attention.explain(keras.Model(inputs, layers.RNN(SummedCell(), name="rnn")(inputs)), normal(5, 3))
    assert {item.path: item.reason for item in table.left_out} == {
        "rnn/cell": "weights the features of an activation by their own values and adds them up: these are channels, not experts"
    }
