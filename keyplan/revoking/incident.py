"""The record of a leaked key: what was found, what was done, what is left. Never a value.

Owns the record's form (docs/incident.schema.json) and its file: readable by its owner alone, whole at every
moment, and never in the place of another one. It is written before anything is done and after every step, so
that a command that is killed leaves what it did. Filling it is `steps`'.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keyplan.errors import UsageError
from keyplan.wiring.files import PRIVATE_MODE, write

if TYPE_CHECKING:
    from collections.abc import Callable

FORMAT = "keyplan-incident/1"
LIMIT_BYTES = 4 * 1024 * 1024  # of a record that a second run goes on with


class Done(StrEnum):
    """What became of one step."""

    PLANNED = "planned"  # not begun, or killed in it: the next run begins with it
    DONE = "done"
    FAILED = "failed"  # refused or without an answer: the next run tries it again
    BY_HAND = "by-hand"  # a person has to do it; `todo` says how
    UNKNOWN = "unknown"  # it could not be found out


@dataclass
class Step:
    """One step of the response: `vendor`, `store-aws`, `reads-gcp` …"""

    name: str
    state: Done = Done.PLANNED
    found: str | None = None  # in words
    todo: tuple[str, ...] = ()  # what a person has to do, a line each
    at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """The entry under `steps`."""
        return {
            "step": self.name,
            "state": self.state.value,
            "at": None if self.at is None else moment(self.at),
            "found": self.found,
            "todo": list(self.todo),
        }


@dataclass
class Incident:
    """A leaked value, as far as anything is known of it."""

    environment: str
    key: str
    vendor: str
    owner: str
    opened: datetime
    opened_by: Mapping[str, str]  # cloud -> who called
    fingerprint: str | None
    hint: str | None
    stored: datetime | None  # when the leaked value was stored first
    stored_by: str | None
    versions: list[dict[str, Any]] = field(default_factory=list)
    vendor_key: dict[str, Any] | None = None
    consumers: list[dict[str, Any]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    reads: list[dict[str, Any]] = field(default_factory=list)
    next: tuple[str, ...] = ()
    updated: datetime | None = None

    @property
    def is_shut(self) -> bool:
        """Whether the value is dead at the vendor, and in every store."""
        return all(
            step.state is Done.DONE
            for step in self.steps
            if step.name.partition("-")[0] in ("vendor", "store")
        )

    def step(self, name: str) -> Step:
        """The step of that name."""
        return next(step for step in self.steps if step.name == name)

    def to_json(self) -> dict[str, Any]:
        """The record, as docs/incident.schema.json has it."""
        return {
            "format": FORMAT,
            "environment": self.environment,
            "key": self.key,
            "vendor": self.vendor,
            "owner": self.owner,
            "state": "shut" if self.is_shut else "open",
            "openedAt": moment(self.opened),
            "updatedAt": moment(self.updated or self.opened),
            "openedBy": dict(self.opened_by),
            "value": {
                "fingerprint": self.fingerprint,
                "hint": self.hint,
                "storedAt": None if self.stored is None else moment(self.stored),
                "storedBy": self.stored_by,
            },
            "vendorKey": self.vendor_key,
            "versions": self.versions,
            "consumers": self.consumers,
            "steps": [step.to_json() for step in self.steps],
            "reads": self.reads,
            "next": list(self.next),
        }


def moment(at: datetime) -> str:
    """`2026-11-21T18:15:00Z`."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class Earlier:
    """What a record of an earlier run says: enough to go on with the same value."""

    fingerprint: str | None
    versions: tuple[tuple[str, str], ...]  # (cloud, version id)
    opened: datetime


class RecordFile:
    """Where a record is kept.

    Args:
        path: the file.
        say: takes what the person should know when it cannot be written any more.
    """

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        self.path = path
        self.is_behind = False  # whether the file lacks what was done last
        self._say = say

    def save(self, incident: Incident) -> None:
        """Put the record's present state in the place of the one before. The response goes on where that
        fails: shutting the key counts more than the file about it.
        """
        try:
            write(self.path, content_of(incident), PRIVATE_MODE)
            self.is_behind = False
        except UsageError as error:
            if not self.is_behind:
                self._say(f"warning: {error.message}; what is done from now on is printed at the end")
            self.is_behind = True


def content_of(incident: Incident) -> bytes:
    """The file's content."""
    return (json.dumps(incident.to_json(), indent=2) + "\n").encode()


def create(path: Path, incident: Incident, say: Callable[[str], None]) -> RecordFile:
    """Write a record for the first time: all of it or nothing, and only where no file is.

    Raises:
        UsageError: there is a file of that name, or the folder takes none.
    """
    beside = path.with_name(f".{path.name}.keyplan-{secrets.token_hex(8)}")
    try:
        descriptor = os.open(
            beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_MODE
        )
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content_of(incident))
                file.flush()
                os.fsync(file.fileno())
            os.link(beside, path)  # unlike a rename it fails where the name is taken
        finally:
            with suppress(FileNotFoundError):
                beside.unlink()
    except FileExistsError:
        raise UsageError(f"there is a file {path.name} already: a record never replaces another") from None
    except OSError as error:
        raise UsageError(
            f"the incident record cannot be written to {path}: {os.strerror(error.errno or 0).lower()}",
            "name another file with --record FILE",
        ) from None
    return RecordFile(path, say)


def default_name(environment: str, key: str, opened: datetime, number: int = 1) -> str:
    """`keyplan-incident-prod-anthropic-20261121T181500Z.json`; the second of a second has a number."""
    stem = re.sub(r"[^A-Za-z0-9_-]", "-", f"keyplan-incident-{environment}-{key}")
    further = "" if number == 1 else f"-{number}"
    return f"{stem}-{opened.astimezone(UTC):%Y%m%dT%H%M%SZ}{further}.json"


def read_earlier(path: Path, environment: str, key: str) -> Earlier | None:
    """What an earlier run wrote to `path`, or None where there is no file.

    Raises:
        UsageError: it is something else than a record of this key.
    """
    if not path.exists():
        return None
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(LIMIT_BYTES))
        if (document["format"], document["environment"], document["key"]) != (FORMAT, environment, key):
            raise ValueError
        return Earlier(
            document["value"]["fingerprint"],
            tuple((str(entry["cloud"]), str(entry["versionId"])) for entry in document["versions"]),
            datetime.fromisoformat(document["openedAt"]),
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        raise UsageError(
            f"{path.name} is there and is no incident record of key {key} of environment {environment}",
            "name another file with --record FILE; a record never replaces another",
        ) from None
