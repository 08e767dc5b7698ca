"""Runs of the command against the proxy: what was asked, how it ended, what it printed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from tests.command.environments import PROJECT, REGION, clean_environment
from tests.faults.answers import Door
from tests.faults.proxy import Asked, Fault, FaultProxy

LONG_SECONDS, SHORT_SECONDS = 30.0, 0.5  # --timeout; the short one for requests that come late
BUSY_SECONDS = 5.0  # for those of a machine that is too busy for the short one
KILLED = -9


@dataclass(frozen=True)
class Run:
    """One run of the command."""

    arguments: Sequence[str]
    code: int  # KILLED after kill -9
    stdout: str
    stderr: str
    asked: Sequence[Asked]
    struck: Asked | None  # the request that the fault met

    def __str__(self) -> str:
        asked = ", ".join(map(str, self.asked))
        return f"keyplan {' '.join(self.arguments)} -> {self.code}\n  {asked}\n{self.stdout}{self.stderr}"


class Command:
    """Runs keyplan in processes forked from one that has loaded it."""

    def __init__(self, directory: Path, proxy: FaultProxy) -> None:
        self._directory = directory
        self._proxy = proxy
        clients = [f"{proxy.url(Door.AWS)}={seconds}" for seconds in (LONG_SECONDS, SHORT_SECONDS)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forked_command", REGION, *clients],
            cwd=PROJECT,
            env=clean_environment(directory, PYTHONPATH=str(PROJECT), PYTHONWARNINGS="ignore"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if not self._heard().get("ready"):
            self.close()
            raise AssertionError("the process that runs the commands did not start")

    def run(
        self,
        manifest_file: Path,
        arguments: Sequence[str],
        given: str = "",
        fault: Fault | None = None,
        timeout_seconds: float = LONG_SECONDS,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> Run:
        """Run it, with one fault or none, to its end."""
        verb, *rest = arguments
        words = [verb, "--manifest", str(manifest_file), "--timeout", str(timeout_seconds), *rest]
        (self._directory / "stdin").write_text(given)
        self._proxy.begin(fault)
        request = {
            "arguments": words,
            "directory": str(self._directory),
            "environment": clean_environment(self._directory, **variables),
        }
        _pipe(self._process.stdin).write(json.dumps(request) + "\n")
        _pipe(self._process.stdin).flush()
        self._proxy.client_is(self._heard()["pid"])
        code = self._heard()["code"]
        self._proxy.settle()
        out, err = ((self._directory / name).read_text() for name in ("stdout", "stderr"))
        return Run(arguments, code, out, err, tuple(self._proxy.asked), self._proxy.struck)

    def close(self) -> None:
        _pipe(self._process.stdin).close()
        self._process.wait(30)
        _pipe(self._process.stdout).close()

    def _heard(self) -> dict[str, Any]:
        line = _pipe(self._process.stdout).readline()
        heard: dict[str, Any] = json.loads(line or "{}")
        return heard


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise AssertionError("the process has pipes")
    return pipe
