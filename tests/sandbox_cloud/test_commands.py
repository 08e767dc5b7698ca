"""`python -m sandbox …` as a person runs it: processes, a copy of the project, the real program."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from sandbox.project import Project, one_at_a_time
from sandbox.server.client import aws_client
from sandbox.server.lifecycle import stop_server
from sandbox.server.record import ServerRecord, process_start, read_record
from tests.end_to_end.project_copy import ProjectCopy, Ran, copy_project

CATALOGUE = "Pulumi.sandbox.yaml"
CANARY = "canary-" + "5e1d07c4" * 4


@dataclass
class Sandbox:
    """A copy of the project, and what runs in it."""

    copy: ProjectCopy

    @property
    def project(self) -> Project:
        return Project(self.copy.directory)

    @property
    def record(self) -> ServerRecord:
        record = read_record(self.project.directory)
        assert record is not None
        return record

    def __call__(self, *arguments: str, **environment: str) -> Ran:
        return self.copy.sandbox(*arguments, environment=environment)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.copy.directory / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def secrets(self) -> list[str]:
        client = aws_client(self.record, "secretsmanager")
        return [secret["Name"] for secret in client.list_secrets()["SecretList"]]

    def roles(self) -> set[str]:
        roles = aws_client(self.record, "iam").list_roles(MaxItems=1000)["Roles"]
        return {role["RoleName"] for role in roles}


@pytest.fixture(scope="module")
def made(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox that is up, for the tests of this file; each leaves it up and whole."""
    sandbox = Sandbox(copy_project(project, tmp_path_factory.mktemp("commands")))
    up = sandbox("up")
    assert up.code == 0, up.said
    yield sandbox
    stop_server(sandbox.project)


@pytest.fixture
def sandbox(made: Sandbox) -> Iterator[Sandbox]:
    """The shared sandbox, with its files put back after the test."""
    kept = {name: (made.copy.directory / name).read_text() for name in (CATALOGUE, "__main__.py")}
    yield made
    for name, text in kept.items():
        (made.copy.directory / name).write_text(text)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_second_up_keeps_everything_and_the_server(sandbox: Sandbox) -> None:
    before = sandbox.record
    again = sandbox("up")
    assert again.code == 0, again.said
    kinds = [line.split(":")[0] for line in again.stdout.splitlines() if line.endswith(" resources")]
    assert kinds == ["kept"]
    assert sandbox.record == before


def test_up_ends_with_commands_that_work_as_they_stand(sandbox: Sandbox) -> None:
    up = sandbox("up")
    steps = [line.strip() for line in up.stdout.partition("try now:")[2].splitlines() if line.strip()]
    assert len(steps) >= 3
    for step in steps:
        ran = sandbox.copy.run("sh", "-c", step)
        assert ran.code == 0, (step, ran.said)


def test_the_manifest_is_where_the_keyplan_command_looks_and_names_the_endpoint(sandbox: Sandbox) -> None:
    manifest = json.loads(sandbox.project.manifest_file.read_text())
    assert manifest["clouds"]["aws"]["endpoints"]["secretsmanager"] == sandbox.record.url
    wired = {path.name for path in sandbox.project.wiring_directory.glob("*/*")}
    assert {"ecs", "github-actions", "lambda"} <= wired


def test_an_edited_catalogue_applies_the_difference(sandbox: Sandbox) -> None:
    catalogue = sandbox.copy.directory / CATALOGUE
    document = yaml.safe_load(catalogue.read_text(encoding="utf-8"))
    del document["config"]["keyplan:consumers"]["summarizer"]
    catalogue.write_text(yaml.safe_dump(document), encoding="utf-8")
    preview = sandbox("up", "--preview")
    assert "removed" in preview.stdout
    assert "sandbox-summarizer-reader" in sandbox.roles()
    up = sandbox("up")
    assert up.code == 0, up.said
    assert "sandbox-summarizer-reader" not in sandbox.roles()
    assert "summarizer-reader" in up.stdout.partition("removed:")[2]


def test_a_mistake_in_the_catalogue_is_told_with_its_line_and_changes_nothing(sandbox: Sandbox) -> None:
    roles = sandbox.roles()
    sandbox.edit(CATALOGUE, "runtime: ecs", "runtime: esc")
    up = sandbox("up")
    assert up.code == 2
    assert f"{CATALOGUE}:" in up.stderr
    assert "ecs" in up.stderr
    assert sandbox.roles() == roles


def test_a_program_that_fails_removes_nothing(sandbox: Sandbox) -> None:
    sandbox("up")
    roles, secrets = sandbox.roles(), sandbox.secrets()
    (sandbox.copy.directory / "__main__.py").write_text("raise RuntimeError('broken')\n")
    up = sandbox("up")
    assert up.code in (2, 3), up.said
    assert "error:" in up.stderr
    assert (sandbox.roles(), sandbox.secrets()) == (roles, secrets)


def test_a_killed_server_is_built_again_and_what_was_lost_is_said(sandbox: Sandbox) -> None:
    before = sandbox.record
    os.kill(before.pid, signal.SIGKILL)
    while process_start(before.pid):
        time.sleep(0.01)
    status = sandbox("status")
    assert (status.code, status.stderr.splitlines()[1]) == (3, "hint: python -m sandbox up")
    up = sandbox("up")
    assert up.code == 0, up.said
    assert "was gone, and the values in it with it" in up.stderr
    assert "without a value: anthropic" in up.stdout
    assert sandbox.record.instance != before.instance
    manifest = json.loads(sandbox.project.manifest_file.read_text())
    assert set(sandbox.secrets()) == {key["aws"]["name"] for key in manifest["keys"].values()}


def test_two_commands_at_once_are_told_apart(sandbox: Sandbox) -> None:
    with one_at_a_time(sandbox.project):
        for arguments in (("up",), ("down",), ("advance", "1d")):
            refused = sandbox(*arguments)
            assert refused.code == 4
            assert "another sandbox command" in refused.stderr
        assert sandbox("status").code == 0


def test_an_interrupted_up_can_be_taken_up_again(sandbox: Sandbox) -> None:
    # A program that waits, so that the interrupt arrives while it runs.
    marker = sandbox.copy.directory / "program-runs"
    program = f"import pathlib, time\npathlib.Path({str(marker)!r}).touch()\ntime.sleep(60)\n"
    whole = (sandbox.copy.directory / "__main__.py").read_text()
    (sandbox.copy.directory / "__main__.py").write_text(program)
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "up"],
        cwd=sandbox.copy.directory,
        env=sandbox.copy.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not marker.exists() and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in said) == (130, False)
    assert "python -m sandbox up goes on from there" in said
    (sandbox.copy.directory / "__main__.py").write_text(whole)
    up = sandbox("up")
    assert up.code == 0, up.said
    assert "kept: " in up.stdout


def test_a_taken_port_is_named_and_nothing_is_left_behind(
    project: Path, tmp_path: Path, taken_port: int
) -> None:
    copy = copy_project(project, tmp_path)
    for arguments, environment in (
        (("--port", str(taken_port)), {}),
        ((), {"KEYPLAN_SANDBOX_PORT": str(taken_port)}),
    ):
        up = copy.sandbox("up", *arguments, environment=environment)
        assert up.code == 2
        assert f"port {taken_port}" in up.stderr
    assert copy.sandbox("status").code == 3
    assert copy.sandbox("down").stdout == "no sandbox was running here\n"


def test_another_port_than_the_running_ones_is_refused(sandbox: Sandbox, taken_port: int) -> None:
    up = sandbox("up", "--port", str(taken_port))
    assert up.code == 2
    assert f"already runs, on port {sandbox.record.port}" in up.stderr


def test_it_is_found_from_a_directory_below(sandbox: Sandbox) -> None:
    below = sandbox.copy.directory / "docs"
    ran = subprocess.run(
        [sys.executable, "-m", "sandbox", "status"],
        cwd=below,
        env={**sandbox.copy.environment, "PYTHONPATH": str(sandbox.copy.directory)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_closed_output_is_no_error(sandbox: Sandbox) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        [sys.executable, "-m", "sandbox", "status"],
        cwd=sandbox.copy.directory,
        env=sandbox.copy.environment,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (141, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("advance", "91"), "a whole number and h, d or w"),
        (("advance", "0d"), "a whole number and h, d or w"),
        (("advance", "-1d"), "time moves forward only"),
        (("advance", "11000d"), "ten years at most"),
        (("advance",), "required: TIME"),
        (("up", "--port", "0"), "from 1 to 65535"),
        (("up", "--port", "http"), "from 1 to 65535"),
        (("upp",), "no such command"),
        (("stranger", "nothing"), "no such key; there is anthropic"),
        (("stranger", "--as", "me"), "ARN of an IAM role or user"),
        (("status", "--no-such"), "not understood"),
    ],
)
def test_bad_input_is_answered_in_words(sandbox: Sandbox, arguments: tuple[str, ...], words: str) -> None:
    ran = sandbox(*arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert words in ran.stderr


def test_no_verb_prints_the_help(sandbox: Sandbox) -> None:
    ran = sandbox()
    assert ran.code == 2
    assert all(f"\n  {verb} " in ran.said for verb in ("up", "status", "advance", "stranger", "down"))
    for verb in ("up", "status", "advance", "stranger", "down"):
        assert sandbox(verb, "--help").stdout.startswith(f"usage: python -m sandbox {verb}")


def test_before_up_every_verb_says_what_to_do(project: Path, tmp_path: Path) -> None:
    copy = copy_project(project, tmp_path)
    for arguments in (("status",), ("advance", "1d"), ("stranger",)):
        ran = copy.sandbox(*arguments)
        assert (ran.code, ran.stderr) == (
            3,
            "error: no sandbox is running here\nhint: python -m sandbox up\n",
        )


def test_after_ninety_one_days_the_owner_is_told_and_a_new_value_ends_it(sandbox: Sandbox) -> None:
    for name, key in json.loads(sandbox.project.manifest_file.read_text())["keys"].items():
        prefix = {"anthropic": "sk-ant-" + "api03-", "anthropic-admin": "sk-ant-" + "admin01-"}[key["vendor"]]
        put = sandbox.copy.keyplan("put", name, stdin=prefix + "x" * 93 + "AA")
        assert put.code == 0, put.said
    advance = sandbox("advance", "91d")
    assert advance.code == 0, advance.said
    assert "sandbox-keyplan/anthropic/rotation-due OK → ALARM" in advance.stdout
    assert "sandbox-keyplan/anthropic/rotation-overdue OK → ALARM" in advance.stdout
    assert "To:      ml@example.com\nSubject: sandbox: the key anthropic is" in advance.stdout
    put = sandbox.copy.keyplan("put", "anthropic", stdin="sk-ant-" + "api03-" + "y" * 93 + "AA")
    assert put.code == 0, put.said
    after = sandbox("advance", "1d")
    assert "sandbox-keyplan/anthropic/rotation-overdue ALARM → OK" in after.stdout
    assert "0 mails would have been sent" in after.stdout


def test_an_unlisted_reader_brings_a_mail_and_a_listed_one_none(sandbox: Sandbox) -> None:
    stranger = sandbox("stranger")
    assert stranger.code == 0, stranger.said
    assert "To:      ml@example.com, platform@example.com" in stranger.stdout
    listed = sandbox("stranger", "--as", "arn:aws:iam::123456789012:role/sandbox-chat-api-reader")
    assert "no mail was sent" in listed.stdout


def test_no_file_of_the_sandbox_ever_holds_a_value(sandbox: Sandbox) -> None:
    secrets = aws_client(sandbox.record, "secretsmanager")
    secrets.put_secret_value(SecretId="sandbox/anthropic-api-key", SecretString=json.dumps({"A": CANARY}))
    for arguments in (("up", "--verbose"), ("status",), ("advance", "3d", "--verbose"), ("stranger",)):
        assert CANARY not in sandbox(*arguments).said
    places = (sandbox.project.directory, sandbox.copy.home, sandbox.copy.temporary)
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        with contextlib.suppress(FileNotFoundError):
            assert CANARY.encode() not in path.read_bytes()


def test_down_says_what_is_lost_and_forgets_the_manifest(project: Path, tmp_path: Path) -> None:
    copy = copy_project(project, tmp_path)
    assert copy.sandbox("up").code == 0
    sandbox = Sandbox(copy)
    record = sandbox.record
    secrets = aws_client(record, "secretsmanager")
    secrets.put_secret_value(SecretId="sandbox/anthropic-api-key", SecretString="value")
    down = sandbox("down")
    assert (down.code, down.stdout) == (
        0,
        f"the sandbox on port {record.port} is gone, and 1 value with it\n",
    )
    assert process_start(record.pid) == ""
    assert not sandbox.project.manifest_file.exists()
    assert sandbox("down").stdout == "no sandbox was running here\n"
