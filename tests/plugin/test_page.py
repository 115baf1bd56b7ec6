"""The routes of a stand-alone page: the page as a download, and its size beforehand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import tb_attention
from tests.export.pages import Page, write_run
from tests.plugin.conftest import Tab, open_tab, write_event_file

NAME = {"run": "group/a b", "tag": "attention"}


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Tab:
    logdir = tmp_path_factory.mktemp("page")
    write_run(logdir / "group" / "a b")
    write_event_file(logdir / "group" / "a b")
    return open_tab(logdir)


def test_the_download_is_what_export_html_writes(tab: Tab, tmp_path: Path) -> None:
    response = tab.get("page", **NAME)
    assert response.status_code == 200
    assert response.mimetype == "text/html"
    assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''attention-group-a%20b.html"
    tb_attention.export_html(tab.logdir / "group" / "a b", tmp_path / "page.html", title="group/a b")
    assert response.get_data() == (tmp_path / "page.html").read_bytes()


def test_the_size_is_that_of_the_page(tab: Tab) -> None:
    for choice in ({}, {"steps": "0,2"}, {"samples": "0-1", "site": "layer_1/attention"}, {"redact": 1}):
        size = tab.json("page_size", **NAME, **choice)
        assert size["bytes"] == len(tab.get("page", **NAME, **choice).get_data())
        assert size["most"] == 100_000_000


def test_a_choice_of_steps_samples_sites_and_heads(tab: Tab) -> None:
    body = tab.get(
        "page", **NAME, steps="1", samples="1-2", site="layer_1/attention", heads="0,2", redact="1"
    ).get_data()
    page = Page(body.decode())
    log = tb_attention.load(tab.logdir / "group" / "a b")
    assert [sample["id"] for sample in page.samples] == ["1", "2"]
    weights = page.array("weights/0/1/0/0")
    np.testing.assert_array_equal(weights[[0, 2]], log.weights(1, "b", "layer_1/attention")[[0, 2]])
    assert np.isnan(weights[1]).all()
    assert "secret" not in str(page.index)


@pytest.mark.parametrize(
    ("choice", "code", "words"),
    [
        ({"steps": "9"}, 404, "no such step. Received: steps=9"),
        ({"steps": "last"}, 400, '"init,0,5". Received'),
        ({"samples": "7"}, 404, "no such sample"),
        ({"site": "x"}, 404, "no such site"),
        ({"heads": "3"}, 404, "no such head"),
        ({"heads": "-1"}, 400, "`heads` must be indices"),
        ({"redact": "yes"}, 400, "`redact` must be an integer"),
    ],
)
def test_the_error_names_what_does_not_exist(tab: Tab, choice: dict[str, str], code: int, words: str) -> None:
    assert words in tab.refusal("page", code, **NAME, **choice)
    assert words in tab.refusal("page_size", code, **NAME, **choice)


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_links_out_of_the_run_are_not_followed(tmp_path: Path) -> None:
    write_run(tmp_path / "secret")
    write_run(tmp_path / "logs" / "run")
    write_event_file(tmp_path / "logs" / "run")
    name = "plugins/attention/attention/1/step-000000000001.npz"
    (tmp_path / "logs" / "run" / name).unlink()
    (tmp_path / "logs" / "run" / name).symlink_to(tmp_path / "secret" / name)
    tab = open_tab(tmp_path / "logs")
    response = tab.get("page", run="run", tag="attention")
    assert response.status_code == 200 or "leads out of the run" in response.get_data(as_text=True)
    if response.status_code == 200:
        assert 1 not in [step["step"] for step in Page(response.get_data(as_text=True)).series[0]["steps"]]
