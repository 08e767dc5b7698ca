"""The engine's events as a result: changes, diagnostics, and what failed.

Source: sdk/go/common/apitype/events.go of pulumi v3.259.0 (checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.result import Change, ChangeKind, Report

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
TOLD = ("warning", "error", "info#err")
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
        change = Change(kind, urn, metadata["type"], urn.split("::", 3)[3])
        self.changes.append(change)
        if self.report is not None:
            self.report(change)

    def _diagnostic(self, event: Mapping[str, Any]) -> None:
        severity, message = event["severity"], event["message"].rstrip()
        if event.get("ephemeral") or not (severity in TOLD or _is_printed(event)):
            return
        if severity == "error":
            self.errors.append(_placed(event.get("urn", ""), message))
        elif EXPECTED_WARNING not in message:
            self.diagnostics.append(f"warning: {message}" if severity == "warning" else message)


def _is_printed(event: Mapping[str, Any]) -> bool:
    """Whether it is a line that the program printed: only those belong to a stream."""
    return event["severity"] == "info" and bool(event.get("streamID"))


def _placed(urn: str, message: str) -> str:
    """An error with the resource that it is about; the stack itself is about everything."""
    if not urn or "::pulumi:pulumi:Stack::" in urn:
        return message
    kind, name = urn.split("::")[2].rsplit("$", 1)[-1], urn.split("::", 3)[3]
    return f"{name} ({kind}): {message}"
