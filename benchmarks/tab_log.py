"""The log for measuring the tab: 12 layers of 12 heads, 512 tokens, 50 steps; written once and kept.

    python benchmarks/tab_log.py DIRECTORY [--samples 8]

Real trained heads are peaky and similar from step to step. So are these: each head prefers some distances and some words, more so
in later steps. Eight samples make 3 GB and take seven minutes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

import tb_attention

LAYERS, HEADS, TOKENS, STEPS = 12, 12, 512, 50
WORDS = [
    "the",
    "model",
    "looks",
    "at",
    "some",
    "words",
    "more",
    "than",
    "at",
    "others",
    "and",
    "this",
    "one",
    "is",
    "about",
    "an",
    "invoice",
    "that",
    "was",
    "late",
]


def texts(samples: int) -> list[list[str]]:
    """Real words, in a different order for each sample."""
    random = np.random.default_rng(1)
    return [["[CLS]", *random.choice(WORDS, TOKENS - 2).tolist(), "[SEP]"] for _ in range(samples)]


def layer_weights(layer: int, step: int, samples: int) -> npt.NDArray[np.float32]:
    """float32 (samples, heads, queries, keys); rows sum to 1."""
    random = np.random.default_rng([layer, 7])
    apart = np.arange(TOKENS)[None, :] - np.arange(TOKENS)[:, None]
    weights = np.empty((samples, HEADS, TOKENS, TOKENS), np.float32)
    for head in range(HEADS):
        distance, width = random.integers(-8, 8), random.uniform(1, 40)
        near = (-(((apart - distance) / width) ** 2)).astype(np.float32)
        for sample in range(samples):
            words = random.standard_normal(TOKENS, dtype=np.float32)
            scores = (0.2 + step / STEPS) * (4 * near + 2 * words)
            np.exp(scores, out=scores)
            weights[sample, head] = scores / scores.sum(-1, keepdims=True)
    return weights


def write_log(run: Path, *, samples: int = 8, steps: int = STEPS) -> None:
    """Writes the log if it is missing."""
    if (run / "complete").exists():
        return
    tokens = texts(samples)
    examples = tb_attention.Samples(
        np.zeros((samples, TOKENS), int), [0] * samples, tokens=tokens, texts=[" ".join(words) for words in tokens]
    )
    with tb_attention.AttentionWriter(run, samples=examples) as writer:
        for step in range(steps):
            weights = {
                f"encoder/layer_{layer}/attention": layer_weights(layer, step, samples) for layer in range(LAYERS)
            }
            metrics = {"loss": 1 / (1 + step), "val_loss": 1.1 / (1 + step), "val_accuracy": 1 - 0.5 / (1 + step)}
            writer.write(step, weights, [(0, 0.5 + step / 100)] * samples, metrics, epoch=step)
            writer.flush()
    (run / "complete").touch()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--samples", type=int, default=8)
    arguments = parser.parse_args()
    write_log(arguments.directory / "large", samples=arguments.samples)
