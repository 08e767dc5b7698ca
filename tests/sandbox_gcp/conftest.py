"""A Google Cloud of its own for each test file, and the official client as anybody who asks."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from google.auth.credentials import Credentials
from google.cloud.secretmanager_v1 import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceRestTransport,
)
from werkzeug.serving import make_server

from sandbox.gcp_server.access.identity import PREFIX
from sandbox.gcp_server.application import GoogleCloud
from sandbox.gcp_server.world import ADMINISTRATOR, World
from sandbox.server.quiet import QuietRequestHandler
from tests.sandbox_gcp.google_shapes import check_answer


class SandboxCredentials(Credentials):  # type: ignore[misc]  # google-auth has no types
    """A credential of the sandbox, which never ends."""

    def __init__(self, member: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.token = PREFIX + member

    @property
    def expired(self) -> bool:
        return False

    @property
    def valid(self) -> bool:
        return True

    def refresh(self, request: object) -> None:
        """There is nothing to refresh."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: Any

    @property
    def reason(self) -> str:
        """The reason in the error's details."""
        return str(self.body["error"]["details"][0]["reason"])


class Cloud:
    """A running Google Cloud: asked by plain HTTP or through Google's client."""

    def __init__(self, google: GoogleCloud, port: int) -> None:
        self.google = google
        self.world = google.world
        self.port = port

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        member: str | None = ADMINISTRATOR,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request as somebody; nobody when `member` is None."""
        given = {"Authorization": f"Bearer {PREFIX}{member}"} if member else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        connection.request(method, quote(path, safe="/:?=&%"), content, {**given, **(headers or {})})
        response = connection.getresponse()
        text = response.read()
        connection.close()
        kind = response.headers.get("Content-Type", "")
        answer = Answer(response.status, json.loads(text) if text and "json" in kind else text)
        if answer.status == 200:
            check_answer(method, path, answer.body)
        return answer

    def do(self, method: str, path: str, body: Any = None, member: str = ADMINISTRATOR) -> Any:
        """The answer's body; the request has to succeed."""
        answer = self.ask(method, path, body, member)
        assert answer.status in (200, 204), answer.body
        return answer.body

    def finish(self, version: str, operation: dict[str, Any]) -> Any:
        """The result of a long-running operation."""
        assert "done" not in operation
        finished = self.do("GET", f"/{version}/{operation['name']}")
        assert finished["done"] is True
        return finished["response"]

    def client(self, member: str = ADMINISTRATOR) -> SecretManagerServiceClient:
        """Google's own client of Secret Manager."""
        transport = SecretManagerServiceRestTransport(
            host=f"127.0.0.1:{self.port}", url_scheme="http", credentials=SandboxCredentials(member)
        )
        return SecretManagerServiceClient(transport=transport)


@pytest.fixture(scope="module")
def start_cloud() -> Iterator[Callable[[], Cloud]]:
    """Starts clouds that end with the test file."""
    servers = []

    def start() -> Cloud:
        server = make_server("127.0.0.1", 0, app=_nothing, threaded=True, request_handler=QuietRequestHandler)
        google = GoogleCloud(World(), server.port)
        server.app = google
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return Cloud(google, server.port)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def _nothing(environ: Any, start_response: Any) -> list[bytes]:
    raise AssertionError("no request comes before the application is there")


@pytest.fixture(scope="module")
def cloud(start_cloud: Callable[[], Cloud]) -> Cloud:
    """The cloud of this test file."""
    return start_cloud()
