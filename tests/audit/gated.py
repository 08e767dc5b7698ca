"""A manifest for the small accounts, and the gate asked about them: `chat` and `people` read one key."""

from __future__ import annotations

from typing import Any

from keyplan.audit.gate import Finding, findings
from keyplan.audit.matrix import graph_of
from keyplan.manifest.model import AwsLocation, Manifest, ManifestConsumer, ManifestKey, SecretLocation
from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    READER,
    REGION,
    SECRET,
    allow,
    deny,
    document,
    estate_of,
    role,
    secret,
    when,
)

IAM = f"arn:aws:iam::{ACCOUNT}:"
PEOPLE = f"{IAM}policy/people"
OPERATORS, AUDITOR = f"{IAM}policy/prod-keyplan-operator", f"{IAM}role/prod-keyplan-auditor"
BREAK_GLASS = f"{IAM}role/break-glass"
NAME = "secret:prod/anthropic-api-key-AbCdEf"
EXACT = document(allow("secretsmanager:GetSecretValue", SECRET[:-6] + "??????"))
LISTED = role("reader", EXACT)


def consumer(
    runtime: str = "ecs", role_arn: str | None = READER, policies: tuple[str, ...] = (), **settings: Any
) -> ManifestConsumer:
    """`chat`, or with a policy and no role people."""
    name = "people" if role_arn is None else "chat"
    return ManifestConsumer(name, runtime, ("anthropic",), {}, role_arn, policies, settings)


CHAT = consumer()
PEOPLE_BY_POLICY = consumer("people", None, (PEOPLE,))


def manifest(
    *consumers: ManifestConsumer, lockdown: bool = False, break_glass: str | None = None
) -> Manifest:
    """Of `prod`; by default `chat` and `people` read its key."""
    its_key = ManifestKey(
        name="anthropic",
        vendor="anthropic",
        owner="ml@example.com",
        env_var="ANTHROPIC_API_KEY",
        value_format=None,
        rotate_every="90d",
        remind_before="14d",
        grace="7d",
        aws=SecretLocation("prod/anthropic-api-key", SECRET, "ANTHROPIC_API_KEY"),
        lockdown=lockdown,
    )
    place = AwsLocation(ACCOUNT, "aws", REGION, KEY, (OPERATORS,), AUDITOR, {}, break_glass)
    listed = {each.name: each for each in consumers or (CHAT, PEOPLE_BY_POLICY)}
    return Manifest("prod", "platform@example.com", "7d", place, {"anthropic": its_key}, listed)


def found_in(*principals: Any, held_against: Manifest | None = None, **more: Any) -> list[Finding]:
    """The gate's findings in an account of these principals."""
    estate = estate_of(*principals, **more)
    return findings(estate, graph_of(estate), held_against or manifest())


def codes(found: list[Finding]) -> list[tuple[str, str]]:
    """Each finding's code, and the principal's last name."""
    return [(each.code, each.principal.rpartition("/")[2]) for each in found]


def said(*principals: Any, **more: Any) -> list[str]:
    """The codes and messages of the findings."""
    return [f"{each.code}: {each.message}" for each in found_in(*principals, **more)]


def locked(*principals: str) -> dict[str, Any]:
    """The secret, whose own policy denies whoever is not listed, as keyplan's lockdown does."""
    return secret(
        document({**deny(), "Principal": "*", **when(ArnNotLike={"aws:PrincipalArn": list(principals)})})
    )
