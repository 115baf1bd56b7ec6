"""The article's script: a small CNN with a sigmoid layer called "attention", ModelCheckpoint, a confusion matrix.

Lines that end in `# <-` are ours; everything else is the article's, on scikit-learn's digits instead of CIFAR-10 (the script
needs no download), and with `learning_rate`, as the optimizer's argument is called today.

    python examples/article.py --logdir logs/article
    tensorboard --logdir logs

In the article's form nothing is multiplied by the attention layer: it is one more hidden layer, and the tab says so
(kind "activation"). `build_model(gated=True)` is the variant in which it does gate the pooled features.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import keras
from keras import layers
from keras.callbacks import ModelCheckpoint
from keras.optimizers import Adam
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import tb_attention  # <-


def build_model(gated: bool = False) -> keras.Model:
    inputs = keras.Input(shape=(8, 8, 1), name="image")
    x = layers.Conv2D(32, (3, 3), activation="relu", padding="same")(inputs)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Conv2D(64, (3, 3), activation="relu", padding="same")(x)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.GlobalAveragePooling2D()(x)
    attention = layers.Dense(64, activation="sigmoid", name="attention")(x)
    x = layers.Multiply(name="gate")([x, attention]) if gated else attention
    x = layers.Dense(128, activation="relu")(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    return keras.Model(inputs, outputs)


def load_data():
    digits = load_digits()
    images = (digits.images[..., None] / 16).astype("float32")
    return train_test_split(images, digits.target, test_size=0.25, random_state=0, stratify=digits.target)


def main(logdir: str, epochs: int = 15, verbose: int = 1, callbacks: Sequence[keras.callbacks.Callback] = ()) -> None:
    x_train, x_val, y_train, y_val = load_data()
    for gated in (False, True):
        keras.utils.set_random_seed(0)
        model = build_model(gated)
        model.compile(Adam(learning_rate=0.002), "sparse_categorical_crossentropy", metrics=["accuracy"])
        name = "gated" if gated else "attention"
        Path(logdir).mkdir(parents=True, exist_ok=True)
        model.fit(
            x_train,
            y_train,
            batch_size=32,
            epochs=epochs,
            verbose=verbose,
            validation_data=(x_val, y_val),
            callbacks=[
                ModelCheckpoint(Path(logdir) / f"{name}.keras", monitor="val_accuracy", save_best_only=True),
                tb_attention.AttentionCallback(logdir, samples=(x_val[:16], y_val[:16]), tag=name),  # <-
                tb_attention.ConfusionMatrixCallback(  # <-
                    logdir,
                    validation_data=(x_val, y_val),
                    tag=f"{name} confusion",  # <-
                ),  # <-
                *callbacks,
            ],
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logdir", default="logs/article")
    parser.add_argument("--epochs", type=int, default=15)
    arguments = parser.parse_args()
    main(arguments.logdir, arguments.epochs)
