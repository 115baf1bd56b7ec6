"""The widest types that the framework has, in which counts are kept. JAX has 64 bits only where it is told so."""

from __future__ import annotations

import keras


def float_type() -> str:
    """ "float64", exact for counts up to 2^53; on JAX "float32", exact up to 2^24, unless `jax_enable_x64` is set."""
    return "float64" if _has_64_bits() else "float32"


def int_type() -> str:
    """ "int64"; on JAX "int32", unless `jax_enable_x64` is set."""
    return "int64" if _has_64_bits() else "int32"


def _has_64_bits() -> bool:
    if keras.backend.backend() != "jax":
        return True
    import jax

    return bool(jax.config.jax_enable_x64)
