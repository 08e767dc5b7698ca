"""How `keyplan status --usage` shows the vendor's side: as text for a person, or as JSON. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyplan.overview.usage import IDLE_DAYS
from keyplan.revoking.incident import moment
from keyplan.stores.base import CLOUD_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyplan.manifest.model import Manifest
    from keyplan.overview.usage import Finding, UsageReport, Used

GAP = "  "
HEAD = ("KEY", "AT THE VENDOR", "STATUS", "LAST USE", "TOKENS", "WORKSPACES", "ENDS")


def as_document(report: UsageReport, organization: tuple[str, str]) -> dict[str, Any]:
    """What `--format json` has under `usage` (docs/commands.md)."""
    return {
        "organization": {"id": organization[0], "name": organization[1]},
        "days": IDLE_DAYS,
        "keys": [_entry(used) for used in report.used],
        "findings": [
            {
                "kind": finding.odd.value,
                "key": finding.key,
                "vendorKey": finding.vendor_key,
                "found": finding.words,
                "todo": finding.todo,
            }
            for finding in report.findings
        ],
        "others": [
            {"id": one.id, "name": one.name, "workspace": one.workspace, "createdAt": moment(one.created)}
            for one in report.others
        ],
    }


def _entry(used: Used) -> dict[str, Any]:
    one, usage = used.vendor_key, used.usage
    return {
        "key": used.key.name,
        "clouds": list(used.clouds),
        "hint": used.hint,
        "vendorKey": None if one is None else {"id": one.id, "name": one.name, "status": one.status},
        "workspace": one.workspace if one else None,
        "expiresAt": moment(one.expires) if one and one.expires else None,
        "lastUsedBefore": moment(usage.last) if usage else None,
        "tokens": usage.tokens if usage else 0,
        "usedIn": sorted(usage.workspaces) if usage else [],
    }


def as_text(manifest: Manifest, report: UsageReport, organization: tuple[str, str]) -> str:
    """The same for a person."""
    both = manifest.aws is not None and manifest.gcp is not None
    lines = [
        f"at Anthropic: organization {organization[1] or organization[0]}, the last {IDLE_DAYS} days",
        "",
        *_table([HEAD, *(_cells(used, both=both) for used in report.used)]),
    ]
    for finding in report.findings:
        lines += ["", *_finding(manifest, finding)]
    if report.others:
        names = ", ".join(one.name or one.id for one in report.others)
        count = len(report.others)
        further = f"{count} further key{'' if count == 1 else 's'}"
        lines += ["", f"{further} of the organization, of other environments or of nobody: {names}"]
    return "\n".join(lines)


def _cells(used: Used, *, both: bool) -> tuple[str, ...]:
    """A row; with two clouds a value that only one of them has says which."""
    one, usage = used.vendor_key, used.usage
    clouds = f" ({CLOUD_NAMES[used.clouds[0]]})" if both and len(used.clouds) == 1 else ""
    if one is None:
        return (f"{used.key.name}{clouds}", used.hint or "-", "not known", "-", "-", "-", "-")
    return (
        f"{used.key.name}{clouds}",
        one.name or one.id,
        one.status,
        f"{usage.last:%Y-%m-%d}" if usage else "none",
        str(usage.tokens) if usage else "0",
        ", ".join(sorted(usage.workspaces)) if usage else "-",
        f"{one.expires:%Y-%m-%d}" if one.expires else "never",
    )


def _finding(manifest: Manifest, finding: Finding) -> list[str]:
    about = f"key {finding.key} of environment {manifest.environment}: " if finding.key else ""
    return [f"{finding.odd.value}: {about}{finding.words}", f"{GAP}{finding.todo}"]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
