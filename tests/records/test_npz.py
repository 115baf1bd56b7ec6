"""Zip archives of arrays, written by us and read by anybody; read by us whoever wrote them."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tb_attention.errors import DamagedFileError
from tb_attention.records.format import archive as archives
from tb_attention.records.format import npz
from tb_attention.records.format.archive import Archive
from tb_attention.records.format.npz import npz_bytes
from tb_attention.records.format.zip_directory import inflated, read_directory

ARRAYS = hnp.arrays(
    st.sampled_from([np.dtype(name) for name in ("u1", "i1", "<f2", "<f4", ">f4", "<f8", "<i8", ">i4", "?")]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
)


def opened(data: bytes) -> Archive:
    return Archive(io.BytesIO(data), "x.npz")


@given(st.lists(ARRAYS, max_size=4))
@settings(max_examples=60)
def test_numpy_reads_what_we_write_and_we_read_what_numpy_writes(arrays: list[np.ndarray]) -> None:
    named = {f"part/{index}": array for index, array in enumerate(arrays)}
    with np.load(io.BytesIO(npz_bytes(named.items())), allow_pickle=False) as loaded:
        assert set(loaded.files) == set(named)
        for name, array in named.items():
            np.testing.assert_array_equal(loaded[name], array)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **named)
    with opened(buffer.getvalue()) as archive:
        for name, array in named.items():
            np.testing.assert_array_equal(archive.read(name), array)
            assert archive.read(name).shape == array.shape


def test_the_archive_is_one_that_zip_tools_accept() -> None:
    data = npz_bytes([("a", np.arange(1000)), ("b/ü", np.zeros((3, 4), np.float32))])
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        assert file.namelist() == ["a.npy", "b/ü.npy"]


def test_arrays_are_little_endian_and_in_c_order() -> None:
    with opened(npz_bytes([("a", np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3)))])) as archive:
        array = archive.read("a")
    assert array.dtype == np.dtype("<f4")
    assert array.flags.c_contiguous
    np.testing.assert_array_equal(array, [[0, 1, 2], [3, 4, 5]])


def test_equal_contents_make_equal_files() -> None:
    assert npz_bytes([("a", np.arange(9))]) == npz_bytes([("a", np.arange(9))])


def test_a_deflated_stream_can_be_passed_through() -> None:
    array = np.arange(5000, dtype=np.uint8)
    data = npz_bytes([("other", np.ones(3)), ("a", array)])
    with opened(data) as archive:
        stream = archive.stream("a")
        raw, same = archive.read_stream("a")
    assert stream == same
    assert raw == data[stream.offset : stream.offset + stream.stored]
    inflated = zlib.decompress(raw, -15)
    assert len(inflated) == stream.size
    assert zlib.crc32(inflated) == stream.crc32
    np.testing.assert_array_equal(np.load(io.BytesIO(inflated)), array)


def test_more_than_65535_members_and_offsets_beyond_32_bits_are_written_as_zip64(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(npz, "_MOST", 300)  # what 4 GiB would do
    data = npz_bytes([(f"m{index}", np.arange(100 * index)) for index in range(5)])
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
    with opened(data) as archive:
        for index in range(5):
            np.testing.assert_array_equal(archive.read(f"m{index}"), np.arange(100 * index))
            assert archive.stream(f"m{index}").size > 0


def test_the_checksum_finds_a_flipped_bit() -> None:
    data = bytearray(npz_bytes([("a", np.random.default_rng(0).integers(0, 255, 1000, np.uint8))]))
    with opened(bytes(data)) as archive:
        data[archive.stream("a").offset + 500] ^= 4
    with opened(bytes(data)) as archive, pytest.raises(DamagedFileError, match=r"a in x\.npz is damaged"):
        archive.read("a")


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip archive at all" * 10])
def test_anything_but_an_archive_is_damage(data: bytes) -> None:
    with pytest.raises(DamagedFileError, match=r"x.npz is not a whole zip archive"):
        opened(data)


def test_a_bomb_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    data = npz_bytes([("a", np.zeros(10_000_000, np.uint8))])
    assert len(data) < 60_000
    monkeypatch.setattr(zlib, "decompressobj", lambda *_: pytest.fail("it was inflated"))
    with opened(data) as archive, pytest.raises(DamagedFileError, match="would have 10000128 bytes; 1000 are allowed"):
        archive.read("a", most=1000)


def test_a_size_that_deflate_cannot_reach_is_damage() -> None:
    data = npz_bytes([("a", np.zeros(100, np.uint8))])
    with opened(data) as archive:
        archive._known["a"] = archive._find("a")._replace(size=500_000_000)
        with pytest.raises(DamagedFileError, match="inflate to 500000000"):
            archive.read("a")


def test_pickles_are_never_opened() -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, a=np.array([{"x": 1}], dtype=object))
    with opened(buffer.getvalue()) as archive, pytest.raises(DamagedFileError, match="must hold numbers"):
        archive.read("a")


def test_a_missing_member_is_named() -> None:
    with opened(npz_bytes([("a", np.zeros(1))])) as archive, pytest.raises(DamagedFileError, match="no member 'b'"):
        archive.read("b")


@pytest.mark.parametrize("header", [b"", b"\x93NUMPY\x01\x00\x05\x00{'de", b"\x93NUMPY\x09\x00aa", b"x" * 40])
def test_anything_but_an_array_is_damage(header: bytes) -> None:
    with pytest.raises(DamagedFileError, match=r"it is no \.npy array"):
        archives.parse_npy(header, "it")


def test_a_shape_that_does_not_fit_is_damage() -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((4, 5)))
    with pytest.raises(DamagedFileError, match=r"says shape \(4, 5\) of float64, but holds 159 bytes"):
        archives.parse_npy(buffer.getvalue()[:-1], "it")


@pytest.mark.parametrize("comment", [b"", b"a comment", b"z" * 65535])
@pytest.mark.parametrize("members", [0, 1, 300])
def test_the_directory_says_what_zipfile_reads(comment: bytes, members: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for number in range(members):
            stored = zipfile.ZIP_STORED if number % 7 == 3 else zipfile.ZIP_DEFLATED
            file.writestr(f"matrix/größe {number}", b"x" * number, stored)
        file.comment = comment
    with zipfile.ZipFile(buffer) as file:
        infos = file.infolist()
    expected = [(each.filename, each.CRC, each.file_size, each.compress_size, each.header_offset) for each in infos]
    directory = read_directory(buffer, 300)
    found = directory.entries()
    assert [directory.find(each.name) for each in found] == found
    assert directory.find("matrix/gr") is None
    assert directory.find("none") is None
    assert [(each.name, each.crc32, each.size, each.stored, each.offset) for each in found] == expected
    assert [b"".join(inflated(buffer, each)) for each in found] == [b"x" * number for number in range(members)]


def test_a_member_that_claims_more_than_there_is_takes_no_memory() -> None:
    data = npz_bytes([("a", np.arange(100))])
    with opened(data) as archive:
        archive._known["a"] = archive._find("a")._replace(stored=1 << 40)
        tracemalloc.start()
        with pytest.raises(DamagedFileError, match="is damaged"):
            archive.read("a")
        with pytest.raises(DamagedFileError, match="is cut"):
            archive.read_stream("a")
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
        tracemalloc.stop()
