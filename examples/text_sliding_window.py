"""A Longformer on long mails: each of 2,048 words reads its neighbours and one global token, which reads all words.

    python examples/text_sliding_window.py --logdir logs/text_sliding_window
    tensorboard --logdir logs

Attention over all pairs of 2,048 words would be 4.2 million weights a head. A band of 32 words to either side and one
global token (https://arxiv.org/abs/2004.05150) are 0.14 million, and what is logged grows with the length, not with its square.

What to look for: the site "window" is the band. In **Head** its rows are the words and its columns the distance, from 32 words
before to 32 behind; the first column is what leaves the band, to the global token. The site "window#2" is the global token:
in **Sample** the whole mail, coloured by what it reads, and in **Samples** "Words" ranks what it reads in all tracked mails.

The mails are the longest of the SpamAssassin public corpus (mail_data.py).
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from command import run
from keras import layers, ops
from mail_data import CLASSES, load_data

import tb_attention

REACHES = 0.7
TOKENS, WORDS, WIDTH, HEADS, REACH, BATCH = 2048, 10_000, 32, 2, 32, 8


class SlidingWindow(layers.Layer):
    """Each word attends to the first position and to the words at most `REACH` away; the first position attends to all."""

    def build(self, words_shape, is_word_shape) -> None:
        self.query, self.key, self.value = (layers.Dense(WIDTH, name=name) for name in ("query", "key", "value"))
        for part in (self.query, self.key, self.value):
            part.build(words_shape)

    def call(self, words, is_word):
        q, k, v = (
            ops.reshape(part(words), (-1, TOKENS, HEADS, WIDTH // HEADS)) for part in (self.query, self.key, self.value)
        )
        q = q / (WIDTH // HEADS) ** 0.5
        # The band, and the global token beside it.
        near = ops.einsum("bqhd,bqohd->bhqo", q, self.neighbours(k))
        near = ops.where(self.neighbours(is_word)[:, None], near, -1e9)
        first = ops.einsum("bqhd,bhd->bhq", q, k[:, 0])[..., None]
        weights = ops.softmax(ops.concatenate([first, near], axis=-1))
        read = ops.einsum("bhqo,bqohd->bqhd", weights[..., 1:], self.neighbours(v))
        read = read + ops.einsum("bhq,bhd->bqhd", weights[..., 0], v[:, 0])
        # The global token reads the whole text.
        scores = ops.where(is_word[:, None], ops.einsum("bhd,bkhd->bhk", q[:, 0], k), -1e9)
        summary = ops.einsum("bhk,bkhd->bhd", ops.softmax(scores), v)
        whole = ops.concatenate([summary[:, None], read[:, 1:]], axis=1)
        return ops.reshape(whole, (-1, TOKENS, WIDTH))

    def neighbours(self, x):
        """(samples, positions, 2 * REACH + 1, ...): what lies around each position."""
        padded = ops.pad(x, [(0, 0), (REACH, REACH), *[(0, 0)] * (len(x.shape) - 2)])
        return ops.stack([padded[:, start : start + TOKENS] for start in range(2 * REACH + 1)], axis=2)


def build_model(texts: list[str]) -> keras.Model:
    vectorize = layers.TextVectorization(
        WORDS, standardize="lower", split="whitespace", output_sequence_length=TOKENS, name="words"
    )
    vectorize.adapt(texts)
    text = keras.Input((), dtype="string", name="mail")
    ids = vectorize(text)
    is_word = ops.not_equal(ids, 0)
    x = layers.Embedding(WORDS, WIDTH, name="embedding")(ids)
    y = layers.LayerNormalization(name="norm_1")(x)
    x = layers.Add(name="add_1")([x, SlidingWindow(name="window")(y, is_word)])
    y = layers.Dense(2 * WIDTH, activation="gelu", name="mlp_1")(layers.LayerNormalization(name="norm_2")(x))
    x = layers.Add(name="add_2")([x, layers.Dense(WIDTH, name="mlp_2")(y)])
    x = layers.concatenate([x[:, 0], layers.GlobalAveragePooling1D(name="mean")(x, mask=is_word)])
    return keras.Model(text, layers.Dense(len(CLASSES), activation="softmax", name="class")(x), name="longformer")


def longest(texts: np.ndarray, labels: np.ndarray, count: int) -> tuple[list[str], np.ndarray]:
    """The longest mails, in their order, each behind the global token."""
    lengths = np.array([len(text.split()) for text in texts])
    chosen = np.sort(np.argsort(-lengths)[:count])
    return [f"<all> {texts[index]}" for index in chosen], labels[chosen]


def main(logdir: str, quick: bool = False, verbose: int = 1) -> float:
    keras.utils.set_random_seed(0)
    x_train, x_val, y_train, y_val = load_data()
    x_train, y_train = longest(x_train, y_train, 160 if quick else 1600)
    x_val, y_val = longest(x_val, y_val, 48 if quick else 400)
    model = build_model(x_train)
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    distances = [f"{distance:+d}" for distance in range(-REACH, REACH + 1)]
    band = [
        tb_attention.Axis("query", TOKENS, "tokens", input=0),
        tb_attention.Axis("key", len(distances) + 1, names=["<all>", *distances]),
    ]
    attention = tb_attention.AttentionCallback(
        logdir,
        samples=(np.array(x_val[:8], object), y_val[:8]),
        class_names=CLASSES,
        axes={"window": band},
        max_positions=TOKENS,
    )
    history = model.fit(
        tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(2000, seed=0).batch(BATCH).prefetch(2),
        epochs=2 if quick else 6,
        verbose=verbose,
        validation_data=tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(BATCH),
        callbacks=[attention],
    )
    return history.history["val_accuracy"][-1]


if __name__ == "__main__":
    run(main)
