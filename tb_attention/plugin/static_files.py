"""Serves the built front end from `static/`."""

from __future__ import annotations

import re
from pathlib import Path

from werkzeug.wrappers import Request, Response

from tb_attention.errors import NotInLogError
from tb_attention.plugin import respond

STATIC = Path(__file__).resolve().parent / "static"

_MIMETYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".map": "application/json",
    ".txt": "text/plain",
}
# What may be kept for ever: names with a hash of the content, as Vite makes them, and typefaces, which never change.
_LASTING = re.compile(r"(-[A-Za-z0-9_-]{8}\.[a-z0-9]+|\.woff2|\.ttf)$")

_NOT_BUILT = """\
// The front end is not in git; this stands in for it until it is built.
export function render() {
  const text = document.createElement("p");
  text.setAttribute("role", "alert");
  text.style.cssText = "font: 14px Roboto, sans-serif; margin: 48px auto; max-width: 40em; color: inherit";
  text.textContent =
    "The front end of the Attention tab has not been built. " +
    "Run \\u201cpython tools/frontend.py bundle\\u201d in the checkout of tb_attention and reload this page.";
  const dark = window.parent.document.body.classList.contains("dark-mode");
  document.body.style.cssText = dark ? "background: #303030; color: #fff" : "background: #fff; color: #212121";
  document.body.append(text);
}
"""


class StaticFiles:
    """The files of one directory, served by name.

    Args:
        directory: Of the bundle; by default the package's `static/`.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = STATIC if directory is None else directory

    def serve(self, request: Request) -> Response:
        """Serves the file that the path after `plugin/attention/` names."""
        name = request.path.rpartition("/data/plugin/attention/")[2].removeprefix("plugin/attention/")
        files = self._allowed()
        if name == "index.js" and name not in files:
            return respond.file_body(request, _NOT_BUILT.encode("ascii"), _MIMETYPES[".js"], keep=False)
        if name not in files:
            raise NotInLogError("There is no such route or file in the Attention plugin.")
        keep = bool(_LASTING.search(name)) or ("v" in request.args and name != "index.js")
        return respond.file_body(request, files[name].read_bytes(), _MIMETYPES[files[name].suffix], keep=keep)

    def _allowed(self) -> dict[str, Path]:
        # Names are looked up in a listing, never joined to the directory, so no request can climb out of it. It is
        # listed each time (some ten files) because in a checkout the bundle is rebuilt under a running TensorBoard.
        return {
            path.relative_to(self._directory).as_posix(): path
            for path in self._directory.rglob("*")
            if path.suffix in _MIMETYPES and path.is_file()
        }
