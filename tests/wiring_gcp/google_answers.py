"""A stand-in for Google's two services that a CI step asks, and for Azure's tokens, on this machine.

It answers to what their references ask for, and to nothing else.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

VALUE = "first $line 'x' %41\n\n  second \\ line"
# The audience of each token that was traded, the last at the end.
AUDIENCES: list[str] = []


class Services(BaseHTTPRequestHandler):
    """Google's and Azure's. Source: STS API, method token; Secret Manager API, versions.access; Azure DevOps
    REST API, "Oidctoken - Create"."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/oidc?api-version=7.1":
            allowed = self.headers["Authorization"] == "Bearer of the job" and body == b""
            self.answer(allowed, {"oidcToken": "a.b.c"})
            return
        sent = json.loads(body)
        wanted = {
            "subjectToken": "a.b.c",
            "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
            "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
            "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
            "scope": "https://www.googleapis.com/auth/cloud-platform",
        }
        AUDIENCES.append(sent.pop("audience"))
        self.answer(self.path == "/v1/token" and sent == wanted, {"access_token": "an access token"})

    def do_GET(self) -> None:
        path = "/v1/projects/example-prod/secrets/prod-anthropic-api-key/versions/current:access"
        allowed = self.headers["Authorization"] == "Bearer an access token" and self.path == path
        data = base64.b64encode(VALUE.encode()).decode()
        self.answer(allowed, {"payload": {"data": data}})

    def answer(self, allowed: bool, body: dict[str, Any]) -> None:
        self.send_response(200 if allowed else 403)
        self.end_headers()
        self.wfile.write(json.dumps(body if allowed else {"error": {}}).encode())

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def answering() -> Iterator[str]:
    """The address of all of them."""
    server = HTTPServer(("127.0.0.1", 0), Services)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
