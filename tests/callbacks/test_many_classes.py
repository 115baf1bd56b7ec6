"""Matrices of many classes: only pairs are counted, stored and ordered, and the cost is printed before training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from sklearn.metrics import confusion_matrix

import tb_attention
from tb_attention.callbacks.class_counts import SparseCounter
from tb_attention.callbacks.similarity import similarity_order
from tb_attention.metrics import cell_counts
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.reduce.confusion import SparseMatrix, cells_of, dense_of, matrix_scores

CLASSES = 1100
RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, CLASSES, 60)
X = RANDOM.normal(size=(60, 4)).astype("float32")


def sparse(matrix: np.ndarray) -> SparseMatrix:
    return SparseMatrix(len(matrix), *cells_of(matrix))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", ["(N,)", "(N, 1)", "one-hot", "names"])
def test_pairs_are_counted_as_the_metric_counts(form: str, weighted: bool) -> None:
    names = [f"class {index}" for index in range(7)] if form == "names" else None
    counter = SparseCounter(7, from_logits=False, ignore_class=5, class_names=names)
    labels, scores = RANDOM.integers(0, 7, 90), RANDOM.random((90, 7)).astype("float32")
    weights = RANDOM.random(90) if weighted else None
    given = {
        "(N,)": labels,
        "(N, 1)": labels[:, None],
        "one-hot": np.eye(7)[labels],
        "names": np.array([f"class {index}" for index in labels], dtype=object),
    }[form]
    for part in (slice(0, 40), slice(40, 90)):
        counter.update_state(given[part], scores[part], None if weights is None else weights[part])
    known = labels != 5
    expected = confusion_matrix(
        labels[known],
        scores.argmax(1)[known],
        labels=range(7),
        sample_weight=None if weights is None else weights[known],
    )
    np.testing.assert_allclose(counter.matrix(), expected)
    assert counter.matrix().dtype == (np.float64 if weighted else np.int64)
    counter.update_state(np.array([-1, 5, 9]), scores[:3])
    assert counter.other() == 2
    counter.reset_state()
    assert not counter.sparse_matrix().any()


def test_a_metric_of_many_classes_is_read_and_cleared_by_its_cells() -> None:
    metric = tb_attention.ConfusionMatrix(CLASSES)
    scores = RANDOM.random((60, CLASSES)).astype("float32")
    for _ in range(2):
        metric.reset_state()
        metric.update_state(np.where(np.arange(60) < 3, -1, LABELS), scores)
        expected = confusion_matrix(LABELS[3:], scores.argmax(1)[3:], labels=range(CLASSES))
        np.testing.assert_array_equal(dense_of(metric.sparse_matrix()), expected)
        np.testing.assert_array_equal(metric.matrix(), expected)
        assert metric.other() == 3
        assert float(metric.result()) == pytest.approx(np.trace(expected) / 57)


@pytest.mark.parametrize("listed", [50, 1000])
def test_cells_are_found_by_their_list_and_by_a_search_where_it_is_full(
    listed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cell_counts, "MOST_LISTED", listed)
    metric = tb_attention.ConfusionMatrix(CLASSES)
    update = tf.function(metric.update_state, jit_compile=True)
    scores = RANDOM.random((60, CLASSES)).astype("float32")
    for first in (0, 20, 40):
        metric.reset_state()
        for _ in range(2):
            update(LABELS[first:], scores[first:])
        expected = 2 * confusion_matrix(LABELS[first:], scores.argmax(1)[first:], labels=range(CLASSES))
        np.testing.assert_array_equal(dense_of(metric.sparse_matrix()), expected)
        np.testing.assert_array_equal(metric.matrix(), expected)


def test_a_metric_of_many_classes_that_is_updated_without_state_is_searched() -> None:
    metric = tb_attention.ConfusionMatrix(CLASSES)
    scores = RANDOM.random((60, CLASSES)).astype("float32")
    state = metric.stateless_update_state([variable.value for variable in metric.variables], LABELS, scores)
    for variable, value in zip(metric.variables, state, strict=True):
        variable.assign(value)
    expected = confusion_matrix(LABELS, scores.argmax(1), labels=range(CLASSES))
    np.testing.assert_array_equal(dense_of(metric.sparse_matrix()), expected)
    metric.reset_state()
    assert not metric.matrix().any()


@pytest.mark.parametrize("way", ["second pass", "metric"])
def test_a_training_with_many_classes_logs_what_scikit_learn_counts(tmp_path: Path, way: str, capsys: Any) -> None:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(CLASSES, activation="softmax")])
    metrics = [tb_attention.ConfusionMatrix(CLASSES)] if way == "metric" else None
    model.compile("adam", "sparse_categorical_crossentropy", metrics=metrics)
    callback = tb_attention.ConfusionMatrixCallback(tmp_path, (X, LABELS) if way == "second pass" else None)
    model.fit(X, LABELS, epochs=2, validation_data=(X, LABELS), verbose=0, callbacks=[callback])
    log = tb_attention.load(tmp_path)
    expected = confusion_matrix(LABELS, model.predict(X, verbose=0).argmax(1), labels=range(CLASSES))
    np.testing.assert_array_equal(log.confusion_matrix(1), expected)
    assert sorted(log.class_order(1)) == list(range(CLASSES))
    said = capsys.readouterr().out
    assert "Confusion matrices of 1,100 classes: only pairs of classes that occur are stored" in said
    if way == "metric":
        assert "the compiled metric holds 9.7 MB in memory" in said
    else:
        *_, told, unit = said.split(" an epoch")[0].split(" ")
        [largest] = {int(file.stat().st_size) for file in tmp_path.rglob("step-000000000001.npz")}
        examples = log.examples(1)
        assert examples
        assert float(told) * {"KB": 1e3, "MB": 1e6}[unit] > 0.3 * (largest - 200 * len(examples))


def test_a_matrix_without_its_zeros_is_stored_as_the_whole_one(tmp_path: Path) -> None:
    for name, matrix in (
        ("few", np.diag([0, 3, 0, 7, 0, 0, 1, 0])),
        ("all", RANDOM.integers(1, 9, (8, 8))),
        ("weighted", np.diag([0.5, 0, 2.5, 0, 0, 0, 0, 0])),
    ):
        files = []
        for given in (matrix, sparse(matrix)):
            run = tmp_path / name / type(given).__name__
            writer = SeriesWriter(run, "confusion", 1)
            writer.submit(ConfusionRecord(0, {"validation": given}, wall_time=1.0))
            writer.close()
            log = tb_attention.load(run)
            np.testing.assert_array_equal(log.confusion_matrix(0), matrix)
            assert log.confusion_matrix(0).dtype == matrix.dtype
            files.append(next(run.rglob("step-*.npz")).read_bytes())
        assert files[0] == files[1]
        assert matrix_scores(matrix) == matrix_scores(sparse(matrix))


def test_many_classes_are_chained_by_confusions() -> None:
    classes = 1500
    matrix = np.zeros((classes, classes), np.int64)
    np.fill_diagonal(matrix, 10)
    partners = RANDOM.permutation(classes).reshape(-1, 2)
    for one, other in partners.tolist():
        matrix[one, other] = 1 + RANDOM.integers(0, 5)
    for given in (matrix, sparse(matrix)):
        order = similarity_order(given)
        assert order is not None
        assert sorted(order.tolist()) == list(range(classes))
        position = np.argsort(order)
        assert np.all(np.abs(position[partners[:, 0]] - position[partners[:, 1]]) == 1)
