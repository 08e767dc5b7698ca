"""The project on a disk of its own: a copy, a home, a temporary directory, and commands that run there.

The copy keeps the developer's own `.keyplan` out of the tests, and the tests out of it. Commands are run as
a user runs them: a process each, standard streams, exit codes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.forked.programs import forking_programs

COPIED_DIRECTORIES = ("keyplan", "components", "sandbox", "docs")
COPIED_FILES = ("__main__.py", "pyproject.toml", "requirements.txt", ".gitignore", "Pulumi*.yaml")
LIMIT_SECONDS = 120
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "SYSTEMROOT")


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        return self.stdout + self.stderr


@dataclass
class ProjectCopy:
    """A copy of the project in `directory`, used by one imaginary person with `home` and `temporary`."""

    directory: Path
    home: Path
    temporary: Path
    environment: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)  # everything that every command printed
    forking: dict[str, str] = field(
        default_factory=dict
    )  # has the program of a sandbox forked: see `programs`

    def run(
        self, *command: str | Path, stdin: str | bytes = "", environment: Mapping[str, str] | None = None
    ) -> Ran:
        """Run a command in the copy with `stdin` as its whole standard input."""
        finished = subprocess.run(
            [str(part) for part in command],
            cwd=self.directory,
            env={**self.environment, **(environment or {})},
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        output = [stream.decode("utf-8", "surrogateescape") for stream in (finished.stdout, finished.stderr)]
        self.said.extend(output)
        return Ran(finished.returncode, *output)

    def keyplan(
        self, *arguments: str | Path, stdin: str | bytes = "", environment: Mapping[str, str] | None = None
    ) -> Ran:
        """Run `keyplan …`."""
        return self.run(sys.executable, "-m", "keyplan", *arguments, stdin=stdin, environment=environment)

    def sandbox(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
        """Run `python -m sandbox …`."""
        both = {**self.forking, **(environment or {})}
        return self.run(sys.executable, "-m", "sandbox", *arguments, environment=both)


def copy_project(project: Path, place: Path) -> ProjectCopy:
    """Copy what the product needs to run from the checkout `project` into the empty directory `place`."""
    directory, home, temporary = (place / name for name in ("project", "home", "tmp"))
    for created in (directory, home, temporary):
        created.mkdir(parents=True)
    for name in COPIED_DIRECTORIES:
        shutil.copytree(project / name, directory / name)
    for pattern in COPIED_FILES:
        for path in project.glob(pattern):
            shutil.copy2(path, directory)
    forking = forking_programs(directory)
    environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    environment |= {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "AWS_EC2_METADATA_DISABLED": "true",
        # Whatever pulumi this machine has: the tests of Pulumi's own engine ask for it by name.
        "KEYPLAN_SANDBOX_ENGINE": "builtin",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    copy = ProjectCopy(directory, home, temporary, environment, forking=forking)
    copy.run("git", "init", "--quiet")
    copy.run("git", "add", "--all")
    return copy
