"""The same data object in `fit` and in both callbacks: training results are bit-identical to those without them."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from keras.src.legacy.preprocessing.image import ImageDataGenerator
from PIL import Image

import tb_attention
from tb_attention.callbacks.data_sources import Source
from tb_attention.errors import AttentionWarning
from tb_attention.steps import untouched_data

RANDOM = np.random.default_rng(0)
X = RANDOM.random((20, 8, 8, 3)).astype("float32")
Y = np.arange(20) % 2


def build() -> keras.Model:
    picture = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(picture)
    x = x * layers.Reshape((1, 1, 4))(layers.Dense(4, "sigmoid", name="gate")(layers.GlobalAveragePooling2D()(x)))
    model = keras.Model(picture, layers.Dense(2, "softmax")(layers.Flatten()(x)))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


class Drawing(keras.utils.PyDataset):
    """Augments with generators of every kind, counts, and shuffles where it feels like it."""

    def __init__(self) -> None:
        super().__init__()
        self.own, self.old = np.random.default_rng(3), np.random.RandomState(4)
        self.order, self.reads = np.arange(20), 0

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> list[np.ndarray]:
        self.reads += 1
        if self.reads % 4 == 0:
            self.order = np.random.permutation(self.order)  # noqa: NPY002
        chosen = self.order[7 * index : 7 * index + 7]
        noise = self.own.random() + self.old.random_sample() + np.random.rand()  # noqa: NPY002
        return [X[chosen] + 0.1 * noise + 0.01 * self.reads, Y[chosen]]


def augmented() -> ImageDataGenerator:
    return ImageDataGenerator(horizontal_flip=True, width_shift_range=2)


def from_arrays(_: Path) -> Any:
    return augmented().flow(X, Y, batch_size=7, seed=5)


def from_arrays_without_seed(_: Path) -> Any:
    return augmented().flow(X, Y, batch_size=7)


def write_pictures(directory: Path) -> list[str]:
    names = []
    for index, picture in enumerate(X):
        folder = directory / f"class_{Y[index]}"
        folder.mkdir(exist_ok=True)
        Image.fromarray((picture * 255).astype("uint8")).save(folder / f"{index}.png")
        names.append(f"class_{Y[index]}/{index}.png")
    return names


def from_folder(directory: Path) -> Any:
    write_pictures(directory)
    return augmented().flow_from_directory(directory, (8, 8), class_mode="sparse", batch_size=7, seed=5)


def from_frame(directory: Path) -> Any:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"filename": write_pictures(directory), "class": Y.astype(str)})
    return augmented().flow_from_dataframe(
        frame, directory, target_size=(8, 8), class_mode="sparse", batch_size=7, seed=5
    )


def from_pytorch(_: Path) -> Any:
    if importlib.util.find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")
    import torch

    torch.manual_seed(6)
    data = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    return torch.utils.data.DataLoader(data, batch_size=7, shuffle=True)


def shuffled(_: Path) -> Any:
    data = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(20, seed=1)
    return data.map(lambda x, y: (x + 1.0, y)).batch(7).prefetch(2)


def shuffled_once(_: Path) -> Any:
    data = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(20, reshuffle_each_iteration=False, seed=1)
    return data.batch(7)


SOURCES = [
    shuffled,
    shuffled_once,
    from_arrays,
    from_arrays_without_seed,
    from_folder,
    from_frame,
    from_pytorch,
    lambda _: Drawing(),
]


@pytest.mark.parametrize(
    "make",
    SOURCES,
    ids=[
        "dataset",
        "dataset of one order",
        "flow",
        "flow without seed",
        "folder",
        "data frame",
        "DataLoader",
        "PyDataset",
    ],
)
def test_reading_does_not_change_the_data(make: Callable[[Path], Any], tmp_path: Path) -> None:
    trained = []
    for logged in (False, True):
        directory = tmp_path / str(logged)
        directory.mkdir()
        keras.utils.set_random_seed(7)
        model, data = build(), make(directory)
        callbacks: list[Any] = []
        if logged:
            log = tmp_path / "log"
            callbacks = [
                tb_attention.AttentionCallback(log, data, max_samples=9),
                tb_attention.ConfusionMatrixCallback(log, data),
            ]
        model.fit(data, epochs=2, verbose=0, callbacks=callbacks)
        trained.append([variable.numpy() for variable in model.variables])
        trained[-1].append(np.random.rand())  # noqa: NPY002
    for one, other in zip(*trained, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(tb_attention.load(log, tag="attention").samples) == 9
    for step in range(2):
        counts = tb_attention.load(log, tag="confusion").confusion_matrix(step=step)
        np.testing.assert_array_equal(counts.sum(1), np.bincount(Y))


@pytest.mark.parametrize("reason", ["large", "strange"])
def test_a_shuffled_dataset_that_cannot_be_copied_is_read_with_a_warning(
    reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> Any:
        raise ValueError("no such operation")

    monkeypatch.setattr(untouched_data, *(("_MOST_BYTES", 10) if reason == "large" else ("_copied", fail)))
    told = "made of 0 MB of tensors" if reason == "large" else r"cannot copy it \(ValueError\)"
    source = Source(tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(20).batch(7), "samples")
    with pytest.warns(
        AttentionWarning, match=f"`samples` is a dataset that shuffles at every epoch, and.*{told}"
    ) as said:
        read = [list(source.batches()) for _ in range(2)]
    assert len(said) == 1
    assert [len(batches) for batches in read] == [3, 3]
    # Of one order alone nothing is drawn.
    again = Source(shuffled_once(Path()), "samples")
    with warnings.catch_warnings():
        warnings.simplefilter("error", AttentionWarning)
        first, second = ([batch.y.tolist() for batch in again.batches()] for _ in range(2))
    assert first == second
