"""Which sites the user wants."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable

from tb_attention.errors import ArgumentError

SiteFilter = str | Iterable[str] | Callable[[str], bool] | None
"""A name pattern as `fnmatch` knows them, several, a function of the path, or None for all."""


def make_selector(sites: SiteFilter) -> Callable[[str], bool]:
    """A function of a site's path that tells whether it is wanted.

    Raises:
        ArgumentError: `sites` is none of the kinds allowed.
    """
    if sites is None:
        return lambda path: True
    if callable(sites):
        wanted = sites
        return lambda path: bool(wanted(path))
    patterns = [sites] if isinstance(sites, str) else list(sites) if isinstance(sites, Iterable) else None
    if patterns is None or not all(isinstance(pattern, str) for pattern in patterns):
        raise ArgumentError(
            "`sites` must be a name pattern, several, or a function of a site's path that returns a bool. "
            f"Received: sites={sites!r}."
        )
    return lambda path: any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)
