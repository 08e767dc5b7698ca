"""The process that has loaded Pulumi's SDK and forks for every program: see `programs`.

Listens as `server` does. A program has a process and a session of its own, and its starter's streams; it is
killed when its starter is.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import json
import os
import random
import runpy
import select
import shutil
import signal
import socket
import sys
import tomllib
import traceback
from pathlib import Path
from typing import Any

from tests.forked.server import REQUEST_LIMIT_BYTES, listen, open_streams

PROJECT = Path(__file__).resolve().parents[2]
ABOVE_ALL_STREAMS = 100  # of this process's own


def main() -> None:
    """Load, then listen at the address that is the one argument, in a folder of its own."""
    try:
        load()
        listen(sys.argv[1], _serve)
    finally:
        shutil.rmtree(os.path.dirname(sys.argv[1]))


def load() -> None:
    """The SDKs, with the services that the program uses: those whose types are checked."""
    import pulumi.runtime  # noqa: F401
    import yaml  # noqa: F401

    overrides = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (services,) = (one["module"] for one in overrides if one.get("follow_imports") == "normal")
    for name in services:
        module = importlib.import_module(name.removesuffix(".*"))
        getattr(module, "__all__", None)  # a service is loaded when it is first asked for anything
    gc.collect()
    gc.freeze()


def _serve(connection: socket.socket) -> None:
    """Run what a connection asks for, tell how it ended, and end it when who asked is gone."""
    try:
        text, streams, _, _ = socket.recv_fds(connection, REQUEST_LIMIT_BYTES, 32)
        while not text.endswith(b"\n"):
            text += connection.recv(REQUEST_LIMIT_BYTES)
        pid = os.fork()
        if pid == 0:
            _be_the_program(json.loads(text), streams)
        for stream in streams:
            os.close(stream)
        connection.sendall(f"{pid}\n".encode())
        ended = os.pidfd_open(pid)
        ready, _, _ = select.select([ended, connection.fileno()], [], [])
        if ended not in ready:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        with contextlib.suppress(BrokenPipeError):
            connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    finally:
        os._exit(0)


def _be_the_program(asked: dict[str, Any], streams: list[int]) -> None:
    """Become the process that `python -P FILE` would be; does not return."""
    try:
        os.setsid()
        _take(streams, asked["streams"])
        open_streams()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(asked["environment"])
        folders = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
        sys.path[:] = folders + [one for one in sys.path if one != str(PROJECT)]
        importlib.invalidate_caches()
        random.seed()
        runpy.run_path(asked["file"], run_name="__main__")
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def _take(streams: list[int], numbers: list[int]) -> None:
    """Have the streams under the numbers that they had, and nothing else open."""
    above = max(ABOVE_ALL_STREAMS, *numbers, *streams) + 1
    high = [fcntl.fcntl(stream, fcntl.F_DUPFD, above) for stream in streams]
    os.closerange(0, above)
    for stream, number in zip(high, numbers, strict=True):
        os.dup2(stream, number)
        os.close(stream)


if __name__ == "__main__":
    main()
