"""Vision transformers on photographs: registers and a class token are named, and shifted windows lie where they were cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tests.browser.conftest import server  # noqa: F401 (a fixture)
from tests.browser.tab import opened
from tests.browser.test_reading import choices
from tests.conftest import TensorBoard
from tests.examples.quick import facts, trained

pytestmark = pytest.mark.browser

SIDE, WINDOW = 8, 4


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("image_vit")
    trained("image_vit", logs)
    return logs


def windows_by_hand(shift: int) -> np.ndarray:
    """The cell of each position of each window: the cells numbered, then rolled and cut as Swin does."""
    cells = np.roll(np.arange(SIDE**2).reshape(SIDE, SIDE), (-shift, -shift), (0, 1))
    return cells.reshape(2, WINDOW, 2, WINDOW).transpose(0, 2, 1, 3).reshape(4, WINDOW**2)


def test_every_epoch_of_both_models_is_logged(logs: Path) -> None:
    for run in ("vit", "windows"):
        log = tb_attention.load(logs / run)
        assert (log.has_init, log.steps) == (True, list(range(len(log.steps))))
        assert len(log.steps) >= 3
        assert log.samples.class_names is not None


def test_class_token_and_registers_come_before_the_patches(logs: Path) -> None:
    log = tb_attention.load(logs / "vit")
    assert facts(log) == {f"block_{block}_attention": ("self", "grid", "grid") for block in range(2)}
    query, key = log.site("block_0_attention").axes[1:]
    for axis in (query, key):
        assert (axis.extra, axis.grid, axis.input) == (("CLS", "register 1", "register 2"), (SIDE, SIDE), 0)
    weights = log.weights(log.steps[-1], 0, "block_1_attention")
    np.testing.assert_allclose(weights.sum(-1), 1, atol=2e-2)


def test_shifted_windows_do_not_attend_across_the_edge(logs: Path) -> None:
    log = tb_attention.load(logs / "windows")
    assert {kind for kind, *_ in facts(log).values()} == {"local"}
    for path, shift in zip(log.sites, (0, WINDOW // 2), strict=True):
        places = next(axis.places for axis in log.site(path).axes if axis.role == "windows")
        assert places is not None
        assert places.grid == (SIDE, SIDE)
        np.testing.assert_array_equal(places.cells, windows_by_hand(shift))
        # What lies together in the picture attends to each other; what a shift brought together does not.
        rows, columns = np.divmod(windows_by_hand(shift), SIDE)
        apart = [np.abs(axis[:, :, None] - axis[:, None]) >= WINDOW for axis in (rows, columns)]
        weights = log.weights(log.steps[-1], 0, path)
        assert (weights[:, apart[0] | apart[1]] < 1e-6).all()
        np.testing.assert_allclose(weights.sum(-1), 1, atol=2e-2)


def test_the_tab_names_registers_and_outlines_windows(
    server: TensorBoard,  # noqa: F811
    chromium: Browser,
) -> None:
    with opened(chromium, server.address, choices(run="vit", view="head", site="block_1_attention")) as tab:
        tab.wait_until_drawn("head")
        tab.frame.get_by_role("button", name="register 2 row").click()
        expect(tab.frame.locator("p[aria-live]").first).to_contain_text("register 2 looks at")
        expect(tab.frame.get_by_role("slider", name="over the picture")).to_be_visible()
    # The last window of the shifted block has its parts in the four corners.
    link = choices(run="windows", view="head", site="block_1%2Fattention", window="3")
    with opened(chromium, server.address, link) as tab:
        tab.wait_until_drawn("head")
        expect(tab.frame.get_by_role("slider", name="The window in the picture")).to_have_attribute(
            "aria-valuetext", "window 3 of 4, rows 6–7 and 0–1, columns 6–7 and 0–1, shifted by 2"
        )
