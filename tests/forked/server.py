"""The keyplan command many times over: a process that has loaded it once and forks for every run.

A run is the whole command in a process of its own, with its own folder, environment and standard streams, and
can be killed like any other; what is saved is loading Python, the SDKs and their models, a second each time.
What the command itself loads, and when, is not seen here: tests of that start a fresh process.

Listens on a Unix socket, a connection for each run: a line of JSON and three file descriptors come in, the
process's number and its exit status go out as lines. Ends when its standard input does.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import selectors
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from tests.botocore_models import keep_models

ENDPOINT, REGION = "http://127.0.0.1:1", "eu-west-1"
SERVICES = ("secretsmanager", "sts", "iam", "kms", "cloudtrail")
REQUEST_LIMIT_BYTES = 1 << 20
EXIT_BROKEN = 70


def main() -> None:
    """Load, then listen at the address that is the one argument, in a folder of its own."""
    try:
        load()
        listen(sys.argv[1], _serve)
    finally:
        shutil.rmtree(os.path.dirname(sys.argv[1]))


def listen(address: str, serve: Callable[[socket.socket], None]) -> None:
    """Serve each connection in a process of its own until standard input ends."""
    with socket.socket(socket.AF_UNIX) as listening, selectors.DefaultSelector() as waiting:
        listening.bind(address)
        listening.listen(64)
        waiting.register(listening, selectors.EVENT_READ)
        waiting.register(0, selectors.EVENT_READ)
        os.write(1, b"ready\n")
        while True:
            ready = {key.fd for key, _ in waiting.select()}
            _reap()
            if 0 in ready:
                return
            connection, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                serve(connection)
            connection.close()


def load() -> None:
    """Everything that a run would load, so that its process has it at once."""
    import botocore.session

    keep_models()
    import_keyplan()
    session = botocore.session.Session()
    session.set_credentials("testing", "testing")
    for service in SERVICES:
        session.create_client(service, region_name=REGION, endpoint_url=ENDPOINT)
    del session
    gc.collect()
    gc.freeze()  # so that no child copies what it only looks at


def import_keyplan() -> None:
    """Every module of it."""
    import keyplan

    for module in pkgutil.walk_packages(keyplan.__path__, "keyplan."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # of an extra that is not installed
                importlib.import_module(module.name)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _serve(connection: socket.socket) -> None:
    """Run what a connection asks for, and tell how it ended."""
    try:
        text, streams, _, _ = socket.recv_fds(connection, REQUEST_LIMIT_BYTES, 3)
        while not text.endswith(b"\n"):
            text += connection.recv(REQUEST_LIMIT_BYTES)
        asked = json.loads(text)
        pid = os.fork()
        if pid == 0:
            connection.close()
            be_the_command(asked, streams)
        connection.sendall(f"{pid}\n".encode())
        _, status = os.waitpid(pid, 0)
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    finally:
        os._exit(0)


def be_the_command(asked: dict[str, Any], streams: list[int]) -> None:
    """Become the process that a run asks for; does not return."""
    code = EXIT_BROKEN
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        open_streams()
        signal.set_wakeup_fd(-1)
        os.chdir(asked["directory"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.argv = ["keyplan", *asked["arguments"]]
        from keyplan import cli

        code = cli.run(asked["arguments"])
        sys.stdout.flush()
    finally:
        os._exit(code)


def open_streams() -> None:
    """Open the standard streams as Python does when it starts in the locale C.UTF-8."""
    sys.stdin = open(0, errors="surrogateescape")  # noqa: SIM115
    sys.stdout = open(1, "w", errors="surrogateescape")  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace")  # noqa: SIM115


if __name__ == "__main__":
    main()
