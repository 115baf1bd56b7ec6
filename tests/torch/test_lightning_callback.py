"""`LightningCallback` in the `Trainer` of Lightning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tb_attention
from tb_attention.errors import ArgumentError

lightning = pytest.importorskip("pytorch_lightning")

pytestmark = [pytest.mark.filterwarnings("ignore::UserWarning"), pytest.mark.filterwarnings("ignore::FutureWarning")]

WORDS, LENGTH, EPOCHS = 30, 6, 3


class Reader(lightning.LightningModule):  # type: ignore[misc]
    """Reads words and says one of three classes."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(WORDS, 16)
        self.attention = torch.nn.MultiheadAttention(16, 4, dropout=0.3, batch_first=True)
        self.head = torch.nn.Linear(16, 3)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        read = self.embedding(ids)
        return self.head(self.attention(read, read, read, need_weights=False)[0].mean(1))

    def training_step(self, batch: Any, index: int) -> torch.Tensor:
        loss = torch.nn.functional.cross_entropy(self(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, index: int) -> None:
        self.log("val_loss", torch.nn.functional.cross_entropy(self(batch[0]), batch[1]))

    def configure_optimizers(self) -> Any:
        return torch.optim.AdamW(self.parameters(), 1e-2)


def data() -> torch.utils.data.TensorDataset:
    drawn = torch.Generator().manual_seed(1)
    return torch.utils.data.TensorDataset(torch.randint(0, WORDS, (24, LENGTH), generator=drawn), torch.arange(24) % 3)


def train(path: Path, *callbacks: Any, validate: bool = True, **options: Any) -> tuple[Reader, list[dict[str, float]]]:
    torch.manual_seed(0)
    reader, seen = Reader(), []

    class Metrics(lightning.Callback):  # type: ignore[misc]
        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            seen.append({name: float(value) for name, value in trainer.callback_metrics.items()})

    trainer = lightning.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=path,
        callbacks=[*callbacks, Metrics()],
        **options,
    )
    batches = torch.utils.data.DataLoader(data(), 8, shuffle=True)
    checked = torch.utils.data.DataLoader(data(), 8) if validate else None
    trainer.fit(reader, batches, checked)
    return reader, seen


def test_a_training_is_the_same_to_the_bit(tmp_path: Path) -> None:
    plain, seen = train(tmp_path)
    state = torch.get_rng_state()
    logged, other = train(tmp_path, tb_attention.torch.LightningCallback(tmp_path / "run", max_samples=4))
    assert seen == other
    assert torch.equal(torch.get_rng_state(), state)
    for name, weight in plain.state_dict().items():
        assert torch.equal(weight, logged.state_dict()[name]), name


def test_each_epoch_has_its_metrics_and_the_weights_of_its_model(tmp_path: Path) -> None:
    reader, seen = train(tmp_path, tb_attention.torch.LightningCallback(tmp_path / "run", max_samples=4))
    log = tb_attention.load(tmp_path / "run")
    assert (log.has_init, log.steps, log.sites) == (True, [0, 1, 2], ["attention"])
    for epoch, metrics in enumerate(seen):
        assert log.logs(epoch) == pytest.approx(metrics)
        assert {"train_loss", "val_loss"} <= set(metrics)
    ids = data().tensors[0][:4]
    reader.eval()
    with torch.no_grad():
        read = reader.embedding(ids)
        wanted = reader.attention(read, read, read, average_attn_weights=False)[1].numpy()
    for sample in range(4):
        np.testing.assert_allclose(log.weights(EPOCHS - 1, sample, "attention"), wanted[sample], atol=1e-5)
    assert log.samples.labels == (0, 1, 2, 0)
    status = json.loads(next((tmp_path / "run").rglob("status.json")).read_text())
    assert (status["state"], status["best"]["monitor"]) == ("finished", "val_loss")


def test_steps_of_batches_and_no_validation(tmp_path: Path) -> None:
    callback = tb_attention.torch.LightningCallback(tmp_path / "run", data(), update_freq=2, init=False, max_samples=2)
    train(tmp_path, callback, validate=False)
    log = tb_attention.load(tmp_path / "run")
    assert (log.has_init, log.steps) == (False, [2, 4, 6, 8])
    assert [log.epoch(step) for step in log.steps] == [0, 1, 1, 2]


def test_what_is_wrong_is_said_when_training_starts(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="no validation data"):
        train(tmp_path, tb_attention.torch.LightningCallback(tmp_path / "run"), validate=False)
    with pytest.raises(ArgumentError, match="update_freq"):
        tb_attention.torch.LightningCallback(tmp_path / "run", update_freq="sometimes")


def test_a_training_that_fails_has_stopped(tmp_path: Path) -> None:
    class Failing(lightning.Callback):  # type: ignore[misc]
        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            if trainer.current_epoch == 1:
                raise RuntimeError("The data are gone.")

    with pytest.raises(RuntimeError, match="The data are gone"):
        train(tmp_path, tb_attention.torch.LightningCallback(tmp_path / "run"), Failing())
    assert tb_attention.load(tmp_path / "run").steps == [0]
    status = json.loads(next((tmp_path / "run").rglob("status.json")).read_text())
    assert status["state"] == "stopped"
