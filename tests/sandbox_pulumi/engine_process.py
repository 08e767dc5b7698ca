"""Sandbox commands as processes that a test can watch, interrupt and kill, and what they leave behind.

A test waits for what it can see (the state that Pulumi records, the cloud), never for time to pass.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.end_to_end.project_copy import LIMIT_SECONDS, ProjectCopy
from tests.sandbox_pulumi.engine_copy import clients, workspace

# One key and one reader: enough to have every kind of dependency, and quick to make.
SMALL: Mapping[str, Any] = {
    "owner": "platform@example.com",
    "protect": False,
    "recoveryWindow": "7d",
    "keys": {"openrouter": {"vendor": "generic", "envVar": "OPENROUTER_API_KEY"}},
    "consumers": {"workbench": {"runtime": "ec2", "keys": ["openrouter"]}},
}
SERVER = b"sandbox.server"
LOOK_SECONDS = 0.01
EXPLAINED = re.compile(r"^  (?:creating|updating|deleting|reading|importing) (\S+): ", re.MULTILINE)


def write_catalogue(copy: ProjectCopy, stack: str = "dev", catalogue: Mapping[str, Any] = SMALL) -> None:
    """Write the stack's file."""
    named = {f"keyplan:{name}": value for name, value in catalogue.items()}
    document = {"config": {"aws:region": "eu-west-1", **named}}
    (copy.directory / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))


@dataclass(frozen=True)
class Running:
    """A command under way, with a process group of its own, as a shell at a terminal gives it one."""

    process: subprocess.Popen[bytes]
    output: Path
    copy: ProjectCopy

    @property
    def said(self) -> str:
        """What it has printed until now, on both streams."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def signal_group(self, number: int) -> None:
        """Send a signal as the terminal does: to everything that belongs to the command."""
        os.killpg(self.process.pid, number)

    def wait_for(self, seen: Callable[[], bool]) -> None:
        """Wait until something can be seen; it has to be while the command is under way."""
        wait_until(lambda: seen() or self.process.poll() is not None)
        assert self.process.poll() is None, f"it ended before that could be seen:\n{self.said}"

    def kill(self) -> str:
        """kill -9 of the whole group; returns what it had said, once nothing of it is left."""
        self.signal_group(signal.SIGKILL)
        return self.ended()[1]

    def ended(self) -> tuple[int, str]:
        """Exit code and output, once it ended and no plugin and no program of it is left."""
        code = self.process.wait(LIMIT_SECONDS)
        wait_until(lambda: not processes_of(self.copy))
        self.copy.said.append(self.said)
        return code, self.said


@contextmanager
def running(copy: ProjectCopy, *arguments: str) -> Iterator[Running]:
    """`python -m sandbox …`, under way."""
    number = len(list(copy.temporary.glob("output-*")))
    output = copy.temporary / f"output-{number}"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", *arguments],
            cwd=copy.directory,
            env=copy.environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Running(process, output, copy)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def running_up(copy: ProjectCopy, *arguments: str) -> Any:
    """`python -m sandbox pulumi up` of dev without questions, under way."""
    return running(copy, "pulumi", "up", "--stack=dev", "--yes", "--skip-preview", *arguments)


def wait_until(seen: Callable[[], bool]) -> None:
    """Look again and again, and give up only when something must be stuck."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not seen():
        assert time.monotonic() < deadline, "what the test waits for never came"
        time.sleep(LOOK_SECONDS)


def processes_of(copy: ProjectCopy) -> dict[int, str]:
    """Everything that runs in the copy or was started from it, but for the sandbox's cloud."""
    place = os.fsencode(copy.directory)
    found = {}
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            if not process.name.isdigit() or (process / "stat").read_bytes().rpartition(b") ")[2][:1] == b"Z":
                continue
            words = (process / "cmdline").read_bytes()
            if SERVER not in words and (
                os.fsencode(os.readlink(process / "cwd")).startswith(place)
                or place in (process / "environ").read_bytes()
            ):
                found[int(process.name)] = words.replace(b"\0", b" ").decode(errors="replace")
    return found


def engine_of(copy: ProjectCopy) -> int:
    """The process of Pulumi's engine."""
    (found,) = (
        pid for pid, words in processes_of(copy).items() if Path(words.split(" ")[0]).name == "pulumi"
    )
    return found


def checkpoint(copy: ProjectCopy, stack: str = "dev") -> dict[str, Any]:
    """What Pulumi has recorded, read beside a Pulumi that may be writing it."""
    for path in (workspace(copy) / "state/.pulumi/stacks").glob(f"*/{stack}.json"):
        latest: dict[str, Any] = (
            json.loads(path.read_text(encoding="utf-8"))["checkpoint"].get("latest") or {}
        )
        return latest
    return {}


def recorded(copy: ProjectCopy) -> int:
    """How many resources Pulumi has recorded."""
    return len(checkpoint(copy).get("resources") or [])


def under_way(copy: ProjectCopy) -> set[str]:
    """The names of what was begun in the cloud and has no recorded end."""
    operations = checkpoint(copy).get("pending_operations") or []
    resources = [one["resource"] for one in operations]
    return {
        one["urn"].split("::", 3)[3]
        for one in resources
        if one.get("custom") and not one["type"].startswith("pulumi:")
    }


def locks(copy: ProjectCopy) -> list[Path]:
    """The locks that updates of stacks hold."""
    return list((workspace(copy) / "state/.pulumi/locks").rglob("*.json"))


def secrets(copy: ProjectCopy) -> list[str]:
    """The names of the secrets that the cloud has; none while it isn't there."""
    if not (copy.directory / ".keyplan/sandbox/server.json").exists():
        return []
    return [one["Name"] for one in clients(copy)("secretsmanager").list_secrets()["SecretList"]]
