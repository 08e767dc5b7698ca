"""The list: a row for each principal, secret and way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from keyplan.audit.chains import Graph
from keyplan.audit.changers.ways import GRANT, KEY_POLICY, KEY_TAGS, VERDICTS, Way, Ways
from keyplan.audit.estate import Estate
from keyplan.audit.policies.grades import Verdict, positions


@dataclass(frozen=True)
class Changer:
    """One principal, one secret, and one way in which it could give itself or others access.

    `how` is a stable code of docs/audit-changers.md; two that are needed together stand with `+` between.
    `through` is the ARN of what would be changed or of the role taken. `path` begins with the principal and
    goes over the roles that it would become to who makes the change, or to who reads then. `reads` is the
    access that it has already, directly or through roles.
    """

    principal: str
    secret: str
    verdict: Verdict
    how: str
    through: str
    message: str
    path: tuple[str, ...] = ()
    reads: Verdict = Verdict.DENY


def changers(estate: Estate, graph: Graph) -> Iterator[Changer]:
    """Everybody who could give itself or others access to a secret, by principal, secret and way."""
    yield from rows(estate, Ways(estate, graph))


def rows(estate: Estate, ways: Ways) -> Iterator[Changer]:
    """The same of ways that are known: what was found of them once is not looked for again."""
    for number in range(len(estate.callers)):
        found = list(ways.of(number))
        if found:
            yield from _rows(estate, number, found, now(ways, number))
    tell_strange(estate, ways)


def now(ways: Ways, principal: int) -> Mapping[Verdict, int]:
    """What a principal reads already, directly or through roles, by the least verdict."""
    control = ways.control
    return {verdict: control.reads(control.assumed(principal, verdict), verdict) for verdict in VERDICTS}


def tell_strange(estate: Estate, ways: Ways) -> None:
    """Say what the estate has not said yet: condition keys that only statements about changes have."""
    known = set(estate.problems())
    for key in sorted(ways.control.asking.strange()):
        words = f"a condition key that this keyplan does not know: {key}"
        if words not in known:
            estate.snapshot.problems.append(words)


def _rows(
    estate: Estate, principal: int, found: list[Way], reads: Mapping[Verdict, int]
) -> Iterator[Changer]:
    by_secret: dict[int, list[tuple[Way, tuple[str, ...]]]] = {}
    for way in found:
        path = tuple(estate.callers[step].arn for step in way.path)
        for position in positions(way.secrets):
            by_secret.setdefault(position, []).append((way, path))
    arn = estate.callers[principal].arn
    for position in sorted(by_secret):
        secret = estate.secrets[position]
        verdict = next((each for each in VERDICTS if reads[each] >> position & 1), Verdict.DENY)
        for way, path in by_secret[position]:
            through = way.through or secret.arn
            if way.how in (KEY_POLICY, GRANT, KEY_TAGS) and secret.key is not None:
                through = str(secret.key["Arn"])
            yield Changer(arn, secret.arn, way.verdict, way.how, through, way.message, path, verdict)
