"""The routes of a stand-alone page: the page as a download, and its size beforehand."""

from __future__ import annotations

import gzip
import http.client
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from werkzeug.serving import make_server

import tb_attention
from tb_attention.export import stand_alone_page
from tb_attention.plugin import serve_page
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


def test_a_client_that_takes_gzip_can_read_the_page_too(tab: Tab) -> None:
    query = f"/data/plugin/attention/page?{urlencode(NAME)}"
    response = tab.client.get(query, headers={"Accept-Encoding": "gzip, deflate, br, zstd"})
    body = response.get_data()
    if response.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    assert body == tab.client.get(query, headers={"Accept-Encoding": "identity"}).get_data()


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


class Server:
    """The tab over real sockets, and how many bodies of pages were made."""

    def __init__(self, tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made = 0
        self.at_once = self.most_at_once = 0
        self.slow = 0.0
        self._lock = threading.Lock()
        chunks = stand_alone_page.Page.chunks

        def counted(page: stand_alone_page.Page) -> Iterator[bytes]:
            with self._lock:
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                for chunk in chunks(page):
                    self.made += 1
                    time.sleep(self.slow)
                    yield chunk + b" " * 1_000_000
            finally:
                with self._lock:
                    self.at_once -= 1

        monkeypatch.setattr(stand_alone_page.Page, "chunks", counted)
        self._server = make_server("localhost", 0, tab.client.application, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def ask(self) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("localhost", self._server.port, timeout=20)
        connection.request("GET", f"/data/plugin/attention/page?{urlencode(NAME)}")
        return connection.getresponse()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server(tab, monkeypatch)
    yield server
    server.stop()


def test_a_page_is_sent_in_pieces_and_two_are_made_at_once(server: Server) -> None:
    server.slow = 0.01
    with ThreadPoolExecutor(6) as pool:
        pages = list(pool.map(lambda _: server.ask().read(), range(6)))
    assert server.most_at_once == 2
    assert len(set(pages)) == 1
    assert len(pages[0]) > 10_000_000


def test_an_aborted_page_is_not_made_any_further_and_gives_up_its_turn(server: Server) -> None:
    pages = [server.ask() for _ in range(2)]
    for page in pages:
        assert page.read(1000)
        page.close()
    end = time.monotonic() + 10
    while server.at_once and time.monotonic() < end:
        time.sleep(0.01)
    assert server.at_once == 0
    made = server.made
    whole = server.ask().read()
    assert made < 2 * (server.made - made)
    assert b"</html>" in whole


def test_a_page_whose_turn_does_not_come_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve_page, "_WAIT_SECONDS", 0.01)
    pages = [server.ask() for _ in range(2)]
    assert all(page.read(1000) for page in pages)
    refused = server.ask()
    assert refused.status == 503
    assert b"2 other pages are being made" in refused.read()
    assert all(page.read() for page in pages)


def test_a_client_that_has_stopped_reading_loses_its_turn(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve_page, "_STALL_SECONDS", 0.1)
    pages = [server.ask() for _ in range(2)]
    assert b"</html>" in server.ask().read()
    for page in pages:
        page.close()


def test_head_answers_without_a_page(tab: Tab) -> None:
    for _ in range(3):
        response = tab.get("page", "HEAD", **NAME)
        assert response.status_code == 200
        assert response.get_data() == b""
