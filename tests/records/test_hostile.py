"""Files that were made to do harm are refused before they cost anything."""

from __future__ import annotations

import io
import pickle
import resource
import subprocess
import sys
import textwrap
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

import tb_attention
from tb_attention.errors import AttentionError, DamagedFileError
from tb_attention.records.format.archive import Archive

from . import logs


def rewritten(path: Path, change: dict[str, bytes], more: tuple[tuple[str, bytes], ...] = ()) -> None:
    """Writes an archive again with other members; `more` are added behind, whatever their names."""
    with zipfile.ZipFile(path) as old:
        members = [(name, change.get(name, old.read(name))) for name in old.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in (*members, *more):
            new.writestr(name, data)


def step_file(directory: Path) -> Path:
    logs.write_log(directory, 2)
    return logs.attempt_directory(directory) / "step-000000000001.npz"


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


class Touch:
    """A pickle that leaves a file behind when it is loaded."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.path, "w")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_numpy_and_we_read_the_same_of_two_members_with_one_name(tmp_path: Path) -> None:
    path = step_file(tmp_path)
    other = np.full((2, 5, 5), 0.5, np.float32)
    rewritten(path, {}, (("weights/0/0.npy", npy(other)),))
    np.testing.assert_array_equal(tb_attention.load(tmp_path).weights(1, 0, "block/attention"), other)
    with np.load(path) as file:
        np.testing.assert_array_equal(file["weights/0/0"], other)


def test_members_that_climb_out_of_the_archive_are_never_written_anywhere(tmp_path: Path) -> None:
    path = step_file(tmp_path / "run")
    rewritten(path, {}, (("../../../../evil.npy", npy(np.zeros(3))), ("/evil.npy", npy(np.zeros(3)))))
    assert tb_attention.load(tmp_path / "run").weights(1, 0, "block/attention").shape == (2, 5, 5)
    assert not list(tmp_path.rglob("*evil*"))


def test_a_pickle_is_not_loaded(tmp_path: Path) -> None:
    path = step_file(tmp_path / "run")
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    rewritten(path, {"weights/0/0.npy": buffer.getvalue() + pickle.dumps(Touch(str(tmp_path / "touched")))})
    with pytest.raises(DamagedFileError):
        tb_attention.load(tmp_path / "run").weights(1, 0, "block/attention")
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("shape", [(2**62, 4), (1 << 20, 1 << 20), (-1,), (0, 2**63), (3, 3, 3)])
def test_absurd_shapes_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = step_file(tmp_path)
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f4", "fortran_order": False, "shape": shape})
    rewritten(path, {"weights/0/0.npy": buffer.getvalue() + bytes(200)})
    with pytest.raises(AttentionError):
        tb_attention.load(tmp_path).weights(1, 0, "block/attention")


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units elsewhere")
def test_a_member_of_4_gigabytes_is_refused_within_200_megabytes(tmp_path: Path) -> None:
    """A real one: it deflates to a few MB, and says the truth about its size."""
    path = step_file(tmp_path)
    script = textwrap.dedent(
        """
        import resource, sys
        import tb_attention
        from tb_attention.errors import AttentionError
        log = tb_attention.load(sys.argv[1])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for ask in (lambda: log.weights(1, 0, "block/attention"), lambda: log.measures(1)):
            try:
                ask()
            except AttentionError as error:
                print(type(error).__name__, str(error)[:60])
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
        """
    )
    # Deflated zeros with a full flush behind them may be repeated: 256 times 16 MiB.
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    piece = deflater.compress(bytes(16 << 20)) + deflater.flush(zlib.Z_FULL_FLUSH)
    body = piece * 256 + deflater.flush()
    with zipfile.ZipFile(path) as old:
        kept = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in kept.items():
            if name not in ("weights/0/0.npy", "measures.npy"):
                new.writestr(name, data)
                continue
            member = zipfile.ZipInfo(name)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.file_size, member.compress_size, member.CRC = 4 << 30, len(body), 0
            member.header_offset = new.fp.tell()  # type: ignore[union-attr]
            new.fp.write(member.FileHeader(zip64=True) + body)  # type: ignore[union-attr]
            new.filelist.append(member)
            new.start_dir = new.fp.tell()  # type: ignore[attr-defined, union-attr]
    assert path.stat().st_size < 64 << 20
    ran = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    *errors, megabytes = ran.stdout.splitlines()
    assert [line.split()[0] for line in errors] == ["DamagedFileError"] * 2
    assert int(megabytes) < 200


def test_an_index_that_disagrees_with_the_step_files_is_ignored(tmp_path: Path) -> None:
    weights = logs.write_log(tmp_path, 3)
    directory = logs.attempt_directory(tmp_path)
    other = tmp_path / "other"
    logs.write_log(other, 5)
    # The index of another log, and a step that was replaced since.
    (index,) = directory.glob("index-*")
    index.write_bytes((logs.attempt_directory(other) / index.name).read_bytes())
    log = tb_attention.load(tmp_path)
    assert log.steps == [0, 1, 2]
    assert log.logs(2) == {"loss": pytest.approx(1 / 3)}
    np.testing.assert_array_equal(log.weights(2, 1, "block/attention"), weights[2, 1])


def test_a_file_is_closed_when_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "no.npz"
    path.write_bytes(b"no zip")
    for _ in range(resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 200 + 5):
        with pytest.raises(DamagedFileError):
            Archive(path.open("rb"), "no.npz")
