"""A plugin as the engine has it: a process that was started with a launcher and prints its port."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import grpc

from sandbox.isolation import isolated

ROOT = Path(__file__).resolve().parents[2]
# Nothing answers there; a provider has no use for the engine's address.
NO_ENGINE = "127.0.0.1:9"
LIMIT_SECONDS = 60
# The engine limits neither. Source: rpcutil.GrpcChannelOptions (pulumi v3.259.0, checked 2026-11-21).
CHANNEL_OPTIONS = (
    ("grpc.max_send_message_length", 400 * 1024 * 1024),
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),
    ("grpc.enable_http_proxy", 0),
)


class PluginProcess:
    """A running plugin. `printed` has the lines after the port, `complaints` those on standard error."""

    def __init__(self, command: list[str], directory: Path) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self.printed: queue.Queue[str] = queue.Queue()
        self.complaints: queue.Queue[str] = queue.Queue()
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()
        self._readers = [
            _reading(self.process.stdout, self.printed),
            _reading(self.process.stderr, self.complaints),
        ]

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """A connection to it."""
        address = f"127.0.0.1:{int(self.first_line)}"
        with grpc.insecure_channel(address, CHANNEL_OPTIONS) as channel:  # type: ignore[no-untyped-call]
            yield channel

    def end(self, goodbye: int = signal.SIGINT) -> int:
        """Say goodbye as the engine does; return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(goodbye)
        code = self.process.wait(LIMIT_SECONDS)
        for reader in self._readers:
            reader.join(LIMIT_SECONDS)
        assert self.process.stdin is not None
        self.process.stdin.close()
        return code

    def lines(self) -> list[str]:
        """What it printed after the port, once it has ended."""
        return list(self.printed.queue)

    def complained(self) -> list[str]:
        """What it wrote to standard error, once it has ended."""
        return list(self.complaints.queue)


@contextmanager
def started(name: str, engine: str = NO_ENGINE, directory: Path = ROOT) -> Iterator[PluginProcess]:
    """A plugin that is gone at the end."""
    plugin = PluginProcess(command(name, engine), directory)
    try:
        yield plugin
    finally:
        plugin.process.kill() if plugin.process.poll() is None else None
        plugin.end()


def command(name: str, engine: str = NO_ENGINE) -> list[str]:
    """What a launcher runs."""
    return [sys.executable, "-P", "-m", "sandbox.plugins", name, engine]


def environment() -> dict[str, str]:
    """What the workspace gives to the engine, which gives it to its plugins."""
    return {**isolated(os.environ), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""}


def _reading(stream: IO[str] | None, lines: queue.Queue[str]) -> threading.Thread:
    def read() -> None:
        assert stream is not None
        with stream:
            for line in stream:
                lines.put(line.rstrip("\n"))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread
