"""The timeline says what is missing and shows what is pointed at; what it asks the server for, once and no more."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Request, expect

import tb_attention
from tests.browser.tab import opened
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

STEPS = [*range(4), *range(6, 16)]
LAYERS, HEADS, SIZE = 4, 2, 48
DROPPED = {"step": 4, "reason": "No space left on device."}
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 1e7, "uploadThroughput": 1e7}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("timeline")
    random = np.random.default_rng(0)
    samples = tb_attention.Samples(np.zeros((2, SIZE), int), [0, 1], ids=["a", "b"], class_names=["ham", "spam"])
    with tb_attention.AttentionWriter(logs / "run", samples=samples) as writer:
        for step in STEPS:
            weights = {
                f"layer_{layer}/attention": random.dirichlet(np.full(SIZE, 0.3), (2, HEADS, SIZE)).astype("float32")
                for layer in range(LAYERS)
            }
            spam = 0.2 if step < 8 else 0.9
            writer.write(step, weights, np.array([[1 - spam, spam]] * 2), {"val_loss": 1 / (1 + step)}, epoch=step)
    status = next(logs.rglob("status.json"))
    status.write_text(json.dumps({**json.loads(status.read_text()), "dropped": [DROPPED]}))
    return logs


class Requests:
    """The requests of a page for arrays: those begun, in order, and those that were aborted."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.begun: list[str] = []
        self.aborted: list[str] = []
        self._finished: list[str] = []
        page.on("request", lambda request: self._note(request, self.begun))
        page.on("requestfailed", lambda request: self._note(request, self.aborted))
        page.on("requestfinished", lambda request: self._note(request, self._finished))

    def wait_for_rest(self) -> None:
        """Waits until all that was begun has ended, and nothing more is begun for a while."""
        for _ in range(100):
            before = len(self.begun)
            self._page.wait_for_timeout(300)
            if before == len(self.begun) == len(self._finished) + len(self.aborted):
                return
        raise AssertionError(f"Arrays are fetched on and on: {len(self.begun)} by now.")

    @staticmethod
    def _note(request: Request, to: list[str]) -> None:
        if re.search(r"/data/plugin/attention/(overviews?|weights|measures|samples|rows)\?", request.url):
            to.append(request.url)

    def steps(self, route: str) -> list[str]:
        """The steps that requests of a route for the first sample have named, in order."""
        asked = [urlparse(url) for url in self.begun]
        named = [parse_qs(url.query) for url in asked if url.path.endswith(f"/{route}") and "sample=0" in url.query]
        lists = [value for query in named for key in ("step", "steps") for value in query.get(key, [])]
        return [step for value in lists for step in value.split(",")]


def test_what_is_missing_is_said_with_its_reason(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address) as tab:
        tab.wait_until_drawn("overview")
        box = tab.slider.bounding_box()
        assert box is not None
        width = min(120, box["width"] / len(STEPS))
        tab.page.mouse.move(box["x"] + 4 * width, box["y"] + 100)
        expect(tab.slider).to_contain_text("Epoch 5 could not be written: No space left on device.")
        tab.page.mouse.move(box["x"] + 2.5 * width, box["y"] + 60)
        expect(tab.slider).to_contain_text("epoch 3 (step 2)")
        expect(tab.slider).to_contain_text("val loss 0.333")
        tab.page.mouse.click(box["x"] + 4.5 * width, box["y"] + 60)
        tab.expect_step(re.compile(r"epoch 7 \(step 6\)\. Before it: Epoch 5 could not be written"))


def test_the_lane_says_where_the_prediction_flipped(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address) as tab:
        tab.wait_until_drawn("overview")
        lane = tab.slider.get_by_role("img", name=re.compile("^prediction:"))
        expect(lane).to_have_attribute(
            "aria-label",
            "prediction: ham (right) at epoch 1 to epoch 8, spam (wrong) at epoch 9 to epoch 16",
        )


def test_the_overviews_of_all_steps_cost_four_requests_and_none_twice(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, wait=False) as tab:
        requests = Requests(tab.page)
        tab.wait_until_shown()
        tab.wait_until_drawn("overview")
        for _ in range(50):
            tab.page.wait_for_timeout(200)
            if len(requests.steps("overview") + requests.steps("overviews")) >= len(STEPS) - 1:
                break
        tab.page.wait_for_timeout(500)
        for key in ["Home", *["ArrowRight"] * (len(STEPS) - 1), *["ArrowLeft"] * (len(STEPS) - 1)]:
            tab.slider.press(key)
        tab.wait_until_drawn("overview", step=0)
        tab.open("Head")
        tab.open("Overview")
        overviews = [url for url in requests.begun if "/overview" in url]
        assert len(overviews) <= 4
        steps = requests.steps("overview") + requests.steps("overviews")
        # That of the newest step, which is shown first, is in the first answer.
        assert Counter(steps) == Counter(map(str, STEPS[:-1]))


def test_nothing_is_fetched_twice_through_all_views_and_back(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, wait=False) as tab:
        requests = Requests(tab.page)
        tab.wait_until_shown()
        for view in ("Overview", "Head", "Sample", "Compare", "Epochs", "Head", "Overview"):
            tab.open(view)
            for key in ("]", "[", "."):
                tab.slider.press(key)
            tab.page.wait_for_timeout(300)
        finished = Counter(requests.begun) - Counter(requests.aborted)
        assert [url for url, times in finished.items() if times > 1] == []


def test_what_a_gesture_no_longer_needs_is_aborted(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.view=head") as tab:
        tab.wait_until_drawn("head")
        tab.page.wait_for_timeout(500)
        requests = Requests(tab.page)
        tab.page.context.new_cdp_session(tab.page).send("Network.emulateNetworkConditions", SLOW)
        tab.slider.press("Home")
        tab.page.wait_for_timeout(100)
        tab.slider.press("End")
        tab.wait_until_drawn("head", step=STEPS[-1])
        tab.page.wait_for_timeout(300)
        assert [url for url in requests.aborted if "/weights?" in url and "step=0&" in url]


def test_the_steps_beside_are_fetched_ahead_while_playing(server: TensorBoard, chromium: Browser) -> None:
    with opened(chromium, server.address, "&p.attention.view=head&p.attention.step=0", wait=False) as tab:
        before = Requests(tab.page)
        tab.wait_until_shown()
        tab.wait_until_drawn("head", step=0)
        # What is fetched ahead at rest, as of the next sample, would be aborted by playing and not be asked for again.
        before.wait_for_rest()
        requests = Requests(tab.page)
        tab.slider.press(" ")
        tab.wait_until_drawn("head", step=STEPS[5])
        tab.slider.press(" ")
        tab.page.wait_for_timeout(500)
        stopped = STEPS.index(int(re.search(r"step (\d+)", tab.step_text)[1]))  # type: ignore[index]
        asked = requests.steps("weights")
        assert str(STEPS[stopped + 1]) in asked
        assert len(set(requests.begun)) == len(requests.begun) - len(requests.aborted)
        # Every step was asked for before it was shown: in their order, with no step left out.
        order = [step for step in dict.fromkeys(asked) if int(step) in STEPS[1 : stopped + 1]]
        assert order == [str(step) for step in STEPS if str(step) in order]
