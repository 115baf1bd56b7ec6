"""The loss of each encoding, and its treatment of odd values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax

from tb_attention.errors import ArgumentError
from tb_attention.reduce.encodings import choose_encoding, decode, encode, encoded_bytes, row_encoding

SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=7)
POSITIVE = hnp.arrays(np.float32, SHAPES, elements=st.floats(0, 2.0**99, width=32))
SIGNED = hnp.arrays(np.float32, SHAPES, elements=st.floats(-(2.0**99), 2.0**99, width=32))
ANY = hnp.arrays(np.float32, SHAPES, elements=st.floats(width=32))


@given(POSITIVE)
@settings(max_examples=200)
def test_sqrt8_row_is_off_by_at_most_4_thousandths_of_the_row_maximum(weights: np.ndarray) -> None:
    back = decode(encode(weights, "sqrt8_row"), weights.shape, "sqrt8_row")
    allowed = 4e-3 * weights.max(axis=-1, keepdims=True, initial=0)
    assert np.all(np.abs(back - weights) <= allowed + 1e-37)


@given(SIGNED)
@settings(max_examples=200)
def test_signed8_row_is_off_by_at_most_8_thousandths_and_keeps_signs(weights: np.ndarray) -> None:
    back = decode(encode(weights, "signed8_row"), weights.shape, "signed8_row")
    allowed = 8e-3 * np.abs(weights).max(axis=-1, keepdims=True, initial=0)
    assert np.all(np.abs(back - weights) <= allowed + 1e-37)
    assert np.all(back * np.sign(weights) >= 0)


@given(ANY)
@settings(max_examples=200)
@pytest.mark.filterwarnings("error")
def test_a_row_that_is_not_finite_is_decoded_as_nan_and_changes_no_other(weights: np.ndarray) -> None:
    for encoding in ("sqrt8_row", "signed8_row"):
        back = decode(encode(weights, encoding), weights.shape, encoding)
        # Of -inf only the size counts where signs are not kept: a weight below 0 is stored as 0.
        seen = np.abs(weights) if encoding == "signed8_row" else np.maximum(weights, 0)
        odd = ~np.isfinite(seen).all(axis=-1)
        assert np.isnan(back[odd]).all()
        assert np.isfinite(back[~odd]).all()


@given(ANY, st.sampled_from(["float32", "float16"]))
@settings(max_examples=100)
def test_float_encodings_are_exact(weights: np.ndarray, encoding: str) -> None:
    with np.errstate(over="ignore"):
        expected = weights.astype(np.float16).astype(np.float32) if encoding == "float16" else weights
    stored = encode(weights, encoding)
    assert stored.shape == weights.shape
    np.testing.assert_array_equal(decode(stored, weights.shape, encoding), expected)


@given(ANY, st.sampled_from(["float32", "float16", "sqrt8_row", "signed8_row"]))
@settings(max_examples=100)
def test_encoded_bytes_is_the_size_of_the_encoded_array(weights: np.ndarray, encoding: str) -> None:
    assert encode(weights, encoding).nbytes == encoded_bytes(weights.shape, encoding)


def test_sqrt8_row_has_the_layout_of_the_format() -> None:
    stored = encode(np.array([[1.0, 0.25, 0.0], [0.5, 0.5, 0.125]], np.float32), "sqrt8_row")
    assert stored[:8].tobytes() == np.array([1.0, 0.5], "<f4").tobytes()
    assert stored[8:].tolist() == [255, 128, 0, 255, 255, 128]


def test_signed8_row_has_codes_in_twos_complement() -> None:
    stored = encode(np.array([[1.0, -1.0, 0.25, -0.25, 0.0]], np.float32), "signed8_row")
    assert stored[:4].view("<f4").tolist() == [1.0]
    assert stored[4:].view(np.int8).tolist() == [127, -127, 64, -64, 0]


def test_rows_longer_than_a_block_are_encoded_like_short_ones() -> None:
    row = np.random.default_rng(0).random((3, 1 << 17)).astype(np.float32)
    together = encode(row, "sqrt8_row")
    alone = encode(row[1:2], "sqrt8_row")
    np.testing.assert_array_equal(together[12 + (1 << 17) : 12 + (2 << 17)], alone[4:])


def test_divergence_at_512_keys_is_below_a_ten_thousandth_of_a_bit() -> None:
    scores = np.random.default_rng(1).standard_normal((4, 64, 512)) * np.array([0.5, 1, 2, 4])[:, None, None]
    weights = softmax(scores, axis=-1).astype(np.float32)
    back = decode(encode(weights, "sqrt8_row"), weights.shape, "sqrt8_row")
    assert np.mean(jensenshannon(weights.astype(float), back.astype(float), base=2, axis=-1) ** 2) < 1e-4
    assert (weights.argmax(axis=-1) == back.argmax(axis=-1)).mean() > 0.99


def test_small_arrays_are_float32_and_large_ones_one_byte_per_weight() -> None:
    assert choose_encoding(np.zeros((1, 127, 128), np.float32)) == "float32"
    assert choose_encoding(np.zeros((1, 128, 128), np.float32)) == "sqrt8_row"
    assert choose_encoding(np.full((1, 128, 128), -1, np.float32)) == "signed8_row"


def test_a_diverged_row_does_not_change_the_encoding() -> None:
    weights = np.ones((4, 8), np.float32)
    weights[1] = np.nan
    assert row_encoding(weights) == "sqrt8_row"
    weights[2, 3] = -0.5
    assert row_encoding(weights) == "signed8_row"


def test_wrong_sizes_and_names_are_refused_with_a_sentence() -> None:
    with pytest.raises(ArgumentError, match=r"must hold 12 bytes for shape \(2, 2\) in sqrt8_row. Received: 11"):
        decode(np.zeros(11, np.uint8), (2, 2), "sqrt8_row")
    with pytest.raises(ArgumentError, match=r"Received: encoding='uint8'"):
        encode(np.zeros((2, 2), np.float32), "uint8")  # type: ignore[arg-type]
