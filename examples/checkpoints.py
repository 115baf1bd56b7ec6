"""Logs the attention of a trained model: replays ten checkpoints into a log, without `fit`.

    python examples/checkpoints.py --checkpoints checkpoints --logdir logs/replayed
    tensorboard --logdir logs

The first call trains the vision transformer of vit_digits.py for ten epochs with Keras' ModelCheckpoint and nothing of
tb_attention. A call that finds ten checkpoints only replays them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import keras
import vit_digits

import tb_attention

CHECKPOINTS = 10


def train(directory: Path) -> None:
    """Leaves one checkpoint per epoch, named after it."""
    x_train, x_val, y_train, y_val = vit_digits.load_data()
    model = vit_digits.build_model()
    model.compile(keras.optimizers.AdamW(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    checkpoint = keras.callbacks.ModelCheckpoint(directory / "{epoch:02d}.weights.h5", save_weights_only=True)
    model.fit(x_train, y_train, epochs=CHECKPOINTS, validation_data=(x_val, y_val), callbacks=[checkpoint], verbose=2)


def replay(directory: Path, logdir: str) -> None:
    _, x_val, _, y_val = vit_digits.load_data()
    model = vit_digits.build_model()
    model.compile(optimizer=None, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    for path in sorted(directory.glob("*.weights.h5")):
        model.load_weights(path)
        loss, accuracy = model.evaluate(x_val, y_val, verbose=0)
        tb_attention.log(
            model,
            (x_val[:16], y_val[:16]),
            logdir,
            step=int(path.name[:2]) - 1,
            metrics={"val_loss": loss, "val_accuracy": accuracy},
        )
        print(f"{path.name}: val_accuracy {accuracy:.3f}", flush=True)


def main(checkpoints: str, logdir: str) -> None:
    directory = Path(checkpoints)
    if len(list(directory.glob("*.weights.h5"))) < CHECKPOINTS:
        keras.utils.set_random_seed(0)
        train(directory)
    replay(directory, logdir)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoints", default="checkpoints")
    parser.add_argument("--logdir", default="logs/replayed")
    arguments = parser.parse_args()
    main(arguments.checkpoints, arguments.logdir)
