"""A table of the sites of a model, and of what is left out and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tb_attention.site import Axis, Kind, Site
from tb_attention.tracing.captured import Capture, LeftOut
from tb_attention.tracing.select import SiteFilter

_HEADINGS = ("path", "kind", "axes", "shape", "bytes a step")


@dataclass(frozen=True)
class ExplainedSite:
    """A site without its weights.

    Attributes:
        path: As `Site.path`.
        kind: As `Site.kind`.
        axes: As `Site.axes`, one a dimension.
        bytes: Of the weights of one capture, float32. A log takes less: a byte or two a weight.
        note: As `Site.note`.
    """

    path: str
    kind: Kind
    axes: tuple[Axis, ...]
    bytes: int
    note: str | None

    @property
    def shape(self) -> tuple[int, ...]:
        """Samples, heads, [iteration], [windows], query axes, key axes."""
        return tuple(axis.size for axis in self.axes)


@dataclass(frozen=True)
class Explanation:
    """The sites of a model for some samples; its text is a table.

    The text has a line for each site. What is left out for the same reason in the same layer, or in layers whose names differ by
    numbers, is one line. The rarest reason comes first, so that one router is not lost among fifty swishes.

    Attributes:
        sites: What is captured, in the order of the model.
        left_out: Softmaxes and sigmoids that are no sites, or were not asked for, and why.
        failed: Sites whose weights could not be taken, and why.
    """

    sites: tuple[ExplainedSite, ...]
    left_out: tuple[LeftOut, ...]
    failed: tuple[LeftOut, ...]

    @property
    def bytes(self) -> int:
        """Of the weights of all sites."""
        return sum(site.bytes for site in self.sites)

    def __str__(self) -> str:
        rows = [
            (
                site.path,
                site.kind,
                ", ".join(map(_axis, site.axes)),
                " x ".join(map(str, site.shape)),
                f"{site.bytes:,}",
            )
            for site in self.sites
        ]
        parts = [_table([_HEADINGS, *rows])] if rows else ["No attention was found."]
        parts.extend(f"{paths}: {note}" for paths, note in _grouped([(s.path, s.note) for s in self.sites if s.note]))
        if rows:
            parts.append(f"{len(rows)} sites, {self.bytes:,} bytes a step.")
        for heading, items in (("Failed:", self.failed), ("Left out:", self.left_out)):
            if items:
                parts.append(f"\n{heading}\n{_table(_grouped([(item.path, item.reason) for item in items]))}")
        return "\n".join(parts)


def explain(model: Any, *inputs: Any, sites: SiteFilter = None, **call_kwargs: Any) -> Explanation:
    """Prints and returns the sites of a model, and which softmaxes and sigmoids are left out and why.

    The model is run once at inference and is the same afterwards, bit for bit. Nothing is written.

    Args:
        model: As for `capture`.
        *inputs: What the model takes, samples along the first axis.
        sites: Which sites are wanted, as for `capture`. Defaults to all but routers.
        **call_kwargs: Further arguments of the model.

    Raises:
        CaptureError: The model cannot be traced.
        ArgumentError: `model` is of another kind, or there are no inputs.

    Example:
        tb_attention.explain(model, x[:2])
    """
    from tb_attention.tracing.capturer import Capturer

    explanation = explain_capture(Capturer(model, sites=sites)(*inputs, **call_kwargs))
    print(explanation)
    return explanation


def explain_capture(captured: Capture) -> Explanation:
    """The table of a capture."""
    return Explanation(tuple(map(_explained, captured.sites)), captured.left_out, captured.failed)


def _explained(site: Site) -> ExplainedSite:
    return ExplainedSite(site.path, site.kind, site.axes, int(site.weights.nbytes), site.note)


def _axis(axis: Axis) -> str:
    if axis.grid is not None:
        cells = " x ".join(map(str, axis.grid))
        return f"{axis.role} ({'+ '.join([*axis.extra, ''])}{cells} grid)"
    return axis.role if axis.kind == "positions" else f"{axis.role} ({axis.kind})"


def _grouped(items: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Paths and their sentences, one line for each sentence and block, the smallest groups first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for path, sentence in items:
        block = re.sub(r"\d+", "*", path.rpartition("/")[0])
        groups.setdefault((block, sentence), []).append(path)
    lines = []
    for (_, sentence), paths in sorted(groups.items(), key=lambda group: len(group[1])):
        shown = paths[0] if len(paths) == 1 else f"{paths[0]} to {paths[-1]} ({len(paths)})"
        lines.append((shown, sentence))
    return lines


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
