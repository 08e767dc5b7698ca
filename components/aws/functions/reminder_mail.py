"""The words of a rotation reminder. Pure: an assessment in, a mail out; dates and names, never a value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from .ages import Assessment, Problem, State
from .mail import Mail, count, mail, table

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
        f"{number}. {one.rule.name} {_headline(one)}\n{table(_facts(one))}\n{_indent(_steps(one))}"
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
    return f"{environment}: the key {found.rule.name} {_headline(found)}"


def _key_body(environment: str, found: Assessment) -> str:
    lines = [
        f"The key {found.rule.name} in {environment} {_headline(found)}.",
        "",
        table([("Environment", environment), *_facts(found)]),
        "",
        *_steps(found),
        "",
        _repetition(found),
    ]
    return "\n".join(lines) + "\n"


_PROBLEMS = {
    Problem.PENDING_DELETION: "is scheduled for deletion",
    Problem.DENIED: "cannot be watched: the reminder is refused access to its secret",
    Problem.MISSING: "has no secret: its container is gone",
    Problem.FAILED: "could not be checked: the secret store gave no answer",
}


def _headline(found: Assessment) -> str:
    """What is the matter, as the end of a sentence that starts with the key's name."""
    days = int(found.waited_days)
    if found.state is State.OVERDUE:
        return f"is {count(days, 'day')} overdue" if days else "is overdue since today"
    if found.state is State.DUE:
        return f"must be rotated by {_date(found.due_on)}"
    if found.state is State.NO_VALUE:
        return "has no value yet"
    if found.problem is not None:
        return _PROBLEMS[found.problem]
    return "is in order"


def _facts(found: Assessment) -> list[tuple[str, str]]:
    rule = found.rule
    rows = [("Key", f"{rule.name} (vendor {rule.vendor})"), ("Owner", rule.owner)]
    if found.age_days is not None:
        rows += [
            ("Age", f"{count(int(found.age_days), 'day')}; the rule is every {rule.rotate_every}"),
            ("Due", _date(found.due_on)),
            ("Last change", _minute(found.last_change)),
        ]
    rows += [
        ("Secret", rule.secret_name),
        ("Read by", ", ".join(rule.consumers) or "no consumer: is the key still needed?"),
    ]
    return rows


def _steps(found: Assessment) -> list[str]:
    rule = found.rule
    if found.problem is Problem.PENDING_DELETION:
        return [
            "Restore it, or take the key out of the catalogue:",
            f"  aws secretsmanager restore-secret --secret-id {rule.secret_name}",
        ]
    if found.problem is not None:
        return [
            "Put the infrastructure back in order, then look again:",
            "  pulumi up",
            "  keyplan status",
        ]
    steps = [
        "What to do:",
        f"  1. Create a new key: {rule.created_at}",
        f"     Call it {rule.suggested_name}.",
        f"  2. Store it: keyplan put {rule.name}",
        "     The value is asked for at a hidden prompt; readers get it from then on, and services that",
        "     read only when they start get it with their next deployment.",
    ]
    if found.age_days is not None:
        steps.append(f"  3. Disable the old key at the vendor once nothing uses it (grace: {rule.grace}).")
    return steps


def _repetition(found: Assessment) -> str:
    if found.state is State.DUE:
        return (
            "This message is repeated every week until the key is rotated, and every day once it is\n"
            "overdue. A rotation before the date ends it."
        )
    end = {State.OVERDUE: "the key is rotated", State.NO_VALUE: "a value is stored"}
    return f"This message is repeated every day until {end.get(found.state, 'this is in order')}."


def _indent(lines: Sequence[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)


def _date(moment: datetime | None) -> str:
    return "unknown" if moment is None else f"{moment:%Y-%m-%d}"


def _minute(moment: datetime | None) -> str:
    return "unknown" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
