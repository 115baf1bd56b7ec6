"""A writer that is killed at any moment leaves whole steps."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tb_attention
from tb_attention.records.store.leftovers import TEMPORARY

from . import logs

KILLS = 50

# Forks a writer for each of the moments, and kills it then; every other one once it has written a step, however busy the
# machine is. Each writer is an attempt of its own.
SCRIPT = """
import os, pathlib, signal, sys, time
import numpy as np
import tb_attention
tb_attention.AttentionWriter, tb_attention.Samples  # imported before forking, so that a writer writes at once
def count():
    return len(list(pathlib.Path(sys.argv[1]).glob("plugins/attention/attention/*/step-*.npz")))
for index, seconds in enumerate(map(float, sys.argv[2:])):
    before = count()
    pid = os.fork()
    if pid:
        deadline = time.monotonic() + 20
        while index % 2 and count() == before and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        continue
    writer = tb_attention.AttentionWriter(sys.argv[1], samples=np.arange(8).reshape(2, 4))
    step = 0
    while True:
        weights = np.full((2, 2, 130, 130), (step + 1) / 130, np.float32)
        writer.write(step, {"a": weights, "b": weights[..., :5, :5]}, epoch=step)
        step += 1
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither fork nor SIGKILL")
def test_50_kills_leave_whole_steps_only(tmp_path: Path) -> None:
    rng = random.Random(0)
    moments = [f"{rng.uniform(0, 0.12):.6f}" for _ in range(KILLS)]
    subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path), *moments], check=True, timeout=180)
    attempts = tb_attention.load(tmp_path).attempts
    counts = [whole_steps(tmp_path, attempt) for attempt in attempts]
    assert len(attempts) >= KILLS / 2
    assert sum(counts) >= KILLS / 2


def whole_steps(directory: Path, attempt: int) -> int:
    """Reads all of an attempt and returns how many steps it has."""
    log = tb_attention.load(directory, attempt=attempt)
    assert log.damaged == []
    assert log.steps == list(range(len(log.steps)))
    for step in log.steps:
        for sample in range(2):
            assert np.all(log.weights(step, sample, "a") == np.float32((step + 1) / 130))
            assert log.weights(step, sample, "b").shape == (2, 5, 5)
    if log.steps:
        assert len(log.samples) == 2
    known = re.compile(r"(step|samples|index)-\w+\.npz|status\.json|writer-1\.json")
    for path in logs.attempt_directory(directory, attempt=attempt).iterdir():
        assert known.fullmatch(path.name) or path.name.startswith(TEMPORARY), path.name
    return len(log.steps)
