"""Each position of a picture is the cell whose pixels it really sees, or no cell is claimed."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import tb_attention
from tb_attention.records.samples.default_axes import facts_of
from tb_attention.records.samples.samples import Samples
from tb_attention.reduce.axes import name_axes
from tb_attention.site import Axis
from tests.tracing.tokens_of_pictures import Learned, Step, box_of, model_of, seen_pixels


def key_axis(model: keras.Model, images: Any = None) -> Axis:
    shape = model.input_shape[1:]
    pictures = np.random.default_rng(1).random((2, *shape)).astype("float32")
    sites = tuple(tb_attention.capture(model, pictures).values())
    (site,) = name_axes(sites, facts_of(Samples(pictures, images=images)))
    return site.axes[-1]


def boxes_of(axis: Axis) -> list[tuple[tuple[float, float], ...] | None]:
    """For each position the pixels that its cell covers, those outside of the picture left out."""
    assert axis.cell_of is not None
    assert axis.cell_grid is not None
    assert axis.pixels is not None
    boxes: list[tuple[tuple[float, float], ...] | None] = []
    for cell in axis.cell_of:
        if cell < 0:
            boxes.append(None)
            continue
        index = np.unravel_index(cell, axis.cell_grid)
        starts = [part.offset + int(at) * part.stride for part, at in zip(axis.pixels, index, strict=True)]
        box = tuple(
            (max(0, start), min(part.of, start + part.size)) for part, start in zip(axis.pixels, starts, strict=True)
        )
        boxes.append(box if all(end > start for start, end in box) else None)
    return boxes


def flat(x: Any) -> Any:
    return ops.reshape(x, (-1, x.shape[1] * x.shape[2], x.shape[3]))


def conv(size: Any, stride: Any = None, padding: str = "valid") -> Step:
    return layers.Conv2D(6, size, strides=stride or size, padding=padding)


def transposed(x: Any) -> Any:
    return ops.transpose(x, (0, 2, 1, 3))


def by_reshape(size: int) -> Step:
    def cut(x: Any) -> Any:
        _, rows, columns, channels = x.shape
        x = ops.reshape(x, (-1, rows // size, size, columns // size, size, channels))
        x = ops.reshape(
            ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, (rows // size) * (columns // size), size * size * channels)
        )
        return layers.Dense(6)(x)

    return cut


def with_order(order: Any) -> Step:
    return lambda x: ops.take(x, np.asarray(order), axis=1)


ORDER = np.random.default_rng(5).permutation(12).tolist()

FOLLOWED: dict[str, tuple[tuple[int, ...], list[Step]]] = {
    "class token first": ((12, 16, 3), [conv(4), flat, Learned(1)]),
    "class token last": ((12, 16, 3), [conv(4), flat, Learned(0, 1)]),
    "class token in the middle": ((12, 16, 3), [conv(4), flat, Learned(0, 0, 1)]),
    "registers behind": ((12, 16, 3), [conv(4), flat, Learned(1, 4)]),
    "tokens at both ends": ((12, 16, 3), [conv(4), flat, Learned(2, 2)]),
    "more tokens than cells": ((12, 16, 3), [conv(4), flat, Learned(0, 17)]),
    "column by column": ((12, 16, 3), [conv(4), transposed, flat]),
    "a square column by column": ((12, 12, 1), [conv(4), transposed, flat, Learned(1)]),
    "a transposed picture": ((12, 20, 1), [transposed, conv(4), flat]),
    "a spectrogram without channels": ((20, 12), [lambda x: ops.transpose(x, (0, 2, 1))[..., None], conv(4), flat]),
    "a spectrogram in time": ((20, 12), [lambda x: x[..., None], conv(4), flat]),
    "channels first": ((3, 12, 16), [lambda x: ops.transpose(x, (0, 2, 3, 1)), conv(4), flat]),
    "a rest": ((14, 19, 3), [conv(4), flat, Learned(1)]),
    "a hang over": ((14, 19, 3), [conv(4, padding="same"), flat, Learned(1)]),
    "overlapping patches": ((18, 15, 1), [conv(6, 3), flat, Learned(2)]),
    "overlapping patches that hang over": ((18, 15, 1), [conv(7, 4, "same"), flat]),
    "patches with gaps": ((18, 15, 1), [conv(2, 4), flat]),
    "oblong patches": ((12, 16, 1), [conv((2, 8)), flat]),
    "by a reshape": ((12, 16, 3), [by_reshape(4), Learned(0, 1)]),
    "by a reshape of columns": ((12, 16, 3), [transposed, by_reshape(4)]),
    "by extraction": ((14, 19, 3), [lambda x: ops.image.extract_patches(x, 4, padding="valid"), flat, layers.Dense(5)]),
    "by extraction, overlapping": (
        (14, 18, 3),
        [lambda x: ops.image.extract_patches(x, 6, strides=4, padding="same"), flat, layers.Dense(5)],
    ),
    "permuted": ((12, 16, 3), [conv(4), flat, with_order(ORDER)]),
    "permuted twice": ((12, 16, 3), [conv(4), flat, with_order(ORDER), Learned(1), lambda x: ops.flip(x, 1)]),
    "backwards": ((12, 16, 3), [conv(4), flat, lambda x: ops.flip(x, 1)]),
    "rolled cells": ((12, 16, 3), [conv(4), lambda x: ops.roll(x, (1, 2), (1, 2)), flat]),
    "rolled tokens": ((12, 16, 3), [conv(4), flat, lambda x: ops.roll(x, 5, 1), Learned(1)]),
    "a mirrored picture": ((12, 16, 3), [lambda x: ops.flip(x, 2), conv(4), flat]),
    "a mirrored picture with a rest": ((13, 18, 3), [lambda x: x[:, ::-1, ::-1], conv(4), flat]),
    "a padded picture": ((10, 14, 3), [lambda x: ops.pad(x, ((0, 0), (2, 0), (1, 1), (0, 0))), conv(4), flat]),
    "a cropped picture": ((15, 21, 3), [lambda x: x[:, 2:14, 3:-2], conv(4), flat]),
    "padded cells": ((12, 12, 3), [conv(4), lambda x: ops.pad(x, ((0, 0), (0, 1), (1, 0), (0, 0))), flat]),
    "cropped cells": ((20, 16, 3), [conv(4), lambda x: x[:, 1:4, 1:], flat]),
    "every other cell": ((16, 16, 3), [conv(2), lambda x: x[:, ::2, 1::2], flat]),
    "the class token taken off and put back": (
        (12, 16, 3),
        [conv(4), flat, Learned(1), lambda x: ops.concatenate([x[:, :1], x[:, 1:] * 2], 1)],
    ),
    "the class token moved behind": (
        (12, 16, 3),
        [conv(4), flat, Learned(1), lambda x: ops.concatenate([x[:, 1:], x[:, :1]], 1)],
    ),
    "back to a map and flat again": (
        (12, 16, 3),
        [
            conv(4),
            flat,
            Learned(1),
            lambda x: ops.reshape(x[:, 1:], (-1, 3, 4, 6)),
            layers.DepthwiseConv2D(1),
            transposed,
            flat,
            Learned(0, 1),
        ],
    ),
    "halves of the rows in turn": ((16, 16, 3), [conv(4), lambda x: ops.concatenate([x[:, ::2], x[:, 1::2]], 1), flat]),
    "split and joined the other way round": (
        (12, 16, 3),
        [conv(4), flat, lambda x: ops.concatenate(ops.split(x, 3, 1)[::-1], 1)],
    ),
    "patches that were merged": (
        (16, 16, 3),
        [
            conv(2),
            lambda x: ops.concatenate([x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)], -1),
            flat,
            layers.Dense(6),
        ],
    ),
    "rows cut apart by a reshape": ((16, 16, 3), [conv(2), lambda x: ops.reshape(x, (-1, 4, 16, 6)), flat]),
    "made larger": ((6, 8, 3), [layers.UpSampling2D(2), conv(4), flat]),
}


def beside(other: Step, one: Step | None = None, join: Callable[[Any, Any], Any] = operator.add) -> Step:
    """Two branches of which `one`, or what comes, is joined with `other`."""
    return lambda x: join(x if one is None else one(x), other(x))


def backwards(x: Any) -> Any:
    return ops.flip(x, 1)


def side_by_side(one: Any, other: Any) -> Any:
    return ops.concatenate([one, other], -1)


WORDS = [conv(4), flat]

CONTRADICTING: dict[str, tuple[tuple[int, ...], list[Step]]] = {
    "a sum with itself backwards": ((12, 16, 3), [*WORDS, beside(backwards)]),
    "a sum with itself rolled": ((12, 16, 3), [*WORDS, beside(lambda x: ops.roll(x, 1, 1))]),
    "features of both orders": ((12, 16, 3), [*WORDS, beside(backwards, join=side_by_side)]),
    "a product of both orders": ((12, 16, 3), [*WORDS, beside(backwards, join=operator.mul)]),
    "some of both orders": ((12, 16, 3), [*WORDS, beside(backwards, join=lambda a, b: ops.where(a > 0, b, a))]),
    "the larger of two orders": ((12, 16, 3), [*WORDS, beside(with_order(ORDER), join=ops.maximum)]),
    "the mean of a stack of both orders": (
        (12, 16, 3),
        [*WORDS, beside(backwards, join=lambda a, b: ops.mean(ops.stack([a, b], 1), 1))],
    ),
    "a contraction of both orders": (
        (12, 16, 3),
        [*WORDS, beside(backwards, join=lambda a, b: ops.einsum("bnc,bnd->bncd", a, b)[..., 0])],
    ),
    "with class token": ((12, 16, 3), [*WORDS, Learned(1), beside(backwards)]),
    "transposed cells": ((12, 12, 3), [conv(4), beside(transposed), flat]),
    "mirrored maps": ((12, 16, 3), [conv(4), beside(lambda x: ops.flip(x, 2)), flat]),
    "mirrored pictures": ((12, 16, 3), [beside(lambda x: ops.flip(x, 2)), conv(4), flat]),
    "a picture and its mirror image, both cut": (
        (12, 16, 3),
        [lambda x: flat(conv(4)(x)) + flat(conv(4)(ops.flip(x, 2)))],
    ),
    "a transposed picture": (
        (12, 12),
        [beside(lambda x: ops.transpose(x, (0, 2, 1))), lambda x: x[..., None], conv(4), flat],
    ),
    "other rows": ((12, 16, 3), [lambda x: flat(conv(4)(x[:, :8])) + flat(conv(4)(x[:, 4:]))]),
    "rows moved by a pixel": ((12, 16, 3), [lambda x: flat(conv(4)(x[:, :8])) + flat(conv(4)(x[:, 1:9]))]),
    "the far side of a map that sees nearly all": (
        (12, 16, 3),
        [lambda x: layers.MaxPooling2D(4)(conv(13, 1, "same")(x)) + conv(25, 4, "same")(ops.flip(x, 2)), flat],
    ),
    "ever after": ((12, 16, 3), [*WORDS, beside(backwards), layers.Dense(6), beside(layers.Dense(6)), Learned(1)]),
}

AGREEING: dict[str, tuple[tuple[int, ...], list[Step], list[Step]]] = {
    "a residual convolution": ((12, 16, 3), [conv(4), beside(conv(3, 1, "same")), flat], WORDS),
    "turned and turned back": (
        (12, 16, 3),
        [*WORDS, beside(lambda x: backwards(layers.Dense(6)(backwards(x))))],
        WORDS,
    ),
    "two branches backwards": ((12, 16, 3), [*WORDS, beside(backwards, backwards)], [*WORDS, backwards]),
    "two tokenizers": ((12, 16, 3), [lambda x: flat(conv(4)(x)) + flat(conv(4)(x))], WORDS),
    "a tokenizer that overlaps": ((12, 16, 3), [lambda x: flat(conv(4)(x)) + flat(conv(7, 4, "same")(x))], WORDS),
    "a gate": ((12, 16, 3), [conv(4), lambda x: x * layers.Dense(6)(ops.mean(x, (1, 2), keepdims=True)), flat], WORDS),
    "a class token set aside": (
        (12, 16, 3),
        [*WORDS, Learned(1), beside(lambda x: ops.pad(layers.Dense(6)(x[:, 1:]), ((0, 0), (1, 0), (0, 0))))],
        [*WORDS, Learned(1)],
    ),
    "a convolution that is as large as what it leaves": (
        (16, 20, 3),
        [lambda x: x[:, 2:-2, 2:-2] + layers.Conv2D(3, 5)(x), conv(4), flat],
        [lambda x: x[:, 2:-2, 2:-2], conv(4), flat],
    ),
    "a U-Net's skip": (
        (16, 16, 3),
        [
            lambda x: side_by_side(layers.UpSampling2D(2)(conv(3, 1, "same")(conv(3, 2, "same")(x))), x),
            conv(4),
            flat,
        ],
        WORDS,
    ),
    "a pyramid's sum": (
        (30, 34, 3),
        [
            conv(3, 2, "same"),
            beside(lambda x: ops.image.resize(conv(3, 2, "same")(conv(3, 2, "same")(x)), x.shape[1:3])),
            flat,
        ],
        [conv(3, 2, "same"), flat],
    ),
}


def chain(rng: np.random.Generator) -> tuple[Any, ...]:
    """A random way from a small picture to tokens."""

    def some(choices: list[Any], most: int) -> list[Any]:
        return [choices[i] for i in rng.integers(len(choices), size=int(rng.integers(most + 1)))]

    def pad(x: Any) -> Any:
        before, after, left, right = rng.integers(0, 3, 4).tolist()
        return ops.pad(x, ((0, 0), (before, after), (left, right), (0, 0)))

    pictures: list[Step] = [
        transposed,
        pad,
        lambda x: ops.flip(x, int(rng.integers(1, 3))),
        lambda x: x[:, int(rng.integers(3)) : -1, int(rng.integers(3)) :],
        lambda x: ops.roll(x, int(rng.integers(1, 5)), 2),
    ]
    patches: list[Step] = [
        conv(int(rng.integers(3, 6))),
        conv(int(rng.integers(3, 5)), padding="same"),
        conv((3, 5), (3, 4)),
        conv(5, 3, "same"),
        conv(4, 3),
        lambda x: ops.image.extract_patches(x, 4, padding="valid"),
    ]
    maps: list[Step] = [
        transposed,
        pad,
        lambda x: ops.flip(x, int(rng.integers(1, 3))),
        lambda x: ops.roll(x, int(rng.integers(1, 3)), 1),
        lambda x: x[:, :: int(rng.integers(1, 3))],
        lambda x: x[:, 1:],
        lambda x: ops.concatenate([x[:, ::2], x[:, 1::2]], 1),
        beside(lambda x: layers.Dense(x.shape[-1])(x)),
        beside(lambda x: ops.flip(x, 1), join=side_by_side),
    ]
    tokens: list[Step] = [
        Learned(*rng.integers(0, 3, 2).tolist()),
        Learned(0, 0, int(rng.integers(1, 3))),
        lambda x: ops.flip(x, 1),
        lambda x: ops.take(x, rng.permutation(x.shape[1]), axis=1),
        lambda x: ops.roll(x, int(rng.integers(1, 5)), 1),
        lambda x: ops.concatenate([x[:, :3], x[:, 3:]], 1),
        lambda x: ops.concatenate([x[:, 2:], x[:, :2]], 1),
        lambda x: x[:, 1:],
        beside(lambda x: layers.Dense(x.shape[-1])(x)),
        beside(lambda x: backwards(backwards(x)[:, :, ::-1]), join=operator.mul),
        beside(lambda x: ops.roll(x, 1, 1)),
        beside(lambda x: ops.take(x, rng.permutation(x.shape[1]), axis=1), join=ops.maximum),
    ]
    steps = [*some(pictures, 2), patches[int(rng.integers(len(patches)))], *some(maps, 2), flat, *some(tokens, 3)]
    return (*rng.integers(14, 19, 2).tolist(), 1), *steps


@pytest.mark.parametrize("name", list(FOLLOWED))
def test_a_cell_is_what_its_position_sees(name: str) -> None:
    shape, steps = FOLLOWED[name]
    model, tokens = model_of(shape, *steps)
    axis = key_axis(model)
    rows = (2, 3) if name == "channels first" else (1, 2)
    seen = [box_of(one) for one in seen_pixels(tokens, rows)]
    assert boxes_of(axis) == seen
    assert axis.input == 0


@pytest.mark.parametrize("name", list(CONTRADICTING))
def test_positions_that_were_joined_in_two_orders_are_no_cells(name: str) -> None:
    shape, steps = CONTRADICTING[name]
    model, tokens = model_of(shape, *steps)
    axis = key_axis(model)
    assert axis == Axis("key", tokens.output_shape[1])


@pytest.mark.parametrize("name", list(AGREEING))
def test_positions_that_were_joined_with_the_same_positions_stay_their_cells(name: str) -> None:
    shape, steps, before = AGREEING[name]
    model, tokens = model_of(shape, *steps)
    cells = boxes_of(key_axis(model))
    assert cells == [box_of(one) for one in seen_pixels(model_of(shape, *before)[1])]
    for cell, one in zip(cells, seen_pixels(tokens), strict=True):
        seen = box_of(one)
        assert cell is None or all(a <= c < d <= b for (c, d), (a, b) in zip(cell, seen or (), strict=True))


def test_a_stage_of_residual_blocks_keeps_its_cells() -> None:
    """As of ResNet (https://arxiv.org/abs/1512.03385), whose shortcuts read every other pixel only."""

    def block(x: Any) -> Any:
        return conv(1, 2, "same")(x) + conv(3, 1, "same")(conv(3, 2, "same")(x))

    model, tokens = model_of((32, 32, 3), conv(7, 2, "same"), block, block, flat)
    axis = key_axis(model)
    assert axis.grid == (4, 4)
    for box, one in zip(boxes_of(axis), seen_pixels(tokens), strict=True):
        assert box is not None
        for (start, end), (first, last) in zip(box, box_of(one) or (), strict=True):
            assert first <= start < end <= last


def test_a_mask_or_positions_beside_it_leave_a_text_its_words() -> None:
    ids, places = (keras.Input((9,), dtype="int32", name=name) for name in ("ids", "places"))
    words = layers.Embedding(20, 6)(ids)
    x = words + layers.Embedding(9, 6)(places) + layers.Conv1D(6, 3, padding="causal")(words)
    x = ops.where(ids[..., None] > 0, x, 0.0) + layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    model = keras.Model([ids, places], layers.MultiHeadAttention(1, 4)(x, x, attention_mask=(ids > 0)[:, None]))
    data = np.random.default_rng(0).integers(1, 9, (2, 9)).astype("int32")
    samples = Samples([data, data])
    (site,) = name_axes(tuple(tb_attention.capture(model, [data, data]).values()), facts_of(samples))
    assert [(axis.kind, axis.input) for axis in site.axes[-2:]] == [("tokens", 0)] * 2


def trend(x: Any) -> Any:
    """As of Autoformer (https://arxiv.org/abs/2106.13008): a moving average of a series whose ends are repeated."""
    ends = [ops.repeat(x[:, :1], 2, 1), x, ops.repeat(x[:, -1:], 2, 1)]
    return layers.AveragePooling1D(5, 1)(ops.concatenate(ends, 1))


def dilated(x: Any) -> Any:
    return layers.Conv1D(x.shape[-1], 3, padding="causal", dilation_rate=2)(x)


@pytest.mark.parametrize(
    ("joined", "input_"),
    [
        (lambda x: x - trend(x), 0),
        (lambda x: x + dilated(dilated(x)), 0),
        (lambda x: x + layers.LSTM(3, return_sequences=True)(x), 0),
        (lambda x: x + layers.LSTM(3, return_sequences=True, go_backwards=True)(x), None),
        (lambda x: x - ops.pad(x[:, :-1], ((0, 0), (1, 0), (0, 0))), None),
    ],
    ids=["its trend", "dilated convolutions", "a loop", "a loop that gives out the end first", "the step before"],
)
def test_steps_of_a_series_are_those_of_its_input_where_what_is_joined_agrees(joined: Step, input_: int | None) -> None:
    model, _ = model_of((24, 3), joined)
    data = np.random.default_rng(1).random((2, 24, 3)).astype("float32")
    (site,) = name_axes(tuple(tb_attention.capture(model, data).values()), facts_of(Samples(data)))
    assert site.axes[-1] == Axis("key", 24, input=input_)


def test_random_chains_are_followed_or_nothing_is_claimed() -> None:
    claimed = []
    for seed in range(24):
        keras.utils.set_random_seed(seed)
        model, tokens = model_of(*chain(np.random.default_rng(seed)))
        axis = key_axis(model)
        claimed.append(axis.cell_of is not None)
        if claimed[-1]:
            assert boxes_of(axis) == [box_of(one) for one in seen_pixels(tokens)], seed
    assert np.mean(claimed) >= 0.3


def test_a_cell_of_a_stack_of_kernels_is_its_tile_in_the_middle_of_what_it_sees() -> None:
    """As of CCT's tokenizer (https://arxiv.org/abs/2104.05704)."""
    steps = [
        conv(3, 1, "same"),
        layers.MaxPooling2D(3, 2, "same"),
        conv(3, 1, "same"),
        layers.MaxPooling2D(3, 2, "same"),
    ]
    model, tokens = model_of((16, 20, 3), *steps, flat)
    axis = key_axis(model)
    assert axis.grid == (4, 5)
    assert [part.size for part in axis.pixels or ()] == [part.stride for part in axis.pixels or ()] == [4, 4]
    for box, one in zip(boxes_of(axis), seen_pixels(tokens), strict=True):
        seen = box_of(one)
        assert box is not None
        assert seen is not None
        for (start, end), (first, last) in zip(box, seen, strict=True):
            assert first <= start < end <= last


def test_what_cannot_be_followed_is_no_cell_of_the_picture() -> None:
    """Tokens picked by what is in them, and two pictures whose tokens are put side by side."""
    sorted_ = [conv(4), flat, lambda x: ops.take_along_axis(x, ops.argsort(x[:, :, :1], 1), 1)]
    model, _ = model_of((12, 16, 3), *sorted_)
    assert key_axis(model) == Axis("key", 12)
    mixed = [conv(4), flat, lambda x: ops.transpose(layers.Dense(12)(ops.transpose(x, (0, 2, 1))), (0, 2, 1))]
    model, _ = model_of((12, 16, 3), *mixed)
    assert key_axis(model).cells is None
    first, second = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    x = layers.Concatenate(axis=1)([flat(conv(4)(first)), flat(conv(4)(second))])
    model = keras.Model([first, second], layers.MultiHeadAttention(1, 4)(x, x))
    pictures = np.random.default_rng(1).random((2, 8, 8, 3)).astype("float32")
    (site,) = name_axes(
        tuple(tb_attention.capture(model, [pictures, pictures]).values()), facts_of(Samples([pictures, pictures]))
    )
    assert site.axes[-1] == Axis("key", 8)


def test_words_that_were_moved_are_not_those_of_their_index() -> None:
    inputs = keras.Input((9,), dtype="int32")
    words = layers.Embedding(20, 6)(inputs)
    x = np.random.default_rng(0).integers(1, 20, (2, 9)).astype("int32")
    for moved, kind in ((words, "tokens"), (ops.flip(words, 1), "positions"), (ops.roll(words, 2, 1), "positions")):
        model = keras.Model(inputs, layers.MultiHeadAttention(1, 4)(moved, moved))
        (site,) = name_axes(tuple(tb_attention.capture(model, x).values()), facts_of(Samples(x)))
        assert (site.axes[-1].kind, site.axes[-1].input) == (kind, 0 if kind == "tokens" else None)
