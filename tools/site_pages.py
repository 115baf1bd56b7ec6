"""A hook of MkDocs: pages of the site that lie elsewhere in the repository, and links that hold in both.

A link in a page is a path in the repository, so that it works where the repository is read. In the site it leads to the page
made from that file; a link to a file that is no page becomes its text.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "plugin_frontend/README.md": "frontend.md",
    "tb_attention/plugin/http_api.md": "http_api.md",
    "tb_attention/tracing/README.md": "tracing.md",
}
# Stand-alone pages of examples, which `make gallery` makes.
GALLERY = ROOT / ".build" / "gallery"
EXAMPLE = re.compile(r"^(`python examples/(\w+)\.py`.*)$", re.MULTILINE)
LINK = re.compile(r"\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, *, config: MkDocsConfig) -> None:
    for source, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    for made in sorted(GALLERY.glob("*.html")):
        files.append(File.generated(config, f"gallery/{made.name}", abs_src_path=str(made)))


def on_page_markdown(markdown: str, *, page: Any, files: Files, **_: Any) -> str:
    directory = Path(page.file.abs_src_path).parent

    def resolved(link: re.Match[str]) -> str:
        text, target, anchor = link.group(1), link.group(2), link.group(3) or ""
        if "://" in target:
            return link.group(0)
        source = (directory / target).resolve().relative_to(ROOT)
        path = PAGES.get(source.as_posix()) or str(PurePosixPath(*source.parts[1:]))
        return f"[{text}]({path}{anchor})" if files.get_file_from_path(path) else text

    def with_page(line: re.Match[str]) -> str:
        target = f"gallery/{line.group(2)}.html"
        return (
            f"{line.group(1)} [Open its stand-alone page]({target})."
            if files.get_file_from_path(target)
            else line.group(1)
        )

    return EXAMPLE.sub(with_page, LINK.sub(resolved, markdown))
