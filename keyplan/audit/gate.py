"""What differs between who can read and who shall: findings for CI, and those that somebody accepted.

Pure. Who shall read is the manifest's: each consumer's role, and for people whoever has their policies. A
finding is one principal and one secret, so that accepting it accepts nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from keyplan.audit.chains import Graph, Reach, reaches
from keyplan.audit.estate import Estate
from keyplan.audit.outsiders import Outsider, TokenTrusts, outsiders
from keyplan.audit.policies.grades import Verdict, positions
from keyplan.audit.reasons import allowing
from keyplan.errors import UsageError
from keyplan.manifest import Manifest, ManifestConsumer

GITHUB = "token.actions.githubusercontent.com"
# Subjects that no trust of this environment's CI should meet: another owner's, and a pull request's.
FOREIGN_SUBJECTS = (
    ("another repository", "repo:keyplan-stranger/keyplan-stranger:ref:refs/heads/main"),
    ("another repository", "repo:keyplan-stranger/keyplan-stranger:environment:production"),
)


@dataclass(frozen=True)
class Finding:
    """Something that is not as the manifest says. `code` is stable; `message` is for a person."""

    code: str
    principal: str
    secret: str
    verdict: str
    message: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listed:
    """Who shall read a secret, by the manifest; `readers` are those of them that the snapshot has."""

    secret: int
    consumers: tuple[ManifestConsumer, ...]
    readers: frozenset[int]  # numbers of principals


def findings(estate: Estate, graph: Graph, manifest: Manifest) -> list[Finding]:
    """Everything that differs, in the secrets' order; worse verdicts first."""
    number_of = {caller.arn: number for number, caller in enumerate(estate.callers)}
    listed = listed_by_secret(estate, manifest, number_of)
    by_secret = _reach_by_secret(estate, graph)
    found: list[Finding] = []
    for entry in listed:
        by_reach = _unlisted(estate, entry, by_secret.get(entry.secret, ()))
        found += sorted(by_reach, key=lambda each: (len(each.path), each.principal))
        found += _without_access(estate, graph, entry, number_of)
        found += _wildcards(estate, graph, entry)
    ours = {estate.secrets[entry.secret].arn for entry in listed}
    found += [
        Finding(kind, each["principal"], each["secret"], each["verdict"], _OUTSIDE[kind])
        for each in outsiders(estate)
        if each["secret"] in ours
        for kind in ["public" if each["kind"] == "public" else "cross-account"]
    ]
    found += _foreign_tokens(estate, graph, listed)
    return list(dict.fromkeys(found))


def _reach_by_secret(estate: Estate, graph: Graph) -> dict[int, list[Reach]]:
    found: dict[int, list[Reach]] = {}
    for number in range(len(estate.callers)):
        for reach in reaches(graph, number):
            found.setdefault(reach.secret, []).append(reach)
    return found


_OUTSIDE = {
    "public": "the secret's own policy lets everybody in",
    "cross-account": "the secret's own policy lets in a principal of another account, or a service",
}


def listed_by_secret(estate: Estate, manifest: Manifest, number_of: Mapping[str, int]) -> list[Listed]:
    """The manifest's secrets on AWS that are in the snapshot, with their readers.

    Args:
        number_of: the principals' numbers, by ARN.

    Raises:
        UsageError: the environment is not on AWS, or one of its secrets is not in the snapshot.
    """
    if manifest.aws is None:
        raise UsageError(f"{manifest.environment} is not on AWS, and the gate compares what is there")
    position = {secret.arn: number for number, secret in enumerate(estate.secrets)}
    holders: dict[str, set[int]] = {}
    for number, caller in enumerate(estate.callers):
        for policy_arn in caller.attached:
            holders.setdefault(policy_arn, set()).add(number)
    result = []
    for key in manifest.keys.values():
        arn = key.on_aws().arn
        if arn not in position:
            raise UsageError(
                f"the snapshot has no secret of the key {key.name}: is it of another account or region?"
            )
        consumers = tuple(
            consumer
            for consumer in manifest.consumers.values()
            if consumer.cloud == "aws" and key.name in consumer.keys
        )
        roles = {each.role_arn for each in consumers if each.role_arn is not None}
        readers = {number_of[arn] for arn in roles & number_of.keys()}
        for consumer in consumers:
            for policy_arn in consumer.policy_arns:
                readers |= holders.get(policy_arn, set())
        result.append(Listed(position[arn], consumers, frozenset(readers)))
    return result


def _unlisted(estate: Estate, entry: Listed, found: Sequence[Reach]) -> Iterator[Finding]:
    secret = estate.secrets[entry.secret]
    for reach in found:
        if reach.path[0] in entry.readers:
            continue
        path = tuple(estate.callers[number].arn for number in reach.path)
        through = "" if len(path) == 1 else f", through {len(path) - 1} role{'s' if len(path) > 2 else ''}"
        words = {
            Verdict.ALLOW: "can read it and is not in the catalogue",
            Verdict.CONDITIONAL: "can read it under a condition and is not in the catalogue",
            Verdict.UNKNOWN: "may be able to read it, which the snapshot leaves open",
        }[reach.verdict]
        yield Finding("unlisted-reader", path[0], secret.arn, reach.verdict.word, words + through, path)


def _without_access(
    estate: Estate, graph: Graph, entry: Listed, number_of: Mapping[str, int]
) -> Iterator[Finding]:
    arn = estate.secrets[entry.secret].arn
    for consumer in entry.consumers:
        if consumer.role_arn is None:
            continue
        number = number_of.get(consumer.role_arn)
        if number is None:
            words = f"the role of {consumer.name} is not in the snapshot"
            yield Finding("listed-without-access", consumer.role_arn, arn, "unknown", words)
            continue
        verdict = graph.reads[number].verdict(1 << entry.secret)
        if verdict is not Verdict.ALLOW:
            words = f"{consumer.name} shall read it, and cannot be sure to"
            yield Finding("listed-without-access", consumer.role_arn, arn, verdict.word, words)


def _wildcards(estate: Estate, graph: Graph, entry: Listed) -> Iterator[Finding]:
    """A reader of the catalogue's whose own policy says `*` where it could name secrets."""
    judge, arn = estate.readers[0], estate.secrets[entry.secret].arn
    for number in sorted(entry.readers):
        caller = estate.callers[number]
        if not graph.reads[number].unknown & (1 << entry.secret):
            continue
        for reason in allowing(judge, caller):
            wide = any("*" in pattern for pattern in reason.clause.resources) or reason.clause.not_resources
            if reason.where == "identity" and wide and reason.grades.unknown & (1 << entry.secret):
                statement = reason.statement(entry.secret)
                words = f"{statement.name} lets it read by a wildcard"
                yield Finding("wildcard-grant", caller.arn, arn, "allow", words)


def _foreign_tokens(estate: Estate, graph: Graph, listed: Sequence[Listed]) -> Iterator[Finding]:
    """Roles of the catalogue's that a stranger's token on the same CI could become."""
    providers = sorted(
        {
            name
            for role in estate.roles
            for statement in role.trust or ()
            for kind, name in (statement.principals.named if statement.principals else ())
            if kind == "Federated" and name.endswith(f":oidc-provider/{GITHUB}")
        }
    )
    trusts = TokenTrusts(estate)
    for provider in providers:
        for what, subject in FOREIGN_SUBJECTS:
            claims = {f"{GITHUB}:sub": (subject,), f"{GITHUB}:aud": ("sts.amazonaws.com",)}
            grades = trusts.taking(Outsider("federated", provider, None, claims))
            for entry in listed:
                secret = estate.secrets[entry.secret].arn
                for position in positions(grades.unknown):
                    if graph.role_number[position] in entry.readers:
                        role, verdict = estate.roles[position], grades.verdict(1 << position)
                        words = f"its trust takes a token of {what}"
                        yield Finding("foreign-ci", role.arn, secret, verdict.word, words)
