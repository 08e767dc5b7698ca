"""The python, typescript and curl targets: each program runs, and sends what its route sends.

Python runs with a stand-in for Anthropic's package that takes the arguments of the real one and no others;
where the real one is installed, its classes are looked at, too. curl runs for real, against a server here.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import PROGRAMS, wire
from tests.wiring.conftest import key
from tests.wiring.routes import RULE, VARIABLES, with_route
from tests.wiring_gcp.conftest import manifest as manifest_on_google  # noqa: F401 a fixture

VALUE = "sk-ant-" + "api03-" + "x" * 93 + "AA"
TOKEN = "header.payload.signature"
ACCESS = "sk-ant-" + "oat01-" + "y" * 40
URL = "https://llm.example.com/anthropic"
# The arguments that the samples use, each of which the class has. Source: anthropic 2.12.0.
CLASSES = {
    "Anthropic": {"api_key", "auth_token", "base_url", "credentials", "timeout"},
    "AnthropicBedrock": {"aws_region", "api_key", "timeout"},
    "AnthropicVertex": {"region", "project_id", "timeout"},
    "AnthropicFoundry": {"api_key", "azure_ad_token_provider", "timeout"},
    "WorkloadIdentityCredentials": {
        *{"identity_token_provider", "federation_rule_id", "organization_id", "service_account_id"},
        "workspace_id",
    },
}
STAND_IN = """\
import json, os
class _Recorded:
    def __init__(self, **given):
        self.given = given
        provider = given.get("identity_token_provider")
        shown = {name: value for name, value in given.items() if isinstance(value, str | float)}
        print(json.dumps([type(self).__name__, shown, provider and provider(), sorted(os.environ)]))
        self.messages = self
    def create(self, *, model, max_tokens, messages):
        print(json.dumps([model, max_tokens]))
        return type("Message", (), {"content": []})
"""


@pytest.fixture
def on_google(manifest_on_google: Manifest) -> Manifest:  # noqa: F811 a fixture
    """The environment of the tests on Google Cloud."""
    return manifest_on_google


@pytest.fixture
def everyone(manifest: Manifest, on_google: Manifest) -> list[tuple[Manifest, str]]:
    """Every consumer that has a client of Claude's, on every route that it can have."""
    found = [(each, name) for each in (manifest, on_google) for name in each.consumers]
    for each, route in ((manifest, "bedrock"), (on_google, "vertex"), (manifest, "foundry")):
        found += [(with_route(each, name, route), name) for name in each.consumers]
    found += [
        (with_route(each, name, "federation"), name)
        for each in (manifest, on_google)
        for name, consumer in each.consumers.items()
        if consumer.runtime != "people"
    ]
    return found


def test_every_python_program_parses_and_uses_what_the_package_has(
    everyone: list[tuple[Manifest, str]],
) -> None:
    for each, name in everyone:
        tree = ast.parse(wire(each, name, "python"))
        imported = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "anthropic"
            for alias in node.names
        }
        assert imported
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in CLASSES:
                given = {keyword.arg for keyword in node.keywords}
                assert given <= CLASSES[ast.unparse(node.func)]
        assert imported <= set(CLASSES)


@pytest.mark.skipif(
    importlib.util.find_spec("anthropic") is None,
    reason="the package anthropic is not here: its documented arguments are compared alone",
)
def test_the_arguments_are_those_of_the_installed_package() -> None:
    import inspect

    import anthropic

    for name, arguments in CLASSES.items():
        assert arguments <= set(inspect.signature(getattr(anthropic, name)).parameters)


def ran(tmp_path: Path, text: str, **environment: str) -> list[Any]:
    """What the stand-in of the package saw."""
    classes = "".join(f"class {name}(_Recorded): pass\n" for name in CLASSES)
    (tmp_path / "anthropic.py").write_text(STAND_IN + classes)
    (tmp_path / "program.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]


def test_python_hands_over_the_key_and_the_limits_of_the_environment(
    manifest: Manifest, tmp_path: Path
) -> None:
    chat = replace(manifest.consumers["chat-api"], env={"ANTHROPIC_TIMEOUT_MS": "1500"})
    text = wire(replace(manifest, consumers={"chat-api": chat}), "chat-api", "python")
    (client, given, _, _), message = ran(
        tmp_path, text, ANTHROPIC_API_KEY=VALUE, ANTHROPIC_TIMEOUT_MS="1500", ANTHROPIC_MODEL="m"
    )
    assert (client, given) == ("Anthropic", {"api_key": VALUE, "timeout": 1.5})
    assert message == ["m", 1024]


def test_python_reads_a_file_where_the_runtime_gives_one(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(VALUE)
    text = wire(manifest, "search", "python")
    (_, given, _, _), _ = ran(tmp_path, text, ANTHROPIC_API_KEY_FILE=str(tmp_path / "key"))
    assert given == {"api_key": VALUE}


def test_python_takes_leftovers_away_before_federation(manifest: Manifest, tmp_path: Path) -> None:
    text = wire(with_route(manifest, "search", "federation"), "search", "python")
    left = dict.fromkeys(("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE"), "left over")
    (client, given, _, environment), _ = ran(tmp_path, text, **RULE, **left)
    assert (client, given) == ("Anthropic", {})
    assert not set(environment) & set(left)


@pytest.mark.parametrize(
    ("route", "client"), [("bedrock", "AnthropicBedrock"), ("vertex", "AnthropicVertex")]
)
def test_python_names_a_providers_region_and_model(
    manifest: Manifest, on_google: Manifest, tmp_path: Path, route: str, client: str
) -> None:
    each, name = (manifest, "chat-api") if route == "bedrock" else (on_google, "web")
    text = wire(with_route(each, name, route), name, "python")
    (found, given, _, _), _ = ran(tmp_path, text, ANTHROPIC_MODEL="m", **VARIABLES[route])
    assert found == client
    assert set(given.values()) <= set(VARIABLES[route].values())
    with pytest.raises(subprocess.CalledProcessError):  # no name of a model is every provider's
        ran(tmp_path, text, **VARIABLES[route])


# TypeScript

# One node for all of them: parses each as a module, and says how many it read.
READ_ALL = """
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"))
for (const text of texts) new (require("vm").SourceTextModule)(text)
console.log(texts.length)
"""


def test_every_typescript_program_is_one_that_node_reads(everyone: list[tuple[Manifest, str]]) -> None:
    """Without its types: node of Debian strips none."""
    texts = {wire(each, name, "typescript") for each, name in everyone}
    for text in texts:
        assert text.count("{") == text.count("}")
        assert text.count("(") == text.count(")")
        assert "needed(" not in text or "function needed" in text
    if shutil.which("node") is None:
        pytest.skip("node is not here")
    stripped = {re.sub(r": (?:Promise<string>|string)(?=[ )])", "", text) for text in texts}
    done = subprocess.run(
        ["node", "--experimental-vm-modules", "--no-warnings", "-e", READ_ALL],
        input=json.dumps(sorted(stripped)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"{len(stripped)}\n"), done.stderr


# curl


class Vendor(BaseHTTPRequestHandler):
    """Anthropic, a gateway and Google's metadata server: notes what it is asked."""

    seen: list[tuple[str, dict[str, str], Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        message = {"content": [{"type": "text", "text": "hello"}]}
        self.answer(json.dumps({"access_token": ACCESS} if self.path.endswith("/token") else message))

    def do_GET(self) -> None:
        assert "audience=https" in self.path
        self.answer(TOKEN)

    def answer(self, text: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def vendor() -> Iterator[type[Vendor]]:
    """The server; its `seen` has what it was asked."""
    handler = type("Here", (Vendor,), {"seen": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    handler.port = server.server_port  # type: ignore[attr-defined]
    yield handler
    server.shutdown()
    server.server_close()


def sent(tmp_path: Path, vendor: Any, text: str, **environment: str) -> str:
    """What the script prints; its curl is the real one, which goes to the server here instead of https."""
    arguments = tmp_path / "arguments"
    (tmp_path / "curl").write_text(
        f"""#!{sys.executable}
import os, re, sys
with open({str(arguments)!r}, "a") as file:
    print(*sys.argv, file=file)
here = [re.sub("https://[^/]+", "http://127.0.0.1:{vendor.port}", each) for each in sys.argv[1:]]
given = [new if old.startswith("https://") else old for old, new in zip(sys.argv[1:], here)]
os.execv({shutil.which("curl")!r}, ["curl", *given])
"""
    )
    (tmp_path / "curl").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh"], input=text, env={"PATH": path, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not [each for each in (VALUE, TOKEN, ACCESS) if each in arguments.read_text()]
    return done.stdout


HAS_CURL = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="curl or jq is not here"
)


@pytest.mark.parametrize("shell", ["sh", "bash", "dash"])
def test_every_script_is_one_that_shells_read(everyone: list[tuple[Manifest, str]], shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    for text in {wire(each, name, "curl") for each, name in everyone}:
        subprocess.run([shell, "-n"], input=text, text=True, check=True)


@HAS_CURL
def test_curl_sends_a_key_in_its_header_and_in_no_argument(
    manifest: Manifest, tmp_path: Path, vendor: Any
) -> None:
    assert sent(tmp_path, vendor, wire(manifest, "chat-api", "curl"), ANTHROPIC_API_KEY=VALUE) == "hello\n"
    [(path, headers, body)] = vendor.seen
    assert (path, headers["x-api-key"], headers["anthropic-version"]) == ("/v1/messages", VALUE, "2023-06-01")
    assert (body["model"], body["max_tokens"]) == ("claude-sonnet-4-6", 1024)


@HAS_CURL
def test_curl_sends_a_gateways_token_to_its_address(manifest: Manifest, tmp_path: Path, vendor: Any) -> None:
    gate = replace(key("gate", "ANTHROPIC_AUTH_TOKEN", "g4TeWy"), vendor="gateway", base_url=URL)
    chat = replace(manifest.consumers["chat-api"], keys=("gate",), env={"ANTHROPIC_BASE_URL": URL})
    text = wire(replace(manifest, keys={"gate": gate}, consumers={"chat-api": chat}), "chat-api", "curl")
    sent(tmp_path, vendor, text, ANTHROPIC_AUTH_TOKEN=VALUE, ANTHROPIC_BASE_URL=URL)
    [(path, headers, _)] = vendor.seen
    assert (path, headers["authorization"]) == ("/anthropic/v1/messages", f"Bearer {VALUE}")


@HAS_CURL
@pytest.mark.parametrize("name", ["search", "web"])
def test_curl_trades_the_identity_token_and_sends_what_it_got(
    manifest: Manifest, on_google: Manifest, tmp_path: Path, vendor: Any, name: str
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    each = manifest if name == "search" else on_google
    text = wire(with_route(each, name, "federation"), name, "curl")
    here = {"ANTHROPIC_IDENTITY_TOKEN_FILE": str(tmp_path / "token")}
    if name == "web":
        here = {"GCE_METADATA_HOST": f"127.0.0.1:{vendor.port}"}
    assert sent(tmp_path, vendor, text, **RULE, **here, ANTHROPIC_API_KEY="left over") == "hello\n"
    (path, _, traded), (_, headers, _) = vendor.seen
    assert path == "/v1/oauth/token"
    assert traded == {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": TOKEN,
        "federation_rule_id": RULE["ANTHROPIC_FEDERATION_RULE_ID"],
        "organization_id": RULE["ANTHROPIC_ORGANIZATION_ID"],
        "service_account_id": RULE["ANTHROPIC_SERVICE_ACCOUNT_ID"],
    }
    assert headers["authorization"] == f"Bearer {ACCESS}"
    assert "x-api-key" not in headers


# What there is no program for


@pytest.mark.parametrize("target", PROGRAMS)
def test_a_consumer_without_a_key_of_claudes_clients_is_refused(manifest: Manifest, target: str) -> None:
    other = replace(manifest.consumers["chat-api"], keys=("openrouter",))
    with pytest.raises(UsageError, match="chat-api reads none that they can use"):
        wire(replace(manifest, consumers={"chat-api": other}), "chat-api", target)


@pytest.mark.parametrize("target", PROGRAMS)
def test_a_login_is_for_claude_code_and_no_program(manifest: Manifest, target: str) -> None:
    with pytest.raises(UsageError, match="that login is for Claude Code alone"):
        wire(with_route(manifest, "research", "subscription"), "research", target)


@pytest.mark.parametrize("target", PROGRAMS)
def test_no_program_holds_a_text_of_the_consumers_own(manifest: Manifest, target: str) -> None:
    odd = "'\"$(id)`id`\\\n{{}}"
    chat = replace(manifest.consumers["chat-api"], env={"ANTHROPIC_MODEL": odd, "TEXT": odd})
    text = wire(replace(manifest, consumers={"chat-api": chat}), "chat-api", target)
    assert text == wire(manifest, "chat-api", target)


def test_the_call_to_sts_is_one_that_aws_knows(manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    """By botocore's model of STS: no emulator here has the call."""
    text = wire(with_route(manifest, "chat-api", "federation"), "chat-api", "python")
    [function] = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    given = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    client = boto3.client("sts", **given)
    expected = {
        "Audience": ["https://api.anthropic.com"], "SigningAlgorithm": "RS256", "DurationSeconds": 900,
    }  # fmt: skip
    with Stubber(client) as stub:
        stub.add_response("get_web_identity_token", {"WebIdentityToken": TOKEN}, expected)
        monkeypatch.setattr(boto3, "client", lambda name, region_name: client)
        names: dict[str, Any] = {"boto3": boto3}
        exec(ast.unparse(function), names)  # noqa: S102 the program is ours
        assert names["identity_token"]() == TOKEN
        stub.assert_no_pending_responses()
