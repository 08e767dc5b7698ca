"""`pulumi` as a process: run to its end, or followed event by event."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from keyplan.errors import EXIT_INTERRUPTED, KeyplanError
from sandbox.pulumi_cli.workspace import Workspace

QUIET = ("--non-interactive", "--color=never")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    stdout: str
    stderr: str


def run(workspace: Workspace, *arguments: str) -> Ended:
    """Run a command to its end."""
    ended = subprocess.run(
        [workspace.engine.binary, *arguments, *QUIET],
        cwd=workspace.project_directory,
        env=workspace.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def must(doing: str, ended: Ended) -> Ended:
    """The same if it ended well. Raises: KeyplanError with Pulumi's own words; `doing`: `read the state`."""
    if ended.code:
        raise KeyplanError(f"Pulumi could not {doing}; it says:\n{words(ended)}")
    return ended


def words(ended: Ended) -> str:
    """What it said about its failure."""
    return (ended.stderr or ended.stdout).strip().removeprefix("error: ")


def follow(workspace: Workspace, *arguments: str, on_event: Callable[[Mapping[str, Any]], None]) -> Ended:
    """Run a command that prints events as lines of JSON; `stdout` holds the lines that are none.

    Raises: KeyboardInterrupt after Ctrl-C, once the engine has let what was under way end.
    """
    rest: list[str] = []
    with _noting_interrupts() as noted:
        process = subprocess.Popen(
            [workspace.engine.binary, *arguments, "--json", *QUIET],
            cwd=workspace.project_directory,
            env={**workspace.environment(), "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        noted.pass_on_to(process)
        assert process.stdout is not None  # noqa: S101 - Popen was given a pipe
        with process:
            for line in process.stdout:
                event = _event(line)
                if event is None:
                    rest.append(line)
                else:
                    on_event(event)
            process.wait()
    if noted.count:
        raise KeyboardInterrupt
    return Ended(process.returncode, "".join(rest), "")


@dataclass(frozen=True)
class HandedOver:
    """How a command with this terminal ended."""

    code: int
    interrupted: bool  # whether Ctrl-C came while it ran


def hand_over(workspace: Workspace, *arguments: str) -> HandedOver:
    """Run a command with this terminal. Its code is the engine's, or 130 when Ctrl-C made it fail."""
    # The terminal sends Ctrl-C to both; the engine ends in good order, and this process waits for that.
    with _noting_interrupts() as noted:
        process = subprocess.Popen(
            [workspace.engine.binary, *arguments],
            cwd=workspace.project_directory,
            env=workspace.environment(),
        )
        process.wait()
    interrupted = bool(noted.count)
    if interrupted and process.returncode:
        return HandedOver(EXIT_INTERRUPTED, interrupted)
    code = process.returncode if process.returncode >= 0 else 128 - process.returncode
    return HandedOver(code, interrupted)


class _Interrupts:
    """Ctrl-C while a command runs: counted, and passed on to an engine that the terminal does not reach."""

    def __init__(self) -> None:
        self.count = 0
        self._process: subprocess.Popen[str] | None = None

    def pass_on_to(self, process: subprocess.Popen[str]) -> None:
        """Send it on: at the first the engine ends in good order, at the second at once."""
        self._process = process
        for _ in range(self.count):
            process.send_signal(signal.SIGINT)

    def arrived(self, number: int, _: object) -> None:
        """Handle the signal."""
        self.count += 1
        if self._process is not None:
            self._process.send_signal(number)


@contextmanager
def _noting_interrupts() -> Iterator[_Interrupts]:
    """A handler and not SIG_IGN, which the engine would inherit; set before there is one to leave behind."""
    noted = _Interrupts()
    before = signal.signal(signal.SIGINT, noted.arrived)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "sequence" in event else None
