"""What one series puts into a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tb_attention.export.bodies import Body


@dataclass(frozen=True)
class SeriesPart:
    """One series in a page.

    Attributes:
        answer: As the route `series` gives it.
        samples: By name of the set, as the route `samples` gives it.
        bodies: Its arrays.
    """

    answer: dict[str, Any]
    samples: Mapping[str, Mapping[str, Any]]
    bodies: Sequence[Body]
