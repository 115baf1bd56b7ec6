"""A stand-alone page: what is in it, what is left out, and that nothing of a log breaks out of it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

import tb_attention
from tb_attention import Samples
from tb_attention.errors import ArgumentError, NotInLogError
from tb_attention.export.choice import Choice
from tb_attention.export.stand_alone_page import make_page
from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.store.opening import open_store
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.reduce.encodings import decode
from tb_attention.site import Axis, Site
from tests.export.pages import HEADS, SAMPLES, STEPS, WORDS, Page, write_run
from tests.plugin.conftest import open_tab, write_event_file

FIRST, SECOND = "layer_0/attention", "layer_1/attention"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("export") / "run <b>1</b>"
    write_run(run)
    return run


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stored in 8 bits."""
    run = tmp_path_factory.mktemp("export") / "long"
    write_run(run, tokens=160)
    return run


def exported(run: Path, directory: Path, **choices: object) -> Page:
    path = directory / "page.html"
    size = tb_attention.export_html(run, path, **choices)  # type: ignore[arg-type]
    assert size == path.stat().st_size
    return Page(path.read_text("utf-8"))


def test_a_page_holds_the_bodies_of_the_plugins_routes(run: Path, tmp_path: Path) -> None:
    page = exported(run, tmp_path)
    write_event_file(run)
    tab = open_tab(run.parent)
    name = {"run": run.name, "tag": "attention"}
    for step in range(STEPS):
        for sample in range(SAMPLES):
            overview = tab.get("overview", **name, step=step, sample=sample).get_data()
            assert page.body(f"overview/0/{step}/{sample}") == overview
            for site in range(2):
                weights = tab.get("weights", **name, step=step, sample=sample, site=site).get_data()
                assert page.body(f"weights/0/{step}/{sample}/{site}") == weights
    assert page.body("measures/0/1") == tab.get("measures", **name, sample=1).get_data()
    series = tab.json("series", **name)
    held = page.series[0]
    assert held["site_sets"] == series["site_sets"]
    assert [{**step, "v": ""} for step in held["steps"]] == [{**step, "v": ""} for step in series["steps"]]
    samples = tab.json("samples", **name, set=series["steps"][0]["samples"])
    assert page.samples == samples["samples"]
    image = tab.array("image", **name, set=series["steps"][0]["samples"], sample=2, input=0)
    np.testing.assert_array_equal(page.array(f"image/0/{series['steps'][0]['samples']}/2/0"), image)


def test_the_page_has_the_matrices_of_the_run(run: Path, tmp_path: Path) -> None:
    page = exported(run, tmp_path)
    assert [each["content"] for each in page.series] == ["attention", "confusion"]
    assert page.series[1]["class_names"] == ["ham", "spam"]
    np.testing.assert_array_equal(page.array("matrix/1/2/validation"), [[3, 2], [1, 4]])
    assert [step["step"] for step in exported(run, tmp_path, steps=[2]).series[1]["steps"]] == [2]


def test_only_what_was_chosen_goes_in(run: Path, tmp_path: Path) -> None:
    page = exported(run, tmp_path, steps=[1], samples=["c", 0], sites=SECOND)
    log = tb_attention.load(run)
    assert [step["step"] for step in page.series[0]["steps"]] == [1]
    assert [sample["id"] for sample in page.samples] == ["a", "c"]
    (sites,) = page.series[0]["site_sets"]
    assert [site["path"] for site in sites] == [SECOND]
    np.testing.assert_array_equal(page.array("weights/0/1/1/0"), log.weights(1, "c", SECOND))
    part = sites[0]["overview"]
    overview = decode(page.array("overview/0/1/1"), part["shape"], part["encoding"])
    np.testing.assert_allclose(overview, log.weights(1, "c", SECOND), atol=0.01)
    np.testing.assert_array_equal(page.array("measures/0/1")[0], log.measures(1)[2, HEADS:])
    weights = [name for name in page.names if name.startswith("weights/")]
    assert weights == ["weights/0/1/0/0", "weights/0/1/1/0"]


@pytest.mark.parametrize("heads", [[1], {FIRST: [1], SECOND: [0, 1, 2]}])
def test_heads_that_are_left_out_keep_their_numbers_and_have_no_weights(
    long_run: Path, tmp_path: Path, heads: object
) -> None:
    page = exported(long_run, tmp_path, steps=1, heads=heads)
    log = tb_attention.load(long_run)
    (sites,) = page.series[0]["site_sets"]
    assert sites[0]["encoding"] == "sqrt8_row"
    weights = decode(page.array("weights/0/1/0/0"), sites[0]["shape"], sites[0]["encoding"])
    np.testing.assert_array_equal(weights[1], log.weights(1, 0, FIRST)[1])
    assert np.isnan(weights[[0, 2]]).all()
    part = sites[0]["overview"]
    packed = page.array("overview/0/1/0")[part["offset"] : part["offset"] + part["bytes"]]
    overview = decode(packed, part["shape"], part["encoding"])
    assert np.isnan(overview[[0, 2]]).all()
    assert not np.isnan(overview[1]).any()
    measures = page.array("measures/0/0")[0]
    assert np.isnan(measures[[0, 2]]).all()
    assert np.isnan(measures[3]).all() == (heads == [1])


def test_redacted_pages_hold_nothing_that_was_fed_in(run: Path, tmp_path: Path) -> None:
    page = exported(run, tmp_path, redact=True)
    assert not [name for name in page.names if name.startswith(("image/", "thumbnails/", "features/"))]
    text = str(page.index)
    for word in ("secret", *WORDS[3:5]):
        assert word not in text
    assert [sample["id"] for sample in page.samples] == ["0", "1", "2"]
    assert page.samples[1]["label"] == {"class": 1, "name": "spam"}
    assert {given["kind"] for given in page.samples[0]["inputs"]} == {"values"}
    assert "secret" in str(exported(run, tmp_path).index)


def test_a_redacted_page_holds_no_hash_of_what_was_fed_in(tmp_path: Path) -> None:
    run = tmp_path / "run"
    texts = ["the patient has a cold", "the patient has the flu", "nothing"]
    boxes = [[[0.1, 0.2, 0.3, 0.4], [0.123456, 0.2, 0.5, 0.5]]] * 2
    sets = [
        Samples({"ids": np.arange(6).reshape(3, 2) + turn}, texts=texts, tokens=[["a", "b"]] * 3) for turn in (0, 9)
    ]
    axes = (Axis("samples", 3), Axis("heads", 1), Axis("query", 2), Axis("key", 2, "objects", boxes=(boxes[0],)))
    site = Site("a", "self", axes, np.full((3, 1, 2, 2), 0.5, "f4"))
    writer = SeriesWriter(run, "attention", 1)
    names = [writer.write_samples(samples) for samples in sets]
    for step, name in enumerate((*names, names[0])):
        writer.submit(StepRecord(step, sites=(site,), samples=name))
    assert writer.close(30)

    page = exported(run, tmp_path, redact=True, samples=[1, 2])
    held = json.dumps(page.index) + page.text[: page.text.index("<script")]
    found = {each for name in names for each in re.findall("[0-9a-f]{12}", name)}
    found |= {each for samples in sets for each in samples.ids}
    found |= {hashlib.sha256(text.encode()).hexdigest()[:12] for text in texts}
    assert len(found) == 2 + 6 + 3
    for each in found:
        assert each not in held
    assert "patient" not in held
    assert "0.123456" not in held
    # A sample keeps its number over the sets of several steps.
    (answers,) = page.index["answers"]["samples"]
    assert {name: [sample["id"] for sample in answer["samples"]] for name, answer in answers.items()} == {
        "samples-0": ["1", "2"],
        "samples-1": ["4", "5"],
    }
    assert [step["samples"] for step in page.series[0]["steps"]] == ["samples-0", "samples-1", "samples-0"]
    # Whoever may see the inputs finds them by the same names as in the log.
    assert names[0].removesuffix(".npz") in json.dumps(exported(run, tmp_path).index)


def test_feature_maps_are_left_out_with_the_pictures_they_come_from(tmp_path: Path) -> None:
    features = np.random.default_rng(0).random((1, 4, 4, 8)).astype("f4")
    axes = (Axis("samples", 1), Axis("heads", 1), Axis("key", 8, "channels"))
    writer = SeriesWriter(tmp_path / "gate", "attention", 1)
    writer.submit(StepRecord(0, sites=(Site("se", "gate", axes, np.full((1, 1, 8), 0.5, "f4"), features=features),)))
    writer.close()
    page = exported(tmp_path / "gate", tmp_path)
    np.testing.assert_allclose(page.array("features/0/0/0/0"), np.moveaxis(features[0], -1, 0))
    redacted = exported(tmp_path / "gate", tmp_path, redact=True)
    assert "features/0/0/0/0" not in redacted.names
    assert "features" not in redacted.series[0]["site_sets"][0][0]


def test_nothing_of_a_log_breaks_out_of_the_page(run: Path, tmp_path: Path) -> None:
    page = exported(run, tmp_path, title='</title><script>alert(2)</script>"')
    assert page.tags.count("script") == 1
    assert page.tags.count("template") == 1
    assert "<script>alert" not in page.text
    assert "alert(1)" not in page.text
    assert page.script.count("<!--") == 0
    assert WORDS in [given.get("tokens") for given in page.samples[0]["inputs"]]
    digest = base64.b64encode(hashlib.sha256(page.script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page.policy
    assert page.policy.startswith("default-src 'none'")


def test_the_page_has_the_licences_of_its_code_and_font(run: Path, tmp_path: Path) -> None:
    page = exported(run, tmp_path)
    assert "SIL OPEN FONT LICENSE" in page.text.upper()
    assert "Svelte" in page.text or "svelte" in page.text
    assert "clsx" in page.text


def test_a_page_names_no_paths_and_no_machine(run: Path, tmp_path: Path) -> None:
    page = exported(run, tmp_path)
    assert str(run.parent) not in str(page.index)
    assert "process" not in page.series[0]["status"]
    assert page.index["answers"]["runs"]["logdir"] == ""
    assert page.series[0]["run"] == run.name


def test_the_size_is_known_before_the_page_is_made(long_run: Path, tmp_path: Path) -> None:
    page = make_page(open_store(long_run), "long", None, None, Choice())
    assert page.size == sum(map(len, page.chunks()))
    some = make_page(open_store(long_run), "long", None, None, Choice(heads=(0,)))
    assert sum(map(len, some.chunks())) == pytest.approx(some.size, rel=0.05)


def test_too_large_a_page_is_refused_before_it_is_written(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"would have .* MB; 100,000 bytes|allowed \(`max_bytes`\). Choose fewer"):
        tb_attention.export_html(run, tmp_path / "page.html", max_bytes=99_999)
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("choices", "error", "words"),
    [
        ({"steps": [7]}, NotInLogError, r"no such step. Received: steps=7. There are: 0, 1, 2"),
        ({"samples": ["z"]}, NotInLogError, r"no such sample. Received: samples='z'. There are: a, b, c, 0, 1, 2"),
        ({"sites": ["x"]}, NotInLogError, r"no such site. Received: sites='x'. There are: layer_0/attention"),
        ({"heads": 3}, NotInLogError, r"no such head. Received: heads=3. There are: 0, 1, 2"),
        ({"heads": {FIRST: [5]}}, NotInLogError, r"Received: heads=5"),
        ({"heads": [-1]}, ArgumentError, r"numbers from 0.* Received: heads=\[-1\]"),
        ({"steps": []}, ArgumentError, r"must not be empty"),
        ({"steps": 1.5}, ArgumentError, r"`steps` must be a list"),
        ({"steps": ["last"]}, ArgumentError, r'"init"'),
        ({"tag": "other"}, NotInLogError, r"no such series"),
        ({"attempt": 9}, NotInLogError, r"no such attempt. Received: attempt=9"),
        ({"max_bytes": 0}, ArgumentError, r"`max_bytes` must be a positive integer"),
    ],
)
def test_the_error_names_what_does_not_exist(
    run: Path, tmp_path: Path, choices: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        tb_attention.export_html(run, tmp_path / "page.html", **choices)  # type: ignore[arg-type]


def test_an_empty_log_and_a_missing_directory_are_named(tmp_path: Path, run: Path) -> None:
    with pytest.raises(NotInLogError, match="no log yet"):
        tb_attention.export_html(tmp_path, tmp_path / "page.html")
    with pytest.raises(ArgumentError, match="`path` must be a file in an existing directory"):
        tb_attention.export_html(run, tmp_path / "missing" / "page.html")
