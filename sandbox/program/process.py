"""The program's process: started early, fed with the engine's address, watched, and ended with the engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from keyplan.errors import KeyplanError

CHILD = Path(__file__).with_name("child.py")
END_SECONDS = 5
# Environment of the user's that would change what the program is told.
FOREIGN = ("PULUMI_", "GRPC_PROXY", "grpc_proxy")


class ProgramFailed(KeyplanError):  # noqa: N818  # named as keyplan.errors names its own
    """The program ended with an error of its own; nothing was deleted.

    `message` is the program's own error: only the words of one that is written for people, the traceback
    of any other. `diagnostics` are the lines that it printed and logged before.
    """

    def __init__(self, message: str, hint: str | None = None, diagnostics: Sequence[str] = ()) -> None:
        super().__init__(message, hint)
        self.diagnostics = list(diagnostics)


@dataclass(frozen=True)
class Run:
    """What the program is told about the run that it is part of."""

    directory: str
    """The folder with __main__.py: its working directory."""
    project: str
    stack: str
    config: Mapping[str, str]
    """Full name -> text."""
    preview: bool
    secret_config: Sequence[str] = ()
    """The full names of the configuration that is secret."""
    organization: str = "organization"
    root: str = ""
    """The folder with Pulumi.yaml, where that is another one."""


class Program:
    """A program that is being started; a context manager that leaves no process behind."""

    def __init__(self, run: Run, line: Callable[[str], None]) -> None:
        """Start the process; it imports the SDK while the caller goes on.

        Args: line: receives every line that the program prints, from two threads.
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
        self._result: list[str] = []
        self._readers = [
            _reading(self._process.stdout, line),
            _reading(self._process.stderr, line),
            _reading(os.fdopen(result_read, encoding="utf-8"), self._result.append),
        ]
        self._send({**asdict(run), "config": dict(run.config), "result": result_write})

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._process.wait()
        self._close_input()
        for reader in self._readers:
            reader.join(END_SECONDS)

    def finish(self, monitor: str, engine: str) -> None:
        """Give the program the addresses of the engine and wait for its end. Raises: ProgramFailed."""
        self._send({"monitor": monitor, "engine": engine})
        code = self._process.wait()
        for reader in self._readers:
            reader.join(END_SECONDS)
        if code:
            raise self._failure(code)

    def stop(self) -> None:
        """Ask the program to end, and make it when it does not; one that has ended already stays so."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            # Does nothing to a process that has been waited for.
            insisting = threading.Timer(END_SECONDS, self._process.kill)
            insisting.daemon = True
            insisting.start()

    def _failure(self, code: int) -> ProgramFailed:
        told = _told("".join(self._result))
        if "traceback" in told:
            message = f"the program failed\n{told['traceback'].rstrip()}"
            return ProgramFailed(message)
        message = told.get("message") or f"the program's process ended with status {code}"
        failure = ProgramFailed(message, told.get("hint"))
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


def _reading(stream: IO[str] | None, take: Callable[[str], None]) -> threading.Thread:
    """Hand over a stream's lines until it ends."""

    def read() -> None:
        assert stream is not None  # noqa: S101 - Popen was given a pipe
        with stream:
            for line in stream:
                take(line.rstrip("\n"))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def _told(text: str) -> dict[str, Any]:
    """What the program's process told of its end; nothing when it was killed meanwhile."""
    try:
        told: dict[str, Any] = json.loads(text or "{}")
    except ValueError:
        return {}
    return told


def _environment() -> dict[str, str]:
    """This process's environment; gRPC must not look for a proxy on the way to 127.0.0.1."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
    for name in ("no_proxy", "NO_PROXY"):
        environment[name] = ",".join(filter(None, (environment.get(name), "127.0.0.1,localhost")))
    return environment
