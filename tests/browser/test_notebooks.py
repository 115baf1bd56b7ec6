"""Notebooks: `show` and `%tensorboard`, in a real kernel, a real JupyterLab and a real browser."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Frame, Page, expect

import tb_attention
from tests.conftest import ROOT, TensorBoard
from tests.export.pages import WORDS, write_run
from tests.forwarder import Forwarder

pytestmark = pytest.mark.browser

SITE = "layer_1/attention"
SHOW = f"import tb_attention\ntb_attention.show({{run!r}}, step=1, sample='a', site={SITE!r}, head=2)"
# Where JupyterLab and IPython keep what they keep.
HOMES = (
    "HOME",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "IPYTHONDIR",
)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("notebooks") / "logs"
    write_run(logs / "text")
    return logs


def environment(directory: Path, **more: str) -> dict[str, str]:
    # `%tensorboard` starts the program of that name.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | dict.fromkeys(HOMES, str(directory)) | {"PYTHONPATH": str(ROOT), "PATH": path} | more


def write_notebook(path: Path, *cells: str) -> None:
    code = [
        {
            "cell_type": "code",
            "id": f"cell{at}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for at, source in enumerate(cells)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"cells": code, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))


def expect_the_map(frame: Any, logs: Path) -> None:
    """The Head view is drawn, and says what the log says of its first word."""
    weights = tb_attention.load(logs / "text").weights(1, "a", SITE)[2, 0]
    sentence = frame.locator("p[aria-live]").first
    expect(sentence).to_contain_text(f"“{WORDS[0]}” looks at “{WORDS[int(weights.argmax())]}”: ", timeout=30_000)
    told = re.search(r": (0\.\d+), rank 1", sentence.inner_text())
    assert told is not None
    assert float(told[1]) == pytest.approx(float(weights.max()), rel=0.005)


def test_an_executed_notebook_shows_the_map_where_it_is_opened(chromium: Browser, logs: Path, tmp_path: Path) -> None:
    """nbconvert runs the cell in a kernel and writes a page, as the sites do that show notebooks."""
    write_notebook(tmp_path / "book.ipynb", SHOW.format(run=str(logs / "text")))
    convert = [sys.executable, "-m", "nbconvert", "--to", "html", "--execute", "--output", "page.html", "book.ipynb"]
    subprocess.run(convert, cwd=tmp_path, env=environment(tmp_path), check=True, capture_output=True)
    page = chromium.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    # The page of nbconvert asks for scripts of its own elsewhere; ours asks for nothing.
    page.route(re.compile("^https?:"), lambda route: route.abort())
    page.goto((tmp_path / "page.html").as_uri())
    frame = page.frame_locator("iframe")
    expect_the_map(frame, logs)
    frame.get_by_role("tab", name="Overview", exact=True).click()
    expect(frame.get_by_role("tab", name="Overview", exact=True)).to_have_attribute("aria-selected", "true")
    assert frame.get_by_role("button", name="Link", exact=True).count() == 0
    assert "attention" not in page.url.rpartition("/")[2]
    assert not [problem for problem in problems if "require" not in problem and "MathJax" not in problem]
    page.close()


def test_a_hidden_frame_has_read_its_log_when_it_is_shown(chromium: Browser, logs: Path, tmp_path: Path) -> None:
    """Notebooks hide the outputs that are out of sight."""
    shown = tb_attention.show(logs / "text", step=1, sample="a", site=SITE, head=2)
    (tmp_path / "page.html").write_text(f"<div style='display: none'>{shown._repr_html_()}</div>")
    page = chromium.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    expect(page.locator("iframe")).to_be_hidden()
    expect_the_map(page.frame_locator("iframe"), logs)
    page.evaluate("document.querySelector('div').style.display = 'block'")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("tab", name="Head", exact=True)).to_be_visible()
    picture = frame.locator("#view canvas").first
    expect(picture).to_be_visible()
    # Not a blank sheet.
    with Image.open(io.BytesIO(picture.screenshot())) as image:
        assert len(image.convert("RGB").getcolors(1 << 24) or []) > 20
    page.close()


class JupyterLab:
    """A JupyterLab of its own process."""

    def __init__(self, directory: Path, **more: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://localhost:{port}"
        command = [
            sys.executable,
            "-m",
            "jupyterlab",
            "--no-browser",
            f"--ServerApp.port={port}",
            "--IdentityProvider.token=",
        ]
        options = [
            "--allow-root",
            f"--ServerApp.root_dir={directory}",
            "--LabApp.news_url=None",
            "--LabApp.check_for_updates_class=",
        ]
        options[-1] += "jupyterlab.NeverCheckForUpdate"
        self.output = open(directory / "jupyter.log", "w")  # noqa: SIM115
        self.process = subprocess.Popen(
            [*command, *options],
            cwd=directory,
            env=environment(directory, **more),
            stdout=self.output,
            stderr=self.output,
        )
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"{self.address}/api/status", timeout=5).close()
                return
            except OSError:
                assert self.process.poll() is None, (directory / "jupyter.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.2)

    def stop(self) -> None:
        # A TensorBoard of `%tensorboard` lives longer than its kernel.
        for info in Path(self.output.name).parent.glob(".tensorboard-info/pid-*.info"):
            os.kill(json.loads(info.read_text())["pid"], signal.SIGTERM)
        self.process.terminate()
        self.process.wait(timeout=30)
        self.output.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[JupyterLab, Path]]:
    """A JupyterLab whose `%tensorboard` goes through jupyter-server-proxy."""
    directory = tmp_path_factory.mktemp("lab")
    started = JupyterLab(directory, TENSORBOARD_PROXY_URL="/proxy/%PORT%/", TMPDIR=str(directory))
    yield started, directory
    started.stop()


def run_all(page: Page, lab: JupyterLab, name: str) -> None:
    page.goto(f"{lab.address}/lab/tree/{name}")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def frame_with(page: Page, part: str) -> Frame:
    """The frame of the plugin or page in an output."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        for frame in page.frames:
            if part in frame.url:
                return frame
        page.wait_for_timeout(200)
    raise AssertionError(f"no frame with {part}: {[frame.url for frame in page.frames]}")


def test_jupyterlab_draws_show_and_tensorboard_behind_its_proxy(
    chromium: Browser, lab: tuple[JupyterLab, Path], logs: Path
) -> None:
    server, directory = lab
    magic = f"%load_ext tensorboard\n%tensorboard --logdir '{logs}' --reload_interval 1"
    write_notebook(
        directory / "book.ipynb", SHOW.format(run=str(logs / "text")), magic, "import os; print('process', os.getpid())"
    )
    page = chromium.new_page(viewport={"width": 1400, "height": 2200})
    run_all(page, server, "book.ipynb")
    expect_the_map(page.frame_locator("iframe[srcdoc]"), logs)
    tensorboard = frame_with(page, "/proxy/")
    assert tensorboard.url.startswith(f"{server.address}/proxy/")
    tensorboard.get_by_role("tab", name=re.compile("attention", re.I)).first.click()
    plugin = frame_with(page, "plugin_entry")
    assert plugin.url.startswith(f"{server.address}/proxy/")
    plugin.get_by_role("tab", name="Head", exact=True).click()
    expect(plugin.locator("p[aria-live]").first).to_contain_text("looks at", timeout=30_000)
    page.close()


# What Colab's notebooks offer to the outputs of cells: the address of a port of the machine, on another origin of the same site.
COLAB = """<script>
  const google = { colab: { kernel: { proxyPort: async (port) => ADDRESS }, output: {} } };
</script>"""


def test_colabs_proxy_shows_the_tab(chromium: Browser, logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colab is simulated: its output calls `proxyPort` and gets an origin that forwards to TensorBoard."""
    from IPython import display
    from tensorboard import notebook

    printed: list[str] = []
    monkeypatch.setattr(display, "HTML", lambda html: html)
    monkeypatch.setattr(display, "display", printed.append)
    monkeypatch.setattr(display, "Javascript", lambda script: f"<script>{script}</script>", raising=False)
    board = TensorBoard(logs)
    try:
        with Forwarder(board.address) as forwarder, Forwarder(board.address) as colab:
            notebook._display_colab(port=int(board.address.rpartition(":")[2]), height=800, display_handle=None)
            body = "".join(str(part) for part in printed)
            output = f"<!doctype html><body>{COLAB.replace('ADDRESS', json.dumps(forwarder.address))}{body}"
            page = chromium.new_page(viewport={"width": 1400, "height": 900})
            colab.fault = lambda method, path: (200, {"Content-Type": "text/html"}, output.encode())
            page.goto(colab.address)
            tensorboard = frame_with(page, forwarder.address)
            tensorboard.get_by_role("tab", name=re.compile("attention", re.I)).first.click()
            plugin = frame_with(page, "plugin_entry")
            plugin.get_by_role("tab", name="Head", exact=True).click()
            expect(plugin.locator("p[aria-live]").first).to_contain_text("looks at", timeout=30_000)
            assert any("plugin/attention/weights" in request.path for request in forwarder.requests)
            page.close()
    finally:
        board.stop()
