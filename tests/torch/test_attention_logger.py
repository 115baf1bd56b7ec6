"""`AttentionLogger` in a training loop of PyTorch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tb_attention
from tb_attention.errors import ArgumentError, AttentionWarning

from ..tracing.torch.attending import Attending, Classifier, as_array, some_features, some_ids

LABELS = [0, 1, 2, 0, 1, 2]


def train(log_dir: Path | None, steps: int = 4) -> tuple[list[torch.Tensor], list[float], torch.Tensor]:
    torch.manual_seed(0)
    model = Classifier()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    samples = (some_ids(6), LABELS)
    logger = None if log_dir is None else tb_attention.torch.AttentionLogger(model, samples, log_dir)
    losses = []
    for step in range(steps):
        loss = torch.nn.functional.cross_entropy(model(some_ids(8)), torch.arange(8) % 3)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
        if logger is not None:
            logger.step(step, metrics={"loss": losses[-1]}, epoch=step)
    if logger is not None:
        logger.close()
    return list(model.state_dict().values()), losses, torch.get_rng_state()


def test_a_loop_is_the_same_to_the_bit_and_its_log_is_whole(tmp_path: Path) -> None:
    plain, logged = train(None), train(tmp_path / "run")
    assert all(torch.equal(one, other) for one, other in zip(plain[0], logged[0], strict=True))
    assert plain[1] == logged[1]
    assert torch.equal(plain[2], logged[2])
    log = tb_attention.load(tmp_path / "run")
    assert log.steps == [0, 1, 2, 3]
    assert list(log.sites) == ["blocks.0", "blocks.1"]
    assert log.samples.labels == tuple(LABELS)


def test_the_logged_weights_and_predictions_are_those_of_the_model(tmp_path: Path) -> None:
    model, ids = Classifier(), some_ids(6)
    with tb_attention.torch.AttentionLogger(
        model, (ids, LABELS), tmp_path / "run", class_names=["a", "b", "c"]
    ) as logger:
        logger.step("init")
        logger.step(3, metrics={"val_loss": 0.5})
    log = tb_attention.load(tmp_path / "run")
    model.eval()
    expected = model.blocks[0].expected(model.embedding(ids).detach())
    np.testing.assert_allclose(log.weights(step=3, sample=1, site="blocks.0"), expected[1], atol=2e-2)
    scores = torch.softmax(model(ids), -1).detach()
    predictions = log.predictions(3)
    assert [each.class_index for each in predictions] == scores.argmax(-1).tolist()
    np.testing.assert_allclose([each.probability for each in predictions], scores.max(-1).values, atol=1e-5)


def test_scores_without_labels_are_no_classes(tmp_path: Path) -> None:
    with tb_attention.torch.AttentionLogger(Classifier(), some_ids(6), tmp_path / "run") as logger:
        logger.step(0)
    assert not any(tb_attention.load(tmp_path / "run").predictions(0))


def test_wrong_arguments_raise_at_once_and_failures_warn_once(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(ArgumentError, match="`model` must be a PyTorch module"):
        tb_attention.torch.AttentionLogger(object(), some_ids(), run)
    with pytest.raises(ArgumentError, match=r"`sites` must name sites of the model\. Received: 'block\.7'"):
        tb_attention.torch.AttentionLogger(Classifier(), some_ids(), run, sites="block.7")
    with pytest.raises(ArgumentError, match=r"A tuple of samples must be `\(inputs, labels\)`"):
        tb_attention.torch.AttentionLogger(Classifier(), (1, 2, 3), run)
    logger = tb_attention.torch.AttentionLogger(Attending(), torch.ones(2, 5, 3), run)
    with pytest.warns(AttentionWarning, match="The attention of a step was lost; training goes on"):
        logger.step(0)
    logger.step(1)
    with pytest.raises(ArgumentError, match="step"):
        logger.step(-1)
    logger.close()


class Examples(torch.utils.data.Dataset):
    """Examples with as many words as they have; reading one draws a random number."""

    def __len__(self) -> int:
        return 9

    def __getitem__(self, index: int) -> dict[str, Any]:
        torch.rand(1)
        return {"ids": some_ids(9)[index], "label": index % 3, "text": "words"}


@pytest.mark.parametrize(
    "make", [Examples, lambda: torch.utils.data.DataLoader(Examples(), 4, shuffle=True), lambda: list(Examples())]
)
def test_samples_of_datasets_and_loaders_draw_nothing(make: Any, tmp_path: Path) -> None:
    given, model = make(), Classifier()
    before = torch.get_rng_state()
    with tb_attention.torch.AttentionLogger(model, given, tmp_path / "run", max_samples=5) as logger:
        logger.step(0)
    assert torch.equal(torch.get_rng_state(), before)
    samples = tb_attention.load(tmp_path / "run").samples
    assert samples.labels == (0, 1, 2, 0, 1)


def test_a_trained_module_is_logged_without_keras(tmp_path: Path) -> None:
    program = """
import sys, torch, tb_attention
run = sys.argv[1]
model = torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(16, 4, 20), 1)
tb_attention.log(model, torch.ones(3, 5, 16), run, step=2)
with tb_attention.torch.AttentionLogger(model, torch.ones(3, 5, 16), run, tag="loop") as logger:
    logger.step(7)
print(*(tb_attention.load(run, tag=tag).steps for tag in ("attention", "loop")))
print([name for name in ("keras", "tensorflow", "jax", "transformers") if name in sys.modules])
"""
    report = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "run"], capture_output=True, text=True, check=True
    )
    assert report.stdout.splitlines()[-2:] == ["[2] [7]", "[]"]


def test_a_half_precision_module_is_logged(tmp_path: Path) -> None:
    model, x = Attending().to(torch.bfloat16), some_features().to(torch.bfloat16)
    with tb_attention.torch.AttentionLogger(model, x, tmp_path / "run") as logger:
        logger.step(0)
    weights = tb_attention.load(tmp_path / "run").weights(
        step=0, sample=0, site=tb_attention.load(tmp_path / "run").sites[0]
    )
    np.testing.assert_allclose(weights, model.expected(x)[0], atol=3e-2)
    assert as_array(x).shape == (3, 5, 16)
