"""The web application on the sandbox's second port: Google Cloud's APIs, told apart by their paths.

A request goes through what Google's front ends do, in their order: is there such a path, who asks, is there
such a project, is the API enabled in it, does the body fit; then the service itself decides.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

from sandbox.gcp_server.access.decisions import Resource, require
from sandbox.gcp_server.access.identity import Identity, read_credential
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import (
    GoogleError,
    invalid,
    service_disabled,
    unauthenticated,
    unknown_path,
    unknown_project,
)
from sandbox.gcp_server.routes import all_routes
from sandbox.gcp_server.routing import Route, Router
from sandbox.gcp_server.schemas import check_request
from sandbox.gcp_server.secret_manager.model import Secret
from sandbox.gcp_server.service_names import TITLES
from sandbox.gcp_server.world import ADMINISTRATOR, PROJECT_NAME, Aged, Project, World
from sandbox.server import log

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
BROWSER_HEADERS = ("HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE", "HTTP_SEC_FETCH_MODE")
MOST_REQUEST_BYTES = 64 * 1024 * 1024
REASONS = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    412: "Precondition Failed",
    500: "Internal Server Error",
    501: "Not Implemented",
}
ANY_PROJECT = "-"  # service accounts are unique in all of Google Cloud, so paths may leave the project open


class GoogleCloud:
    """A WSGI application over one world."""

    def __init__(self, world: World, port: int) -> None:
        self.world = world
        self._router = Router(all_routes())
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self.one_at_a_time = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            # Read before the turn comes: a client that sends slowly keeps nobody else waiting.
            content = _content(environ)
            self._check_sender(environ)
            with self.one_at_a_time:
                answer = self._answer(environ, content)
        except GoogleError as error:
            return _send_json(start_response, error.http_status, error.body())
        except Exception as error:
            log.failure(error)
            kind = type(error).__name__
            failed = GoogleError(
                "INTERNAL", f"keyplan's sandbox failed with {kind}; its server.log says where"
            )
            return _send_json(start_response, failed.http_status, failed.body())
        if isinstance(answer, bytes):
            return _send(start_response, 200, "application/octet-stream", answer)
        if answer is None:
            return _send(start_response, 204, "application/json", b"")
        return _send_json(start_response, 200, answer)

    def age(self, span: timedelta) -> Aged:
        """Make everything that is stored older."""
        with self.one_at_a_time:
            return self.world.age(span)

    def ensure_project(self, project_id: str) -> str:
        """Make a project that the administrator owns, unless it is there. Returns its number.

        Raises ValueError for what is no project id.
        """
        if not PROJECT_NAME.fullmatch(project_id):
            raise ValueError("a project id has 6 to 30 lower-case letters, digits and hyphens")
        with self.one_at_a_time:
            found = self.world.find_project(project_id)
            return (found or self.world.new_project(project_id, ADMINISTRATOR)).number

    def clock_notes(self, notes: dict[str, Any] | None) -> dict[str, Any]:
        """What the sandbox's clock remembers between two moves; replaced by `notes` where they are given."""
        with self.one_at_a_time:
            if notes is not None:
                self.world.clock_notes = notes
            return self.world.clock_notes

    def secrets_of(self, project_id: str) -> dict[str, Any]:
        """What a project's secrets hold, by their ids: never a value."""
        with self.one_at_a_time:
            project = self.world.find_project(project_id)
            return (
                {secret_id: _holds(secret) for secret_id, secret in project.secrets.items()}
                if project
                else {}
            )

    def _check_sender(self, environ: Environ) -> None:
        # As on the first port: neither a name that points here nor a page in a browser gets an answer.
        if environ.get("HTTP_HOST") not in self._hosts:
            raise GoogleError("PERMISSION_DENIED", "this host name is not the sandbox's")
        if any(header in environ for header in BROWSER_HEADERS):
            raise GoogleError("PERMISSION_DENIED", "the sandbox does not answer web pages")

    def _answer(self, environ: Environ, content: bytes) -> Any:
        method, path = environ["REQUEST_METHOD"], _path(environ)
        found = self._router.find(method, path)
        if found is None:
            raise unknown_path(method, path)
        route, names = found
        call = Call(
            world=self.world,
            method=method,
            path=path,
            names=names,
            query=parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True),
            content=content,
            content_type=environ.get("CONTENT_TYPE", ""),
            caller=self._caller(environ, route),
            user_agent=environ.get("HTTP_USER_AGENT", ""),
            options=route.options,
        )
        self._check_project(call, route)
        if route.request_schema:
            check_request(route.service, route.request_schema, call.body, route.options.get("document", ""))
        return route.handler(call)

    def _caller(self, environ: Environ, route: Route) -> Identity:
        if route.open_to_all:
            return Identity("")
        caller = read_credential(environ.get("HTTP_AUTHORIZATION", ""), route.service)
        if not self.world.is_usable(caller):
            raise unauthenticated(
                "The account or pool of this credential is disabled or deleted.",
                "ACCOUNT_STATE_INVALID",
                route.service,
            )
        return caller

    def _check_project(self, call: Call, route: Route) -> None:
        reference = call.names.get("project", ANY_PROJECT)
        if reference == ANY_PROJECT:
            return
        project = self.world.find_project(reference)
        if project is None:
            raise unknown_project(reference, route.service)
        if route.service in project.disabled_services:
            raise service_disabled(route.service, TITLES[route.service], project.number)
        if route.permission:
            require(project, call.caller, route.permission, _project_resource(project, reference))


def _holds(secret: Secret) -> dict[str, Any]:
    kept = {version.number: version.state for version in secret.versions if version.state != "DESTROYED"}
    readable = kept.get(secret.aliases.get("current", 0)) == "ENABLED"
    return {"versions": len(kept), "has_value": readable, "created": secret.created.timestamp()}


def _project_resource(project: Project, reference: str) -> Resource:
    service = "cloudresourcemanager.googleapis.com"
    return Resource(f"projects/{reference}", f"projects/{project.number}", f"{service}/Project", service)


def _content(environ: Environ) -> bytes:
    if environ.get("wsgi.input_terminated"):  # sent in chunks, without a length
        chunked: bytes = environ["wsgi.input"].read(MOST_REQUEST_BYTES)
        return chunked
    text = environ.get("CONTENT_LENGTH") or "0"
    if not text.isdigit() or int(text) > MOST_REQUEST_BYTES:
        raise invalid("Request payload size exceeds the limit.")
    content: bytes = environ["wsgi.input"].read(int(text))
    return content


def _path(environ: Environ) -> str:
    # The decoded path would not tell a slash in a name from one between names.
    raw = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or "")
    return raw.partition("?")[0] if raw.startswith("/") else environ.get("PATH_INFO", "")


def _send_json(start_response: StartResponse, status: int, body: Any) -> Iterable[bytes]:
    return _send(start_response, status, "application/json; charset=UTF-8", json.dumps(body).encode())


def _send(start_response: StartResponse, status: int, kind: str, content: bytes) -> Iterable[bytes]:
    headers = [("Content-Type", kind), ("Content-Length", str(len(content)))]
    start_response(f"{status} {REASONS[status]}", headers)
    return [content]
