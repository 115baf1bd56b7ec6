"""The label, weight, prediction and loss of each output, in every form that Keras takes; and outputs without classes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from sklearn.metrics import confusion_matrix

import tb_attention
from tb_attention.callbacks.model_outputs import MISSING, outputs_of
from tb_attention.callbacks.shown_output import ShownOutput, read_predictions
from tb_attention.errors import ArgumentError, AttentionWarning, NotInLogError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(30, 5)).astype("float32")
TOPIC, URGENT, PRICE = RANDOM.integers(0, 4, 30), RANDOM.integers(0, 2, (30, 1)), RANDOM.random((30, 1)) * 9
LABELS = {"topic": TOPIC, "urgent": URGENT, "price": PRICE}
LOSSES = {"urgent": "binary_crossentropy", "topic": "sparse_categorical_crossentropy", "price": "mse"}
WEIGHTS = {name: RANDOM.choice([0.0, 1.0, 2.5], 30) for name in LABELS}
ORDER = ("urgent", "topic", "price")
SPARSE = "sparse_categorical_crossentropy"


def model_of(form: str, losses: Any = None) -> keras.Model:
    """Three heads in a dict, a list, or nested; none is called like its key in a dict."""
    keras.utils.set_random_seed(3)
    x = keras.Input((5,))
    names = ORDER if form == "list" else [f"{name}_layer" for name in ORDER]
    urgent, topic, price = (
        layers.Dense(1, "sigmoid", name=names[0])(x),
        layers.Dense(4, "softmax", name=names[1])(x),
        layers.Dense(1, name=names[2])(x),
    )
    outputs = {
        "dict": {"urgent": urgent, "topic": topic, "price": price},
        "list": [urgent, topic, price],
        "nested": {"classes": {"urgent": urgent, "topic": topic}, "price": price},
    }[form]
    model = keras.Model(x, outputs)
    nested = {"classes": {name: LOSSES[name] for name in ("urgent", "topic")}, "price": "mse"}
    model.compile("sgd", losses or {"dict": LOSSES, "list": LOSSES, "nested": nested}[form])
    return model


FORMS: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("dict", lambda parts: parts),
    ("dict", lambda parts: dict(reversed(parts.items()))),
    ("dict", lambda parts: [parts[name] for name in sorted(parts)]),
    ("list", lambda parts: parts),
    ("list", lambda parts: [parts[name] for name in ORDER]),
    ("list", lambda parts: tuple(parts[name] for name in ORDER)),
    ("nested", lambda parts: {"price": parts["price"], "classes": {name: parts[name] for name in ("topic", "urgent")}}),
]


@pytest.mark.parametrize(("form", "arrange"), FORMS)
def test_labels_weights_and_predictions_find_their_output(form: str, arrange: Any) -> None:
    outputs = outputs_of(model_of(form))
    returned = model_of(form).predict(X, verbose=0)
    flat = {"price": 1, "topic": 4, "urgent": 1}
    seen = {}
    for output in outputs:
        name = str(output.name).rsplit("/", 1)[-1]
        seen[name] = output
        assert outputs.label(output, arrange(LABELS)) is LABELS[name]
        assert outputs.weight(output, arrange(WEIGHTS)) is WEIGHTS[name]
        assert outputs.weight(output, WEIGHTS["topic"]) is WEIGHTS["topic"]
        assert outputs.prediction(output, returned).shape == (30, flat[name])
        assert output.loss.name == LOSSES[name]
    assert set(seen) == set(LABELS)
    assert (seen["topic"].activation, seen["urgent"].activation, seen["price"].activation) == (
        "softmax",
        "sigmoid",
        "linear",
    )


def test_labels_of_outputs_without_loss_may_be_left_out() -> None:
    outputs = outputs_of(model_of("dict", {"topic": SPARSE}))
    for y in (TOPIC, {"topic": TOPIC}, [TOPIC]):
        found = {output.name: outputs.label(output, y) for output in outputs}
        assert found["topic"] is TOPIC
        assert found["urgent"] is MISSING
        assert found["price"] is MISSING


@pytest.mark.parametrize(("form", "arrange"), FORMS[:1] + FORMS[4:5] + FORMS[6:])
def test_each_output_is_counted_with_its_own_labels_and_weights(tmp_path: Path, form: str, arrange: Any) -> None:
    model = model_of(form)
    data = (X, arrange(LABELS), arrange(WEIGHTS))
    model.fit(X, arrange(LABELS), verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, data)])
    outputs, returned = outputs_of(model), model.predict(X, verbose=0)
    scores = {str(o.name).rsplit("/", 1)[-1]: outputs.prediction(o, returned) for o in outputs}
    log, prefix = tb_attention.load(tmp_path), "confusion/classes/" if form == "nested" else "confusion/"
    assert sorted(log.tags) == [f"{prefix}topic", f"{prefix}urgent"]
    for name, predicted in (("topic", scores["topic"].argmax(1)), ("urgent", scores["urgent"][:, 0] >= 0.5)):
        expected = confusion_matrix(LABELS[name].ravel(), predicted, sample_weight=WEIGHTS[name])
        np.testing.assert_allclose(log.confusion_matrix(0, tag=prefix + name), expected)


def test_samples_show_labels_and_predictions_of_one_output(tmp_path: Path) -> None:
    model = model_of("list")
    with pytest.warns(AttentionWarning, match="No attention was found in this model"):
        tb_attention.log(model, (X[:9], [LABELS[name][:9] for name in ORDER]), tmp_path, step=0)
    log = tb_attention.load(tmp_path)
    assert list(log.samples.labels) == URGENT[:9, 0].tolist()
    told = [prediction.class_index for prediction in log.predictions(0) if prediction]
    assert told == (model.predict(X[:9], verbose=0)[0][:, 0] >= 0.5).astype(int).tolist()


class WithMap(keras.Model):
    """Gives out its attention beside the prediction, before it in the order of keys."""

    def __init__(self) -> None:
        super().__init__()
        self.score, self.out = layers.Dense(1), layers.Dense(3, activation="softmax")

    def call(self, x: Any) -> Any:
        weights = ops.softmax(self.score(x)[..., 0])
        return {"attention": weights, "topic": self.out(ops.einsum("bt,btd->bd", weights, x))}


def test_an_attention_map_next_to_the_prediction_is_no_class(tmp_path: Path) -> None:
    x, y = RANDOM.normal(size=(20, 6, 4)).astype("float32"), RANDOM.integers(0, 3, 20)
    for loss, labels in (({"topic": SPARSE}, {"topic": y}), (None, y)):
        model = WithMap()
        model(x[:1])
        if loss is not None:
            model.compile("sgd", loss)
        shown = ShownOutput()
        assert shown.labels(model, x, labels) is y
        told = read_predictions(model.predict(x, verbose=0), model, 20, y.tolist(), shown=shown)
        if loss is None:
            assert told == (None,) * 20  # two outputs that sum to 1, and nobody said which is the class
        else:
            assert [each.class_index for each in told if each] == model.predict(x, verbose=0)["topic"].argmax(
                1
            ).tolist()
    model.compile("sgd", {"topic": SPARSE})
    data = tf.data.Dataset.from_tensor_slices((x, {"topic": y})).batch(8)
    model.fit(data, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, data)])
    expected = confusion_matrix(y, model.predict(x, verbose=0)["topic"].argmax(1), labels=range(3))
    np.testing.assert_array_equal(tb_attention.load(tmp_path).confusion_matrix(0), expected)


def test_a_series_that_was_never_counted_shows_no_matrix_of_another_output(tmp_path: Path) -> None:
    model = model_of("dict")
    nowhere = {**LABELS, "urgent": np.full((30, 1), -1)}
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, (X, nowhere), ignore_class=-1)
    with pytest.warns(AttentionWarning, match="Nothing of the output 'urgent' was counted"):
        model.fit(X, LABELS, verbose=0, callbacks=[callback])
    assert tb_attention.load(tmp_path, tag="confusion/topic").confusion_matrix(0).sum() == 30
    log = tb_attention.load(tmp_path, tag="confusion/urgent")
    with pytest.raises(NotInLogError, match=r"'confusion/urgent' holds no step. .* matrices in: \['confusion/topic'\]"):
        log.confusion_matrix(0)


def test_multi_label_concerns_the_outputs_that_may_have_several(tmp_path: Path) -> None:
    x, tags = keras.Input((5,)), RANDOM.integers(0, 2, (30, 3))
    model = keras.Model(x, {"tags": layers.Dense(3, "sigmoid")(x), "topic": layers.Dense(4, "softmax")(x)})
    model.compile("sgd", {"tags": "binary_crossentropy", "topic": SPARSE})
    y = {"tags": tags, "topic": TOPIC}
    with pytest.raises(ArgumentError, match="'tags' has several units, each a yes or no of its own"):
        model.fit(X, y, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, (X, y))])
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, (X, y), multi_label=True)
    model.fit(X, y, verbose=0, callbacks=[callback])
    log, scores = tb_attention.load(tmp_path), model.predict(X, verbose=0)
    np.testing.assert_array_equal(log.confusion_matrix(0, tag="confusion/tags"), tags.T @ (scores["tags"] >= 0.5))
    expected = confusion_matrix(TOPIC, scores["topic"].argmax(1), labels=range(4))
    np.testing.assert_array_equal(log.confusion_matrix(0, tag="confusion/topic"), expected)
