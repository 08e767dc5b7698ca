"""Serving a vendor's world over HTTP, on 127.0.0.1, in threads; faults end or delay connections for real."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sandbox.vendor_server.answers import answer, credential_of
from sandbox.vendor_server.errors import VendorRefusalError, error_body
from sandbox.vendor_server.faults import Cut, Fault
from sandbox.vendor_server.keys import make_id
from sandbox.vendor_server.requests import CREDENTIAL_HEADERS, Request, SeenRequest
from sandbox.vendor_server.world import VendorWorld

MOST_REQUEST_BYTES = 1024 * 1024
IDLE_SECONDS = 60.0
BROWSER_HEADERS = ("origin", "sec-fetch-site", "sec-fetch-mode")
REASONS = {529: "Overloaded"}
OnFailure = Callable[[Exception], None]


def _ignore(failure: Exception) -> None:
    pass


class VendorServer:
    """A vendor that listens. Close it, or use it in a `with`."""

    def __init__(
        self,
        world: VendorWorld,
        *,
        listener: socket.socket | None = None,
        certificates: ssl.SSLContext | None = None,
        on_failure: OnFailure = _ignore,
    ) -> None:
        self.world = world
        self._scheme = "https" if certificates else "http"
        self._server = _Server(world, listener, certificates, on_failure)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where the vendor's API answers."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def gateway_url(self) -> str:
        """The base URL of a gateway, that takes its own tokens alone."""
        return f"{self.url}/gateway"

    @property
    def check_url(self) -> str:
        """What a generic token can be checked at."""
        return f"{self.url}/generic/check"

    def close(self) -> None:
        """Stop answering, also those who wait for a slow answer."""
        self._server.ending.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> VendorServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def serve(
    world: VendorWorld,
    *,
    listener: socket.socket | None = None,
    certificates: ssl.SSLContext | None = None,
    on_failure: OnFailure = _ignore,
) -> VendorServer:
    """Let a world answer on a free port of 127.0.0.1.

    Args:
        listener: a socket that listens already, instead of a free port.
        certificates: the server's side of TLS; without it, plain HTTP.
        on_failure: hears of a failure of the server's own, which the client sees as a 500.
    """
    return VendorServer(world, listener=listener, certificates=certificates, on_failure=on_failure)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        world: VendorWorld,
        listener: socket.socket | None,
        certificates: ssl.SSLContext | None,
        on_failure: OnFailure,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=listener is None)
        if listener is not None:
            self.socket.close()
            self.socket = listener
            self.server_address = listener.getsockname()
        self.world = world
        self.certificates = certificates
        self.on_failure = on_failure
        self.ending = threading.Event()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.certificates is not None:
            # The handshake is the connection's own thread's to do: it may come slowly, or never.
            connection = self.certificates.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away is what tests of kills and cuts are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    server: _Server
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer."""
        self._answer()

    def do_POST(self) -> None:
        """Answer."""
        self._answer()

    def version_string(self) -> str:
        """Who answers: never taken for the vendor."""
        return "keyplan-sandbox"

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""

    def _answer(self) -> None:
        request = self._read()
        if request is None:
            return
        fault = self.server.world.faults.take(request.method, request.path)
        if fault is not None and fault.delay_seconds:
            self.server.ending.wait(fault.delay_seconds)
        request_id = make_id("req")
        try:
            status, body, headers = _answer_of(self.server.world, request, fault, request_id)
        except Exception as failure:
            self.server.on_failure(failure)
            status, headers = 500, {"content-type": "application/json"}
            body = json.dumps(error_body(status, "Internal server error", request_id)).encode()
        answered = 0 if fault is not None and fault.cut is Cut.BEFORE else status
        self.server.world.requests.append(_seen(self.server.world, request, answered))
        if not answered:
            self.close_connection = True
            return
        self.send_response(status, REASONS.get(status))
        for name, value in {"request-id": request_id, **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if fault is not None and fault.cut is Cut.MIDWAY:
            self.close_connection = True
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def _read(self) -> Request | None:
        """The request; None when it was refused, or is none."""
        length = self.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MOST_REQUEST_BYTES:
            self.close_connection = True
            self.send_error(413)
            return None
        content = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = headers.get("host", "").rpartition(":")[0]
        # A page in a browser must not reach it, by a name of its own or by a cross-origin request.
        if host not in ("127.0.0.1", "localhost") or any(name in headers for name in BROWSER_HEADERS):
            self.close_connection = True
            self.send_error(403)
            return None
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        return Request(self.command, unquote(parts.path), query, headers, content)


def _answer_of(
    world: VendorWorld, request: Request, fault: Fault | None, request_id: str
) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers, whether the world answers, a fault, or both."""
    status = 200
    body: dict[str, Any] = {}
    headers: dict[str, str] = {}
    if fault is None or fault.status is None or fault.applies:
        status, body, headers = _from_world(world, request, request_id)
    if fault is not None and fault.status is not None:
        status, headers = fault.status, dict(fault.headers)
        body = error_body(status, fault.message, request_id)
    if fault is not None and fault.body is not None:
        return status, fault.body, {"content-type": "text/html", **headers}
    return status, json.dumps(body).encode(), {"content-type": "application/json", **headers}


def _from_world(
    world: VendorWorld, request: Request, request_id: str
) -> tuple[int, dict[str, Any], dict[str, str]]:
    try:
        body, headers = answer(world, request)
    except VendorRefusalError as refusal:
        return refusal.status, error_body(refusal.status, refusal.message, request_id), {}
    return 200, body, headers


def _seen(world: VendorWorld, request: Request, status: int) -> SeenRequest:
    how, value = credential_of(request)
    key = world.known(value) if how else None
    headers = {
        name: text
        for name, text in request.headers.items()
        if name not in CREDENTIAL_HEADERS and world.known(text) is None
    }
    return SeenRequest(
        request.method, request.path, request.query, headers, how, key.id if key else None, status
    )
