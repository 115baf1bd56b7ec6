"""The examples of confused cells, and their attention at that step."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from sklearn.metrics import confusion_matrix

import tb_attention
from tb_attention.errors import ArgumentError, AttentionWarning
from tb_attention.records.reading.confusion_log import LoggedExample
from tb_attention.site import Axis

RANDOM = np.random.default_rng(0)
X = RANDOM.random((120, 8, 8, 1)).astype("float32")
Y = RANDOM.integers(0, 4, 120)
EPOCHS = 2


def build() -> keras.Model:
    keras.utils.set_random_seed(1)
    image = keras.Input((8, 8, 1), name="image")
    rows = layers.Dense(8)(layers.Reshape((8, 8))(image))
    seen = layers.MultiHeadAttention(2, 4, name="attention")(rows, rows)
    model = keras.Model(image, layers.Dense(4, activation="softmax")(layers.Flatten()(seen)))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(
    model: keras.Model, log_dir: Path, data: Any = (X, Y), **options: Any
) -> tb_attention.records.reading.reader.Log:
    callback = tb_attention.ConfusionMatrixCallback(log_dir, data, **options)
    model.fit(X[:64], Y[:64], epochs=EPOCHS, verbose=0, callbacks=[callback])
    return tb_attention.load(log_dir, tag="confusion")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, keras.Model]:
    """The log of a training, and its model."""
    model = build()
    return train(model, tmp_path_factory.mktemp("run")), model


def picture_of(log: Any, step: int, example: LoggedExample) -> np.ndarray:
    return log.samples_of(step).image(example.sample)


def test_every_example_is_of_its_cell_with_its_probability_and_loss(trained: Any) -> None:
    log, model = trained
    probabilities = model.predict(X, verbose=0)
    pictures = np.rint(X * 255).astype(int)
    found = log.examples(EPOCHS - 1)
    assert found
    for example in found:
        picture = picture_of(log, EPOCHS - 1, example).astype(int)
        index = int(np.abs(pictures - picture).reshape(len(X), -1).sum(1).argmin())
        assert (Y[index], probabilities[index].argmax()) == (example.truth, example.predicted)
        assert example.probability == pytest.approx(probabilities[index].max(), abs=1e-5)
        assert example.loss == pytest.approx(-np.log(probabilities[index, Y[index]]), abs=1e-4)
        assert log.samples_of(EPOCHS - 1).labels[example.sample] == Y[index]


def test_the_most_certain_and_a_few_random_examples_of_each_cell_are_kept(trained: Any) -> None:
    log, model = trained
    probabilities = model.predict(X, verbose=0)
    predicted = probabilities.argmax(1)
    matrix = confusion_matrix(Y, predicted, labels=range(4))
    np.testing.assert_array_equal(log.confusion_matrix(EPOCHS - 1), matrix)
    for truth, column in zip(*np.nonzero(matrix), strict=True):
        kept = log.examples(EPOCHS - 1, truth=truth, predicted=column)
        cell = probabilities[(truth == Y) & (predicted == column)].max(1)
        assert len(kept) == min(6, len(cell))
        certain = [example.probability for example in kept if example.kept == "certain"]
        np.testing.assert_allclose(certain, np.sort(cell)[::-1][:4], atol=1e-5)
        assert sum(example.kept == "random" for example in kept) == min(2, max(0, len(cell) - 4))


def test_the_attention_of_the_most_confused_is_that_of_this_step(trained: Any) -> None:
    log, model = trained
    step = EPOCHS - 1
    mapped = [example for example in log.examples(step) if example.has_maps]
    assert len(mapped) == 16
    assert all(example.truth != example.predicted for example in mapped)
    matrix = log.confusion_matrix(step) * (1 - np.eye(4, dtype=int))
    shown = {(example.truth, example.predicted) for example in mapped}
    left_out = [matrix[cell] for cell in np.ndindex(4, 4) if cell not in shown]
    assert max(left_out) <= min(matrix[cell] for cell in shown)
    rows = model.layers[2](model.layers[1](X))
    scores = np.asarray(model.get_layer("attention")(rows, rows, return_attention_scores=True)[1])
    pictures = np.rint(X * 255).astype(int)
    for example in mapped[:6]:
        index = int(np.abs(pictures - picture_of(log, step, example)).reshape(len(X), -1).sum(1).argmin())
        np.testing.assert_allclose(log.weights(step, example.sample, "attention"), scores[index], atol=1e-5)
        assert log.predictions(step)[example.sample].class_index == example.predicted
    assert log.site("attention").axes[-1].kind in ("grid", "positions", "frames")


def test_correctly_classified_examples_of_both_classes_have_a_mean(trained: Any) -> None:
    log, model = trained
    step = EPOCHS - 1
    rows = model.layers[2](model.layers[1](X))
    scores = np.asarray(model.get_layer("attention")(rows, rows, return_attention_scores=True)[1])
    pictures = np.rint(X * 255).astype(int)
    means = log._steps.entry(step).manifest.means
    assert means
    for mean in means:
        right = log.examples(step, mean.class_index, mean.class_index)[: mean.examples]
        assert len(right) == mean.examples
        indices = [
            int(np.abs(pictures - picture_of(log, step, example)).reshape(len(X), -1).sum(1).argmin())
            for example in right
        ]
        expected = scores[indices].mean(0)
        np.testing.assert_allclose(log.mean_weights(step, mean.class_index, "attention"), expected, atol=1e-5)


def test_the_same_input_has_the_same_id_as_a_tracked_sample(tmp_path: Path) -> None:
    model = build()
    callbacks = [
        tb_attention.AttentionCallback(tmp_path, (X[:120], Y[:120]), max_samples=120),
        tb_attention.ConfusionMatrixCallback(tmp_path, (X, Y)),
    ]
    model.fit(X[:64], Y[:64], verbose=0, callbacks=callbacks)
    log = tb_attention.load(tmp_path)
    assert log.tag == "attention"
    found = log.examples(0)
    assert {example.id for example in found} <= set(log.samples.ids)
    for example in [each for each in found if each.has_maps][:3]:
        matrices = tb_attention.load(tmp_path, tag="confusion")
        np.testing.assert_allclose(
            log.weights(0, example.id, "attention"), matrices.weights(0, example.id, "attention"), atol=1e-6
        )


class Batches(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return X[30 * index : 30 * (index + 1)], Y[30 * index : 30 * (index + 1)]


def generate() -> Any:
    for index in range(4):
        yield X[30 * index : 30 * (index + 1)], Y[30 * index : 30 * (index + 1)]


@pytest.mark.parametrize(
    "source",
    [lambda: tf.data.Dataset.from_tensor_slices((X, Y)).batch(30), Batches, lambda: generate],
    ids=["tf.data", "PyDataset", "generator"],
)
def test_every_kind_of_source_gives_the_same(trained: Any, tmp_path: Path, source: Any) -> None:
    log = train(build(), tmp_path, source())
    expected = trained[0]
    for step in range(EPOCHS):
        np.testing.assert_array_equal(log.confusion_matrix(step), expected.confusion_matrix(step))
        assert [example.id for example in log.examples(step)] == [example.id for example in expected.examples(step)]


def test_a_stream_of_any_length_is_kept_in_bounded_memory(tmp_path: Path) -> None:
    row = X[0].nbytes
    log = train(build(), tmp_path, max_example_bytes=10.5 * row)
    assert len(log.examples(0)) == 10
    # Of every cell that there is room for one, the most frequent first.
    cells = {(example.truth, example.predicted) for example in log.examples(0)}
    assert len(cells) == min(10, np.count_nonzero(log.confusion_matrix(0)))


def test_training_results_are_bit_identical_with_examples(tmp_path: Path) -> None:
    plain, ours = build(), build()
    plain.fit(X, Y, epochs=EPOCHS, verbose=0)
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, (X, Y), figures=True, scalars=True)
    ours.fit(X, Y, epochs=EPOCHS, verbose=0, callbacks=[callback])
    for a, b in zip(plain.variables, ours.variables, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_model_without_attention_has_examples_without_maps(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(4, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    log = train(model, tmp_path)
    assert log.examples(1)
    assert not any(example.has_maps for example in log.examples(1))


@pytest.mark.parametrize("options", [{"examples": 0}, {"attention_examples": 0}])
def test_attention_of_examples_is_left_out_on_request(tmp_path: Path, options: dict[str, int]) -> None:
    log = train(build(), tmp_path, **options)
    assert bool(log.examples(1)) == ("examples" not in options)
    assert not any(example.has_maps for example in log.examples(1))


def test_words_of_confused_texts_have_their_attention(tmp_path: Path) -> None:
    texts = np.array([f"word{i % 7} word{i % 5} word{i % 3}" for i in range(60)])
    vectorize = layers.TextVectorization(20, output_sequence_length=4)
    vectorize.adapt(texts)
    text = keras.Input((), dtype="string")
    embedded = layers.Embedding(20, 8)(vectorize(text))
    seen = layers.MultiHeadAttention(2, 4, name="attention")(embedded, embedded)
    model = keras.Model(text, layers.Dense(3, activation="softmax")(layers.Flatten()(seen)))
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    y = RANDOM.integers(0, 3, 60)
    data = tf.data.Dataset.from_tensor_slices((texts, y)).batch(20)
    model.fit(data, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, data)])
    log = tb_attention.load(tmp_path)
    example = next(each for each in log.examples(0) if each.has_maps)
    described = log.samples_of(0).inputs[example.sample][0]
    assert described["kind"] == "tokens"
    assert described["tokens"][:3] == described["text"].split()
    assert log.site("attention").axes[-1].kind == "tokens"
    assert log.weights(0, example.sample, "attention").shape == (2, 4, 4)


def test_a_failure_with_examples_costs_no_matrix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tb_attention.callbacks import example_maps

    def fail(*_: Any) -> None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(example_maps, "of_confused_cells", fail)
    with pytest.warns(AttentionWarning, match="examples of the cells of an epoch were lost"):
        log = train(build(), tmp_path)
    assert log.steps == [0, 1]
    assert log.examples(1) == []


def test_scores_and_pictures_go_to_the_other_tabs(tmp_path: Path) -> None:
    from sklearn.metrics import f1_score, recall_score
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    model = build()
    train(model, tmp_path, figures=True, scalars=True, class_names=["shirt", "coat", "shoe", "bag"])
    events = EventAccumulator(str(tmp_path), size_guidance={"tensors": 0, "images": 0})
    events.Reload()
    last = functools.partial(lambda tag: events.Tensors(tag)[-1].tensor_proto)
    predicted = model.predict(X, verbose=0).argmax(1)
    expected = f1_score(Y, predicted, average="macro")
    assert last("confusion/validation_macro_f1").float_val[0] == pytest.approx(expected)
    worst = recall_score(Y, predicted, average=None).min()
    assert last("confusion/validation_worst_recall").float_val[0] == pytest.approx(worst)
    width, height, png = last("confusion/validation_figure").string_val
    assert png.startswith(b"\x89PNG")
    assert keras.utils.img_to_array(tf.io.decode_png(png)).shape[:2] == (int(height), int(width))
    plugins = {tag: events.SummaryMetadata(tag).plugin_data.plugin_name for tag in events.Tags()["tensors"]}
    assert plugins["confusion/validation_figure"] == "images"
    assert plugins["confusion/validation_macro_f1"] == "scalars"


@pytest.mark.parametrize("kind", ["arrays", "dataset"])
def test_a_name_that_is_no_site_is_refused_before_training(tmp_path: Path, kind: str) -> None:
    data = (X, Y) if kind == "arrays" else tf.data.Dataset.from_tensor_slices((X, Y)).batch(16)
    axis = Axis("key", 8, "tokens")
    for named, sentence in (({"sites": ["atention"]}, "sites"), ({"axes": {"atention": [axis]}}, "axes")):
        model = build()
        before = model.get_weights()
        with pytest.raises(ArgumentError, match=f"`{sentence}`.*atention"):
            train(model, tmp_path, data, **named)
        for now, then in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(now, then)
    assert train(build(), tmp_path, data, sites=["attention"]).sites == ["attention"]
