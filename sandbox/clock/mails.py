"""The mails of a replay as a person reads them: each kind once in full, its repetitions counted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

DAYS_LISTED = 8
RULE = "─" * 40
_NUMBERS = re.compile(r"\d+")
_PLURAL = re.compile(r"\bdays\b")


@dataclass(frozen=True)
class Mail:
    """One mail of one replayed day."""

    day: int  # days since the replay's start
    date: str
    to: str
    subject: str
    body: str
    through: str = ""  # the cloud that sends it, where that is not AWS


@dataclass
class Kind:
    """Mails of a cloud to an address whose subjects differ in numbers only: `3 days overdue`, `4 days …`."""

    first: Mail
    again: list[Mail] = field(default_factory=list)


def by_kind(mails: Iterable[Mail]) -> list[Kind]:
    """The kinds of mail, in the order in which each appeared first."""
    kinds: dict[tuple[str, str, str], Kind] = {}
    for mail in mails:
        key = (mail.through, mail.to, _PLURAL.sub("day", _NUMBERS.sub("#", mail.subject)))
        if key in kinds:
            kinds[key].again.append(mail)
        else:
            kinds[key] = Kind(mail)
    return list(kinds.values())


def render(kind: Kind) -> str:
    """A kind of mail as text: the first in full, then on which days it came again."""
    through = f", {kind.first.through}" if kind.first.through else ""
    text = f"── day {kind.first.day}, {kind.first.date}{through} {RULE}\n{render_one(kind.first)}"
    return f"{text}\n\n{_repetition(kind.again)}" if kind.again else text


def render_one(mail: Mail) -> str:
    """One mail as text."""
    body = (f"  {line}".rstrip() for line in mail.body.rstrip("\n").split("\n"))
    return "\n".join([f"To:      {mail.to}", f"Subject: {mail.subject}", "", *body])


def _repetition(again: list[Mail]) -> str:
    days = list(dict.fromkeys(str(mail.day) for mail in again))
    if len(days) > DAYS_LISTED:
        days = [*days[: DAYS_LISTED - 2], "…", days[-1]]
    times = "once more" if len(again) == 1 else f"{len(again)} times more"
    text = f"Sent {times}, on day {', '.join(days)}"
    last = again[-1].subject
    return text if _NUMBERS.search(last) is None else f"{text}; the last one: {last}"
