"""The forms of a request among which a caller chooses, as far as policies tell them apart.

A value can be asked for by its ARN, by its name, by a stage or a version, and STS in every region. A verdict
is that of the form which is let in.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from keyplan.audit.policies.clauses import applies_to
from keyplan.audit.policies.documents import Statement
from keyplan.audit.policies.keys import ASSUME_ROLE, ASSUME_ROLE_WITH_WEB_IDENTITY, GET_SECRET_VALUE
from keyplan.audit.policies.values import Known, Missing, Open, Value, variable_keys
from keyplan.audit.secrets import Secret

SECRET_ID, STAGE = "secretsmanager:secretid", "secretsmanager:versionstage"
VERSION_ID, REGION = "secretsmanager:versionid", "aws:requestedregion"
_CURRENT = "AWSCURRENT"
_REGIONS_MAX = 40  # AWS has fewer


@dataclass(frozen=True)
class ReadForm:
    """What a caller says when it asks for a value."""

    names: Sequence[str]
    within_account: bool
    stage: Value
    version: Value


def read_forms(secrets: Sequence[Secret], statements: Iterable[Statement]) -> Iterator[ReadForm]:
    """The forms that differ for the statements that can decide about a read; the plainest first.

    Source: Secrets Manager API Reference, GetSecretValue: SecretId (the ARN, whole or without its suffix, or,
    in the caller's own account, the name), VersionId, VersionStage; checked 2026-11-22.
    """
    mentioned = _mentioned(statements)
    names = [([secret.arn for secret in secrets], False)]
    if SECRET_ID in mentioned:
        names.append(([secret.arn.rpartition("-")[0] for secret in secrets], False))
        names.append(([secret.name for secret in secrets], True))
    stages: list[Value] = [Missing.ABSENT, Known((_CURRENT,))] if STAGE in mentioned else [Missing.ABSENT]
    versions: list[Value] = [Missing.ABSENT, Open(True)] if VERSION_ID in mentioned else [Missing.ABSENT]
    for (texts, own), stage, version in itertools.product(names, stages, versions):
        yield ReadForm(texts, own, stage, version)


def _mentioned(statements: Iterable[Statement]) -> set[str]:
    """The condition keys of all statements that can be about a read, in lower case."""
    found: set[str] = set()
    for statement in statements:
        if applies_to(statement, GET_SECRET_VALUE):
            found.update(atom.key.lower() for atom in statement.atoms)
            found.update(key for text in statement.texts() for key in variable_keys(text))
    return found


def sts_regions(home: str, statements: Iterable[Statement]) -> list[str]:
    """The regions in which STS may be asked with different answers, the snapshot's own first."""
    named = {
        value
        for statement in statements
        if _is_about_sts(statement)
        for atom in statement.atoms
        if atom.key.lower() == REGION
        for value in atom.values
        if value.replace("-", "").isalnum()
    }
    return [home, *sorted(named - {home})[:_REGIONS_MAX]]


def _is_about_sts(statement: Statement) -> bool:
    return applies_to(statement, ASSUME_ROLE) or applies_to(statement, ASSUME_ROLE_WITH_WEB_IDENTITY)
