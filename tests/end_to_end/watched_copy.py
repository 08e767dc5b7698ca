"""A copy of the project that is driven while everything that could hold a value is looked at.

Looked through: what every command printed, the whole copy with `.keyplan`, the temporary directory, the home,
and the arguments of every process.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.end_to_end.leak_detector import (
    DiskWatcher,
    LeakDetector,
    ProcessWatcher,
    record_started_processes,
)
from tests.end_to_end.project_copy import ProjectCopy, Ran
from tests.end_to_end.stack_copy import manifest_of

MARKER = "the-executed-program"  # an argument of each program that may have a value in its environment


@dataclass
class Drive:
    """The person who drives the commands, and what is left to look through."""

    copy: ProjectCopy
    recorded: Path
    detector: LeakDetector

    def manifest(self, name: str, endpoint: str) -> Path:
        """A copy of the sandbox's manifest whose services are somewhere else."""
        document = manifest_of(self.copy)
        endpoints = document["clouds"]["aws"]["endpoints"]
        document["clouds"]["aws"]["endpoints"] = dict.fromkeys(endpoints, endpoint)
        path = self.copy.directory / f"{name}.json"
        path.write_text(json.dumps(document))
        return path

    def expect(self, ran: Ran, *codes: int) -> Ran:
        assert ran.code in codes, f"expected {codes}, got {ran.code}"  # what it said may hold the value
        return ran

    def found(self, *allowed: Path) -> dict[str, object]:
        """Every place that holds a value."""
        printed = {
            f"output {number}": self.detector.forms_in(text) for number, text in enumerate(self.copy.said)
        }
        roots = (self.copy.directory, self.copy.home, self.copy.temporary)
        started = self.detector.forms_in(self.recorded.read_bytes()) if self.recorded.exists() else set()
        return {
            **{place: forms for place, forms in printed.items() if forms},
            **self.detector.on_disk(*roots, except_for=allowed),
            **({"arguments of a started process": started} if started else {}),
        }


@contextmanager
def watched(copy: ProjectCopy, place: Path, detector: LeakDetector) -> Iterator[Drive]:
    """Drive a copy of the project while every process of the machine is looked at, and every file that comes
    and goes where commands put files of their own."""
    recorded = place / "started.jsonl"
    environment = {**copy.environment, **record_started_processes(place / "site", recorded)}
    files = DiskWatcher(detector, [copy.directory / ".keyplan", copy.home, copy.temporary])
    with files, ProcessWatcher(detector, MARKER) as processes:
        # Its program is started as ever, so that all of its process is seen.
        yield Drive(replace(copy, environment=environment, said=[], forking={}), recorded, detector)
    assert files.leaks == set()
    assert processes.leaks == set()
    assert processes.samples > 10
