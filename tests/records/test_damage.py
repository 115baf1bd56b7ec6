"""A file that was altered gives the right answer or our own error, never another, a crash or much memory."""

from __future__ import annotations

import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_attention
from tb_attention.errors import AttentionError
from tb_attention.records.series_writer import SeriesWriter
from tb_attention.records.step_record import ConfusionRecord

from . import logs

CASES = 700


def flip(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice([1, 1, 2, 8])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def remove(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randrange(1, 40)]


def overwrite(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at : at + 8] = rng.choice([b"\xff" * 8, b"\0" * 8, rng.randbytes(8)])


def repeat(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at:at] = data[at : at + rng.randrange(1, 60)]


MUTATIONS: list[Callable[[bytearray, random.Random], None]] = [flip, cut, remove, overwrite, repeat]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("pristine")
    writer = SeriesWriter(directory, "attention", 1, summaries=False)
    name = writer.write_samples(logs.digits())
    for step in range(2):
        sites = (logs.site("a", keys=4, seed=step), logs.site("b", keys=6, seed=step))
        writer.submit(logs.record(step, sites=sites, samples=name, logs={"loss": 0.5}))
    confusion = SeriesWriter(directory, "confusion", 1, summaries=False)
    confusion.submit(ConfusionRecord(0, {"validation": np.eye(9, dtype=int), "training": np.full((9, 9), 7)}))
    assert writer.close(10)
    assert confusion.close(10)
    return directory


def everything(directory: Path) -> dict[str, Any]:
    """All that a log says, each part an answer or the error in its place."""
    found: dict[str, Any] = {}

    def ask(name: str, question: Callable[[], Any]) -> None:
        try:
            found[name] = question()
        except AttentionError as error:
            found[name] = error

    log = tb_attention.load(directory)
    found["steps"] = log.steps
    for step in (0, 1):
        for site in ("a", "b"):
            ask(f"weights {step} {site}", lambda step=step, site=site: log.weights(step, 1, site))
        ask(f"measures {step}", lambda step=step: log.measures(step))
        ask(f"logs {step}", lambda step=step: log.logs(step))
    ask("ids", lambda: log.samples.ids)
    ask("image", lambda: log.samples.image(1))
    for split in ("validation", "training"):
        ask(f"matrix {split}", lambda split=split: log.confusion_matrix(0, split=split))
    return found


def equal(one: Any, other: Any) -> bool:
    return np.array_equal(one, other, equal_nan=True) if isinstance(one, np.ndarray) else bool(one == other)


@pytest.mark.parametrize(
    ("part", "may_change"),
    [
        ("attention/1/step-000000000001.npz", {"steps", "weights 1 a", "weights 1 b", "measures 1", "logs 1"}),
        ("attention/1/index-000000000000.npz", set()),
        ("attention/1/samples-*.npz", {"ids", "image"}),
        ("confusion/1/step-000000000000.npz", {"matrix validation", "matrix training"}),
    ],
)
def test_mutated_files_give_the_right_answer_or_our_own_error(
    pristine: Path, tmp_path: Path, part: str, may_change: set[str]
) -> None:
    whole = everything(pristine)
    directory = tmp_path / "run"
    shutil.copytree(pristine, directory)  # times are kept, so that the index counts
    (path,) = (directory / "plugins" / "attention").glob(part)
    data = path.read_bytes()
    stat = path.stat()
    refused = 0
    for case in range(CASES):
        rng = random.Random(f"{part} {case}")
        mutated = bytearray(data)
        rng.choice(MUTATIONS)(mutated, rng)
        path.write_bytes(mutated)
        found = everything(directory)
        wrong = [
            name
            for name, answer in found.items()
            if not isinstance(answer, AttentionError) and not equal(answer, whole[name]) and name != "steps"
        ]
        errors = {name for name, answer in found.items() if isinstance(answer, AttentionError)}
        assert errors <= may_change, (case, errors)
        assert wrong == [], case
        refused += bool(errors)
    assert refused > CASES / 4 or not may_change
    path.write_bytes(data)
    assert stat.st_size == path.stat().st_size


def test_a_damaged_step_is_named_and_the_others_are_read(pristine: Path, tmp_path: Path) -> None:
    shutil.copytree(pristine, tmp_path / "run")
    path = logs.attempt_directory(tmp_path / "run") / "step-000000000001.npz"
    path.write_bytes(path.read_bytes()[:-100])
    log = tb_attention.load(tmp_path / "run")
    assert log.steps == [0]
    (damaged,) = log.damaged
    assert (damaged.file, damaged.step) == ("step-000000000001.npz", 1)
    assert "is not a whole zip archive" in damaged.reason
    with pytest.raises(tb_attention.errors.LogError, match=r"Step 1 cannot be read: step-000000000001\.npz is not"):
        log.weights(1, 0, "a")


def test_a_file_under_the_name_of_another_step_is_damage(pristine: Path, tmp_path: Path) -> None:
    shutil.copytree(pristine, tmp_path / "run")
    directory = logs.attempt_directory(tmp_path / "run")
    shutil.copy(directory / "step-000000000001.npz", directory / "step-000000000009.npz")
    log = tb_attention.load(tmp_path / "run")
    assert log.steps == [0, 1]
    assert "says that it is of step 1" in log.damaged[0].reason


def test_a_step_of_a_newer_version_is_named_and_the_others_are_read(pristine: Path, tmp_path: Path) -> None:
    from tb_attention.records.archive import Archive
    from tb_attention.records.npz import npz_bytes
    from tb_attention.records.step_file import manifest_member, read_json

    shutil.copytree(pristine, tmp_path / "run")
    path = logs.attempt_directory(tmp_path / "run") / "step-000000000001.npz"
    with Archive(path.open("rb"), "it") as archive:
        told = read_json(archive, "it")
    path.write_bytes(npz_bytes([manifest_member(told | {"schema": 2, "sites": "something new"})]))
    log = tb_attention.load(tmp_path / "run")
    assert log.steps == [0]
    assert "was written by a newer tb_attention: its schema is 2" in log.damaged[0].reason


def test_files_of_others_in_the_directory_are_passed_over(pristine: Path, tmp_path: Path) -> None:
    shutil.copytree(pristine, tmp_path / "run")
    directory = logs.attempt_directory(tmp_path / "run")
    for name in ("step-1.npz", ".DS_Store", "step-000000000005.npz.part", ".tmp-1-step-000000000005.npz"):
        (directory / name).write_bytes(b"x")
    with zipfile.ZipFile(directory / "other.npz", "w") as file:
        file.writestr("manifest.npy", b"x")
    log = tb_attention.load(tmp_path / "run")
    assert log.steps == [0, 1]
    assert log.damaged == []
