"""The result of a capture: sites, outputs of the model, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tb_attention.site import Site


@dataclass(frozen=True)
class LeftOut:
    """A softmax or sigmoid of the model that is not a site, or a site that was not captured.

    Attributes:
        path: The path of its layer.
        reason: Why, in a few words.
        is_fault: Whether it is probably a mistake in the model, so that a callback warns.
        is_site: Whether it is a site that was not asked for, or whose weights could not be taken.
    """

    path: str
    reason: str
    is_fault: bool = False
    is_site: bool = False


@dataclass(frozen=True, eq=False)
class Capture:
    """The result of one pass of a model.

    Attributes:
        sites: In the order of the model.
        outputs: The model's outputs of the same pass, as NumPy arrays, nested as the model returns them.
        left_out: Softmaxes and sigmoids that are not attention, or were not asked for.
        failed: Sites whose weights could not be taken.
    """

    sites: tuple[Site, ...]
    outputs: Any
    left_out: tuple[LeftOut, ...] = ()
    failed: tuple[LeftOut, ...] = ()

    @property
    def paths(self) -> list[str]:
        """The paths of all sites of the model, also of those that were not asked for or that failed."""
        others = (left.path for left in (*self.failed, *self.left_out) if left.is_site)
        return [*(site.path for site in self.sites), *others]
