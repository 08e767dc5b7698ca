"""The start script, run by every shell that is here, against a metadata server and the sandbox's store."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring_gcp.conftest import Store, account, with_consumer
from tests.wiring_gcp.plain_texts import MANY, VARIABLES

SHELLS = [shell for shell in ("sh", "dash", "bash", "ksh", "zsh") if shutil.which(shell)]
READER = f"serviceAccount:{account('worker')}"
PRINT_ENVIRONMENT = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")


class MetadataServer(BaseHTTPRequestHandler):
    """A machine's own, as Compute Engine describes it: the token of the attached account, for the header."""

    attached: ClassVar[str] = account("worker")
    PREFIX = "/computeMetadata/v1/instance/service-accounts/"

    def do_GET(self) -> None:
        found = self.path == f"{self.PREFIX}{self.attached}/token"
        allowed = self.headers["Metadata-Flavor"] == "Google"
        self.send_response(403 if not allowed else 200 if found else 404)
        self.end_headers()
        if found and allowed:
            token = f"sandbox:serviceAccount:{self.attached}"
            self.wfile.write(
                json.dumps({"access_token": token, "expires_in": 3599, "token_type": "Bearer"}).encode()
            )

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def metadata_host() -> Iterator[str]:
    """The machine's metadata server on this one."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), MetadataServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@dataclass(frozen=True)
class Machine:
    """A virtual machine with the start script on it."""

    folder: Path
    metadata_host: str
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, manifest: Manifest, *command: str, shell: str = "sh") -> subprocess.CompletedProcess[str]:
        """Run a program through the script."""
        script = self.folder / "worker-with-keys"
        script.write_bytes(wire(manifest, "worker", "compute-engine").encode())
        return subprocess.run(
            [shell, str(script), *command],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "GCE_METADATA_HOST": self.metadata_host,
                **self.environment,
            },
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            cwd=self.folder,
        )


@pytest.fixture
def machine(tmp_path: Path, metadata_host: str) -> Machine:
    """The machine, with an empty folder."""
    return Machine(tmp_path, metadata_host)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "value",
    [
        "sk-ant-" + "api03-" + "x" * 93 + "AA",
        "100%25 '\"$HOME`id`\\ é -n",
        'first\n\nthird\r\n{"data": "eA=="}',
    ],
    ids=["an api key", "signs of shells", "several lines"],
)
def test_the_program_has_the_value_and_the_plain_variables(
    store: Store, machine: Machine, shell: str, value: str
) -> None:
    done = machine.start(store.put(value, READER), *PRINT_ENVIRONMENT, shell=shell)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["ANTHROPIC_API_KEY"] == value
    assert found["ANTHROPIC_MODEL"] == "claude-sonnet-4-6"
    assert [name for name in found if name.lower().startswith("keyplan")] == []
    assert "sandbox:" not in done.stdout


@given(env=VARIABLES)
@settings(MANY, max_examples=25)  # each starts two processes
def test_any_text_reaches_the_program_exactly(manifest: Manifest, env: dict[str, str]) -> None:
    """The script's own lines, read by `sh`: what comes before them needs a store."""
    text = wire(with_consumer(manifest, "worker", env=env), "worker", "compute-engine")
    assignments = text.partition("export ANTHROPIC_API_KEY\n")[2]
    done = subprocess.run(
        ["sh", "-c", assignments, "sh", *PRINT_ENVIRONMENT],
        env={"PATH": os.environ["PATH"], "PYTHONUTF8": "1"},
        capture_output=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert {name: found[name] for name in env} == env


def test_the_programs_own_arguments_and_its_exit_code_go_through(store: Store, machine: Machine) -> None:
    manifest = store.put("value", READER)
    done = machine.start(manifest, "sh", "-c", 'printf "<%s>" "$@"; exit 7', "x", "a b", "", "$c")
    assert (done.returncode, done.stdout) == (7, "<a b><><$c>")


def test_without_a_program_it_says_how_to_use_it(store: Store, machine: Machine) -> None:
    done = machine.start(store.put("value", READER))
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_stranger_starts_nothing(store: Store, machine: Machine, shell: str) -> None:
    manifest = store.put("CANARY", "serviceAccount:somebody@else.iam.gserviceaccount.com")
    done = machine.start(manifest, "echo", "started", shell=shell)
    assert done.returncode != 0
    assert "ANTHROPIC_API_KEY was not read: no access to projects/" in done.stderr
    assert "started" not in done.stdout
    assert "CANARY" not in done.stdout + done.stderr


def test_a_secret_without_a_current_version_starts_nothing(store: Store, machine: Machine) -> None:
    done = machine.start(store.put("CANARY", READER, current=False), "echo", "started")
    assert done.returncode != 0
    assert "was not read" in done.stderr
    assert "started" not in done.stdout


def test_a_machine_of_another_account_says_so(store: Store, machine: Machine) -> None:
    other = f"serviceAccount:{account('other')}"
    manifest = with_consumer(store.put("CANARY", other), "worker", member=other)
    done = machine.start(manifest, "echo", "started")
    assert done.returncode == 1
    assert f"this machine does not run as {account('other')}" in done.stderr
    assert done.stdout == ""


def test_the_token_and_the_value_are_no_argument_of_any_process(store: Store, machine: Machine) -> None:
    """Arguments stand in the list of processes, which everybody on the machine can read."""
    folder, seen = machine.folder / "bin", machine.folder / "arguments"
    folder.mkdir()
    for tool in ("curl", "sed", "base64"):
        spy = folder / tool
        spy.write_text(f'#!/bin/sh\nprintf "%s\\n" "$0" "$@" >> {seen}\nexec {shutil.which(tool)} "$@"\n')
        spy.chmod(0o755)
    watched = replace(machine, environment={"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"})
    done = watched.start(store.put("CANARY", READER), "true")
    assert (done.returncode, done.stderr) == (0, "")
    arguments = seen.read_text()
    assert "/curl\n" in arguments
    assert not any(secret in arguments for secret in ("CANARY", "Q0FOQVJZ", "sandbox:"))


@pytest.mark.parametrize("changes", [{"env": {"keyplan_token": "x"}}])
def test_a_variable_that_the_script_needs_itself_is_refused(
    manifest: Manifest, changes: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match="the variable keyplan_token of worker cannot be written"):
        wire(with_consumer(manifest, "worker", **changes), "worker", "compute-engine")


def test_a_key_in_such_a_variable_is_refused(manifest: Manifest) -> None:
    keys = {**manifest.keys, "anthropic": replace(manifest.keys["anthropic"], env_var="keyplan_url")}
    with pytest.raises(UsageError, match="the variable keyplan_url of worker cannot be written"):
        wire(replace(manifest, keys=keys), "worker", "compute-engine")


def test_a_comment_says_how_systemd_starts_it_and_what_a_rotation_needs(manifest: Manifest) -> None:
    text = wire(manifest, "worker", "compute-engine")
    assert text.startswith("#!/bin/sh\n")
    assert "#   ExecStart=/usr/local/bin/worker-with-keys PROGRAM ARGUMENT\n" in text
    assert "# After `keyplan put`: systemctl restart UNIT\n" in text
