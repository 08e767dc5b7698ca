"""Google Cloud in the sandbox's own server process: its port, the one clock, nothing of a value outside."""

from __future__ import annotations

import base64
import http.client
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.project import Project
from sandbox.server.client import ServerClient, ask_health, ensure_google_projects
from sandbox.server.lifecycle import LOG_NAME, Launch, find_server, stop_server
from sandbox.server.record import ServerRecord, read_record
from sandbox.stored import stored_keys, values_stored

P = "/v1/projects/keyplan-sandbox"
CANARY = "canary-" + "7d1e90ab" * 4
MANIFEST = {
    "clouds": {"gcp": {"projectId": "keyplan-sandbox"}},
    "keys": {
        name: {
            "vendor": "generic",
            "envVar": f"{name.upper()}_API_KEY",
            "owner": "ada@example.com",
            "gcp": {"name": f"dev-{name}-key"},
        }
        for name in ("first", "second")
    },
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose server runs for the whole file."""
    project = Project(tmp_path_factory.mktemp("sandbox"))
    Launch(project, 0).wait()
    yield project
    stop_server(project)


@pytest.fixture(scope="module")
def record(project: Project) -> ServerRecord:
    found = read_record(project.directory)
    assert found is not None
    return found


def _ask(record: ServerRecord, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", record.gcp_port, timeout=30)
    headers = {"Authorization": "Bearer sandbox:user:admin@example.com"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


def _put(record: ServerRecord, secret: str, value: str) -> None:
    _ask(record, "POST", f"{P}/secrets?secretId={secret}", {"replication": {"automatic": {}}})
    payload = {"data": base64.b64encode(value.encode()).decode()}
    status, version = _ask(record, "POST", f"{P}/secrets/{secret}:addVersion", {"payload": payload})
    assert status == 200
    number = version["name"].rpartition("/")[2]
    path = f"{P}/secrets/{secret}?updateMask=versionAliases"
    assert _ask(record, "PATCH", path, {"versionAliases": {"current": number}})[0] == 200


def test_each_cloud_has_a_port_of_its_own(record: ServerRecord) -> None:
    assert record.gcp_port not in (0, record.port)
    assert _ask(record, "GET", P)[1]["projectId"] == "keyplan-sandbox"
    assert ask_health(record) is not None


def test_moving_time_ages_versions_of_google_cloud(record: ServerRecord) -> None:
    _put(record, "ageing", "value")
    path = f"{P}/secrets/ageing/versions/1"
    before = datetime.fromisoformat(_ask(record, "GET", path)[1]["createTime"])
    answer = ServerClient(record).ask("advance", seconds=91 * 86400)
    assert answer["versions"] >= 1
    after = datetime.fromisoformat(_ask(record, "GET", path)[1]["createTime"])
    assert before - after == timedelta(days=91)


def test_a_secret_that_expires_while_time_moves_is_gone(record: ServerRecord) -> None:
    body = {"replication": {"automatic": {}}, "ttl": "86400s"}
    _ask(record, "POST", f"{P}/secrets?secretId=expiring", body)
    assert ServerClient(record).ask("advance", seconds=2 * 86400)["gone"] == ["expiring"]
    assert _ask(record, "GET", f"{P}/secrets/expiring")[0] == 404


def test_what_is_stored_is_told_by_number_and_never_by_value(record: ServerRecord) -> None:
    _put(record, "dev-first-key", CANARY)
    _put(record, "dev-first-key", CANARY)
    _ask(record, "POST", f"{P}/secrets?secretId=dev-second-key", {"replication": {"automatic": {}}})
    first, second = stored_keys(record, MANIFEST)
    assert (first.versions, first.has_value) == ({"gcp": 2}, True)
    assert (second.versions, second.has_value) == ({"gcp": 0}, False)
    assert first.created is not None
    assert first.created <= datetime.now(UTC)
    assert values_stored(record, MANIFEST) >= 1
    _ask(record, "POST", f"{P}/secrets/dev-first-key/versions/2:disable", {})
    assert [key.has_value for key in stored_keys(record, MANIFEST)] == [False, False]
    held = ServerClient(record).ask("google-secrets", project="keyplan-sandbox")
    assert CANARY not in json.dumps(held)


def test_the_project_that_a_stack_names_is_there(record: ServerRecord) -> None:
    ensure_google_projects(record, ["acme-prod-project"])
    number = _ask(record, "GET", "/v1/projects/acme-prod-project")[1]["projectNumber"]
    ensure_google_projects(record, ["acme-prod-project"])
    assert _ask(record, "GET", "/v1/projects/acme-prod-project")[1]["projectNumber"] == number
    ensure_google_projects(record, ["", "Not A Project"])


def test_no_request_is_logged(project: Project, record: ServerRecord) -> None:
    _put(record, "logged", CANARY)
    _ask(record, "GET", f"{P}/secrets/{CANARY}")
    _ask(record, "POST", f"{P}/secrets?secretId=broken", [CANARY])
    assert CANARY not in (project.directory / LOG_NAME).read_text(encoding="utf-8")


def test_both_ports_close_together(tmp_path: Any) -> None:
    project = Project(tmp_path)
    record = Launch(project, 0).wait()
    stop_server(project)
    assert find_server(project) is None
    for port in (record.port, record.gcp_port):
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 5):
            pass
