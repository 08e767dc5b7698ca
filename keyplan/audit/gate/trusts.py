"""Who from outside the snapshot could take a role that reads: other accounts, services, federations, CI jobs.

Of a reader of the catalogue every way in is held against its runtime; of any other role, which is a finding
by itself, the ways that are open to strangers are told. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from keyplan.audit.arns import arn_part
from keyplan.audit.callers import Caller
from keyplan.audit.chains import Reach
from keyplan.audit.estate import Estate
from keyplan.audit.gate.finding import Finding
from keyplan.audit.gate.listed import Listed, Listing
from keyplan.audit.gate.tokens import FOREIGN, Issuer, Token, issuer_of, strangers
from keyplan.audit.gate.ways import shown
from keyplan.audit.outsiders import Outsider, TokenTrusts, takers
from keyplan.audit.policies.clauses import applies_to
from keyplan.audit.policies.documents import Effect, Statement
from keyplan.audit.policies.grades import Verdict, positions
from keyplan.audit.policies.keys import ASSUME_ROLE, ASSUME_ROLE_WITH_WEB_IDENTITY
from keyplan.manifest.model import ManifestConsumer

ASSUME_ROLE_WITH_SAML = "sts:AssumeRoleWithSAML"
OIDC = ":oidc-provider/"
# Which service takes a reader's role; a runtime that is not here has none. `iam-role` is any role of the
# account, of whose services the catalogue says nothing.
SERVICES = {"ecs": "ecs-tasks", "lambda": "lambda", "ec2": "ec2", "eks": "pods.eks", "codebuild": "codebuild"}
ANY_RUNTIME = "iam-role"
Reaches = Mapping[int, Sequence[Reach]]  # by principal, of the manifest's secrets


class Trusts:
    """The trusts of the roles that reach the manifest's secrets."""

    def __init__(self, estate: Estate, role_number: Sequence[int], listing: Listing, reach: Reaches) -> None:
        self._estate, self._listing, self._reach = estate, listing, reach
        self._role_number = role_number
        self._position = {number: position for position, number in enumerate(role_number)}
        self._tokens = TokenTrusts(estate)
        self._entries = {entry.secret: entry for entry in listing.secrets}

    def findings(self) -> Iterator[Finding]:
        """Every way in from outside that the catalogue does not name."""
        yield from self._taken_by_sts()
        for entry in self._listing.secrets:
            for consumer in entry.consumers:
                number = self._listing.role_of.get(consumer.name)
                if number is not None:
                    yield from self._of_reader(entry, consumer, number)
        for number in self._reach:
            if number in self._position:
                yield from self._strangers(number)

    # ---- sts:AssumeRole ---------------------------------------------------------------------------------

    def _taken_by_sts(self) -> Iterator[Finding]:
        runtimes = self._runtimes()
        for outsider, grades in takers(self._estate):
            for position in positions(grades.unknown):
                number = self._role_number[position]
                if outsider.kind == "service" and _expected(outsider.name, runtimes.get(number)):
                    continue
                code, who = _SAID[outsider.kind]
                by = self._statement(number, partial(_names, outsider, ASSUME_ROLE))
                taking = grades.verdict(1 << position)
                for reach in self._reach.get(number, ()):
                    yield self._finding(code, outsider.name, reach, min(taking, reach.verdict),
                                        f"{who} can take a role that reads it{by}")  # fmt: skip

    def _runtimes(self) -> dict[int, set[str]]:
        """The runtimes of the catalogue's roles; several consumers may share one."""
        found: dict[int, set[str]] = {}
        for entry in self._listing.secrets:
            for consumer in entry.consumers:
                if consumer.name in self._listing.role_of:
                    found.setdefault(self._listing.role_of[consumer.name], set()).add(consumer.runtime)
        return found

    # ---- readers of the catalogue -----------------------------------------------------------------------

    def _of_reader(self, entry: Listed, consumer: ManifestConsumer, number: int) -> Iterator[Finding]:
        role, arn = self._estate.callers[number], self._estate.secrets[entry.secret].arn
        issuer = issuer_of(consumer)
        provider = None if issuer is None else _provider(role, issuer.host)
        if issuer is not None and provider is not None:
            if not any(
                self._takes(number, provider, each, issuer) for each in issuer.tokens if not each.code
            ):
                words = f"the trust of {consumer.name}'s role takes no token of its own jobs"
                yield Finding("listed-without-access", role.arn, arn, "deny", words)
            yield from self._too_wide(role, number, arn, provider, issuer)
        if consumer.runtime != ANY_RUNTIME:
            yield from self._other_federations(role, arn, provider)

    def _too_wide(
        self, role: Caller, number: int, secret: str, provider: str, issuer: Issuer
    ) -> Iterator[Finding]:
        """One finding for others' jobs and one for its own repository's, each with all that get in."""
        by_code: dict[str, dict[str, Verdict]] = {}
        for token in issuer.tokens:
            if token.code is not None and (verdict := self._takes(number, provider, token, issuer)):
                let_in = by_code.setdefault(token.code, {})
                let_in[token.whose] = max(verdict, let_in.get(token.whose, Verdict.DENY))
        for code, let_in in by_code.items():
            words = f"its trust takes the tokens of {', '.join(let_in)}{self._by_provider(number, provider)}"
            yield Finding(code, role.arn, secret, max(let_in.values()).word, words, (role.arn,))

    def _takes(self, number: int, provider: str, token: Token, issuer: Issuer) -> Verdict:
        claims = {f"{issuer.host}:{name}".lower(): (value,) for name, value in token.claims.items()}
        return self._grade(number, provider, claims)

    def _grade(self, number: int, provider: str, claims: Mapping[str, tuple[str, ...]]) -> Verdict:
        grades = self._tokens.taking(Outsider("federated", provider, None, claims))
        return grades.verdict(1 << self._position[number])

    def _other_federations(self, role: Caller, secret: str, provider: str | None) -> Iterator[Finding]:
        for statement, name in _federations(role):
            if name != provider:
                verdict = Verdict.CONDITIONAL if statement.atoms else Verdict.ALLOW
                words = (
                    f"a federation that is not its runtime's can take the reader's role{_by(statement, role)}"
                )
                yield Finding("federated-access", name, secret, verdict.word, words, (name, role.arn))

    # ---- any role that reads ----------------------------------------------------------------------------

    def _strangers(self, number: int) -> Iterator[Finding]:
        """A role that takes tokens of jobs which nobody here has: for want of a `sub`, or by a wide one."""
        role = self._estate.callers[number]
        for provider in dict.fromkeys(name for _, name in _federations(role) if OIDC in name):
            host = provider.partition(OIDC)[2]
            verdict = max(
                self._grade(number, provider, {f"{host}:{name}": (text,) for name, text in claims.items()})
                for audience in _audiences(role, host)
                for claims in ({**each, "aud": audience} for each in strangers(host))
            )
            if verdict is Verdict.DENY:
                continue
            why = "" if _compares_subject(role, host) else ": it does not compare the token's sub"
            words = f"its trust takes tokens of anybody's jobs{self._by_provider(number, provider)}{why}"
            for reach in self._reach[number]:
                yield self._finding(
                    FOREIGN, role.arn, reach, min(verdict, reach.verdict), words, outside=False
                )

    # ---- words ------------------------------------------------------------------------------------------

    def _finding(
        self, code: str, who: str, reach: Reach, verdict: Verdict, words: str, *, outside: bool = True
    ) -> Finding:
        arns = tuple(self._estate.callers[number].arn for number in reach.path)
        path = (who, *arns) if outside else arns
        return Finding(code, who, self._estate.secrets[reach.secret].arn, verdict.word, words, path)

    def _by_provider(self, number: int, provider: str) -> str:
        return self._statement(number, partial(_names_federation, provider))

    def _statement(self, number: int, fits: Callable[[Statement], bool]) -> str:
        role = self._estate.callers[number]
        found = next((each for each in role.trust or () if each.effect is Effect.ALLOW and fits(each)), None)
        return "" if found is None else _by(found, role)


_SAID = {
    "external": ("cross-account", "another account"),
    "public": ("public", "everybody"),
    "service": ("service-access", "a service that is not its runtime's"),
    "federated": ("federated-access", "a federation"),
}


def _expected(service: str, runtimes: set[str] | None) -> bool:
    """Whether a service may take a role: of a role that is no reader's, nobody said which one shall."""
    if runtimes is None or ANY_RUNTIME in runtimes:
        return True
    return service.partition(".amazonaws.com")[0] in {SERVICES.get(each) for each in runtimes}


def _by(statement: Statement, role: Caller) -> str:
    return f", by {shown(statement.name, role.account)}"


def _names(outsider: Outsider, action: str, statement: Statement) -> bool:
    named = statement.principals.named if statement.principals else ()
    return applies_to(statement, action) and any(each in outsider.names for each in named)


def _names_federation(provider: str, statement: Statement) -> bool:
    return ("Federated", provider) in (statement.principals.named if statement.principals else ())


def _federations(role: Caller) -> Iterator[tuple[Statement, str]]:
    """Each federation that a role's trust names, with the statement that does."""
    for statement in role.trust or ():
        actions = (ASSUME_ROLE_WITH_WEB_IDENTITY, ASSUME_ROLE_WITH_SAML)
        if statement.effect is Effect.ALLOW and any(applies_to(statement, action) for action in actions):
            for kind, name in statement.principals.named if statement.principals else ():
                if kind == "Federated":
                    yield statement, name


def _provider(role: Caller, host: str) -> str:
    return f"arn:{arn_part(role.arn, 1)}:iam::{role.account}{OIDC}{host}"


def _audiences(role: Caller, host: str) -> list[str]:
    """What a stranger would ask its token for: whatever the trust wants, which is no secret."""
    wanted = {
        value.replace("*", "x")
        for statement in role.trust or ()
        for atom in statement.atoms
        if atom.key.lower() == f"{host}:aud".lower()
        for value in atom.values
    }
    return sorted(wanted | {"sts.amazonaws.com"})


def _compares_subject(role: Caller, host: str) -> bool:
    return any(atom.key.lower() == f"{host}:sub".lower() for each in role.trust or () for atom in each.atoms)
