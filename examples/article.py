"""The article's script: a small CNN with a sigmoid called "attention" on CIFAR-10, ModelCheckpoint, a confusion matrix.

    python examples/article.py --logdir logs/article
    tensorboard --logdir logs

`build_model` and `main` are the article's script in Keras 3. Lines that end in `# <-` log what the model attends to. It trains
as the article does: 50,000 images, 100 epochs. `--images` and `--epochs` make it shorter; then a larger `--learning-rate` helps.
What it reaches is the accuracy of the gated model on the test images.

The article's attention multiplies nothing: it is the sigmoid of the pooled feature maps, and the tab says so (kind
"activation"). Unit i is channel i, so each bar has a feature map. No feature map is below 0, so no bar is below 0.5. After the
article's model, the script trains one in which a sigmoid layer gates the pooled features, `build_model(gated=True)`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import keras
import matplotlib.pyplot as plt
from cifar10 import NAMES, load_data
from keras.callbacks import ModelCheckpoint
from keras.layers import Activation, Conv2D, Dense, GlobalAveragePooling2D, Input, MaxPooling2D, Multiply
from keras.models import Model
from keras.optimizers import Adam
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

import tb_attention  # <-

REACHES = 0.35
QUICK = {"epochs": 4, "images": 10_000, "learning_rate": 3e-3}


def build_model(gated: bool = False) -> Model:
    inputs = Input(shape=(32, 32, 3))
    x = Conv2D(32, (3, 3), activation="relu", padding="same")(inputs)
    x = MaxPooling2D((2, 2), padding="same")(x)
    x = Conv2D(64, (3, 3), activation="relu", padding="same")(x)
    x = MaxPooling2D((2, 2), padding="same")(x)
    x = GlobalAveragePooling2D()(x)
    if gated:
        x = Multiply(name="gate")([x, Dense(64, activation="sigmoid", name="attention")(x)])
    else:
        x = Activation("sigmoid", name="attention")(x)
    x = Dense(128, activation="relu")(x)
    outputs = Dense(10, activation="softmax")(x)
    return Model(inputs, outputs)


def main(
    logdir: str,
    epochs: int = 100,
    verbose: int = 1,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    images: int = 50_000,
    learning_rate: float = 1e-4,
) -> float:
    (x_train, y_train), (x_test, y_test) = load_data(images)
    x_train, x_test = x_train.astype("float32") / 255, x_test.astype("float32") / 255
    split = int(len(x_train) * 0.9)  # `validation_split=0.1` takes the rest # <-
    val = x_train[split:], y_train[split:]  # <-
    Path(logdir).mkdir(parents=True, exist_ok=True)
    for gated in (False, True):
        name = "gated" if gated else "attention"
        best = Path(logdir) / f"{name}.keras"
        keras.utils.set_random_seed(0)
        model = build_model(gated)
        model.compile(
            optimizer=Adam(learning_rate=learning_rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        model.fit(
            x_train,
            y_train,
            batch_size=32,
            epochs=epochs,
            verbose=verbose,
            validation_split=0.1,
            callbacks=[
                ModelCheckpoint(best, monitor="val_accuracy", save_best_only=True),
                tb_attention.AttentionCallback(logdir, val, max_samples=16, class_names=NAMES, tag=name),  # <-
                tb_attention.ConfusionMatrixCallback(logdir, val, class_names=NAMES, tag=f"{name} confusion"),  # <-
                *callbacks,
            ],
        )
        model.load_weights(best)
        predicted = model.predict(x_test, verbose=verbose).argmax(axis=1)
        # The labels are class indices (N, 1), not one-hot rows: the article's argmax over them makes every true class 0.
        matrix = confusion_matrix(y_test[:, 0], predicted)
        ConfusionMatrixDisplay(matrix, display_labels=NAMES).plot(cmap="Blues", xticks_rotation=45)
        plt.tight_layout()
        plt.savefig(Path(logdir) / f"{name}.png")
        plt.close()
    return float((predicted == y_test[:, 0]).mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logdir", default="logs/article")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--images", type=int, default=50_000, help="number of training images, at most 50,000")
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--quick", action="store_true", help="as --epochs 4 --images 10000 --learning-rate 0.003")
    given = vars(parser.parse_args())
    if given.pop("quick"):
        given |= QUICK
    print(f"reached {main(**given):.3f}")
