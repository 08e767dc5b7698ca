"""The words of a rotation reminder. Pure: an assessment in, a mail out; dates and names, never a value."""

from __future__ import annotations

from collections.abc import Sequence

from ..ages import Assessment, State
from ..reminder_words import facts, headline, repetition, steps
from ..text import count, table
from .mail import Mail, mail

LISTED_IN_FULL = 100  # a longer list names the rest only: a mail is for reading


def key_mail(topic_arn: str, environment: str, found: Assessment, escalated_to: str | None) -> Mail:
    """One key that is due soon or overdue.

    Args:
        topic_arn: where it goes.
        environment: the environment's name.
        found: the key; its state is DUE or OVERDUE.
        escalated_to: the environment's owner, where the message goes to both owners.
    """
    body = _key_body(environment, found)
    if escalated_to is not None:
        body += f"It now also goes to {escalated_to}, who owns the environment.\n"
    return mail(topic_arn, _key_subject(environment, found), body)


def list_mail(topic_arn: str, environment: str, found: Sequence[Assessment]) -> Mail:
    """Every key that needs attention, worst first as given, in one message."""
    if len(found) == 1:
        return mail(topic_arn, _key_subject(environment, found[0]), _key_body(environment, found[0]))
    shown, rest = found[:LISTED_IN_FULL], found[LISTED_IN_FULL:]
    blocks = [
        f"{number}. {one.rule.name} {headline(one)}\n{table(facts(one))}\n{_indent(steps(one))}"
        for number, one in enumerate(shown, start=1)
    ]
    if rest:
        names = ", ".join(one.rule.name for one in rest)
        blocks.append(f"And {count(len(rest), 'more key')}: {names}. `keyplan status` shows them all.")
    only_empty = all(one.state is State.NO_VALUE for one in found)
    subject = f"{environment}: {len(found)} keys {'have no value yet' if only_empty else 'need attention'}"
    body = "\n\n".join([f"{subject}, the worst first.", *blocks, _LIST_REPEATS])
    return mail(topic_arn, subject, body + "\n")


_LIST_REPEATS = (
    "This message is repeated until each of these keys is in order: every day while one of them is\n"
    "overdue or has no value, every week while they are only due soon."
)


def _key_subject(environment: str, found: Assessment) -> str:
    return f"{environment}: the key {found.rule.name} {headline(found)}"


def _key_body(environment: str, found: Assessment) -> str:
    lines = [
        f"The key {found.rule.name} in {environment} {headline(found)}.",
        "",
        table([("Environment", environment), *facts(found)]),
        "",
        *steps(found),
        "",
        repetition(found),
    ]
    return "\n".join(lines) + "\n"


def _indent(lines: Sequence[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)
