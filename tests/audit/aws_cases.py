"""Cases of AWS's documents: what the document says of one request, and where it says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from keyplan.audit.policies.grades import Verdict
from tests.audit.accounts import Statement, allow, document, secret, user, verdict_of

ALLOW, DENY, OPEN, UNKNOWN = Verdict.ALLOW, Verdict.DENY, Verdict.CONDITIONAL, Verdict.UNKNOWN
IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
KMS = "https://docs.aws.amazon.com/kms/latest/developerguide"
ORGANIZATIONS = "https://docs.aws.amazon.com/organizations/latest/userguide"
SECRETS_MANAGER = "https://docs.aws.amazon.com/secretsmanager/latest/userguide"


@dataclass(frozen=True)
class Case:
    """What the first principal can do with the first secret, by an AWS document (checked 2026-11-22)."""

    expected: Verdict
    source: str  # the document's title and section, and its address
    who: Statement
    more: dict[str, Any] = field(default_factory=dict)

    def verdict(self) -> Verdict:
        return verdict_of(self.who, **self.more)


def ann(*statements: Statement, version: str = "2012-10-17", **more: Any) -> Statement:
    """A user with one policy."""
    return user("ann", document(*statements, version=version), **more)


def under(condition: Statement, **more: Any) -> Statement:
    """A user who may read under a condition."""
    return ann(allow(Condition=condition), **more)


def owning(policy: Any, **more: Any) -> dict[str, Any]:
    """A snapshot's secret with a policy of its own."""
    return {"secrets": [secret(policy, **more)]}
