"""docs/wiring.md tells the truth: its blocks are the command's output, and its code does what it says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from moto import mock_aws

from keyplan.cli.wire import table
from keyplan.manifest.model import Manifest
from keyplan.wiring import TARGETS, wire
from tests.wiring.conftest import REGION
from tests.wiring.test_wiring_ci_docs import HERE as OF_THE_CI_PAGE

VALUE = "sk-ant-" + "api03-" + "x" * 93 + "AA"
STORED = json.dumps({"ANTHROPIC_API_KEY": VALUE})


@pytest.fixture
def page(project: Path) -> str:
    """The page."""
    return (project / "docs" / "wiring.md").read_text()


def block(page: str, mark: str) -> str:
    """The fenced block below the comment `mark`."""
    found = re.search(rf"^<!-- {re.escape(mark)} -->\n```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found, mark
    return found[1]


def test_each_example_is_what_the_command_prints(page: str, manifest: Manifest) -> None:
    marks = re.findall(r"^<!-- keyplan wire (\S+) (\S+) -->$", page, re.MULTILINE)
    assert {target for target, _ in marks} == {
        name for name, kind in TARGETS.items() if "aws" in kind.clouds and kind.in_stack
    } - set(OF_THE_CI_PAGE)
    for target, consumer in marks:
        assert block(page, f"keyplan wire {target} {consumer}") == wire(manifest, consumer, target)


def test_the_table_is_what_the_command_prints(page: str, manifest: Manifest) -> None:
    assert block(page, "keyplan wire") == table(manifest)


def defined(code: str) -> Any:
    """`read_key` as the page defines it."""
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 the page is ours
    return names["read_key"]


def test_the_program_that_reads_by_itself_gets_the_value(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("secretsmanager", region_name=REGION)
        arn = client.create_secret(Name="prod/anthropic-api-key", SecretString=STORED)["ARN"]
        monkeypatch.setenv("ANTHROPIC_API_KEY_SECRET_ARN", arn)
        assert defined(block(page, "read with boto3"))("ANTHROPIC_API_KEY") == VALUE


class Extension(BaseHTTPRequestHandler):
    """AWS's extension, as its guide describes it: GetSecretValue's answer, for the session's token only."""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        allowed = self.headers["X-Aws-Parameters-Secrets-Token"] == "token of the session"
        self.send_response(200 if allowed and address.path == "/secretsmanager/get" else 403)
        self.end_headers()
        [secret] = parse_qs(address.query)["secretId"]
        self.wfile.write(
            json.dumps({"ARN": secret, "SecretString": STORED if "?" not in secret else ""}).encode()
        )

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def extension_port() -> Iterator[int]:
    """The extension on this machine."""
    server = HTTPServer(("127.0.0.1", 0), Extension)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_the_function_that_asks_the_extension_gets_the_value(
    page: str, monkeypatch: pytest.MonkeyPatch, extension_port: int
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token of the session")
    monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", str(extension_port))
    arn = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:prod/anthropic+x=@-api-key-AbC12d"
    monkeypatch.setenv("ANTHROPIC_API_KEY_SECRET_ARN", arn)
    assert defined(block(page, "read with the extension"))("ANTHROPIC_API_KEY") == VALUE


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not here")
def test_the_merge_adds_to_the_named_container_and_keeps_the_rest(
    page: str, manifest: Manifest, tmp_path: Path
) -> None:
    fragment = wire(manifest, "chat-api", "ecs")
    (tmp_path / "keys.json").write_text(fragment)
    task = {
        "family": "chat",
        "containerDefinitions": [
            {"name": "chat-api", "image": "x", "environment": [{"name": "PORT", "value": "80"}]},
            {"name": "proxy", "image": "y"},
        ],
    }
    (tmp_path / "task.json").write_text(json.dumps(task))
    script = block(page, "merge an ECS task definition").split("\n", 1)[1]
    subprocess.run(["sh", "-ec", script], cwd=tmp_path, check=True)
    expected = json.loads(fragment)
    [mine] = expected["containerDefinitions"]
    assert json.loads((tmp_path / "merged.json").read_text()) == {
        **expected,
        "family": "chat",
        "containerDefinitions": [
            {
                **mine,
                "image": "x",
                "environment": [{"name": "PORT", "value": "80"}, *mine["environment"]],
            },
            {"name": "proxy", "image": "y"},
        ],
    }
