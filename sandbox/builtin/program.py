"""The program's process: started early, fed with the engine's address, watched, and ended with the engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from sandbox.builtin.errors import ProgramFailed

CHILD = Path(__file__).with_name("child.py")
END_SECONDS = 5
# Environment of the user's that would change what the program is told.
FOREIGN = ("PULUMI_", "GRPC_PROXY", "grpc_proxy")


class Program:
    """A program that is being started; a context manager that leaves no process behind."""

    def __init__(
        self,
        directory: Path,
        project: str,
        stack: str,
        config: Mapping[str, str],
        diagnostics: list[str],
        *,
        preview: bool,
    ) -> None:
        """Start the process; it imports the SDK while the caller goes on.

        Args: diagnostics: receives every line that the program prints.
        """
        result_read, result_write = os.pipe()
        # -P: the folder of child.py must not become a place that modules are imported from.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(result_write,),
            env=_environment(),
            encoding="utf-8",
            errors="replace",
            # Ctrl-C reaches this process only, which then ends the program.
            start_new_session=True,
        )
        os.close(result_write)
        self._diagnostics = diagnostics
        self._result: list[str] = []
        self._readers = [
            _reading(self._process.stdout, diagnostics),
            _reading(self._process.stderr, diagnostics),
            _reading(os.fdopen(result_read, encoding="utf-8"), self._result),
        ]
        self._send(
            {
                "directory": str(directory),
                "main": str(directory / "__main__.py"),
                "project": project,
                "stack": stack,
                "config": dict(config),
                "preview": preview,
                "result": result_write,
            }
        )

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._close_input()
        for reader in self._readers:
            reader.join(END_SECONDS)

    def finish(self, address: str) -> None:
        """Give the program the engine's address and wait for its end. Raises: ProgramFailed."""
        self._send(address)
        code = self._process.wait()
        for reader in self._readers:
            reader.join(END_SECONDS)
        if code:
            raise self._failure(code)

    def _failure(self, code: int) -> ProgramFailed:
        told: dict[str, Any] = json.loads("".join(self._result) or "{}")
        if "traceback" in told:
            message = f"the program failed\n{told['traceback'].rstrip()}"
            return ProgramFailed(message, diagnostics=self._diagnostics)
        message = told.get("message") or f"the program's process ended with status {code}"
        failure = ProgramFailed(message, told.get("hint"), self._diagnostics)
        if isinstance(told.get("exit_code"), int):
            failure.exit_code = told["exit_code"]
        return failure

    def _send(self, message: Any) -> None:
        assert self._process.stdin is not None  # noqa: S101 - Popen was given a pipe
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            # It has ended already; finish() says how.
            return

    def _close_input(self) -> None:
        assert self._process.stdin is not None  # noqa: S101 - Popen was given a pipe
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            return


def _reading(stream: IO[str] | None, lines: list[str]) -> threading.Thread:
    """Collect a stream's lines until it ends."""

    def read() -> None:
        assert stream is not None  # noqa: S101 - Popen was given a pipe
        with stream:
            for line in stream:
                lines.append(line.rstrip("\n"))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def _environment() -> dict[str, str]:
    """This process's environment; gRPC must not look for a proxy on the way to 127.0.0.1."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
    for name in ("no_proxy", "NO_PROXY"):
        environment[name] = ",".join(filter(None, (environment.get(name), "127.0.0.1,localhost")))
    return environment
