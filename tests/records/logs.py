"""Small logs that tests write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.samples.samples import Samples
from tb_attention.records.writing.attention_writer import AttentionWriter
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.site import Axis, Site


def rows(*shape: int, seed: int = 0) -> np.ndarray:
    """Random weights whose rows sum to 1."""
    return np.random.default_rng(seed).dirichlet(np.full(shape[-1], 0.3), size=shape[:-1]).astype(np.float32)


def site(path: str = "block/attention", samples: int = 2, heads: int = 2, keys: int = 5, seed: int = 0) -> Site:
    """A self-attention site."""
    axes = (Axis("samples", samples), Axis("heads", heads), Axis("query", keys), Axis("key", keys))
    return Site(path, "self", axes, rows(samples, heads, keys, keys, seed=seed))


def record(step: Any = 0, **fields: Any) -> StepRecord:
    """A step with one small site; its epoch is its step."""
    fields.setdefault("sites", (site(seed=0 if step == "init" else step),))
    fields.setdefault("epoch", None if step == "init" else step)
    return StepRecord(step, **fields)


def digits(count: int = 2) -> Samples:
    """Samples that look like scikit-learn's digits."""
    images = np.random.default_rng(7).integers(0, 17, (count, 8, 8)).astype(np.float32)
    return Samples(images, np.arange(count))


def write_steps(log_dir: Path | str, steps: Any, tag: str = "attention", attempt: int = 1, **options: Any) -> None:
    """Writes small steps and waits for them."""
    writer = SeriesWriter(str(log_dir), tag, attempt, **options)
    for step in steps:
        assert writer.submit(record(step))
    assert writer.close(30)
    assert writer.failures == []


def write_log(log_dir: Path | str, steps: int = 3) -> np.ndarray:
    """Writes steps of one site with an `AttentionWriter`; returns its weights `(steps, samples, heads, queries, keys)`."""
    weights = np.stack([rows(2, 2, 5, 5, seed=step) for step in range(steps)])
    with AttentionWriter(log_dir, samples=digits()) as writer:
        for step in range(steps):
            writer.write(step, {"block/attention": weights[step]}, epoch=step, metrics={"loss": 1 / (step + 1)})
    return weights


def attempt_directory(log_dir: Path | str, tag: str = "attention", attempt: int = 1) -> Path:
    """Where the files of an attempt lie."""
    return Path(log_dir) / "plugins" / "attention" / tag / str(attempt)
