"""Videos and volumes among the inputs: recognised, stored, and read back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import tb_attention
from tb_attention.records.format.samples_file import samples_members
from tb_attention.records.samples.pictures import looks_like_frames, to_frames

VIDEO = np.random.default_rng(0).integers(0, 256, (2, 5, 6, 8, 3)).astype("uint8")


@pytest.mark.parametrize("channels", [4, 1, 2])
def test_channels_may_be_last_first_or_behind_the_frames(channels: int) -> None:
    moved = np.moveaxis(VIDEO, -1, channels)
    assert looks_like_frames(moved.shape[1:])
    np.testing.assert_array_equal(to_frames(moved), VIDEO)


@pytest.mark.parametrize("shape", [(5, 6, 8), (1, 6, 8, 3), (5, 2, 8, 3), (5, 6, 8, 2), (5, 6, 8, 3, 1)])
def test_what_has_no_frames_rows_columns_and_channels_is_no_video(shape: tuple[int, ...]) -> None:
    assert not looks_like_frames(shape)


def test_all_frames_of_all_samples_have_one_scale() -> None:
    volume = np.zeros((2, 4, 4, 4, 1), "float32")
    volume[0, 0], volume[1, 3] = 0.5, 1
    assert [to_frames(volume)[0, 0].max(), to_frames(volume)[1, 3].max()] == [128, 255]


def test_they_come_back_from_a_log_and_are_values_to_older_readers(tmp_path: Path) -> None:
    samples = tb_attention.Samples({"clip": VIDEO, "text": np.zeros((2, 3), int)}, ids=["a", "b"])
    with tb_attention.AttentionWriter(tmp_path, samples=samples) as writer:
        writer.write(0, {"a": np.ones((2, 1, 3, 3)) / 3})
    read = tb_attention.load(tmp_path).samples
    np.testing.assert_array_equal(read.image(1), VIDEO[1])
    members = dict(samples_members(samples))
    manifest = json.loads(bytes(members["manifest"]))
    assert manifest["samples"][0]["inputs"][0] == {
        "name": "clip",
        "kind": "values",
        "shape": [5, 6, 8, 3],
        "text": None,
        "frames": [5, 6, 8, 3],
    }
    # The list of samples shows the frame in the middle.
    np.testing.assert_array_equal(members["thumbnails"], VIDEO[:, 2])


def test_inputs_that_are_not_to_be_stored_have_no_frames() -> None:
    members = dict(samples_members(tb_attention.Samples(VIDEO, store_inputs=False)))
    assert list(members) == ["manifest"]
    assert "frames" not in json.loads(bytes(members["manifest"]))["samples"][0]["inputs"][0]
