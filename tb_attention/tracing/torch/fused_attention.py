"""The weights of fused attention, computed again from what the kernel was given, by the names in the operators' schemas."""

from __future__ import annotations

from typing import Any

import torch

from tb_attention.tracing.torch.aten_pass import FLEX, Ran

_KERNELS = "_scaled_dot_product_"
"""What the names of all of torch's kernels begin with: flash, efficient, cuDNN, of the CPU, of other makers of hardware."""


def is_fused(ran: Ran) -> bool:
    return ran.name.startswith(_KERNELS) and {"query", "key", "value"} <= ran.arguments.keys()


def fused_weights(ran: Ran) -> torch.Tensor:
    """softmax(q k^T * scale + mask), without dropout.

    Returns:
        float32 (or float64) array (samples, heads of queries, queries, keys). Rows without a key that may be seen are 0.
    """
    scores = _flex_scores(ran) if ran.name == FLEX else _scores(ran)
    # In place where that is possible: maps of many heads are the largest tensors of a capture.
    return scores.softmax(-1).nan_to_num_()


def _scores(ran: Ran) -> torch.Tensor:
    query, key = _wide(ran["query"]), _wide(ran["key"])
    scale = ran["scale"] if ran["scale"] is not None else query.shape[-1] ** -0.5
    scores = (query @ _for_all_heads(key, query).mT).mul_(scale)
    mask = ran["attn_mask"] if ran["attn_mask"] is not None else ran["attn_bias"]
    if mask is not None:
        scores = scores.masked_fill_(~mask, -torch.inf) if mask.dtype == torch.bool else scores.add_(mask)
    if ran["is_causal"]:
        # Aligned to the first query and the first key, as all of these kernels do.
        seen = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
        scores = scores.masked_fill_(~seen, -torch.inf)
    return scores


def _wide(tensor: torch.Tensor) -> torch.Tensor:
    """Kernels add up in float32."""
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def _for_all_heads(key: torch.Tensor, query: torch.Tensor) -> torch.Tensor:
    groups = query.shape[-3] // key.shape[-3]
    return key if groups == 1 else key.repeat_interleave(groups, -3)


def _flex_scores(ran: Ran) -> torch.Tensor:
    from torch._higher_order_ops.flex_attention import _math_attention_inner

    query = ran["query"]
    names = ("value", "score_mod", "block_mask", "scale", "kernel_options")
    rest: Any = ran["rest"] or ()
    key = _for_all_heads(ran["key"], query)
    scores: torch.Tensor = _math_attention_inner(query, key, *(ran[name] for name in names), *rest)[1]
    return _wide(scores)
