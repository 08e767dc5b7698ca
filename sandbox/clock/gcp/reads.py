"""Somebody reads a key on Google Cloud: the request is really made, and its log entry is held against the
policies. Whether it is given out or refused is the policies' of the secret to say; the value is thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.clock.gcp.alerts import Alerts
from sandbox.clock.gcp.client import OK, GoogleClient
from sandbox.clock.gcp.log_lines import Entry
from sandbox.clock.mails import Mail

CURRENT = "current"  # the alias whose version readers get
DATA_ACCESS = "cloudaudit.googleapis.com%2Fdata_access"


@dataclass(frozen=True)
class Read:
    """What came of a read."""

    refusal: str | None  # Google's word for it; None where the value was given out
    entries: list[Entry]  # what the log says of it


def read_as(client: GoogleClient, secret: str, member: str) -> Read:
    """Read a secret's current value as somebody.

    Args:
        secret: `projects/keyplan-sandbox/secrets/sandbox-anthropic-api-key`.
        member: as IAM names it, with what else is known of it as a query; ASCII, without spaces.
    """
    before = _entries(client, secret)
    answer = client.as_member(member).ask("GET", f"/v1/{secret}/versions/{CURRENT}:access")
    known = {entry["insertId"] for entry in before}
    written = [entry for entry in _entries(client, secret) if entry["insertId"] not in known]
    return Read(None if answer.status == OK else answer.reason, written)


def mails_about(alerts: Alerts, entries: list[Entry]) -> list[Mail]:
    """What the policies say of entries."""
    return [mail for entry in entries for mail in alerts.hear(0, entry)[0]]


def _entries(client: GoogleClient, secret: str) -> list[dict[str, Any]]:
    """The newest entries of the Data Access log of a project."""
    project = secret.split("/")[1]
    asked = {
        "resourceNames": [f"projects/{project}"],
        "filter": f'logName="projects/{project}/logs/{DATA_ACCESS}"',
        "orderBy": "timestamp desc",
        "pageSize": 100,
    }
    found: list[dict[str, Any]] = client.do("POST", "/v2/entries:list", asked).get("entries", [])
    return sorted(found, key=lambda entry: datetime.fromisoformat(entry["timestamp"]))
