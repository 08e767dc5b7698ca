"""The web application that the server runs: who may ask, which part answers, and what is logged (no content).

Requests come from SDKs on this machine. A page in a browser must not reach the cloud, neither through a
name that it points at 127.0.0.1 (DNS rebinding) nor by a plain cross-origin request, so that a foreign Host
and everything that carries a browser's headers is refused. moto's own control routes are closed: they would
record requests to a file and let some through to the network.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.server import log
from sandbox.server.administration import Administration

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
BROWSER_HEADERS = ("HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE", "HTTP_SEC_FETCH_MODE")
ADMINISTRATION_PREFIX = "/sandbox/"
CLOSED_PREFIX = "/moto-api"
STATUS_TEXTS = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    500: "Internal Server Error",
    507: "Insufficient Storage",
}


class SandboxApplication:
    """Checks each request, then passes it to the administration or to moto."""

    def __init__(self, cloud: Application, administration: Administration, port: int) -> None:
        self._cloud = cloud
        self._administration = administration
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        # moto changes dictionaries while it walks them: two requests at once sometimes end in a 500.
        self._one_at_a_time = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if environ.get("HTTP_HOST") not in self._hosts:
            return _answer(start_response, 403, {"error": "this host name is not the sandbox's"})
        if any(header in environ for header in BROWSER_HEADERS):
            return _answer(start_response, 403, {"error": "the sandbox does not answer web pages"})
        if path.startswith(CLOSED_PREFIX):
            return _answer(start_response, 404, {"error": "moto's control routes are closed"})
        if path.startswith(ADMINISTRATION_PREFIX):
            status, body = self._administration.answer(environ)
            return _answer(start_response, status, body)
        return self._ask_cloud(environ, start_response)

    def _ask_cloud(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        # Read before the turn comes: a client that sends slowly keeps nobody else waiting.
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            with self._one_at_a_time:
                return self._cloud({**environ, "wsgi.input": io.BytesIO(body)}, start_response)
        except Exception as error:
            return _failure(environ, start_response, error)


def _failure(environ: Environ, start_response: StartResponse, error: Exception) -> Iterable[bytes]:
    """An answer that SDKs can read: services with form-encoded requests are answered in XML."""
    log.failure(error)
    kind = type(error).__name__
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        error_text = f"<Error><Code>InternalFailure</Code><Message>{kind}</Message></Error>"
        text = f"<ErrorResponse>{error_text}</ErrorResponse>"
        return _send(start_response, 500, "text/xml", text.encode())
    return _answer(start_response, 500, {"__type": "InternalFailure", "message": kind})


def _answer(start_response: StartResponse, status: int, body: dict[str, Any]) -> Iterable[bytes]:
    return _send(start_response, status, "application/json", json.dumps(body).encode())


def _send(start_response: StartResponse, status: int, kind: str, content: bytes) -> Iterable[bytes]:
    headers = [("Content-Type", kind), ("Content-Length", str(len(content)))]
    start_response(f"{status} {STATUS_TEXTS[status]}", headers)
    return [content]
