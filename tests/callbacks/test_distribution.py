"""Of several processes that train one model, one logs it: as a single process would."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tb_attention


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The directory in which two workers logged, and what each printed."""
    directory = tmp_path_factory.mktemp("workers")
    cluster = {"worker": [f"localhost:{port}" for port in free_ports(2)]}
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.callbacks.workers", str(index), str(directory)],
            env=os.environ
            | {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(2)
    ]
    ended = [worker.communicate(timeout=240) for worker in workers]
    for worker, (_, complaint) in zip(workers, ended, strict=True):
        assert worker.returncode == 0, complaint[-3000:]
        assert "AttentionWarning" not in complaint
    return directory, [printed for printed, _ in ended]


def test_two_workers_of_one_strategy_make_one_log(trained: tuple[Path, list[str]]) -> None:
    directory, printed = trained
    run = directory / "loop"
    sums = [[line for line in each.splitlines() if line.replace(".", "").isdigit()] for each in printed]
    assert sums[0] == sums[1]  # both trained the same model
    log = tb_attention.load(run, tag="attention")
    assert (log.attempts, log.has_init, log.steps) == ([1], True, [0, 1])
    np.testing.assert_allclose(log.weights(1, 0, "attention").sum(-1), 1, atol=1e-5)
    assert [log.confusion.matrix(step).sum() for step in (0, 1)] == [24, 24]
    assert tb_attention.load(run, tag="confusion").attempts == [1]
    assert tb_attention.load(run, tag="checkpoint").steps == [7]
    assert len(list(run.glob("*tfevents*"))) == 1
    assert [each.count("Attention log:") for each in printed] == [2, 0]  # one a training


def test_of_the_processes_of_a_keras_distribution_the_first_logs(trained: tuple[Path, list[str]]) -> None:
    run = trained[0] / "processes"
    log = tb_attention.load(run)
    assert (log.attempts, log.steps) == ([1], [0, 1])
    assert len(list(run.glob("*tfevents*"))) == 1
