"""The list for people: who can change the same secrets in the same way stands together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from keyplan.audit.changers.ways import Changer
from keyplan.audit.policies.grades import Verdict


@dataclass(frozen=True)
class Who:
    """A principal of a group, with the way to who makes the change, and why it may."""

    principal: str
    path: tuple[str, ...]
    through: str  # empty where each secret's own policy or key is changed
    message: str
    reads_all: bool  # whether it reads all the group's secrets already


@dataclass(frozen=True)
class Group:
    """Principals that can change who reads the same secrets in the same way."""

    verdict: Verdict
    how: str
    secrets: tuple[str, ...]
    those: tuple[Who, ...]


def groups(found: Iterable[Changer]) -> list[Group]:
    """The best verdict first, then whoever changes most, then by way."""
    of_one: dict[tuple[Verdict, str, Who], list[Changer]] = {}
    for row in found:
        own = row.through == row.secret or ":kms:" in row.through
        who = Who(row.principal, row.path, "" if own else row.through, row.message, True)
        of_one.setdefault((row.verdict, row.how, who), []).append(row)
    together: dict[tuple[Verdict, str, tuple[str, ...]], list[Who]] = {}
    for (verdict, how, who), rows in of_one.items():
        secrets = tuple(row.secret for row in rows)
        reads_all = all(row.reads is Verdict.ALLOW for row in rows)
        one = Who(who.principal, who.path, who.through, who.message, reads_all)
        together.setdefault((verdict, how, secrets), []).append(one)
    ordered = sorted(
        together.items(),
        key=lambda item: (-item[0][0], -len(item[0][2]), item[0][1], item[0][2]),
    )
    return [Group(verdict, how, secrets, tuple(those)) for (verdict, how, secrets), those in ordered]
