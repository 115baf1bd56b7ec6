"""Names of positions that are no cells of the image."""

from __future__ import annotations


def extra_names(count: int) -> tuple[str, ...]:
    """Names of positions that come before the cells of a grid: "CLS", "register 1", "register 2", ..."""
    return ("CLS", *(f"register {place}" for place in range(1, count)))[:count]
