"""The stand-alone page: one HTML file with the views of the tab and a part of a log, which needs no server."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO
from urllib.parse import quote

from tb_attention._version import __version__
from tb_attention.errors import ArgumentError, MissingDependencyError
from tb_attention.export.choice import Choice, Heads, choose
from tb_attention.export.page_contents import Contents, collect, step_sizes
from tb_attention.records.format.paths import Step
from tb_attention.records.store.opening import open_store
from tb_attention.records.store.reaching import shown_url
from tb_attention.records.store.store import ReadStore
from tb_attention.wire.answers import encode

MAX_BYTES = 100_000_000
"""The largest page in bytes, by default; browsers open larger pages, but slowly."""

# The built front end is in the folder of the plugin, of which nothing is imported.
_STATIC = Path(__file__).resolve().parent.parent / "plugin" / "static"
# The licences of the code and the font in a page require to be in it.
_LICENSES = ("licenses.md", "roboto-license.txt")

# Of more steps the size of a page is estimated.
_LOOKED_AT = 16

# Everything is in the file, so that the page can load and send nothing, whatever a log says.
_POLICY = (
    "default-src 'none'; script-src 'sha256-{hash}'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)


def export_html(
    log_dir: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    tag: str | None = None,
    attempt: int | None = None,
    steps: Iterable[Step] | Step | None = None,
    samples: Iterable[int | str] | int | str | None = None,
    sites: Iterable[str] | str | None = None,
    heads: Heads | int | None = None,
    redact: bool = False,
    title: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> int:
    """Writes a stand-alone page: one HTML file that opens from the disk, offline, with the views of the tab.

    The file holds everything: the script, the fonts and the chosen part of the log. It loads and sends nothing; its
    Content-Security-Policy forbids it to. The confusion matrices of the run for the chosen steps are part of the page, the
    examples kept for their cells are not.

    Args:
        log_dir: The run's directory, or a URL that fsspec knows.
        path: The file to write, which is replaced atomically. Its directory must exist.
        tag: The series; by default the only attention series, or the one called "attention", or the first by name.
        attempt: From 1; the newest that has a step by default.
        steps: Steps, also "init"; all by default. A single value stands for a list of one, here and below.
        samples: Indices from 0, or ids; all by default.
        sites: Paths of sites; all by default.
        heads: Heads from 0, for every site, or lists by path of a site (other sites keep all their heads); all by default.
            Heads that are left out keep their numbers and are drawn hatched.
        redact: Whether to leave out what was fed in: texts, tokens, pictures, sounds, values, boxes, dates, names that differ
            between samples, and the feature maps behind gates. Samples are numbered: their ids, which are hashes of the inputs by
            default, are left out too. Labels, predictions and class names stay.
        title: What the page calls the run; by default the name of its directory.
        max_bytes: The largest page to write; 100 MB by default.

    Returns:
        The bytes written.

    Raises:
        ArgumentError: An argument is wrong, or the page would be larger than `max_bytes`.
        NotInLogError: The log has no such series, attempt, step, sample, site or head; the message lists those it has.
        MissingDependencyError: The front end of a checkout has not been built.

    Example:
        >>> tb_attention.export_html("logs/run1", "run1.html", steps=[0, 9], samples=[0], redact=True)
    """
    if isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < 1:
        raise ArgumentError(f"`max_bytes` must be a positive integer. Received: max_bytes={max_bytes!r}.")
    target = Path(os.path.expanduser(path))
    if not target.parent.is_dir() or target.is_dir():
        raise ArgumentError(f"`path` must be a file in an existing directory. Received: path={str(path)!r}.")
    choice = choose(steps, samples, sites, heads, redact)
    store = open_store(log_dir)
    page = make_page(store, title or run_name(store), tag, attempt, choice)
    check_size(page.size, max_bytes)

    def write(file: IO[bytes]) -> None:
        file.writelines(page.chunks())

    return open_store(target.parent).replace(target.name, write).size


def make_page(
    store: ReadStore,
    run: str,
    tag: str | None,
    attempt: int | None,
    choice: Choice,
    link: Mapping[str, object] | None = None,
) -> Page:
    """The page of a run, which reads the weights when it is written.

    Args:
        store: Of the run.
        run: What the page calls it.
        tag, attempt, choice: As for `page_contents.collect`.
        link: What the page shows at first, where its address does not say: the keys of addresses of the tab.

    Raises:
        NotInLogError, MissingDependencyError: As `export_html` does.
    """
    return Page(collect(store, run, tag, attempt, choice), f"{run}: attention", link or {})


def about_size(store: ReadStore, run: str, tag: str | None, attempt: int | None, choice: Choice) -> int:
    """About how many bytes a page would have. Of many steps a few are looked at, and the sizes of the other files tell theirs.

    Args:
        store, run, tag, attempt, choice: As for `make_page`.

    Raises:
        NotInLogError, MissingDependencyError: As `export_html` does.
    """
    sizes = step_sizes(store, tag, attempt, choice)
    few = tuple(sizes)[:: -(-len(sizes) // _LOOKED_AT) or 1]
    if len(few) == len(sizes):
        return make_page(store, run, tag, attempt, choice).size
    # What does not grow with the steps, and how the rest grows with their files.
    one, several = (make_page(store, run, tag, attempt, replace(choice, steps=each)).size for each in (few[:1], few))
    first, sampled = sizes[few[0]], sum(sizes[step] for step in few)
    return round(one + (several - one) / max(1, sampled - first) * (sum(sizes.values()) - first))


def check_size(size: int, most: int = MAX_BYTES) -> None:
    """Raises ArgumentError for a page that is larger than allowed."""
    if size > most:
        raise ArgumentError(
            f"The page would have {_megabytes(size)}; {_megabytes(most)} are allowed (`max_bytes`). Choose fewer "
            f"steps, samples, sites or heads."
        )


def run_name(store: ReadStore) -> str:
    """The last part of the path or URL of a run."""
    return shown_url(store.url).rstrip("/").replace("\\", "/").rsplit("/", 1)[-1] or "run"


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count:,} bytes"


class Page:
    """The HTML of a stand-alone page.

    Args:
        contents: What it holds.
        title: Shown in the browser's title bar.
        link: As for `make_page`.

    Raises:
        MissingDependencyError: The front end has not been built.
    """

    def __init__(self, contents: Contents, title: str, link: Mapping[str, object]) -> None:
        self._contents = contents
        script = _inside_script(_built("page/page.js"))
        style = _built("page/page.css").replace("</", "<\\/")
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
        policy = _POLICY.format(hash=digest)
        first = html.escape("&".join(f"p.attention.{key}={quote(str(value))}" for key, value in link.items()))
        self._head = (
            f'<!doctype html>\n<html lang="en" data-link="{first}">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta name="generator" content="tb_attention {__version__}">\n'
            f"<title>{html.escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
            '<noscript>This page draws with JavaScript, which is switched off.</noscript>\n<template id="log">'
        ).encode()
        licenses = html.escape("\n\n".join(map(_built, _LICENSES)))
        self._tail = (
            f'</template>\n<pre id="licenses" hidden>{licenses}</pre>\n<script>{script}</script>\n</body>\n</html>\n'
        ).encode()
        self._index = base64.b64encode(gzip.compress(encode(contents.index), mtime=0))

    @property
    def size(self) -> int:
        """Bytes, as far as they are known before the arrays are made."""
        arrays = sum(4 * ((body.size + 2) // 3) + 1 for body in self._contents.bodies)
        return len(self._head) + len(self._index) + arrays + len(self._tail)

    def chunks(self) -> Iterator[bytes]:
        """The page, front to back. Everything of the log is base64, so that nothing in it can end its element."""
        yield self._head
        yield self._index
        for body in self._contents.bodies:
            yield b"\n" + base64.b64encode(body.make())
        yield self._tail


def _built(name: str) -> str:
    try:
        return (_STATIC / name).read_text("utf-8")
    except FileNotFoundError as error:
        raise MissingDependencyError(
            "The page's front end has not been built. Run `python tools/frontend.py bundle` in the checkout of tb_attention."
        ) from error


def _inside_script(script: str) -> str:
    """The same script, with whatever would end its element or open a comment escaped."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
