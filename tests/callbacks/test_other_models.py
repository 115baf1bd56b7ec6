"""Every function that takes a model refuses other objects than Keras 3 models, in one sentence, before training."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import tb_attention
from tb_attention.errors import ArgumentError

from .trainings import X, Y, build

SENTENCE = (
    r"^`model` must be a Keras 3 model \(`keras.Model`\), a PyTorch module \(`torch.nn.Module`\), a module of Flax or Equinox, "
    r"or a function of JAX\. Received: "
)


def keras_2_model() -> Any:
    """An object whose class lies where those of Keras 2 do, with attributes of theirs."""
    base = type("Model", (), {"__module__": "tf_keras.src.engine.training"})
    kind = type("Bert", (base,), {"__module__": "my_models", "__repr__": lambda self: "all the weights " * 1000})
    model = kind()
    model.layers, model.built, model.inputs, model.optimizer, model.name = [], True, [], None, "bert"
    return model


class TorchLike:
    """Has the methods of a module of PyTorch."""

    def parameters(self) -> list[Any]:
        return []

    def __repr__(self) -> str:
        return "Linear(...)" * 1000


class Classifier:
    """As scikit-learn's wrappers hold a model."""

    def __init__(self) -> None:
        self.model_ = build()


TAKERS: dict[str, Callable[[Any, Path], Any]] = {
    "capture": lambda model, path: tb_attention.capture(model, X),
    "explain": lambda model, path: tb_attention.explain(model, X),
    "log": lambda model, path: tb_attention.log(model, (X, Y), path, step=0),
    "AttentionCallback": lambda model, path: tb_attention.AttentionCallback(path, (X, Y)).set_model(model),
    "ConfusionMatrixCallback": lambda model, path: tb_attention.ConfusionMatrixCallback(path, (X, Y)).set_model(model),
}


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (keras_2_model, r"an object of type my_models\.Bert, which is not of Keras 3 but of an older Keras\."),
        (
            TorchLike,
            r"an object of type .*\.TorchLike\. `tb_attention.AttentionWriter` writes .* any other framework\.",
        ),
        (Classifier, r"an object of type .*\.Classifier\. Its attribute `model_` is a Keras model: give that\."),
        (lambda: "best.keras", r"an object of type str\. `keras.models.load_model` reads a model from a file\."),
        (lambda: keras.Model, r"the class keras\..*Model\. Make a model with it first\."),
        (lambda: None, r"an object of type NoneType\. "),
    ],
    ids=["Keras 2", "PyTorch", "wrapper", "path", "class", "nothing"],
)
def test_other_objects_are_refused_by_their_type(
    make: Callable[[], Any], words: str, taker: str, tmp_path: Path
) -> None:
    with pytest.raises(ArgumentError, match=SENTENCE + words) as refused:
        TAKERS[taker](make(), tmp_path / "run")
    assert len(str(refused.value)) < 400
    assert not (tmp_path / "run").exists()


def test_the_metric_refuses_the_compile_of_keras_2() -> None:
    metric = tb_attention.ConfusionMatrix(2)
    training = types.ModuleType("tf_keras.src.engine.training")
    exec(
        "def compile(metrics): return [v for m in metrics for v in getattr(m, 'variables', [])]\n"
        "def evaluate(metric, y, p): return metric(y, p)",
        training.__dict__,
    )
    with pytest.raises(ArgumentError, match=r"must be compiled into a Keras 3 model .* Keras 2 \(tf_keras\)"):
        training.compile([metric])
    with pytest.raises(ArgumentError, match="must be compiled into a Keras 3 model"):
        training.evaluate(metric, [0, 1], [[0.9, 0.1], [0.2, 0.8]])
    assert len(metric.variables) == 3
    assert float(metric([0, 1], [[0.9, 0.1], [0.2, 0.8]])) == 1.0


def test_a_model_of_tf_keras_is_refused_before_it_trains(tmp_path: Path) -> None:
    tf_keras = pytest.importorskip("tf_keras")
    inputs = tf_keras.Input((6,))
    model = tf_keras.Model(inputs, tf_keras.layers.Dense(2, activation="softmax")(inputs))
    model.compile("adam", "sparse_categorical_crossentropy")
    before = model.get_weights()
    for callback in (tb_attention.AttentionCallback, tb_attention.ConfusionMatrixCallback):
        with pytest.raises(ArgumentError, match=SENTENCE + "an object of type tf_keras"):
            model.fit(X, Y, verbose=0, callbacks=[callback(tmp_path / "run", (X[:2], Y[:2]))])
    with pytest.raises(ArgumentError, match="must be compiled into a Keras 3 model"):
        model.compile("adam", "sparse_categorical_crossentropy", metrics={"dense": tb_attention.ConfusionMatrix(2)})
    assert all(np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))


def test_another_backend_is_refused_at_the_start_of_fit(tmp_path: Path) -> None:
    program = f"""
import keras, numpy as np, tb_attention
x = np.ones((8, 6, 4), "float32")
inputs = keras.Input((6, 4))
model = keras.Model(inputs, keras.layers.Attention()([inputs, inputs]))
callback = tb_attention.AttentionCallback({str(tmp_path / "run")!r}, x)
callback.set_model(model)
for start in (lambda: tb_attention.capture(model, x), callback.on_train_begin):
    try:
        start()
    except tb_attention.errors.ArgumentError as error:
        print(error)
"""
    environment = {**os.environ, "KERAS_BACKEND": "numpy"}
    report = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert report.stdout.count("Received: keras.backend.backend()='numpy'.") == 2, report.stdout
    assert not (tmp_path / "run").exists()
