"""What `AttentionWriter` writes is what the tab gets, and what `load` reads."""

import json
import math
from concurrent.futures import ThreadPoolExecutor

import fsspec
import numpy as np
import pytest
from cachetools import LRUCache

import tb_attention
from tb_attention.plugin import manifests, serve_listing
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.step_record import ConfusionRecord
from tb_attention.records.writing.attempt_start import start_attempt
from tb_attention.records.writing.series_writer import SeriesWriter

from .conftest import open_tab

MAPS = {"run": "run", "tag": "attention"}
STEPS = 70


def maps(seed, heads, queries, keys):
    raw = np.random.default_rng(seed).random((2, heads, queries, keys)).astype(np.float32)
    return raw / raw.sum(-1, keepdims=True)


def step_weights(step):
    return {
        "encoder/self": maps(step, 2, 5, 5),
        "decoder/cross": maps(step + 1000, 1, 3, 5),
        "long": maps(step, 1, 160, 160),
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A log of 70 steps, which makes two index segments."""
    logdir = tmp_path_factory.mktemp("logs")
    pictures = np.random.default_rng(1).random((2, 8, 8, 1)).astype(np.float32)
    with tb_attention.AttentionWriter(str(logdir / "run"), samples=(pictures, np.array([0, 3]))) as writer:
        for step in range(STEPS):
            loss = math.nan if step == 1 else 1 / (1 + step)
            writer.write(step, step_weights(step), predictions=np.array([1, 2]), metrics={"loss": loss}, epoch=step)
    return logdir


@pytest.fixture
def tab(written):
    return open_tab(written)


def decode(array, site):
    """The weights in a body, as the page decodes them."""
    if site["encoding"] == "float32":
        return array
    rows = math.prod(site["shape"][:-1])
    maxima = array[: 4 * rows].view("<f4").reshape(*site["shape"][:-1], 1)
    return maxima * (array[4 * rows :].reshape(site["shape"]) / np.float32(255)) ** 2


def test_every_site_arrives_as_it_was_written(tab, written):
    answer = tab.json("series", **MAPS)
    log = tb_attention.load(str(written / "run"))
    sites = answer["site_sets"][answer["steps"][3]["sites"]]
    assert {site["path"] for site in sites} == set(step_weights(3))
    assert {site["encoding"] for site in sites} == {"float32", "sqrt8_row"}
    for index, site in enumerate(sites):
        query = {**MAPS, "step": 3, "sample": 1, "site": index, "v": answer["steps"][3]["v"]}
        sent = decode(tab.array("weights", **query), site)
        truth = step_weights(3)[site["path"]][1]
        np.testing.assert_allclose(sent, truth, atol=4e-3 * truth.max())
        np.testing.assert_allclose(sent, log.weights(step=3, sample=1, site=site["path"]), rtol=1e-6)


def test_overviews_are_at_the_offsets_of_the_sites(tab):
    answer = tab.json("series", **MAPS)
    sent = tab.array("overview", **MAPS, step=0, sample=0)
    for site in answer["site_sets"][0]:
        part = site["overview"]
        piece = sent[part["offset"] : part["offset"] + part["bytes"]]
        shown = decode(piece, {**part, "encoding": part["encoding"]})
        largest = step_weights(0)[site["path"]][0].max(axis=(1, 2))
        np.testing.assert_allclose(shown.max(axis=(1, 2)), largest, rtol=1e-2)


def test_samples_have_labels_and_pictures(tab):
    answer = tab.json("series", **MAPS)
    name = answer["steps"][0]["samples"]
    samples = tab.json("samples", **MAPS, set=name)
    assert [sample["label"]["class"] for sample in samples["samples"]] == [0, 3]
    assert tab.array("thumbnails", **MAPS, set=name).shape == tuple(samples["thumbnails"]["shape"])
    assert tab.array("image", **MAPS, set=name, sample=0, input=0).dtype == np.uint8


def test_metrics_that_are_not_finite_are_strings(tab):
    assert tab.json("series", **MAPS)["steps"][1]["logs"]["loss"] == "NaN"


@pytest.fixture
def forgetful(monkeypatch):
    """Empties what the server keeps of manifests, as at its start; the new cache may be made smaller."""

    def forget(capacity=1 << 20):
        cache = LRUCache(capacity, getsizeof=lambda kept: kept.nbytes)
        monkeypatch.setattr(manifests, "_kept", cache)
        monkeypatch.setattr(serve_listing, "_series", LRUCache(0))
        return cache

    return forget


def test_the_answer_is_the_same_without_the_index(tab, written, tmp_path, forgetful):
    forgetful()
    series, measures = tab.json("series", **MAPS), tab.array("measures", **MAPS, sample=1)
    assert len(series["steps"]) == STEPS
    bare = tmp_path / "bare"
    source = fsspec.filesystem("file")
    source.put(str(written), str(bare), recursive=True)
    indexes = list(bare.rglob("index-*.npz"))
    assert len(indexes) == 2
    for index in indexes:
        index.write_bytes(b"damaged")
    other = open_tab(bare)
    plain = [{**step, "v": None} for step in other.json("series", **MAPS)["steps"]]
    assert plain == [{**step, "v": None} for step in series["steps"]]
    np.testing.assert_array_equal(other.array("measures", **MAPS, sample=1), measures)


def test_with_the_index_hardly_a_step_file_is_opened(tab, monkeypatch, forgetful):
    opened = []
    original = Archive.__init__
    monkeypatch.setattr(Archive, "__init__", lambda self, *given: (opened.append(1), original(self, *given))[1])
    forgetful()
    tab.json("series", **MAPS)
    assert len(opened) <= 4
    tab.json("series", **MAPS)
    assert len(opened) <= 4


def test_what_the_server_keeps_does_not_grow_with_the_log(tab, forgetful):
    cache = forgetful(capacity=3000)
    assert len(tab.json("series", **MAPS)["steps"]) == STEPS
    assert len(cache) == 0
    cache = forgetful()
    assert len(tab.json("series", **MAPS)["steps"]) == STEPS
    assert len(cache) == 1
    assert cache.currsize > 3000


def write_matrices(run, matrices, attempt, first=0):
    """Writes matrices (classes, classes) as the steps from `first` of the series "confusion"."""
    writer = SeriesWriter(str(run), "confusion", attempt)
    for step, matrix in enumerate(matrices, first):
        writer.submit(ConfusionRecord(step, {"validation": matrix}, class_names=("cat", "dog"), epoch=step))
    writer.close()
    assert not writer.failures


def test_matrices_arrive_as_they_were_written(tmp_path):
    counts = [np.array([[5, 1], [0, 9]]), np.array([[0, 0], [0, 3]]), np.array([[0.5, 1.25], [0.0, 2.0]])]
    write_matrices(tmp_path / "run", counts, start_attempt(tmp_path / "run", "confusion"))
    tab = open_tab(tmp_path)
    answer = tab.json("series", run="run", tag="confusion")
    assert answer["class_names"] == ["cat", "dog"]
    assert [step["splits"]["validation"]["encoding"] for step in answer["steps"]] == ["dense", "sparse", "dense"]
    for step, matrix in enumerate(counts):
        sent = tab.array("matrix", run="run", tag="confusion", step=step, split="validation")
        assert sent.dtype == matrix.dtype
        np.testing.assert_array_equal(sent, matrix)


def test_a_training_that_goes_on_hides_what_it_supersedes(tmp_path):
    first = np.array([[1, 0], [0, 1]])
    attempt = start_attempt(tmp_path / "run", "confusion")
    write_matrices(tmp_path / "run", [first] * 5, attempt)
    tab = open_tab(tmp_path)
    series = {"run": "run", "tag": "confusion"}
    before = tab.json("runs")["version"]
    assert start_attempt(tmp_path / "run", "confusion", epoch=3) == attempt
    assert [step["step"] for step in tab.json("series", **series)["steps"]] == [0, 1, 2]
    assert tab.json("runs")["version"] != before
    write_matrices(tmp_path / "run", [2 * first], attempt, first=3)
    assert [step["step"] for step in tab.json("series", **series)["steps"]] == [0, 1, 2, 3]
    np.testing.assert_array_equal(tab.array("matrix", **series, step=3, split="validation"), 2 * first)
    assert "Steps: 0, 1, 2, 3" in tab.refusal("matrix", 404, **series, step=4, split="validation")


def test_load_and_the_tab_read_a_log_alike(tmp_path):
    run = tmp_path / "run"
    for attempt in (1, 2):
        write_matrices(run, [np.eye(2, dtype=int)] * 6, attempt)
    start_attempt(run, "confusion")  # a third attempt, without a step
    (step,) = run.rglob("2/step-000000000004.npz")
    step.write_bytes(b"no zip")
    log = tb_attention.load(run)
    tab = open_tab(tmp_path)
    answer = tab.json("series", run="run", tag="confusion")
    assert (log.tag, log.attempts, log.attempt) == (answer["tag"], answer["attempts"], answer["attempt"])
    assert (log.attempts, log.steps) == ([1, 2], [0, 1, 2, 3, 5])
    assert [step["step"] for step in answer["steps"]] == log.steps
    assert answer["damaged"] == [{"file": each.file, "step": each.step, "reason": each.reason} for each in log.damaged]
    [listed] = tab.json("runs")["runs"][0]["series"]
    assert (listed["tag"], listed["content"], listed["attempts"]) == ("confusion", "confusion", log.attempts)


def test_many_readers_see_whole_steps_while_a_log_is_written(tmp_path):
    with tb_attention.AttentionWriter(str(tmp_path / "run")) as writer, ThreadPoolExecutor(6) as pool:
        writer.write(0, step_weights(0))
        writer.flush()
        tab = open_tab(tmp_path)

        def read(_):
            steps = tab.json("series", **MAPS)["steps"]
            last = steps[-1]["step"]
            np.testing.assert_array_equal(
                tab.array("weights", **MAPS, step=last, sample=0, site=0), step_weights(last)["encoder/self"][0]
            )
            return last

        readers = [pool.submit(read, number) for number in range(60)]
        for step in range(1, 20):
            writer.write(step, step_weights(step))
        seen = [reader.result() for reader in readers]
        writer.flush()
        assert read(None) == 19
    assert len(seen) == 60


def test_a_log_behind_a_url_is_served(tmp_path):
    memory = fsspec.filesystem("memory")
    with tb_attention.AttentionWriter("memory://logs/run") as writer:
        writer.write(0, {"a": maps(0, 2, 4, 4)})
    tab = open_tab(tmp_path, url="memory://logs", runs=["run"])
    assert tab.active()
    assert tab.json("runs")["runs"][0]["series"][0]["steps"] == 1
    assert [step["step"] for step in tab.json("series", **MAPS)["steps"]] == [0]
    np.testing.assert_array_equal(tab.array("weights", **MAPS, step=0, sample=1, site=0), maps(0, 2, 4, 4)[1])
    assert json.loads(tab.get("weights", **MAPS, step=9, sample=0, site=0).get_data())["error"]
    memory.rm("/logs", recursive=True)
