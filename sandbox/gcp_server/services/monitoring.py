"""Cloud Monitoring: alert policies and notification channels. No alert fires by itself.

Source: monitoring v3 discovery document (AlertPolicy, MetricAbsence, LogMatch); "Quotas and limits"
(checked 2026-11-21).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.gcp_server import times
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import invalid, not_found, precondition
from sandbox.gcp_server.filters import compile_filter
from sandbox.gcp_server.routing import Route
from sandbox.gcp_server.services.collection import Collection, Given, Record

SERVICE = "monitoring.googleapis.com"
MOST_CONDITIONS = 6
SHORTEST_ABSENCE, LONGEST_ABSENCE = timedelta(seconds=120), timedelta(hours=23, minutes=30)
MOST_EXTRACTORS = 10
CONDITION_KINDS = (
    "conditionThreshold",
    "conditionAbsent",
    "conditionMatchedLog",
    "conditionMonitoringQueryLanguage",
    "conditionPrometheusQueryLanguage",
    "conditionSql",
)


def _numbered(call: Call) -> Given:
    return Given(str(10_000_000_000 + call.world.next_number()), call.body)


def _mutation(call: Call) -> Record:
    return {"mutateTime": times.stamp(times.now()), "mutatedBy": call.caller.email or call.caller.member}


def _new_policy(call: Call, key: str, message: Record) -> Record:
    record = {"enabled": True, **message, "name": key, "creationRecord": _mutation(call)}
    _check_policy(call, key, record)
    return record


def _check_policy(call: Call, key: str, record: Record) -> None:
    conditions = record.get("conditions") or []
    if not record.get("displayName") or not 1 <= len(conditions) <= MOST_CONDITIONS:
        raise invalid(f"An alert policy has a display_name and 1 to {MOST_CONDITIONS} conditions.")
    if record.get("combiner") in (None, "COMBINE_UNSPECIFIED"):
        raise invalid("Field alert_policy.combiner must be specified.")
    for condition in conditions:
        _check_condition(condition)
    if any("conditionMatchedLog" in condition for condition in conditions):
        if len(conditions) > 1:
            raise invalid("A policy with a log-match condition has no other condition.")
        if not (record.get("alertStrategy") or {}).get("notificationRateLimit"):
            raise invalid("A policy with a log-match condition needs alert_strategy.notification_rate_limit.")
    for channel in record.get("notificationChannels") or []:
        if _own_name(call, channel) not in call.world.records:
            raise not_found(f"Could not find the notification channel {channel}.")
    for condition in conditions:
        condition.setdefault("name", f"{key}/conditions/{20_000_000_000 + call.world.next_number()}")
    record["mutationRecord"] = _mutation(call)


def _own_name(call: Call, name: str) -> str:
    parts = name.split("/")
    project = call.world.find_project(parts[1]) if len(parts) > 1 else None
    return "/".join([parts[0], project.project_id, *parts[2:]]) if project else name


def _check_condition(condition: dict[str, Any]) -> None:
    kinds = [kind for kind in CONDITION_KINDS if kind in condition]
    if len(kinds) != 1 or not condition.get("displayName"):
        raise invalid("A condition has a display_name and is of exactly one kind.")
    settings = condition[kinds[0]]
    if kinds[0] == "conditionMatchedLog":
        if not settings.get("filter"):
            raise invalid("A log-match condition needs a filter.")
        compile_filter(settings["filter"])
        if len(settings.get("labelExtractors") or {}) > MOST_EXTRACTORS:
            raise invalid(f"A log-match condition has at most {MOST_EXTRACTORS} label extractors.")
    if kinds[0] == "conditionAbsent":
        span = times.duration(settings.get("duration"), "condition_absent.duration")
        if not SHORTEST_ABSENCE <= span <= LONGEST_ABSENCE or span.total_seconds() % 60:
            raise invalid("The duration of an absence is 2 minutes to 23 hours 30 minutes, in whole minutes.")
    if kinds[0] in ("conditionAbsent", "conditionThreshold"):
        if "metric.type" not in (settings.get("filter") or ""):
            raise invalid("The filter of a metric condition must specify metric.type.")
        compile_filter(settings["filter"])


def _new_channel(call: Call, key: str, message: Record) -> Record:
    if not message.get("type"):
        raise invalid("Field notification_channel.type must be specified.")
    if message["type"] == "email" and "@" not in (message.get("labels") or {}).get("email_address", ""):
        raise invalid("A notification channel of the type email needs the label email_address.")
    if message["type"] == "pubsub" and "topic" not in (message.get("labels") or {}):
        raise invalid("A notification channel of the type pubsub needs the label topic.")
    return {"enabled": True, **message, "name": key, "creationRecord": _mutation(call)}


class _Channels(Collection):
    """Channels that alert policies use are not deleted by accident."""

    def delete(self, call: Call) -> Record:
        key = self.find(call)[0]
        users = [
            name
            for name, record in call.world.records.items()
            if any(_own_name(call, used) == key for used in record.get("notificationChannels") or [])
        ]
        if users and call.ask("force") != "true":
            raise precondition(f"Cannot delete the notification channel: it is used by {users[0]}.")
        for name in users:
            kept = [
                used
                for used in call.world.records[name]["notificationChannels"]
                if _own_name(call, used) != key
            ]
            call.world.records[name]["notificationChannels"] = kept
        return super().delete(call)


POLICY = Collection(
    service=SERVICE,
    path="/v3/projects/{project}/alertPolicies",
    item="policy",
    list_field="alertPolicies",
    schema="AlertPolicy",
    permissions="monitoring.alertPolicies",
    given=_numbered,
    complete=_new_policy,
    fixed=("name", "creationRecord", "mutationRecord"),
    checked=_check_policy,
    missing="Could not find the alert policy {name}.",
)
CHANNEL = _Channels(
    service=SERVICE,
    path="/v3/projects/{project}/notificationChannels",
    item="channel",
    list_field="notificationChannels",
    schema="NotificationChannel",
    permissions="monitoring.notificationChannels",
    given=_numbered,
    complete=_new_channel,
    fixed=("name", "type", "creationRecord", "mutationRecords", "verificationStatus"),
    missing="Could not find the notification channel {name}.",
)


def routes() -> list[Route]:
    """Every route of Cloud Monitoring."""
    return [*POLICY.routes(), *CHANNEL.routes()]
