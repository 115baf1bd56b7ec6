"""The stand-alone page in the output of a notebook's cell."""

from __future__ import annotations

import html
import os
from dataclasses import dataclass, field

from tb_attention.errors import ArgumentError, NotInLogError
from tb_attention.export.choice import choose
from tb_attention.export.stand_alone_page import check_size, make_page, run_name
from tb_attention.records.format.paths import Step
from tb_attention.records.reading.logged_steps import nothing_in
from tb_attention.records.reading.reader import load
from tb_attention.records.store.opening import open_store

SHOWN_BYTES = 2_500_000
"""Jupyter's server drops outputs of more than 3 MB at once (`ServerApp.iopub_data_rate_limit`), and the frame adds some bytes."""


@dataclass(frozen=True)
class Shown:
    """A page that notebooks draw as the output of a cell. Elsewhere it is a line of text.

    Attributes:
        html: The page.
        height: Of its frame, in pixels.
        title: What the page calls the run.
    """

    html: str = field(repr=False)
    height: int
    title: str

    def _repr_html_(self) -> str:
        # Without `allow-same-origin`, a log of somebody else cannot reach the notebook, whatever the page does.
        return (
            f'<iframe title="{html.escape(self.title)}: attention" sandbox="allow-scripts allow-downloads" '
            f'style="width: 100%; height: {self.height}px; border: 1px solid #ccc" srcdoc="{html.escape(self.html)}"></iframe>'
        )


def show(
    log_dir: str | os.PathLike[str],
    step: Step | None = None,
    sample: int | str | None = None,
    site: str | None = None,
    head: int | None = None,
    *,
    tag: str | None = None,
    attempt: int | None = None,
    redact: bool = False,
    title: str | None = None,
    height: int = 600,
    max_bytes: int = SHOWN_BYTES,
) -> Shown:
    """Draws a log in the output of a notebook's cell, without a TensorBoard: the stand-alone page of `export_html`.

    With a step, a sample, a site or a head the page holds only their maps, and opens on them. What is left out is the newest
    step, the first sample and the first site, with all heads. Without any, the page holds the whole log, as far as `max_bytes`
    permits. The page is part of the notebook when that is saved, with the texts and pictures of its samples; `redact` leaves
    these out.

    Args:
        log_dir: The run's directory, or a URL that fsspec knows.
        step: A step, or "init".
        sample: Its index, from 0, or its id.
        site: Its path.
        head: From 0; other heads are drawn hatched.
        tag: The series; by default the only attention series, or the one called "attention", or the first by name.
        attempt: From 1; the newest that has a step by default.
        redact: Whether to leave out what was fed in, as for `export_html`.
        title: What the page calls the run; by default the name of its directory.
        height: Of the frame in pixels; 600 by default.
        max_bytes: The largest page; 2.5 MB by default, because Jupyter's server drops larger outputs. A page without maps takes
            0.8 MB.

    Returns:
        An object that notebooks draw. Make it the last expression of a cell, or pass it to IPython's `display`.

    Raises:
        ArgumentError: An argument is wrong, or the page would be larger than `max_bytes`.
        NotInLogError: The log is empty, or has no such series, attempt, step, sample, site or head.
        MissingDependencyError: The front end of a checkout has not been built.

    Example:
        >>> tb_attention.show("logs/run1", step=9, sample=0, site="block_1/attention", head=2)
    """
    if isinstance(height, bool) or not isinstance(height, int) or height < 1:
        raise ArgumentError(f"`height` must be a positive number of pixels. Received: height={height!r}.")
    store = open_store(log_dir)
    link: dict[str, object] = {}
    if any(each is not None for each in (step, sample, site, head)):
        log = load(log_dir, tag, attempt)
        tag, attempt = log.tag, log.attempt
        if not log.sites:
            raise NotInLogError(nothing_in(store) if tag is None else f"The series {tag!r} has no maps.")
        step = log.steps[-1] if step is None and log.steps else "init" if step is None else step
        site = log.sites[0] if site is None else site
        sample = 0 if sample is None else sample
        link = {"view": "head", "head": 0 if head is None else head}
    chosen = choose(step, sample, site, head, redact)
    page = make_page(store, title or run_name(store), tag, attempt, chosen, link)
    check_size(page.size, max_bytes)
    return Shown(b"".join(page.chunks()).decode("utf-8"), height, title or run_name(store))
