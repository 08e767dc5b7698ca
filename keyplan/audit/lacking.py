"""What keeps a request out where no statement denies it: the layers that lack an allow, in words.

Of all resources at once, as everything else: a phrase with the resources that it is about.
"""

from __future__ import annotations

from collections.abc import Iterator

from keyplan.audit.callers import Caller
from keyplan.audit.decisions import Gate, Judge, Parts
from keyplan.audit.policies.grades import Grades
from keyplan.audit.policies.keys import DECRYPT

Phrase = tuple[int, str]  # the resources, and what is lacking


def lacking(judge: Judge, caller: Caller, parts: Parts) -> Iterator[Phrase]:
    """A phrase for each layer that does not surely allow, and that would have to for a sure verdict.

    Args:
        parts: what the judge says of this caller.
    """
    for mask, words in _phrases(judge, caller, parts):
        mask &= ~parts.verdicts.allow
        if mask:
            yield mask, words


def _phrases(judge: Judge, caller: Caller, parts: Parts) -> Iterator[Phrase]:
    everything = judge.domain.everything
    yield from _by_levels(judge, caller, parts)
    yield (
        everything & ~parts.resource_control.allow,
        "the RCPs of the resource's account are not in the snapshot",
    )
    home = judge.of_account.get(caller.account, 0)
    by_policies = everything & ~parts.granted.allow
    named = parts.to_caller.join(parts.to_role)
    by_resource = named.join(parts.to_account)
    away = by_policies & ~home
    yield from _missing(by_resource, away, f"{_resource(judge)}, which is another account's,")
    yield from _own(parts, away)
    here = by_policies & home & ~parts.to_caller.allow
    to_role = here & parts.to_role.allow
    yield from _missing(parts.boundary, to_role, "its permissions boundary")
    to_others = here & ~to_role
    needed = to_others & ~parts.to_account.allow if judge.gate is Gate.NEEDED else 0
    yield from _missing(by_resource, needed, _resource(judge))
    yield from _own(parts, to_others)


def _by_levels(judge: Judge, caller: Caller, parts: Parts) -> Iterator[Phrase]:
    rest = mask = judge.domain.everything & ~parts.service_control.allow
    if not mask:
        return
    for kind, level, grades in judge.levels_of(caller):
        if kind == "scp":
            for lacks, words in _missing(grades, mask, f"the SCPs at {level}"):
                rest &= ~lacks
                yield lacks, words
    yield rest, "the SCPs of its account are not in the snapshot"


def _own(parts: Parts, mask: int) -> Iterator[Phrase]:
    yield from _missing(parts.identity, mask, "its own policies")
    yield from _missing(parts.boundary, mask, "its permissions boundary")


def _missing(grades: Grades, mask: int, who: str) -> Iterator[Phrase]:
    allow = "allow" if who.endswith("s") else "allows"
    yield mask & ~grades.unknown, f"nothing in {who} allows it"
    yield mask & grades.conditional & ~grades.allow, f"{who} {allow} it only under a condition"
    unsure = f"{who} {allow} it, as far as the snapshot says, perhaps"
    yield mask & grades.unknown & ~grades.conditional, unsure


def _resource(judge: Judge) -> str:
    if judge.domain.action == DECRYPT:
        return "the key's own policy"
    return "the role's trust" if judge.gate is Gate.NEEDED else "the secret's own policy"
