"""What logging takes on disk and in memory is bounded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_attention
from tb_attention.errors import ArgumentError, AttentionWarning
from tb_attention.site import Axis, Site
from tb_attention.steps.grouped_capture import ChunkedCapture
from tb_attention.tracing.captured import Capture

from .trainings import X, Y, build, callback, fit, status


def test_a_training_beyond_its_budget_keeps_first_last_and_best(tmp_path: Path) -> None:
    model = build()
    fit(model, [callback(tmp_path, max_bytes=12_000, monitor="loss")], epochs=12)
    log = tb_attention.load(tmp_path)
    told = status(tmp_path)
    assert log.has_init
    assert len(log.steps) < 12
    assert {0, 11, told["best"]["step"]} <= set(log.steps)
    assert told["thinned"]["steps"] == 12 - len(log.steps)


def test_long_maps_are_pooled_and_chosen_rows_are_kept(tmp_path: Path) -> None:
    fit(build(), [callback(tmp_path / "whole"), callback(tmp_path / "pooled", max_positions=3, full_rows=[0])])
    whole, pooled = tb_attention.load(tmp_path / "whole"), tb_attention.load(tmp_path / "pooled")
    weights = whole.weights(0, 1, "attention")
    np.testing.assert_allclose(
        pooled.weights(0, 1, "attention"), weights.reshape(2, 3, 2, 3, 2).max(axis=(2, 4)), atol=1e-6
    )
    rows = pooled.full_rows(0, 1, "attention")
    assert list(rows) == [0]
    np.testing.assert_allclose(rows[0], weights[:, 0], atol=1e-6)
    assert "query positions from 6 to 3" in (pooled.site("attention").note or "")
    assert whole.full_rows(0, 1, "attention") == {}


def test_samples_captured_in_chunks_are_those_captured_at_once(tmp_path: Path) -> None:
    bytes_a_sample = 2 * 6 * 6 * 4
    both = [
        tb_attention.AttentionCallback(tmp_path / "whole", (X[:7], Y[:7])),
        tb_attention.AttentionCallback(tmp_path / "chunks", (X[:7], Y[:7]), max_capture_bytes=3 * bytes_a_sample),
    ]
    fit(build(), both)
    whole, chunks = (tb_attention.load(tmp_path / name) for name in ("whole", "chunks"))
    for sample in range(7):
        np.testing.assert_allclose(
            chunks.weights(0, sample, "attention"), whole.weights(0, sample, "attention"), atol=1e-6
        )
    assert [each.class_index for each in chunks.predictions(0)] == [each.class_index for each in whole.predictions(0)]


class Device:
    """Captures the inputs themselves, of at most so many samples at once."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.asked: list[int] = []

    def __call__(self, inputs: Any) -> Capture:
        self.asked.append(len(inputs))
        if len(inputs) > self.room:
            raise RuntimeError("RESOURCE_EXHAUSTED: out of memory while trying to allocate 12 GiB")
        axes = (Axis("samples", len(inputs)), Axis("heads", 1), Axis("key", 3))
        return Capture((Site("a", "gate", axes, inputs[:, None]),), {"out": inputs * 2})


def test_a_device_without_memory_gets_half_as_many_samples_with_one_warning() -> None:
    said: list[str] = []
    inputs = np.arange(36, dtype=np.float32).reshape(12, 3)
    device = Device(room=4)
    capture = ChunkedCapture(device, lambda sites: sites, max_bytes=1e9, warn=said.append)
    for _ in range(2):
        captured = capture(inputs, 12)
        np.testing.assert_array_equal(captured.sites[0].weights[:, 0], inputs)
        np.testing.assert_array_equal(captured.outputs["out"], inputs * 2)
    assert device.asked == [2, 10, 5, 2, 2, 2, 2, 2, *[2] * 6]
    assert len(said) == 2
    assert "ran out of memory with the attention of 10 samples at once; 5 are captured" in said[0]


def test_a_sample_that_does_not_fit_alone_is_a_failure() -> None:
    capture = ChunkedCapture(Device(room=0), lambda sites: sites, max_bytes=1e9, warn=lambda _: None)
    with pytest.raises(RuntimeError, match="RESOURCE_EXHAUSTED"):
        capture(np.zeros((4, 3), np.float32), 4)


def test_other_failures_are_not_mistaken_for_a_lack_of_memory() -> None:
    def fail(_: Any) -> Capture:
        raise ValueError("shapes differ")

    with pytest.raises(ValueError, match="shapes differ"):
        ChunkedCapture(fail, lambda sites: sites, max_bytes=1e9, warn=lambda _: None)(np.zeros((4, 3)), 4)


def test_a_training_whose_device_runs_out_of_memory_warns_once_and_keeps_logging(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    from tb_attention.tracing.capturer import Capturer

    capture = Capturer.__call__

    def small(self: Capturer, *inputs: Any, **keywords: Any) -> Capture:
        if len(inputs[0]) > 2:
            tf.fill([1 << 42], 1.0)  # 16 TiB: the runtime itself says that there is no room
        return capture(self, *inputs, **keywords)

    monkeypatch.setattr(Capturer, "__call__", small)
    ours = tb_attention.AttentionCallback(tmp_path, (X[:6], Y[:6]))
    with pytest.warns(AttentionWarning, match="ran out of memory") as caught:
        fit(build(), [ours], epochs=3)
    assert len([each for each in caught if each.category is AttentionWarning]) == 1
    log = tb_attention.load(tmp_path)
    assert (log.steps, len(log.samples)) == ([0, 1, 2], 6)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"max_bytes": 0}, "`max_bytes` must be a positive number of bytes"),
        ({"max_bytes": True}, "Received: max_bytes=True"),
        ({"max_capture_bytes": "1 GB"}, "`max_capture_bytes` must be a positive number of bytes"),
        ({"max_positions": 0}, "`max_positions` must be a positive integer"),
        ({"full_rows": ["CLS"]}, "`full_rows` must be indices of queries"),
    ],
)
def test_wrong_arguments_raise_at_construction(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ArgumentError, match=sentence):
        tb_attention.AttentionCallback("logs", X, **arguments)
