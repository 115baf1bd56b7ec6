"""Modules that two processes train together (gloo): in step (DDP), or each with a part of the weights (FSDP)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import tb_attention

from ..conftest import ROOT

pytestmark = pytest.mark.skipif(not torch.distributed.is_available(), reason="PyTorch was built without processes")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """The directory of the processes, and their reports."""
    directory = tmp_path_factory.mktemp("processes")
    command = [sys.executable, "-m", "tests.torch.in_two_processes"]
    running = [
        subprocess.Popen(
            [*command, str(rank), str(directory)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=240)[0].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0], "\n".join(said)[-3000:]
    return directory, [json.loads((directory / f"report_{rank}.json").read_text()) for rank in range(2)]


def test_training_in_step_is_the_same_to_the_bit_and_the_first_process_logs(done: tuple[Path, Any]) -> None:
    directory, reports = done
    assert [report["same"] for report in reports] == [True, True]
    log = tb_attention.load(directory / "run")
    assert (log.steps, log.sites, log.attempts) == ([0, 1, 2], ["blocks.0", "blocks.1"], [1])


def test_spread_weights_are_refused_and_captured_where_the_user_gathers_them(done: tuple[Path, Any]) -> None:
    for report in done[1]:
        assert "a part of the weight 'query.weight' in each of several processes (DTensor)" in report["refused"]
        assert report["gathered"]
        assert report["goes on"]
