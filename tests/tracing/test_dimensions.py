"""Which of two dimensions is believed, and what a reshape makes of them."""

from __future__ import annotations

import pytest

from tb_attention.tracing.dimension_rules import preferred
from tb_attention.tracing.symbolic_dimensions import Dim, Factor, is_cut_across, mixes_features, regroup

BATCH, WORDS, OTHERS = Factor((1, 1), "batch"), Factor((0, 6), "position"), Factor((0, 6), "position")
FEATURES, COPIES, UNKNOWN = Factor((0, 8), "feature"), Factor((0, 6), "repeat"), Factor((0, 6), "unknown")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((WORDS,), (FEATURES,), (WORDS,)),
        ((), (WORDS,), (WORDS,)),
        ((WORDS,), (OTHERS,), (WORDS,)),
        ((COPIES, WORDS), (OTHERS,), (OTHERS,)),
        ((UNKNOWN, BATCH), (WORDS, BATCH), (WORDS, BATCH)),
        ((BATCH,), (UNKNOWN, BATCH), (BATCH,)),
        ((FEATURES, WORDS), (OTHERS,), (OTHERS,)),
    ],
    ids=["rank", "nothing", "first", "copies", "unknown", "first_without_copies", "mixed"],
)
def test_the_dimension_that_tells_more_is_believed(one: Dim, other: Dim, expected: Dim) -> None:
    assert preferred(one, other) == expected


@pytest.mark.parametrize("words", [6, 5], ids=["heads_divide_the_words", "or_not"])
def test_a_reshape_without_a_transposition_mixes_words_and_features(words: int) -> None:
    dims = ((BATCH,), (Factor((0, words), "position"),), (FEATURES,))
    heads = regroup(dims, [(1, 1), (0, 2), (0, words), (0, 4)])
    assert heads is not None
    assert [mixes_features(dim) for dim in heads[:2]] == [False, words == 5]
    assert is_cut_across(heads[2])
    # Words stay words where features alone are divided.
    parts = regroup(dims, [(1, 1), (0, words), (0, 2), (0, 4)])
    assert parts is not None
    assert not any(map(mixes_features, parts))
