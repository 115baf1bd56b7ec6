"""Names and boxes that users give for the axes of a Keras model reach the log, whatever chunks the samples are captured in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import tb_attention
from tb_attention.errors import ArgumentError
from tb_attention.site import Axis

OBJECTS = np.random.default_rng(0).normal(size=(6, 3, 5)).astype("float32")
CORNERS = np.sort(np.random.default_rng(1).random((6, 3, 2, 2)), axis=2).reshape(6, 3, 4)
NAMES = ("cat", "dog", "sofa")


def build() -> keras.Model:
    x = keras.Input((None, 5))
    y = layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    model = keras.Model(x, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(y)))
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def axes(boxes: Any) -> dict[str, Any]:
    return {"attention": [Axis(role, 3, "objects", names=NAMES, boxes=boxes) for role in ("query", "key")]}


@pytest.mark.parametrize("by", ["samples", "callback", "chunks", "log"])
def test_each_sample_keeps_its_boxes(tmp_path: Path, by: str) -> None:
    options: dict[str, Any] = {"max_samples": 4}
    given: Any = tb_attention.Samples(OBJECTS, np.arange(6) % 2, axes=axes(CORNERS))
    if by in ("callback", "chunks"):
        given, options["axes"] = (OBJECTS, np.arange(6) % 2), axes(CORNERS)
    if by == "chunks":
        options["max_capture_bytes"] = 200.0
    if by == "log":
        tb_attention.log(build(), given, tmp_path, step=0, **options)
    else:
        callback = tb_attention.AttentionCallback(tmp_path, given, init=False, **options)
        build().fit(OBJECTS, np.arange(6) % 2, verbose=0, callbacks=[callback])
    log = tb_attention.load(tmp_path)
    assert log.weights(0, 3, "attention").shape == (2, 3, 3)
    for axis in log.site("attention").axes[-2:]:
        assert axis.names == NAMES
        assert axis.boxes is not None
        np.testing.assert_allclose(np.array(axis.boxes), CORNERS[:4], atol=1e-5)


def test_boxes_of_too_few_samples_are_refused_before_training(tmp_path: Path) -> None:
    callback = tb_attention.AttentionCallback(tmp_path, OBJECTS, axes=axes(CORNERS[:2]))
    with pytest.raises(
        ArgumentError, match=r"of all 6 samples, or once for all\. Received: boxes of 2 for 'attention'"
    ):
        build().fit(OBJECTS, np.arange(6) % 2, verbose=0, callbacks=[callback])


def test_samples_of_several_sizes_have_the_names_of_their_positions(tmp_path: Path) -> None:
    samples = [OBJECTS[0], OBJECTS[1][:2]]
    named = {"attention": [Axis(role, 3, "objects", names=NAMES) for role in ("query", "key")]}
    tb_attention.log(build(), samples, tmp_path, step=0, axes=named)
    log = tb_attention.load(tmp_path)
    assert [log.weights(0, sample, "attention").shape for sample in (0, 1)] == [(2, 3, 3), (2, 2, 2)]
    assert log.site("attention").axes[-1].names == NAMES


EDGES = [(0, 1), (2, 1), (1, 0), (1, 2), (0, 0), (3, 3)]
"""(source, target); nodes 1 and 0 have two that lead to them."""


class MessagePassing(layers.Layer):
    """Graph attention over a list of edges: the softmax is over the edges that lead to a node."""

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(shape[-1], 2), name="kernel")

    def call(self, nodes: Any) -> Any:
        sources, targets = np.array(EDGES).T
        scores = keras.ops.exp(keras.ops.take(keras.ops.matmul(nodes, self.kernel), sources, axis=0))
        sums = keras.ops.segment_sum(scores, targets, num_segments=4)
        weights = scores / keras.ops.take(sums, targets, axis=0)
        values = keras.ops.take(nodes, sources, axis=0)[:, None] * weights[..., None]
        return keras.ops.reshape(keras.ops.segment_sum(values, targets, num_segments=4), (-1, 10))


def test_captured_weights_of_edges_are_written_as_maps_between_nodes(tmp_path: Path) -> None:
    inputs = keras.Input((5,))
    layer = MessagePassing(name="messages")
    model = keras.Model(inputs, layers.Dense(2)(layer(inputs)))
    nodes = np.random.default_rng(2).normal(size=(4, 5)).astype("float32")
    captured = tb_attention.capture(model, nodes)["messages"]
    assert captured.weights.shape == (4, 2, 1, 6)
    both = [Axis(role, 4, "nodes", edges=EDGES) for role in ("query", "key")]
    with tb_attention.AttentionWriter(tmp_path) as writer:
        writer.write(0, {"messages": captured.weights[:1, :, 0]}, axes={"messages": both})
    scores = np.exp(nodes @ np.array(layer.kernel))
    expected = np.zeros((2, 4, 4))
    for target in range(4):
        sources = [source for source, other in EDGES if other == target]
        for source in sources:
            expected[:, target, source] = scores[source] / scores[sources].sum(axis=0)
    np.testing.assert_allclose(tb_attention.load(tmp_path).weights(0, 0, "messages"), expected, atol=1e-5)
