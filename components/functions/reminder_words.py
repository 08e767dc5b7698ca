"""What a reminder says about one key, whatever carries it to the owner. Pure; never a value."""

from __future__ import annotations

from datetime import datetime

from .ages import Assessment, Problem, State
from .text import count

_PROBLEMS = {
    Problem.PENDING_DELETION: "is scheduled for deletion",
    Problem.DENIED: "cannot be watched: the reminder is refused access to its secret",
    Problem.MISSING: "has no secret: its container is gone",
    Problem.DISABLED: "has a current value that is disabled: its readers get an error",
    Problem.FAILED: "could not be checked: the secret store gave no answer",
}


def headline(found: Assessment) -> str:
    """What is the matter, as the end of a sentence that starts with the key's name."""
    days = int(found.waited_days)
    if found.state is State.OVERDUE:
        return f"is {count(days, 'day')} overdue" if days else "is overdue since today"
    if found.state is State.DUE:
        return f"must be rotated by {date(found.due_on)}"
    if found.state is State.NO_VALUE:
        return "has no value yet"
    if found.problem is not None:
        return _PROBLEMS[found.problem]
    return "is in order"


def facts(found: Assessment) -> list[tuple[str, str]]:
    """Labels and texts: the key, its owner, its value's age, where it is stored and who reads it."""
    rule = found.rule
    rows = [("Key", f"{rule.name} (vendor {rule.vendor})"), ("Owner", rule.owner)]
    if found.age_days is not None:
        rows += [
            ("Age", f"{count(int(found.age_days), 'day')}; the rule is every {rule.rotate_every}"),
            ("Due", date(found.due_on)),
            ("Last change", minute(found.last_change)),
        ]
    rows += [
        ("Secret", rule.secret_name),
        ("Read by", ", ".join(rule.consumers) or "no consumer: is the key still needed?"),
    ]
    return rows


def steps(found: Assessment) -> list[str]:
    """What the owner does about it, a line each; the first says what the others are."""
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
    listed = [
        "What to do:",
        f"  1. Create a new key: {rule.created_at}",
        f"     Call it {rule.suggested_name}-YYYYMMDD, with the day.",
    ]
    if found.age_days is None:
        return [
            *listed,
            f"  2. Store it: keyplan put {rule.name}",
            "     The value is asked for at a hidden prompt; readers get it from then on.",
        ]
    return [
        *listed,
        f"  2. Give it to its readers: keyplan rotate {rule.name}",
        "     The value is asked for at a hidden prompt, and the vendor is asked about it. Services that",
        "     read only when they start get it with their next deployment.",
        f"  3. End the old key, once the grace of {rule.grace} is over: keyplan retire {rule.name}",
    ]


def repetition(found: Assessment) -> str:
    """When it is said again, and what ends it."""
    if found.state is State.DUE:
        return (
            "This message is repeated every week until the key is rotated, and every day once it is\n"
            "overdue. A rotation before the date ends it."
        )
    end = {State.OVERDUE: "the key is rotated", State.NO_VALUE: "a value is stored"}
    return f"This message is repeated every day until {end.get(found.state, 'this is in order')}."


def date(moment: datetime | None) -> str:
    """`2026-11-21`."""
    return "unknown" if moment is None else f"{moment:%Y-%m-%d}"


def minute(moment: datetime | None) -> str:
    """`2026-11-21 06:00 UTC`."""
    return "unknown" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
