"""How attention weights leave a model.

`tb_attention.capture` is both this package and a function: `tb_attention.capture(model, x)` and
`from tb_attention.capture import capture` do the same. TensorFlow is imported when it is called, not before.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tb_attention.capture.explanation import explain

if TYPE_CHECKING:
    from tb_attention.capture.select import SiteFilter
    from tb_attention.site import Site

__all__ = ["capture", "explain"]


def capture(model: Any, *inputs: Any, sites: SiteFilter = None, **call_kwargs: Any) -> Mapping[str, Site]:
    """The attention weights of every site of a model, for some samples.

    The model is run once at inference and is the same afterwards, bit for bit. Nothing is written. What was traced is kept with
    the model, so that the next call for inputs of this kind costs about a forward pass.

    Args:
        model: A built Keras model.
        *inputs: What the model takes, samples along the first axis: arrays, tensors, strings, or lists and dicts of them.
        sites: Which sites are wanted: the path of a site or of a layer around some, a pattern ("*attention*"), several, or a
            function of the path that tells. Defaults to all but routers, which are taken where they are asked for.
        **call_kwargs: Further arguments of the model's `call`, such as `mask`.

    Returns:
        A `Site` for each path, in the order of the model. Its `weights` are float32 in the order samples, heads, [iteration],
        [windows], query axes, key axes.

    Raises:
        CaptureError: The model cannot be traced.
        ArgumentError: `model` is not a Keras 3 model on TensorFlow, there are no inputs, or a name in `sites` is that of no site;
            the message lists near ones.

    Example:
        sites = tb_attention.capture(model, x[:8])
        sites["block_1/attention"].weights.shape  # (8, heads, queries, keys)
    """
    from tb_attention.capture.capturer import Capturer

    captured = Capturer(model, sites=sites)(*inputs, **call_kwargs)
    return {site.path: site for site in captured.sites}


class _CallableModule(ModuleType):
    """A module that can be called, so that importing its submodules does not take the function's place."""

    def __call__(self, model: Any, *inputs: Any, sites: SiteFilter = None, **call_kwargs: Any) -> Mapping[str, Site]:
        return capture(model, *inputs, sites=sites, **call_kwargs)


_CallableModule.__call__.__doc__ = capture.__doc__
sys.modules[__name__].__class__ = _CallableModule
