"""Cost of logging while a model trains: the training thread, the CPU of the writer, and the loss in the weights.

python benchmarks/log_write.py
"""

from __future__ import annotations

import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.spatial.distance import jensenshannon

sys.path.insert(0, str(Path(__file__).parent))

from encode_cost import heads_of_many_kinds

from tb_attention.records.format.digest import digest
from tb_attention.records.format.npz import write_npz
from tb_attention.records.format.step_file import attention_members
from tb_attention.records.format.step_record import StepRecord
from tb_attention.records.writing.series_writer import SeriesWriter
from tb_attention.reduce.encodings import decode, encode
from tb_attention.reduce.long_axes import shorten
from tb_attention.site import Axis, Site

SITES = 12
REPEATS = 5


def record(keys: int, samples: int, step: int = 0) -> StepRecord:
    """A step of 12 sites of 12 heads."""
    heads = heads_of_many_kinds(keys)
    axes = (Axis("samples", samples), Axis("heads", 12), Axis("query", keys), Axis("key", keys))
    weights = np.repeat(heads[None], samples, axis=0)
    return StepRecord(step, epoch=step, sites=tuple(Site(f"block_{n}", "self", axes, weights) for n in range(SITES)))


def training_thread() -> list[float]:
    """Milliseconds per step that the training thread waits beyond the capture, for 12 x 12 x 128 and 8 samples."""
    given = record(128, 8)
    held = []
    with tempfile.TemporaryDirectory() as directory:
        writer = SeriesWriter(directory, "attention", 1)
        for step in range(2 * REPEATS):
            start = time.perf_counter()
            sites = tuple(shorten(site) for site in given.sites)
            writer.write_status(state="running")
            writer.submit(StepRecord(step, epoch=step, sites=sites))
            held.append(1000 * (time.perf_counter() - start))
            writer.drain()  # an epoch lies between two steps
        writer.close()
    return held


def writing_against_numpy() -> float:
    """CPU of a whole step of 12 x 12 x 512 (measures, overviews, codes, deflate) / `savez_compressed` of the same codes."""
    given = record(512, 1)
    ours, numpys = [], []
    for _ in range(REPEATS):
        start = time.process_time()
        made = digest(given, "attention", 1)
        write_npz(io.BytesIO(), attention_members(given, made))
        ours.append(time.process_time() - start)
        codes = {site.path: encode(site.weights[0], "sqrt8_row") for site in given.sites}
        start = time.process_time()
        np.savez_compressed(io.BytesIO(), **codes)
        numpys.append(time.process_time() - start)
    return statistics.median(ours) / statistics.median(numpys)


def kept() -> tuple[float, float]:
    """Mean Jensen-Shannon divergence in bits, and the share of rows whose largest weight stays the largest."""
    weights = heads_of_many_kinds(512)
    back = decode(encode(weights, "sqrt8_row"), weights.shape, "sqrt8_row")
    rows = weights.sum(axis=-1) > 0
    distances = jensenshannon(weights[rows].astype(float), back[rows].astype(float), base=2, axis=-1)
    divergence = float(np.nanmean(distances**2))
    return divergence, float((weights.argmax(-1) == back.argmax(-1))[rows].mean())


def main() -> None:
    held = training_thread()
    print(
        f"training thread held, 12 x 12 x 128, 8 samples, beyond capture: median {statistics.median(held):.2f} ms, "
        f"most {max(held):.2f} ms (at most 5 ms)"
    )
    divergence, argmax = kept()
    print(f"mean Jensen-Shannon divergence at 512 keys: {divergence:.1e} bits (at most 1e-4)")
    print(f"largest weight of a row stays the largest: {100 * argmax:.1f} % (at least 99 %)")
    print(
        f"CPU of a whole step of 12 x 12 x 512 / savez_compressed of its codes: {writing_against_numpy():.2f} (at most 0.5)"
    )


if __name__ == "__main__":
    main()
