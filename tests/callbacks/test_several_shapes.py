"""Examples of several lengths and sizes: all are counted, and each is captured and shown in its own shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tb_attention
from tb_attention.records.samples.samples import Samples
from tests.callbacks.trainings import status

# Keras learns the length of a dataset of padded batches only by reading it.
pytestmark = pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning")

RANDOM = np.random.default_rng(0)
LENGTHS = [5, 5, 5, 9, 9, 9, 7]
TEXTS = [RANDOM.integers(1, 20, length).astype("int32") for length in LENGTHS]
Y = np.array([0, 1, 1, 0, 1, 0, 1])
PICTURES = [RANDOM.random((size, 8, 1)).astype("float32") for size in (8, 8, 12, 12)]


def texts() -> keras.Model:
    """Attends along a text; nothing is masked, so that filling up would change all weights."""
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(20, 8)(tokens)
    x = layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    model = keras.Model(tokens, layers.Dense(2, "softmax")(layers.GlobalAveragePooling1D()(x)))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def pictures() -> keras.Model:
    """A gate over the cells of a feature map, and one over channels."""
    picture = keras.Input((None, None, 1), name="picture")
    x = layers.Conv2D(4, 3, 2, padding="same", activation="relu")(picture)
    x = x * layers.Conv2D(1, 1, activation="sigmoid", name="cells")(x)
    x = x * layers.Reshape((1, 1, 4))(layers.Dense(4, "sigmoid", name="channels")(layers.GlobalAveragePooling2D()(x)))
    model = keras.Model(picture, layers.Dense(2, "softmax")(layers.GlobalAveragePooling2D()(x)))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def padded_batches() -> tf.data.Dataset:
    specification = (tf.TensorSpec((None,), tf.int32), tf.TensorSpec((), tf.int64))
    return tf.data.Dataset.from_generator(
        lambda: zip(TEXTS, Y, strict=True), output_signature=specification
    ).padded_batch(3)


def own_attention(model: keras.Model, text: np.ndarray) -> np.ndarray:
    x = model.layers[1](text[None])
    return np.asarray(model.get_layer("attention")(x, x, return_attention_scores=True)[1])[0]


@pytest.mark.parametrize("source", ["padded_batch", "list", "Samples"])
def test_each_sample_is_captured_in_its_own_length(source: str, tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "padded_batch": padded_batches(),
        "list": TEXTS,
        "Samples": Samples(keras.utils.pad_sequences(TEXTS, padding="post"), shapes=[(n,) for n in LENGTHS]),
    }
    model = texts()
    model.fit(padded_batches(), verbose=0, callbacks=[tb_attention.AttentionCallback(tmp_path, given[source])])
    log = tb_attention.load(tmp_path)
    assert len(log.samples) == 7
    for sample, text in enumerate(TEXTS):
        weights = log.weights(0, sample, "attention")
        assert weights.shape == (2, len(text), len(text))
        np.testing.assert_allclose(weights, own_attention(model, text), atol=1e-5)
        (shown,) = log.samples.inputs[sample]
        assert shown["tokens"] == list(map(str, text))
    axis = log.site("attention").axes[-1]
    assert (axis.kind, axis.size, axis.own) == ("tokens", 9, tuple((length,) for length in LENGTHS))
    page = tb_attention.export_html(tmp_path, tmp_path / "page.html", samples=[4, 6])
    assert page is None or page


def test_ids_do_not_depend_on_padding() -> None:
    padded = Samples(np.array([[1, 2, 0], [3, 4, 5]]), shapes=[(2,), (3,)])
    assert padded.ids[0] == Samples(np.array([[1, 2]])).ids[0]


def test_batches_of_several_lengths_are_counted_and_keep_examples(tmp_path: Path) -> None:
    model = texts()
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, padded_batches())
    model.fit(padded_batches(), verbose=0, epochs=2, callbacks=[callback])
    assert not callback.warnings.said
    predicted = [int(model(text[None])[0].numpy().argmax()) for text in TEXTS]
    expected = np.zeros((2, 2), int)
    np.add.at(expected, (Y, predicted), 1)
    log = tb_attention.load(tmp_path, tag="confusion")
    np.testing.assert_array_equal(log.confusion_matrix(step=1), expected)
    wrong = [example for example in log.examples(1) if example.truth != example.predicted]
    assert wrong
    shown = log.samples_of(1).inputs
    for sample in range(len(wrong)):
        text = np.array([int(token) for token in shown[sample][0]["tokens"]])
        weights = log.weights(1, sample, "attention")
        np.testing.assert_allclose(weights, own_attention(model, text), atol=1e-5)


def test_pictures_of_several_sizes_keep_their_grids(tmp_path: Path) -> None:
    model = pictures()
    tb_attention.log(model, PICTURES, tmp_path, step=0)
    log = tb_attention.load(tmp_path)
    inner = keras.Model(model.input, model.get_layer("cells").output)
    path = next(path for path in log.sites if "cells" in path)
    for sample, picture in enumerate(PICTURES):
        cells = np.asarray(inner(picture[None]))[0, ..., 0]
        np.testing.assert_allclose(log.weights(0, sample, path), cells.reshape(1, -1), atol=1e-5)
        assert log.samples.image(sample).shape == picture.shape
    axis = log.site(path).axes[-1]
    assert axis.own == ((4, 4), (4, 4), (6, 4), (6, 4))
    assert axis.of(0).grid == (4, 4)
    features = log.features(0, 3, next(path for path in log.sites if "channels" in path))
    assert features is not None
    assert features.shape == (4, 4, 4)


def test_a_matrix_is_logged_where_its_examples_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tb_attention.callbacks.cell_examples.ExampleKeeper.kept", lambda self: 1 / 0)
    model = texts()
    with pytest.warns(tb_attention.errors.AttentionWarning, match="examples of the cells of an epoch were lost"):
        model.fit(
            padded_batches(), verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, padded_batches())]
        )
    assert tb_attention.load(tmp_path, tag="confusion").confusion_matrix(step=0).sum() == 7
    assert "lost" in " ".join(status(tmp_path, "confusion")["notes"])


def test_ragged_tensors_reach_the_model_as_they_are(tmp_path: Path) -> None:
    tokens = keras.Input((None,), dtype="int32", ragged=True)
    x = layers.GlobalAveragePooling1D()(layers.Embedding(20, 4, embeddings_initializer="uniform")(tokens))
    model = keras.Model(tokens, layers.Dense(2, "softmax", kernel_initializer="ones", bias_initializer="ones")(x))
    model.layers[-1].set_weights([np.eye(4, 2) - np.eye(4, 2, 1), np.zeros(2)])
    model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    texts = tf.ragged.constant([text.tolist() for text in TEXTS], dtype=tf.int32)
    data = tf.data.Dataset.from_tensor_slices((texts, Y)).batch(3)
    model.fit(data, verbose=0, callbacks=[callback := tb_attention.ConfusionMatrixCallback(tmp_path, data)])
    expected = np.zeros((2, 2), int)
    np.add.at(expected, (Y, np.concatenate([model.predict_on_batch(x).argmax(1) for x, _ in data])), 1)
    log = tb_attention.load(tmp_path)
    np.testing.assert_array_equal(log.confusion_matrix(step=0), expected)
    shown = {tuple(described[0]["tokens"]) for described in log.samples_of(0).inputs}
    assert shown <= {tuple(map(str, text)) for text in TEXTS}
    ragged_labels = tf.data.Dataset.from_tensor_slices((texts, texts)).batch(3)
    with pytest.raises(tb_attention.errors.ArgumentError, match="Labels of `validation_data` must not be ragged"):
        model.fit(data, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, ragged_labels)])
    assert not [said for said in callback.warnings.said.values() if "lost" in said or "kept" in said]


def test_ragged_samples_have_their_lengths(tmp_path: Path) -> None:
    given = tf.ragged.constant([text.tolist() for text in TEXTS], dtype=tf.int32)
    model = texts()
    for source in ((given, Y), tf.data.Dataset.from_tensor_slices((given, Y)).batch(4)):
        tb_attention.log(model, source, tmp_path, step=0)
        for sample in (0, 4, 6):
            expected = own_attention(model, TEXTS[sample])
            np.testing.assert_allclose(tb_attention.load(tmp_path).weights(0, sample, "attention"), expected, atol=1e-5)


def test_a_number_for_the_whole_batch_reaches_a_subclassed_model(tmp_path: Path) -> None:
    class Scaled(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.attention, self.flatten = layers.MultiHeadAttention(2, 4, name="attention"), layers.Flatten()
            self.classes = layers.Dense(2, "softmax")

        def call(self, x: dict[str, Any]) -> Any:
            x = x["x"] * x["zoom"]
            return self.classes(self.flatten(self.attention(x, x)))

    x = RANDOM.normal(size=(7, 5, 4)).astype("float32")
    data = tf.data.Dataset.from_tensor_slices(({"x": x}, Y)).batch(4)
    data = data.map(lambda given, y: ({**given, "zoom": tf.constant(2.0)}, y))
    model = Scaled()
    model.compile("adam", "sparse_categorical_crossentropy")
    counted = tb_attention.ConfusionMatrixCallback(tmp_path, data)
    logged = tb_attention.AttentionCallback(tmp_path, data, max_samples=6)
    model.fit(data, verbose=0, callbacks=[counted, logged])
    assert not counted.warnings.said
    assert not logged.warnings.said
    assert tb_attention.load(tmp_path, tag="confusion").confusion_matrix(step=0).sum() == 7
    weights = [tb_attention.load(tmp_path, tag="attention").weights(0, sample, "attention") for sample in range(6)]
    expected = model.attention(2 * x[:6], 2 * x[:6], return_attention_scores=True)[1]
    np.testing.assert_allclose(weights, expected, atol=1e-5)
