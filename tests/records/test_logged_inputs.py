"""Samples: their ids, labels and pictures, and what of them is stored."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_attention.errors import ArgumentError
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.npz import npz_bytes
from tb_attention.records.format.samples_file import samples_members
from tb_attention.records.format.schema import read_json
from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.samples.pictures import looks_like_pictures, thumbnails, to_pictures
from tb_attention.records.samples.sample_arguments import to_labels
from tb_attention.records.samples.samples import Samples
from tb_attention.records.writing.series_writer import SeriesWriter

from .logs import attempt_directory, digits


def stored(samples: Samples) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Manifest and arrays of the samples file."""
    with Archive(io.BytesIO(npz_bytes(samples_members(samples))), "samples.npz") as archive:
        manifest = read_json(archive, "it")
        return manifest, {name: archive.read(name) for name in archive.names if name != "manifest"}


def test_ids_follow_the_inputs_whatever_their_order_and_labels() -> None:
    images = np.random.default_rng(0).random((3, 8, 8))
    one = Samples(images, [0, 1, 2])
    other = Samples(images[::-1], [1, 1, 1])
    assert one.ids == other.ids[::-1]
    assert len(set(one.ids)) == 3
    assert all(len(name) == 12 and set(name) <= set("0123456789abcdef") for name in one.ids)


def test_ids_differ_by_type_shape_and_input() -> None:
    zeros = np.zeros((1, 4), np.float32)
    given = [
        zeros,
        zeros.astype(np.int32),
        zeros.reshape(1, 2, 2),
        {"a": zeros, "b": zeros},
        ["", ""],
        ["a", "bc"],
        ["ab", "c"],
    ]
    assert len({Samples(inputs).ids[0] for inputs in given}) == len(given)


def test_samples_that_are_equal_still_have_different_ids() -> None:
    ids = Samples(np.zeros((3, 4))).ids
    assert ids == (ids[0], f"{ids[0]}-2", f"{ids[0]}-3")


def test_bytes_and_texts_are_the_same_input() -> None:
    assert Samples(np.array([b"a", b"b"], dtype=object)).ids == Samples(["a", "b"]).ids


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([1, 0], [1, 0]),
        ([[1], [0]], [1, 0]),
        ([[0, 1, 0], [1, 0, 0]], [1, 0]),
        (np.float32([1.0, 2.0]), [1, 2]),
        (np.float32([1.5, 2.0]), [1.5, 2]),
        (np.float32([[0.2, 0.8], [0.5, 0.5]]), [pytest.approx([0.2, 0.8]), [0.5, 0.5]]),
        (np.array([b"cat", "dog"], dtype=object), ["cat", "dog"]),
        ([True, False], [1, 0]),
    ],
)
def test_labels_become_classes_where_they_are_classes(labels: Any, classes: list[Any]) -> None:
    assert to_labels(np.asarray(labels)) == classes


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (np.array([0.0, 0.5, 1.0]), [0, 128, 255]),
        (np.array([0, 128, 255]), [0, 128, 255]),
        (np.array([0.0, 8.0, 16.0]), [0, 128, 255]),
        (np.array([-1.0, 0.0, 1.0]), [0, 128, 255]),
        (np.array([-2.5, 0.0, 2.5]), [0, 128, 255]),
        (np.array([7.0, 7.5, 8.0]), [0, 128, 255]),
        (np.array([0.0, np.nan, 1.0]), [0, 0, 255]),
    ],
)
def test_the_scale_follows_from_the_range_of_pixels(pixels: np.ndarray, expected: list[int]) -> None:
    batch = np.zeros((1, 4, 4), pixels.dtype) + pixels[0]
    batch[0, 0, :3] = pixels
    pictures = to_pictures(batch)
    assert pictures.dtype == np.uint8
    assert pictures.shape == (1, 4, 4, 1)
    assert np.abs(pictures[0, 0, :3, 0].astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    ("shape", "are"),
    [
        ((2, 8, 8), True),
        ((2, 8, 8, 1), True),
        ((2, 3, 32, 40), True),
        ((2, 32, 40, 3), True),
        ((2, 3, 8), False),
        ((2, 64), False),
        ((2, 8, 8, 2), False),
        ((2, 3, 3, 3), False),
        ((0, 8, 8), False),
    ],
)
def test_pictures_are_recognised_by_their_shape(shape: tuple[int, ...], are: bool) -> None:
    assert looks_like_pictures(np.zeros(shape, np.float32)) is are


def test_channels_first_become_channels_last() -> None:
    batch = np.zeros((1, 3, 5, 7), np.float32)
    batch[0, 2, 4, 6] = 1
    assert to_pictures(batch)[0, 4, 6].tolist() == [0, 0, 255]


def test_thumbnails_keep_proportions_and_averages() -> None:
    wide = np.zeros((100, 200, 1), np.uint8)
    wide[:, 100:] = 200
    small = thumbnails([wide, np.full((10, 10, 3), 9, np.uint8)])
    assert small.shape == (2, 32, 64, 3)
    assert small[0, :, :32].max() == 0
    assert small[0, :, 32:].min() == 200
    assert small[1, :10, :10].min() == 9
    assert small[1, 10:].max() == 0


def test_the_file_has_pictures_labels_and_thumbnails() -> None:
    samples = digits()
    manifest, arrays = stored(Samples(samples.inputs, [1, 0], class_names=["zero", "one"]))
    assert manifest["class_names"] == ["zero", "one"]
    assert manifest["samples"][0]["label"] == {"class": 1, "name": "one"}
    assert manifest["samples"][0]["inputs"] == [{"name": "image", "kind": "image", "shape": [8, 8, 1]}]
    assert manifest["thumbnails"] == {"shape": [2, 8, 8, 1]}
    expected = np.rint(samples.inputs[1] * 255 / 16).astype(np.uint8)
    np.testing.assert_array_equal(arrays["image/1/0"][..., 0], expected)


def test_the_file_has_tokens_masks_and_texts() -> None:
    inputs = {"ids": np.array([[5, 6, 0]]), "mask": np.array([[1, 1, 0]], np.float32)}
    samples = Samples(inputs, tokens=[["dear", "sir", ""]], masks=[[1, 1, 0]], texts=["Dear sir"])
    manifest, arrays = stored(samples)
    assert arrays == {}
    assert manifest["samples"][0]["inputs"][0] == {
        "name": "ids",
        "kind": "tokens",
        "tokens": ["dear", "sir", ""],
        "mask": [1, 1, 0],
        "text": "Dear sir",
    }
    assert manifest["samples"][0]["inputs"][1]["kind"] == "values"
    assert samples.masks[0].tolist() == [[True, True, False]]


def test_bare_token_ids_and_strings_are_shown_too() -> None:
    assert stored(Samples(np.array([[5, 6]])))[0]["samples"][0]["inputs"][0]["tokens"] == ["5", "6"]
    assert stored(Samples(["a text"]))[0]["samples"][0]["inputs"][0]["text"] == "a text"


def test_inputs_can_be_kept_out_of_the_log() -> None:
    manifest, arrays = stored(Samples(digits().inputs, store_inputs=False))
    assert arrays == {}
    assert manifest["samples"][0]["inputs"][0]["kind"] == "values"
    text = json.dumps(
        stored(Samples(["a secret"], texts=["a secret"], tokens=[["a", "secret"]], store_inputs=False))[0]
    )
    assert "secret" not in text


def test_images_of_different_sizes_may_replace_the_inputs() -> None:
    manifest, arrays = stored(Samples(np.zeros((2, 9)), images=[np.zeros((5, 6, 3)), np.ones((7, 4))]))
    assert arrays["image/0/0"].shape == (5, 6, 3)
    assert arrays["image/1/0"].shape == (7, 4, 1)
    assert manifest["thumbnails"]["shape"] == [2, 7, 6, 3]


def test_the_same_samples_are_written_once_under_the_same_name(tmp_path: Path) -> None:
    names = set()
    for step, samples in enumerate([digits(), digits(), digits(3)]):
        writer = SeriesWriter(tmp_path, "attention", 1)
        names.add(writer.write_samples(samples))
        writer.submit(StepRecord(step, samples=writer.write_samples(samples)))
        writer.close()
    assert len(names) == 2
    assert {path.name for path in attempt_directory(tmp_path).glob("samples-*")} == names


def test_samples_can_be_copied_and_pickled() -> None:
    samples = Samples({"a": np.zeros((2, 3)), "b": [np.ones((2, 1)), np.ones((2, 8, 8))]}, [0, 1])
    assert pickle.loads(pickle.dumps(samples)).ids == copy.deepcopy(samples).ids == samples.ids
    assert samples.input_names == ("a", "b/input_0", "b/input_1")
    assert len(samples) == 2


def test_plain_lists_are_one_input() -> None:
    assert Samples([[1, 2, 3], [4, 5, 6]]).inputs.shape == (2, 3)
    assert len(Samples([np.zeros((2, 3)), np.zeros((2, 4))]).arrays) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"inputs": np.zeros(())}, r"arrays of shape \(samples, ...\)"),
        ({"inputs": np.zeros((0, 4))}, "at least 1"),
        ({"inputs": {"a": np.zeros((2, 4)), "b": np.zeros((3, 4))}}, r"Received: \[2, 3\]"),
        ({"inputs": [[1, 2], [3]]}, "rows of one length"),
        ({"labels": [1, 2, 3]}, "`labels` must have one entry for each of the 2 samples"),
        ({"ids": ["a", "a"]}, "`ids` must be 2 different texts"),
        ({"ids": ["a"]}, "`ids` must be 2 different texts"),
        ({"tokens": ["ab", "cd"]}, "`tokens` must hold a list of texts for each sample. Received: 'ab'"),
        ({"tokens": [["a"]]}, "`tokens` must have one entry for each of the 2 samples. Received: 1"),
        ({"masks": [1, 1]}, r"`masks` must have shape \(samples, positions\)"),
        ({"images": np.zeros((2, 9))}, "`images` must be pictures"),
        ({"texts": {"other": ["a", "b"]}}, "`texts` must be by names of inputs"),
    ],
)
def test_wrong_arguments_are_refused_with_a_sentence(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        Samples(**({"inputs": np.zeros((2, 9))} | arguments))


def test_samples_never_change() -> None:
    samples = Samples(np.zeros((3, 4), int), class_names=["a", "b"])
    with pytest.raises(dataclasses.FrozenInstanceError):
        samples.class_names = ("c", "d")  # type: ignore[misc]
    named = samples.replace(class_names={"c": 0, "d": 1}, tokens=[["x"] * 4] * 3)
    assert (named.class_names, named.tokens) == (("c", "d"), {0: [["x"] * 4] * 3})
    assert (samples.class_names, samples.tokens) == (("a", "b"), {})
    with pytest.raises(ArgumentError, match="`masks` must have one entry for each of the 3 samples"):
        samples.replace(masks=np.ones((2, 4)))


def test_taken_samples_keep_all_that_belongs_to_them() -> None:
    samples = Samples(
        {"a": np.arange(12).reshape(3, 4), "b": np.arange(3)},
        [2, 1, 0],
        tokens={"a": [["x"], ["y"], ["z"]]},
        masks={"a": np.eye(3, 4)},
        texts={"b": ["t", "u", "v"]},
        shapes={"a": [(1,), (4,), (3,)]},
    )
    taken = samples.take([2, 0])
    assert len(taken) == 2
    np.testing.assert_array_equal(taken.inputs["a"], [[8, 9, 10, 11], [0, 1, 2, 3]])
    np.testing.assert_array_equal(taken.inputs["b"], [2, 0])
    np.testing.assert_array_equal(taken.masks[0], [[0, 0, 1, 0], [1, 0, 0, 0]])
    assert (taken.labels, taken.ids) == ((0, 2), (samples.ids[2], samples.ids[0]))
    assert (taken.tokens, taken.texts, taken.shapes) == ({0: [["z"], ["x"]]}, {1: ["v", "t"]}, {0: [(3,), (1,)]})
