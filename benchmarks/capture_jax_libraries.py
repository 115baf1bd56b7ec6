"""Captures five models each of Flax linen, Flax nnx, Equinox and plain JAX, and kernels of attention for TPUs, interpreted.

Sites are right if paths, kinds, shapes, order and, within 1e-5, weights are those that the models compute themselves.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.pallas import tpu
from jax.experimental.pallas.ops.tpu.flash_attention import flash_attention
from jax.experimental.pallas.ops.tpu.splash_attention import splash_attention_kernel, splash_attention_mask

import tb_attention
from tests.jax import equinox_models, linen_models, nnx_models, plain_models, test_libraries
from tests.jax.noted import normal

LIBRARIES: dict[str, tuple[Callable[[str], None], Any]] = {
    "linen": (test_libraries.test_sites_of_linen, linen_models),
    "nnx": (test_libraries.test_sites_of_nnx, nnx_models),
    "equinox": (test_libraries.test_sites_of_equinox, equinox_models),
    "plain JAX": (test_libraries.test_sites_of_plain_jax, plain_models),
}


def main() -> None:
    for library, (check, models) in LIBRARIES.items():
        verdicts = {name: verdict(check, name) for name in models.CASES}
        right = sum(each == "right" for each in verdicts.values())
        print(f"{library}: {right} of {len(verdicts)} right", flush=True)
        for name, each in verdicts.items():
            if each != "right":
                print(f"  {name}: {each}")
    for name, (kernel, options) in KERNELS.items():
        print(f"{name}: off by {off(kernel, options):.1g}", flush=True)


def verdict(check: Callable[[str], None], name: str) -> str:
    try:
        check(name)
    except Exception as error:
        return " ".join(str(error).split())[:200]
    return "right"


def flash(query: Any, key: Any, value: Any) -> Any:
    with tpu.force_tpu_interpret_mode():
        return flash_attention(query, key, value, sm_scale=0.3)


def splash(query: Any, key: Any, value: Any) -> Any:
    masks = splash_attention_mask.MultiHeadMask(
        [splash_attention_mask.LocalMask((128, 128), (20, 5), 0) for _ in range(2)]
    )
    kernel = splash_attention_kernel.make_splash_mha(mask=masks, head_shards=1, q_seq_shards=1, interpret=True)
    return jax.vmap(kernel)(query * 0.3, key, value)


KERNELS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "flash attention of TPUs": (flash, {}),
    "splash attention of TPUs, in a window": (splash, {"local_window_size": (20, 5)}),
}


def off(kernel: Callable[..., Any], options: dict[str, Any]) -> float:
    """The largest difference of weights in a kernel from those of plain operations."""
    x, params = normal(2, 128, 32), {name: normal(32, 256) / 6 for name in ("q", "k", "v")}

    def weights(attend: Callable[..., Any]) -> Any:
        def run(params: Any, x: Any) -> Any:
            return jnp.mean(attend(*((x @ params[name]).reshape(*x.shape[:2], 2, 128) for name in "qkv")), axis=1)

        (site,) = tb_attention.capture(run, params, x).values()
        return site.weights

    def heads_first(*given: Any) -> Any:
        return jnp.swapaxes(kernel(*(jnp.swapaxes(part, 1, 2) for part in given)), 1, 2)

    plain = weights(lambda *given: jax.nn.dot_product_attention(*given, scale=0.3, implementation="xla", **options))
    return float(np.abs(weights(heads_first) - plain).max())


if __name__ == "__main__":
    main()
