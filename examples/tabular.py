"""Which columns of a table a model reads: feature tokens of scikit-learn's breast cancer table, with a class token.

    python examples/tabular.py --logdir logs/tabular
    tensorboard --logdir logs

Each of the 30 measurements of a tumour is a token: its value times a learned vector, plus a learned vector for the column, as in
FT-Transformer (https://arxiv.org/abs/2106.11959). A class token reads them in two blocks of self-attention.

`names=` of the samples is all that the tab needs: rows and columns of a map are the columns of the table, and the value of the
sample stands beside each name. Look at the query CLS of block_2 in Head: after the quick run, the five strongest of the 30
columns get 35 to 55 % of its attention, by head. Sample has the whole row of the table, tinted; compare a malignant sample with a
benign one.

The data come with scikit-learn: 569 tumours, 212 of them malignant (class 0). `values=` shows the measurements as they were
taken; the model gets standardised ones. The quality is the accuracy on 114 tumours that were not trained on.
"""

from __future__ import annotations

import keras
import numpy as np
from command import run
from keras import layers, ops
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import tb_attention

REACHES = 0.93
WIDTH, HEADS, BLOCKS = 32, 4, 2


class FeatureTokens(layers.Layer):
    """A token for each column, behind a class token: (N, columns) becomes (N, 1 + columns, width)."""

    def build(self, shape: tuple[int, ...]) -> None:
        self.scale = self.add_weight(shape=(shape[1], WIDTH), initializer="glorot_uniform", name="scale")
        self.column = self.add_weight(shape=(shape[1], WIDTH), initializer="glorot_uniform", name="column")
        self.cls = self.add_weight(shape=(1, 1, WIDTH), initializer="glorot_uniform", name="cls")

    def call(self, values):
        tokens = values[:, :, None] * self.scale + self.column
        cls = ops.broadcast_to(self.cls, (ops.shape(values)[0], 1, WIDTH))
        return ops.concatenate([cls, tokens], axis=1)


def build_model(columns: int) -> keras.Model:
    values = keras.Input((columns,), name="tumour")
    x = FeatureTokens(name="tokens")(values)
    for block in range(1, BLOCKS + 1):
        y = layers.LayerNormalization(name=f"block_{block}_norm_1")(x)
        y = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, dropout=0.1, name=f"block_{block}")(y, y)
        x = layers.Add()([x, y])
        y = layers.LayerNormalization(name=f"block_{block}_norm_2")(x)
        y = layers.Dense(2 * WIDTH, activation="gelu", name=f"block_{block}_dense_1")(y)
        x = layers.Add()([x, layers.Dense(WIDTH, name=f"block_{block}_dense_2")(y)])
    x = layers.LayerNormalization(name="norm")(x[:, 0])
    return keras.Model(values, layers.Dense(2, activation="softmax", name="diagnosis")(x))


def main(logdir: str, quick: bool = False, verbose: int = 1) -> float:
    keras.utils.set_random_seed(0)
    table = load_breast_cancer()
    raw, raw_val, y, y_val = train_test_split(table.data, table.target, test_size=0.2, random_state=0)
    scaler = StandardScaler().fit(raw)
    x, x_val = (scaler.transform(part).astype("float32") for part in (raw, raw_val))
    model = build_model(x.shape[1])
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    samples = tb_attention.Samples(
        x_val[:16],
        y_val[:16],
        names=table.feature_names,
        values=raw_val[:16],
        class_names=["malignant", "benign"],
    )
    history = model.fit(
        x,
        y,
        batch_size=32,
        epochs=8 if quick else 40,
        verbose=verbose,
        validation_data=(x_val, y_val),
        callbacks=[
            tb_attention.AttentionCallback(logdir, samples),
            tb_attention.ConfusionMatrixCallback(logdir, (x_val, y_val), class_names=["malignant", "benign"]),
        ],
    )
    return float(np.mean(history.history["val_accuracy"][-1:]))


if __name__ == "__main__":
    run(main)
