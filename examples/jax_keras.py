"""The README's lines on JAX: Keras trains a vision transformer on scikit-learn's digits, and only the backend is another one.

    python examples/jax_keras.py --logdir logs/jax_keras
    tensorboard --logdir logs

What to look for: the same views as under TensorFlow, with nothing changed in the model or the callbacks. In **Head**
click a patch of the digit to see what it attends to. In **Confusion** click a cell to see which digits are confused,
and where the model looked.

Needs `pip install "tb-attention[jax]"`; TensorFlow is not used. The digits are 1,797 real ones of 8 x 8 pixels.
"""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "jax"  # before Keras is imported

import keras
import vit_digits
from command import run

import tb_attention

REACHES = 0.9
BATCH = 32


def main(logdir: str, quick: bool = False, verbose: int = 1) -> float:
    keras.utils.set_random_seed(0)
    x_train, x_val, y_train, y_val = vit_digits.load_data()
    model = vit_digits.build_model()
    model.compile(keras.optimizers.AdamW(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        x_train,
        y_train,
        batch_size=BATCH,
        epochs=6 if quick else 20,
        verbose=verbose,
        validation_data=(x_val, y_val),
        callbacks=[
            tb_attention.AttentionCallback(logdir, (x_val[:16], y_val[:16])),
            tb_attention.ConfusionMatrixCallback(logdir, (x_val, y_val)),
        ],
    )
    return history.history["val_accuracy"][-1]


if __name__ == "__main__":
    run(main)
