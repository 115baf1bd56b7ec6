"""Attention of generated sequences: what `generate` of transformers returns, each value where its query and key are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_attention import AttentionWriter, Samples, load
from tb_attention.errors import ArgumentError
from tb_attention.plugin.serve_curves import mean_row
from tb_attention.records.format.digest import overview
from tb_attention.reduce.head_measures import head_measures
from tb_attention.site import Axis

RANDOM = np.random.default_rng(0)
PROMPT, NEW, LAYERS, HEADS = 5, 4, 2, 2


def softmax_rows(*shape: int) -> np.ndarray:
    raw = RANDOM.random(shape, np.float32)
    return raw / raw.sum(-1, keepdims=True)


def steps_of(rows: int, layers: int = LAYERS, prompt: int = PROMPT) -> tuple[tuple[np.ndarray, ...], ...]:
    """As a decoder with a cache gives them: all queries of the prompt, then one a token."""
    return tuple(
        tuple(softmax_rows(rows, HEADS, prompt if token == 0 else 1, prompt + token) for _ in range(layers))
        for token in range(NEW)
    )


def model_of(kind: str) -> Any:
    """A tiny model of transformers with random weights."""
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    ends = {"pad_token_id": 0, "eos_token_id": 2}
    if kind == "gpt2":
        config = transformers.GPT2Config(
            vocab_size=50,
            n_positions=32,
            n_embd=16,
            n_layer=2,
            n_head=2,
            bos_token_id=1,
            attn_implementation="eager",
            **ends,
        )
        return transformers.GPT2LMHeadModel(config).eval()
    if kind == "t5":
        config = transformers.T5Config(
            vocab_size=50,
            d_model=16,
            d_kv=8,
            d_ff=16,
            num_layers=2,
            num_heads=2,
            decoder_start_token_id=0,
            attn_implementation="eager",
            **ends,
        )
        return transformers.T5ForConditionalGeneration(config).eval()
    config = transformers.BartConfig(
        vocab_size=50, d_model=16, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=16, decoder_ffn_dim=16, max_position_embeddings=32, decoder_start_token_id=2, forced_eos_token_id=None,
        attn_implementation="eager", **ends,
    )  # fmt: skip
    return transformers.BartForConditionalGeneration(config).eval()


def generated(kind: str, **options: Any) -> Any:
    torch = pytest.importorskip("torch")
    ids = torch.tensor(np.random.default_rng(1).integers(3, 50, (3, PROMPT)))
    return model_of(kind).generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=NEW,
        output_attentions=True,
        return_dict_in_generate=True,
        **options,
    )


@pytest.mark.parametrize("kind", ["gpt2", "bart", "t5"])
@pytest.mark.parametrize(
    "options",
    [
        {"min_new_tokens": NEW},
        {"min_new_tokens": NEW, "use_cache": False},
        {"num_beams": 2},
        {"num_beams": 3, "num_return_sequences": 2},
        {"do_sample": True, "num_return_sequences": 2},
    ],
    ids=["greedy", "no cache", "beams", "beams returned", "samples"],
)
def test_each_weight_is_at_its_query_and_key(kind: str, options: dict[str, Any], tmp_path: Path) -> None:
    outputs = generated(kind, **options)
    sequences = outputs.sequences.numpy()
    with AttentionWriter(tmp_path, samples=Samples(sequences)) as writer:
        writer.write_generation(0, outputs)
        writer.write_generation(1, outputs, iterations=True)
    log = load(tmp_path)
    beams = getattr(outputs, "beam_indices", None)
    names = {
        "decoder": outputs.get("attentions") or outputs.get("decoder_attentions"),
        "cross": outputs.get("cross_attentions"),
    }
    length = sequences.shape[1]
    for name, steps in names.items():
        for layer in range(LAYERS if steps else 0):
            site = f"{name}/layer_{layer}"
            keys = length if name == "decoder" else PROMPT
            for sequence in range(len(sequences)):
                merged = log.weights(0, sequence, site)
                apart = log.weights(1, sequence, site)
                assert merged.shape == (HEADS, length, keys)
                assert apart.shape == (HEADS, length - (PROMPT if kind == "gpt2" else 1), length, keys)
                assert np.isnan(merged[:, -1]).all()  # nothing has read the last token
                first = steps[0][layer].shape[2]
                for token, step in enumerate(steps[: apart.shape[1]]):
                    row = sequence if beams is None else int(beams[sequence, token]) if token < beams.shape[1] else -1
                    last = first + token - 1
                    if row < 0:
                        assert np.isnan(merged[:, last]).all()
                        continue
                    theirs = step[layer][row].numpy()
                    count = theirs.shape[2]
                    # Without a cache T5 rounds each time in another way.
                    nearly = 1e-5 if kind == "t5" else 0
                    np.testing.assert_allclose(merged[:, last, :count], theirs[:, -1], rtol=nearly, atol=0)
                    assert not merged[:, last, count:].any()
                    queries = theirs.shape[1]
                    np.testing.assert_array_equal(apart[:, token, last + 1 - queries : last + 1, :count], theirs)
                    assert np.isnan(apart[:, token, last + 1 :]).all()
                    assert np.isnan(apart[:, token, : last + 1 - queries]).all()
    for layer, encoder in enumerate(outputs.get("encoder_attentions") or ()):
        times = len(sequences) // len(encoder)
        for sequence in range(len(sequences)):
            np.testing.assert_array_equal(
                log.weights(0, sequence, f"encoder/layer_{layer}"), encoder[sequence // times].numpy()
            )


def test_axes_are_tokens_and_iterations(tmp_path: Path) -> None:
    tokens = RANDOM.integers(0, 9, (3, PROMPT + NEW))
    with AttentionWriter(tmp_path, samples=Samples(tokens)) as writer:
        writer.write_generation(0, {"attentions": steps_of(3)}, metrics={"loss": 1.0})
        writer.write_generation(1, {"attentions": steps_of(3)}, iterations=True)
    log = load(tmp_path)
    both = [Axis("query", 9, "tokens", input=0), Axis("key", 9, "tokens", input=0)]
    assert list(log._steps.entry(0).manifest.sites[0].axes)[-2:] == both
    assert list(log._steps.entry(1).manifest.sites[0].axes)[-3:] == [Axis("iteration", NEW), *both]


def inputs_of_axes(log_dir: Path, samples: Samples, outputs: dict[str, Any]) -> dict[str, list[int | None]]:
    """For each site the inputs that its queries and keys are tokens of."""
    with AttentionWriter(log_dir, samples=samples) as writer:
        writer.write_generation(0, outputs)
    log = load(log_dir)
    axes = {path: [axis for axis in log.site(path).axes if axis.role in ("query", "key")] for path in log.sites}
    assert all((axis.kind == "tokens") is (axis.input is not None) for both in axes.values() for axis in both)
    return {path: [axis.input for axis in both] for path, both in axes.items()}


@pytest.mark.parametrize("prompt", [NEW + 1, NEW, NEW + 3])
def test_queries_and_keys_are_the_words_that_were_read(prompt: int, tmp_path: Path) -> None:
    """Also where source and generated sequence have as many tokens, or the decoder read as many as the encoder."""
    source, generated = RANDOM.integers(3, 50, (3, prompt)), RANDOM.integers(3, 50, (3, NEW + 1))
    outputs = {
        "sequences": generated,
        "decoder_attentions": [[softmax_rows(3, HEADS, 1, token + 1)] for token in range(NEW)],
        "cross_attentions": [[softmax_rows(3, HEADS, 1, prompt)] for _ in range(NEW)],
        "encoder_attentions": [softmax_rows(3, HEADS, prompt, prompt)],
    }
    found = {
        "decoder/layer_0": [1, 1],
        "cross/layer_0": [1, 0],
        "encoder/layer_0": [0, 0],
    }
    both = {"source": source, "generated": generated}
    assert inputs_of_axes(tmp_path / "by contents", Samples(both), outputs) == found
    turned = {path: [1 - index for index in indices] for path, indices in found.items()}
    assert inputs_of_axes(tmp_path / "turned", Samples(dict(reversed(both.items()))), outputs) == turned
    masked = {"source": source, "mask": np.ones_like(source), "generated": generated}
    masked_inputs = {path: [2 * index for index in indices] for path, indices in found.items()}
    assert inputs_of_axes(tmp_path / "masked", Samples(masked), outputs) == masked_inputs
    alone = {path: [0 if index == 1 else None for index in indices] for path, indices in found.items()}
    assert inputs_of_axes(tmp_path / "generated", Samples(generated), outputs) == alone
    alone = {path: [0 if index == 0 else None for index in indices] for path, indices in found.items()}
    assert inputs_of_axes(tmp_path / "source", Samples(source), outputs) == alone
    del outputs["sequences"]
    assert inputs_of_axes(tmp_path / "by order", Samples([source, generated]), outputs) == found
    either = prompt in (NEW, NEW + 1)
    nothing = {path: [None, None] for path in found}
    assert inputs_of_axes(tmp_path / "either", Samples(source), outputs) == (nothing if either else alone)


def test_overviews_and_measures_are_of_the_rows_that_were_computed(tmp_path: Path) -> None:
    tokens = RANDOM.integers(0, 9, (3, PROMPT + NEW))
    outputs = {"attentions": steps_of(3), "sequences": tokens}
    with AttentionWriter(tmp_path, samples=Samples(tokens)) as writer:
        writer.write_generation(0, outputs)
        writer.write_generation(1, outputs, iterations=True)
    log, site = load(tmp_path), "decoder/layer_0"
    merged, apart = log.weights(0, 0, site), log.weights(1, 0, site)
    axes = log._steps.entry(1).manifest.sites[0].axes
    np.testing.assert_array_equal(overview(apart, axes, "self"), merged)
    for step, maps in ((0, merged[:, None]), (1, apart)):
        # Rows of 0 do not count.
        np.testing.assert_allclose(log.measures(step)[0, :HEADS], head_measures(np.nan_to_num(maps)), rtol=1e-5)
        for queries in ([PROMPT], [PROMPT + NEW - 1]):
            row = mean_row(log.weights(step, 0, site), log._steps.entry(step).manifest.sites[0], queries)
            np.testing.assert_array_equal(row, merged[:, queries[0]])


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (steps_of(3), r"`outputs` must be what `generate\(output_attentions=True, .* Received: tuple\."),
        ({"sequences": 1}, r"attn_implementation='eager'\. Received: \['sequences'\]\."),
        (
            {"attentions": (steps_of(3)[0], (None, None))},
            r"`attentions\[1\]\[0\]` must have shape .* Received: NoneType\.",
        ),
        (
            {"attentions": steps_of(3)[0]},
            r"`attentions` must be a tuple over tokens of tuples over layers\. .* for `write`\.",
        ),
        ({"attentions": ()}, "Received: tuple of 0"),
        (
            {"attentions": (*steps_of(3), steps_of(3, layers=1)[1])},
            r"must have the same layers\. Received: \[2, 2, 2, 2, 1\]",
        ),
        (
            {"attentions": steps_of(6)},
            r"a row for each of the 3 samples .* Received: 6 rows\. Rows of several beams need `beam_ind",
        ),
        (
            {"attentions": steps_of(6), "beam_indices": np.zeros((6, NEW), int)},
            r"of the 3 samples .* Received: 6 sequences\.",
        ),
        (
            {"attentions": steps_of(6), "beam_indices": np.full((3, NEW), 6)},
            r"`beam_indices` must be rows .* has 6\. Received: 6",
        ),
        (
            {"attentions": [[softmax_rows(3, 2, 1, n)] for n in (4, 5, 5)]},
            r"sliding window do neither\. .* keys \[4, 5, 5\]\.",
        ),
        (
            {"encoder_attentions": (softmax_rows(2, 2, 4, 4),)},
            r"`encoder_attentions` must have as many rows .* 2 rows, 3 seq",
        ),
    ],
)
def test_what_cannot_be_written_is_refused_by_name(outputs: Any, words: str, tmp_path: Path) -> None:
    writer = AttentionWriter(tmp_path / "run", samples=Samples(np.zeros((3, 9), int)))
    with pytest.raises(ArgumentError, match=words):
        writer.write_generation(0, outputs)
    writer.close()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (
            steps_of(3),
            r"must map paths of sites to arrays\. Received: tuple\. Layers of one pass .* `write_generation` takes",
        ),
        (
            {"decoder": steps_of(3)},
            r"one for each site\. Received: tuple of 4 at 'decoder'\. Layers of one pass .* `write_generation` takes",
        ),
        (
            {"decoder/0": [step[0] for step in steps_of(3)]},
            r"Received: list of 4 at 'decoder/0'\. Layers of one pass .* `write_generation` takes",
        ),
        ({"a": softmax_rows(3, 2, 4, 4), "b": None}, r"Received: .* at 'b'"),
        (
            {"a": softmax_rows(3, 2, 4, 4), "b": softmax_rows(2, 2, 4, 4)},
            r"same samples .* 3 at 'a', 2 at 'b'\.",
        ),
    ],
)
def test_write_names_the_site_and_the_form(weights: Any, words: str, tmp_path: Path) -> None:
    writer = AttentionWriter(tmp_path / "run")
    with pytest.raises(ArgumentError, match=words):
        writer.write(0, weights)
    assert not (tmp_path / "run").exists()


def test_samples_that_do_not_fit_are_named_by_site(tmp_path: Path) -> None:
    writer = AttentionWriter(tmp_path, samples=Samples(np.zeros((2, 4))))
    with pytest.raises(ArgumentError, match=r"must be of the 2 samples .* Received: 6 at 'a', 2 at 'b'\."):
        writer.write(0, {"a": softmax_rows(6, 2, 4, 4), "b": softmax_rows(2, 2, 4, 4)})


@pytest.mark.parametrize("size", [8, 80])
def test_cells_that_are_empty_stay_empty_and_the_others_stay(size: int, tmp_path: Path) -> None:
    weights = softmax_rows(2, 4, size, size)
    weights[..., ~np.tri(size, dtype=bool)] = np.nan
    with AttentionWriter(tmp_path) as writer:
        writer.write(0, {"a": weights})
    for sample in range(2):
        np.testing.assert_allclose(load(tmp_path).weights(0, sample, "a"), weights[sample], atol=5e-4)
