"""The routes `page` and `page_size`: a stand-alone page with a part of a run, and how large it would be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import quote

from werkzeug.wrappers import Request, Response

from tb_attention.errors import NotInLogError
from tb_attention.export.choice import Choice
from tb_attention.export.stand_alone_page import MAX_BYTES, Page, about_size, check_size, make_page
from tb_attention.plugin import parameters, respond
from tb_attention.plugin.logs import Logs
from tb_attention.records.store.store import ReadStore
from tb_attention.wire.structs import PageSize

# Each keeps a core busy, and the other requests should still be answered.
_AT_ONCE = 2
_WAIT_SECONDS = 60.0
# A client that has stopped reading must not keep its turn.
_STALL_SECONDS = 60.0
_PIECE = 1 << 18
# What is certainly too large is refused before its files are opened; an estimate may be wrong by so much.
_SURELY = 1.5

_turns = threading.BoundedSemaphore(_AT_ONCE)
# What a thread has allocated and freed is kept for it: 16 threads that make pages would keep eight times as much.
_makers = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="tb_attention page")


def serve_page(logs: Logs, request: Request) -> Response:
    """The page as a download: as a page under TensorBoard's address it would have the rights of TensorBoard's pages.

    It is sent while it is made, and not made any further for a client that has gone. Two pages are made at once; others wait.
    """
    asked = _asked(logs, request)
    about = _makers.submit(about_size, *asked).result()
    if about > _SURELY * MAX_BYTES:
        check_size(about, MAX_BYTES)
    if not _turns.acquire(timeout=_WAIT_SECONDS):
        return respond.error(request, 503, f"{_AT_ONCE} other pages are being made. Try again in a minute.")
    turn = _Turn()
    try:
        page = _makers.submit(make_page, *asked).result()
        check_size(page.size, MAX_BYTES)
        response = respond.streamed(request, _pieces(page, turn), "text/html")
    except BaseException:
        turn.end()
        raise
    response.call_on_close(turn.end)
    if request.method == "HEAD":
        turn.end()
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.settimeout(_STALL_SECONDS)
    name = "-".join(("attention", *parameters.text(request, "run").split("/"))) + ".html"
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return response


def serve_size(logs: Logs, request: Request) -> Response:
    """About how many bytes the page would have, and how many it may have."""
    return respond.json_body(request, PageSize(about_size(*_asked(logs, request)), MAX_BYTES))


class _Turn:
    """One of the pages that are made at once. It ends when the page is sent, or when the response is closed before."""

    def __init__(self) -> None:
        self._ended = threading.Lock()

    def end(self) -> None:
        if self._ended.acquire(blocking=False):
            _turns.release()


def _pieces(page: Page, turn: _Turn) -> Iterator[bytes]:
    try:
        chunks = page.chunks()
        while (chunk := _makers.submit(next, chunks, None).result()) is not None:
            for at in range(0, len(chunk), _PIECE):
                yield chunk[at : at + _PIECE]
    finally:
        turn.end()


class _Asked(NamedTuple):
    store: ReadStore
    run: str
    tag: str
    attempt: int
    choice: Choice


def _asked(logs: Logs, request: Request) -> _Asked:
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
    return _Asked(attempt.store, run, tag, attempt.number, choice)
