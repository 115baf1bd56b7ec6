"""The route `received`: what each key gets on average over the queries that are no padding, in every sample."""

import numpy as np
import pytest

import tb_attention

from .conftest import open_tab, write_event_file

RUN = {"run": "run", "tag": "attention", "step": 0}
WORDS = [["free", "money", ""], ["see", "you", "soon"]]
MASK = np.array([[1, 1, 0], [1, 1, 1]])
WEIGHTS = np.random.default_rng(0).dirichlet(np.ones(3), (2, 2, 3)).astype("float32")
POOLING = np.random.default_rng(1).dirichlet(np.ones(3), (2, 1, 1)).astype("float32")


@pytest.fixture
def tab(tmp_path):
    samples = tb_attention.Samples(MASK, tokens=WORDS, masks=MASK)
    with tb_attention.AttentionWriter(tmp_path / "run", samples=samples) as writer:
        writer.write(0, {"self": WEIGHTS, "pooling": POOLING})
    write_event_file(tmp_path / "run")
    return open_tab(tmp_path)


def test_padding_among_the_queries_does_not_count(tab):
    masks = [sample["inputs"][0]["mask"] for sample in tab.json("samples", **samples_of(tab))["samples"]]
    assert masks == MASK.tolist()
    for head in (0, 1):
        expected = [weights[head][np.array(mask) == 1].mean(0) for weights, mask in zip(WEIGHTS, masks, strict=True)]
        np.testing.assert_allclose(tab.array("received", **RUN, site=0, head=head), expected, rtol=1e-6)


def test_of_pooling_it_is_the_row_of_the_one_query(tab):
    np.testing.assert_allclose(tab.array("received", **RUN, site=1, head=0), POOLING[:, 0, 0], rtol=1e-6)


def test_sites_and_heads_that_are_not_there_are_refused(tab):
    assert "2 sites" in tab.refusal("received", 404, **RUN, site=2, head=0)
    assert "1 heads" in tab.refusal("received", 404, **RUN, site=1, head=1)
    assert "`head` is missing" in tab.refusal("received", 400, **RUN, site=1)


def samples_of(tab):
    step = tab.json("series", run="run", tag="attention")["steps"][0]
    return {"run": "run", "tag": "attention", "set": step["samples"]}
