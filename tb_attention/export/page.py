"""A page of its own: the tab's script, its styles and a part of a log in one HTML file that asks no server for anything."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
from collections.abc import Iterator
from pathlib import Path

from tb_attention._version import __version__
from tb_attention.errors import MissingDependencyError
from tb_attention.export.contents import Contents
from tb_attention.records.format import json_text

# The front end of the tab is built into the plugin's folder; nothing of the plugin is imported.
_STATIC = Path(__file__).resolve().parent.parent / "plugin" / "static"
# The licences of what a page carries ask to go with it.
_LICENSES = ("licenses.md", "roboto-license.txt")

# Everything is in the file: whatever a log says, the page can load nothing and send nothing.
_POLICY = (
    "default-src 'none'; script-src 'sha256-{hash}'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)


class Page:
    """The HTML of some contents.

    Args:
        contents: What it holds.
        title: Shown in the browser's title bar.

    Raises:
        MissingDependencyError: The front end has not been built.
    """

    def __init__(self, contents: Contents, title: str) -> None:
        self._contents = contents
        script = _inside_script(_built("page/page.js"))
        style = _built("page/page.css").replace("</", "<\\/")
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
        policy = _POLICY.format(hash=digest)
        self._head = (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
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
        names = {body.name: place for place, body in enumerate(contents.bodies)}
        index = json_text.dumps({"answers": contents.answers, "bodies": names})
        self._index = base64.b64encode(gzip.compress(index, mtime=0))

    @property
    def size(self) -> int:
        """Bytes, as far as they are known before the arrays are made."""
        arrays = sum(4 * ((body.size + 2) // 3) + 1 for body in self._contents.bodies)
        return len(self._head) + len(self._index) + arrays + len(self._tail)

    def chunks(self) -> Iterator[bytes]:
        """The page, front to back. Of the log everything is base64, so none of it can end the element that it lies in."""
        yield self._head
        yield self._index
        for body in self._contents.bodies:
            yield b"\n"
            yield base64.b64encode(body.make())
        yield self._tail


def _built(name: str) -> str:
    try:
        return (_STATIC / name).read_text("utf-8")
    except FileNotFoundError as error:
        raise MissingDependencyError(
            "The page's front end has not been built. Run `python tools/frontend.py bundle` in the checkout of tb_attention."
        ) from error


def _inside_script(script: str) -> str:
    """The same script, with what would end the element or open a comment in it spelt otherwise."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
