"""Principals whose own policies are not in the snapshot: other accounts, services, everybody, federations.

What their own side says is unknown here, so the resource's policy alone is weighed; for another account both
sides would have to allow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyplan.audit.decisions import Judge
from keyplan.audit.estate import Estate
from keyplan.audit.policies.clauses import Clause, resource_clauses
from keyplan.audit.policies.domains import Domain
from keyplan.audit.policies.grades import NOTHING, Grades, positions
from keyplan.audit.policies.keys import ASSUME_ROLE_WITH_WEB_IDENTITY
from keyplan.audit.policies.values import Known, Missing, Open, Value

PARTITIONS = ("aws", "aws-cn", "aws-us-gov")


@dataclass(frozen=True)
class Outsider:
    """Somebody whom a resource's policy names, seen from the resource alone."""

    kind: str  # `external`, `service`, `public` or `federated`
    name: str  # as the policy has it
    account: str | None
    claims: Mapping[str, tuple[str, ...]] | None = None  # of a token, by condition key in lower case

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Every way in which a policy can name it."""
        kinds = {"service": "Service", "federated": "Federated"}
        own = (kinds.get(self.kind, "AWS"), self.name)
        if self.kind in ("service", "federated"):
            return (own,)
        account = self.account or ""
        roots = tuple(("AWS", f"arn:{each}:iam::{account}:root") for each in PARTITIONS) if account else ()
        return tuple(dict.fromkeys((own, ("AWS", "*"), ("AWS", account), *roots)))

    @property
    def own_names(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def account_names(self) -> tuple[str, ...]:
        return ()

    @property
    def session_prefix(self) -> str | None:
        return None

    def value(self, key: str) -> Value | None:
        """What is known of the request: little, but for a token's claims and who signed it."""
        if self.claims is not None and key == "aws:federatedprovider":
            return Known((self.name,))
        if self.claims is not None and ":" in key and not key.startswith(("aws:", "sts:")):
            return Known(self.claims[key]) if key in self.claims else Missing.ABSENT
        if key in ("aws:principalaccount", "kms:calleraccount"):
            return Open(self.kind != "service") if self.account is None else Known((self.account,))
        if key == "aws:principalisawsservice":
            return Known(("true" if self.kind == "service" else "false",))
        if key == "aws:principalarn" and self.kind == "external" and ":root" not in self.name:
            return Known((self.name,)) if self.name.startswith("arn:") else Open(True)
        if key in ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"):
            return Open(False) if self.kind == "service" else None
        if key.startswith("aws:principal") or key in ("aws:userid", "aws:username"):
            return Open(False)
        return None


def outsiders(estate: Estate) -> Iterator[Mapping[str, str]]:
    """Every grant of a secret's policy to somebody whose own policies are not in the snapshot."""
    judge = estate.readers[0]
    named = {name for clause in judge.allowing if not clause.not_who for name in clause.who}
    for kind, name in sorted(named):
        outsider = _outsider(estate, kind, name)
        if outsider is None:
            continue
        own = judge.of_account.get(outsider.account or "", 0)
        grades = by_policies(judge, outsider).within(judge.domain.everything & ~own)
        if outsider.account is not None:  # a service decrypts with a grant, and public may be anybody
            grades = grades.meet(by_policies(estate.decrypters, outsider))
        for position in positions(grades.unknown):
            yield {
                "principal": name,
                "kind": outsider.kind,
                "secret": estate.secrets[position].arn,
                "verdict": grades.verdict(1 << position).word,
                "why": "its own policy names it; what the other side lets it do is not in the snapshot",
            }


def by_policies(judge: Judge, outsider: Outsider) -> Grades:
    """What the resources' own policies let an outsider do."""
    allowed = _of_clauses(judge.allowing, judge.domain, outsider)
    denied = _of_clauses(judge.denying, judge.domain, outsider)
    return allowed.meet(denied.inverted(judge.domain.everything))


def _outsider(estate: Estate, kind: str, name: str) -> Outsider | None:
    if kind == "Service":
        return Outsider("service", name, None)
    if kind in ("Federated", "CanonicalUser"):
        return Outsider("federated" if kind == "Federated" else "external", name, None)
    if kind != "AWS":
        return None
    if name == "*":
        return Outsider("public", name, None)
    account = name.split(":")[4] if name.startswith("arn:") and name.count(":") >= 5 else name
    if account in estate.snapshot.details or not account.isdigit():
        return None
    return Outsider("external", name, account)


def _of_clauses(clauses: Sequence[Clause], domain: Domain, outsider: Outsider) -> Grades:
    grades = NOTHING
    for clause in clauses:
        named = 0
        for name in outsider.names:
            named |= clause.who.get(name, 0)
        mask = clause.members & ~named if clause.not_who else named
        if clause.trouble:
            mask = clause.members
        if mask:
            grades = grades.join(clause.holds(domain, outsider).within(mask))
    return grades


def oidc_verdicts(estate: Estate) -> Iterator[Mapping[str, str]]:
    """Whether each probe's token could become each role, by the role's trust alone."""
    trusts = TokenTrusts(estate)
    for probe in estate.snapshot.probes:
        provider, claims = str(probe.get("provider")), probe.get("claims")
        if not isinstance(claims, Mapping):
            estate.snapshot.problems.append("oidc_probes: a probe without claims")
            continue
        host = provider.partition(":oidc-provider/")[2]
        outsider = Outsider("federated", provider, None, _claims(host, claims))
        grades = trusts.taking(outsider)
        for position in positions(grades.unknown):
            yield {
                "provider": provider,
                "sub": str(claims.get("sub", "")),
                "role": estate.roles[position].arn,
                "verdict": grades.verdict(1 << position).word,
            }


class TokenTrusts:
    """The trusts of a snapshot's roles, ready to be asked about tokens."""

    def __init__(self, estate: Estate) -> None:
        roles = estate.roles
        self._domain = Domain(
            ASSUME_ROLE_WITH_WEB_IDENTITY,
            [role.arn for role in roles],
            known=estate.snapshot.context,
            constant={},
            tables={},
            tags={"aws:resourcetag/": [role.tags for role in roles]},
        )
        policies = [(number, role.trust or ()) for number, role in enumerate(roles)]
        self._allowing, self._denying = resource_clauses(policies, self._domain)

    def taking(self, token: Outsider) -> Grades:
        """The roles that a token can become, by their trusts alone."""
        allowed = _of_clauses(self._allowing, self._domain, token)
        denied = _of_clauses(self._denying, self._domain, token)
        return allowed.meet(denied.inverted(self._domain.everything))


def _claims(host: str, claims: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        f"{host}:{name}".lower(): tuple(map(str, value)) if isinstance(value, list) else (_text(value),)
        for name, value in claims.items()
    }


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
