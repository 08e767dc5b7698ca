"""The list of who could change the answer, for which secret, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from keyplan.audit.chains import Graph
from keyplan.audit.estate import Estate
from keyplan.audit.policies.grades import Verdict


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
    yield from ()
