"""Whatever weights, steps and names a writer is given come back as they were."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tb_attention
from tb_attention.records.reading.reader import Log
from tb_attention.records.writing.attention_writer import AttentionWriter

from .logs import attempt_directory, rows


def written(log_dir: Path, weights: dict[str, Any], **options: Any) -> Log:
    with AttentionWriter(log_dir, **options) as writer:
        writer.write(0, weights)
    return tb_attention.load(log_dir)


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16", "float8_e4m3fn", "int32", "bool"])
def test_every_type_of_number_is_taken(tmp_path: Path, dtype: str) -> None:
    import ml_dtypes  # comes with TensorFlow and JAX

    given_type = getattr(ml_dtypes, dtype, None) or np.dtype(dtype)
    weights = rows(2, 3, 4, 5).astype(given_type)
    log = written(tmp_path, {"a": weights})
    np.testing.assert_array_equal(log.weights(0, 1, "a"), weights[1].astype(np.float32))


@pytest.mark.parametrize("shape", [(2, 3, 4, 9), (2, 3, 1, 7), (2, 3, 7, 1), (1, 1, 1, 1), (2, 3, 7), (2, 1, 300, 200)])
def test_maps_need_not_be_square(tmp_path: Path, shape: tuple[int, ...]) -> None:
    weights = rows(*shape)
    back = written(tmp_path, {"a": weights}).weights(0, 1 % shape[0], "a")
    assert back.shape == shape[1:]
    np.testing.assert_allclose(back, weights[1 % shape[0]], atol=4e-3)


def test_rows_that_do_not_sum_to_1_stay_as_they_are(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).random((1, 2, 200, 200)).astype(np.float32) * 7
    back = written(tmp_path, {"a": weights}).weights(0, 0, "a")
    np.testing.assert_allclose(back, weights[0], atol=4e-3 * 7)


def test_negative_weights_are_kept_with_their_sign(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).standard_normal((2, 2, 130, 130)).astype(np.float32)
    log = written(tmp_path, {"a": weights})
    assert log.site("a").encoding == "signed8_row"
    back = log.weights(0, 1, "a")
    np.testing.assert_allclose(back, weights[1], atol=8e-3 * np.abs(weights).max())
    large = np.abs(weights[1]) > 0.1
    assert np.all(np.sign(back[large]) == np.sign(weights[1][large]))


def test_a_diverged_row_is_a_row_of_nan_and_the_others_are_read(tmp_path: Path) -> None:
    weights = rows(2, 2, 130, 130)
    weights[1, 0, 7, 3] = np.nan
    weights[1, 1, 8, 3] = np.inf
    log = written(tmp_path, {"a": weights})
    back = log.weights(0, 1, "a")
    assert np.isnan(back[0, 7]).all()
    assert np.isnan(back[1, 8]).all()
    assert np.isnan(back).sum() == 2 * 130
    assert np.isnan(log.measures(0)[1, :, 0]).all()
    assert np.isfinite(log.measures(0)[0, :, 0]).all()


def test_sites_come_and_go(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path) as writer:
        writer.write(0, {"a": rows(1, 2, 3, 3)})
        writer.write(1, {"a": rows(1, 2, 3, 3), "b": rows(1, 1, 4)})
        writer.write(2, {"b": rows(1, 1, 4)})
        writer.write(3, {})
    log = tb_attention.load(tmp_path)
    assert (log.steps, log.sites) == ([0, 1, 2, 3], ["a", "b"])
    assert log.weights(2, 0, "b").shape == (1, 4)
    with pytest.raises(tb_attention.errors.NotInLogError, match="Step 2 has no such site"):
        log.weights(2, 0, "a")


@settings(max_examples=15)
@given(st.lists(st.integers(0, 200), min_size=1, max_size=25))
def test_steps_in_any_order_and_repeated_are_the_last_that_was_written(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int]
) -> None:
    directory = tmp_path_factory.mktemp("steps")
    last = {}
    with AttentionWriter(directory, summaries=False) as writer:
        for index, step in enumerate(steps):
            last[step] = index
            writer.write(step, {"a": np.full((1, 1, 2, 2), index, np.float32)})
    log = tb_attention.load(directory)
    assert log.steps == sorted(set(steps))
    assert all(log.weights(step, 0, "a").max() == index for step, index in last.items())


def test_no_samples_at_all_are_a_step_too(tmp_path: Path) -> None:
    log = written(tmp_path, {"a": np.zeros((0, 2, 3, 3), np.float32)})
    assert (log.steps, log.sites, len(log.samples)) == ([0], ["a"], 0)
    assert log.measures(0).shape == (0, 2, 6)


def test_ten_thousand_samples_are_written_and_read(tmp_path: Path) -> None:
    weights = rows(10_000, 1, 2, 3)
    samples = tb_attention.Samples(np.arange(20_000).reshape(10_000, 2), np.zeros(10_000, int))
    start = time.monotonic()
    log = written(tmp_path, {"a": weights}, samples=samples)
    np.testing.assert_array_equal(log.weights(0, 9_999, "a"), weights[9_999])
    assert len(log.samples) == 10_000
    assert time.monotonic() - start < 60


NAMES = [
    "a/b",
    "with space",
    "naïve/注意力",
    "../../etc/passwd",
    "..",
    ".",
    "x" * 500,
    "CON",
    "a:b*c?",
    "<b>&amp;",
    "tfevents",
    "ü" * 500,
]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_any_kind_come_back_and_make_legal_files(tmp_path: Path, name: str) -> None:
    weights = rows(1, 2, 3, 3)
    with AttentionWriter(tmp_path / "run", tag=name, summaries=False) as writer:
        writer.write(0, {name: weights})
    log = tb_attention.load(tmp_path / "run", tag=name)
    assert (log.tags, log.sites) == ([name], [name])
    np.testing.assert_array_equal(log.weights(0, 0, name), weights[0])
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    for path in (tmp_path / "run").rglob("*"):
        assert len(path.name) <= 120
        assert not set(path.name) & set('<>:"/\\|?*')
        assert not path.name.endswith((".", " "))
        assert "tfevents" not in path.name
        assert path.name.partition(".")[0].upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT1"}


def test_without_store_inputs_no_text_token_or_picture_is_in_the_log(tmp_path: Path) -> None:
    samples = tb_attention.Samples(
        {"text": np.array(["a secret sentence", "another secret"]), "image": np.full((2, 8, 8, 1), 0.5)},
        tokens={"text": [["a", "secret"], ["another", "secret"]]},
        labels=[0, 1],
        store_inputs=False,
    )
    log = written(tmp_path, {"a": rows(2, 1, 2, 2)}, samples=samples)
    assert len(log.samples) == 2
    assert all("tokens" not in described and described.get("text") is None for described in log.samples.inputs[0])
    from tb_attention.records.format.archive import Archive

    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        data = path.read_bytes()
        if path.suffix == ".npz":
            with Archive(path.open("rb"), path.name) as archive:
                assert not [name for name in archive.names if name.startswith(("image", "thumbnails"))]
                data = b"".join(archive.read(name).tobytes() for name in archive.names)
        assert b"secret" not in data, path
    assert attempt_directory(tmp_path).exists()
