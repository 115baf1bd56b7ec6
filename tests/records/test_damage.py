"""A file that was altered gives the right answer or our own error, never another, a crash or much memory."""

from __future__ import annotations

import errno
import shutil
import time
import zipfile
from pathlib import Path
from typing import IO

import pytest

import tb_attention
from tb_attention.records.reading.opened_attempt import open_attempt
from tb_attention.records.store.local_store import LocalStore

from . import fuzz, logs

# Together a minute, or 10,000 files, whichever comes first.
SECONDS = 60 / len(fuzz.PARTS)
CASES = 10_000 // len(fuzz.PARTS)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fuzz.write_pristine(tmp_path_factory.mktemp("pristine"))


@pytest.mark.parametrize("part", list(fuzz.PARTS))
def test_mutated_files_give_the_right_answer_or_our_own_error(pristine: Path, tmp_path: Path, part: str) -> None:
    start = time.monotonic()
    done, refused = fuzz.run(pristine, tmp_path / "run", part, range(CASES), SECONDS, "make test")
    assert done == CASES or time.monotonic() - start >= SECONDS
    assert refused > done / 4 or not fuzz.PARTS[part]


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


def test_the_reason_of_a_step_that_cannot_be_read_names_no_path(pristine: Path) -> None:
    class Refusing(LocalStore):
        """A directory whose second step may not be read, for root as well, to whom the system refuses nothing."""

        def open(self, path: str) -> IO[bytes]:
            if path.endswith("step-000000000001.npz") or "index" in path:
                raise PermissionError(errno.EACCES, "Permission denied", self._path(path))
            return super().open(path)

    listed = open_attempt(Refusing(str(pristine)), "plugins/attention/attention/1").list_steps()
    assert [entry.manifest.step for entry in listed.entries] == [0]
    assert [damaged.reason for damaged in listed.damaged] == [
        "step-000000000001.npz cannot be read: Permission denied."
    ]


def test_a_file_under_the_name_of_another_step_is_damage(pristine: Path, tmp_path: Path) -> None:
    shutil.copytree(pristine, tmp_path / "run")
    directory = logs.attempt_directory(tmp_path / "run")
    shutil.copy(directory / "step-000000000001.npz", directory / "step-000000000009.npz")
    log = tb_attention.load(tmp_path / "run")
    assert log.steps == [0, 1]
    assert "says that it is of step 1" in log.damaged[0].reason


def test_a_step_of_a_newer_version_is_named_and_the_others_are_read(pristine: Path, tmp_path: Path) -> None:
    from tb_attention.records.format.archive import Archive
    from tb_attention.records.format.npz import npz_bytes
    from tb_attention.records.format.schema import manifest_member, read_json

    shutil.copytree(pristine, tmp_path / "run")
    path = logs.attempt_directory(tmp_path / "run") / "step-000000000001.npz"
    with Archive(path.open("rb"), "it") as archive:
        value = read_json(archive, "it")
    path.write_bytes(npz_bytes([manifest_member(value | {"schema": 2, "sites": "something new"})]))
    log = tb_attention.load(tmp_path / "run")
    assert log.steps == [0]
    assert "was written by a newer tb_attention: its schema is 2" in log.damaged[0].reason


def test_files_of_others_in_the_directory_are_ignored(pristine: Path, tmp_path: Path) -> None:
    shutil.copytree(pristine, tmp_path / "run")
    directory = logs.attempt_directory(tmp_path / "run")
    for name in ("step-1.npz", ".DS_Store", "step-000000000005.npz.part", ".tmp-1-step-000000000005.npz"):
        (directory / name).write_bytes(b"x")
    with zipfile.ZipFile(directory / "other.npz", "w") as file:
        file.writestr("manifest.npy", b"x")
    log = tb_attention.load(tmp_path / "run")
    assert log.steps == [0, 1]
    assert log.damaged == []
