"""The checksum of event files, against TensorBoard's own and the examples of RFC 3720."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.compat.tensorflow_stub import pywrap_tensorflow

from tb_attention.records.writing.event_file import masked_crc32c


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (b"", 0),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(reversed(range(32))), 0x113FDB5C),
        (b"123456789", 0xE3069283),
    ],
)
def test_known_checksums(data: bytes, crc: int) -> None:
    assert masked_crc32c(data) == ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32


@given(st.binary(max_size=40), st.integers(0, 60))
def test_equals_tensorboards_at_every_length(data: bytes, repeats: int) -> None:
    data *= repeats
    assert masked_crc32c(data) == pywrap_tensorflow.masked_crc32c(data)


@pytest.mark.parametrize("around", [508, 512, 1020, 1024 * 512 - 4, 1024 * 512])
def test_equals_tensorboards_where_blocks_end(around: int) -> None:
    for size in range(around - 1, around + 2):
        data = bytes(i * i % 251 for i in range(size))
        assert masked_crc32c(data) == pywrap_tensorflow.masked_crc32c(data)
