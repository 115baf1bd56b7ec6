"""Logs that are hard to show: sweeps, many patches, many classes, many steps, NaN, long and odd names. Written in a minute.

    python benchmarks/hard_logs.py DIRECTORY
    tensorboard --logdir DIRECTORY

Each run shows one difficulty and is named after it. The weights are made from seeded chance, without a model.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_sample_images

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

import tb_attention  # noqa: E402
from tb_attention.records.format.step_record import ClassGroup, ConfusionRecord  # noqa: E402
from tb_attention.records.writing.series_writer import SeriesWriter  # noqa: E402
from tb_attention.site import Axis  # noqa: E402
from tests.browser import confusion_logs  # noqa: E402

Array = npt.NDArray[np.float32]
SENTENCE = "the model looks at some words more than at others and this one is about an invoice that was late"
WORDS = SENTENCE.split(" ")
HEBREW = ["[CLS]", "החשבון", "הזה", "היה", "מאוחר", "2026", "[SEP]"]
ARABIC = ["[CLS]", "كانت", "هذه", "الفاتورة", "متأخرة", "PDF", "[SEP]"]
LONG_CLASSES = (
    "Vaccinium angustifolium var. nigrum (black-fruited lowbush blueberry), ripe, morning light",
    "Vaccinium angustifolium var. nigrum (black-fruited lowbush blueberry), unripe, morning light",
    "class 1",
    "Acer",
)
EPOCHS = 8


def softmax(scores: npt.NDArray[np.floating]) -> Array:
    odds = np.exp(scores - scores.max(-1, keepdims=True))
    return np.asarray(odds / odds.sum(-1, keepdims=True), np.float32)


def maps(seed: Sequence[int], samples: int, heads: int, size: int, sharpness: float) -> Array:
    """float32 (samples, heads, size, size): each head prefers a distance, the more so the sharper."""
    random = np.random.default_rng([len(seed), *seed])
    apart = np.arange(size)[None] - np.arange(size)[:, None]
    preferred = np.random.default_rng(seed[0]).integers(-3, 4, (1, heads, 1, 1))
    return softmax(sharpness * (random.normal(size=(samples, heads, size, size)) - 0.3 * np.abs(apart - preferred)))


def metrics(step: int, steps: int, best: float = 0.9) -> dict[str, float]:
    learned = 1 - np.exp(-4 * (step + 1) / steps)
    return {"loss": 1.6 - 1.4 * learned, "val_loss": 1.7 - 1.2 * learned, "val_accuracy": 0.2 + (best - 0.2) * learned}


def guesses(seed: Sequence[int], samples: int, classes: int, sharpness: float) -> Array:
    """float32 (samples, classes): probabilities, of which class i % classes is often the largest."""
    random = np.random.default_rng(seed)
    right = np.eye(classes)[np.arange(samples) % classes]
    return softmax(sharpness * (right + random.normal(0, 0.6, (samples, classes))))


def write_sweep(logs: Path) -> None:
    """60 runs in folders, with parameters in their names."""
    tokens = [["[CLS]", *WORDS[i : i + 10], "[SEP]"] for i in range(4)]
    for index in range(60):
        rate, batch, seed = (0.1, 0.03, 0.01, 0.003, 0.001)[index % 5], (16, 128, 256)[index // 5 % 3], index // 15
        samples = tb_attention.Samples(np.zeros((4, 12)), [0, 1, 0, 1], tokens=tokens, class_names=["ham", "spam"])
        with tb_attention.AttentionWriter(
            logs / "sweep" / f"lr={rate},bs={batch},seed={seed}", samples=samples
        ) as writer:
            for step in range(5):
                weights = {f"block_{i}/attention": maps([index, i, step], 4, 4, 12, 1 + step) for i in range(2)}
                results = metrics(step, 5, 0.5 + 0.4 * np.random.default_rng(index).random())
                writer.write(step, weights, guesses([index, step], 4, 2, 1 + step), results, epoch=step)


def write_many_patches(logs: Path) -> None:
    """A vision transformer on 224 x 224 pictures: 196 patches and a class token, which is a sink in the last epoch."""
    photos = [photo[:420, start : start + 420] for photo in load_sample_images().images for start in (0, 110, 220)]
    pictures = np.stack([photo[::2, ::2][:196, :196] for photo in photos])
    pictures = np.pad(pictures, ((0, 0), (14, 14), (14, 14), (0, 0)), mode="edge")
    samples = tb_attention.Samples(pictures, [0, 0, 0, 1, 1, 1], class_names=["temple", "flower"])
    along = {"kind": "grid", "grid": (14, 14), "extra": ("CLS",), "input": 0}
    axes = [Axis("query", 197, **along), Axis("key", 197, **along)]
    edges = np.abs(np.diff(pictures.astype(float).mean(-1), axis=1, append=0)).reshape(6, 14, 16, 14, 16).mean((2, 4))
    looks = np.zeros((6, 1, 1, 197))
    looks[:, 0, 0, 1:] = edges.reshape(6, 196) / edges.max()
    with tb_attention.AttentionWriter(logs / "many_patches", samples=samples) as writer:
        for step in range(EPOCHS):
            weights = {}
            for layer in range(4):
                noise = np.random.default_rng([layer, step]).normal(0, 0.5, (6, 6, 197, 197))
                found = softmax(noise + (1 + step / 3) * looks)
                if layer == 3 and step >= EPOCHS - 2:
                    found = 0.35 * found
                    found[..., 0] += 0.65
                weights[f"vit/encoder/layer_{layer}/self_attention"] = found
            results = metrics(step, EPOCHS)
            writer.write(
                step, weights, guesses([step], 6, 2, 1 + step), results, epoch=step, axes=dict.fromkeys(weights, axes)
            )


def write_diverged(logs: Path) -> None:
    """NaN from the fifth epoch on: first one head, then all."""
    samples = tb_attention.Samples(np.zeros((4, 8)), [0, 1, 0, 1], tokens=[WORDS[i : i + 8] for i in range(4)])
    with tb_attention.AttentionWriter(logs / "not_a_number", samples=samples) as writer:
        for step in range(EPOCHS):
            weights = {f"block_{i}/attention": maps([i, step], 4, 4, 8, 1 + step) for i in range(2)}
            results = metrics(step, EPOCHS)
            if step >= 4:
                weights["block_1/attention"][:, 2] = np.nan
            if step >= 6:
                weights = {path: np.full_like(array, np.nan) for path, array in weights.items()}
                results = dict.fromkeys(results, float("nan"))
            writer.write(step, weights, guesses([step], 4, 2, 2), results, epoch=step)


def write_right_to_left(logs: Path) -> None:
    """Hebrew, Arabic and English in one run."""
    tokens = [HEBREW, ARABIC, ["[CLS]", *WORDS[:5], "[SEP]"]]
    texts = [" ".join(words[1:-1]) for words in tokens]
    samples = tb_attention.Samples(
        np.zeros((3, 7)), [0, 1, 0], tokens=tokens, texts=texts, class_names=["מאוחר", "متأخر"]
    )
    with tb_attention.AttentionWriter(logs / "right_to_left", samples=samples) as writer:
        for step in range(EPOCHS):
            weights = {f"block_{i}/attention": maps([i, step], 3, 4, 7, 1 + step) for i in range(2)}
            results = metrics(step, EPOCHS)
            writer.write(step, weights, guesses([step], 3, 2, 1 + step), results, epoch=step)


def write_many_steps(logs: Path) -> None:
    """1,000 steps."""
    samples = tb_attention.Samples(np.zeros((2, 8)), [0, 1], tokens=[WORDS[i : i + 8] for i in range(2)])
    with tb_attention.AttentionWriter(logs / "thousand_steps", samples=samples) as writer:
        for step in range(1000):
            weights = {f"block_{i}/attention": maps([i, step], 2, 4, 8, 0.5 + step / 250) for i in range(2)}
            writer.write(step, weights, guesses([step], 2, 2, 1 + step / 250), metrics(step, 1000), epoch=step)


def write_many_heads(logs: Path) -> None:
    """12 layers of 12 heads over 30 epochs, and texts of different lengths that are padded to 40."""
    lengths = (40, 23, 9, 15)
    tokens = [["[CLS]", *(WORDS * 3)[: n - 2], "[SEP]"] + ["[PAD]"] * (40 - n) for n in lengths]
    masks = np.array([[i < n for i in range(40)] for n in lengths])
    samples = tb_attention.Samples(np.zeros((4, 40)), [0, 1, 0, 1], tokens=tokens, masks=masks)
    with tb_attention.AttentionWriter(logs / "many_heads", samples=samples) as writer:
        for step in range(30):
            weights = {}
            for layer in range(12):
                found = maps([layer, step], 4, 12, 40, 0.3 + step / 10) * masks[:, None, None]
                weights[f"encoder/layer_{layer}/attention"] = found / found.sum(-1, keepdims=True)
            writer.write(step, weights, guesses([step], 4, 2, 1 + step / 10), metrics(step, 30), epoch=step)


def write_gates(logs: Path) -> None:
    """A gate of 1,024 channels of which 273 are closed at last, a spatial gate of 8 x 8, and activations."""
    photo = load_sample_images().images[1]
    pictures = np.stack([photo[start : start + 64, 200:264] for start in range(0, 256, 64)])
    samples = tb_attention.Samples(pictures, [0, 1, 0, 1], class_names=["petal", "leaf"])
    plane = [Axis("key", 64, "grid", grid=(8, 8), input=0)]
    axes = {
        "senet/block_3/excite": [Axis("key", 1024, "channels")],
        "cbam/spatial_gate": plane,
        "head/dense_sigmoid": [Axis("key", 128, "channels")],
    }
    kinds = {"senet/block_3/excite": "gate", "cbam/spatial_gate": "gate", "head/dense_sigmoid": "activation"}
    at = np.stack(np.meshgrid(np.arange(8), np.arange(8)))
    with tb_attention.AttentionWriter(logs / "gates", samples=samples) as writer:
        for step in range(EPOCHS):
            done = (step + 1) / EPOCHS
            random = np.random.default_rng(step)
            closed = np.random.default_rng(0).permutation(1024) < 273
            channels = 0.5 + done * np.where(closed, -0.49, 0.47) + 0.02 * random.random((4, 1024))
            middle = np.array([[2, 2], [5, 2], [2, 5], [5, 5]])[:, :, None, None]
            spatial = np.exp(-done * ((at[None] - middle) ** 2).sum(1) / 6).reshape(4, 64)
            dense = 1 / (1 + np.exp(-random.normal(0, 1 + 3 * done, (4, 128))))
            weights = dict(zip(axes, (channels, spatial, dense), strict=True))
            writer.write(
                step,
                {path: array[:, None].astype(np.float32) for path, array in weights.items()},
                guesses([step], 4, 2, 1 + step),
                metrics(step, EPOCHS),
                epoch=step,
                kinds=kinds,
                axes=axes,
            )


def write_long_names(logs: Path) -> None:
    """An encoder and a decoder with long paths; classes with long names; a token of 300 letters, and ones that cannot be seen."""
    tokens = [
        ["[CLS]", "a" * 300, "", " ", "\u200b", "\n", "\t", "late", "[SEP]"],
        ["[CLS]", "<b>bold</b>", "=1+1", "\u202eevil", "e\u0301", "👩‍👩‍👧", "\xa0", "now", "[SEP]"],
    ]
    labels = [0, 1]
    samples = tb_attention.Samples(np.zeros((2, 9)), labels, tokens=tokens, class_names=LONG_CLASSES)
    paths = [
        f"sequence_to_sequence_translation_model/{side}coder/layer_{layer}/{kind}_attention"
        for side, kinds in (("en", ["self"]), ("de", ["self", "cross"]))
        for layer in range(2)
        for kind in kinds
    ]
    run = logs / "long_names_of_a_run_that_somebody_began_on_a_cluster_with_all_its_flags_in_the_name"
    matrices = SeriesWriter(run, "confusion", 1)
    with tb_attention.AttentionWriter(run, samples=samples) as writer:
        for step in range(EPOCHS):
            weights = {path: maps([i, step], 2, 4, 9, 1 + step) for i, path in enumerate(paths)}
            results = metrics(step, EPOCHS)
            writer.write(step, weights, guesses([step], 2, 4, 1 + step), results, epoch=step)
            counts = np.random.default_rng(step).poisson([[40, 9, 2, 0], [14, 35, 0, 1], [0, 1, 74, 0], [0, 0, 3, 20]])
            matrices.submit(ConfusionRecord(step, {"validation": counts}, LONG_CLASSES, epoch=step))
    assert matrices.close()


def write_classes(logs: Path) -> None:
    """Matrices alone: of 1,000 classes in groups, and of two classes."""
    names = tuple(f"n{index:08d} species {index}" for index in range(1000))
    groups = tuple(ClassGroup(f"family {i}", tuple(range(20 * i, 20 * i + 20))) for i in range(50))
    writer = SeriesWriter(logs / "thousand_classes", "confusion", 1)
    for epoch in range(5):
        counts = confusion_logs.many_classes(1000, epoch, 5)
        writer.submit(ConfusionRecord(epoch, {"validation": counts}, names, epoch=epoch, class_groups=groups))
    assert writer.close()
    writer = SeriesWriter(logs / "two_classes", "confusion", 1)
    for epoch in range(EPOCHS):
        wrong = [88 - 3 * epoch, 72 - 4 * epoch]
        counts = np.array([[500 - wrong[0], wrong[0]], [wrong[1], 300 - wrong[1]]])
        writer.submit(ConfusionRecord(epoch, {"validation": counts}, ("benign", "malignant"), epoch=epoch))
    assert writer.close()


def write_batches(logs: Path) -> None:
    """A run that counts batches and knows no epoch, written by a loop that was killed."""
    samples = tb_attention.Samples(np.zeros((2, 8)), [0, 1], tokens=[WORDS[i : i + 8] for i in range(2)])
    writer = tb_attention.AttentionWriter(logs / "batches", samples=samples)
    for step in ("init", *range(500, 6001, 500)):
        count = 0 if step == "init" else step
        weights = {f"block_{i}/attention": maps([i, count], 2, 4, 8, 1 + count / 2000) for i in range(2)}
        writer.write(step, weights, guesses([count], 2, 2, 1 + count / 2000), metrics(count, 6000), batch=count)
    writer.flush()


def write_matrices(logs: Path) -> None:
    """Matrices with examples behind their cells, beside tracked samples; of one score; and of separate labels."""
    confusion_logs.write_digits(logs / "digits")
    confusion_logs.write_binary(logs / "one_score")
    confusion_logs.write_labels(logs / "labels")


WRITERS: tuple[Callable[[Path], None], ...] = (
    write_sweep,
    write_many_patches,
    write_diverged,
    write_right_to_left,
    write_many_steps,
    write_many_heads,
    write_gates,
    write_long_names,
    write_classes,
    write_batches,
    write_matrices,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    logs = parser.parse_args().directory
    if logs.exists() and any(logs.iterdir()):
        raise SystemExit(f"{logs} must be empty or missing.")
    for write in WRITERS:
        start = time.perf_counter()
        write(logs)
        print(f"{write.__name__.removeprefix('write_')}: {time.perf_counter() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main()
