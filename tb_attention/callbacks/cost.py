"""Sentences on how much disk space a log will take."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from tb_attention.records.format.npz import npz_bytes
from tb_attention.records.store.reaching import shown_url
from tb_attention.records.writing.budget import StepBytes, spell_bytes
from tb_attention.reduce.encodings import FLOAT32_BELOW
from tb_attention.reduce.pooling import MOST
from tb_attention.site import Site

# Relative error of sizes that is too small to mention.
_TOLERANCE = 0.2
# Pairs of classes to encode, to measure the bytes of one.
_MOST_TRIED = 50_000
# What deflate leaves of the 8-bit maps of trained models, measured from 16 to 512 keys.
_BYTES_A_CODE = 0.5


def cost_sentence(
    step: StepBytes,
    every: int | None,
    batches: int | None,
    epochs: int,
    max_bytes: int | None,
    log_dir: str,
    *,
    init: bool = False,
    trained: float = 0.0,
) -> str:
    """What the steps of a training will take, from the size of the first one.

    Args:
        step: The size of the first step; its samples are written once.
        every: Batches from step to step; None for one step each epoch.
        batches: Batches in an epoch; None if Keras does not know.
        epochs: Number of epochs to train.
        max_bytes: Bytes that the step files may take; None for no limit.
        log_dir: The directory of the log.
        init: Whether this step is the one before training, in addition to those of the epochs.
        trained: Bytes that maps which are almost uniform now will take once they are not, from `trained_bytes`.
    """
    one = step.file + step.extra
    later = ""
    if trained * (1 - _TOLERANCE) > step.file:
        later = f" Maps are almost uniform as yet; later a step will take about {spell_bytes(trained + step.extra)}."
    if every is not None and batches is None:
        return f"Attention log: about {spell_bytes(one)} a step, in {shown_url(log_dir)}.{later}"
    steps = 1.0 if every is None else max(1.0, (batches or 0) / every)
    count = steps * max(1, epochs)
    total = one * (count + init) + step.samples
    return (
        f"Attention log: about {spell_bytes(one * steps)} an epoch, {spell_bytes(total)} for {max(1, epochs)}, "
        f"in {shown_url(log_dir)}{_bound(count * max(step.file, trained), max_bytes)}{later}"
    )


def trained_bytes(sites: Iterable[Site]) -> float:
    """About how many bytes the maps that are still almost uniform take after training; 0 if there are none.

    Before training, maps may attend uniformly, and their 8-bit codes compress far better than later ones. Maps that are stored
    as floats always take the same.
    """
    return sum(_trained_bytes(site) for site in sites if _is_almost_uniform(site))


def _trained_bytes(site: Site) -> float:
    shown = math.prod(min(MOST, axis.size) for axis in site.axes[2:] if axis.role in ("query", "key"))
    one = site.weights[0]
    codes = one.size + min(one.size, len(one) * shown)
    kept = float(np.count_nonzero(one)) / one.size  # masked weights stay 0
    return float(len(site.weights) * codes * kept * _BYTES_A_CODE)


def _is_almost_uniform(site: Site) -> bool:
    """Whether in most rows of the first sample no weight is twice the mean of those that are not 0."""
    if not site.weights.size or 4 * site.weights[0].size < FLOAT32_BELOW:
        return False
    rows = site.weights[0].reshape(-1, site.weights.shape[-1])
    mean = rows.sum(axis=1) / np.maximum(1, np.count_nonzero(rows, axis=1))
    return bool(np.median(rows.max(axis=1) - 2 * mean) < 0)


def matrix_cost_sentence(classes: int, examples: int | None, metric: bool, epochs: int, log_dir: str) -> str:
    """What matrices of many classes will take.

    Args:
        classes: Number of classes.
        examples: Labels that are counted at every epoch, or None if it is not known.
        metric: Whether a compiled metric counts.
        epochs: Number of epochs to train.
        log_dir: The directory of the log.
    """
    begin = f"Confusion matrices of {classes:,} classes: only pairs of classes that occur are stored"
    held = f"; the compiled metric holds {spell_bytes(8 * classes**2)} in memory" if metric else ""
    if examples is None:
        return f"{begin}, in {shown_url(log_dir)}{held}."
    one = _pair_bytes(classes, examples)
    return (
        f"{begin}, at most about {spell_bytes(one)} an epoch, {spell_bytes(one * max(1, epochs))} for {max(1, epochs)}, "
        f"in {shown_url(log_dir)}{held}."
    )


def _pair_bytes(classes: int, examples: int) -> float:
    """Bytes of a step file of a model that predicts classes at random, as before training."""
    tried = min(examples, _MOST_TRIED)
    cells = np.unique(np.random.default_rng(0).integers(0, classes**2, tried))
    order = np.random.default_rng(0).permutation(classes).astype("<i4")
    pairs = np.stack([cells // classes, cells % classes, np.ones_like(cells)])
    fixed = len(npz_bytes([("order", order)]))
    return fixed + len(npz_bytes([("matrix", pairs)])) * min(examples, classes**2) / tried


def _bound(files: float, max_bytes: int | None) -> str:
    if max_bytes is None or files <= max_bytes:
        return "."
    return f". Older steps will be thinned out to stay below {spell_bytes(max_bytes)} (max_bytes)."
