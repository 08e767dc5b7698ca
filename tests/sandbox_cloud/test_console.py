"""`python -m sandbox console`: what a person does at the vendor, and what the vendor then says."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.project import Project
from sandbox.server.client import ServerClient
from sandbox.server.lifecycle import Launch, stop_server
from sandbox.server.record import ServerRecord
from tests.sandbox_vendor.asking import ask


@dataclass
class Console:
    """A sandbox whose server runs; nothing is built in it."""

    project: Project
    record: ServerRecord

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _sandbox(self.project, "console", *arguments)

    def create(self, *arguments: str) -> str:
        ran = self("create", *arguments)
        assert ran.returncode == 0, ran.stderr
        value, end, rest = ran.stdout.partition("\n")
        assert (end, rest) == ("\n", ""), "the value stands alone on standard output"
        return value

    def models(self, value: str) -> int:
        return ask(self.record.vendor_url, "/v1/models", value).status


def _sandbox(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=project.root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    root = tmp_path_factory.mktemp("console")
    (root / "Pulumi.yaml").write_text("name: example\nruntime: python\n", encoding="utf-8")
    project = Project(root)
    yield Console(project, Launch(project, 0).wait())
    stop_server(project)


def test_a_new_key_works_and_its_value_is_shown_once(console: Console) -> None:
    value = console.create("prod-chat-api-key-20261121")
    assert console.models(value) == 200
    listed = console("list")
    assert "prod-chat-api-key-20261121" in listed.stdout
    assert f"api03-{value[13:16]}...{value[-4:]}" in listed.stdout
    assert value not in listed.stdout + listed.stderr
    files = [path for path in console.project.root.rglob("*") if path.is_file()]
    assert not [path.name for path in files if value.encode() in path.read_bytes()]


def test_a_key_that_is_ended_is_refused_and_ending_it_again_is_no_error(console: Console) -> None:
    value = console.create("to-be-ended")
    first, second = console("deactivate", "to-be-ended"), console("deactivate", "to-be-ended")
    assert first.stdout == "to-be-ended is inactive: from now on the vendor refuses it\n"
    assert (second.returncode, second.stdout) == (0, "to-be-ended is inactive already\n")
    assert console.models(value) == 401
    used = console("use", "to-be-ended")
    assert (used.returncode, used.stdout) == (2, "")
    assert used.stderr.startswith("error: to-be-ended is inactive: the vendor refuses it\n")


def test_use_is_what_the_usage_report_says(console: Console) -> None:
    console.create("used")
    before = _today()
    admin = console.create("owner", "--admin")
    assert console("use", "used", "--times", "3").stdout == "used sent 3 messages\n"
    keys = ask(console.record.vendor_url, "/v1/organizations/api_keys", admin, limit=1000).body["data"]
    (key_id,) = [key["id"] for key in keys if key["name"] == "used"]
    buckets = ask(
        console.record.vendor_url,
        "/v1/organizations/usage_report/messages",
        admin,
        **{"starting_at": before, "api_key_ids[]": key_id},
    ).body["data"]
    assert sum(result["output_tokens"] for bucket in buckets for result in bucket["results"]) == 300


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT00:00:00Z}"


def test_keys_of_one_name_are_told_apart_by_their_ids(console: Console) -> None:
    console.create("twice")
    console.create("twice")
    ran = console("deactivate", "twice")
    assert ran.returncode == 2
    assert "2 keys have this name: apikey_" in ran.stderr
    key_id = ran.stderr.partition("this name: ")[2].partition(",")[0]
    assert console("deactivate", key_id).returncode == 0
    assert console("use", "twice").stdout == "twice sent 1 message\n", "the one that is alive is meant"


def test_each_kind_of_credential_can_be_made(console: Console) -> None:
    url = console.record.vendor_url
    gateway = console.create("g", "--gateway")
    assert ask(f"{url}/gateway", "/v1/models", gateway, bearer=True).status == 200
    token = console.create("t", "--token")
    assert ask(url, "/generic/check", token, bearer=True).status == 200
    made = console("create", "g2", "--gateway")
    assert f"`baseUrl` in the catalogue: {url}/gateway\n" in made.stderr


def test_a_workspace_has_the_same_id_whenever_it_is_named(console: Console) -> None:
    values = [console.create(f"w{number}", "--workspace", "research") for number in range(2)]
    places = {
        ask(console.record.vendor_url, "/v1/models", value).headers["anthropic-workspace-id"]
        for value in values
    }
    assert len(places) == 1
    free = console.create("free", "--workspace", "none")
    assert console.models(free) == 400
    assert console("use", "w0", "--workspace", "other").returncode == 2
    assert console("use", "free", "--workspace", "research").returncode == 0


def test_a_key_expires_when_time_is_moved(console: Console) -> None:
    value = console.create("short", "--expires", "30d")
    clock = ServerClient(console.record)
    assert "short" not in clock.ask("advance", seconds=29 * 86400)["expired"]
    assert "short" in clock.ask("advance", seconds=2 * 86400)["expired"]
    assert console.models(value) == 401
    assert console("deactivate", "short").stdout == "short is expired already\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "the following arguments are required: ACTION"),
        (("make", "x"), "the arguments are not understood"),
        (("create",), "the following arguments are required: NAME"),
        (("create", "x", "--expires", "soon"), "--expires is a whole number and h, d or w"),
        (("create", "x", "--workspace", "a/b"), "a workspace is given by a name, its id"),
        (("create", "x\ny"), "a name has 1 to 200 characters"),
        (("create", " "), "a name has 1 to 200 characters"),
        (("create", "sk-ant-" + "api03-x"), "that looks like a value"),
        (("create", "x", "--admin", "--gateway"), "the arguments are not understood"),
        (("use", "nobody"), "the vendor has no key of this name"),
        (("use", "nobody", "--times", "0"), "--times is a whole number from 1"),
        (("deactivate", "nobody"), "the vendor has no key of this name"),
        (("list", "x"), "the arguments are not understood"),
    ],
)
def test_bad_input_is_answered_in_words(console: Console, arguments: tuple[str, ...], words: str) -> None:
    ran = console(*arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"error: {words}")
    assert "hint: " in ran.stderr


def test_before_up_it_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: example\nruntime: python\n", encoding="utf-8")
    ran = _sandbox(Project(tmp_path), "console", "list")
    assert (ran.returncode, ran.stderr) == (
        3,
        "error: no sandbox is running here\nhint: python -m sandbox up\n",
    )


def test_on_a_full_disk_nothing_is_done_and_the_words_say_where(console: Console) -> None:
    if not hasattr(resource, "prlimit"):
        pytest.skip("this system cannot limit another process's files")
    size = console.project.vendor_file.stat().st_size
    before = console("list").stdout
    unlimited = resource.prlimit(console.record.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(console.record.pid, resource.RLIMIT_FSIZE, (size + 5, unlimited[1]))
    try:
        ran = console("create", "too-much")
        assert (ran.returncode, ran.stdout) == (3, "")
        assert ran.stderr == (
            f"error: nothing was done: {console.project.vendor_file} cannot be written (the disk is full)\n"
            "hint: make room there, and run it again\n"
        )
        assert console.project.vendor_file.stat().st_size == size
    finally:
        resource.prlimit(console.record.pid, resource.RLIMIT_FSIZE, unlimited)
    assert console("list").stdout == before
    assert console.models(console.create("too-much")) == 200


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Callable[[], Console]]:
    (tmp_path / "Pulumi.yaml").write_text("name: example\nruntime: python\n", encoding="utf-8")
    project = Project(tmp_path)
    yield lambda: Console(project, Launch(project, 0).wait())
    stop_server(project)


def test_the_vendor_knows_its_keys_after_down_and_forgets_them_when_asked(
    other: Callable[[], Console],
) -> None:
    console = other()
    live, ended = console.create("live"), console.create("ended")
    assert console("deactivate", "ended").returncode == 0
    down = _sandbox(console.project, "down")
    assert down.stdout.endswith("the vendor still knows its keys: python -m sandbox down --forget-keys\n")
    again = other()
    assert (again.models(live), again.models(ended)) == (200, 401)
    assert [
        json.loads(line)["key"]["name"] for line in again.project.vendor_file.read_text().splitlines()
    ] == [
        "live",
        "ended",
    ]
    forgotten = _sandbox(console.project, "down", "--forget-keys")
    assert "still knows" not in forgotten.stdout
    assert not console.project.vendor_file.exists()
    assert other().models(live) == 401


def test_down_leaves_nothing_of_a_vendor_without_keys(other: Callable[[], Console]) -> None:
    console = other()
    assert "vendor" not in _sandbox(console.project, "down").stdout
    assert not console.project.vendor_file.exists()
