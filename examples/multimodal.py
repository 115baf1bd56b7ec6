"""Questions about pictures and about sounds: cross-attention between a text and what it asks about, in both directions.

    python examples/multimodal.py --logdir logs/multimodal
    tensorboard --logdir logs

Two models of one kind answer short questions. One sees a scene of digits: "which digit is on the left ?" (right, top, bottom).
The other hears four sounds of instruments: "which instrument plays third ?". In each, the words look at the picture or the sound
(text_to_other), and its cells or frames look at the words (other_to_text). The tags are "picture" and "sound".

In Sample, hover a word: the picture, or the sound with its wave and spectrogram in seconds, shows what it looks at. Hover a
frame: the words that look there light up. Click it and play it. The word that says the place ("third") looks at the sound of
that place, which is the answer; before training it looks everywhere.

The scenes are made of real digits of scikit-learn (digit_scenes.py). The sounds are recordings of six instruments in the sound
font of the Python package pretty_midi (5.6 MB), which pip fetches once (instrument_sounds.py); phrases of training and validation
differ, recordings do not. The quality is the lower of the two accuracies on validation data.
"""

from __future__ import annotations

import keras
import numpy as np
from command import run
from digit_scenes import NAMES as DIGITS
from digit_scenes import scenes
from instrument_sounds import NAMES as INSTRUMENTS
from instrument_sounds import RATE, phrases, spectrograms
from keras import layers

import tb_attention

REACHES = 0.5
WIDTH, HEADS = 64, 4
SIDES = {"left": 1, "right": 3, "top": 2, "bottom": 4}
ORDINALS = ("first", "second", "third", "fourth")
WORDS = ["which", "digit", "instrument", "is", "on", "the", "plays", *SIDES, *ORDINALS, "?"]


def about_pictures(count: int, validation: bool) -> tuple[np.ndarray, list[list[str]], np.ndarray, None]:
    """Scenes, a question about each, and the digit that answers it."""
    pictures, objects = scenes(count, validation, least=2)
    sides = np.random.default_rng(2 + validation).choice(list(SIDES), count)
    there = objects[..., 0] < len(DIGITS)
    answers = np.zeros(count, int)
    for index, side in enumerate(sides):
        edges = objects[index, there[index], SIDES[side]]
        answers[index] = objects[index, edges.argmin() if side in ("left", "top") else edges.argmax(), 0]
    return pictures, [["which", "digit", "is", "on", "the", side, "?"] for side in sides], answers, None


def about_sounds(count: int, validation: bool) -> tuple[np.ndarray, list[list[str]], np.ndarray, np.ndarray]:
    """Spectrograms, a question about each, the instrument that answers it, and the sounds."""
    waves, played = phrases(count, seed=int(validation))
    places = np.random.default_rng(2 + validation).integers(len(ORDINALS), size=count)
    texts = [["which", "instrument", "plays", ORDINALS[place], "?"] for place in places]
    return spectrograms(waves), texts, played[np.arange(count), places], waves


class Positions(layers.Layer):
    """A learned vector for each position, added."""

    def build(self, shape: tuple[int, ...]) -> None:
        start = keras.initializers.RandomNormal(stddev=1)
        self.positions = self.add_weight(shape=(1, *shape[1:]), initializer=start, name="positions")

    def call(self, x):
        return x + self.positions


def build_model(words: int, shape: tuple[int, ...], answers: int) -> keras.Model:
    text = keras.Input((words,), dtype="int32", name="text")
    x = Positions()(layers.Embedding(len(WORDS), WIDTH, keras.initializers.RandomNormal(stddev=1))(text))
    other = y = keras.Input(shape, name="other")
    if len(shape) == 3:
        for filters in (32, 64, WIDTH):
            y = layers.BatchNormalization()(layers.Conv2D(filters, 3, 2, "same", activation="relu")(y))
        y = layers.Reshape((36, WIDTH))(y)
    else:
        y = layers.Dense(WIDTH, activation="relu")(y)
    y = Positions()(layers.LayerNormalization()(y))
    for block in ("", "_2"):
        read = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name=f"text_to_other{block}")(x, y)
        x = layers.LayerNormalization()(x + read)
        x = layers.LayerNormalization()(x + layers.Dense(WIDTH)(layers.Dense(WIDTH, activation="relu")(x)))
        if not block:
            asked = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name="other_to_text")(y, x)
            y = layers.LayerNormalization()(y + asked)
    answer = layers.Dense(answers, activation="softmax", name="answer")(layers.Flatten()(x))
    return keras.Model([text, other], answer)


def main(logdir: str, quick: bool = False, verbose: int = 1) -> float:
    reached = []
    for tag, about, names, count, epochs in (
        ("picture", about_pictures, DIGITS, 12_000 if quick else 30_000, 5 if quick else 12),
        ("sound", about_sounds, tuple(INSTRUMENTS), 3000 if quick else 10_000, 8 if quick else 20),
    ):
        keras.utils.set_random_seed(0)
        other, texts, y, _ = about(count, validation=False)
        val, val_texts, y_val, waves = about(500, validation=True)
        ids, val_ids = (
            np.array([[WORDS.index(word) for word in text] for text in part]) for part in (texts, val_texts)
        )
        model = build_model(ids.shape[1], other.shape[1:], len(names))
        model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
        sounds = {} if waves is None else {"audio": {"input_1": waves[:12]}, "rate": RATE}
        samples = tb_attention.Samples(
            [val_ids[:12], val[:12]], y_val[:12], tokens={"input_0": val_texts[:12]}, class_names=names, **sounds
        )
        history = model.fit(
            [ids, other],
            y,
            batch_size=64,
            epochs=epochs,
            verbose=verbose,
            validation_data=([val_ids, val], y_val),
            callbacks=[tb_attention.AttentionCallback(logdir, samples, tag=tag)],
        )
        reached.append(history.history["val_accuracy"][-1])
    return float(min(reached))


if __name__ == "__main__":
    run(main)
