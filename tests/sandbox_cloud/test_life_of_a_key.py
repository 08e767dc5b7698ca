"""A key's whole life in the sandbox, as a person goes through it: a process each command, both clouds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.project import Project
from sandbox.server.lifecycle import stop_server
from sandbox.server.record import read_record
from tests.end_to_end.project_copy import ProjectCopy, Ran, copy_project
from tests.sandbox_vendor.asking import ask

CATALOGUE = """\
config:
  aws:region: eu-west-1
  gcp:project: keyplan-sandbox
  gcp:region: europe-west1
  keyplan:clouds: [aws, gcp]
  keyplan:owner: platform@example.com
  keyplan:protect: false
  keyplan:keys:
    anthropic: {vendor: anthropic, rotateEvery: 90d, grace: 7d}
    admin: {vendor: anthropic-admin}
  keyplan:consumers:
    chat-api: {runtime: ecs, keys: [anthropic]}
    search-api: {runtime: cloud-run, keys: [anthropic]}
    platform-team: {runtime: people, keys: [admin]}
"""
STRANGERS = ("arn:aws:iam::123456789012:role/somebody-else", "somebody-else@example.com")


@dataclass
class Life:
    """One sandbox that is up; the tests go through the life in their order."""

    copy: ProjectCopy
    values: dict[str, str]

    @property
    def vendor_url(self) -> str:
        record = read_record(Project(self.copy.directory).directory)
        assert record is not None
        return record.vendor_url

    def sandbox(self, *arguments: str) -> Ran:
        ran = self.copy.sandbox(*arguments)
        assert ran.code == 0, ran.said
        return ran

    def keyplan(self, *arguments: str, stdin: str = "", code: int = 0) -> Ran:
        ran = self.copy.keyplan(*arguments, stdin=stdin)
        assert ran.code == code, ran.said
        return ran

    def create(self, name: str, *options: str) -> str:
        self.values[name] = self.sandbox("console", "create", name, *options).stdout
        return self.values[name]

    def is_alive(self, name: str) -> bool:
        return ask(self.vendor_url, "/v1/models", self.values[name].strip()).status == 200


@pytest.fixture(scope="module")
def life(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    copy = copy_project(project, tmp_path_factory.mktemp("life"))
    (copy.directory / "Pulumi.sandbox.yaml").write_text(CATALOGUE, encoding="utf-8")
    made = Life(copy, {})
    made.sandbox("up", "--engine", "builtin")
    yield made
    stop_server(Project(copy.directory))


def test_commands_ask_the_sandboxs_vendor(life: Life) -> None:
    manifest = json.loads(Project(life.copy.directory).manifest_file.read_text(encoding="utf-8"))
    assert manifest["vendorEndpoints"] == {"anthropic": life.vendor_url}
    life.keyplan("put", "admin", stdin=life.create("platform", "--admin"))
    life.keyplan("put", "anthropic", stdin=life.create("sandbox-anthropic-key-20261001"))
    assert "alive" in life.keyplan("verify", "anthropic").stdout


def test_a_rotated_key_is_retired_when_its_grace_is_over(life: Life) -> None:
    life.sandbox("console", "use", "sandbox-anthropic-key-20261001")
    life.keyplan("rotate", "anthropic", stdin=life.create("sandbox-anthropic-key-20261121"))
    assert life.is_alive("sandbox-anthropic-key-20261001"), "the old one serves what has not restarted"
    life.keyplan("retire", "anthropic", code=1)
    life.sandbox("advance", "8d")
    life.sandbox("console", "use", "sandbox-anthropic-key-20261121")
    life.keyplan("retire", "--due")
    assert not life.is_alive("sandbox-anthropic-key-20261001")
    assert life.is_alive("sandbox-anthropic-key-20261121")
    usage = life.keyplan("status", "--usage").stdout
    assert "sandbox-anthropic-key-20261121" in usage


def test_a_leaked_key_is_shut_and_the_record_says_who_read_it(life: Life) -> None:
    life.sandbox("stranger", "anthropic")
    said = life.keyplan("revoke", "anthropic", "--leaked", "--yes", "--record", "incident.json").stdout
    assert not life.is_alive("sandbox-anthropic-key-20261121")
    life.keyplan("exec", "--only", "anthropic", "--", "true", code=3)
    record = (life.copy.directory / "incident.json").read_text(encoding="utf-8")
    for stranger in STRANGERS:
        assert stranger in said
        assert stranger in record
    life.keyplan("rotate", "anthropic", stdin=life.create("sandbox-anthropic-key-20261122"))
    life.keyplan("exec", "--only", "anthropic", "--", "true")


def test_no_value_is_in_anything_that_was_printed_but_by_the_console(life: Life) -> None:
    assert len(life.values) == 4
    for value in life.values.values():
        assert sum(value.strip() in said for said in life.copy.said) == 1
        files = [path for path in life.copy.directory.rglob("*") if path.is_file()]
        assert not [path for path in files if value.strip().encode() in path.read_bytes()]
