"""A graph attention network on Zachary's karate club: 34 members, the friendships between them, and a quarrel.

python examples/graph.py --logdir logs/graph
tensorboard --logdir logs

The club split in two, around its teacher ("Mr. Hi") and its president ("Officer"). The model knows the friendships and the
side of six members, and finds the side of the other 28; `main` returns the share of these that it gets right.

What to look for: open Head and choose "Lines". Each friendship is as wide as its weight, and names stand at the members. Hover
one to see whom it listens to. The quick run finds the sides with weights that are nearly equal: friends of a leader give the
leaders 27 % of their attention, as much as equal shares would. So here it is the friendships that tell the sides, and not the
weights. Without `Axis(..., "nodes", edges=...)` below, the tab would show the matrix only.

The graph: W. W. Zachary, An Information Flow Model for Conflict and Fission in Small Groups, 1977, from networkx.
"""

from __future__ import annotations

import keras
import networkx as nx
import numpy as np
from command import run
from keras import layers, ops

import tb_attention

REACHES = 0.85
HEADS, WIDTH = 4, 8
KNOWN = (0, 33, 1, 32, 5, 23)


class GraphAttention(layers.Layer):
    """Each node is the mean of itself and its neighbours, weighted by how they fit (https://arxiv.org/abs/1710.10903)."""

    def __init__(self, joined: np.ndarray, heads: int, width: int, name: str) -> None:
        super().__init__(name=name)
        self.apart = ops.convert_to_tensor(np.where(joined, 0, -1e9).astype("float32"))
        self.heads, self.width = heads, width

    def build(self, shape: tuple[int, ...]) -> None:
        self.kernel = self.add_weight(shape=(shape[-1], self.heads, self.width), name="kernel")
        self.asks = self.add_weight(shape=(self.heads, self.width), name="asks")
        self.offers = self.add_weight(shape=(self.heads, self.width), name="offers")

    def call(self, nodes):
        values = ops.einsum("bnf,fhd->bhnd", nodes, self.kernel)
        asks = ops.sum(values * self.asks[:, None], axis=-1)[..., :, None]
        offers = ops.sum(values * self.offers[:, None], axis=-1)[..., None, :]
        weights = ops.softmax(ops.leaky_relu(asks + offers, 0.2) + self.apart)
        mixed = ops.einsum("bhqk,bhkd->bqhd", weights, values)
        return ops.reshape(mixed, (-1, nodes.shape[1], self.heads * self.width))


def main(logdir: str, quick: bool = False, verbose: int = 1) -> float:
    keras.utils.set_random_seed(0)
    club = nx.karate_club_graph()
    names = [{0: "Mr. Hi", 33: "Officer"}.get(node, str(node + 1)) for node in club]
    sides = np.array([club.nodes[node]["club"] == "Officer" for node in club], int)[None]
    known = np.isin(np.arange(len(club)), KNOWN)[None]
    features = np.eye(len(club), dtype="float32")[None]
    joined = nx.to_numpy_array(club, weight=None) + np.eye(len(club)) > 0

    inputs = keras.Input((len(club), len(club)), name="members")
    x = layers.Dropout(0.3)(inputs)
    x = layers.Activation("elu")(GraphAttention(joined, HEADS, WIDTH, name="friends")(x))
    x = layers.Activation("elu")(GraphAttention(joined, HEADS, WIDTH, name="friends_of_friends")(x))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax", name="side")(x))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])

    members = [
        tb_attention.Axis(role, len(club), "nodes", names=names, edges=list(club.edges)) for role in ("query", "key")
    ]
    samples = tb_attention.Samples(
        features, ids=["club"], store_inputs=False, axes={"friends": members, "friends_of_friends": members}
    )
    history = model.fit(
        features,
        sides,
        sample_weight=known.astype("float32"),
        validation_data=(features, sides, 1 - known.astype("float32")),
        epochs=30 if quick else 100,
        verbose=verbose,
        callbacks=[tb_attention.AttentionCallback(logdir, samples=samples)],
    )
    return history.history["val_accuracy"][-1]


if __name__ == "__main__":
    run(main)
