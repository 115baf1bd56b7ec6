"""The function `tb_attention.capture`. The framework of the model is imported when it is called, not before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tb_attention.site import Site
from tb_attention.tracing.select import SiteFilter


def capture(model: Any, *inputs: Any, sites: SiteFilter = None, **call_kwargs: Any) -> Mapping[str, Site]:
    """The attention weights of every site of a model, for some samples.

    The model is run once at inference and is the same afterwards, bit for bit. Nothing is written. The trace is kept with the
    model, so that the next call with inputs of this kind costs about a forward pass.

    Args:
        model: A built Keras model; a module of PyTorch, Flax nnx or Equinox; a module of Flax linen, whose first input holds its
            variables; or a function of JAX, whose first input holds its parameters.
        *inputs: What the model takes, samples along the first axis: arrays, tensors, strings, or lists and dicts of them. A
            dict such as a tokenizer's `BatchEncoding` gives a module of PyTorch its keyword arguments.
        sites: Which sites to capture: the path of a site or of a layer around some, a pattern ("*attention*"), several, or a
            function of the path. Defaults to all but routers, which are captured only where `sites` names them.
        **call_kwargs: Further arguments of the model, such as `mask`.

    Returns:
        A `Site` for each path, in the order of the model. Its `weights` are float32 in the order samples, heads, [iteration],
        [windows], query axes, key axes.

    Raises:
        CaptureError: The model cannot be traced.
        ArgumentError: `model` is none of these, there are no inputs, or a name in `sites` is that of no site; the message lists
            near ones.

    Example:
        sites = tb_attention.capture(model, x[:8])
        sites["block_1/attention"].weights.shape  # (8, heads, queries, keys)
    """
    from tb_attention.tracing.capturer import Capturer

    captured = Capturer(model, sites=sites)(*inputs, **call_kwargs)
    return {site.path: site for site in captured.sites}
