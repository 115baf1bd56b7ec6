"""The kind of an output, from its loss, its shape and the labels; outputs without classes are refused."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from sklearn.metrics import confusion_matrix

import tb_attention
from tb_attention.callbacks.class_kinds import read_kind
from tb_attention.callbacks.label_facts import describe_labels
from tb_attention.callbacks.losses import read_loss
from tb_attention.callbacks.model_outputs import outputs_of
from tb_attention.callbacks.shown_output import read_predictions
from tb_attention.errors import ArgumentError, AttentionWarning, NotInLogError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(30, 5)).astype("float32")
TOPIC, URGENT, PRICE = RANDOM.integers(0, 4, 30), RANDOM.integers(0, 2, (30, 1)), RANDOM.random((30, 1)) * 9
SPARSE = "sparse_categorical_crossentropy"


def own_loss(y: Any, p: Any) -> Any:
    return ops.mean(y * p)


def own_quantiles(y: Any, p: Any) -> Any:
    return ops.mean(ops.maximum(0.9 * (y - p), -0.1 * (y - p)), -1)


def made_by_dice(smooth: float) -> Any:
    def loss(y: Any, p: Any) -> Any:
        return smooth - ops.mean(y * p)

    return loss


class OrdinalCrossentropy(keras.losses.Loss):
    """A score for each class, whose errors weigh more the farther they are."""

    def call(self, y: Any, p: Any) -> Any:
        away = ops.cast(ops.abs(ops.argmax(y, 1) - ops.argmax(p, 1)), p.dtype)
        return (1 + away) * keras.losses.categorical_crossentropy(y, p)


def own_focal(y: Any, p: Any) -> Any:
    return ops.mean((1 - p) ** 2 * y)


def one_output(units: int, activation: str | None, loss: Any, shape: tuple[int, ...] = (5,)) -> keras.Model:
    x = keras.Input(shape)
    model = keras.Model(x, layers.Dense(units, activation)(x))
    model.compile("sgd", loss)
    return model


EYE = np.eye(3, dtype="float32")[RANDOM.integers(0, 3, 30)]
MANY = RANDOM.integers(0, 2, (30, 3))
KINDS: list[tuple[str, int, str | None, Any, Any, str]] = [
    ("regression", 1, None, "mse", PRICE, "none"),
    ("three targets", 3, None, keras.losses.Huber(), RANDOM.normal(size=(30, 3)), "none"),
    ("three targets, own loss", 3, None, own_quantiles, RANDOM.normal(size=(30, 3)), "none"),
    ("quantiles of whole numbers", 3, None, own_quantiles, RANDOM.integers(0, 90, (30, 1)), "none"),
    ("mse of 0 and 1", 1, "sigmoid", "mse", URGENT, "binary"),
    ("mse of one-hot rows", 3, "softmax", "mse", EYE, "classes"),
    ("distances", 3, None, keras.losses.Circle(), TOPIC, "none"),
    ("aligned sequences", 3, None, keras.losses.CTC(), TOPIC, "none"),
    ("squared hinge is a hinge", 1, "tanh", "squared_hinge", URGENT * 2 - 1, "binary"),
    ("hinge of one-hot rows", 3, None, "squared_hinge", EYE * 2 - 1, "classes"),
    ("hinge of several labels", 3, None, "hinge", MANY * 2 - 1, "labels"),
    ("categorical hinge", 3, None, keras.losses.CategoricalHinge(), EYE, "classes"),
    ("ordinal with a score for each class", 3, "softmax", OrdinalCrossentropy(), EYE, "classes"),
    ("divergence", 3, "softmax", "kld", EYE, "classes"),
    ("focal", 3, "softmax", keras.losses.CategoricalFocalCrossentropy(), EYE, "classes"),
    ("binary focal", 1, "sigmoid", keras.losses.BinaryFocalCrossentropy(), URGENT, "binary"),
    ("crossentropy, Keras chooses", 1, "sigmoid", "crossentropy", URGENT, "binary"),
    ("own focal of one-hot rows", 3, "softmax", own_focal, EYE, "classes"),
    ("own loss, several labels", 3, "sigmoid", own_focal, MANY, "labels"),
    ("own loss, softmax, indices", 4, "softmax", own_focal, TOPIC, "classes"),
    ("own loss, logits of one unit", 1, None, own_focal, URGENT, "none"),
    ("softmax with binary loss", 3, "softmax", "binary_crossentropy", EYE, "classes"),
    ("several labels", 3, "sigmoid", "binary_crossentropy", MANY, "labels"),
    ("mse of 0 alone", 1, "sigmoid", "mse", URGENT * 0, "none"),
    ("mse of 0 and 1, linear", 1, "linear", "mse", URGENT, "none"),
    ("mse of rows of 0 and 1", 3, "sigmoid", "mse", EYE * (RANDOM.random((30, 1)) > 0.5), "none"),
    ("pictures in one row", 3, "sigmoid", "binary_crossentropy", RANDOM.random((30, 3)), "none"),
    ("shares", 1, "sigmoid", "binary_crossentropy", PRICE / 9, "none"),
    ("smoothed labels", 1, "sigmoid", "binary_crossentropy", URGENT * 0.9 + 0.05, "binary"),
    ("several smoothed labels", 3, "sigmoid", "binary_crossentropy", MANY * 0.9 + 0.05, "labels"),
    ("partial", 1, None, functools.partial(keras.losses.binary_crossentropy, from_logits=True), URGENT, "binary"),
    ("labels of another length", 4, "softmax", SPARSE, RANDOM.integers(0, 4, (30, 7)), "none"),
]


@pytest.mark.parametrize(("what", "units", "activation", "loss", "y", "kind"), KINDS, ids=[row[0] for row in KINDS])
def test_the_kind_is_inferred_from_loss_shape_and_labels(
    what: str, units: int, activation: str | None, loss: Any, y: Any, kind: str
) -> None:
    [output] = outputs_of(one_output(units, activation, loss))
    reading = read_kind(output, describe_labels(y))
    assert reading.kind == kind, (what, reading)
    assert bool(reading.reason) == (kind == "none")


def test_what_is_no_class_is_refused_at_the_start_with_the_reason(tmp_path: Path) -> None:
    for loss, y, sentence in (
        ("mse", PRICE, "which compares numbers and not classes"),
        (own_loss, RANDOM.normal(size=(30, 1)), "has one score, and labels other than 0 and 1, such as"),
        (own_focal, URGENT, r"does not say from which score on the answer is yes. `threshold=0.0`"),
    ):
        model = one_output(1, None, loss)
        with pytest.raises(ArgumentError, match=sentence):
            model.fit(X, y, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, (X, y))])
    assert tb_attention.load(tmp_path).tags == []
    model = one_output(3, "softmax", SPARSE)
    data = tf.data.Dataset.from_tensor_slices({"image": X, "label": TOPIC}).batch(8)
    with pytest.raises(ArgumentError, match=r"without labels nothing can be counted\. Received: a dict with"):
        model.fit(X, TOPIC % 3, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, data)])


@pytest.mark.parametrize("labels", ["-1 and 1", "0 and 1", "metric"])
def test_hinge_losses_are_counted_by_the_sign(tmp_path: Path, labels: str) -> None:
    keras.utils.set_random_seed(1)
    truth = URGENT[:, 0]
    y = truth if labels == "0 and 1" else truth * 2 - 1
    x = keras.Input((5,))
    model = keras.Model(x, layers.Dense(1, "tanh")(x))
    metric = tb_attention.ConfusionMatrix(2, signed=True)
    model.compile("sgd", keras.losses.Hinge(), metrics=[metric] if labels == "metric" else None)
    data = None if labels == "metric" else (X, y)
    callbacks = [
        tb_attention.ConfusionMatrixCallback(tmp_path, data),
        tb_attention.AttentionCallback(tmp_path, (X[:9], y[:9])),
    ]
    with pytest.warns(AttentionWarning, match="No attention was found"):
        model.fit(X, y, validation_data=(X, y), verbose=0, callbacks=callbacks)
    log, scores = tb_attention.load(tmp_path, tag="attention"), model.predict(X, verbose=0)[:, 0]
    np.testing.assert_array_equal(log.confusion_matrix(0, tag="confusion"), confusion_matrix(truth, scores >= 0))
    assert list(log.samples.labels) == truth[:9].tolist()
    assert [each.class_index for each in log.predictions(0) if each] == (scores[:9] >= 0).astype(int).tolist()


def test_a_metric_that_does_not_fit_the_loss_is_refused(tmp_path: Path) -> None:
    for loss, sentence in (
        ("hinge", r"ConfusionMatrix\(2, signed=True\)"),
        (keras.losses.BinaryCrossentropy(from_logits=True), r"ConfusionMatrix\(2, from_logits=True\)"),
    ):
        x = keras.Input((5,))
        model = keras.Model(x, layers.Dense(1)(x))
        model.compile("sgd", loss, metrics=[tb_attention.ConfusionMatrix(2)])
        with pytest.raises(ArgumentError, match=sentence):
            model.fit(X, URGENT, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path)])


class Coral(keras.losses.Loss):
    """Cao et al. 2020: whether the class lies above each threshold."""

    def __init__(self, from_logits: bool = True) -> None:
        super().__init__(name="coral_ordinal")
        self.logits = from_logits

    def call(self, y: Any, p: Any) -> Any:
        above = ops.cast(ops.cast(ops.reshape(y, (-1, 1)), "int32") > ops.arange(p.shape[-1]), p.dtype)
        p = ops.sigmoid(p) if self.logits else p
        return -ops.sum(above * ops.log(p) + (1 - above) * ops.log(1 - p), -1)


class Corn(keras.losses.Loss):
    """Shi et al. 2023: each threshold given that the class lies above the one before."""

    def call(self, y: Any, p: Any) -> Any:
        y, steps = ops.cast(ops.reshape(y, (-1, 1)), "int32"), ops.arange(p.shape[-1])
        above, counts, chance = (
            ops.cast(y > steps, p.dtype),
            ops.cast(y >= steps, p.dtype),
            ops.log_sigmoid(p),
        )
        return -ops.sum(counts * (chance * above + (chance - p) * (1 - above)), -1)


def corn_of_something_else(y: Any, p: Any) -> Any:
    return ops.mean((ops.cast(ops.reshape(y, (-1, 1)), p.dtype) - ops.sum(p, -1, keepdims=True)) ** 2, -1)


SIGMOID = 1 / (1 + np.exp(-RANDOM.normal(size=(30, 3))))


@pytest.mark.parametrize(
    ("loss", "activation", "classes_of"),
    [
        (Coral(), None, lambda scores: (scores > 0).sum(1)),
        (Coral(False), "sigmoid", lambda scores: (scores > 0.5).sum(1)),
        (Corn(), None, lambda scores: (np.cumprod(1 / (1 + np.exp(-scores)), 1) > 0.5).sum(1)),
    ],
    ids=["CORAL", "CORAL of probabilities", "CORN"],
)
def test_ordinal_outputs_are_counted_by_thresholds(
    tmp_path: Path, loss: Any, activation: str | None, classes_of: Any
) -> None:
    keras.utils.set_random_seed(2)
    model = one_output(3, activation, loss)
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, (X, TOPIC), class_names=list("abcd"))
    model.fit(X, TOPIC, verbose=0, callbacks=[callback])
    log, scores = tb_attention.load(tmp_path), model.predict(X, verbose=0)
    np.testing.assert_array_equal(log.confusion_matrix(0), confusion_matrix(TOPIC, classes_of(scores), labels=range(4)))
    told = read_predictions(scores, model, 30, TOPIC.tolist())
    assert [each.class_index for each in told if each] == classes_of(scores).tolist()
    for example in log.examples(0):
        assert 0 <= example.probability <= 1


def test_an_ordinal_loss_of_another_kind_is_refused(tmp_path: Path) -> None:
    model = one_output(3, None, corn_of_something_else)
    with pytest.raises(ArgumentError, match="it is not known how 3 scores become a class"):
        model.fit(X, TOPIC, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, (X, TOPIC))])


def test_class_indices_that_the_model_returns_are_counted(tmp_path: Path) -> None:
    x = keras.Input((5,))
    scores = layers.Dense(4, "softmax", name="scores")(x)
    model = keras.Model(x, {"scores": scores, "index": ops.argmax(scores, -1)})
    model.compile("sgd", {"scores": SPARSE})
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, (X, {"scores": TOPIC, "index": TOPIC}), output="index")
    model.fit(X, {"scores": TOPIC}, verbose=0, callbacks=[callback])
    log = tb_attention.load(tmp_path)
    expected = confusion_matrix(TOPIC, model.predict(X, verbose=0)["scores"].argmax(1), labels=range(4))
    np.testing.assert_array_equal(log.confusion_matrix(0), expected)
    assert log.examples(0) == []


@pytest.mark.parametrize(("activation", "from_logits"), [("softmax", False), (None, True)])
def test_a_softmax_gives_probabilities_whatever_its_loss_says(activation: str | None, from_logits: bool) -> None:
    [output] = outputs_of(one_output(2, activation, keras.losses.SparseCategoricalCrossentropy(from_logits=True)))
    reading = read_kind(output, describe_labels(URGENT))
    assert (reading.kind, reading.from_logits) == ("classes", from_logits)


def test_indices_of_two_classes_have_no_curve(tmp_path: Path) -> None:
    x = keras.Input((5,))
    scores = layers.Dense(2, "softmax", name="scores")(x)
    model = keras.Model(x, {"scores": scores, "index": ops.argmax(scores, -1)})
    model.compile("sgd", {"scores": SPARSE})
    y = TOPIC % 2
    callback = tb_attention.ConfusionMatrixCallback(
        tmp_path, (X, {"scores": y, "index": y}), output="index", class_names=["no", "yes"]
    )
    model.fit(X, {"scores": y}, verbose=0, callbacks=[callback])
    log = tb_attention.load(tmp_path)
    assert log.confusion_matrix(0).sum() == len(y)
    with pytest.raises(NotInLogError, match="no histogram"):
        log.score_histogram(0)


def dice(y: Any, p: Any) -> Any:
    y = ops.cast(ops.reshape(y, ops.shape(p)), p.dtype)
    return 1 - 2 * ops.sum(y * p) / (ops.sum(y + p) + 1)


@pytest.mark.parametrize("labels_channel", [False, True])
@pytest.mark.parametrize("scores_channel", [False, True])
@pytest.mark.parametrize("width", [2, 4])
def test_masks_of_one_score_a_pixel_are_two_classes(
    tmp_path: Path, labels_channel: bool, scores_channel: bool, width: int
) -> None:
    x = RANDOM.random((6, 4, width, 1)).astype("float32")
    image = keras.Input((4, width, 1))
    mask = layers.Conv2D(1, 1, activation="sigmoid")(image)
    model = keras.Model(image, mask if scores_channel else layers.Reshape((4, width))(mask))
    model.compile("sgd", dice)
    y = (x > 0.5) if labels_channel else (x > 0.5)[..., 0].astype(int)
    model.fit(x, y, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, (x, y))])
    expected = confusion_matrix((x > 0.5).ravel(), model.predict(x, verbose=0).ravel() >= 0.5, labels=[False, True])
    np.testing.assert_array_equal(tb_attention.load(tmp_path).confusion_matrix(0), expected)


def dice_plus_bce(y: Any, p: Any) -> Any:
    return dice(y, p) + ops.mean(keras.losses.binary_crossentropy(y, p))


@pytest.mark.parametrize("loss", [dice, dice_plus_bce, "binary_crossentropy"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_masks_of_several_units_are_classes_or_independent_labels(tmp_path: Path, loss: Any, wrapped: bool) -> None:
    x = RANDOM.random((6, 4, 5, 2)).astype("float32")
    classes = RANDOM.integers(0, 3, (6, 4, 5))
    one_hot = np.eye(3, dtype="float32")[classes]

    def build(activation: str) -> keras.Model:
        image = keras.Input((4, 5, 2))
        if wrapped:
            scores = layers.Activation(activation)(layers.UpSampling2D(1)(layers.Conv2D(3, 1)(image)))
        else:
            scores = layers.Conv2D(3, 1, activation=activation)(image)
        model = keras.Model(image, scores)
        model.compile("sgd", loss)
        return model

    model = build("softmax")
    model.fit(x, one_hot, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, (x, one_hot))])
    expected = confusion_matrix(classes.ravel(), model.predict(x, verbose=0).argmax(-1).ravel(), labels=range(3))
    np.testing.assert_array_equal(tb_attention.load(tmp_path).confusion_matrix(0), expected)

    overlapping = (RANDOM.random((6, 4, 5, 3)) > 0.5).astype("float32")
    model = build("sigmoid")
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, (x, overlapping))
    with pytest.raises(ArgumentError, match="several units, each a yes or no of its own"):
        model.fit(x, overlapping, verbose=0, callbacks=[callback])
    callback = tb_attention.ConfusionMatrixCallback(tmp_path / "labels", (x, overlapping), multi_label=True)
    model.fit(x, overlapping, verbose=0, callbacks=[callback])
    counts = tb_attention.load(tmp_path / "labels").label_counts(0)
    predicted = model.predict(x, verbose=0) >= 0.5
    for label in range(3):
        by_hand = confusion_matrix(overlapping[..., label].ravel() > 0.5, predicted[..., label].ravel())
        np.testing.assert_array_equal(counts[label], by_hand)


def test_pictures_as_labels_are_no_classes(tmp_path: Path) -> None:
    x = RANDOM.random((8, 6, 6, 1)).astype("float32")

    def build() -> keras.Model:
        image = keras.Input((6, 6, 1))
        model = keras.Model(image, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(image))
        model.compile("sgd", "binary_crossentropy")
        return model

    with pytest.raises(ArgumentError, match="has one score, and labels between 0 and 1 that are no classes, such as 0"):
        build().fit(x, x, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, (x, x))])
    data = tf.data.Dataset.from_tensor_slices((x, x)).batch(4)
    with pytest.warns(AttentionWarning, match="labels between 0 and 1 that are no classes"):
        build().fit(data, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, data)])
    assert not list(tmp_path.rglob("step-*"))
    model = build()
    model.fit(x, x, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, (x, x), threshold=0.5)])
    expected = confusion_matrix(x.ravel() > 0.5, model.predict(x, verbose=0).ravel() >= 0.5)
    np.testing.assert_array_equal(tb_attention.load(tmp_path).confusion_matrix(0), expected)


def test_a_loss_is_recognised_by_its_class_its_name_or_its_wrapped_function() -> None:
    class Tversky(keras.losses.Loss):
        def call(self, y: Any, p: Any) -> Any:
            return ops.mean(y - p)

    families = {
        "squared_hinge": "hinge",
        "SparseCategoricalCrossentropy": "categorical",
        keras.losses.LogCosh(): "regression",
        keras.losses.KLDivergence(): "categorical",
        keras.losses.Dice(): "overlap",
        keras.losses.CosineSimilarity(): "regression",
        Tversky(name="segmentation"): "overlap",
        own_focal: "overlap",
        own_quantiles: "regression",
        made_by_dice(1.0): "overlap",
        (lambda y, p: p): "unknown",
    }
    for loss, family in families.items():
        assert read_loss(loss).family == family, loss
    assert read_loss(keras.losses.BinaryCrossentropy(from_logits=True)).from_logits
    assert read_loss("binary_crossentropy").from_logits is False
    assert read_loss(own_focal).from_logits is None


def test_a_threshold_says_what_a_custom_loss_does_not(tmp_path: Path) -> None:
    model = one_output(1, None, own_focal)
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, (X, URGENT), threshold=0.0)
    model.fit(X, URGENT, verbose=0, callbacks=[callback])
    expected = confusion_matrix(URGENT[:, 0], model.predict(X, verbose=0)[:, 0] >= 0)
    np.testing.assert_array_equal(tb_attention.load(tmp_path).confusion_matrix(0), expected)
