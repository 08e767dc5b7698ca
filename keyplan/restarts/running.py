"""Running the commands of `commands`, one after the other, with the user's own programs.

No shell is between: what is printed is what is run. A program's messages go to standard error as they are;
its result, pages of JSON, goes nowhere.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keyplan.restarts.commands import Restart

# A rolling update of a service may be waited for; a program that hangs must not keep the person waiting.
LIMIT_SECONDS = 600
SECRET_PREFIXES = ("ANTHROPIC_", "CLAUDE_CODE_")  # an admin key in the environment is none of their business


@dataclass(frozen=True)
class Ran:
    """What became of one restart: `failure` is None where it was done."""

    restart: Restart
    failure: str | None


def run_restarts(
    restarts: Sequence[Restart],
    say: Callable[[str], None],
    environ: Mapping[str, str] = os.environ,
    limit_seconds: float = LIMIT_SECONDS,
) -> list[Ran]:
    """Run what can be run, each after it was said; one that fails does not stop the others.

    Args:
        restarts: from `restarts_of`; those that are not runnable are left out.
        say: takes a line for the person.
        environ: the process's environment.
        limit_seconds: how long each may take.
    """
    ran = []
    for restart in restarts:
        if restart.is_runnable:
            say(f"restarting {restart.consumer}: {restart.line}")
            failure = _failure(restart, environ, limit_seconds)
            say(f"  {failure or 'done'}")
            ran.append(Ran(restart, failure))
    return ran


def _failure(restart: Restart, environ: Mapping[str, str], limit_seconds: float) -> str | None:
    command = restart.command or ()
    program = shutil.which(command[0], path=environ.get("PATH"))
    if program is None:
        return f"not done: {command[0]} is not installed here; run the command where it is"
    inherited = {name: text for name, text in environ.items() if not name.startswith(SECRET_PREFIXES)}
    try:
        done = subprocess.run(
            [program, *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**inherited, **restart.environ},
            timeout=limit_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"not known: {command[0]} did not end within {limit_seconds:.0f} seconds and was stopped"
    except OSError:
        return f"not done: {command[0]} cannot be run here"
    return None if done.returncode == 0 else f"not done: {command[0]} ended with exit code {done.returncode}"
