"""The writer for any framework, and what it refuses."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_attention
from tb_attention.errors import ArgumentError, AttentionWarning, LogError
from tb_attention.records.format.step_record import Prediction
from tb_attention.records.writing import attempt_files, summaries
from tb_attention.records.writing.attention_writer import AttentionWriter
from tb_attention.site import Axis, Cells, Site

from . import logs


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    weights = logs.write_log(tmp_path)
    log = tb_attention.load(tmp_path)
    assert log.steps == [0, 1, 2]
    for step in log.steps:
        for sample in range(2):
            back = log.weights(step=step, sample=sample, site="block/attention")
            assert back.dtype == np.float32
            np.testing.assert_array_equal(back, weights[step, sample])


def test_arrays_may_be_changed_after_the_call(tmp_path: Path) -> None:
    weights = logs.rows(1, 2, 6, 6)
    kept = weights.copy()
    with AttentionWriter(tmp_path) as writer:
        writer.write(0, {"a": weights})
        weights[:] = 0
    np.testing.assert_array_equal(tb_attention.load(tmp_path).weights(0, 0, "a"), kept[0])


def test_kinds_and_axes_are_inferred(tmp_path: Path) -> None:
    samples = tb_attention.Samples(
        {"picture": np.random.default_rng(0).random((2, 8, 12)), "text": np.arange(14).reshape(2, 7)}
    )
    with AttentionWriter(tmp_path, samples=samples) as writer:
        writer.write(
            "init",
            {
                "patches": logs.rows(2, 1, 7, 7)[:, :, :6, :6].repeat(1, axis=0),
                "text": logs.rows(2, 3, 7, 7),
                "look": logs.rows(2, 3, 7, 24),
                "gate": logs.rows(2, 1, 16),
            },
        )
    log = tb_attention.load(tmp_path)
    assert {path: log.site(path).kind for path in log.sites} == {
        "patches": "self",
        "text": "self",
        "look": "cross",
        "gate": "gate",
    }
    assert log.site("patches").axes[1] == Axis("query", 6, "grid", grid=(2, 3), input=0)
    assert log.site("text").axes[2] == Axis("key", 7, "tokens", input=1)
    assert log.site("look").axes[2] == Axis("key", 24, "grid", grid=(4, 6), input=0)
    assert log.site("gate").axes[1] == Axis("key", 16)
    assert log.weights("init", 1, "gate").shape == (1, 16)


def test_a_cls_token_before_the_patches_is_an_extra_position(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path, samples=logs.digits()) as writer:
        writer.write(0, {"a": logs.rows(2, 4, 17, 17)})
    axis = tb_attention.load(tmp_path).site("a").axes[1]
    assert (axis.kind, axis.grid, axis.extra) == ("grid", (4, 4), ("CLS",))


@pytest.mark.parametrize(
    ("positions", "assumed"),
    [
        (16, "4 x 4 patches row by row"),
        (17, "4 x 4 patches row by row behind CLS"),
        (18, "4 x 4 patches row by row behind CLS and 1 register"),
        (20, "4 x 4 patches row by row behind CLS and 3 registers"),
    ],
)
def test_cells_that_are_assumed_by_their_number_say_so(tmp_path: Path, positions: int, assumed: str) -> None:
    with AttentionWriter(tmp_path, samples=logs.digits()) as writer:
        writer.write(0, {"a": logs.rows(2, 1, positions, positions)})
    note = f"Positions are assumed to be {assumed}, by their number; `axes=` says otherwise."
    assert tb_attention.load(tmp_path).site("a").note == note


def test_cells_of_generated_maps_say_so_too(tmp_path: Path) -> None:
    maps = (logs.rows(2, 1, 17, 17),)
    with AttentionWriter(tmp_path, samples=logs.digits()) as writer:
        writer.write_generation(0, {"encoder_attentions": maps})
    site = tb_attention.load(tmp_path).site("encoder/layer_0")
    assert site.axes[1].grid == (4, 4)
    assert "4 x 4 patches row by row behind CLS" in (site.note or "")


def test_only_cells_that_are_assumed_have_a_note(tmp_path: Path) -> None:
    grid = (Axis("query", 16, "grid", (4, 4), input=0), Axis("key", 16, "grid", (4, 4), input=0))
    behind = Axis("key", 17, cells=Cells((4, 4), (*range(16), -1), ("CLS",)), input=0)
    given = {"grid": grid, "behind": (Axis("query", 5), behind)}
    weights = {"grid": logs.rows(2, 1, 16, 16), "behind": logs.rows(2, 1, 5, 17), "none": logs.rows(2, 1, 7, 7)}
    with AttentionWriter(tmp_path, samples=logs.digits()) as writer:
        writer.write(0, weights, axes=given)
    with AttentionWriter(tmp_path / "text", samples=tb_attention.Samples(np.arange(14).reshape(2, 7))) as writer:
        writer.write(0, {"words": logs.rows(2, 1, 7, 7)})
    log, text = tb_attention.load(tmp_path), tb_attention.load(tmp_path / "text")
    assert [log.site(path).note for path in weights] == [None] * 3
    assert log.site("behind").axes[2] == behind
    assert (text.site("words").axes[2].kind, text.site("words").note) == ("tokens", None)


def test_axes_may_be_given(tmp_path: Path) -> None:
    inner = (Axis("iteration", 3), Axis("query", 4, "frames"), Axis("key", 5, "objects"))
    weights = logs.rows(2, 2, 3, 4, 5)
    samples = tb_attention.Samples(np.zeros((2, 3)), axes={"b": inner})
    with AttentionWriter(tmp_path, samples=samples) as writer:
        writer.write(0, {"a": weights, "b": weights}, kinds={"a": "cross"}, axes={"a": inner})
    log = tb_attention.load(tmp_path)
    assert log.site("a").axes[1:] == log.site("b").axes[1:] == inner
    assert log.site("a").overview.shape == (2, 4, 5)
    np.testing.assert_array_equal(log.weights(0, 1, "b"), weights[1])
    assert log.measures(0).shape == (2, 4, 6)


@pytest.mark.parametrize("classes", [1000, 5, 3])
def test_the_four_most_probable_other_classes_are_kept(tmp_path: Path, classes: int) -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.full(classes, 0.2), 6)
    probabilities[1] = 1 / classes  # all alike: the first ones
    probabilities[2, 1] = np.nan
    with AttentionWriter(tmp_path, samples=np.zeros((6, 2))) as writer:
        writer.write(0, {"a": logs.rows(6, 1, 3, 3)}, predictions=probabilities)
    read = tb_attention.load(tmp_path).predictions(0)
    for sample in (0, 1, 3, 4, 5):
        made = read[sample]
        assert made is not None
        order = np.argsort(-probabilities[sample], kind="stable")
        assert (made.class_index, *(index for index, _ in made.others)) == tuple(order[:5])
        np.testing.assert_allclose([share for _, share in made.others], probabilities[sample][order[1:5]], rtol=1e-3)
    assert read[2] is not None
    assert 1 not in [index for index, _ in read[2].others]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, 0], (Prediction(1), Prediction(0))),
        (
            np.array([[0.25, 0.75], [0.5, 0.5]]),
            (Prediction(1, 0.75, others=((0, 0.25),)), Prediction(0, 0.5, others=((1, 0.5),))),
        ),
        (
            np.array([[0.75], [0.25]]),
            (Prediction(1, 0.75, others=((0, 0.25),)), Prediction(0, 0.75, others=((1, 0.25),))),
        ),
        ([(2, 0.5), None], (Prediction(2, 0.5), None)),
        (None, (None, None)),
    ],
)
def test_predictions_come_in_several_forms(tmp_path: Path, given: Any, expected: Any) -> None:
    with AttentionWriter(tmp_path) as writer:
        writer.write(0, {"a": logs.rows(2, 1, 3, 3)}, predictions=given)
    assert tb_attention.load(tmp_path).predictions(0) == expected


def test_the_probability_of_the_label_is_kept_where_both_are_known(tmp_path: Path) -> None:
    samples = tb_attention.Samples(np.zeros((3, 2)), [1, 0, 5])
    with AttentionWriter(tmp_path, samples=samples) as writer:
        probabilities = np.array([[0.25, 0.75], [0.25, 0.75], [1.0, 0.0]])
        writer.write(0, {"a": logs.rows(3, 1, 3, 3)}, predictions=probabilities)
        writer.write(1, {"a": logs.rows(3, 1, 3, 3)}, predictions=[1, 1, 1])
    log = tb_attention.load(tmp_path)
    assert log.predictions(0) == (
        Prediction(1, 0.75, 0.75, ((0, 0.25),)),
        Prediction(1, 0.75, 0.25, ((0, 0.25),)),
        Prediction(0, 1.0, None, ((1, 0.0),)),
    )
    assert log.predictions(1) == (Prediction(1),) * 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"step": -1}, "`step` must be an integer from 0"),
        ({"step": "last"}, "`step` must be an integer from 0"),
        ({"step": 1.5}, "`step` must be an integer from 0"),
        ({"weights": np.zeros((1, 1, 2, 2))}, "`weights` must map paths of sites to arrays"),
        ({"weights": {"a": np.zeros((2, 2))}}, r"must have shape \(samples, heads, queries, keys\)"),
        (
            {"weights": {"a": np.zeros((1, 0, 2, 2))}},
            r"only the samples may be none\. Received: shape \(1, 0, 2, 2\) at 'a'",
        ),
        ({"weights": {"a": np.zeros((1, 1, 2, 2, 2))}}, "other ranks need `axes`"),
        ({"weights": {"a": np.full((1, 1, 2), "x")}}, "arrays of numbers"),
        ({"weights": {"a": np.zeros((1, 1, 2, 2)), "b": np.zeros((2, 1, 2, 2))}}, "must have the same samples"),
        ({"predictions": [1, 2, 3]}, "`predictions` must have one entry for each of the 2 samples. Received: 3"),
        ({"predictions": np.array([[3.0, -1.0], [0.0, 1.0]])}, "apply a softmax to logits"),
        ({"predictions": [(1, 2, 3), None]}, r"must be `\(class, probability\)` or None"),
        ({"predictions": ["cat", "dog"]}, "`predictions` must be class indices"),
        ({"metrics": {"loss": "low"}}, "`metrics` must be numbers by name. Received: loss='low'"),
        ({"epoch": -1}, "`epoch` must be an integer of at least 0"),
        ({"batch": 1.5}, "`batch` must be an integer of at least 0"),
        ({"kinds": {"b": "self"}}, r"`kinds` must be by paths of `weights`: \['a'\]. Received: \['b'\]"),
        ({"kinds": {"a": "soft"}}, "Received: kind='soft'"),
        ({"axes": {"a": [Axis("query", 3), Axis("key", 2)]}}, "`axes` must describe each dimension"),
    ],
)
def test_wrong_arguments_are_refused_and_nothing_is_written(
    tmp_path: Path, arguments: dict[str, Any], said: str
) -> None:
    writer = AttentionWriter(tmp_path / "run")
    with pytest.raises(ArgumentError, match=said):
        writer.write(**({"step": 0, "weights": {"a": np.ones((2, 1, 2, 2))}} | arguments))
    writer.close()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"log_dir": ""}, "`log_dir` must be"),
        ({"log_dir": None}, "`log_dir` must be"),
        ({"tag": ""}, "`tag` must be"),
        ({"attempt": 0}, "`attempt` must be"),
        ({"samples": (np.zeros((2, 3)), [1])}, "`labels` must have one entry"),
    ],
)
def test_a_writer_refuses_wrong_arguments(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        AttentionWriter(**({"log_dir": "logs"} | arguments))


def test_weights_of_other_samples_are_refused(tmp_path: Path) -> None:
    with (
        AttentionWriter(tmp_path, samples=logs.digits(3)) as writer,
        pytest.raises(ArgumentError, match="of the 3 samples"),
    ):
        writer.write(0, {"a": logs.rows(2, 1, 3, 3)})


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path) as writer:
        writer.write(np.int64(3), {"a": logs.rows(1, 1, 2, 2)}, metrics={"loss": np.float32(0.5)}, epoch=np.int32(3))  # type: ignore[arg-type]
    log = tb_attention.load(tmp_path)
    assert log.steps == [3]
    assert log.logs(3) == {"loss": 0.5}
    assert log.epoch(3) == 3


def test_a_step_that_could_not_be_written_is_raised_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    writer = AttentionWriter(tmp_path)
    monkeypatch.setattr(attempt_files, "attention_members", full)
    writer.write(0, {"a": logs.rows(1, 1, 2, 2)})
    with pytest.raises(LogError, match=r"Step 0 of 'attention' .* could not be written: No space left on device"):
        writer.flush()
    monkeypatch.undo()
    writer.write(1, {"a": logs.rows(1, 1, 2, 2)})
    writer.close()
    assert tb_attention.load(tmp_path).steps == [1]
    with pytest.raises(LogError, match="closed"):
        writer.write(2, {"a": logs.rows(1, 1, 2, 2)})


def test_a_failing_event_file_is_a_warning_and_loses_no_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "maps_summary", lambda *_: 1 / 0)
    writer = AttentionWriter(tmp_path)
    writer.write(0, {"a": logs.rows(1, 1, 2, 2)})
    with pytest.warns(AttentionWarning, match="All steps of 'attention' .* are written, but not"):
        writer.close()
    assert tb_attention.load(tmp_path).steps == [0]


def test_an_error_in_the_loop_is_not_hidden_and_the_status_says_stopped(tmp_path: Path) -> None:
    def loop() -> None:
        with AttentionWriter(tmp_path) as writer:
            writer.write(0, {"a": logs.rows(1, 1, 2, 2)})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop()
    assert json.loads((logs.attempt_directory(tmp_path) / "status.json").read_text())["state"] == "stopped"
    assert tb_attention.load(tmp_path).steps == [0]


def test_each_writer_is_a_new_attempt_unless_one_is_named(tmp_path: Path) -> None:
    for step, attempt in ((0, None), (0, None), (1, 1)):
        with AttentionWriter(tmp_path, attempt=attempt) as writer:
            writer.write(step, {"a": logs.rows(1, 1, 2, 2)})
    assert tb_attention.load(tmp_path).attempts == [1, 2]
    assert tb_attention.load(tmp_path, attempt=1).steps == [0, 1]


def test_a_later_first_epoch_continues_the_newest_attempt(tmp_path: Path) -> None:
    logs.write_log(tmp_path, 3)
    with AttentionWriter(tmp_path) as writer:
        writer.write(2, {"a": logs.rows(2, 1, 2, 2)}, epoch=2)
    log = tb_attention.load(tmp_path)
    assert log.attempts == [1]
    assert log.steps == [0, 1, 2]
    assert log.site("a").shape == (1, 2, 2)


def test_it_can_be_copied_and_pickled_before_the_first_write(tmp_path: Path) -> None:
    writer = pickle.loads(pickle.dumps(copy.deepcopy(AttentionWriter(tmp_path, samples=logs.digits()))))
    with writer:
        writer.write(0, {"a": logs.rows(2, 1, 2, 2)})
    assert tb_attention.load(tmp_path).steps == [0]


def test_remote_directories_work_too() -> None:
    url = "memory://attention-writer/run"
    weights = logs.write_log(url)
    log = tb_attention.load(url)
    assert log.steps == [0, 1, 2]
    np.testing.assert_array_equal(log.weights(2, log.samples.ids[1], "block/attention"), weights[2, 1])
    assert log.samples.image(0).shape == (8, 8, 1)


def test_tensorflow_is_never_loaded(tmp_path: Path) -> None:
    script = (
        "import sys, numpy as np, tb_attention\n"
        f"with tb_attention.AttentionWriter({str(tmp_path)!r}) as writer:\n"
        "    writer.write(0, {'a': np.ones((1, 1, 2, 2))})\n"
        f"assert tb_attention.load({str(tmp_path)!r}).steps == [0]\n"
        "print([name for name in ('tensorflow', 'keras', 'torch') if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert out.stdout.strip() == "[]"
    assert any("tfevents" in path.name for path in tmp_path.iterdir())


def test_sites_of_a_capture_are_written_as_they_are(tmp_path: Path) -> None:
    weights = logs.rows(2, 3, 4, 4)
    axes = (Axis("samples", 2), Axis("heads", 3), Axis("query", 4, "frames"), Axis("key", 4, "frames"))
    site = Site("block/attention", "local", axes, weights, note="As it was captured.")
    with tb_attention.AttentionWriter(tmp_path) as writer:
        writer.write(0, {"block/attention": site})
        writer.write(1, {"block/attention": site}, kinds={"block/attention": "self"})
    log = tb_attention.load(tmp_path)
    np.testing.assert_array_equal(log.weights(0, 0, "block/attention"), weights[0])
    first, second = (log.site("block/attention", step) for step in (0, 1))
    assert (first.kind, first.note, first.axes[2].kind) == ("local", "As it was captured.", "frames")
    assert (second.kind, second.axes) == ("self", first.axes)
