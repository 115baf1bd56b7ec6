"""Bodies are gzip files that any decoder opens and whose sum is checked."""

import gzip
import io
import zlib

import numpy as np
import pytest

from tb_attention.wire import gzip_frame


def test_a_stored_stream_is_framed_without_inflating_it():
    content = b"attention " * 1000
    deflater = zlib.compressobj(4, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
    stream = deflater.compress(content) + deflater.flush()
    framed = gzip_frame.frame(stream, zlib.crc32(content), len(content))
    assert stream in framed
    assert gzip.decompress(framed) == content


def test_a_flipped_bit_is_noticed():
    framed = bytearray(gzip_frame.compress(np.arange(1000, dtype=np.float32)))
    framed[-6] ^= 1
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(bytes(framed))


@pytest.mark.parametrize(
    "array", [np.array([[1.5, np.nan]], ">f4"), np.asfortranarray(np.arange(6).reshape(2, 3)), np.int64(3)]
)
def test_arrays_travel_little_endian_and_in_c_order(array):
    array = np.asarray(array)
    sent = np.load(io.BytesIO(gzip.decompress(gzip_frame.compress(array))), allow_pickle=False)
    assert sent.dtype.newbyteorder("<") == sent.dtype
    assert sent.flags.c_contiguous
    np.testing.assert_array_equal(sent, array)
