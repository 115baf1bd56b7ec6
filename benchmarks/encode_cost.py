"""Cost of encoding and deflating the maps of a step, relative to numpy.savez_compressed; medians of five."""

from __future__ import annotations

import io
import statistics
import time

import numpy as np

from tb_attention.records.format.npz import write_npz
from tb_attention.reduce.encodings import encode


def heads_of_many_kinds(keys: int) -> np.ndarray:
    """12 typical heads `(12, keys, keys)`: diffuse, peaky, with a sink, on the previous token, local.

    Half of them are causal; a fifth of the keys is padding.
    """
    rng = np.random.default_rng(0)
    key = np.arange(keys)
    query = key[:, None]
    away = np.abs(query - key)
    patterns = [0 * away, 0 * away, 8.0 * (key == 0), 8.0 * (key == query - 1), -0.3 * away, -0.02 * away]
    sharpness = [0.5, 4, 1, 1, 1, 1]
    scores = np.stack(
        [
            pattern + sharp * rng.standard_normal((keys, keys))
            for pattern, sharp in zip(patterns, sharpness, strict=True)
        ]
        * 2
    )
    scores[:6, away * (key > query) > 0] = -np.inf
    scores[:, :, keys * 4 // 5 :] = -np.inf
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


def main() -> None:
    weights = heads_of_many_kinds(512)
    ours_took, numpys_took = [], []
    for _ in range(5):
        start = time.process_time()
        stored = encode(weights, "sqrt8_row")
        ours = io.BytesIO()
        write_npz(ours, [("weights", stored)])
        ours_took.append(time.process_time() - start)
        start = time.process_time()
        numpys = io.BytesIO()
        np.savez_compressed(numpys, weights=stored)
        numpys_took.append(time.process_time() - start)
    ratio = statistics.median(ours_took) / statistics.median(numpys_took)
    print(f"CPU of encoding and deflating / numpy.savez_compressed of the same uint8: {ratio:.2f} (at most 0.5)")
    print(f"bytes a weight at 512 keys: {ours.tell() / weights.size:.3f} (at most 0.5)")
    print(f"size / savez_compressed: {ours.tell() / numpys.tell():.3f}")


if __name__ == "__main__":
    main()
