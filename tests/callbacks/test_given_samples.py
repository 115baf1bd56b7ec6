"""A `Samples` is cut to `max_samples` and gets class names like arrays, and is never changed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import tb_attention
from tb_attention.errors import ArgumentError

COUNT, LENGTH = 40, 4
IDS = [f"sample {index}" for index in range(COUNT)]
NAMES = ["cat", "dog", "owl"]
X = np.random.default_rng(0).integers(1, 9, (COUNT, LENGTH))
Y = np.arange(COUNT) % 3
TOKENS = [[f"{index}-{position}" for position in range(LENGTH)] for index in range(COUNT)]
TEXTS = [f"text {index}" for index in range(COUNT)]


def build() -> keras.Model:
    ids = keras.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(9, 8)(ids)
    x = layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    model = keras.Model(ids, layers.Dense(3, activation="softmax")(x[:, 0]))
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def given(**options: Any) -> tb_attention.Samples:
    return tb_attention.Samples(X, Y, ids=IDS, tokens=TOKENS, texts=TEXTS, **options)


def logged(log_dir: Path, samples: tb_attention.Samples, by: str, **options: Any) -> tb_attention.Log:
    if by == "log":
        tb_attention.log(build(), samples, log_dir, step=0, **options)
    else:
        callback = tb_attention.AttentionCallback(log_dir, samples, init=False, **options)
        build().fit(X[:8], Y[:8], verbose=0, callbacks=[callback])
    return tb_attention.load(log_dir)


@pytest.mark.parametrize("by", ["callback", "log"])
def test_at_most_max_samples_are_followed(tmp_path: Path, by: str) -> None:
    log = logged(tmp_path / "default", given(), by)
    assert list(log.samples.ids) == IDS[:32]
    log = logged(tmp_path / "few", given(), by, max_samples=3, class_names=NAMES)
    assert list(log.samples.ids) == IDS[:3]
    assert log.samples.labels == (0, 1, 2)
    assert log.samples.class_names == tuple(NAMES)
    assert [inputs[0]["tokens"] for inputs in log.samples.inputs] == TOKENS[:3]
    assert [inputs[0]["text"] for inputs in log.samples.inputs] == TEXTS[:3]


def test_class_names_of_the_samples_stay_where_the_callback_has_none(tmp_path: Path) -> None:
    assert logged(tmp_path, given(class_names=NAMES), "callback").samples.class_names == tuple(NAMES)


def test_names_by_index_are_sorted_by_index(tmp_path: Path) -> None:
    log = logged(tmp_path, given(), "log", class_names={"owl": 2, "cat": 0, "dog": 1})
    assert log.samples.class_names == tuple(NAMES)


def test_what_was_handed_over_does_not_change(tmp_path: Path) -> None:
    samples = given()
    before = {field.name: getattr(samples, field.name) for field in dataclasses.fields(samples)}
    logged(tmp_path, samples, "callback", max_samples=3, class_names=NAMES)
    assert len(samples) == COUNT
    assert all(getattr(samples, name) is value for name, value in before.items())


def test_axes_of_the_samples_are_refused_where_they_name_no_site(tmp_path: Path) -> None:
    axes = {"nowhere": [tb_attention.Axis("query", LENGTH), tb_attention.Axis("key", LENGTH)]}
    with pytest.raises(ArgumentError, match="nowhere"):
        logged(tmp_path, given(axes=axes), "callback", max_samples=3)


def test_pooled_maps_of_a_samples_keep_full_rows(tmp_path: Path) -> None:
    log = logged(tmp_path, given(), "callback", max_samples=3, max_positions=2, full_rows=[-1])
    assert log.weights(0, 2, log.sites[0]).shape[-2:] == (2, 2)
    assert list(log.samples.ids) == IDS[:3]
