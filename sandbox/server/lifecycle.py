"""Start, find and stop the sandbox's server, sure each time that it is this one and no other process."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from keyplan.errors import KeyplanError, Unreachable, UsageError
from sandbox.isolation import isolated
from sandbox.project import Project, make_directory
from sandbox.server.client import Health, ask_health
from sandbox.server.record import ServerRecord, process_start, read_record, remove_record

LOG_NAME = "server.log"
START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 5.0
CLOSE_TIMEOUT_SECONDS = 1.0
POLL_SECONDS = 0.02
LOG_LINES_SHOWN = 10
EXIT_PORT_TAKEN = 98  # as sandbox.server.__main__ ends when it cannot have the port
PORT_VARIABLE = "KEYPLAN_SANDBOX_PORT"


class Launch:
    """A server that was started and may not be ready yet; `wait` gives its record."""

    def __init__(self, project: Project, port: int) -> None:
        make_directory(project)
        remove_record(project.directory)
        self._directory = project.directory
        self._port = port
        self._instance = secrets.token_hex(16)
        self._process = _spawn(project.directory, port)
        assert self._process.stdin is not None  # noqa: S101  # it was asked for
        try:
            self._process.stdin.write(self._instance + "\n")
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # it ended at once; wait() says why

    def wait(self, timeout_seconds: float = START_TIMEOUT_SECONDS) -> ServerRecord:
        """The record of the server that answers. Raises Unreachable with the log's last lines otherwise."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            record = read_record(self._directory)
            if record is not None and record.instance == self._instance and ask_health(record):
                # It is to outlive this process; without a code, Popen warns that nobody waited for it.
                self._process.returncode = 0
                return record
            if self._process.poll() is not None:
                raise self._ended(self._process.returncode)
            time.sleep(POLL_SECONDS)
        self.abandon()
        raise Unreachable(
            f"the sandbox's server was silent for {timeout_seconds:.0f} seconds{_log_tail(self._directory)}",
            "python -m sandbox up",
        )

    def abandon(self) -> None:
        """End the process that was started, whatever state it is in."""
        self._process.kill()
        self._process.wait()
        remove_record(self._directory)

    def _ended(self, code: int) -> KeyplanError:
        if code == EXIT_PORT_TAKEN:
            return UsageError(
                f"port {self._port} of 127.0.0.1 is taken by another program, or not open to this user",
                f"choose another with --port or {PORT_VARIABLE}, or give none: a free one is found",
            )
        return Unreachable(
            f"the sandbox's server ended while it started (exit code {code}){_log_tail(self._directory)}",
            "python -m sandbox up",
        )


def find_server(project: Project) -> tuple[ServerRecord, Health] | None:
    """The server of this sandbox, if it answers. A record of one that is gone is removed."""
    record = read_record(project.directory)
    if record is None:
        return None
    health = ask_health(record)
    if health is not None:
        return record, health
    if not _is_same_process(record):
        remove_record(project.directory)
        return None
    raise Unreachable(
        f"the sandbox's server (process {record.pid}) runs and does not answer on port {record.port}",
        "python -m sandbox down",
    )


def require_server(project: Project) -> ServerRecord:
    """The running server. Raises Unreachable when there is none."""
    found = find_server(project)
    if found is None:
        raise Unreachable("no sandbox is running here", "python -m sandbox up")
    return found[0]


def stop_server(project: Project) -> ServerRecord | None:
    """End this sandbox's server and wait until it is gone. Returns it, or None when nothing ran."""
    record = read_record(project.directory)
    if record is None:
        return None
    if not _is_same_process(record):
        remove_record(project.directory)
        return None
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(record.pid, signal_number)
        if _wait_until_gone(record):
            remove_record(project.directory)
            return record
    raise Unreachable(f"process {record.pid} of the sandbox's server does not end", None)


def requested_port(argument: str | None) -> int:
    """The port that option or environment ask for, else 0. Raises UsageError for an impossible one."""
    text = argument if argument is not None else os.environ.get(PORT_VARIABLE, "")
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise UsageError("a port is a whole number from 1 to 65535", "leave it out and a free one is found")
    return int(text)


def _spawn(directory: Path, port: int) -> subprocess.Popen[str]:
    environment = isolated(os.environ)
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    log = os.open(directory / LOG_NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "sandbox.server", "--directory", str(directory), "--port", str(port)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd="/",  # the project's directory stays free to be moved or removed
            env=environment,
            start_new_session=True,
            text=True,
        )
    finally:
        os.close(log)


def _is_same_process(record: ServerRecord) -> bool:
    # A process number is used again after a while; the start time tells the two apart.
    started = process_start(record.pid)
    return bool(started) and started == record.process_start


def _wait_until_gone(record: ServerRecord) -> bool:
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(record.pid, os.WNOHANG)  # a child of this very process stays until somebody asks
        if not _is_same_process(record):
            _wait_until_closed(record)
            return True
        time.sleep(POLL_SECONDS)
    return False


def _wait_until_closed(record: ServerRecord) -> None:
    # A process counts as ended before its last thread has; until then the next server finds the port taken.
    deadline = time.monotonic() + CLOSE_TIMEOUT_SECONDS
    while any(_listens(port) for port in (record.port, record.gcp_port, record.vendor_port) if port):
        if time.monotonic() > deadline:
            return  # another program has it by now
        time.sleep(POLL_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(CLOSE_TIMEOUT_SECONDS)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _log_tail(directory: Path) -> str:
    try:
        lines = (directory / LOG_NAME).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    shown = "\n".join(f"  {line}" for line in lines[-LOG_LINES_SHOWN:])
    return f"; the end of {directory / LOG_NAME}:\n{shown}" if shown else ""
