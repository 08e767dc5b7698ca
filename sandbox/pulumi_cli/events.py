"""The engine's events as a result: changes, diagnostics, and what failed.

Source: sdk/go/common/apitype/events.go of pulumi v3.259.0 (checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.result import Change, ChangeKind, Report
from sandbox.urns import STACK, name_of, type_of

# The steps of a replacement are told once, by the one that all of them have.
KINDS: Mapping[str, ChangeKind] = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "same": "kept",
    "import": "adopted",
    "import-replacement": "adopted",
}
# What the program prints is "info", and "info#err" where that goes to standard error.
TOLD = ("warning", "error", "info", "info#err")
# Said at every run, and true of every run here: the plugins are the sandbox's.
EXPECTED_WARNING = "from $PATH at"


@dataclass
class Collected:
    """What the events of one command said."""

    report: Report | None = None
    changes: list[Change] = field(default_factory=list)
    diagnostics: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    preview: bool = False
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def take(self, event: Mapping[str, Any]) -> None:
        """Take one event in."""
        if "diagnosticEvent" in event:
            self._diagnostic(event["diagnosticEvent"])
        elif "resOutputsEvent" in event:
            self._done(event["resOutputsEvent"]["metadata"])
        elif self.preview and "resourcePreEvent" in event:
            # A preview ends no deletion: what begins is what is planned.
            self._done(event["resourcePreEvent"]["metadata"])

    def _done(self, metadata: Mapping[str, Any]) -> None:
        kind = KINDS.get(metadata["op"])
        if kind is None:
            return
        if kind == "deleted" and (metadata.get("old") or {}).get("retainOnDelete"):
            kind = "forgotten"
        urn = metadata["urn"]
        if (kind, urn) in self._seen:
            return
        self._seen.add((kind, urn))
        change = Change(kind, urn, metadata["type"], name_of(urn))
        self.changes.append(change)
        if self.report is not None:
            self.report(change)

    def _diagnostic(self, event: Mapping[str, Any]) -> None:
        severity, message = event["severity"], event["message"].rstrip()
        if event.get("ephemeral") or severity not in TOLD:
            return
        if severity == "error":
            self.errors.append(_placed(event.get("urn", ""), message))
        elif EXPECTED_WARNING not in message:
            self.diagnostics.append(f"warning: {message}" if severity == "warning" else message)


def _placed(urn: str, message: str) -> str:
    """An error with the resource that it is about; the stack itself is about everything."""
    if not urn or type_of(urn) == STACK:
        return message
    return f"{name_of(urn)} ({type_of(urn)}): {message}"
