"""What differs between who can read and who shall: findings for CI.

Pure. In the order in which they use each other:
    finding       one thing that differs, and the codes
    ways          by what somebody gets to a secret
    hindrances    why somebody who shall read cannot
    listed        who shall read, by the manifest
    tokens/       tokens of each CI: a reader's own jobs', and those that its trust should not take
    trusts        who from outside could take a role that reads
What somebody accepted is `keyplan.audit.baseline`. Keys on Google Cloud are not in a snapshot of AWS, and so
are not weighed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from keyplan.audit.callers import Caller
from keyplan.audit.chains import Graph, Reach, reaches
from keyplan.audit.decisions import Judge
from keyplan.audit.estate import Estate
from keyplan.audit.gate.finding import CODES, Finding
from keyplan.audit.gate.hindrances import hindrance
from keyplan.audit.gate.listed import Listed, Listing, listing
from keyplan.audit.gate.trusts import Trusts
from keyplan.audit.gate.ways import shown, way
from keyplan.audit.outsiders import outsiders
from keyplan.audit.policies.documents import Effect, Statement
from keyplan.audit.policies.grades import Verdict
from keyplan.audit.reasons import allowing
from keyplan.manifest.model import Manifest

__all__ = ["CODES", "Finding", "findings"]


def findings(estate: Estate, graph: Graph, manifest: Manifest) -> list[Finding]:
    """Everything that differs, secret by secret; what is sure before what is open, short ways before long.

    Raises:
        UsageError: the environment is not on AWS, or the snapshot has not its account or its secrets.
    """
    known = listing(estate, manifest)
    ours = replace(graph, reads=[grades.within(known.mask) for grades in graph.reads])
    reach = {number: own for number in range(len(estate.callers)) if (own := list(reaches(ours, number)))}
    by_secret: dict[int, list[Reach]] = {}
    for each in reach.values():
        for one in each:
            by_secret.setdefault(one.secret, []).append(one)
    found: list[Finding] = []
    for entry in known.secrets:
        those = sorted(by_secret.get(entry.secret, ()), key=partial(_order, estate))
        found += _unlisted(estate, graph, known, entry, those)
        if not entry.is_copy:
            found += _without_access(estate, manifest, known, entry)
        found += _wildcards(estate, graph, known, entry)
    found += _let_in_by_secrets(estate, known)
    found += Trusts(estate, graph.role_number, known, reach).findings()
    return list(_one_each(found))


def _order(estate: Estate, reach: Reach) -> tuple[int, int, str]:
    return (-reach.verdict, len(reach.path), estate.callers[reach.path[0]].arn)


def _one_each(found: Sequence[Finding]) -> Iterator[Finding]:
    """One finding of each code, principal and secret, as acceptances are: the surest, then the first."""
    kept: dict[tuple[str, str, str], Finding] = {}
    for each in found:
        place = (each.code, each.principal, each.secret)
        before = kept.get(place)
        if before is None or Verdict.of(each.verdict) > Verdict.of(before.verdict):
            kept[place] = each
    yield from kept.values()


_HOW = {
    Verdict.ALLOW: "can read it",
    Verdict.CONDITIONAL: "can read it under a condition",
    Verdict.UNKNOWN: "may be able to read it",
}


def _unlisted(
    estate: Estate, graph: Graph, known: Listing, entry: Listed, those: Sequence[Reach]
) -> Iterator[Finding]:
    secret = estate.secrets[entry.secret].arn
    for reach in those:
        first = reach.path[0]
        if first in entry.readers:
            continue
        caller = estate.callers[first]
        code = "unlisted-reader"
        if len(reach.path) == 1 and not entry.key.lockdown and is_administrator(caller):
            code = "administrator"
        words = f"{_who(estate, known, caller, first, code)}{_HOW[reach.verdict]}{_although(entry)}"
        words += f": {way(estate, graph, reach.path, entry.secret)}"
        path = tuple(estate.callers[number].arn for number in reach.path)
        yield Finding(code, caller.arn, secret, reach.verdict.word, words, path)


def is_administrator(caller: Caller) -> bool:
    """Whether a policy of its own allows everything on everything."""
    return any(_allows_everything(each) for policy in caller.policies for each in policy)


def _allows_everything(each: Statement) -> bool:
    return (
        each.effect is Effect.ALLOW
        and each.trouble is None
        and not (each.not_actions or each.not_resources)
        and any(action in ("*", "*:*") for action in each.actions)
        and "*" in each.resources
    )


def _who(estate: Estate, known: Listing, caller: Caller, number: int, code: str) -> str:
    """What the principal is, as far as it is known: the sentence goes on with what it can do."""
    if number in known.known:
        return f"is {known.known[number]} and "
    if code == "administrator":
        return "is an administrator and "
    if caller.is_service_linked:
        return f"is a role of AWS's own service {caller.path.strip('/').rpartition('/')[2]} and "
    if caller.account != estate.snapshot.account:
        return f"of account {caller.account} is not in the catalogue and "
    return "is not in the catalogue and "


def _although(entry: Listed) -> str:
    return " although it is locked" if entry.key.lockdown else ""


def _without_access(estate: Estate, manifest: Manifest, known: Listing, entry: Listed) -> Iterator[Finding]:
    arn = estate.secrets[entry.secret].arn
    for consumer in entry.consumers:
        if consumer.role_arn is None:
            continue
        number = known.role_of.get(consumer.name)
        if number is None:
            words = f"the role of {consumer.name} is not in the snapshot"
            yield Finding("listed-without-access", consumer.role_arn, arn, "unknown", words)
        else:
            yield from _hindered(estate, number, entry.secret, f"{consumer.name} shall read it")
    for number, name in entry.people.items():
        yield from _hindered(estate, number, entry.secret, f"{name} shall read it")
    emergency = manifest.on_aws().break_glass_role_arn
    if not entry.key.lockdown or emergency is None:
        return
    if known.break_glass is None:
        words = "the break-glass role is not in the snapshot"
        yield Finding("listed-without-access", emergency, arn, "unknown", words)
    else:
        yield from _hindered(estate, known.break_glass, entry.secret, "the break-glass role shall read it")


def _hindered(estate: Estate, number: int, secret: int, who: str) -> Iterator[Finding]:
    caller = estate.callers[number]
    why = hindrance(estate, caller, secret)
    if why is not None:
        verdict = estate.reads(caller).verdict(1 << secret)
        yield Finding(
            "listed-without-access",
            caller.arn,
            estate.secrets[secret].arn,
            verdict.word,
            f"{who}, and {why}",
            (caller.arn,),
        )


def _wildcards(estate: Estate, graph: Graph, known: Listing, entry: Listed) -> Iterator[Finding]:
    """A reader of the catalogue's whose own policy says `*` where it could name secrets."""
    judge, arn = estate.readers[0], estate.secrets[entry.secret].arn
    bit = 1 << entry.secret
    for number in sorted(entry.readers):
        caller = estate.callers[number]
        if number == known.break_glass or not graph.reads[number].unknown & bit:
            continue
        wide = [shown(name, caller.account) for name in _wide(judge, caller, entry.secret)]
        if wide:
            words = f"reads it by a wildcard, and so whatever else that covers: {' and '.join(wide)}"
            verdict = graph.reads[number].verdict(bit)
            yield Finding("wildcard-grant", caller.arn, arn, verdict.word, words, (caller.arn,))


def _wide(judge: Judge, caller: Caller, position: int) -> Iterator[str]:
    for reason in allowing(judge, caller):
        resources = reason.clause.resources
        wide = any("*" in pattern for pattern in resources) or reason.clause.not_resources
        if reason.where == "identity" and wide and reason.grades.unknown & (1 << position):
            yield reason.statement(position).name


_LET_IN = {
    "public": ("public", "everybody"),
    "external": ("cross-account", "another account"),
    "service": ("service-access", "a service"),
    "federated": ("federated-access", "a federation"),
}


def _let_in_by_secrets(estate: Estate, known: Listing) -> Iterator[Finding]:
    """Outsiders whom a secret's own policy names."""
    position = {estate.secrets[entry.secret].arn: entry.secret for entry in known.secrets}
    judge = estate.readers[0]
    for each in outsiders(estate):
        if each["secret"] not in position:
            continue
        number = position[each["secret"]]
        names = [
            shown(clause.source(number).name, estate.secrets[number].account)
            for clause in judge.allowing
            if any(
                name == each["principal"] and mask & (1 << number) for (_, name), mask in clause.who.items()
            )
        ]
        code, who = _LET_IN[each["kind"]]
        words = f"{who} is let in by {' and '.join(names) or 'its own policy'}"
        yield Finding(code, each["principal"], each["secret"], each["verdict"], words, (each["principal"],))
