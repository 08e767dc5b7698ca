"""Who could change the answer: for a terminal, for programs, and for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from keyplan.audit.changers import Changer
from keyplan.audit.changers.groups import Group, Who
from keyplan.audit.reports.comma import STEP, lines
from keyplan.audit.reports.names import secret_name, short

COLUMNS = ("verdict", "principal", "secret", "how", "through", "path", "reads", "message")
SECRETS_SHOWN_MAX = 5


def text(found: Iterable[Group], secrets: int) -> Iterator[str]:
    """A heading for each way and its secrets, and under it whoever has it.

    Args:
        secrets: how many the snapshot has, or 1 where one was asked for.
    """
    for number, group in enumerate(found):
        if number:
            yield ""
        yield f"{group.verdict.word}  {group.how}  {_secrets(group, secrets)}"
        for who in group.those:
            yield f"  {_who(who)}"
            yield f"      {who.message}"


def _secrets(group: Group, secrets: int) -> str:
    count = len(group.secrets)
    if count == secrets and count > 1:
        return f"all {count:,} secrets"
    if count <= SECRETS_SHOWN_MAX:
        return ", ".join(map(secret_name, group.secrets))
    return f"{count:,} of {secrets:,} secrets"


def _who(who: Who) -> str:
    steps = [short(step) for step in who.path[1:]]
    if who.through and who.through not in who.path:
        steps.append(short(who.through))
    way = f" > {' > '.join(steps)}" if steps else ""
    return f"{short(who.principal)}{way}{' (reads already)' if who.reads else ''}"


def answer(found: Changer) -> dict[str, Any]:
    """One row, for programs."""
    return {
        "principal": found.principal,
        "secret": found.secret,
        "verdict": found.verdict.word,
        "how": found.how,
        "through": found.through,
        "path": list(found.path),
        "reads": found.reads.word,
        "message": found.message,
    }


def comma(found: Iterable[Changer]) -> Iterator[str]:
    """A record a row, as CSV."""
    return lines(COLUMNS, map(_cells, found))


def _cells(found: Changer) -> tuple[str, ...]:
    path = STEP.join(found.path)
    return (
        found.verdict.word,
        found.principal,
        found.secret,
        found.how,
        found.through,
        path,
        found.reads.word,
        found.message,
    )
