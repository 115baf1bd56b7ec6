"""What `Samples` says of the positions of an input, and its sounds: stored once, read back, left out where asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import tb_attention
from tb_attention.errors import ArgumentError
from tb_attention.records.samples.default_axes import default_axes
from tb_attention.records.samples.sounds import MOST_MOMENTS, kept_sound
from tb_attention.site import Axis
from tb_attention.wire.structs import SampleInput
from tests.export.pages import Page
from tests.records import logs

COLUMNS = ["age", "income", "ward"]
TABLE = np.array([[1.5, 2, 3], [4, np.nan, 6e-9]])
DAYS = np.arange("2024-02-27", "2024-03-03", dtype="datetime64[D]")
RATE = 8000
TONE = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype("float32")


def logged(directory: Path, samples: tb_attention.Samples, positions: int) -> tb_attention.Log:
    with tb_attention.AttentionWriter(directory, samples=samples) as writer:
        writer.write(0, {"a": logs.rows(len(samples), 2, positions, positions)})
    return tb_attention.load(directory)


def test_columns_of_a_table_are_features_with_values(tmp_path: Path) -> None:
    log = logged(tmp_path, tb_attention.Samples(TABLE, names=COLUMNS), 3)
    assert log.site("a").axes[-1] == Axis("key", 3, "features", input=0)
    [given] = log.samples.inputs[1]
    assert (given["names"], given["values"]) == (COLUMNS, [[4.0], [None], [6e-9]])


def test_numbers_to_show_may_be_others_than_those_that_the_model_gets() -> None:
    samples = tb_attention.Samples((TABLE - 3) / 2, names=COLUMNS, values=TABLE)
    assert samples.take([1]).values[0].tolist()[0][0] == 4
    assert samples.take([1]).names[0] == [tuple(COLUMNS)]


def test_dates_of_a_series_are_frames_and_differ_between_samples(tmp_path: Path) -> None:
    series = np.random.default_rng(0).random((2, 5, 3)).round(3)
    log = logged(tmp_path, tb_attention.Samples(series, dates=[DAYS, DAYS + 7]), 5)
    assert log.site("a").axes[-1] == Axis("key", 5, "frames", input=0)
    [given] = log.samples.inputs[1]
    assert given["dates"] == ["2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08", "2024-03-09"]
    np.testing.assert_allclose(given["values"], series[1])


def test_objects_have_the_boxes_of_their_input(tmp_path: Path) -> None:
    boxes = np.array([[[0, 0, 0.5, 0.5], [0.5, 0, 1, 1]], [[0, 0, 1, 1], [0.2, 0.2, 0.3, 0.3]]])
    log = logged(tmp_path, tb_attention.Samples(np.zeros((2, 2, 7)), boxes=boxes), 2)
    assert log.site("a").axes[-1].kind == "objects"
    assert log.samples.inputs[1][0]["boxes"] == boxes[1].tolist()


def test_a_sound_comes_back_nearly_as_it_was(tmp_path: Path) -> None:
    sounds = np.stack([TONE, 0.1 * TONE])
    log = logged(tmp_path, tb_attention.Samples(sounds, rate=RATE), 4)
    for sample, sound in enumerate(sounds):
        heard, rate = log.samples.audio(sample)
        assert rate == RATE
        noise = np.sqrt(np.mean((heard - sound) ** 2) / np.mean(sound**2))
        assert noise < 0.02, "34 dB below the sound"
    assert sum(file.stat().st_size for file in tmp_path.rglob("samples-*.npz")) < 1.1 * sounds.size


@pytest.mark.parametrize(("dtype", "scale"), [("int16", 32768), ("int32", 2**31), ("uint8", 128)])
def test_integers_of_full_range_are_a_sound_from_minus_1_to_1(dtype: str, scale: float) -> None:
    given = np.array([[0, 64, -64]]) * (scale / 128) + (128 if dtype == "uint8" else 0)
    samples = tb_attention.Samples(np.zeros((1, 3)), audio=given.astype(dtype), rate=RATE)
    np.testing.assert_allclose(samples.audio[0][0], [0, 0.5, -0.5])


def test_a_long_sound_is_kept_in_bounded_size_and_lasts_as_long() -> None:
    sound = np.zeros(3 * MOST_MOMENTS, np.float32)
    kept, rate = kept_sound(sound, 16_000)
    assert len(kept) <= MOST_MOMENTS
    assert len(kept) / rate == pytest.approx(len(sound) / 16_000)


def test_two_channels_are_heard_as_one() -> None:
    stereo = np.stack([np.stack([TONE, -TONE], axis=1)])
    samples = tb_attention.Samples(np.zeros((1, 20, 8)), audio=stereo, rate=RATE)
    assert np.abs(samples.audio[0][0]).max() < 1e-6
    assert default_axes((20, 20), samples)[1].kind == "frames"


def test_inputs_that_are_not_to_be_stored_leave_nothing(tmp_path: Path) -> None:
    samples = tb_attention.Samples(TONE[None], rate=RATE, values=None, store_inputs=False)
    log = logged(tmp_path, samples, 4)
    assert "audio" not in log.samples.inputs[0][0]
    with pytest.raises(tb_attention.errors.NotInLogError, match="no such sound"):
        log.samples.audio(0)
    table = tb_attention.Samples(TABLE, names=COLUMNS, store_inputs=False)
    assert set(logged(tmp_path / "table", table, 3).samples.inputs[0][0]) == {"name", "kind", "shape", "text"}


def test_a_page_holds_them_unless_it_is_redacted(tmp_path: Path) -> None:
    inputs = {"sound": TONE[None], "table": TABLE[:1]}
    samples = tb_attention.Samples(inputs, names={"table": COLUMNS}, audio={"sound": TONE[None]}, rate=RATE)
    own = Axis("key", 4, "objects", boxes=np.zeros((1, 4, 4)), names=[["a", "b", "c", "d"]])
    with tb_attention.AttentionWriter(tmp_path / "log", samples=samples) as writer:
        writer.write(0, {"a": logs.rows(1, 2, 3, 4)}, axes={"a": [Axis("query", 3, "features", input=1), own]})
    for redact in (False, True):
        tb_attention.export_html(tmp_path / "log", tmp_path / "page.html", redact=redact)
        page = Page((tmp_path / "page.html").read_text("utf-8"))
        sound, table = page.samples[0]["inputs"]
        axis = page.series[0]["site_sets"][0][0]["axes"][-1]
        said = ("audio" in sound, "values" in table, "names" in table, "boxes" in axis, "own_names" in axis)
        assert said == (not redact,) * 5
        assert any(name.startswith("audio/0/") for name in page.names) != redact


def test_a_reader_that_does_not_know_them_reads_the_rest(tmp_path: Path) -> None:
    """Versions before names, dates and sounds of inputs: their struct, as it was."""

    class Before(msgspec.Struct):
        name: str
        kind: Any
        shape: tuple[int, ...] = ()
        tokens: tuple[str, ...] = ()
        mask: Any = None
        text: Any = None

    log = logged(tmp_path, tb_attention.Samples(TONE[None], rate=RATE), 4)
    described = json.loads(json.dumps(log.samples.inputs[0][0]))
    assert msgspec.convert(described, Before) == Before("values", "values", (RATE,))
    old = {"name": "x", "kind": "values", "shape": [3], "text": None}
    assert msgspec.convert(old, SampleInput).audio is msgspec.UNSET


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": ["a", "b"]}, "one text for each of the 3 positions"),
        ({"names": [COLUMNS]}, "one entry for each of the 2 samples"),
        ({"dates": ["2024-01-01", "2024-13-01", "2024-01-03"]}, "must be datetime64, or texts"),
        ({"dates": ["2024-01-01T10:00Z", "2024-01-02", "2024-01-03"]}, "without a time zone"),
        ({"values": np.zeros((2, 4))}, r"`values` must be numbers of shape \(samples, 3\)"),
        ({"audio": TABLE}, "`audio` and `rate` belong together"),
        ({"audio": TABLE, "rate": 0}, "`rate` must be a number of Hz"),
        ({"audio": ["a", "b"], "rate": 8000}, "`audio` must be sounds"),
        ({"boxes": np.ones((2, 3, 3))}, "A box must be"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        tb_attention.Samples(TABLE, **arguments)
