"""The proof of one verdict: the requests on the way, and of each every statement that decides, with its text.

What keeps a request out without denying it, and which request fails first, is said too.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from keyplan.audit.callers import Caller
from keyplan.audit.chains import Graph, reaches
from keyplan.audit.decisions import Judge
from keyplan.audit.estate import Estate
from keyplan.audit.grants import grants_of
from keyplan.audit.lacking import lacking
from keyplan.audit.policies.grades import Verdict
from keyplan.audit.reasons import Reason, allowing, best_form, bounding, denying, open_keys
from keyplan.audit.secrets import Secret
from keyplan.audit.wording import conditions


@dataclass(frozen=True)
class Line:
    """One statement in a proof: what it does, where it stands, its text, and which conditions are open."""

    verdict: Verdict
    verb: str  # `allows` or `denies`
    where: str
    name: str
    text: str
    open: tuple[str, ...]  # condition keys in lower case
    condition: str = ""  # the open conditions in words


@dataclass(frozen=True)
class Step:
    """One request on the way, its verdict and every statement that is about it.

    `lacking` names the layers of policies that do not surely allow it, and what is wrong with its target;
    `fails_first` is set for the first request of the way that is denied.
    """

    action: str
    principal: str
    resource: str
    verdict: Verdict
    lines: tuple[Line, ...]
    lacking: tuple[str, ...] = ()
    fails_first: bool = False


def path(estate: Estate, graph: Graph, principal: int, secret: int) -> tuple[Verdict, tuple[Step, ...]]:
    """The explanation of a verdict, as the requests that a principal would make one after the other."""
    found = next((reach for reach in reaches(graph, principal) if reach.secret == secret), None)
    way = (principal,) if found is None else found.path
    steps = tuple(_steps(estate, graph, way, secret))
    failing = next((step for step in steps if step.verdict is Verdict.DENY), None)
    steps = tuple(replace(step, fails_first=True) if step is failing else step for step in steps)
    return (Verdict.DENY if found is None else found.verdict), steps


def _steps(estate: Estate, graph: Graph, way: Sequence[int], secret: int) -> Iterator[Step]:
    for caller, following in itertools.pairwise(way):
        role = estate.callers[following].arn
        yield _step(estate.assuming, estate.callers[caller], graph.role_at[following], role)
    last, target = estate.callers[way[-1]], estate.secrets[secret]
    read = _step(estate.readers, last, secret, target.arn)
    yield _with_state(read, *state_of_secret(target))
    decrypt = _step((estate.decrypters,), last, secret, key_name(target))
    grants = tuple(_grants(estate, last, target, secret))
    yield _with_state(
        replace(decrypt, lines=(*decrypt.lines, *grants)), *state_of_key(estate, target, secret)
    )


def _with_state(step: Step, verdict: Verdict, problem: str) -> Step:
    """A step, with what the state of its target makes of it."""
    if verdict is Verdict.ALLOW:
        return step
    return replace(step, verdict=min(step.verdict, verdict), lacking=(*step.lacking, problem))


def state_of_secret(secret: Secret) -> tuple[Verdict, str]:
    """The best verdict that a secret's own state leaves, and what is wrong where that is not `allow`."""
    deleted = (Verdict.DENY, "the secret is scheduled for deletion")
    return deleted if secret.deleted else (Verdict.ALLOW, "")


def state_of_key(estate: Estate, secret: Secret, position: int) -> tuple[Verdict, str]:
    """The same of its key."""
    usable = Verdict.ALLOW if secret.deleted else estate.usable.verdict(1 << position)
    if secret.key is None:
        return usable, "its key is not in the snapshot"
    return usable, f"the state of its key is {secret.key.get('KeyState', 'not in the snapshot')}"


def _grants(estate: Estate, caller: Caller, secret: Secret, position: int) -> Iterator[Line]:
    """The grants of the secret's key that are for the caller; the engine has weighed them all together."""
    direct, to_account = estate.decrypters.granted(caller)
    verdict = direct.join(to_account).verdict(1 << position)
    if verdict is Verdict.DENY:
        return
    for grant in grants_of(secret):
        if grant.is_for(caller):
            yield Line(verdict, "allows", "grant", f"grant {grant.identity}", grant.text, ())


def key_name(secret: Secret) -> str:
    """The ARN of a secret's key, or what there is to say instead."""
    if secret.key is not None:
        return str(secret.key["Arn"])
    return "AWS's own key for Secrets Manager" if secret.aws_key else "a key that is not in the snapshot"


def _step(judges: Sequence[Judge], caller: Caller, position: int, resource: str) -> Step:
    judge, session = best_form(judges, caller, 1 << position)
    parts = judge.parts(session)
    lines = [
        *(_line(judge, session, reason, position, "allows") for reason in allowing(judge, session)),
        *(_line(judge, session, reason, position, "allows") for reason in bounding(judge, session)),
        *(_line(judge, session, reason, position, "denies") for reason in denying(judge, session)),
    ]
    return Step(
        judge.domain.action,
        session.arn,
        resource,
        parts.verdicts.verdict(1 << position),
        tuple(dict.fromkeys(line for line in lines if line is not None)),  # attached twice, said once
        tuple(words for mask, words in lacking(judge, session, parts) if mask >> position & 1),
    )


def _line(judge: Judge, caller: Caller, reason: Reason, position: int, verb: str) -> Line | None:
    verdict = reason.grades.verdict(1 << position)
    if verdict is Verdict.DENY:
        return None
    statement = reason.statement(position)
    keys = () if verdict is Verdict.ALLOW else open_keys(judge, reason.clause, caller)
    return Line(
        verdict, verb, reason.where, statement.name, statement.text, keys, conditions(statement, keys)
    )
