"""The server's process is started, found and ended, and never taken for another."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyplan.errors import Unreachable, UsageError
from sandbox.project import Project
from sandbox.server import client
from sandbox.server.client import ask_health
from sandbox.server.lifecycle import (
    Launch,
    find_server,
    requested_port,
    require_server,
    stop_server,
)
from sandbox.server.record import (
    ServerRecord,
    process_start,
    read_record,
    write_record,
)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture
def other_process() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


def _wait_until_dead(pid: int) -> None:
    deadline = time.monotonic() + 10
    while process_start(pid) and time.monotonic() < deadline:
        time.sleep(0.02)


def test_a_server_is_started_found_and_ended(empty_project: Project) -> None:
    record = Launch(empty_project, 0).wait()
    assert require_server(empty_project) == record
    assert record.pid != os.getpid()
    assert stop_server(empty_project) == record
    assert process_start(record.pid) == ""
    assert find_server(empty_project) is None
    assert stop_server(empty_project) is None


def test_it_listens_on_the_loopback_address_alone(empty_project: Project) -> None:
    record = Launch(empty_project, 0).wait()
    table = Path("/proc/net/tcp")
    if not table.exists():
        pytest.skip("this system has no /proc")
    listening = [line.split()[1] for line in table.read_text().splitlines()[1:] if line.split()[3] == "0A"]
    addresses = [
        address for address, port in (entry.split(":") for entry in listening) if int(port, 16) == record.port
    ]
    assert addresses == ["0100007F"]


def test_its_files_are_readable_by_their_owner_alone(empty_project: Project) -> None:
    Launch(empty_project, 0).wait()
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in (empty_project.directory, *empty_project.directory.iterdir())
    }
    assert modes == {
        "sandbox": 0o700,
        "server.json": 0o600,
        "server.log": 0o600,
        "vendor.jsonl": 0o600,
    }


def test_it_is_in_a_session_of_its_own_and_survives_the_terminals_interrupt(empty_project: Project) -> None:
    record = Launch(empty_project, 0).wait()
    assert os.getsid(record.pid) == record.pid
    os.kill(record.pid, signal.SIGINT)
    assert require_server(empty_project) == record


def test_the_instances_id_is_in_no_list_of_processes(empty_project: Project) -> None:
    record = Launch(empty_project, 0).wait()
    command = Path(f"/proc/{record.pid}/cmdline")
    if not command.exists():
        pytest.skip("this system has no /proc")
    assert record.instance.encode() not in command.read_bytes()
    assert record.instance.encode() not in Path(f"/proc/{record.pid}/environ").read_bytes()


def test_a_taken_port_is_named(empty_project: Project, taken_port: int) -> None:
    with pytest.raises(UsageError, match=rf"port {taken_port} .* taken"):
        Launch(empty_project, taken_port).wait()
    assert read_record(empty_project.directory) is None


def test_a_port_can_be_chosen(empty_project: Project) -> None:
    port = next(filter(is_free, range(20_000 + os.getpid() % 10_000, 32_768)))
    assert Launch(empty_project, port).wait().port == port


def is_free(port: int) -> bool:
    """Whether a port can be had. Those below 32768 are given to nobody who does not ask for one."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_the_record_of_a_killed_server_is_recognised_as_stale(empty_project: Project) -> None:
    record = Launch(empty_project, 0).wait()
    os.kill(record.pid, signal.SIGKILL)
    _wait_until_dead(record.pid)
    assert read_record(empty_project.directory) == record
    assert find_server(empty_project) is None
    assert read_record(empty_project.directory) is None


def test_another_process_with_the_recorded_number_is_left_alone(
    empty_project: Project, other_process: subprocess.Popen[bytes]
) -> None:
    record = ServerRecord(other_process.pid, 9, "instance", time.time(), "an earlier start")
    write_record(empty_project.directory, record)
    assert stop_server(empty_project) is None
    assert other_process.poll() is None
    assert read_record(empty_project.directory) is None


def test_another_server_on_the_recorded_port_is_not_ours(
    empty_project: Project, server: ServerRecord
) -> None:
    stranger = dataclasses.replace(server, instance="another instance", process_start="never")
    write_record(empty_project.directory, stranger)
    assert ask_health(stranger) is None
    assert find_server(empty_project) is None
    assert ask_health(server) is not None


def test_a_server_that_hangs_is_told_from_one_that_is_gone_and_can_be_ended(
    empty_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Launch(empty_project, 0).wait()
    os.kill(record.pid, signal.SIGSTOP)
    monkeypatch.setattr(client, "HEALTH_TIMEOUT_SECONDS", 0.1)
    with pytest.raises(Unreachable, match=f"process {record.pid}") as caught:
        find_server(empty_project)
    assert caught.value.hint == "python -m sandbox down"
    assert stop_server(empty_project) == record
    assert process_start(record.pid) == ""


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', "null"])
def test_a_damaged_record_counts_as_none(empty_project: Project, text: str) -> None:
    empty_project.directory.mkdir(parents=True)
    (empty_project.directory / "server.json").write_text(text, encoding="utf-8")
    assert find_server(empty_project) is None


def test_a_server_that_ends_while_it_starts_is_reported_with_its_log(
    empty_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(Unreachable, match="ended while it started"):
        Launch(empty_project, 0).wait()


def test_a_server_that_never_gets_ready_is_ended(empty_project: Project) -> None:
    launch = Launch(empty_project, 0)
    with pytest.raises(Unreachable, match="was silent"):
        launch.wait(timeout_seconds=0.0)
    assert launch._process.poll() is not None


def test_the_environment_of_the_user_does_not_reach_it(
    empty_project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("MOTO_ENABLE_RECORDING", "true")
    record = Launch(empty_project, 0).wait()
    environ = Path(f"/proc/{record.pid}/environ")
    if not environ.exists():
        pytest.skip("this system has no /proc")
    seen = dict(entry.split("=", 1) for entry in environ.read_bytes().decode().split("\0") if "=" in entry)
    assert {name for name in seen if name.startswith(("AWS_PROFILE", "MOTO_")) or "proxy" in name} == {
        "no_proxy"
    }
    assert seen["AWS_CONFIG_FILE"] == os.devnull


@pytest.mark.parametrize("text", ["0", "65536", "http", "-1", "1.5", "８０", " "])
def test_an_impossible_port_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        requested_port(text)


def test_the_port_comes_from_the_option_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert requested_port(None) == 0
    monkeypatch.setenv("KEYPLAN_SANDBOX_PORT", "4566")
    assert requested_port(None) == 4566
    assert requested_port("4567") == 4567


def test_the_record_says_what_it_is(empty_project: Project) -> None:
    record = Launch(empty_project, 0).wait()
    written = json.loads((empty_project.directory / "server.json").read_text())
    assert written == dataclasses.asdict(record)
    assert written["process_start"] == process_start(record.pid)


def test_a_server_whose_record_is_gone_ends_by_itself(tmp_path: Path) -> None:
    place = str(Path(__file__).resolve().parents[2])
    code = (
        "import sys, time; from pathlib import Path; from sandbox.server.watch import end_with_record; "
        "end_with_record(Path(sys.argv[1]), 'mine', 0.01); time.sleep(600)"
    )
    record = ServerRecord(1, 1, "mine", 0.0, "start")
    write_record(tmp_path, record)
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=place, stderr=subprocess.DEVNULL
    )
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    write_record(tmp_path, dataclasses.replace(record, instance="another"))
    assert process.wait(timeout=30) == 0
