"""Many clients of one TensorBoard: 16 stand-alone pages of 55 MB at once, and 32 clients that ask for everything.

python benchmarks/log_clients.py [--seconds 25]
"""

from __future__ import annotations

import argparse
import http.client
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from log_memory import HEADS, KEYS, SITES, resident

import tb_attention

PAGES = 16
CLIENTS = 32
STEPS_OF_PAGE = 2
"""Maps of 12 x 12 x 512 are about 27 MB a step in a page."""
STEPS = 300
RUN = {"run": "small", "tag": "attention"}


def write_logs(logdir: Path) -> None:
    """A run of large maps for the pages, and one of many small steps for the mix."""
    rng = np.random.default_rng(0)
    with tb_attention.AttentionWriter(logdir / "large") as writer:
        for step in range(STEPS_OF_PAGE):
            weights = np.exp(3 * rng.standard_normal((1, HEADS, KEYS, KEYS), dtype=np.float32))
            weights /= weights.sum(-1, keepdims=True)
            writer.write(step, {f"block_{number}": weights for number in range(SITES)}, epoch=step)
    with tb_attention.AttentionWriter(logdir / "small") as writer:
        for step in range(STEPS):
            weights = rng.dirichlet(np.ones(64), (4, 4, 64)).astype(np.float32)
            writer.write(step, {f"block_{number}": weights for number in range(4)}, epoch=step)


@contextmanager
def tensorboard(logdir: Path) -> Iterator[tuple[int, int]]:
    """A TensorBoard over a directory: its port and process."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    try:
        port = next(int(found[1]) for line in process.stderr if (found := re.search(r"http://localhost:(\d+)/", line)))
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def ask(port: int, route: str, query: dict[str, object], at_most: int | None = None) -> tuple[int, int]:
    """The status of an answer and its bytes; the connection is cut after `at_most` of them."""
    connection = http.client.HTTPConnection("localhost", port, timeout=120)
    connection.request("GET", f"/data/plugin/attention/{route}?{urlencode(query)}")
    response = connection.getresponse()
    size = 0
    while (piece := response.read(1 << 16)) and (at_most is None or size < at_most):
        size += len(piece)
    connection.close()
    return response.status, size


def pages_at_once(port: int, process: int) -> None:
    """Asks for all pages at once, one of which is aborted, and prints the memory that they took."""
    large = {"run": "large", "tag": "attention"}
    while ask(port, "page_size", large)[0] != 200:
        time.sleep(0.5)
    before, peak, done = resident(process), 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.02):
            peak = max(peak, resident(process))

    answers: list[tuple[int, int]] = []

    def page(at_most: int | None) -> None:
        answers.append(ask(port, "page", large, at_most))

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    threads = [threading.Thread(target=page, args=(1 << 20 if number == 0 else None,)) for number in range(PAGES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    whole = sorted(size for status, size in answers if status == 200)
    assert len(whole) == PAGES, answers
    print(
        f"{PAGES} pages of {whole[-1] / 1e6:.0f} MB at once, one of them aborted: {seconds:.1f} s, "
        f"{(peak - before) / 1e6:+.0f} MB at most (at most +100 MB)",
        flush=True,
    )


def query_of(rng: random.Random) -> tuple[str, dict[str, object]]:
    """A request of the mix: half of them maps, the others all that the tab asks for."""
    step = {"step": rng.randrange(STEPS)}
    one = {"sample": rng.randrange(4), "site": rng.randrange(4)}
    routes: list[tuple[str, dict[str, object]]] = [
        ("weights", RUN | step | one),
        ("weights", RUN | step | one),
        ("weights", RUN | step | one),
        ("overview", RUN | step | {"sample": one["sample"]}),
        ("series", dict(RUN)),
        ("measures", RUN | {"sample": one["sample"]}),
        ("runs", {}),
    ]
    return rng.choice(routes)


def mixed_clients(port: int, seconds: float) -> None:
    """Lets all clients ask for a while, and prints their rate, their waits and their errors."""
    took: list[float] = []
    failed: list[tuple[str, int]] = []
    end = time.perf_counter() + seconds

    def client(number: int) -> None:
        rng = random.Random(number)
        while time.perf_counter() < end:
            route, query = query_of(rng)
            start = time.perf_counter()
            status, _ = ask(port, route, query)
            took.append(1000 * (time.perf_counter() - start))
            if status != 200:
                failed.append((route, status))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hundredths = statistics.quantiles(took, n=100)
    print(
        f"{CLIENTS} clients, mixed routes, {seconds:.0f} s: {len(took) / seconds:.0f} answers a second, "
        f"median {statistics.median(took):.0f} ms, p99 {hundredths[98]:.0f} ms, {len(failed)} errors {failed[:3] or ''}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=25)
    given = parser.parse_args()
    if sys.platform != "linux":
        print("needs /proc")
        return
    with tempfile.TemporaryDirectory() as directory:
        logdir = Path(directory)
        write_logs(logdir)
        with tensorboard(logdir) as (port, process):
            pages_at_once(port, process)
            mixed_clients(port, given.seconds)


if __name__ == "__main__":
    main()
