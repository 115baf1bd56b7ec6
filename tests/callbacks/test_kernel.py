"""A live Jupyter kernel whose cells are interrupted, in a `fit` and between two."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_attention

from .trainings import status

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a kernel there takes no signals")

BUILD = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
from tests.callbacks.trainings import build, callback, fit, weights_now
model, ours = build(), callback({log_dir!r})
"""


class Kernel:
    """A kernel of its own process, as a notebook has."""

    def __init__(self, directory: Path) -> None:
        from jupyter_client.kernelspec import KernelSpec
        from jupyter_client.manager import KernelManager

        self.manager = KernelManager(connection_file=str(directory / "kernel.json"))
        # No kernel need be installed for this Python; the one in its packages is taken.
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self.manager._kernel_spec = KernelSpec(argv=command, display_name="test", language="python")
        self.manager.start_kernel(cwd=str(Path(__file__).parents[2]))
        self.client: Any = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, cell: str) -> dict[str, Any]:
        """What comes of a cell."""
        # A notebook drops the cells behind one that failed for a moment; these are asked for later.
        return self.answer(self.client.execute(cell, stop_on_error=False))

    def interrupt(self, cell: str, when: Callable[[], object]) -> dict[str, Any]:
        """Runs a cell and presses the stop button once something is so."""
        asked = self.client.execute(cell, stop_on_error=False)
        deadline = time.monotonic() + 60
        while not when() and time.monotonic() < deadline:
            time.sleep(0.02)
        self.manager.interrupt_kernel()
        return self.answer(asked)

    def answer(self, asked: str) -> dict[str, Any]:
        while True:
            reply = self.client.get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == asked:
                return dict(reply["content"])

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    started = Kernel(tmp_path)
    yield started
    started.stop()


def test_a_kernel_that_is_interrupted_in_a_fit_and_between_two_loses_nothing(kernel: Kernel, tmp_path: Path) -> None:
    log_dir = tmp_path / "run"
    assert kernel.run(BUILD.format(log_dir=str(log_dir)))["status"] == "ok"
    in_fit = kernel.interrupt("fit(model, [ours], epochs=1_000_000)", lambda: len(list(log_dir.rglob("step-0*"))) >= 3)
    assert (in_fit["status"], in_fit["ename"]) == ("error", "KeyboardInterrupt")
    # Nobody runs a cell: what waits is written, and the index after it.
    deadline = time.monotonic() + 20
    while not list(log_dir.rglob("index-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    steps = tb_attention.load(log_dir).steps
    assert steps == list(range(len(steps)))
    assert len(steps) >= 3

    begun = tmp_path / "begun"
    between = kernel.interrupt(f"import time; open({str(begun)!r}, 'w'); time.sleep(60)", begun.exists)
    assert (between["status"], between["ename"]) == ("error", "KeyboardInterrupt")

    # The cell with `fit` is run again, then the one that builds the model.
    saved = tmp_path / "weights.npy"
    cell = f"fit(model, [ours], epochs=2); import numpy; numpy.save({str(saved)!r}, weights_now(model))"
    assert kernel.run(cell)["status"] == "ok"
    log = tb_attention.load(log_dir)
    assert log.attempts == [1]
    # Steps that were still being computed when the button was pressed may have been logged or not.
    assert log.steps == list(range(log.steps[-1] + 1))
    assert log.steps[-1] >= len(steps) + 1
    expected = np.load(saved)
    for sample in range(2):
        np.testing.assert_allclose(log.weights(log.steps[-1], sample, "attention"), expected[sample], atol=1e-5)
    assert status(log_dir)["state"] == "finished"
    assert kernel.run("model = build(); fit(model, [ours])")["status"] == "ok"
    assert tb_attention.load(log_dir).attempts == [1, 2]
