"""What the Admin API's answers say: keys and their use. Pure.

Source: Admin API reference, "List API Keys" and "Get Messages Usage Report"
(platform.claude.com/docs/en/api/admin), and the Python SDK 2.12; checked 2026-11-21.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keyplan.vendors.replies import an_id

STATUSES = ("active", "inactive", "archived", "expired")
# The name by which usage of an organization's default workspace goes: the report has no id for it.
DEFAULT_WORKSPACE = "default"
NAME_LENGTH_MAX = 128  # what is printed of a name; no document gives a limit
# A key that somebody gave as a name, whole or in part, and what a terminal would obey.
_PASTED = re.compile(r"sk-[A-Za-z0-9_-]{8,}")
_HINT = re.compile(r"(?:sk-ant-[a-z0-9]+-)?([A-Za-z0-9_-]{1,8})\.{3}([A-Za-z0-9_-]{1,8})")
_TOKENS = ("uncached_input_tokens", "cache_read_input_tokens", "output_tokens")


@dataclass(frozen=True)
class VendorKey:
    """A key in the vendor's own list; never a value."""

    id: str
    name: str
    status: str  # one of STATUSES
    hint: str | None  # as a version's label has it: `R2D...igAA`
    workspace: str | None  # its id; None: of the default workspace, or of no workspace
    created: datetime
    expires: datetime | None = None  # None: never

    @property
    def is_active(self) -> bool:
        """Whether programs can use it."""
        return self.status == "active"


@dataclass(frozen=True)
class Usage:
    """What a key was used for within the time that was asked about. Times are as exact as the report's
    buckets: the first use was at `first` or later, the last one before `last`.
    """

    first: datetime
    last: datetime
    tokens: int
    workspaces: frozenset[str]  # ids, and DEFAULT_WORKSPACE

    def joined(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(
            min(self.first, other.first),
            max(self.last, other.last),
            self.tokens + other.tokens,
            self.workspaces | other.workspaces,
        )


def vendor_key(document: object) -> VendorKey | None:
    """A key of a list, or None where the document is none."""
    if not isinstance(document, dict):
        return None
    key_id, status = an_id(document.get("id")), document.get("status")
    created = moment(document.get("created_at"))
    if key_id is None or status not in STATUSES or created is None:
        return None
    scope = document.get("scope")
    workspace = scope.get("workspace_id") if isinstance(scope, dict) else document.get("workspace_id")
    return VendorKey(
        id=key_id,
        name=printable(document.get("name")),
        status=str(status),
        hint=hint_of(document.get("partial_key_hint")),
        workspace=an_id(workspace),
        created=created,
        expires=moment(document.get("expires_at")),
    )


def hint_of(text: object) -> str | None:
    """`sk-ant-api03-R2D...igAA` -> `R2D...igAA`; None where it is no such hint."""
    match = _HINT.fullmatch(text) if isinstance(text, str) else None
    return f"{match[1]}...{match[2]}" if match else None


def same_hint(one: str | None, other: str | None) -> bool:
    """Whether two hints can be of one value: no document says how many characters a hint has."""
    if one is None or other is None:
        return False
    (start, _, end), (other_start, _, other_end) = one.partition("..."), other.partition("...")
    if min(len(start), len(other_start)) < 2 or min(len(end), len(other_end)) < 2:
        return False
    return (start.startswith(other_start) or other_start.startswith(start)) and (
        end.endswith(other_end) or other_end.endswith(end)
    )


def use_of_keys(document: dict[str, Any]) -> dict[str, Usage] | None:
    """Use by key's id in one page of the report, or None where it is no such page.

    Use without a key (the Console's own) is left out, and a row without tokens is no use.
    """
    buckets = document.get("data")
    if not isinstance(buckets, list):
        return None
    found: dict[str, Usage] = {}
    for bucket in buckets:
        rows = bucket.get("results") if isinstance(bucket, dict) else None
        first, last = (
            moment(bucket.get(name)) if isinstance(bucket, dict) else None
            for name in ("starting_at", "ending_at")
        )
        if not isinstance(rows, list) or first is None or last is None:
            return None
        for row in rows:
            key_id = an_id(row.get("api_key_id")) if isinstance(row, dict) else None
            tokens = tokens_of(row) if key_id else 0
            if key_id and tokens:
                workspace = an_id(row.get("workspace_id")) or DEFAULT_WORKSPACE
                use = Usage(first, last, tokens, frozenset({workspace}))
                found[key_id] = found[key_id].joined(use) if key_id in found else use
    return found


def tokens_of(row: dict[str, Any]) -> int:
    """Every token of a row, whatever it cost."""
    made = row.get("cache_creation")
    numbers = [row.get(name) for name in _TOKENS] + (list(made.values()) if isinstance(made, dict) else [])
    return sum(number for number in numbers if isinstance(number, int) and number > 0)


def moment(text: object) -> datetime | None:
    """An RFC 3339 time, in UTC; None where it is none."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def printable(text: object) -> str:
    """Anybody's text, fit to be printed: without control characters, and without a key pasted into it."""
    if not isinstance(text, str):
        return ""
    clean = "".join(char if char.isprintable() else "?" for char in text[:NAME_LENGTH_MAX])
    return _PASTED.sub("sk-…", clean)
