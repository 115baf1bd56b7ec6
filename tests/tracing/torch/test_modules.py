"""Plain modules of PyTorch: their sites, paths, axes and weights."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

import tb_attention
from tb_attention.errors import ArgumentError, CaptureError

from .attending import WIDTH, Attending, Classifier, as_array, softmax, some_features, some_ids


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
def test_multihead_attention_with_and_without_weights(need_weights: bool, batch_first: bool) -> None:
    class Cross(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = torch.nn.MultiheadAttention(WIDTH, 4, batch_first=batch_first, dropout=0.2)

        def forward(self, x: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
            if not batch_first:
                x, memory = x.transpose(0, 1), memory.transpose(0, 1)
            return self.attention(x, memory, memory, need_weights=need_weights)[0]

    model, x, memory = Cross(), some_features(), some_features(tokens=7) * 2
    sites = tb_attention.capture(model, x, memory)
    assert {path: site.kind for path, site in sites.items()} == {"attention": "cross"}
    call = (x, memory, memory) if batch_first else tuple(t.transpose(0, 1) for t in (x, memory, memory))
    expected = model.eval().attention(*call, average_attn_weights=False)[1]
    np.testing.assert_allclose(sites["attention"].weights, expected.detach(), atol=1e-6)
    assert [axis.input for axis in sites["attention"].axes[2:]] == [0, 1]


@pytest.mark.parametrize("padded", [False, True])
def test_encoder_layers_show_what_their_fast_path_hides(padded: bool) -> None:
    layer = torch.nn.TransformerEncoderLayer(WIDTH, 4, 20, batch_first=True)
    model, x = torch.nn.TransformerEncoder(layer, 2), some_features()
    padding = torch.arange(5) >= torch.tensor([5, 3, 4])[:, None]
    given = {"src_key_padding_mask": padding} if padded else {}
    sites = tb_attention.capture(model, x, **given)
    assert list(sites) == ["layers.0/self_attn", "layers.1/self_attn"]
    weights, bias = (
        as_array(tensor)[: 2 * WIDTH] for tensor in (layer.self_attn.in_proj_weight, layer.self_attn.in_proj_bias)
    )
    projected = as_array(x) @ weights.T + bias
    q, k = (part.reshape(3, 5, 4, 4).swapaxes(1, 2) for part in np.split(projected, 2, axis=-1))
    scores = q @ k.swapaxes(-1, -2) / 2
    if padded:
        scores = np.where(padding.numpy()[:, None, None], -np.inf, scores)
    np.testing.assert_allclose(sites["layers.0/self_attn"].weights, softmax(scores), atol=1e-6)


def test_paths_are_those_of_the_modules() -> None:
    sites = tb_attention.capture(Classifier(), some_ids())
    assert list(sites) == ["blocks.0", "blocks.1"]
    only = tb_attention.capture(Classifier(), some_ids(), sites="blocks.1")
    assert list(only) == ["blocks.1"]


def test_later_captures_follow_the_weights_and_the_number_of_samples() -> None:
    model = Attending()
    for samples in (3, 1, 6):
        x = some_features(samples)
        (site,) = tb_attention.capture(model, x).values()
        np.testing.assert_allclose(site.weights, model.expected(x), atol=1e-6)
        with torch.no_grad():
            model.query.weight += 0.3


def test_a_model_that_changes_is_recorded_again() -> None:
    model, x = Classifier(), some_ids()
    before = tb_attention.capture(model, x)
    model.blocks.append(Attending())
    assert list(tb_attention.capture(model, x)) == ["blocks.0", "blocks.1", "blocks.2"]
    model.blocks[0].mask = "causal"
    causal = tb_attention.capture(model, x)["blocks.0"].weights
    assert (causal[..., 0, 1:] == 0).all()
    assert (before["blocks.0"].weights[..., 0, 1:] > 0).all()


def test_control_flow_may_depend_on_the_numbers() -> None:
    class Deciding(Attending):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x.relu() if float(x.sum()) > 0 else x)

    model, x = Deciding(), some_features()
    x = x - x.mean() + 0.1
    for given in (x, -x, x):
        (site,) = tb_attention.capture(model, given).values()
        np.testing.assert_allclose(site.weights, model.expected(given.relu() if given.sum() > 0 else given), atol=1e-6)


def test_a_few_samples_are_recorded_and_all_where_they_decide_otherwise() -> None:
    seen: list[int] = []

    class Deciding(Attending):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(len(x))
            return super().forward(x.relu() if float(x.sum()) > 0 else x)

    model, x = Deciding(), some_features(8)
    (site,) = tb_attention.capture(Attending(), x).values()
    for shift, passes in ((0, [2, 3, 8]), (40, [2, 3, 8, 8, 9, 8])):
        given = -x.abs()
        given[4:] += shift
        seen.clear()
        (site,) = tb_attention.capture(Deciding() if shift else model, given, sites=None).values()
        assert seen == passes
        assert len(site.weights) == 8


def test_weights_that_the_model_edits_in_place_are_as_they_were() -> None:
    class Editing(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            weights = (x @ x.mT).softmax(-1)
            mixed = weights @ x
            weights.mul_(0)
            return mixed

    x = some_features()
    for _ in range(2):
        (site,) = tb_attention.capture(Editing(), x).values()
        np.testing.assert_allclose(site.weights, softmax(as_array(x) @ as_array(x).swapaxes(1, 2))[:, None], atol=1e-6)


def test_what_a_model_cannot_take_is_said_in_a_sentence() -> None:
    with pytest.raises(ArgumentError, match="must be numbers, such as the ids of a tokenizer"):
        tb_attention.capture(Classifier(), np.array(["a text"]))
    with pytest.raises(CaptureError, match=r"The model 'Attending' could not be run, .* RuntimeError: mat1 and mat2"):
        tb_attention.capture(Attending(), torch.ones(2, 5, 3))


def test_modules_without_their_weights_are_refused() -> None:
    lazy = torch.nn.Sequential(torch.nn.LazyLinear(4))
    with pytest.raises(ArgumentError, match=r"a module with the weight '0\.weight', which the first call makes"):
        tb_attention.capture(lazy, torch.ones(2, 3))
    with pytest.raises(ArgumentError, match=r"on the device 'meta', where it has no numbers\."):
        tb_attention.capture(Classifier().to("meta"), some_ids())
    spread = type("FullyShardedDataParallel", (torch.nn.Module,), {})()
    with pytest.raises(ArgumentError, match=r"in each of several processes \(FSDP\)\."):
        tb_attention.capture(spread, some_ids())


def test_nothing_of_another_framework_is_imported() -> None:
    program = """
import sys, torch, tb_attention
model = torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(16, 4, 20), 1)
print(list(tb_attention.capture(model, torch.ones(3, 5, 16))))
print([name for name in ("keras", "tensorflow", "jax", "torch._dynamo") if name in sys.modules])
"""
    report = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert report.stdout.splitlines()[-1] == "[]"


def test_a_gate_on_the_inputs_themselves() -> None:
    class Gated(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate = torch.nn.Linear(WIDTH, WIDTH)
            self.head = torch.nn.Linear(WIDTH, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(x * self.gate(x).sigmoid())

    model, x = Gated(), some_features()[:, 0]
    sites = tb_attention.capture(model, x)
    assert [site.kind for site in sites.values()] == ["gate"]
    (site,) = sites.values()
    np.testing.assert_allclose(site.weights[:, 0], model.gate(x).sigmoid().detach(), atol=1e-6)


def test_activations_and_gated_units_are_no_sites() -> None:
    class Units(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.other = torch.nn.Linear(WIDTH, 20), torch.nn.Linear(WIDTH, 20)
            self.last = torch.nn.Linear(20, WIDTH)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            functional = torch.nn.functional
            hidden = functional.silu(self.one(x)) * self.other(x)
            return functional.softmax(functional.gelu(self.last(hidden)).mean(1), -1)

    assert tb_attention.capture(Units(), some_features()) == {}
