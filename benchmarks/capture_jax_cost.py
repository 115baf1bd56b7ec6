"""What a capture of a Keras model on JAX costs beside a plain compiled pass, at the size of BERT-base.

Prints the median of the ratios of neighbouring passes, the first passes with their compilation, and what memory is used more.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from statistics import median
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import numpy as np
from keras import layers

from tb_attention.tracing.capturer import Capturer

SAMPLES, TOKENS, BLOCKS, ROUNDS = 8, 128, 12, 7


def build() -> keras.Model:
    ids = keras.Input((TOKENS,), dtype="int32")
    x = layers.Embedding(30522, 768)(ids)
    for _ in range(BLOCKS):
        x = layers.LayerNormalization()(x + layers.MultiHeadAttention(12, 64)(x, x))
        x = layers.LayerNormalization()(x + layers.Dense(768)(layers.Dense(3072, activation="gelu")(x)))
    return keras.Model(ids, layers.Dense(2)(x[:, 0]))


def main() -> None:
    model = build()
    ids = np.random.default_rng(0).integers(0, 30000, (SAMPLES, TOKENS)).astype("int32")
    values = [
        [variable.value for variable in kind] for kind in (model.trainable_variables, model.non_trainable_variables)
    ]
    compiled = jax.jit(lambda values, ids: model.stateless_call(*values, ids, training=False)[0])
    capturer = Capturer(model)

    def plain() -> None:
        np.asarray(compiled(values, ids))

    first_plain, before = seconds(plain), peak()
    first = seconds(lambda: capturer(ids))
    more = peak() - before
    captured = sum(site.weights.nbytes for site in capturer(ids).sites) / 1e6
    ratios = []
    for _ in range(ROUNDS):
        one, other = seconds(plain), seconds(lambda: capturer(ids))
        ratios.append(other / one)
    print(
        f"BERT-base on JAX, {SAMPLES} x {TOKENS}: capture / plain pass {median(ratios):.2f}; first capture / first plain pass "
        f"{first / first_plain:.2f}; {captured:.0f} MB captured, peak memory {more:.0f} MB above that of the plain pass"
    )


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def peak() -> float:
    """Of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
