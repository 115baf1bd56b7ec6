"""The routes `page` and `page_size`: a stand-alone page with a part of a run, and how large it would be."""

from __future__ import annotations

from urllib.parse import quote

from werkzeug.wrappers import Request, Response

from tb_attention.errors import NotInLogError
from tb_attention.export.choice import Choice
from tb_attention.export.stand_alone_page import MAX_BYTES, Page, check_size, make_page
from tb_attention.plugin import parameters, respond
from tb_attention.plugin.logs import Logs
from tb_attention.wire.structs import PageSize


def serve_page(logs: Logs, request: Request) -> Response:
    """The page as a download: as a page under TensorBoard's address it would have the rights of TensorBoard's pages."""
    page = _page(logs, request)
    check_size(page)
    response = respond.file_body(request, b"".join(page.chunks()), "text/html", keep=False)
    name = "-".join(("attention", *parameters.text(request, "run").split("/"))) + ".html"
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return response


def serve_size(logs: Logs, request: Request) -> Response:
    """About how many bytes the page would have, and how many it may have."""
    return respond.json_body(request, PageSize(_page(logs, request).size, MAX_BYTES))


def _page(logs: Logs, request: Request) -> Page:
    attempt = logs.attempt(request)
    run, tag = parameters.text(request, "run"), parameters.text(request, "tag")
    if attempt.store.only_events:
        raise NotInLogError("Only the event files of this run are here. A page needs plugins/attention; copy it too.")
    given = request.args
    choice = Choice(
        steps=parameters.listed_steps(request) if "steps" in given else None,
        samples=tuple(parameters.indices(request, "samples")) if "samples" in given else None,
        sites=(parameters.text(request, "site"),) if "site" in given else None,
        heads=tuple(parameters.indices(request, "heads")) if "heads" in given else None,
        redact=parameters.flag(request, "redact"),
    )
    return make_page(attempt.store, run, tag, attempt.number, choice)
