"""Principals whose own policies are not in the snapshot: other accounts, services, everybody, federations.

What their own side says is unknown here, so the resource's policy alone is weighed; for another account both
sides would have to allow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from keyplan.audit.arns import arn_part
from keyplan.audit.callers import of_organization
from keyplan.audit.claims import token_keys
from keyplan.audit.decisions import Gate, Judge
from keyplan.audit.estate import Estate
from keyplan.audit.policies.clauses import Clause
from keyplan.audit.policies.domains import Domain
from keyplan.audit.policies.grades import NOTHING, Grades, Verdict, everywhere, positions
from keyplan.audit.policies.keys import ASSUME_ROLE_WITH_WEB_IDENTITY
from keyplan.audit.policies.values import Known, Missing, Open, Value
from keyplan.audit.snapshot import Organization

PARTITIONS = ("aws", "aws-cn", "aws-us-gov")


@dataclass(frozen=True)
class Outsider:
    """Somebody whom a resource's policy names, seen from the resource alone."""

    kind: str  # `external`, `service`, `public` or `federated`
    name: str  # as the policy has it
    account: str | None
    claims: Mapping[str, tuple[str, ...]] | None = None  # of a token, by condition key in lower case
    organization: Organization | None = None
    at_home: bool = (
        False  # of the snapshot's own account, where what names the account needs its policies too
    )

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Every way in which a policy can name it. `*` means services and federations as well."""
        kinds = {"service": "Service", "federated": "Federated"}
        own = [(kinds.get(self.kind, "AWS"), self.name), ("AWS", self.name), ("AWS", "*")]
        return tuple(dict.fromkeys((*own, *(("AWS", each) for each in self.account_names))))

    @property
    def is_account(self) -> bool:
        """Whether it is a whole account."""
        return self.name in self.account_names

    @property
    def exempt_names(self) -> tuple[tuple[str, str], ...]:
        """What NotPrincipal has to name so that it is left out: an account alone leaves no user out."""
        account = set() if self.is_account else {("AWS", each) for each in self.account_names}
        return tuple(name for name in self.names if name not in account)

    @property
    def own_names(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def account_names(self) -> tuple[str, ...]:
        if not self.account:
            return ()
        return (self.account, *(f"arn:{each}:iam::{self.account}:root" for each in PARTITIONS))

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
            if self.kind == "public":  # services and anonymous callers, of whom the key says nothing, as well
                return Open(False)
            return Known(("true" if self.kind == "service" else "false",))
        if key == "aws:principalarn" and self.kind == "external" and ":root" not in self.name:
            return Known((self.name,)) if self.name.startswith("arn:") else Open(True)
        if key in ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"):
            return Open(False) if self.kind == "service" else None
        if key in ("aws:principalorgid", "aws:principalorgpaths") and self.account and self.organization:
            return of_organization(self.organization, self.account, key)
        if key.startswith("aws:principal") or key in ("aws:userid", "aws:username"):
            return Open(False)
        return None


def outsiders(estate: Estate) -> Iterator[Mapping[str, str]]:
    """Every grant of a secret's policy to somebody whose own policies are not in the snapshot."""
    for outsider in _named_by(estate, estate.readers[0]):
        grades = NOTHING
        for judge in estate.readers:
            grades = grades.join(by_policies(judge, outsider))
        if outsider.account not in (None, estate.snapshot.account):
            grades = grades.within(~estate.readers[0].of_account.get(outsider.account or "", 0))
        grades = grades.meet(_decrypts(estate, outsider))
        for position in positions(grades.unknown):
            yield {
                "principal": outsider.name,
                "kind": outsider.kind,
                "secret": estate.secrets[position].arn,
                "verdict": grades.verdict(1 << position).word,
                "why": "its own policy names it; what the other side lets it do is not in the snapshot",
            }


def _decrypts(estate: Estate, outsider: Outsider) -> Grades:
    """What KMS lets an outsider decrypt.

    Only of a principal of another account the key says it all. Everybody may be of the account itself, a
    service may have a grant or take a role: that stays open. And a principal of the account whose policies
    the snapshot lacks may have what the key leaves to them.
    """
    judge = estate.decrypters
    direct, to_account = judge.granted(outsider)
    allowed = _allowed(judge, outsider).join(direct)
    if outsider.account is None:
        allowed = allowed.join(everywhere(judge.domain.everything, Verdict.CONDITIONAL))
    elif outsider.at_home:
        allowed = allowed.join(everywhere(judge.of_account.get(outsider.account, 0), Verdict.UNKNOWN))
    else:
        allowed = allowed.join(to_account)
    return allowed.meet(_undenied(judge, outsider)).meet(estate.usable)


def _named_by(estate: Estate, judge: Judge) -> Iterator[Outsider]:
    """The outsiders that the resources' own policies let in, each once; NotPrincipal lets everybody in."""
    named: set[tuple[str, str]] = set()
    for clause in judge.allowing:
        named.update({("AWS", "*")} if clause.not_who else clause.who)
    for kind, name in sorted(named):
        outsider = _outsider(estate, kind, name)
        if outsider is not None:
            yield outsider


def takers(estate: Estate) -> Iterator[tuple[Outsider, Grades]]:
    """Outsiders whom roles' trusts name for sts:AssumeRole, each with the roles that it could take.

    Of other accounts alone: whom the snapshot's own account has lost needs no list.
    """
    for outsider in _named_by(estate, estate.assumers):
        if outsider.at_home:
            continue
        grades = NOTHING
        for judge in estate.assuming:
            grades = grades.join(by_policies(judge, outsider))
        yield outsider, grades


def by_policies(judge: Judge, outsider: Outsider) -> Grades:
    """What the resources' own policies let an outsider do, and the RCPs above them."""
    return _allowed(judge, outsider).meet(_undenied(judge, outsider))


def _allowed(judge: Judge, outsider: Outsider) -> Grades:
    names = outsider.exempt_names if outsider.at_home else outsider.names
    return _of_clauses(judge.allowing, judge.domain, outsider, names)


def _undenied(judge: Judge, outsider: Outsider) -> Grades:
    denied = _of_clauses(judge.denying, judge.domain, outsider, outsider.names)
    known, by_rcp = judge.resource_control(outsider)
    return known.meet(denied.join(by_rcp).inverted(judge.domain.everything))


def _outsider(estate: Estate, kind: str, name: str) -> Outsider | None:
    """Whom a policy means by a name; None: somebody of the snapshot, or nobody.

    A user or a role that the snapshot's tables lack is an outsider as well, and so is a federated user, whose
    permissions nobody can list.
    """
    organization = estate.snapshot.organization
    if kind == "Service":
        return Outsider("service", name, None)
    if kind in ("Federated", "CanonicalUser"):
        return Outsider("federated" if kind == "Federated" else "external", name, None)
    if kind != "AWS":
        return None
    if name == "*":
        return Outsider("public", name, None)
    account = arn_part(name, 4) if name.startswith("arn:") else name
    if not account.isdigit() or estate.has_principal(name):
        return None
    at_home = account == estate.snapshot.account
    if ":federated-user/" in name:
        return Outsider("federated", name, account, organization=organization, at_home=at_home)
    if estate.has_account(account) and (name == account or name.endswith(":root")):
        return None
    return Outsider("external", name, account, organization=organization, at_home=at_home)


def _of_clauses(
    clauses: Sequence[Clause], domain: Domain, outsider: Outsider, names: Sequence[tuple[str, str]]
) -> Grades:
    grades = NOTHING
    for clause in clauses:
        named = 0
        for name in outsider.exempt_names if clause.not_who else names:
            named |= clause.who.get(name, 0)
        mask = clause.members & ~named if clause.not_who else named
        if clause.trouble:
            mask = clause.members
        if mask:
            grades = grades.join(clause.holds(domain, outsider).within(mask))
    return grades


def oidc_verdicts(estate: Estate) -> Iterator[Mapping[str, str]]:
    """Whether each probe's token could become each role, by the role's trust alone.

    As if AWS compared each of its claims, or those of its list alone: the better verdict counts.
    """
    trusts = TokenTrusts(estate)
    for probe in estate.snapshot.probes:
        provider, claims = str(probe.get("provider")), probe.get("claims")
        if not isinstance(claims, Mapping):
            estate.snapshot.problems.append("oidc_probes: a probe without claims")
            continue
        grades = NOTHING
        for keys in token_keys(provider, claims):
            grades = grades.join(trusts.taking(Outsider("federated", provider, None, keys)))
        for position in positions(grades.unknown):
            yield {
                "provider": provider,
                "sub": str(claims.get("sub", "")),
                "role": estate.roles[position].arn,
                "verdict": grades.verdict(1 << position).word,
            }


class TokenTrusts:
    """The trusts of a snapshot's roles, and the RCPs above them, ready to be asked about tokens."""

    def __init__(self, estate: Estate) -> None:
        self._judges = tuple(
            Judge(
                judge.domain.asked(ASSUME_ROLE_WITH_WEB_IDENTITY, constant=judge.domain.constant),
                Gate.NEEDED,
                [role.account for role in estate.roles],
                [(number, role.trust or ()) for number, role in enumerate(estate.roles)],
                estate.controls,
            )
            for judge in estate.assuming
        )

    def taking(self, token: Outsider) -> Grades:
        """The roles that a token can become, by their trusts alone."""
        grades = NOTHING
        for judge in self._judges:
            grades = grades.join(by_policies(judge, token))
        return grades
