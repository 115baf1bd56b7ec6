"""Cost of a capture relative to a plain forward pass: a BERT-base-sized encoder, 4 samples, new weights each time.

Prints medians and ratios within one run; the times themselves mean little on another machine. Also prints the peak memory of
processes that run a model with large maps, with and without a capture; the difference between the weights and the layers' own
scores; and how many variables of a model with noise and counters differ after a capture. `tb_attention.capture` called
again, and `fit` called again with new callbacks, are timed too.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import tb_attention
from tb_attention.tracing.capturer import Capturer

LAYERS, HEADS, TOKENS, WIDTH, SAMPLES, ROUNDS = 12, 12, 128, 768, 4, 7
MAP_TOKENS, MAP_WIDTH = 512, 96
MEMORY_OF = "--memory-of"


def build_models(count: int = LAYERS, dtype: str = "float32") -> tuple[keras.Model, keras.Model]:
    """An encoder, and a model of the same layers that returns their scores."""
    ids = keras.Input((TOKENS,), dtype="int32")
    x = layers.Embedding(30_522, WIDTH, dtype=dtype)(ids)
    noise = layers.GaussianNoise(0.1, dtype=dtype)
    all_scores = []
    for block in range(count):
        attention = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name=f"layer_{block}_attention", dtype=dtype)
        all_scores.append(attention(x, x, return_attention_scores=True)[1])
        x = layers.LayerNormalization(dtype=dtype)(layers.Add(dtype=dtype)([x, noise(attention(x, x))]))
        y = layers.Dense(WIDTH, dtype=dtype)(layers.Dense(4 * WIDTH, activation="gelu", dtype=dtype)(x))
        x = layers.LayerNormalization(dtype=dtype)(layers.Add(dtype=dtype)([x, y]))
    return keras.Model(ids, layers.Dense(2, activation="softmax")(x[:, 0])), keras.Model(ids, all_scores)


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def run_for_memory(what: str) -> None:
    """In a separate process: builds a model with large maps, runs it, and prints the bytes of the weights and the peak memory."""
    ids = keras.Input((MAP_TOKENS,), dtype="int32")
    x = layers.Embedding(1_000, MAP_WIDTH)(ids)
    for _ in range(LAYERS):
        x = layers.LayerNormalization()(x + layers.MultiHeadAttention(HEADS, MAP_WIDTH // HEADS)(x, x))
    model = keras.Model(ids, layers.Dense(2)(x[:, 0]))
    tokens = np.random.default_rng(0).integers(1, 1_000, (SAMPLES, MAP_TOKENS)).astype("int32")
    size = 0
    if what == "capture":
        capturer = Capturer(model)
        for _ in range(2):
            size = sum(site.weights.nbytes for site in capturer(tokens).sites)
    else:
        forward = tf.function(lambda x: model(x, training=False))
        for _ in range(2):
            forward(tokens).numpy()
    # The peak of this program alone; `ru_maxrss` starts from the memory of the parent process.
    peak = 1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    print(size, peak)


def print_memory() -> None:
    """Peaks of fresh processes. In this one, memory that is freed but not returned would hide what a capture needs."""
    size, peaks = 0, {}
    for what in ("forward", "capture"):
        runs = []
        for _ in range(3):
            command = [sys.executable, __file__, MEMORY_OF, what]
            text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            runs.append([int(number) for number in text.split()])
        peaks[what] = statistics.median(peak for _, peak in runs)
        size = runs[-1][0]
    above = (peaks["capture"] - peaks["forward"]) / size
    print(f"peak of a process: forward pass {peaks['forward'] / 1e6:.0f} MB, capture {peaks['capture'] / 1e6:.0f} MB")
    print(f"memory above the forward pass: {above:.2f} x the weights' {size / 1e6:.0f} MB (at most 2)")


def print_distance(dtype: str, bound: float, ids: np.ndarray) -> None:
    model, own = build_models(2, dtype)
    sites = Capturer(model)(ids).sites
    scores = [np.asarray(tf.cast(tensor, "float32")) for tensor in own(ids)]
    most = max(float(np.abs(site.weights - theirs).max()) for site, theirs in zip(sites, scores, strict=True))
    print(f"largest distance from the model's own scores, {dtype}: {most:.1e} (at most {bound:.0e})")


def print_variables(ids: np.ndarray) -> None:
    model, _ = build_models(1)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(ids, np.zeros(len(ids)), verbose=0)
    everything = [*model.variables, *model.optimizer.variables]
    before = [np.asarray(variable).tobytes() for variable in everything]
    Capturer(model)(ids)
    differing = sum(np.asarray(variable).tobytes() != old for variable, old in zip(everything, before, strict=True))
    print(f"variables that differ after a capture: {differing} of {len(everything)} (0)")


def print_calls(model: keras.Model, ids: np.ndarray) -> None:
    """Cost of calling `tb_attention.capture` again, and the delay of a second `fit` with new callbacks."""
    forward = tf.function(lambda x: model(x, training=False))
    forward(ids).numpy()
    tb_attention.capture(model, ids)
    forwards, captures = [], []
    for _ in range(ROUNDS):
        forwards.append(seconds(lambda: forward(ids).numpy()))
        captures.append(seconds(lambda: tb_attention.capture(model, ids)))
    plain, ours = statistics.median(forwards), statistics.median(captures)
    print(f"tb_attention.capture called again: median {1e3 * ours:.0f} ms")
    print(f"tb_attention.capture called again / forward pass: {ours / plain:.2f} (at most 1.5)")
    model.compile("sgd", "sparse_categorical_crossentropy")
    labels = np.zeros(len(ids))
    with tempfile.TemporaryDirectory() as directory:
        for number in range(3):
            without = seconds(lambda: model.fit(ids, labels, verbose=0)) if number else 0.0
            callback = tb_attention.AttentionCallback(directory, (ids, labels), init=False)
            both = seconds(lambda callback=callback: model.fit(ids, labels, verbose=0, callbacks=[callback]))
            beside = f", {without:.1f} s without" if number else ""
            print(f"fit {number + 1} of one epoch with a new callback: {both:.1f} s{beside}")


def main() -> None:
    model, _ = build_models()
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
    print_calls(model, ids)
    print_memory()
    print_distance("float32", 1e-5, ids)
    print_distance("mixed_float16", 1e-2, ids)
    print_distance("mixed_bfloat16", 1e-2, ids)
    print_variables(ids)


if __name__ == "__main__":
    if sys.argv[1:2] == [MEMORY_OF]:
        run_for_memory(sys.argv[2])
    else:
        main()
