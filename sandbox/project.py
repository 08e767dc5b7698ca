"""The project that a sandbox belongs to, and its files: `.keyplan/sandbox` beside Pulumi.yaml.

No file here ever holds a value of a key: they exist in the server's memory only. The vendor's file has their
digests.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keyplan.errors import ChangedMeanwhile, UsageError

STACK = "sandbox"
VENDOR_FILE = "vendor.jsonl"


@dataclass(frozen=True)
class Project:
    """The directory that holds Pulumi.yaml."""

    root: Path

    @property
    def directory(self) -> Path:
        """Where the sandbox keeps its own files."""
        return self.root / ".keyplan" / "sandbox"

    @property
    def manifest_file(self) -> Path:
        """The manifest that the keyplan command looks for."""
        return self.directory / "manifest.json"

    @property
    def wiring_directory(self) -> Path:
        """What each consumer needs, one file a target."""
        return self.directory / "wiring"

    @property
    def vendor_file(self) -> Path:
        """What the vendor of the keys remembers: names, dates and digests."""
        return self.directory / VENDOR_FILE

    @property
    def state_file(self) -> Path:
        """What the resource monitor made, so that a second run can tell what changed."""
        return self.directory / "state.json"


def find_project(start: Path) -> Project:
    """The nearest directory from `start` upwards that has a Pulumi.yaml. Raises UsageError when none has."""
    for directory in (start, *start.parents):
        if (directory / "Pulumi.yaml").is_file():
            return Project(directory)
    raise UsageError(
        "there is no Pulumi.yaml here or in a directory above",
        "change into the project's directory and run it again",
    )


def make_directory(project: Project) -> None:
    """Create the sandbox's directory, readable by this user only."""
    project.directory.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def one_at_a_time(project: Project) -> Iterator[None]:
    """Hold the sandbox's lock. Raises ChangedMeanwhile at once when another command holds it.

    The lock belongs to the open file, so a command that is killed cannot leave it behind.
    """
    make_directory(project)
    descriptor = os.open(project.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ChangedMeanwhile(
                "another sandbox command is changing this sandbox now",
                "wait for it to end, then run this again",
            ) from None
        yield
    finally:
        os.close(descriptor)


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
