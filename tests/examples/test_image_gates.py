"""Gates on photographs: channels with feature maps and the mean of each class, and places that open where a digit is."""

from __future__ import annotations

from importlib import import_module
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


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("image_gates")
    trained("image_gates", logs)
    return logs


def test_every_epoch_of_both_models_is_logged(logs: Path) -> None:
    for run in ("classifier", "unet"):
        log = tb_attention.load(logs / run)
        assert (log.has_init, log.steps) == (True, list(range(len(log.steps))))
        assert len(log.steps) >= 3


def test_each_gate_is_over_channels_or_over_places(logs: Path) -> None:
    classifier, unet = tb_attention.load(logs / "classifier"), tb_attention.load(logs / "unet")
    assert facts(classifier) == {
        "se_excite": ("gate", "channels"),
        "eca_conv": ("gate", "channels"),
        "cbam_channels": ("gate", "channels"),
        "cbam_places": ("gate", "grid"),
    }
    assert facts(unet) == {"middle_places": ("gate", "grid"), "high_places": ("gate", "grid")}
    sides = [unet.site(path).axes[-1].grid for path in unet.sites]
    assert sides == [(16, 16), (32, 32)]
    for path, channels in (("se_excite", 32), ("eca_conv", 64), ("cbam_channels", 64)):
        features = classifier.features(classifier.steps[-1], 0, path)
        assert features is not None
        assert features.shape[0] == channels
        assert features.min() >= 0, "what a ReLU made"


def test_the_gates_of_the_unet_open_where_the_digit_is(logs: Path) -> None:
    _, (x_val, _) = import_module("cifar10").load_data(1)
    scenes, masks = import_module("image_gates").put_digits(x_val[:200].astype("float32") / 255, seed=1)
    log = tb_attention.load(logs / "unet")
    last = log.steps[-1]
    for sample in range(len(log.samples)):
        np.testing.assert_array_equal(log.samples.image(sample), np.rint(scenes[sample] * 255))
    truth = masks[: len(log.samples), ..., 0] > 0
    gates = np.stack([log.weights(last, sample, "high_places")[0].reshape(32, 32) for sample in range(len(truth))])
    assert gates[truth].mean() > gates[~truth].mean() + 0.1
    pictures = [log.pictures(last, sample) for sample in range(len(truth))]
    made = np.stack([picture[0, ..., 0] for picture in pictures if picture is not None]) > 127
    assert (made & truth).sum() / (made | truth).sum() > 0.4


def test_the_tab_shows_channels_by_class_and_places_in_the_picture(
    server: TensorBoard,  # noqa: F811
    chromium: Browser,
) -> None:
    with opened(chromium, server.address, choices(run="classifier", view="head", site="se_excite")) as tab:
        tab.wait_until_drawn("head")
        expect(tab.frame.get_by_role("slider", name="Mean by class")).to_be_visible()
        expect(tab.frame.locator("#view")).to_contain_text("Farthest above the mean of all: ")
        expect(tab.frame.get_by_role("img", name="over the picture").first).to_be_visible()
    with opened(chromium, server.address, choices(run="unet", view="head", site="middle_places")) as tab:
        tab.wait_until_drawn("head")
        expect(tab.frame.get_by_text("The values, 16 × 16")).to_be_visible()
        expect(tab.frame.get_by_role("button", name="output", exact=True)).to_be_visible()
