"""A server between a program and a real one: it counts what is asked for, and can fail as networks and stores do."""

from __future__ import annotations

import http.client
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_OF_ONE_CONNECTION = {"connection", "transfer-encoding", "keep-alive", "te", "trailer", "upgrade", "content-length"}


@dataclass(frozen=True)
class Request:
    """One request.

    Attributes:
        method: "GET".
        path: With the query.
        asked_range: The header `Range`; "" without one.
        status: Of the answer.
        size: Bytes of the body of the answer.
        authorization: The header `Authorization`; "" without one.
    """

    method: str
    path: str
    asked_range: str
    status: int
    size: int
    authorization: str = ""


Answer = tuple[int, dict[str, str], bytes]
Fault = Callable[[str, str], Answer | None]
"""Given method and path: an answer instead of the real one, None for the real one. It may wait, or raise to hang up."""


class Forwarder:
    """Forwards to `target` while it is open; a context manager.

    Args:
        target: The address of the real server.
        host: Under which it is asked.
    """

    def __init__(self, target: str, host: str = "127.0.0.1") -> None:
        self.requests: list[Request] = []
        self.fault: Fault | None = None
        self._target = urllib.parse.urlsplit(target)
        self._lock = threading.Lock()
        forwarder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (ConnectionError, BrokenPipeError):
                    self.close_connection = True

            def forward(self) -> None:
                forwarder._forward(self)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Forwarder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def forget(self) -> None:
        """Forgets the requests until now."""
        with self._lock:
            self.requests = []

    def _forward(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        try:
            answer = self.fault(handler.command, handler.path) if self.fault is not None else None
            status, headers, content = answer or self._ask(handler, body)
        except ConnectionError:
            handler.close_connection = True
            return
        with self._lock:
            asked, signed = (handler.headers.get(name) or "" for name in ("Range", "Authorization"))
            self.requests.append(Request(handler.command, handler.path, asked, status, len(content), signed))
        handler.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in _OF_ONE_CONNECTION:
                handler.send_header(name, value)
        length = headers.get("Content-Length", "0") if handler.command == "HEAD" else str(len(content))
        handler.send_header("Content-Length", length)
        handler.end_headers()
        handler.wfile.write(content)

    def _ask(self, handler: BaseHTTPRequestHandler, body: bytes) -> Answer:
        connection = http.client.HTTPConnection(self._target.hostname or "", self._target.port, timeout=30)
        try:
            headers = {name: value for name, value in handler.headers.items() if name.lower() not in _OF_ONE_CONNECTION}
            connection.request(handler.command, handler.path, body, headers)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()
