"""The words of a reminder as alert policies carry them: one notice a recipient and run. Pure.

A log line that matches a policy becomes a mail. Its parts are labels of that mail, and a label's value ends
at 1,024 characters; so one key is told in full, and several are listed, the worst first, with what does not
fit only counted. One line for each recipient, because Monitoring limits how often a policy may speak.
Source: Cloud Monitoring, "Quotas and limits": string length of a label's value (checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..ages import Assessment, Rule, State, escalates, speaks, worst_first
from ..reminder_words import facts, headline, repetition, steps
from ..text import count, one_line

LABEL_CHARACTERS = 1_024
SUBJECT_CHARACTERS = 200
_LIST_STEPS = (
    "For each key that is due or overdue, create a new one at the vendor: keyplan rotate KEY. For one "
    "without a value: keyplan put KEY. Where a secret cannot be looked at: pulumi up, then keyplan status."
)
_LIST_REPEATS = (
    "This message is repeated until each of these keys is in order: every day while one of them is overdue "
    "or has no value, every week while they are only due soon."
)


@dataclass(frozen=True)
class Settings:
    """settings.json, typed: what the environment's catalogue says, as of the last deployment."""

    environment: str
    owner: str  # the address of the environment's owner
    per_key: bool
    escalate_after_days: float
    rules: tuple[Rule, ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Settings:
        """Read the document."""
        return cls(
            environment=data["environment"],
            owner=data["owner"],
            per_key=data["mode"] == "perKey",
            escalate_after_days=data["escalateAfterDays"],
            rules=tuple(Rule.from_json(entry) for entry in data["keys"]),
        )


def key_line(settings: Settings, found: Assessment) -> dict[str, Any]:
    """The log line about one key that needs a word, for whoever searches the log."""
    return {
        "severity": "NOTICE",
        "event": "key",
        "environment": settings.environment,
        "key": found.rule.name,
        "owner": found.rule.owner,
        "state": found.state.value,
        "ageDays": None if found.age_days is None else int(found.age_days),
        "message": f"{settings.environment}: the key {found.rule.name} {headline(found)}",
    }


def notices(settings: Settings, found: Sequence[Assessment]) -> list[dict[str, Any]]:
    """The log lines that become mails, one a recipient, from what a daily run found.

    A key goes to its owner; with `perEnvironment`, and once it has waited too long, to the environment's
    owner too.
    """
    recipients: dict[str, list[Assessment]] = {}
    for one in worst_first(one for one in found if speaks(one)):
        addresses = {one.rule.recipient}
        if not settings.per_key or escalates(one, settings.escalate_after_days):
            addresses.add(settings.owner)
        for address in sorted(addresses):
            recipients.setdefault(address, []).append(one)
    return [_notice(settings, address, listed) for address, listed in sorted(recipients.items())]


def _notice(settings: Settings, recipient: str, listed: Sequence[Assessment]) -> dict[str, Any]:
    only = listed[0] if len(listed) == 1 else None
    if only is not None:
        subject = f"{settings.environment}: the key {only.rule.name} {headline(only)}"
        details = ". ".join(f"{label}: {text}" for label, text in facts(only)) + "."
        todo = " ".join(line.strip() for line in steps(only))
        again = repetition(only).replace("\n", " ")
        if recipient == settings.owner != only.rule.recipient:
            again += f" It also goes to {recipient}, who owns the environment."
    else:
        empty = all(one.state is State.NO_VALUE for one in listed)
        subject = (
            f"{settings.environment}: {len(listed)} keys {'have no value yet' if empty else 'need attention'}"
        )
        details, todo, again = _list(listed), _LIST_STEPS, _LIST_REPEATS
    return {
        "severity": "WARNING",
        "event": "reminder",
        "environment": settings.environment,
        "recipient": recipient,
        "keys": [one.rule.name for one in listed],
        "subject": one_line(subject, SUBJECT_CHARACTERS),
        "details": one_line(details, LABEL_CHARACTERS),
        "steps": one_line(todo, LABEL_CHARACTERS),
        "repeats": one_line(again, LABEL_CHARACTERS),
        "message": one_line(subject, SUBJECT_CHARACTERS),
    }


def _list(listed: Sequence[Assessment]) -> str:
    """As many keys as fit, and how many more there are."""
    parts = [f"{one.rule.name} {headline(one)}" for one in listed]
    for shown in range(len(parts), 0, -1):
        rest = len(parts) - shown
        more = f"; and {count(rest, 'more key')}, which `keyplan status` shows" if rest else ""
        text = "; ".join(parts[:shown]) + more + "."
        if len(text) <= LABEL_CHARACTERS:
            return text
    return f"{count(len(parts), 'key')}, which `keyplan status` shows."
