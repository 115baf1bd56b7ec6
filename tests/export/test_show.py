"""`show` gives a notebook a frame with the stand-alone page, cut to what was asked for."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import tb_attention
from tb_attention.errors import ArgumentError, NotInLogError

from .pages import Page, write_run


class Frame(HTMLParser):
    """The only element of an output, as a notebook reads it."""

    def __init__(self, output: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(output)
        [(self.name, self.attributes)] = self.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("show") / 'run "one" & two'
    write_run(path)
    return path


def test_the_frame_cannot_reach_the_notebook(run: Path) -> None:
    frame = Frame(tb_attention.show(run)._repr_html_())
    assert frame.name == "iframe"
    assert frame.attributes["sandbox"] == "allow-scripts allow-downloads"
    assert frame.attributes["title"] == 'run "one" & two: attention'
    assert "height: 600px" in str(frame.attributes["style"])
    assert str(frame.attributes["srcdoc"]) == tb_attention.show(run).html


def test_a_map_is_one_head_of_one_site_for_one_sample_at_one_step(run: Path) -> None:
    shown = tb_attention.show(run, step=1, sample="b", site="layer_1/attention", head=2, height=400)
    assert 'data-link="p.attention.view=head&amp;p.attention.head=2"' in shown.html
    assert "height: 400px" in shown._repr_html_()
    page = Page(shown.html)
    [name] = [name for name in page.names if name.startswith("weights")]
    weights = page.array(name)
    np.testing.assert_array_equal(weights[2], tb_attention.load(run).weights(1, "b", "layer_1/attention")[2])
    assert np.isnan(weights[:2]).all()  # left out


def test_what_is_left_out_is_the_newest_step_the_first_sample_and_the_first_site(run: Path) -> None:
    every = tb_attention.show(run, step=2, sample=0, site="layer_0/attention")
    for part in ({"step": 2}, {"sample": "a"}, {"sample": 0}, {"site": "layer_0/attention"}):
        assert tb_attention.show(run, **part).html == every.html


def test_without_a_choice_the_whole_log_is_shown(run: Path, tmp_path: Path) -> None:
    assert 'data-link=""' in tb_attention.show(run).html
    assert tb_attention.export_html(run, tmp_path / "page.html") == len(tb_attention.show(run).html.encode())


def test_outside_a_notebook_it_is_a_short_text(run: Path) -> None:
    assert re.fullmatch(r"Shown\(height=600, title=.{1,40}\)", repr(tb_attention.show(run)))


def test_a_redacted_map_has_no_text(run: Path) -> None:
    assert "secret letter" in str(Page(tb_attention.show(run, step=1).html).index)
    assert "secret letter" not in str(Page(tb_attention.show(run, step=1, redact=True).html).index)


def test_wrong_arguments_are_sentences(run: Path, tmp_path: Path) -> None:
    with pytest.raises(NotInLogError, match="There is no log yet"):
        tb_attention.show(tmp_path / "nothing", step=1)
    for wrong in ({"step": 9}, {"sample": 5}, {"sample": "z"}, {"site": "nothing"}, {"head": 7}):
        with pytest.raises(NotInLogError, match="There are"):
            tb_attention.show(run, **wrong)
    with pytest.raises(ArgumentError, match="`height` must be a positive number of pixels"):
        tb_attention.show(run, height=0)
    with pytest.raises(ArgumentError, match="Choose fewer"):
        tb_attention.show(run, max_bytes=1000)


def test_a_page_that_a_jupyter_server_would_drop_is_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    with tb_attention.AttentionWriter(tmp_path / "run") as writer:
        writer.write(0, {"a": random.dirichlet(np.ones(700), (1, 8, 700)).astype("float32")})
    with pytest.raises(ArgumentError, match=r"2\.5 MB are allowed"):
        tb_attention.show(tmp_path / "run")
    shown = tb_attention.show(tmp_path / "run", head=3)
    assert len(html.escape(shown.html)) < 3_000_000
