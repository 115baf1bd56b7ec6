"""Other software that writes into the same directory or copies our callbacks: PyTorch's SummaryWriter, KerasTuner, Keras."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

import tb_attention
from tests.conftest import TensorBoard

from .trainings import X, Y, build, callback, fit, status


def shown(board: TensorBoard, tag: str, run: str, steps: int) -> list[int]:
    """Steps of a scalar as a running TensorBoard answers them, once there are so many."""
    found: list[Any] = []
    deadline = time.monotonic() + 30
    while len(found) < steps and time.monotonic() < deadline:
        try:
            url = f"{board.address}/data/plugin/scalars/scalars?tag={tag}&run={run}"
            with urllib.request.urlopen(url, timeout=10) as response:
                found = json.loads(response.read())
        except urllib.error.HTTPError:
            pass
        time.sleep(0.2)
    return [step for _, step, _ in found]


def test_scalars_of_pytorchs_summary_writer_in_the_same_directory_stay_visible(
    tmp_path: Path, start_tensorboard: Callable[..., TensorBoard]
) -> None:
    from torch.utils.tensorboard import SummaryWriter

    run = tmp_path / "run"
    writer = SummaryWriter(str(run))
    writer.add_scalar("loss", 0.5, 0)
    writer.flush()
    # With TensorBoard's data server and without, for these read differently.
    boards = [start_tensorboard(tmp_path, *flags) for flags in ([], ["--load_fast=false"])]
    for board in boards:
        assert shown(board, "loss", "run", 1) == [0]
    model = build()
    for step in (1, 2):
        fit(model, [callback(run)])
        writer.add_scalar("loss", 0.5, step)
        writer.flush()
    # Those that came after our first step are shown as well.
    for board in boards:
        assert shown(board, "loss", "run", 3) == [0, 1, 2]
    writer.close()
    assert tb_attention.load(run).steps == [0, 1]
    assert any("of another program" in note for note in status(run)["notes"])


def test_keras_tuner_copies_the_callbacks_and_each_trial_is_an_attempt(tmp_path: Path) -> None:
    import keras_tuner

    def build_trial(choices: Any) -> keras.Model:
        choices.Choice("seed", [1, 2])
        return build()

    tuner = keras_tuner.GridSearch(
        build_trial, objective="val_loss", max_trials=2, directory=tmp_path / "tuner", project_name="search"
    )
    ours = [callback(tmp_path / "run"), tb_attention.ConfusionMatrixCallback(tmp_path / "run", (X, Y))]
    tuner.search(X, Y, validation_data=(X, Y), epochs=2, batch_size=8, verbose=0, callbacks=ours)
    for tag in ("attention", "confusion"):
        assert tb_attention.load(tmp_path / "run", tag=tag).attempts == [1, 2]
        for attempt in (1, 2):
            assert tb_attention.load(tmp_path / "run", tag=tag, attempt=attempt).steps == [0, 1]
