"""The epochs and batches of a log when trainings are repeated, resumed or continued."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import tb_attention
from tb_attention.errors import ArgumentError, AttentionWarning

from .trainings import BATCHES, X, Y, batches, build, callback, fit, logged, status, weights_now


def epochs(log_dir: Path, **options: Any) -> list[int | None]:
    log = tb_attention.load(log_dir, **options)
    return [log.epoch(step) for step in log.steps]


def test_a_cell_that_builds_the_model_anew_is_a_new_attempt(tmp_path: Path) -> None:
    for count in (3, 2):
        fit(build(), [callback(tmp_path)], epochs=count)
    assert tb_attention.load(tmp_path).attempts == [1, 2]
    assert tb_attention.load(tmp_path).steps == [0, 1]
    assert tb_attention.load(tmp_path, attempt=1).steps == [0, 1, 2]


def test_a_cell_with_fit_alone_continues_to_count_with_any_callback(tmp_path: Path) -> None:
    model = build()
    same = callback(tmp_path)
    for each in (same, same, callback(tmp_path)):
        fit(model, [each], epochs=2)
    log = tb_attention.load(tmp_path)
    assert (log.attempts, log.steps) == ([1], [0, 1, 2, 3, 4, 5])
    assert batches(tmp_path) == [BATCHES * (step + 1) for step in range(6)]
    np.testing.assert_allclose(logged(tmp_path, 5), weights_now(model), atol=1e-5)
    assert [note for note in status(tmp_path)["notes"] if "logged as epoch 5" in note]
    assert status(tmp_path)["epochs"] == 6


def test_one_epoch_at_a_time_in_a_loop_is_one_training(tmp_path: Path) -> None:
    model = build()
    for _ in range(4):
        fit(model, [callback(tmp_path)])
    log = tb_attention.load(tmp_path)
    assert (log.attempts, log.steps, epochs(tmp_path)) == ([1], [0, 1, 2, 3], [0, 1, 2, 3])
    assert log.has_init
    assert len(status(tmp_path)["notes"]) == 1


def test_the_best_step_is_the_best_of_all_fits(tmp_path: Path) -> None:
    model = build()
    losses = [fit(model, [callback(tmp_path, monitor="loss")], epochs=2).history["loss"] for _ in range(2)]
    # The third `fit` diverges: its losses are larger than all before.
    model.optimizer.learning_rate = 1.0
    losses.append(fit(model, [callback(tmp_path, monitor="loss")], epochs=2).history["loss"])
    flat = [loss for each in losses for loss in each]
    assert status(tmp_path)["best"]["step"] == int(np.argmin(flat))


def test_folds_and_sweeps_in_one_process_never_mix(tmp_path: Path) -> None:
    last = []
    for fold in range(3):
        model = build()
        fit(model, [callback(tmp_path / "shared"), callback(tmp_path / f"fold{fold}")], epochs=2)
        last.append(weights_now(model))
    assert tb_attention.load(tmp_path / "shared").attempts == [1, 2, 3]
    for fold in range(3):
        np.testing.assert_allclose(logged(tmp_path / "shared", 1, attempt=fold + 1), last[fold], atol=1e-5)
        log = tb_attention.load(tmp_path / f"fold{fold}")
        assert (log.attempts, log.steps) == ([1], [0, 1])


def test_two_models_trained_in_turns_keep_separate_attempts(tmp_path: Path) -> None:
    models = [build(), build()]
    for _ in range(2):
        for model in models:
            fit(model, [callback(tmp_path)])
    for attempt, model in enumerate(models, start=1):
        assert tb_attention.load(tmp_path, attempt=attempt).steps == [0, 1]
        np.testing.assert_allclose(logged(tmp_path, 1, attempt=attempt), weights_now(model), atol=1e-5)


def test_one_callback_object_serves_two_models(tmp_path: Path) -> None:
    ours = callback(tmp_path)
    for _ in range(2):
        model = build()
        fit(model, [ours])
    assert tb_attention.load(tmp_path).attempts == [1, 2]
    np.testing.assert_allclose(logged(tmp_path, 0), weights_now(model), atol=1e-5)


def test_initial_epoch_of_another_model_continues_the_newest_attempt(tmp_path: Path) -> None:
    fit(build(), [callback(tmp_path)], epochs=4)
    resumed = build()
    fit(resumed, [callback(tmp_path)], initial_epoch=2, epochs=5)
    log = tb_attention.load(tmp_path)
    assert (log.attempts, log.steps) == ([1], [0, 1, 2, 3, 4])
    assert batches(tmp_path) == [BATCHES * (step + 1) for step in range(5)]
    np.testing.assert_allclose(logged(tmp_path, 4), weights_now(resumed), atol=1e-5)
    (aside,) = (tmp_path / "plugins/attention/attention/1").glob("superseded-*")
    assert sorted(path.name for path in aside.iterdir()) == [f"step-{step:012d}.npz" for step in (2, 3)]


def test_initial_epoch_without_a_log_has_no_model_before_training(tmp_path: Path) -> None:
    fit(build(), [callback(tmp_path)], initial_epoch=3, epochs=5)
    log = tb_attention.load(tmp_path)
    assert (log.steps, log.has_init) == ([3, 4], False)


def test_steps_by_batches_continue_over_several_fits(tmp_path: Path) -> None:
    model = build()
    for _ in range(3):
        fit(model, [callback(tmp_path, update_freq=2)])
    log = tb_attention.load(tmp_path)
    # 3 batches each time: every second, and the last of each `fit`.
    assert (log.attempts, log.steps) == ([1], [2, 3, 4, 6, 8, 9])
    assert epochs(tmp_path) == [0, 0, 1, 1, 2, 2]


def test_a_resumed_training_by_batches_overwrites_no_earlier_step(tmp_path: Path) -> None:
    fit(build(), [callback(tmp_path, update_freq=2)], epochs=4)
    assert tb_attention.load(tmp_path).steps == [2, 4, 6, 8, 10, 12]
    before = logged(tmp_path, 4)
    fit(build(), [callback(tmp_path, update_freq=2)], initial_epoch=2, epochs=4)
    assert tb_attention.load(tmp_path).steps == [2, 4, 6, 8, 10, 12]
    np.testing.assert_array_equal(logged(tmp_path, 4), before)
    assert epochs(tmp_path) == [0, 1, 1, 2, 3, 3]


@pytest.mark.parametrize("ours_first", [True, False])
def test_a_training_killed_at_7_and_resumed_at_5_replaces_later_steps(tmp_path: Path, ours_first: bool) -> None:
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 7:
                raise RuntimeError("killed")

    def callbacks() -> list[Any]:
        # A backup of every fifth epoch: the training dies at 7 and goes on at 5.
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup", save_freq=5 * BATCHES, delete_checkpoint=False)
        both = [callback(tmp_path / "run"), backup]
        return both if ours_first else both[::-1]

    with pytest.raises(RuntimeError, match="killed"):
        fit(build(), [*callbacks(), Stop()], epochs=10)
    # The process goes on, and with it the thread that writes what waited when the training died.
    deadline = time.monotonic() + 30
    while tb_attention.load(tmp_path / "run").steps[-1:] != [7] and time.monotonic() < deadline:
        time.sleep(0.02)
    resumed = build()
    history = fit(resumed, callbacks(), epochs=9)
    first = 9 - len(history.history["loss"])
    assert 0 < first < 7
    log = tb_attention.load(tmp_path / "run")
    assert (log.attempts, log.steps, log.has_init) == ([1], list(range(9)), True)
    np.testing.assert_allclose(logged(tmp_path / "run", 8), weights_now(resumed), atol=1e-5)
    (aside,) = (tmp_path / "run/plugins/attention/attention/1").glob("superseded-*")
    assert len(list(aside.iterdir())) == 8 - first


@pytest.mark.parametrize("ours_first", [True, False])
def test_the_step_whose_weights_were_restored_is_marked(tmp_path: Path, ours_first: bool) -> None:
    class Worse(keras.callbacks.Callback):
        """Says that the second epoch was the best."""

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["score"] = [0.5, 0.9, 0.1, 0.2][epoch]

    stopping = keras.callbacks.EarlyStopping(monitor="score", mode="max", patience=2, restore_best_weights=True)
    ours = callback(tmp_path, monitor="score", mode="max")
    model = build()
    fit(model, [Worse(), ours, stopping] if ours_first else [Worse(), stopping, ours], epochs=10)
    assert tb_attention.load(tmp_path).steps == [0, 1, 2, 3]
    assert status(tmp_path)["restored"] == 1
    assert status(tmp_path)["best"]["step"] == 1
    np.testing.assert_allclose(logged(tmp_path, 1), weights_now(model), atol=1e-5)


def test_two_tags_and_matrices_share_a_directory(tmp_path: Path) -> None:
    matrices = tb_attention.ConfusionMatrixCallback(tmp_path, (X, Y))
    fit(build(), [callback(tmp_path, tag="a"), callback(tmp_path, tag="b", update_freq=2), matrices], epochs=2)
    assert tb_attention.load(tmp_path).tags == ["a", "b", "confusion"]
    assert [tb_attention.load(tmp_path, tag=tag).steps for tag in ("a", "b", "confusion")] == [
        [0, 1],
        [2, 4, 6],
        [0, 1],
    ]
    assert batches(tmp_path, tag="a") == batches(tmp_path, tag="confusion") == [3, 6]


def test_a_series_that_joins_later_agrees_with_the_others_on_time(tmp_path: Path) -> None:
    model = build()
    fit(model, [callback(tmp_path)], epochs=2)
    fit(model, [callback(tmp_path), tb_attention.ConfusionMatrixCallback(tmp_path, (X, Y))])
    assert tb_attention.load(tmp_path, tag="confusion").steps == [2]
    assert batches(tmp_path, tag="confusion") == [9]


def test_two_callbacks_of_one_fit_cannot_write_the_same_series(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="Another callback of this `fit` writes 'attention'"):
        fit(build(), [callback(tmp_path), callback(tmp_path)])


def test_kerass_own_tensorboard_callback_may_write_to_the_same_directory(tmp_path: Path) -> None:
    fit(build(), [keras.callbacks.TensorBoard(tmp_path), callback(tmp_path)], epochs=2)
    assert tb_attention.load(tmp_path).steps == [0, 1]
    assert scalars(tmp_path / "train")["epoch_loss"] == [0, 1]


def test_scalars_of_another_program_in_the_same_directory_stay_visible(tmp_path: Path) -> None:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    # As PyTorch's SummaryWriter does: its file is there when training begins, and is appended to throughout.
    writer = EventFileWriter(str(tmp_path))

    def scalar(step: int) -> None:
        writer.add_event(Event(step=step, summary=Summary(value=[Summary.Value(tag="loss", simple_value=0.5)])))
        writer.flush()

    scalar(0)
    model = build()
    for step in (1, 2):
        fit(model, [callback(tmp_path)])
        scalar(step)
    writer.close()
    assert tb_attention.load(tmp_path).steps == [0, 1]
    assert scalars(tmp_path)["loss"] == [0, 1, 2]
    assert any("of another program" in note for note in status(tmp_path)["notes"])


def scalars(directory: Path) -> dict[str, list[int]]:
    """Steps of the scalars that TensorBoard reads from a directory, by tag."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(directory), size_guidance={"scalars": 0, "tensors": 0})
    found.Reload()
    tags = found.Tags()
    return {tag: [event.step for event in found.Scalars(tag)] for tag in tags["scalars"]} | {
        tag: [event.step for event in found.Tensors(tag)] for tag in tags["tensors"]
    }


def test_callbacks_copied_for_each_trial_make_separate_attempts(tmp_path: Path) -> None:
    given = callback(tmp_path)  # as KerasTuner does with those given to `search`
    for _ in range(2):
        fit(build(), [copy.deepcopy(given)], epochs=2)
    assert tb_attention.load(tmp_path).attempts == [1, 2]
    assert tb_attention.load(tmp_path).steps == [0, 1]


@pytest.mark.parametrize("options", [{"steps_per_execution": 2}, {"run_eagerly": True}, {"jit_compile": True}])
def test_however_a_step_is_run_batches_are_counted(tmp_path: Path, options: dict[str, Any]) -> None:
    model = build(**options)
    fit(model, [callback(tmp_path, update_freq=3)], epochs=2)
    assert tb_attention.load(tmp_path).steps[-1] == 6
    assert set(tb_attention.load(tmp_path).steps) <= {3, 4, 6}
    np.testing.assert_allclose(logged(tmp_path, 6), weights_now(model), atol=1e-5)


def test_a_mirrored_strategy_logs_as_one_device_does(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        import tensorflow as tf
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        from tests.callbacks.trainings import build, callback, fit
        with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
            model = build()
        fit(model, [callback(sys.argv[1])], epochs=2)
        """
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "AttentionWarning" not in ran.stderr
    assert tb_attention.load(tmp_path).steps == [0, 1]
    assert tb_attention.load(tmp_path).sites == ["attention"]


def claim_for_another(log_dir: Path, attempt: int = 1) -> None:
    """Writes a lease as a process of another machine would."""
    fields = {"host": "node7", "process": 4711, "machine": "ffffffff", "id": "other", "beat": 5.0}
    held = log_dir / f"plugins/attention/attention/{attempt}/writer-1.json"
    held.write_text(json.dumps(fields | {"updated": time.time()}))


@pytest.mark.parametrize("update_freq", ["epoch", 2])
def test_a_resumed_training_beside_a_living_one_has_its_own_attempt(tmp_path: Path, update_freq: str | int) -> None:
    fit(build(), [callback(tmp_path, update_freq=update_freq)], epochs=4)
    steps = tb_attention.load(tmp_path).steps
    claim_for_another(tmp_path)
    with pytest.warns(AttentionWarning, match="process 4711 on node7") as warned:
        fit(build(), [callback(tmp_path, update_freq=update_freq)], epochs=4, initial_epoch=2)
    assert sum("node7" in str(each.message) for each in warned) == 1
    assert tb_attention.load(tmp_path, attempt=1).steps == steps
    log = tb_attention.load(tmp_path, attempt=2)
    assert log.steps == steps[-len(log.steps) :]
    assert log.epoch(log.steps[0]) == 2
    assert batches(tmp_path, attempt=2)[-1] == 4 * BATCHES
    assert any("node7" in note for note in status(tmp_path, attempt=2)["notes"])


def test_a_model_that_goes_on_counts_on_where_another_process_has_its_attempt(tmp_path: Path) -> None:
    model = build()
    fit(model, [callback(tmp_path)], epochs=2)
    claim_for_another(tmp_path)
    with pytest.warns(AttentionWarning, match="process 4711 on node7"):
        fit(model, [callback(tmp_path)])
    fit(model, [callback(tmp_path)])
    assert tb_attention.load(tmp_path, attempt=1).steps == [0, 1]
    assert tb_attention.load(tmp_path, attempt=2).steps == [2, 3]


def test_the_lease_of_a_fit_ends_with_it(tmp_path: Path) -> None:
    seen: list[int] = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(len(list(tmp_path.rglob("writer-1.json"))))

    matrices = tb_attention.ConfusionMatrixCallback(tmp_path, validation_data=(X, Y))
    fit(build(), [callback(tmp_path), matrices, Look()])
    assert seen == [2]  # one for each series
    assert not list(tmp_path.rglob("writer-*"))
