"""Runs of the keyplan command, each in a process forked from one that has loaded it: see `server`."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import IO

PROJECT = Path(__file__).resolve().parent.parent.parent
LIMIT_SECONDS = 60.0
_starting = Lock()


def run_keyplan(
    arguments: Sequence[str], given: bytes, directory: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run `keyplan ARGUMENTS` and wait for it; may be called from several threads at once.

    Args:
        arguments: the verb and what follows it.
        given: its whole standard input.
        directory: where it runs.
        environment: its whole environment.

    Raises:
        subprocess.TimeoutExpired: it did not end, and was killed.
    """
    request = {"arguments": list(arguments), "directory": str(directory), "environment": dict(environment)}
    with (
        tempfile.TemporaryFile() as stdin,
        tempfile.TemporaryFile() as stdout,
        tempfile.TemporaryFile() as stderr,
        socket.socket(socket.AF_UNIX) as connection,
    ):
        stdin.write(given)
        stdin.seek(0)
        connection.settimeout(LIMIT_SECONDS)
        connection.connect(address_of("tests.forked.server"))
        streams = [each.fileno() for each in (stdin, stdout, stderr)]
        text = json.dumps(request).encode() + b"\n"
        sent = socket.send_fds(connection, [text], streams)
        connection.sendall(text[sent:])
        with connection.makefile() as heard:
            pid = int(heard.readline())
            try:
                code = int(heard.readline())
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(["keyplan", *arguments], LIMIT_SECONDS) from None
        return subprocess.CompletedProcess(
            ["keyplan", *arguments], code, _content(stdout).decode(), _content(stderr).decode()
        )


def _content(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return stream.read()


def address_of(module: str) -> str:
    """Where the process of that module listens, which forks."""
    with _starting:
        return _started(module)


@cache
def _started(module: str) -> str:
    """Start it, one for each test process; its socket goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="keyplan-forks-"))
    address = str(folder / "socket")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": str(PROJECT),
    }
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", module, address],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    if process.stdin is None or process.stdout is None:
        raise AssertionError("the process has pipes")
    heard = process.stdout.readline()
    process.stdout.close()
    atexit.register(_end, process)
    if heard != b"ready\n":
        raise AssertionError("the process that runs the commands did not start")
    return address


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    process.wait(30)
