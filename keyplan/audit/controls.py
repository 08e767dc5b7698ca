"""An organization's policies, SCPs and RCPs: which there are above an account, level by level.

What they decide is a matter of `keyplan.audit.decisions`.
Source: AWS Organizations User Guide, "SCP evaluation", "RCP evaluation" (checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keyplan.audit.callers import Policy
from keyplan.audit.policies.documents import Kind, read_document
from keyplan.audit.snapshot import Snapshot


@dataclass
class Controls:
    """The SCPs and RCPs of each account, read once."""

    snapshot: Snapshot
    _levels: dict[tuple[str, str], tuple[tuple[Policy, ...], ...] | None] = field(default_factory=dict)

    def levels(self, kind: str, account: str) -> tuple[tuple[Policy, ...], ...] | None:
        """The levels above an account, root first; none where nothing controls it; None: unknown.

        Args:
            kind: `scps` or `rcps`.
        """
        if (kind, account) not in self._levels:
            self._levels[kind, account] = self._read(kind, account)
        return self._levels[kind, account]

    def _read(self, kind: str, account: str) -> tuple[tuple[Policy, ...], ...] | None:
        organization = self.snapshot.organization
        if organization is not None and account == organization.management_account:
            return ()
        table: Mapping[str, Any] | None = getattr(self.snapshot, kind)
        listed = None if table is None else table.get(account)
        if isinstance(listed, list):
            return tuple(self._level(kind, account, level) for level in listed)
        is_null = table is not None and account in table and listed is None
        if listed is None and not is_null and (organization is None or account not in organization.accounts):
            return ()
        self.snapshot.problems.append(f"{kind}: those of {account} are missing")
        return None

    def level_name(self, kind: str, account: str, number: int) -> str:
        """What the snapshot calls a level: `root`, an organizational unit, the account."""
        table: Mapping[str, Any] = getattr(self.snapshot, kind) or {}
        listed = table.get(account)
        level = listed[number] if isinstance(listed, list) and number < len(listed) else None
        name = level.get("level") if isinstance(level, Mapping) else None
        return name if isinstance(name, str) else f"level {number}"

    def _level(self, kind: str, account: str, level: object) -> tuple[Policy, ...]:
        policies = level.get("policies") if isinstance(level, Mapping) else None
        if not isinstance(policies, list):
            name = level.get("level") if isinstance(level, Mapping) else None
            return (read_document(None, f"{kind} of {account} at {name}", self.snapshot.problems),)
        place = Kind.IDENTITY if kind == "scps" else Kind.RESOURCE
        return tuple(
            read_document(each.get("Content"), f"{kind} {each.get('Name')}", self.snapshot.problems, place)
            if isinstance(each, Mapping)
            else read_document(None, f"{kind} of {account}", self.snapshot.problems)
            for each in policies
        )
