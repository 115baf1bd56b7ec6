"""The responses of all routes: JSON, binary, files and errors, all through TensorBoard's `http_util.Respond`.

`Respond` sets the headers that TensorBoard's security validator expects; it warns of a bare Werkzeug response.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from tensorboard import errors
from tensorboard.backend import http_util
from werkzeug.wrappers import Request, Response

from tb_attention.errors import ArgumentError, AttentionError, NotInLogError, UnreachableError
from tb_attention.wire.answers import encode
from tb_attention.wire.site_structs import WireStruct
from tb_attention.wire.structs import ErrorAnswer

logger = logging.getLogger(__name__)

Handler = Callable[[Request], Response]
WsgiApp = Callable[..., Any]

JSON = "application/json"
BINARY = "application/octet-stream"
FOR_EVER = "private, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"

_LEVEL = 3  # as TensorBoard's own
_GZIP = 31  # `wbits` of a stream with the header of a gzip file


def application(handler: Handler) -> WsgiApp:
    """Wraps a handler as a WSGI application that only reads and answers every error with a sentence.

    Args:
        handler: Makes a response of a request. `ArgumentError` becomes 400, `NotInLogError` 404, `UnreachableError` 503 (or 403),
            and any other `AttentionError` 422 (a file is damaged, or newer than this version).
    """

    def respond(request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            response = error(request, 405, f"Only GET and HEAD are allowed. Received: method={request.method!r}.")
            response.headers["Allow"] = "GET, HEAD"
            return response
        try:
            return handler(request)
        except ArgumentError as refused:
            return error(request, 400, str(refused))
        except NotInLogError as absent:
            return error(request, 404, str(absent))
        except (FileNotFoundError, NotADirectoryError):
            # A file was moved aside or deleted between listing and opening, which is not damage.
            return error(request, 404, "The file has been removed from the log. Reload to see what is there now.")
        except UnreachableError as unreachable:
            return error(request, 403 if unreachable.denied else 503, str(unreachable))
        except AttentionError as unreadable:
            return error(request, 422, str(unreadable))
        except OSError as failed:
            return error(request, 422, f"A file of the log cannot be read: {failed.strerror or failed}.")
        except errors.PublicError as refused:
            # An error of TensorBoard's, such as an experiment that does not exist.
            return error(request, refused.http_code, str(refused))
        except Exception:
            logger.exception("The Attention plugin failed to answer %s", request.path)
            return error(request, 500, "The Attention plugin failed; TensorBoard's log has the details.")

    wrapped: WsgiApp = Request.application(respond)
    return wrapped


def json_body(request: Request, answer: WireStruct, *, keep: bool = False) -> Response:
    """Answers with JSON. `keep` lets the browser keep it if the URL has a version."""
    return _caching(request, http_util.Respond(request, encode(answer), JSON), keep)


def binary_body(request: Request, body: bytes) -> Response:
    """Answers with a gzip file as plain bytes: the page inflates it and checks its CRC, which browsers do not."""
    return _caching(request, http_util.Respond(request, body, BINARY), keep=True)


def file_body(request: Request, body: bytes, mimetype: str, *, keep: bool) -> Response:
    """Answers with a file of the front end."""
    response = http_util.Respond(request, body, mimetype)
    response.headers["Cache-Control"] = FOR_EVER if keep else ASK_AGAIN
    return response


def streamed(request: Request, pieces: Iterator[bytes], mimetype: str, *, compress: bool = False) -> Response:
    """Answers with bytes as they are made, not kept by the browser; `compress` sends them as one gzip file, if it takes that."""
    response = file_body(request, b"", mimetype, keep=False)
    # `Respond` compresses a body that it is given, and says so.
    for header in ("Content-Length", "Content-Encoding"):
        response.headers.pop(header, None)
    if compress and "gzip" in request.accept_encodings:
        response.headers["Content-Encoding"] = "gzip"
        pieces = _gzipped(pieces)
    if request.method != "HEAD":
        response.response = pieces
    return response


def error(request: Request, code: int, sentence: str) -> Response:
    """Answers with `{"error": sentence}`."""
    response: Response = http_util.Respond(request, encode(ErrorAnswer(sentence)), JSON, code=code)
    return response


def _gzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """One gzip file; a piece can be read as soon as it has come."""
    squeeze = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for piece in pieces:
        yield squeeze.compress(piece) + squeeze.flush(zlib.Z_SYNC_FLUSH)
    yield squeeze.flush()


def _caching(request: Request, response: Response, keep: bool) -> Response:
    # Set afterwards: `Respond` adds given headers to its own, so that two Cache-Control lines would be sent.
    response.headers["Cache-Control"] = FOR_EVER if keep and request.args.get("v") else ASK_AGAIN
    if response.headers["Cache-Control"] == FOR_EVER:
        del response.headers["Expires"]
    return response
