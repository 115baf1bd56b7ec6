"""Names of positions, times of frames and boxes of objects: given by users, stored, and read back."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tb_attention
from tb_attention.errors import ArgumentError, DamagedFileError
from tb_attention.records.format import json_text
from tb_attention.records.format.digest import digest
from tb_attention.records.format.schema import manifest_from_json, manifest_to_json
from tb_attention.reduce.long_axes import shorten
from tb_attention.site import Axis, Site
from tb_attention.wire.answers import encode, sites_of

from . import logs

NAMES = ("age", "income", "", "região")
SECONDS = (0.0, 0.02, 0.04, 0.06)
BOXES = [(0.1, 0.2, 0.5, 0.6), (0, 0, 1, 1), (0.25, 0.5, 0.75, 1), (0, 0, 0, 0)]
HALF = [tuple(number / 2 for number in box) for box in BOXES]


def site(query: dict[str, Any], key: dict[str, Any], samples: int = 2) -> Site:
    axes = (Axis("samples", samples), Axis("heads", 2), Axis("query", 4, **query), Axis("key", 4, **key))
    return Site("a", "self", axes, logs.rows(samples, 2, 4, 4))


def manifest_json(one: Site) -> dict[str, Any]:
    return json.loads(json_text.dumps(manifest_to_json(digest(logs.record(0, sites=(one,)), "tag", 1).manifest)))


def test_lists_and_arrays_become_tuples() -> None:
    assert Axis("key", 4, "features", names=list(NAMES)) == Axis("key", 4, "features", names=NAMES)
    (name, *_) = Axis("key", 4, names=np.array(NAMES)).names or ()
    assert (name, type(name)) == ("age", str)
    assert Axis("key", 4, "frames", seconds=0.02 * np.arange(4)).seconds == pytest.approx(SECONDS)
    generated: Any = (0.02 * frame for frame in range(4))
    assert Axis("key", 4, "frames", seconds=generated).seconds == pytest.approx(SECONDS)
    assert Axis("key", 4, "objects", boxes=np.array(BOXES)).boxes == (tuple(BOXES),)
    assert Axis("key", 4, "objects", boxes=np.array([BOXES, HALF])).boxes == (tuple(BOXES), tuple(HALF))
    assert Axis("key", 0, "objects", boxes=np.zeros((3, 0, 4))).boxes == ((), (), ())
    own = Axis("key", 2, "objects", names=np.array([["cat 0.93", ""], ["dog 0.71", "cat 0.52"]]))
    assert (own.names, own.own_names) == (None, (("cat 0.93", ""), ("dog 0.71", "cat 0.52")))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (np.arange("2024-02-28", "2024-03-02", dtype="datetime64[D]"), ("2024-02-28", "2024-02-29", "2024-03-01")),
        (np.array(["2001", "2002", "2005"], "datetime64[Y]"), ("2001-01-01", "2002-01-01", "2005-01-01")),
        (
            pd.date_range("2024-01-01", periods=3, freq="6h"),
            ("2024-01-01T00:00", "2024-01-01T06:00", "2024-01-01T12:00"),
        ),
        (
            ["2024-01-01", "2024-01-01T00:00:01.5", "2025-01-01"],
            ("2024-01-01T00:00:00.000", "2024-01-01T00:00:01.500", "2025-01-01T00:00:00.000"),
        ),
        ([datetime.date(2024, 1, 1)] * 3, ("2024-01-01",) * 3),
    ],
    ids=str,
)
def test_dates_are_kept_as_texts_of_one_form(given: Any, kept: tuple[str, ...]) -> None:
    assert Axis("key", 3, "frames", dates=given).dates == (kept,)
    assert Axis("key", 3, "frames", dates=[given, given]).dates == (kept, kept)


@pytest.mark.parametrize(
    ("role", "kind", "fields", "message"),
    [
        ("key", "features", {"names": NAMES[:3]}, r"one text for each of the 4 positions. Received: 3 names, \('age'"),
        ("key", "features", {"names": "abcd"}, "one text for each of the 4 positions. Received: 1 names"),
        ("key", "features", {"names": (1, 2, 3, 4)}, "one text for each"),
        ("heads", "positions", {"names": NAMES}, "Only query and key axes have `names`.*role='heads'"),
        ("key", "tokens", {"seconds": SECONDS}, "Only an axis of kind 'frames' has `seconds`. Received: kind='tokens'"),
        ("key", "frames", {"seconds": SECONDS[:2]}, "time of each of the 4 frames"),
        ("key", "frames", {"seconds": (0, 2, 1, 3)}, "that never fall. Received: .0.0, 2.0, 1.0"),
        ("key", "frames", {"seconds": (0, 1, 2, float("nan"))}, "finite numbers"),
        ("key", "frames", {"seconds": 0.02}, "time of each of the 4 frames"),
        ("key", "grid", {"boxes": BOXES, "grid": (2, 2)}, "Only an axis of kind 'objects' has `boxes`"),
        ("key", "objects", {"boxes": BOXES[:2]}, r"shape \(4, 4\), or \(samples, 4, 4\).*Received: \[2\] boxes"),
        ("key", "objects", {"boxes": [BOXES, BOXES[:1]]}, r"Received: \[4, 1\] boxes"),
        ("key", "objects", {"boxes": [(0.5, 0, 0.1, 1)] * 4}, r"must be \(left, top, right, bottom\)"),
        ("key", "objects", {"boxes": [(0, 0, 1)] * 4}, "must be"),
        ("key", "objects", {"boxes": [(10, 20, 200, 100)] * 4}, "divide pixels by its width and height"),
        ("key", "objects", {"boxes": 5}, "must have shape"),
        ("key", "objects", {"names": [NAMES, NAMES[:2]]}, "one text for each of the 4 positions. Received: 2 names"),
        ("key", "tokens", {"dates": ["2024-01-01"] * 4}, "Only an axis of kind 'frames' has `dates`"),
        ("key", "frames", {"dates": ["2024-01-01"] * 3}, r"`dates` must have shape \(4,\).*Received: 3 dates"),
        ("key", "frames", {"dates": ["2024-01-02", "2024-01-01"] * 2}, "never fall"),
        ("key", "frames", {"dates": ["NaT"] * 4}, "dates of the years 0 to 9999"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(role: Any, kind: Any, fields: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Axis(role, 4, kind, **fields)


def test_boxes_are_of_the_samples_of_the_weights() -> None:
    site({"kind": "objects", "boxes": BOXES}, {})
    with pytest.raises(ArgumentError, match=r"names of \[3\] samples, weights of 2, path='a'"):
        site({"names": [NAMES] * 3}, {})
    with pytest.raises(ArgumentError, match=r"boxes of \[3\] samples, weights of 2, path='a'"):
        site({"kind": "objects", "boxes": [BOXES] * 3}, {})


def test_they_come_back_from_a_log(tmp_path: Path) -> None:
    found = [["cat 0.9", "dog 0.8", "car 0.7", ""], ["", "", "", "cat 0.6"]]
    query = Axis("query", 4, "objects", boxes=[BOXES, HALF], names=found, input=0)
    axes = [query, Axis("key", 4, "frames", seconds=SECONDS, dates=["2024-01-01"] * 4, names=NAMES)]
    weights = logs.rows(2, 3, 4, 4)
    with tb_attention.AttentionWriter(
        tmp_path, samples=tb_attention.Samples(np.zeros((2, 3)), axes={"given": axes})
    ) as writer:
        writer.write(0, {"given": weights, "now": weights, "plain": weights}, axes={"now": axes})
        moved = [Axis("query", 4, "objects", boxes=[HALF, BOXES]), axes[1]]
        writer.write(1, {"given": weights}, axes={"given": moved})
    log = tb_attention.load(tmp_path)
    assert log.site("given", step=0).axes[-2:] == tuple(axes)
    assert log.site("now", step=0).axes[-2:] == tuple(axes)
    assert log.site("plain", step=0).axes[-1] == Axis("key", 4)
    # Boxes that a detector predicts differ from step to step.
    assert log.site("given", step=1).axes[-2].boxes == (tuple(HALF), tuple(BOXES))
    np.testing.assert_array_equal(log.weights(0, 1, "given"), weights[1])


def test_the_manifest_and_the_wire_say_them_and_leave_out_what_is_not_there() -> None:
    one = site({"kind": "frames", "seconds": SECONDS}, {"kind": "objects", "boxes": BOXES, "names": NAMES})
    stored = manifest_json(one)
    assert stored["schema"] == 1
    expected = [
        {"role": "query", "size": 4, "kind": "frames", "seconds": list(SECONDS)},
        {"role": "key", "size": 4, "kind": "objects", "names": list(NAMES), "boxes": [[list(box) for box in BOXES]]},
    ]
    assert stored["sites"][0]["axes"][1:] == expected
    sent = json.loads(encode(sites_of(digest(logs.record(0, sites=(one,)), "tag", 1).manifest.sites)))
    assert sent[0]["axes"][1:] == expected
    plain = manifest_json(site({}, {}))["sites"][0]["axes"]
    assert plain[1:] == [{"role": "query", "size": 4}, {"role": "key", "size": 4}]


@pytest.mark.parametrize(
    "lie",
    [
        {"names": ["a"] * 5},
        {"names": [None] * 4},
        {"names": "abcd"},
        {"seconds": [0, 1, 2, 3]},
        {"kind": "frames", "seconds": [0, 1, "NaN", 3]},
        {"kind": "frames", "seconds": [3, 2, 1, 0]},
        {"kind": "objects", "boxes": [[[0, 0, 1, 1]] * 9]},
        {"kind": "objects", "boxes": [[[0, 0, 1]] * 4]},
        {"kind": "objects", "boxes": [[[0, 0, 1e300, 1]] * 4]},
        {"role": "windows", "names": ["a"] * 4},
        {"own_names": [["a"] * 3]},
        {"kind": "frames", "dates": [["yesterday"] * 4]},
        {"kind": "frames", "dates": [["2024-01-01"] * 3]},
    ],
    ids=str,
)
def test_a_manifest_that_lies_is_damaged(lie: dict[str, Any]) -> None:
    stored = manifest_json(site({}, {}))
    stored["sites"][0]["axes"][2] |= lie
    with pytest.raises(DamagedFileError):
        manifest_from_json(stored, "it")


def test_boxes_of_fewer_samples_than_the_log_has_are_no_boxes() -> None:
    axis = Axis("key", 4, "objects", boxes=[BOXES, HALF])
    assert axis.of(1).boxes == (tuple(HALF),)
    assert Axis("key", 4, names=[NAMES, NAMES[::-1]]).of(1).own_names == (NAMES[::-1],)
    assert axis.of(2).boxes is None


def test_samples_of_their_own_size_have_the_first_names() -> None:
    axis = Axis("key", 4, "frames", names=NAMES, seconds=SECONDS, own=((2,), (4,)))
    assert (axis.of(0).names, axis.of(0).seconds, axis.of(1).names) == (NAMES[:2], SECONDS[:2], NAMES)
    assert axis.cut(5).names is None


def test_pooled_frames_begin_with_their_first_and_have_no_names() -> None:
    one = site({"kind": "frames", "seconds": SECONDS, "names": NAMES}, {"kind": "objects", "boxes": BOXES})
    _, _, query, key = shorten(one, 2).axes
    assert (query.size, query.kind, query.seconds, query.names) == (2, "frames", (0.0, 0.04), None)
    dated = site({"kind": "frames", "dates": [f"2024-01-0{day}" for day in range(1, 5)]}, {})
    assert shorten(dated, 2).axes[-2].dates == (("2024-01-01", "2024-01-03"),)
    assert (key.size, key.kind, key.boxes) == (2, "objects", None)


TRACKS = [BOXES, HALF, BOXES]


def test_tracks_have_boxes_for_each_iteration_and_come_back_from_a_log(tmp_path: Path) -> None:
    assert Axis("key", 4, "objects", tracks=np.array(TRACKS)).tracks == (tuple(map(tuple, TRACKS)),)
    moving = Axis("key", 4, "objects", tracks=np.array([TRACKS, TRACKS[::-1]]))
    assert moving.tracks is not None
    assert len(moving.tracks) == 2
    assert moving.taken([1]).tracks == (tuple(map(tuple, TRACKS[::-1])),)
    assert moving.cut(2).tracks == tuple(tuple(tuple(boxes[:2]) for boxes in track) for track in (TRACKS, TRACKS[::-1]))
    axes = [Axis("iteration", 3), Axis("query", 1), moving]
    weights = logs.rows(2, 2, 3, 4)[:, :, :, None]
    with tb_attention.AttentionWriter(tmp_path) as writer:
        writer.write(0, {"a": weights}, axes={"a": axes})
        with pytest.raises(ArgumentError, match=r"boxes of \[3\] iterations, weights of \[2\]"):
            writer.write(1, {"a": weights[:, :, :2]}, axes={"a": [Axis("iteration", 2), *axes[1:]]})
    assert tb_attention.load(tmp_path).site("a").axes[-1] == moving


@pytest.mark.parametrize("tracks", [TRACKS[0], [BOXES[:1]], 5, [[[(0, 0, 1)] * 4]]])
def test_tracks_that_are_no_boxes_are_refused(tracks: Any) -> None:
    with pytest.raises(ArgumentError):
        Axis("key", 4, "objects", tracks=tracks)
