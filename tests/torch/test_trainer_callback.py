"""`TrainerCallback` in the `Trainer` of Hugging Face, with tiny models that are not downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tb_attention
from tb_attention.errors import ArgumentError, AttentionWarning
from tb_attention.torch.evaluation_matrix import EvaluationMatrix

transformers = pytest.importorskip("transformers")
pytest.importorskip("accelerate")

from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments  # noqa: E402

pytestmark = [
    # What transformers and accelerate warn of on their own account.
    pytest.mark.filterwarnings("ignore::UserWarning:torch"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


class Texts(torch.utils.data.Dataset):
    """Twelve texts of seven words, of three classes."""

    def __init__(self) -> None:
        drawn = torch.Generator().manual_seed(1)
        self.ids = torch.randint(5, 40, (12, 7), generator=drawn)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"input_ids": self.ids[index], "attention_mask": torch.ones(7, dtype=torch.long), "labels": index % 3}


def classifier() -> Any:
    torch.manual_seed(0)
    names = {0: "sports", 1: "politics", 2: "arts"}
    config = BertConfig(
        vocab_size=40, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=20, id2label=names
    )
    return BertForSequenceClassification(config)


def train(path: Path, callbacks: list[Any], count: Any = None, **arguments: Any) -> tuple[Any, Any]:
    settings = dict(per_device_train_batch_size=4, num_train_epochs=2, logging_steps=1, seed=3, use_cpu=True)
    settings |= dict(report_to=[], disable_tqdm=True, save_strategy="no") | arguments
    model = classifier()
    trainer = Trainer(
        model,
        TrainingArguments(str(path / "out"), **settings),
        train_dataset=Texts(),
        eval_dataset=Texts(),
        compute_metrics=count,
        callbacks=callbacks,
    )
    trainer.train()
    return model, trainer.state.log_history


def test_a_training_is_the_same_to_the_bit(tmp_path: Path) -> None:
    plain, history = train(tmp_path, [], eval_strategy="epoch")
    state = torch.get_rng_state()
    callback = tb_attention.torch.TrainerCallback(tmp_path / "run", Texts())
    logged, other = train(tmp_path, [callback], eval_strategy="epoch")
    assert all(
        torch.equal(a, b) for a, b in zip(plain.state_dict().values(), logged.state_dict().values(), strict=True)
    )
    assert [entry.get("loss") for entry in history] == [entry.get("loss") for entry in other]
    assert torch.equal(torch.get_rng_state(), state)


def test_epochs_have_the_metrics_of_their_evaluation(tmp_path: Path) -> None:
    callback = tb_attention.torch.TrainerCallback(tmp_path / "run", Texts(), max_samples=4)
    model, history = train(tmp_path, [callback], eval_strategy="epoch")
    log = tb_attention.load(tmp_path / "run")
    assert (log.has_init, log.steps) == (True, [0, 1])
    evaluated = [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    assert [log.logs(step)["val_loss"] for step in (0, 1)] == pytest.approx(evaluated)
    assert log.samples.class_names == ("sports", "politics", "arts")
    assert log.samples.labels == (0, 1, 2, 0)
    assert list(log.sites) == ["bert/encoder/layer.0/attention/self", "bert/encoder/layer.1/attention/self"]
    model.set_attn_implementation("eager")
    given = {name: torch.stack([Texts()[at][name] for at in range(4)]) for name in ("input_ids", "attention_mask")}
    returned = model.eval()(**given, output_attentions=True)
    np.testing.assert_allclose(
        log.weights(step=1, sample=2, site=log.sites[1]), returned.attentions[1][2].detach(), atol=1e-5
    )
    assert [each.class_index for each in log.predictions(1)] == returned.logits.argmax(-1).tolist()


def test_steps_are_logged_by_their_number(tmp_path: Path) -> None:
    train(tmp_path, [tb_attention.torch.TrainerCallback(tmp_path / "run", Texts(), update_freq=2, init=False)])
    assert tb_attention.load(tmp_path / "run").steps == [2, 4, 6]


def test_each_evaluation_is_logged(tmp_path: Path) -> None:
    options = dict(update_freq="evaluate", init=False, max_samples=5)
    callback = tb_attention.torch.TrainerCallback(tmp_path / "run", Texts(), **options)
    train(tmp_path, [callback], eval_strategy="steps", eval_steps=3)
    log = tb_attention.load(tmp_path / "run")
    assert log.steps == [3, 6]
    assert len(log.samples) == 5
    assert all("val_loss" in log.logs(step) for step in log.steps)


def test_each_evaluation_has_its_matrix(tmp_path: Path) -> None:
    callback = tb_attention.torch.TrainerCallback(tmp_path / "run", Texts(), max_samples=12)
    model, history = train(tmp_path, [callback], callback.count_confusion, eval_strategy="epoch")
    log = tb_attention.load(tmp_path / "run", tag="attention")
    given = {name: torch.stack([Texts()[at][name] for at in range(12)]) for name in ("input_ids", "attention_mask")}
    expected = np.zeros((3, 3), int)
    np.add.at(expected, (np.arange(12) % 3, model.eval()(**given).logits.argmax(-1).numpy()), 1)
    np.testing.assert_array_equal(log.confusion_matrix(step=1), expected)
    accuracies = [entry["eval_accuracy"] for entry in history if "eval_accuracy" in entry]
    assert [log.logs(step)["val_accuracy"] for step in (0, 1)] == accuracies
    assert accuracies[1] == pytest.approx(expected.trace() / 12)


def test_labels_of_padding_are_not_counted_and_no_classes_cost_one_warning(tmp_path: Path) -> None:
    prediction = transformers.EvalPrediction(np.eye(3)[[[0, 1], [2, 2]]], np.array([[0, 2], [-100, 2]]))
    callback = tb_attention.torch.TrainerCallback(tmp_path / "run", Texts())
    assert callback.count_confusion(prediction) == {"accuracy": pytest.approx(2 / 3)}
    matrix = EvaluationMatrix(str(tmp_path / "run"), None, callback.warnings)
    with pytest.warns(AttentionWarning, match="No confusion matrix is logged: `num_classes` must be"):
        matrix.count(np.array([0.5, 0.1]), np.array([[0.4], [0.2]]))
    assert callback.count_confusion(transformers.EvalPrediction(np.zeros((2, 2)), np.zeros((2, 5)))) == {}


def test_wrong_arguments_raise_before_training(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="update_freq"):
        tb_attention.torch.TrainerCallback(tmp_path / "run", Texts(), update_freq="sometimes")
    with pytest.raises(ArgumentError, match="`sites` must name sites of the model"):
        train(tmp_path, [tb_attention.torch.TrainerCallback(tmp_path / "run", Texts(), sites="no_such_layer")])
    assert not (tmp_path / "run").exists()
