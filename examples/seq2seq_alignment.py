"""Alignment: which word of an English sentence a model reads for each word of its French translation, by three models.

    python examples/seq2seq_alignment.py --logdir logs/seq2seq_alignment
    tensorboard --logdir logs

The runs: GRUs with Bahdanau's attention (arxiv.org/abs/1409.0473), with Luong's (1508.04025), and a small transformer.

What to look for: in **Head** rows are the words of the translation in the order in which they are chosen, columns the
words of the source. Where French turns adjective and noun round, the alignment leaves the diagonal. In **Lines** hover a
word to see what it was translated from. **Runs** shows the same sentence in the three models.

The pairs are real (sentence_pairs.py). The quality is the share of words predicted rightly when those before are given,
the lowest of the three. A word stands at the position at which it is chosen: the decoder reads the word before it there.
"""

from __future__ import annotations

import keras
import numpy as np
from command import run
from keras import layers
from sentence_pairs import load_data

import tb_attention

REACHES = 0.3
WIDTH, HEADS, BATCH = 64, 4, 32


class BahdanauDecoder(layers.Layer):
    """Before each word, the state of the decoder asks which words of the source to read."""

    def build(self, words_shape, memory_shape, is_word_shape) -> None:
        self.cell = layers.GRUCell(WIDTH, name="cell")
        self.query, self.key, self.score = (layers.Dense(size) for size in (WIDTH, WIDTH, 1))
        self.readout = layers.Dense(WIDTH, activation="tanh")
        self.cell.build((None, words_shape[-1] + memory_shape[-1]))
        self.query.build((None, WIDTH))
        self.key.build(memory_shape)
        self.score.build((None, None, WIDTH))
        self.readout.build((None, 2 * WIDTH))

    def call(self, words, memory, is_word):
        keys = self.key(memory)

        def choose(state, word):
            scores = self.score(keras.ops.tanh(self.query(state)[:, None] + keys))[..., 0]
            weights = keras.ops.softmax(keras.ops.where(is_word, scores, -1e9))
            context = keras.ops.einsum("bs,bsw->bw", weights, memory)
            output, _ = self.cell(keras.ops.concatenate([word, context], axis=-1), [state])
            return output, self.readout(keras.ops.concatenate([output, context], axis=-1))

        _, outputs = keras.ops.scan(choose, keras.ops.mean(memory, axis=1), keras.ops.swapaxes(words, 0, 1))
        return keras.ops.swapaxes(outputs, 0, 1)


def encoder(source):
    return source + layers.Bidirectional(layers.GRU(WIDTH // 2, return_sequences=True), name="encoder")(source)


def bahdanau(source, target, is_word):
    return BahdanauDecoder(name="alignment")(target, encoder(source), is_word)


def luong(source, target, is_word):
    memory = encoder(source)
    states = layers.GRU(WIDTH, return_sequences=True, name="decoder")(target)
    context = layers.Attention(name="alignment")([states, memory], mask=[None, is_word])
    return layers.Dense(WIDTH, activation="tanh", name="attentional")(layers.concatenate([states, context]))


def transformer(source, target, is_word):
    places = layers.Embedding(source.shape[1], WIDTH, name="places")(keras.ops.arange(source.shape[1])[None])
    mask = is_word[:, None, :]
    x, y = source + places, target + places

    def attend(name, query, memory, **options):
        read = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name=name)(query, memory, **options)
        return layers.LayerNormalization()(query + read)

    def think(x):
        hidden = layers.Dense(2 * WIDTH, activation="relu")(x)
        return layers.LayerNormalization()(x + layers.Dropout(0.1)(layers.Dense(WIDTH)(hidden)))

    x = think(attend("encoder_self", x, x, attention_mask=mask))
    for block, cross in enumerate(("first_alignment", "alignment")):
        y = attend(f"decoder_self_{block}", y, y, use_causal_mask=True)
        y = think(attend(cross, y, x, attention_mask=mask))
    return y


def build_model(decode, longest: int, english: int, french: int) -> keras.Model:
    source, target = keras.Input((longest,), name="english"), keras.Input((longest,), name="french")
    read = layers.Dropout(0.2)(layers.Embedding(english, WIDTH, name="english_words")(source))
    written = layers.Dropout(0.2)(layers.Embedding(french, WIDTH, name="french_words")(target))
    states = decode(read, written, keras.ops.not_equal(source, 0))
    words = layers.Dense(french, activation="softmax", name="word")(layers.Dropout(0.2)(states))
    return keras.Model({"english": source, "french": target}, words, name=decode.__name__)


def padded(sentences: list[list], longest: int, filler) -> list[list]:
    return [[*words, *[filler] * (longest - len(words))] for words in sentences]


def vocabulary_of(sentences: list[list[str]]) -> dict[str, int]:
    words = dict.fromkeys(word for sentence in sentences for word in sentence)
    return {word: index for index, word in enumerate(words, start=2)}


def main(logdir: str, quick: bool = False, verbose: int = 1) -> float:
    longest, epochs = (10, 16) if quick else (16, 30)
    pairs = load_data(longest - 1)
    order = np.random.default_rng(0).permutation(len(pairs))
    sources = [pairs[index][0] for index in order]
    targets = [[*pairs[index][1], "</s>"] for index in order]
    english, french = vocabulary_of(sources), vocabulary_of(targets)
    x = np.array(padded([[english[word] for word in words] for words in sources], longest, 0))
    y = np.array(padded([[french[word] for word in words] for words in targets], longest, 0))
    begun = np.concatenate([np.ones((len(y), 1), int), y[:, :-1]], axis=1)  # 1 is "<s>"; then the words before
    parts = slice(200, None), slice(0, 200)
    train, validation = (({"english": x[part], "french": begun[part]}, y[part], y[part] > 0) for part in parts)
    named = {"english": sources, "french": targets}
    shown = sorted(range(200), key=lambda index: -len(sources[index]))[:24]  # the longest sentences of the validation
    samples = tb_attention.Samples(
        {"english": x[shown], "french": begun[shown]},
        tokens={name: padded([texts[index] for index in shown], longest, "") for name, texts in named.items()},
        masks={"english": x[shown] > 0, "french": y[shown] > 0},
        ids=[" ".join(sources[index]) for index in shown],
    )
    accuracies = []
    for decode in (bahdanau, luong, transformer):
        keras.utils.set_random_seed(0)
        model = build_model(decode, longest, len(english) + 2, len(french) + 2)
        model.compile(keras.optimizers.Adam(6e-3), "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
        history = model.fit(
            *train[:2],
            sample_weight=train[2].astype("float32"),
            batch_size=BATCH,
            epochs=epochs,
            verbose=verbose,
            validation_data=validation,
            callbacks=[tb_attention.AttentionCallback(f"{logdir}/{decode.__name__}", samples)],
        )
        accuracies.append(history.history["val_accuracy"][-1])
    return min(accuracies)


if __name__ == "__main__":
    run(main)
