"""What a log-match alert policy says of a log entry, and to whom: a function of settings and entries. Pure.

The sandbox keeps policies and fires none by itself. Filters are read by the same code that lists entries.
Sources: Monitoring API v3, AlertPolicy (LogMatch.labelExtractors: each combination of values is a rule of its
own; AlertStrategy.notificationRateLimit; Documentation); Cloud Monitoring, "Annotate notifications with
user-defined documentation" (checked 2026-11-21). That a label without a value is shown as nothing is assumed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from keyplan.errors import KeyplanError
from sandbox.clock.mails import Mail
from sandbox.gcp_server import times
from sandbox.gcp_server.errors import GoogleError
from sandbox.gcp_server.filters import Test, compile_filter, unquoted, values_at

CLOUD = "Google Cloud"
LABEL_CHARACTERS = 1_024  # source: Cloud Monitoring, "Quotas and limits"
SUBJECT_CHARACTERS = 255  # source: Documentation.subject
_WHOLE = re.compile(r"EXTRACT\(\s*([^\s(),]+)\s*\)")
_PART = re.compile(r'REGEXP_EXTRACT\(\s*([^\s(),]+)\s*,\s*("(?:[^"\\]|\\.)*")\s*\)', re.DOTALL)
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LABEL = "log.extracted_label."

Record = Mapping[str, Any]
Extractor = Callable[[Record], str]


class NotEvaluatedError(KeyplanError):
    """A policy uses something that the sandbox does not evaluate; the message names both."""


@dataclass(frozen=True)
class Words:
    """What a policy says, with `${…}` in it, and to whom."""

    policy: str  # its display name
    subject: str
    content: str
    facts: Mapping[str, str]  # what every notice of the policy knows: variable -> text
    recipients: tuple[str, ...]

    def mails(self, day: int, at: datetime, labels: Mapping[str, str]) -> list[Mail]:
        """One mail for each recipient. Args: labels: what the policy found in the entry."""
        known = {**self.facts, **{_LABEL + name: text for name, text in labels.items()}}

        def fill(text: str) -> str:
            return _VARIABLE.sub(lambda match: known[match[1]], text)

        subject = " ".join(fill(self.subject).split())[:SUBJECT_CHARACTERS]
        body = fill(self.content)
        date = f"{at:%Y-%m-%d}"
        return [Mail(day, date, recipient, subject, body, CLOUD) for recipient in self.recipients]


@dataclass(frozen=True)
class LogMatch:
    """A log-match policy."""

    name: str
    finds: Test
    extractors: Mapping[str, Extractor]
    rate_limit: timedelta
    words: Words

    def labels(self, entry: Record) -> dict[str, str]:
        """What the policy takes from an entry."""
        return {name: extract(entry)[:LABEL_CHARACTERS] for name, extract in self.extractors.items()}


class Matcher:
    """Holds log entries, in the order of their time, against policies; and says things no oftener than
    the policies allow."""

    def __init__(self, policies: list[LogMatch]) -> None:
        self._policies = policies
        self._told: dict[tuple[str, tuple[tuple[str, str], ...]], datetime] = {}

    def mails(self, day: int, entry: Record) -> list[Mail]:
        """What follows from an entry."""
        at, found = times.moment(entry["timestamp"]), []
        for policy in self._policies:
            if not policy.finds(entry):
                continue
            labels = policy.labels(entry)
            rule = policy.name, tuple(sorted(labels.items()))
            last = self._told.get(rule)
            if last is None or at - last >= policy.rate_limit:
                self._told[rule] = at
                found += policy.words.mails(day, at, labels)
        return found


def read_log_match(policy: Record, channels: Mapping[str, Record]) -> LogMatch:
    """A policy with one log-match condition, as the API describes it.

    Args: channels: full name to notification channel.
    Raises: NotEvaluatedError.
    """
    title = policy["displayName"]
    (condition,) = policy["conditions"]
    match = condition["conditionMatchedLog"]
    extractors = {
        name: _extractor(title, text) for name, text in (match.get("labelExtractors") or {}).items()
    }
    limit = (policy.get("alertStrategy") or {}).get("notificationRateLimit") or {}
    return LogMatch(
        name=policy["name"],
        finds=read_filter(title, match["filter"]),
        extractors=extractors,
        rate_limit=times.duration(limit.get("period", "0s")),
        words=read_words(policy, channels, [_LABEL + name for name in extractors]),
    )


def read_filter(title: str, text: str) -> Test:
    """A filter of a policy. Raises NotEvaluatedError, which quotes it."""
    try:
        return compile_filter(text)
    except GoogleError as error:
        raise NotEvaluatedError(
            f"{title}: the sandbox does not understand the filter `{text}`: {error.message}"
        ) from None


def read_words(policy: Record, channels: Mapping[str, Record], labels: list[str]) -> Words:
    """What a policy says. Raises NotEvaluatedError for a variable that is neither known nor in `labels`."""
    title, condition = policy["displayName"], policy["conditions"][0]
    documentation = policy.get("documentation") or {}
    subject = documentation.get("subject") or f"[ALERT] {title}"
    content = documentation.get("content") or condition["displayName"]
    facts = {
        "policy.display_name": title,
        "policy.name": policy["name"],
        "condition.display_name": condition["displayName"],
        "condition.name": condition.get("name", ""),
        "project": policy["name"].split("/")[1],
    }
    for variable in _VARIABLE.findall(subject + content):
        if variable not in facts and variable not in labels:
            raise NotEvaluatedError(f"{title}: the sandbox does not know the variable `${{{variable}}}`")
    return Words(title, subject, content, facts, _recipients(policy, channels))


def _recipients(policy: Record, channels: Mapping[str, Record]) -> tuple[str, ...]:
    found: list[str] = []
    for name in policy.get("notificationChannels") or []:
        channel = channels.get(name)
        if channel is None or not channel.get("enabled", True):
            continue
        if channel["type"] != "email":
            raise NotEvaluatedError(
                f"{policy['displayName']}: the sandbox does not notify channels of the type {channel['type']}"
            )
        found.append(channel["labels"]["email_address"])
    return tuple(dict.fromkeys(found))


def _extractor(title: str, text: str) -> Extractor:
    whole = _WHOLE.fullmatch(text)
    if whole is not None:
        return lambda entry: _first(entry, whole[1])
    part = _PART.fullmatch(text)
    if part is None:
        raise NotEvaluatedError(f"{title}: the sandbox does not understand the extractor `{text}`")
    try:
        pattern = re.compile(unquoted(part[2]))
    except re.error:
        pattern = re.compile("")
    if pattern.groups != 1:
        raise NotEvaluatedError(f"{title}: the extractor `{text}` has no regular expression with one group")

    def search(entry: Record) -> str:
        match = pattern.search(_first(entry, part[1]))
        return "" if match is None or match[1] is None else match[1]

    return search


def _first(entry: Record, field: str) -> str:
    found = values_at(entry, field)
    return str(found[0]) if found else ""
