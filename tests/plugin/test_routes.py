"""Each route answers as http_api.md says, on a log that was written by hand as docs/format.md says."""

import gzip
import io
import struct
import time

import numpy as np
import pytest

from . import handmade
from .conftest import open_tab, write_event_file

MAPS = {"run": "vit", "tag": "attention"}
MATRICES = {"run": "vit", "tag": "confusion"}
DENSE = np.array([[5, 1, 0], [0, 7, 2], [3, 0, 9]])
SET = "samples-0f3a5c9e1b2d"


@pytest.fixture
def log(tmp_path):
    """Three steps of maps in two attempts, and a step of matrices, in the run "vit"."""
    write_event_file(tmp_path / "vit")
    write_event_file(tmp_path / "plain")
    ours = tmp_path / "vit" / "plugins" / "attention"
    handmade.write(ours / "attention", {"step-000000000000.npz": handmade.step_file(0)})
    handmade.write(
        ours / "attention",
        {
            "step-000000000000.npz": handmade.step_file(0, attempt=2),
            "step-000000000001.npz": handmade.step_file(1, attempt=2),
            "step-init.npz": handmade.step_file(9, attempt=2, step="init", epoch=None),
            f"{SET}.npz": handmade.samples_file(),
            "status.json": b'{"schema": 1, "epochs": 20, "state": "running", "updated": 1.0}',
            ".tmp-step-000000000002.npz": b"half a file",
            "notes.txt": b"mine",
        },
        attempt=2,
    )
    handmade.write(ours / "confusion", {"step-000000000003.npz": handmade.confusion_file(3, DENSE)})
    return ours


@pytest.fixture
def tab(log, tmp_path):
    return open_tab(tmp_path)


def test_the_tab_is_active_when_a_listed_run_has_our_folder(tab, tmp_path):
    assert tab.active()
    (tmp_path / "elsewhere").mkdir()
    write_event_file(tmp_path / "elsewhere" / "plain")
    assert not open_tab(tmp_path / "elsewhere").active()


def test_runs_lists_every_run_with_its_series(tab, tmp_path):
    answer = tab.json("runs")
    assert answer["logdir"] == str(tmp_path)
    plain, vit = answer["runs"]
    assert plain == {"run": "plain", "series": []}
    maps, matrices = vit["series"]
    assert maps["written"] == pytest.approx(time.time(), abs=600)
    assert {**maps, "version": None, "status": None, "written": None} == {
        "only_events": False, "written": None,
        "tag": "attention", "content": "attention", "attempts": [1, 2], "steps": 3, "version": None, "status": None,
    }  # fmt: skip
    assert matrices["content"] == "confusion"
    assert matrices["steps"] == 1


def test_only_a_new_step_changes_the_version(tab, log):
    before = tab.json("runs")
    assert tab.json("runs")["version"] == before["version"]
    handmade.write(log / "attention", {"step-000000000002.npz": handmade.step_file(2)}, attempt=2)
    after = tab.json("runs")
    assert after["version"] != before["version"]
    assert after["runs"][-1]["series"][0]["version"] != before["runs"][-1]["series"][0]["version"]
    assert after["runs"][-1]["series"][1] == before["runs"][-1]["series"][1]


def test_series_lists_the_newest_attempt_with_init_first(tab):
    answer = tab.json("series", **MAPS)
    assert (answer["attempt"], answer["attempts"], answer["content"]) == (2, [1, 2], "attention")
    assert [step["step"] for step in answer["steps"]] == ["init", 0, 1]
    assert answer["measures"] == ["entropy", "largest"]
    assert [site["path"] for site in answer["site_sets"][0]] == [handmade.PATH]
    last = answer["steps"][-1]
    assert (last["epoch"], last["batch"], last["logs"], last["sites"]) == (1, 10, {"loss": 0.5}, 0)
    assert (last["samples"], last["sample_count"]) == (SET, 2)
    assert last["predictions"] == [{"class": 1, "probability": 0.9}, None]
    assert answer["damaged"] == []


def test_steps_with_other_sites_refer_to_another_set(tab, log):
    other = handmade.step_manifest(2, 2)["sites"][0]
    handmade.write(
        log / "attention", {"step-000000000002.npz": handmade.step_file(2, sites=[{**other, "path": "new"}])}, attempt=2
    )
    answer = tab.json("series", **MAPS)
    assert [step["sites"] for step in answer["steps"]] == [0, 0, 0, 1]
    assert [sites[0]["path"] for sites in answer["site_sets"]] == [handmade.PATH, "new"]


def test_an_older_attempt_is_served_on_request(tab):
    assert [step["step"] for step in tab.json("series", **MAPS, attempt=1)["steps"]] == [0]
    assert "1, 2" in tab.refusal("series", 404, **MAPS, attempt=3)


def test_a_running_log_that_is_silent_counts_as_stopped(tab):
    assert tab.json("series", **MAPS)["status"]["state"] == "stopped"


def test_a_series_of_matrices_has_classes_and_splits(tab):
    answer = tab.json("series", **MATRICES)
    assert (answer["content"], answer["class_names"], answer["class_groups"], answer["output"]) == (
        "confusion",
        None,
        [],
        None,
    )
    assert (answer["site_sets"], answer["measures"]) == ([[]], [])
    (step,) = answer["steps"]
    assert (step["step"], step["classes"], sorted(step["splits"])) == (3, 3, ["training", "validation"])
    assert step["logs"] == {"loss": "NaN"}
    assert (step["samples"], step["sample_count"], step["examples"], step["similarity"]) == (None, 0, 0, False)
    assert step["splits"]["validation"]["bins"] == 0


def test_weights_are_the_stored_ones(tab):
    for step, number in (("init", 9), (0, 0), (1, 1)):
        sent = tab.array("weights", **MAPS, step=step, sample=1, site=0)
        if step != "init":
            np.testing.assert_array_equal(sent, handmade.weights(number, 1))


def test_the_overview_is_the_stored_one(tab):
    np.testing.assert_array_equal(
        tab.array("overview", **MAPS, step=1, sample=0), handmade.sqrt8(handmade.weights(1, 0))
    )


def frames(body):
    """The arrays of a body of `overviews`; None for a step without one."""
    found = []
    while body:
        (size,) = struct.unpack_from("<I", body)
        packed, body = body[4 : 4 + size], body[4 + size :]
        found.append(np.load(io.BytesIO(gzip.decompress(packed)), allow_pickle=False) if packed else None)
    return found


def test_overviews_of_many_steps_come_in_the_order_asked(tab):
    response = tab.get("overviews", **MAPS, steps="1,7,init,0", sample=1, v="x")
    assert response.status_code == 200
    assert response.headers["Cache-Control"].endswith("immutable")
    newest, absent, init, first = frames(response.get_data())
    assert absent is None
    np.testing.assert_array_equal(newest, handmade.sqrt8(handmade.weights(1, 1)))
    np.testing.assert_array_equal(init, handmade.sqrt8(handmade.weights(9, 1)))
    np.testing.assert_array_equal(first, handmade.sqrt8(handmade.weights(0, 1)))


def test_a_damaged_step_does_not_affect_overviews_of_others(tab, log):
    handmade.write(log / "attention", {"step-000000000002.npz": b"no zip"}, attempt=2)
    damaged, first = frames(tab.get("overviews", **MAPS, steps="2,0", sample=0).get_data())
    assert damaged is None
    assert first is not None


def test_overviews_refuses_what_no_step_has(tab):
    assert "2 samples" in tab.refusal("overviews", 404, **MAPS, steps="0,1", sample=2)
    assert "no such step" in tab.refusal("overviews", 404, **MAPS, steps="7,8", sample=0)
    assert "matrix" in tab.refusal("overviews", 404, **MATRICES, steps="3", sample=0)
    for steps in ("", "1,1", "1,,2", "-1", "1-3", ",".join(map(str, range(65)))):
        assert "steps" in tab.refusal("overviews", 400, **MAPS, steps=steps, sample=0)


def test_measures_have_a_row_for_every_step(tab):
    sent = tab.array("measures", **MAPS, sample=1)
    assert sent.dtype == np.float32
    assert sent.shape == (3, 2, 2)
    np.testing.assert_array_equal(sent[:, 0, 0], [904, 4, 104])


def test_measures_of_other_sites_are_a_gap(tab, log):
    other = handmade.step_manifest(2, 2)["sites"][0]
    changed = handmade.step_file(0, sites=[{**other, "path": "old"}])
    handmade.write(log / "attention", {"step-000000000000.npz": changed}, attempt=2)
    sent = tab.array("measures", **MAPS, sample=1)
    assert np.isnan(sent[1]).all()
    assert np.isfinite(sent[[0, 2]]).all()


@pytest.mark.parametrize("split", ["validation", "training"])
def test_matrices_come_dense_however_they_are_stored(tab, split):
    sent = tab.array("matrix", **MATRICES, step=3, split=split)
    assert sent.dtype == np.int64
    np.testing.assert_array_equal(sent, DENSE)


def test_an_array_in_another_byte_order_is_converted(tab, log):
    converted = handmade.npz(
        handmade.step_manifest(0, 2), {"weights/0/0": np.asfortranarray(handmade.weights(0, 0)).astype(">f4")}
    )
    handmade.write(log / "attention", {"step-000000000000.npz": converted}, attempt=2)
    sent = tab.array("weights", **MAPS, step=0, sample=0, site=0)
    assert (sent.dtype.str, sent.flags.c_contiguous) == ("<f4", True)
    np.testing.assert_array_equal(sent, handmade.weights(0, 0))


def test_samples_come_with_their_pictures(tab):
    answer = tab.json("samples", **MAPS, set=SET)
    assert [sample["id"] for sample in answer["samples"]] == ["a", "b"]
    assert answer["class_names"] == ["zero", "one"]
    assert tab.array("thumbnails", **MAPS, set=SET).shape == tuple(answer["thumbnails"]["shape"])
    assert tab.array("image", **MAPS, set=SET, sample=1, input=0)[0, 0, 0] == 15


def test_only_answers_with_a_version_are_kept_for_ever(tab):
    query = {**MAPS, "step": 0, "sample": 0, "site": 0}
    assert tab.get("weights", **query).headers.getlist("Cache-Control") == ["no-cache"]
    kept = tab.get("weights", **query, v="1-2").headers
    assert kept.getlist("Cache-Control") == ["private, max-age=31536000, immutable"]
    assert "Expires" not in kept
    assert tab.get("series", **MAPS, v="1-2").headers["Cache-Control"] == "no-cache"


def test_logdir_spec_finds_the_directories(log, tmp_path):
    tab = open_tab(tmp_path, spec={"mine": str(tmp_path)})
    assert tab.active()
    assert [run["run"] for run in tab.json("runs")["runs"] if run["series"]] == ["mine/vit"]
    assert tab.json("series", run="mine/vit", tag="attention")["attempt"] == 2


def test_the_log_directory_itself_may_be_the_run(log, tmp_path):
    tab = open_tab(tmp_path / "vit")
    assert tab.json("series", run=".", tag="attention")["attempt"] == 2


def test_rows_are_means_over_queries_for_all_steps_of_a_site(tab):
    found = tab.array("rows", **MAPS, sample=1, site=0, queries="0-1,3")
    expected = [handmade.weights(step, 1)[:, [0, 1, 3]].mean(1) for step in (9, 0, 1)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_rows_of_a_step_hold_every_site_and_leave_out_queries_beyond_the_end(tab):
    found = tab.array("rows", **MAPS, sample=0, step=1, queries="2,999")
    np.testing.assert_allclose(found, handmade.weights(1, 0)[:, 2].ravel(), rtol=1e-6)
    assert np.isnan(tab.array("rows", **MAPS, sample=0, step=1, queries="999")).all()


@pytest.mark.parametrize("queries", ["", "a", "3-1", "1-2-3", "-1", "0-100000"])
def test_rows_refuse_queries_that_are_no_indices(tab, queries):
    assert "`queries`" in tab.refusal("rows", 400, **MAPS, sample=0, site=0, queries=queries)


def test_rows_need_a_step_or_a_site(tab):
    assert "`step`" in tab.refusal("rows", 400, **MAPS, sample=0, queries="0")
    assert "`step`" in tab.refusal("rows", 400, **MAPS, sample=0, queries="0", site=0, step=1)
    assert "site=7" in tab.refusal("rows", 404, **MAPS, sample=0, queries="0", site=7)
