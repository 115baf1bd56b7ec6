"""The examples as a reader runs them, cut to an epoch or so."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix

import tb_attention
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"


def example(name: str):  # type: ignore[no-untyped-def]
    return importlib.import_module(name)


def test_the_articles_layer_is_found_as_what_it_is(tmp_path: Path) -> None:
    article = example("article")
    article.main(str(tmp_path), epochs=1, verbose=0)
    as_written, gated = (tb_attention.load(tmp_path, tag=tag) for tag in ("attention", "gated"))
    assert as_written.sites == ["attention"]
    assert as_written.site("attention").kind == "activation"
    assert "multiply nothing" in as_written.site("attention").note
    assert gated.site("attention").kind == "gate"
    assert gated.weights(step=0, sample=0, site="attention").shape == (1, 64)
    _, x_val, _, y_val = article.load_data()
    model = keras.models.load_model(tmp_path / "gated.keras")
    expected = confusion_matrix(y_val, model.predict(x_val, verbose=0).argmax(1), labels=range(10))
    np.testing.assert_array_equal(gated.confusion_matrix(step=0, tag="gated confusion"), expected)
    layer = keras.Model(model.input, model.get_layer("attention").output)(x_val[:1])
    np.testing.assert_allclose(gated.weights(step=0, sample=0, site="attention"), layer, atol=1e-5)


def test_the_articles_script_reads_side_by_side_with_ours() -> None:
    ours = [line for line in (EXAMPLES / "article.py").read_text().splitlines() if line.endswith("# <-")]
    assert len(ours) <= 6


def test_checkpoints_are_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints, vit = example("checkpoints"), example("vit_digits")
    monkeypatch.setattr(checkpoints, "CHECKPOINTS", 3)  # ten take a minute
    (tmp_path / "checkpoints").mkdir()
    for epoch in range(3):
        keras.utils.set_random_seed(epoch)
        vit.build_model().save_weights(tmp_path / "checkpoints" / f"{epoch + 1:02d}.weights.h5")
    checkpoints.main(str(tmp_path / "checkpoints"), str(tmp_path / "log"))
    log = tb_attention.load(tmp_path / "log")
    assert log.steps == [0, 1, 2]
    model = vit.build_model()
    model.load_weights(tmp_path / "checkpoints" / "03.weights.h5")
    _, x_val, _, _ = vit.load_data()
    for path, site in tb_attention.capture(model, x_val[:2]).items():
        np.testing.assert_allclose(log.weights(step=2, sample=1, site=path), site.weights[1], atol=1e-5)
    assert set(log.logs(2)) == {"val_loss", "val_accuracy"}


def test_confused_clothes_open_onto_where_the_model_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On pictures of scikit-learn's digits: not every machine has Fashion-MNIST."""
    confused = example("confused")
    digits = load_digits()
    images = np.kron(digits.images, np.ones((1, 3, 3)))
    images = np.pad(images, ((0, 0), (2, 2), (2, 2)))[..., None].astype("float32") / 16
    data = (images[:300], digits.target[:300], images[300:500], digits.target[300:500])
    monkeypatch.setattr(confused, "load_data", lambda: data)
    confused.main(str(tmp_path), epochs=1, verbose=0)
    log = tb_attention.load(tmp_path, tag="confusion")
    assert log.confusion_matrix(step=0).sum() == 200
    example_of_cell = log.examples(step=0)[0]
    assert example_of_cell.truth != example_of_cell.predicted
    weights = log.weights(step=0, sample=example_of_cell.sample, site="looks/attention")
    assert weights.shape == (4, 1, 196)
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-4)
    key = log.site("looks/attention").axes[-1]
    assert (key.kind, key.grid) == ("grid", (14, 14))


def test_fashion_mnist_is_read_from_debians_files() -> None:
    confused = example("confused")
    if not confused.DEBIAN.is_dir():
        pytest.skip("Debian's dataset-fashion-mnist is not installed")
    x_train, _, x_val, y_val = confused.load_data()
    assert (x_train.shape, x_val.shape) == ((60000, 28, 28, 1), (10000, 28, 28, 1))
    np.testing.assert_array_equal(np.bincount(y_val), [1000] * 10)


def test_mails_are_shown_as_their_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mails = example("mails")
    data = mails.load_data()
    monkeypatch.setattr(mails, "load_data", lambda: tuple(part[:400] for part in data))
    mails.main(str(tmp_path), epochs=1, verbose=0)
    log = tb_attention.load(tmp_path)
    assert len(log.sites) == 2
    for path in log.sites:
        assert log.site(path).kind == "self"
        query, key = log.site(path).axes[-2:]
        assert (query.kind, key.kind, key.size) == ("tokens", "tokens", 200)
        weights = log.weights(step=0, sample=0, site=path)
        np.testing.assert_allclose(weights.sum(-1), 1, atol=2e-2)


def test_the_demo_trains_without_a_server_and_is_quick_the_second_time(tmp_path: Path) -> None:
    program = (
        "import sys, demo; demo.RUNS = (demo.Run('article', 'article', 1, ('attention', 'gated')),);"
        f"sys.argv = ['demo.py', '--logdir', {str(tmp_path)!r}, '--no-serve']; sys.exit(demo.main())"
    )
    command = [sys.executable, "-c", program]
    first = subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True, check=True)
    assert "epoch 2/2" in first.stdout
    second = subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True, check=True)
    assert "are in" in second.stdout
    assert tb_attention.load(tmp_path / "article", tag="gated").attempts == [1]
