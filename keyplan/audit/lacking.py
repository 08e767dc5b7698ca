"""What keeps a request out where no statement denies it: the layers that lack an allow, in words."""

from __future__ import annotations

from collections.abc import Iterator

from keyplan.audit.callers import Caller
from keyplan.audit.decisions import Gate, Judge, Parts
from keyplan.audit.policies.grades import Grades, Verdict
from keyplan.audit.policies.keys import DECRYPT

_OPENLY = {
    Verdict.CONDITIONAL: " only under a condition",
    Verdict.UNKNOWN: ", as far as the snapshot says, perhaps",
}


def lacking(judge: Judge, caller: Caller, position: int) -> tuple[str, ...]:
    """A phrase for each layer that does not surely allow, and that would have to for a sure verdict."""
    return tuple(_phrases(judge, caller, position))


def _phrases(judge: Judge, caller: Caller, position: int) -> Iterator[str]:
    bit = 1 << position
    parts = judge.parts(caller)
    yield from _by_levels(judge, caller, parts, bit)
    if not parts.resource_control.allow & bit:
        yield "the RCPs of the resource's account are not in the snapshot"
    if parts.granted.allow & bit:
        return
    named = parts.to_caller.join(parts.to_role)
    if not _is_home(judge, caller, bit):
        yield from _missing(
            named.join(parts.to_account), bit, f"{_resource(judge)}, which is another account's,"
        )
        yield from _own(parts, bit)
    elif not parts.to_caller.allow & bit:
        if parts.to_role.allow & bit:
            yield from _missing(parts.boundary, bit, "its permissions boundary")
        elif judge.gate is Gate.NEEDED and not parts.to_account.allow & bit:
            yield from _missing(named.join(parts.to_account), bit, _resource(judge))
            yield from _own(parts, bit)
        else:
            yield from _own(parts, bit)


def _by_levels(judge: Judge, caller: Caller, parts: Parts, bit: int) -> Iterator[str]:
    if parts.service_control.allow & bit:
        return
    found = False
    for kind, level, grades in judge.levels_of(caller):
        if kind == "scp":
            for phrase in _missing(grades, bit, f"the SCPs at {level}"):
                found = True
                yield phrase
    if not found:
        yield "the SCPs of its account are not in the snapshot"


def _own(parts: Parts, bit: int) -> Iterator[str]:
    yield from _missing(parts.identity, bit, "its own policies")
    yield from _missing(parts.boundary, bit, "its permissions boundary")


def _missing(grades: Grades, bit: int, who: str) -> Iterator[str]:
    verdict = grades.verdict(bit)
    if verdict is Verdict.DENY:
        yield f"nothing in {who} allows it"
    elif verdict is not Verdict.ALLOW:
        yield f"{who} allow{'' if who.endswith('s') else 's'} it{_OPENLY[verdict]}"


def _is_home(judge: Judge, caller: Caller, bit: int) -> bool:
    return bool(judge.of_account.get(caller.account, 0) & bit)


def _resource(judge: Judge) -> str:
    if judge.domain.action == DECRYPT:
        return "the key's own policy"
    return "the role's trust" if judge.gate is Gate.NEEDED else "the secret's own policy"
