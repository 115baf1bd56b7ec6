"""Maps of generated sequences in the tab: queries and keys are the words that were read; rows without weights do not count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tb_attention
from tests.browser.tab import opened
from tests.browser.test_reading import choices
from tests.conftest import TensorBoard

pytestmark = pytest.mark.browser

SOURCE, WRITTEN = ["guten", "Morgen", "!"], ["<s>", "good", "morning"]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs, random = tmp_path_factory.mktemp("generation"), np.random.default_rng(0)
    sequences = np.array([[1, 7, 8]])
    outputs = {
        "sequences": sequences,
        "decoder_attentions": [[random.dirichlet(np.ones(token + 1), (1, 2, 1))] for token in range(2)],
        "cross_attentions": [[random.dirichlet(np.ones(3), (1, 2, 1))] for _ in range(2)],
    }
    samples = tb_attention.Samples(
        {"source": np.array([[4, 5, 6]]), "written": sequences}, tokens={"source": [SOURCE], "written": [WRITTEN]}
    )
    with tb_attention.AttentionWriter(logs / "translation", samples=samples) as writer:
        writer.write_generation(0, outputs)
        writer.write_generation(1, outputs, iterations=True)
    return logs


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize(("site", "keys"), [("cross/layer_0", SOURCE), ("decoder/layer_0", WRITTEN)])
def test_words_that_were_read_are_at_the_weights(
    server: TensorBoard, chromium: Browser, logs: Path, site: str, keys: list[str], step: int
) -> None:
    row = tb_attention.load(logs / "translation").weights(0, 0, site)[1, 0]
    chosen = choices(run="translation", view="head", site=site, head=1, query=0, step=step)
    with opened(chromium, server.address, chosen) as tab:
        tab.wait_until_drawn("head", step=step)
        assert f"“{WRITTEN[0]}” looks at “{keys[int(row.argmax())]}”" in tab.sentence
        expect(tab.frame.get_by_text("entropy (bits)")).to_be_visible()
