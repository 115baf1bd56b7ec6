"""Captures tiny models of Hugging Face, eager and with fused attention, and prints which maps of `output_attentions` are missed.

Weights are random and nothing is downloaded. The eager model says what is right: each of its maps must be a site within 1e-5, in
the order of its samples, heads (and windows), queries and keys. A row of a query that is padding, and may see no key, is not
compared: eager models attend uniformly in it, and fused kernels to nothing. Exits with 1 if a map is missed that `KNOWN`
does not name.

Example:
    python benchmarks/capture_huggingface.py Bert Swin   # only some of them
"""

from __future__ import annotations

import sys
import time
import warnings
from typing import Any

import numpy as np
import torch
import transformers
from huggingface.tiny_models import CASES, make

import tb_attention

TOLERANCE = 1e-5
KNOWN = {
    "Longformer": "its map holds chunks of keys, which the model puts together anew for `output_attentions`",
    "WavLM": "`output_attentions` gives the mean of its heads, which the sites have one by one",
}


def main(names: list[str]) -> int:
    missed = 0
    print(f"{'model':16} {'attention':9} {'maps':>4} {'missed':>6} {'sites':>5} {'seconds':>7}")
    for name in names or CASES:
        try:
            expected, inputs, weights = expected_maps(name)
        except Exception as error:
            print(f"{name:16} no eager model: {type(error).__name__}: {str(error)[:80]}")
            continue
        for attention in ("eager", "sdpa"):
            try:
                model, _ = make(name, attention)
            except ValueError:
                continue  # the architecture has no such attention
            model.load_state_dict(weights)
            start = time.perf_counter()
            sites = [site.weights for site in tb_attention.capture(model, inputs).values()]
            seconds = time.perf_counter() - start
            lost = sum(not any(same(want, got) for got in sites) for want in expected)
            missed += lost if name not in KNOWN else 0
            reason = KNOWN.get(name, "") if lost else ""
            print(f"{name:16} {attention:9} {len(expected):4} {lost:6} {len(sites):5} {seconds:7.2f}  {reason}")
    print(f"{missed} maps missed")
    return int(missed > 0)


def expected_maps(name: str) -> tuple[list[np.ndarray], Any, Any]:
    """What the eager model returns, its inputs and its weights."""
    model, inputs = make(name, "eager")
    with torch.no_grad():
        returned = model(**inputs, output_attentions=True)
    parts = [returned, *(returned.get(part) for part in ("text_model_output", "vision_model_output"))]
    maps = [
        leaf.float().numpy()
        for part in parts
        if part is not None
        for key in part
        if "attentions" in key
        for leaf in leaves(part[key])
    ]
    return maps, inputs, model.state_dict()


def leaves(nested: Any) -> list[torch.Tensor]:
    if isinstance(nested, torch.Tensor):
        return [nested]
    return [leaf for part in nested or () for leaf in leaves(part)]


def same(want: np.ndarray, got: np.ndarray) -> bool:
    """Whether two arrays of maps are equal; windows lie beside the samples in what models return."""
    if want.size != got.size:
        return False
    if want.shape != got.shape and got.ndim >= 5:
        # samples, heads, windows, queries, keys: as samples and windows, heads, queries, keys.
        got = np.moveaxis(got, 2, 1).reshape(-1, got.shape[1], *got.shape[3:])
        got = got.reshape(want.shape) if got.size == want.size else got
    got = got.reshape(want.shape)
    compared = np.abs(got.sum(-1, keepdims=True)) > TOLERANCE
    return bool((np.abs(want - got) * compared).max() <= TOLERANCE)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    sys.exit(main(sys.argv[1:]))
