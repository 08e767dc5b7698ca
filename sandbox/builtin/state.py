"""What the engine made: one JSON file, and beside it a journal of the run that is under way.

Every change is appended to the journal before the run goes on, so that a program that fails and an engine
that is killed lose nothing; the end of a run folds the journal into the file (written beside it, synced,
renamed). Both are readable by this user only. Inputs and outputs of resources stand in it; there is no
value of a key among them, because no resource of the program takes one and secret inputs are refused.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from keyplan.errors import ChangedMeanwhile
from sandbox.builtin.errors import StateUnusable
from sandbox.provider.archives import elided

VERSION = 1
PRIVATE = 0o600

# Tables of the file. resources: URN -> what exists. doomed: what was replaced and has yet to be deleted.
# pending: URN -> a creation that had begun. deleted: URN -> what was deleted and may have been restored.
# providers: URN -> settings of an explicit provider, without its credentials.
TABLES = ("resources", "doomed", "pending", "deleted", "providers")
Row = dict[str, Any]
Changed = tuple[str, str, Row | None]


@dataclass(frozen=True)
class Resource:
    """One resource that exists."""

    urn: str
    kind: str
    name: str
    id: str
    provider: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    protect: bool = False
    retain_on_delete: bool = False
    sequence: int = 0

    def row(self) -> Row:
        """The JSON form, with the contents of archives left out."""
        return {**vars(self), "inputs": elided(self.inputs), "outputs": elided(self.outputs)}


class State:
    """The tables in memory and their journal. Safe to use from many threads."""

    def __init__(self, tables: dict[str, dict[str, Row]], journal: IO[str] | None) -> None:
        """Args: journal: None for a preview, which writes nothing."""
        self._tables = tables
        self._journal = journal
        self._lock = threading.Lock()
        numbers = [row["sequence"] for name in ("resources", "doomed") for row in tables[name].values()]
        self._sequence = max(numbers, default=0)
        self.discarded = False
        self.changed = False

    def resource(self, urn: str) -> Resource | None:
        """The resource that exists under this URN."""
        row = self._tables["resources"].get(urn)
        return Resource(**row) if row else None

    def resources(self) -> list[Resource]:
        """Everything that exists under its URN, oldest first."""
        return self._all("resources")

    def doomed(self) -> list[Resource]:
        """Everything that was replaced and still waits for its deletion, oldest first."""
        return self._all("doomed")

    def row(self, table: str, key: str) -> Row | None:
        """A row of one of the smaller tables."""
        return self._tables[table].get(key)

    def rows(self, table: str) -> dict[str, Row]:
        """All rows of one of the smaller tables."""
        with self._lock:
            return dict(self._tables[table])

    def next_sequence(self) -> int:
        """A number that is higher than that of every resource made before."""
        with self._lock:
            self._sequence += 1
            return self._sequence

    def commit(self, *changes: Changed) -> None:
        """Make changes that belong together: all of them survive, or none."""
        kept: list[Changed] = [(table, key, elided(row)) for table, key, row in changes]
        with self._lock:
            if self._journal is not None:
                # One write, so that a kill leaves whole lines; the page cache outlives the process.
                self._journal.write(json.dumps(kept) + "\n")
                self._journal.flush()
            self.changed = True
            for table, key, row in kept:
                _apply(self._tables, table, key, row)

    def text(self, header: Mapping[str, Any]) -> str:
        """The file's text: one line a resource, for whoever reads or compares it."""
        parts = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in header.items()]
        for table in TABLES:
            rows = sorted(self._tables[table].items())
            lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(row, sort_keys=True)}" for key, row in rows)
            parts.append(f"{json.dumps(table)}: {{\n{lines}\n}}" if rows else f"{json.dumps(table)}: {{}}")
        return "{\n" + ",\n".join(parts) + "\n}\n"

    def _all(self, table: str) -> list[Resource]:
        with self._lock:
            rows = sorted(self._tables[table].values(), key=lambda row: int(row["sequence"]))
        return [Resource(**row) for row in rows]


@contextmanager
def opened(path: Path, project: str, stack: str, instance_id: str, *, preview: bool) -> Iterator[State]:
    """The state of a stack, locked for this run; a preview takes no lock and writes nothing.

    Args: instance_id: which run of the cloud's server this is; a state made with another one is empty,
        because its resources are gone, and `discarded` says so.

    Raises: StateUnusable, or ChangedMeanwhile when another run has the state open.
    """
    header = {"version": VERSION, "project": project, "stack": stack, "instance": instance_id}
    if preview:
        tables, discarded = _load(path, header)
        state = State(tables, None)
        state.discarded = discarded
        yield state
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(path):
        tables, discarded = _load(path, header)
        if discarded:
            # Before the file takes the new instance's name: its journal must not become this one's.
            _journal_path(path).unlink(missing_ok=True)
        if discarded or not path.exists() or _journal_path(path).exists():
            # Fold what an interrupted run left in its journal, before a new journal begins.
            _write(path, State(tables, None).text(header))
        with _journal(path) as journal:
            state = State(tables, journal)
            state.discarded = discarded
            try:
                yield state
            finally:
                if state.changed:
                    _write(path, state.text(header))
        _journal_path(path).unlink(missing_ok=True)


def made_something(path: Path, instance_id: str) -> bool:
    """Whether a state of this instance holds anything; False for one that is missing, foreign or broken."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(found, dict) or found.get("instance") != instance_id:
        return False
    return any(found.get(table) for table in TABLES) or bool(list(_journal_lines(path)))


def _load(path: Path, header: Mapping[str, Any]) -> tuple[dict[str, dict[str, Row]], bool]:
    empty: dict[str, dict[str, Row]] = {table: {} for table in TABLES}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError
    except FileNotFoundError:
        return empty, False
    except (ValueError, OSError):
        raise StateUnusable(
            f"the sandbox's state file {path} cannot be read", "python -m sandbox down, then up again"
        ) from None
    if found.get("version") != VERSION:
        raise StateUnusable(
            f"the sandbox's state file {path} has version {found.get('version')}, and this keyplan reads "
            f"version {VERSION}",
            "use the keyplan that wrote it, or python -m sandbox down and up again",
        )
    if found.get("instance") != header["instance"]:
        return empty, any(found.get(table) for table in TABLES)
    for name in ("project", "stack"):
        if found.get(name) != header[name]:
            raise StateUnusable(
                f"the sandbox's state file {path} belongs to the {name} {found.get(name)}, "
                f"not to {header[name]}"
            )
    tables = {table: dict(found.get(table) or {}) for table in TABLES}
    for changes in _journal_lines(path):
        for table, key, row in changes:
            _apply(tables, table, key, row)
    return tables, False


def _apply(tables: dict[str, dict[str, Row]], table: str, key: str, row: Row | None) -> None:
    if row is None:
        tables[table].pop(key, None)
    else:
        tables[table][key] = row


def _journal_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.journal")


def _journal_lines(path: Path) -> Iterator[list[Changed]]:
    """Whole lines only: the last one may have been cut."""
    try:
        text = _journal_path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            return


@contextmanager
def _journal(path: Path) -> Iterator[IO[str]]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with os.fdopen(os.open(_journal_path(path), flags, PRIVATE), "w", encoding="utf-8") as journal:
        yield journal


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the state's lock; it belongs to the open file, so a killed run cannot leave it behind."""
    lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ChangedMeanwhile(
                "another run is changing this sandbox", "wait for it to end, then run again"
            ) from None
        yield
    finally:
        os.close(lock)


def _write(path: Path, text: str) -> None:
    """Write the file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
