"""Time of TensorBoard's answer with one 512 x 512 map, and what passing stored bytes through saves.

    python benchmarks/serve_map.py

Two values: `over HTTP` asks a real `tensorboard` process, one request after the other on one connection, and includes
the client; `in the server` is the CPU time of the handlers alone, in this process. Ratios are what to compare:
milliseconds depend on the machine and on what else it does.
"""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

import tb_attention
from tb_attention.plugin import members
from tb_attention.plugin.run_store import RunStore
from tb_attention.records.reading.opened_attempt import open_attempt
from tb_attention.wire import gzip_frame

REQUESTS = 200
STEPS = 5
SITES = 4
ROUTE = "/data/plugin/attention/weights"


def write_log(run: Path) -> None:
    """Five steps of four sites with one head of 512 x 512, as peaky as trained heads."""
    random = np.random.default_rng(0)
    with tb_attention.AttentionWriter(run) as writer:
        for step in range(STEPS):
            scores = 3 * random.standard_normal((SITES, 1, 1, 512, 512), dtype=np.float32)
            weights = np.exp(scores)
            weights /= weights.sum(-1, keepdims=True)
            writer.write(step, {f"block_{site}": weights[site] for site in range(SITES)})


def percentiles(times: list[float]) -> tuple[float, float]:
    """p50 and p95 in milliseconds."""
    return float(np.percentile(times, 50) * 1e3), float(np.percentile(times, 95) * 1e3)


def requests() -> list[tuple[int, int]]:
    """Step and site of each request, in random order."""
    random = np.random.default_rng(1)
    return list(
        zip(random.integers(STEPS, size=REQUESTS).tolist(), random.integers(SITES, size=REQUESTS).tolist(), strict=True)
    )


def over_http(logdir: Path) -> tuple[float, float, int]:
    """p50, p95 and the mean size of a body, for requests to a real process."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    try:
        port = next(int(found[1]) for line in process.stderr if (found := re.search(r"http://localhost:(\d+)/", line)))
        connection = http.client.HTTPConnection("localhost", port)
        times, sizes = [], []
        for step, site in [(0, 0)] * 5 + requests():
            query = urlencode({"run": "run", "tag": "attention", "step": step, "sample": 0, "site": site})
            start = time.perf_counter()
            connection.request("GET", f"{ROUTE}?{query}")
            response = connection.getresponse()
            body = response.read()
            times.append(time.perf_counter() - start)
            sizes.append(len(body))
            assert response.status == 200, body
        return *percentiles(times[5:]), int(np.mean(sizes))
    finally:
        process.terminate()
        process.wait()


def in_the_server(logdir: Path, passed_through: bool) -> tuple[float, float]:
    """p50 and p95 of the CPU time of a body that is passed through, or inflated and compressed again."""
    attempt = open_attempt(RunStore(str(logdir / "run")), "plugins/attention/attention/1")

    def make(step: int, site: int) -> bytes:
        member = f"weights/0/{site}"
        if passed_through:
            return members.body(attempt, attempt.steps[step], member)
        with attempt.open(attempt.steps[step].name) as archive:
            return gzip_frame.compress(archive.read(member))

    times = []
    for step, site in requests():
        start = time.thread_time()
        make(step, site)
        times.append(time.thread_time() - start)
    return percentiles(times)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        logdir = Path(directory)
        write_log(logdir / "run")
        passed, again = in_the_server(logdir, True), in_the_server(logdir, False)
        p50, p95, size = over_http(logdir)
    print(f"{REQUESTS} requests of one 512 x 512 map, {size / 1024:.0f} KiB a body")
    print(f"over HTTP:                   p50 {p50:6.2f} ms, p95 {p95:6.2f} ms; {p95 / 20:.2f} of the 20 ms aimed at")
    print(f"in the server, as stored:    p50 {passed[0]:6.2f} ms, p95 {passed[1]:6.2f} ms of CPU")
    print(f"in the server, made again:   p50 {again[0]:6.2f} ms, p95 {again[1]:6.2f} ms of CPU")
    print(f"made again costs {again[0] / passed[0]:.0f} times as much")


if __name__ == "__main__":
    main()
