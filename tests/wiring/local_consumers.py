"""Consumers for the tests of the targets for one machine, and what a process finds in its environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from keyplan.manifest.model import Manifest

NAME = "chat-api"
# Prints the environment of the process as JSON.
# Without what is installed, which it does not need and which takes longer than the rest of its start.
PRINT = [sys.executable, "-I", "-S", "-c", "import json, os; print(json.dumps(dict(os.environ)))"]
# A stand-in for a command: writes its arguments and its environment as JSON into the file RECORD.
RECORDER = f"""#!{sys.executable} -IS
import json, os, sys
with open(os.environ["RECORD"], "w") as file:
    json.dump([sys.argv[1:], dict(os.environ)], file)
"""
LEFTOVERS = {
    "ANTHROPIC_API_KEY": "old", "ANTHROPIC_AUTH_TOKEN": "old", "ANTHROPIC_BASE_URL": "https://example.com",
    "CLAUDE_CODE_USE_BEDROCK": "1", "CLAUDE_CODE_USE_FOUNDRY": "1", "CLAUDE_CODE_USE_VERTEX": "1",
    "OPENROUTER_API_KEY": "old",
}  # fmt: skip


def with_variables(manifest: Manifest, env: dict[str, str], name: str = NAME) -> Manifest:
    """The same environment, in which one consumer has these plain variables."""
    return replace(manifest, consumers={name: replace(manifest.consumers[name], env=env)})


def without_keys(manifest: Manifest, **changes: object) -> Manifest:
    """The same, in which it reads no key."""
    entry = replace(manifest.consumers[NAME], keys=(), **changes)  # type: ignore[arg-type]
    return replace(manifest, consumers={NAME: entry})


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a person's shell has: not much."""
    return {
        "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        **more,
    }


def run(command: Sequence[str], env: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        list(command), env=env, cwd=folder, capture_output=True, encoding="utf-8", timeout=60, check=False
    )


def record_as(home: Path, *names: str) -> None:
    """Put a recorder on the PATH under each name."""
    (home / "bin").mkdir(exist_ok=True)
    for name in names:
        (home / "bin" / name).write_text(RECORDER)
        (home / "bin" / name).chmod(0o755)


def recorded(file: Path) -> tuple[list[str], dict[str, str]]:
    """The arguments and the environment that a recorder was started with."""
    arguments, variables = json.loads(file.read_text())
    return arguments, variables
