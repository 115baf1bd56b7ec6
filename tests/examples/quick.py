"""What the tests of the examples share: a quick run as a reader starts it, and what must hold for every one."""

from __future__ import annotations

from pathlib import Path

import tb_attention
from tools.run_examples import QuickRun, quick_run


def trained(name: str, logdir: Path) -> QuickRun:
    """A quick run of an example, which reached what its script claims."""
    run = quick_run(name, logdir)
    assert run.reached >= run.claimed, f"{name} reached {run.reached}, its script claims {run.claimed}"
    return run


def facts(log: tb_attention.Log) -> dict[str, tuple[str, ...]]:
    """For each site its kind, and the kinds of its axes after those of samples and heads."""
    found = {}
    for path in log.sites:
        site = log.site(path)
        kinds = tuple(axis.kind for axis in site.axes if axis.role in ("query", "key"))
        found[path] = (site.kind, *kinds)
    return found
