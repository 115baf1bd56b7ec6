"""Which sites the user wants, and errors for names that no site has."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence

from tb_attention.errors import ArgumentError
from tb_attention.tracing import limits

SiteFilter = str | Iterable[str] | Callable[[str], bool] | None
"""Paths of sites or of layers around them, or patterns as `fnmatch` knows them; a function of the path; None for all."""


def make_selector(sites: SiteFilter) -> Callable[[str], bool]:
    """A function of a site's path that returns whether it is wanted.

    Raises:
        ArgumentError: `sites` is none of the kinds allowed.
    """
    if sites is None:
        return lambda path: True
    if callable(sites):
        wanted = sites
        return lambda path: bool(wanted(path))
    patterns = patterns_of(sites)
    return lambda path: any(_matches(path, pattern) for pattern in patterns)


def patterns_of(sites: SiteFilter) -> tuple[str, ...]:
    """The names and patterns; none of a function or of None.

    Raises:
        ArgumentError: `sites` is none of the kinds allowed.
    """
    if sites is None or callable(sites):
        return ()
    patterns = [sites] if isinstance(sites, str) else list(sites) if isinstance(sites, Iterable) else None
    if patterns is None or not all(isinstance(pattern, str) for pattern in patterns):
        raise ArgumentError(
            "`sites` must be a name pattern, several, or a function of a site's path that returns a bool. "
            f"Received: sites={sites!r}."
        )
    return tuple(patterns)


def check_names(argument: str, names: Iterable[str], paths: Sequence[str], *, whole: bool = False) -> None:
    """Raises ArgumentError if a name is that of no site, or if none of the patterns and names matches a site.

    Single patterns may match nothing, so that one script serves many models.

    Args:
        argument: What the user calls the names, such as "sites".
        names: Names and patterns.
        paths: Of all sites of the model, wanted or not.
        whole: Whether a name must be the path of a site; by default it may be that of a layer around some.
    """
    names = list(names)
    missing = [name for name in names if not (name in paths if whole else any(_matches(path, name) for path in paths))]
    wrong = [name for name in missing if whole or not _is_pattern(name)]
    if len(missing) == len(names) and paths:
        wrong = wrong or missing
    if wrong:
        raise ArgumentError(
            f"`{argument}` must name sites of the model. Received: {wrong[0]!r}. {_near(wrong[0], paths)}"
        )


def _is_pattern(name: str) -> bool:
    return any(letter in name for letter in "*?[")


def _matches(path: str, pattern: str) -> bool:
    """Whether a site, or a layer around it, has this name or is of this pattern."""
    around = [path[: found.start()] for found in re.finditer("[/#]", path)]
    return any(name == pattern or fnmatch.fnmatchcase(name, pattern) for name in (path, *around))


def _near(name: str, paths: Sequence[str]) -> str:
    """A sentence with the paths that are most similar to a name, or with the first paths."""
    if not paths:
        return "The model has no sites."
    plain = {path: _plain(path) for path in paths}
    wanted = _plain(name)
    parts = [path for path, text in plain.items() if wanted in text or text in wanted]
    # A path is as similar as its most similar part: "*atention*" is near all layers called attention.
    likeness = {path: max(_likeness(wanted, part) for part in (text, *text.split("/"))) for path, text in plain.items()}
    parts.sort(key=lambda path: -_likeness(wanted, plain[path]))
    close = sorted((path for path in paths if likeness[path] >= limits.NAME_LIKENESS), key=lambda path: -likeness[path])
    near = list(dict.fromkeys([*parts, *close]))
    shown = (near or list(paths))[: limits.NEAR_NAMES]
    rest = len(paths) - len(shown)
    what = "Near names" if near else "Sites"
    return f"{what}: {', '.join(map(repr, shown))}" + (f" (of {len(paths)} sites)." if rest else ".")


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _plain(name: str) -> str:
    """A name in a normal form: "Encoder.layer_0.attention" as "encoder/layer/0/attention"."""
    return re.sub(r"[^a-z0-9]+", "/", name.lower()).strip("/")
