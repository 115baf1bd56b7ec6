"""Keywords: additive attention pools the words of a mail to one vector, from which its class is predicted.

    python examples/text_keywords.py --logdir logs/text_keywords
    tensorboard --logdir logs

Each word gets a weight, v · tanh(W h), through a softmax over the words (Bahdanau et al., 2014, as a pooling: Yang et al., 2016).

What to look for: in **Sample** a mail with the words that decided in blue. In **Samples** press "Words": the words of
all validation mails, by the attention that they get. Choose a label in the menu for the keywords of a class, "✗
wrong" for those that misled the model, and click a word to see every mail in which it stands. Drag the timeline:
before training all words get the same.

The mails are the SpamAssassin public corpus (mail_data.py). All 1,210 mails of the validation part are logged.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from command import run
from keras import layers
from mail_data import CLASSES, load_data

import tb_attention

REACHES = 0.85
TOKENS, WORDS, WIDTH, BATCH = 200, 10_000, 64, 32


class AdditivePooling(layers.Layer):
    """The mean of the words, weighted by attention: one query for the whole text."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.project = layers.Dense(WIDTH, activation="tanh", name="project")
        self.score = layers.Dense(1, use_bias=False, name="score")
        self.project.build(input_shape)
        self.score.build((*input_shape[:-1], WIDTH))

    def call(self, words, is_word):
        scores = self.score(self.project(words))[..., 0]
        weights = keras.ops.softmax(keras.ops.where(is_word, scores, -1e9))
        return keras.ops.einsum("bt,btw->bw", weights, words)


def build_model(texts: np.ndarray) -> keras.Model:
    vectorize = layers.TextVectorization(WORDS, output_sequence_length=TOKENS, name="words")
    vectorize.adapt(texts)
    text = keras.Input((), dtype="string", name="mail")
    ids = vectorize(text)
    x = layers.Embedding(WORDS, WIDTH, name="embedding")(ids)
    x = layers.Dropout(0.3, name="dropout")(x)
    x = layers.Conv1D(WIDTH, 3, padding="same", activation="relu", name="neighbours")(x)
    x = AdditivePooling(name="pooling")(x, keras.ops.not_equal(ids, 0))
    return keras.Model(text, layers.Dense(len(CLASSES), activation="softmax", name="class")(x), name="keywords")


def main(logdir: str, quick: bool = False, verbose: int = 1) -> float:
    keras.utils.set_random_seed(0)
    x_train, x_val, y_train, y_val = load_data()
    train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(len(x_train), seed=0).repeat()
    model = build_model(x_train)
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    attention = tb_attention.AttentionCallback(
        logdir, samples=(x_val, y_val), max_samples=len(x_val), class_names=CLASSES
    )
    confusion = tb_attention.ConfusionMatrixCallback(logdir, validation_data=(x_val, y_val), class_names=CLASSES)
    history = model.fit(
        train.batch(BATCH).prefetch(2),
        epochs=4 if quick else 10,
        steps_per_epoch=50 if quick else 150,
        shuffle=False,  # the dataset shuffles
        verbose=verbose,
        validation_data=tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(256),
        callbacks=[attention, confusion],
    )
    return history.history["val_accuracy"][-1]


if __name__ == "__main__":
    run(main)
