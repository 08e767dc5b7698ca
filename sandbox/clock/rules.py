"""Which functions the deployed event rules start for an event: moto keeps rules and matches only its own.

The matching is moto's; which rules see a record of a read is decided here. Source: EventBridge User Guide,
"Receiving read-only management events from AWS services": only rules in the state
ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS (checked 2026-11-21).
"""

from __future__ import annotations

from typing import Any

from sandbox.server.client import aws_client
from sandbox.server.record import ServerRecord

SEES_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


def matching_functions(record: ServerRecord, region: str, event: dict[str, Any]) -> list[str]:
    """ARNs of the functions that CloudTrail's record of a read starts."""
    client = aws_client(record, "events", region)
    found: list[str] = []
    for page in client.get_paginator("list_rules").paginate():
        for rule in page["Rules"]:
            if rule.get("State") == SEES_READS and _matches(rule.get("EventPattern"), event):
                targets = client.list_targets_by_rule(Rule=rule["Name"])["Targets"]
                found += [target["Arn"] for target in targets if ":lambda:" in target["Arn"]]
    return found


def _matches(pattern: str | None, event: dict[str, Any]) -> bool:
    if not pattern:
        return False
    from moto.events.models import EventPattern

    matches: Any = EventPattern.load(pattern).matches_event
    return bool(matches(event))
