"""A Google Cloud of its own in this process, and environments in it or in both clouds."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from werkzeug.serving import make_server

from sandbox.gcp_server.application import GoogleCloud
from sandbox.gcp_server.world import Project, World
from sandbox.server.quiet import QuietRequestHandler
from tests.command.environments import GCP_PROJECT, Environment

PROJECT_NUMBER = "123456789012"
ADMINISTRATOR = "user:admin@example.com"
STRANGER = "serviceAccount:stranger@elsewhere.iam.gserviceaccount.com"
READER = "serviceAccount:web@another-project.iam.gserviceaccount.com"
OPERATOR = "user:operator@example.com"
OPERATOR_PERMISSIONS = (
    "secretmanager.secrets.get",
    "secretmanager.secrets.list",
    "secretmanager.secrets.update",
    "secretmanager.versions.add",
    "secretmanager.versions.disable",
    "secretmanager.versions.enable",
    "secretmanager.versions.get",
    "secretmanager.versions.list",
)


@dataclass
class Google:
    """A running Google Cloud. What it is asked can be counted, answered otherwise, or not answered at all."""

    world: World
    port: int
    asked: list[str]  # `GET /v1/projects/…`
    answers: dict[str, tuple[int, dict[str, Any]]]  # part of a request -> what to answer instead
    dead: list[str]  # parts of requests that get no answer
    before: dict[str, Callable[[], None]]  # part of a request -> what happens before the first such one
    lost: list[str]  # parts of requests whose first one is done and gets no answer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def project(self) -> Project:
        return self.world.project(GCP_PROJECT)

    def secret(self, secret_id: str) -> Any:
        return self.project.secrets[secret_id]

    def payloads(self, secret_id: str) -> list[str]:
        """Every stored value, oldest first."""
        return [(version.payload or b"").decode() for version in self.secret(secret_id).versions]

    def before_one(self, count: int, part: str, action: Callable[[], None]) -> None:
        """Do something before such a request: the first from now on, or the `count`th."""
        self.before[part] = action if count == 1 else lambda: self.before_one(count - 1, part, action)

    def grant(self, secret_id: str, member: str, *permissions: str, role: str = "") -> None:
        """Let a member do something with one secret."""
        secret = self.secret(secret_id)
        name = role or f"projects/{GCP_PROJECT}/roles/granted{len(self.world.records)}"
        if not role:
            self.world.records[name] = {"name": name, "includedPermissions": list(permissions)}
        bindings = [*secret.policy.bindings, {"role": name, "members": [member]}]
        secret.policy.replace(self.project, {"bindings": bindings})


@contextmanager
def google_cloud() -> Iterator[Google]:
    """Serve one until the end of the block."""
    server = make_server("127.0.0.1", 0, app=_nothing, threaded=True, request_handler=QuietRequestHandler)
    google = Google(World(), server.port, [], {}, [], {}, [])
    application = GoogleCloud(google.world, server.port)

    def answer(environ: Any, start_response: Any) -> Any:
        line = f"{environ['REQUEST_METHOD']} {environ.get('RAW_URI') or environ['PATH_INFO']}"
        google.asked.append(line)
        for part in google.dead:
            if part in line:
                raise _cut(environ)
        for part, (status, body) in google.answers.items():
            if part in line:
                return _send(start_response, status, body)
        for part in [part for part in google.before if part in line]:
            google.before.pop(part)()
        answered = application(environ, start_response)
        for part in [part for part in google.lost if part in line]:
            google.lost.remove(part)
            raise _cut(environ)
        return answered

    server.app = answer
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield google
    server.shutdown()
    server.server_close()


def _cut(environ: Any) -> Exception:
    """End the connection without an answer."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return ConnectionAbortedError()


def _send(start_response: Any, status: int, body: dict[str, Any]) -> list[bytes]:
    content = json.dumps(body).encode()
    start_response(
        f"{status} X", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
    )
    return [content]


def _nothing(environ: Any, start_response: Any) -> list[bytes]:
    raise AssertionError("no request comes before the application is there")


def make_secrets(google: Google, environment: Environment) -> None:
    """The secrets of an environment's keys, as the components make them, empty."""
    from sandbox.gcp_server import times
    from sandbox.gcp_server.secret_manager.model import Secret

    for key in environment.document["keys"].values():
        secret_id = key["gcp"]["name"]
        google.project.secrets[secret_id] = Secret(
            f"projects/{PROJECT_NUMBER}/secrets/{secret_id}",
            times.now(),
            {"automatic": {}},
            labels={"environment": environment.name, "managed-by": "keyplan"},
            annotations={"owner": "ml@example.com"},
        )


def without_aws(document: dict[str, Any]) -> dict[str, Any]:
    """The manifest of the same environment on Google Cloud alone."""
    del document["clouds"]["aws"]
    for key in document["keys"].values():
        del key["aws"]
    document["consumers"] = {
        name: entry for name, entry in document["consumers"].items() if entry.get("cloud") == "gcp"
    }
    return document


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
