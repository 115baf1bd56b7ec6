"""What a capture costs beside a plain forward pass: a BERT-base-sized encoder, 4 samples, new weights each time.

Prints medians and ratios of one run on one machine; the times themselves mean little on another.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tb_attention.capture.capturer import Capturer

LAYERS, HEADS, TOKENS, WIDTH, SAMPLES, ROUNDS = 12, 12, 128, 768, 4, 7


def build_model() -> keras.Model:
    ids = keras.Input((TOKENS,), dtype="int32")
    x = layers.Embedding(30_522, WIDTH)(ids)
    for block in range(LAYERS):
        y = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name=f"layer_{block}_attention")(x, x)
        x = layers.LayerNormalization()(layers.Add()([x, y]))
        y = layers.Dense(WIDTH)(layers.Dense(4 * WIDTH, activation="gelu")(x))
        x = layers.LayerNormalization()(layers.Add()([x, y]))
    return keras.Model(ids, layers.Dense(2, activation="softmax")(x[:, 0]))


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    model = build_model()
    ids = np.random.default_rng(0).integers(1, 30_000, (SAMPLES, TOKENS)).astype("int32")
    forward = tf.function(lambda x: model(x, training=False))
    capturer = Capturer(model)
    first_forward = seconds(lambda: forward(ids).numpy())
    first_capture = seconds(lambda: capturer(ids))
    forwards, captures = [], []
    kernel = model.get_layer("layer_0_attention").variables[0]
    for _ in range(ROUNDS):
        kernel.assign(kernel * 1.001)
        forwards.append(seconds(lambda: forward(ids).numpy()))
        captures.append(seconds(lambda: capturer(ids)))
    captured = capturer(ids)
    plain, ours = statistics.median(forwards), statistics.median(captures)
    print(f"sites captured: {len(captured.sites)} of {LAYERS}")
    print(f"compiled forward pass: median {1e3 * plain:.0f} ms; capture: median {1e3 * ours:.0f} ms")
    print(f"capture / forward pass: {ours / plain:.2f} (at most 1.5)")
    print(f"first capture / first forward pass: {first_capture / first_forward:.2f} (at most 3)")


if __name__ == "__main__":
    main()
