"""Checks of arguments that callbacks, `log` and `AttentionWriter` share. Each raises `ArgumentError`."""

from __future__ import annotations

import contextlib
import math
import operator
from collections.abc import Iterable, Mapping
from typing import Any, cast

import numpy as np

from tb_attention.errors import ArgumentError
from tb_attention.records.format.paths import Step, check_step, tag_folder


def checked_tag(tag: Any) -> str:
    """The name of a series: a string that is not empty."""
    tag_folder(tag)
    return cast(str, tag)


def checked_mode(mode: Any) -> str:
    """How metrics are compared: "auto", "min" or "max"."""
    if mode not in ("auto", "min", "max"):
        raise ArgumentError(f"`mode` must be 'auto', 'min' or 'max'. Received: mode={mode!r}.")
    return cast(str, mode)


def checked_step(step: Any) -> Step:
    """An integer of at least 0, of any type that is one, or "init"."""
    if not isinstance(step, str | bool):
        # The check below reports what is no integer.
        with contextlib.suppress(TypeError):
            step = operator.index(step)
    check_step(step)
    return cast(Step, step)


def checked_bytes(name: str, value: Any) -> float:
    """A positive number of bytes, such as 2e9."""
    if isinstance(value, np.number):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 1 or math.isinf(value):
        raise ArgumentError(f"`{name}` must be a positive number of bytes, such as 2e9. Received: {name}={value!r}.")
    return value


def checked_limit(name: str, value: Any) -> int | None:
    """A positive number of bytes as an integer, or None for no limit."""
    return None if value is None else int(checked_bytes(name, value))


def checked_count(name: str, value: Any, *, least: int) -> int:
    """An integer of at least `least`, as an int, a whole float (R counts in floats: 8.0) or a number of NumPy."""
    count = as_count(value)
    if count is None or count < least:
        kind = "a positive integer" if least == 1 else f"an integer of at least {least}"
        raise ArgumentError(f"`{name}` must be {kind}. Received: {name}={value!r}.")
    return count


def checked_optional_count(name: str, value: Any, *, least: int) -> int | None:
    """An integer of at least `least`, or None."""
    return None if value is None else checked_count(name, value, least=least)


def checked_indices(name: str, values: Iterable[Any], what: str) -> tuple[int, ...]:
    """Indices; negative ones count from the end."""
    indices = [as_count(value) for value in values]
    if None in indices:
        raise ArgumentError(f"`{name}` must be indices of {what}. Received: {name}={values!r}.")
    return tuple(index for index in indices if index is not None)


def checked_frequency(update_freq: Any) -> int | None:
    """Batches from step to step; None for a step every epoch."""
    every = 1 if update_freq == "batch" else as_count(update_freq)
    if update_freq != "epoch" and (every is None or every < 1):
        raise ArgumentError(
            f"`update_freq` must be 'epoch', 'batch' or a positive number of batches. Received: update_freq={update_freq!r}."
        )
    return every


def checked_metrics(metrics: Mapping[str, Any] | None) -> dict[str, float]:
    """Numbers by name."""
    checked = {}
    for name, value in (metrics or {}).items():
        try:
            checked[str(name)] = float(value)
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"`metrics` must be numbers by name. Received: {name}={value!r}.") from error
    return checked


def checked_header(step: Any, metrics: Mapping[str, Any] | None, epoch: Any, batch: Any) -> dict[str, Any]:
    """What the user says of a step, as the fields "step", "logs", "epoch" and "batch" of its record."""
    return {
        "step": checked_step(step),
        "logs": checked_metrics(metrics),
        "epoch": checked_optional_count("epoch", epoch, least=0),
        "batch": checked_optional_count("batch", batch, least=0),
    }


def as_count(value: Any) -> int | None:
    """The integer of an integer or of a whole float, Python's or NumPy's; None for anything else."""
    if isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, float | np.floating):
        return int(value) if float(value).is_integer() else None
    try:
        return operator.index(value)
    except TypeError:
        return None
