"""Matrices of every kind of model: several outputs, independent labels, one unit, pixels, names as labels, replicas."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from sklearn.metrics import confusion_matrix, multilabel_confusion_matrix, roc_auc_score

import tb_attention
from tb_attention.errors import ArgumentError, AttentionWarning

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 6)).astype("float32")
Y = RANDOM.integers(0, 3, 60)
NAMES = ["ham", "spam", "news"]


def build(units: int = 3, activation: str | None = "softmax") -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((6,)), layers.Dense(units, activation=activation)])


def two_outputs() -> keras.Model:
    keras.utils.set_random_seed(1)
    x = keras.Input((6,))
    outputs = {
        "digit": layers.Dense(3, activation="softmax", name="digit")(x),
        "size": layers.Dense(1, name="size")(x),
        "odd": layers.Dense(1, activation="sigmoid", name="odd")(x),
    }
    return keras.Model(x, outputs)


LABELS = {"digit": Y, "size": X[:, 0], "odd": Y % 2}
LOSSES = {"digit": "sparse_categorical_crossentropy", "size": "mse", "odd": "binary_crossentropy"}


@pytest.mark.parametrize("way", ["second pass", "metric"])
def test_every_output_that_holds_classes_has_a_series(tmp_path: Path, way: str) -> None:
    model = two_outputs()
    metrics = {"digit": [tb_attention.ConfusionMatrix(3)], "odd": tb_attention.ConfusionMatrix(2)}
    model.compile("adam", LOSSES, metrics=metrics if way == "metric" else None)
    data = (X, LABELS) if way == "second pass" else None
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, data)
    model.fit(X, LABELS, validation_data=(X, LABELS), epochs=2, verbose=0, callbacks=[callback])
    log = tb_attention.load(tmp_path)
    assert log.tags == ["confusion/digit", "confusion/odd"]
    predicted = model.predict(X, verbose=0)
    expected = {"digit": (Y, predicted["digit"].argmax(1)), "odd": (Y % 2, predicted["odd"][:, 0] >= 0.5)}
    for name, (truth, told) in expected.items():
        np.testing.assert_array_equal(
            log.confusion_matrix(1, tag=f"confusion/{name}"),
            confusion_matrix(truth, told, labels=np.arange(3 - (name == "odd"))),
        )
        assert tb_attention.load(tmp_path, tag=f"confusion/{name}")._steps.entry(1).manifest.output == name
    assert log.score_histogram(1, tag="confusion/odd").sum() == 60


def test_one_output_of_several_can_be_chosen(tmp_path: Path) -> None:
    model = two_outputs()
    model.compile("adam", LOSSES)
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, (X, LABELS), output="odd")
    model.fit(X, LABELS, verbose=0, callbacks=[callback])
    assert tb_attention.load(tmp_path).tags == ["confusion"]
    wrong = tb_attention.ConfusionMatrixCallback(tmp_path, (X, LABELS), output="even")
    with pytest.raises(ArgumentError, match=r"`output` must be one of .* Received: output='even'"):
        model.fit(X, LABELS, verbose=0, callbacks=[wrong])


@pytest.mark.parametrize("way", ["second pass", "metric"])
def test_independent_labels_have_a_matrix_each(tmp_path: Path, way: str) -> None:
    truth = RANDOM.integers(0, 2, (60, 3))
    model = build(3, "sigmoid")
    metrics = [tb_attention.ConfusionMatrix(3, multi_label=True)] if way == "metric" else None
    model.compile("adam", "binary_crossentropy", metrics=metrics)
    callback = tb_attention.ConfusionMatrixCallback(
        tmp_path, (X, truth) if way == "second pass" else None, multi_label=True, scalars=True
    )
    model.fit(X, truth, validation_data=(X, truth), verbose=0, callbacks=[callback])
    log = tb_attention.load(tmp_path)
    called = (model.predict(X, verbose=0) >= 0.5).astype(int)
    np.testing.assert_array_equal(log.label_counts(0), multilabel_confusion_matrix(truth, called))
    np.testing.assert_array_equal(log.confusion_matrix(0), truth.T @ called)
    assert log.score_histogram(0).shape == (3, 2, 256)
    manifest = log._steps.entry(0).manifest
    assert (manifest.kind, manifest.threshold) == ("labels", 0.5)
    assert manifest.splits["validation"].examples == 60
    for example in log.examples(0):
        if example.truth != example.predicted:
            assert example.probability >= 0.5


def test_one_unit_has_scores_and_examples(tmp_path: Path) -> None:
    model = build(1, None)
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    y = (Y > 0).astype("float32")
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, (X, y), class_names=["no", "yes"])
    model.fit(X, y, verbose=0, callbacks=[callback])
    log = tb_attention.load(tmp_path)
    scores = model.predict(X, verbose=0)[:, 0]
    expected = np.histogram(1 / (1 + np.exp(-scores[y == 1])), 256, (0, 1))[0]
    np.testing.assert_array_equal(log.score_histogram(0)[0, 1], expected)
    assert log._steps.entry(0).manifest.kind == "binary"
    assert log._steps.entry(0).manifest.threshold == 0.5
    assert all(0.5 <= example.probability <= 1 for example in log.examples(0))


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("way", ["second pass", "metric"])
def test_two_classes_of_a_softmax_have_the_scores_of_class_1(tmp_path: Path, way: str, from_logits: bool) -> None:
    y = (X[:, 0] > 0).astype("int64")
    model = build(2, None if from_logits else "softmax")
    metrics = [tb_attention.ConfusionMatrix(2, from_logits=from_logits)] if way == "metric" else None
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits), metrics=metrics)
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, (X, y) if way == "second pass" else None)
    model.fit(X, y, validation_data=(X, y), epochs=2, verbose=0, callbacks=[callback])
    log = tb_attention.load(tmp_path)
    manifest = log._steps.entry(1).manifest
    assert (manifest.kind, manifest.threshold) == ("classes", None)
    assert manifest.splits["validation"].bins == 256
    scores = model.predict(X, verbose=0)
    probability = np.exp(scores)[:, 1] / np.exp(scores).sum(1) if from_logits else scores[:, 1]
    histogram = log.score_histogram(1)
    expected = np.histogram(probability[y == 1], 256, (0, 1))[0]
    assert np.abs(histogram[0, 1].cumsum() - expected.cumsum()).max() <= 1
    wrong, found = np.concatenate([np.zeros((2, 1)), histogram[0, :, ::-1].cumsum(-1)], axis=1)
    area = np.trapezoid(found / found[-1], wrong / wrong[-1])
    assert area == pytest.approx(roc_auc_score(y, probability), abs=1e-2)
    np.testing.assert_array_equal(histogram[0].reshape(2, 2, 128).sum(-1), log.confusion_matrix(1))


@pytest.mark.parametrize("classes", [2, 3])
def test_the_metric_leaves_the_training_as_it_is(classes: int) -> None:
    trained = []
    for metrics in (None, [tb_attention.ConfusionMatrix(classes)]):
        model = build(classes)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=metrics)
        model.fit(X, Y % classes, epochs=2, batch_size=16, verbose=0)
        trained.append(b"".join(weight.tobytes() for weight in model.get_weights()))
    assert trained[0] == trained[1]


def test_pixels_are_counted_and_have_no_examples(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    image = keras.Input((4, 5, 2))
    model = keras.Model(image, layers.Conv2D(3, 1, activation="softmax")(image))
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = RANDOM.random((12, 4, 5, 2)).astype("float32"), RANDOM.integers(0, 3, (12, 4, 5))
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, (x, y))
    model.fit(x, y, verbose=0, callbacks=[callback])
    log = tb_attention.load(tmp_path)
    predicted = model.predict(x, verbose=0).argmax(-1)
    np.testing.assert_array_equal(
        log.confusion_matrix(0), confusion_matrix(y.ravel(), predicted.ravel(), labels=range(3))
    )
    assert log.examples(0) == []


@pytest.mark.parametrize("names", [NAMES, "lookup"])
def test_labels_may_be_names(tmp_path: Path, names: Any) -> None:
    model = build()
    model.compile("adam", "sparse_categorical_crossentropy")
    texts = np.array([*NAMES, "eggs"])[np.where(np.arange(60) == 7, 3, Y)]
    given = layers.StringLookup(vocabulary=NAMES, num_oov_indices=0) if names == "lookup" else names
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, (X, texts), class_names=given)
    with pytest.warns(AttentionWarning, match="1 labels of the validation data are none of the 3 classes"):
        model.fit(X, Y, verbose=0, callbacks=[callback])
    log = tb_attention.load(tmp_path)
    predicted, known = model.predict(X, verbose=0).argmax(1), np.arange(60) != 7
    np.testing.assert_array_equal(
        log.confusion_matrix(0), confusion_matrix(Y[known], predicted[known], labels=range(3))
    )
    assert log._steps.entry(0).manifest.splits["validation"].other == 1


def test_names_as_labels_are_counted_in_the_compiled_graph(tmp_path: Path) -> None:
    lookup = layers.StringLookup(vocabulary=NAMES, num_oov_indices=0)

    class Named(keras.Sequential):
        """Keras's own losses make numbers of labels before they see them."""

        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, *_: Any, **__: Any) -> Any:
            return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(lookup(y), y_pred))

    keras.utils.set_random_seed(1)
    model = Named([keras.Input((6,)), layers.Dense(3, activation="softmax")])
    model.compile("adam", metrics=[tb_attention.ConfusionMatrix(3, class_names=lookup)], jit_compile=False)
    data = tf.data.Dataset.from_tensor_slices((X, np.array(NAMES)[Y])).batch(16)
    model.fit(data, validation_data=data, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path)])
    predicted = model.predict(X, verbose=0).argmax(1)
    expected = confusion_matrix(Y, predicted, labels=range(3))
    np.testing.assert_array_equal(tb_attention.load(tmp_path).confusion_matrix(0), expected)


def test_names_without_class_names_cost_a_warning_and_training_goes_on(tmp_path: Path) -> None:
    model = build()
    model.compile("adam", "sparse_categorical_crossentropy")
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, (X, np.array(NAMES)[Y]))
    with pytest.warns(AttentionWarning, match="Labels are texts: `class_names` must name the classes"):
        history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[callback])
    assert len(history.epoch) == 2


@pytest.mark.parametrize("way", ["weighted_metrics", "metrics"])
def test_a_metric_among_weighted_metrics_is_weighted(way: str) -> None:
    model = build()
    metric = tb_attention.ConfusionMatrix(3)
    model.compile("adam", "sparse_categorical_crossentropy", **{way: [metric]})
    weights = RANDOM.random(60)
    model.evaluate(X, Y, sample_weight=weights, verbose=0)
    predicted = model.predict(X, verbose=0).argmax(1)
    used = weights if way == "weighted_metrics" else None
    np.testing.assert_allclose(
        metric.matrix(), confusion_matrix(Y, predicted, labels=range(3), sample_weight=used), rtol=1e-6
    )


def test_groups_of_classes_are_logged(tmp_path: Path) -> None:
    model = build()
    model.compile("adam", "sparse_categorical_crossentropy")
    callback = tb_attention.ConfusionMatrixCallback(
        tmp_path, (X, Y), class_names=NAMES, class_groups={"mail": ["ham", "spam"], "rest": {"inner": [2]}}
    )
    model.fit(X, Y, verbose=0, callbacks=[callback])
    mail, rest = tb_attention.load(tmp_path)._steps.entry(0).manifest.class_groups
    assert (mail.name, mail.children) == ("mail", (0, 1))
    assert rest.children[0].children == (2,)


@pytest.mark.parametrize(
    ("groups", "sentence"),
    [
        ({"a": ["eggs"]}, "`class_groups` must hold classes of `class_names`"),
        ({"a": [0], "b": [0]}, "Received: class 0 twice"),
        (["ham"], "`class_groups` must be a mapping"),
        ({"a": "ham"}, "must hold classes. Received: 'a': 'ham'"),
        ({"a": [-1]}, "names or indices of classes from 0. Received: -1"),
    ],
)
def test_wrong_groups_are_refused(groups: Any, sentence: str) -> None:
    with pytest.raises(ArgumentError, match=sentence):
        tb_attention.ConfusionMatrixCallback("logs", class_names=NAMES, class_groups=groups)


def test_names_that_do_not_fit_the_model_are_refused_at_the_start(tmp_path: Path) -> None:
    model = build()
    model.compile("adam", "sparse_categorical_crossentropy")
    with pytest.raises(ArgumentError, match=r"a name for each of the 3 classes\. Received: 2 names"):
        model.fit(
            X, Y, verbose=0, callbacks=[tb_attention.ConfusionMatrixCallback(tmp_path, (X, Y), class_names=NAMES[:2])]
        )


def test_the_order_by_similarity_makes_confused_classes_neighbours() -> None:
    from tb_attention.callbacks.similarity import similarity_order

    matrix = np.diag([10] * 6)
    for one, other in ((0, 3), (1, 5), (2, 4)):
        matrix[one, other] = matrix[other, one] = 6
    order = similarity_order(matrix)
    assert order is not None
    assert {frozenset(pair) for pair in order.reshape(3, 2).tolist()} == {
        frozenset(p) for p in ((0, 3), (1, 5), (2, 4))
    }


@pytest.mark.parametrize("classes", [0, 1, 2, 301, 400])
def test_the_order_by_similarity_has_every_class_once(classes: int) -> None:
    from tb_attention.callbacks.similarity import similarity_order

    matrix = np.random.default_rng(0).integers(0, 3, (classes, classes))
    assert sorted(similarity_order(matrix)) == list(range(classes))


MIRRORED = """
import sys, tensorflow as tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
import keras, numpy as np, tb_attention
from sklearn.metrics import confusion_matrix
x, y = np.random.default_rng(0).normal(size=(50, 6)).astype("float32"), np.random.default_rng(1).integers(0, 3, 50)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
assert strategy.num_replicas_in_sync == 2
with strategy.scope():
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, activation="softmax")])
    metric = tb_attention.ConfusionMatrix(3)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy", metric])
callbacks = [tb_attention.ConfusionMatrixCallback(sys.argv[1] + "/metric"),
             tb_attention.ConfusionMatrixCallback(sys.argv[1] + "/pass", (x[:30], y[:30]))]
history = model.fit(x, y, validation_data=(x[:30], y[:30]), epochs=2, batch_size=8, verbose=0, callbacks=callbacks).history
expected = confusion_matrix(y, model.predict(x, verbose=0).argmax(1), labels=range(3))
for way in ("metric", "pass"):
    log = tb_attention.load(f"{sys.argv[1]}/{way}")
    part = confusion_matrix(y[:30], model.predict(x[:30], verbose=0).argmax(1), labels=range(3))
    assert (log.confusion_matrix(1) == part).all(), (way, log.confusion_matrix(1), part)
training = log.confusion_matrix(1, split="training")
assert training.sum() == 50 and abs(np.trace(training) / 50 - history["accuracy"][1]) < 1e-6
model.evaluate(x, y, batch_size=8, verbose=0)
assert (metric.matrix() == expected).all()
assert abs(float(metric.result()) - np.trace(expected) / 50) < 1e-6
"""


def run(program: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
    )  # fmt: skip


def test_the_counts_of_two_replicas_are_summed(tmp_path: Path) -> None:
    # Two devices of one CPU have to be set up before TensorFlow starts.
    process = run(MIRRORED, str(tmp_path))
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output


WORKER = """
import numpy as np, tensorflow as tf
strategy = tf.distribute.MultiWorkerMirroredStrategy()
assert strategy.num_replicas_in_sync == 2
from sklearn.metrics import confusion_matrix
from tb_attention import ConfusionMatrix
labels = np.random.default_rng(0).integers(0, 3, 48)
scores = np.random.default_rng(1).random((48, 3)).astype("float32")
with strategy.scope():
    metric = ConfusionMatrix(3)
@tf.function
def count(batch):
    strategy.run(lambda batch: metric.update_state(*batch), (batch,))
for batch in strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((labels, scores)).batch(8)):
    count(batch)
assert (metric.matrix() == confusion_matrix(labels, scores.argmax(1))).all(), metric.matrix()
assert abs(float(metric.result()) - (labels == scores.argmax(1)).mean()) < 1e-6
"""


def test_the_counts_of_two_workers_are_summed() -> None:
    """In `strategy.run`: `fit` of Keras 3 itself refuses this strategy (it cannot build a model of `PerReplica` values)."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("localhost", 0))
        other.bind(("localhost", 0))
        workers = [f"localhost:{each.getsockname()[1]}" for each in (one, other)]
    clusters = [
        json.dumps({"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}) for index in (0, 1)
    ]
    processes = [run(WORKER, TF_CONFIG=cluster) for cluster in clusters]
    try:
        for process in processes:
            output, _ = process.communicate(timeout=300)
            assert process.returncode == 0, output
    finally:
        for process in processes:
            process.kill()
