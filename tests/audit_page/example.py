"""An account for the page: chains, conditions, what is missing, outsiders, a token, findings, and a changer.

What the pictures of docs/audit-report.md show, and what most of the page's tests look at.
"""

from __future__ import annotations

from typing import Any

from keyplan.audit import baseline, gate
from keyplan.audit.changers import changers
from keyplan.audit.estate import Estate
from keyplan.audit.matrix import graph_of
from keyplan.audit.reports.page import page
from keyplan.audit.reports.page.content import changers_content, gate_content
from keyplan.audit.snapshot import read_snapshot
from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    OTHER,
    READ,
    REGION,
    ROOT,
    allow,
    attached,
    deny,
    details,
    document,
    key,
    managed,
    role,
    secret,
    snapshot,
    trusting,
    user,
    when,
)
from tests.audit.gated import consumer, manifest

GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
NAMES = ("anthropic", "openrouter", "search-index", "billing-webhook", "legacy-gateway")
THROUGH = when(StringEquals={"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"})


def secret_arn(name: str) -> str:
    """Of one of NAMES."""
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/{name}-api-key-AbCdEf"


def role_arn(name: str) -> str:
    """Of a role of the account."""
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def reading(*names: str, **more: Any) -> Any:
    """What keyplan gives a reader: its secrets, and their key through Secrets Manager."""
    patterns = [secret_arn(name)[:-6] + "??????" for name in names]
    return document(
        allow(READ, patterns, Sid="ReadKeys", **more), allow("kms:Decrypt", KEY, Sid="DecryptKeys", **THROUGH)
    )


def taking(*names: str, **more: Any) -> Any:
    """May assume these roles."""
    return document(allow("sts:AssumeRole", [role_arn(name) for name in names], Sid="BecomeRoles", **more))


def _people() -> list[Any]:
    office = when(IpAddress={"aws:SourceIp": "192.0.2.0/24"})
    with_mfa = when(Bool={"aws:MultiFactorAuthPresent": "true"})
    herself = f"arn:aws:iam::{ACCOUNT}:user/erin"
    administrator = {"AttachedManagedPolicies": [attached("administrator")]}
    return [
        user("ann", taking("prod-deploy")),
        user("bob", reading("anthropic", "openrouter", **office)),
        user("carla", taking("break-glass", **with_mfa)),
        user("dmitri"),
        user("erin", document(allow("iam:PutUserPolicy", herself, Sid="SelfService"))),
        user("root-admin", **administrator),
    ]  # fmt: skip


def _roles() -> list[Any]:
    to_account = trusting({"AWS": ROOT})
    ci = trusting(
        {"Federated": GITHUB},
        "sts:AssumeRoleWithWebIdentity",
        Condition={
            "StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
            "StringLike": {"token.actions.githubusercontent.com:sub": "repo:example/evals:*"},
        },
    )
    vendor = {"AttachedManagedPolicies": [attached("vendor-tools", OTHER)]}
    return [
        role("prod-chat-api-reader", reading("anthropic"), trust=to_account),
        role("prod-search-reader", reading("search-index", "anthropic")),
        role("prod-evals-reader", reading("anthropic", "openrouter"), trust=ci),
        role("prod-billing-reader", reading("billing-webhook")),
        role("prod-deploy", taking("prod-chat-api-reader", "prod-tools"), trust=to_account),
        role("prod-tools", document(allow(READ), allow("kms:*", KEY)), trust=to_account),
        role("break-glass", document(allow("*")), trust=to_account),
        role("vendor-import", **vendor),
        role("prod-frontend"),
    ]


def _secrets() -> list[Any]:
    partner = document(
        {**allow(READ), "Sid": "Partner", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}},
    )
    locked = document(
        {
            **deny(READ),
            "Sid": "OnlyBilling",
            "Principal": "*",
            **when(
                ArnNotEquals={"aws:PrincipalArn": [role_arn("prod-billing-reader"), role_arn("break-glass")]}
            ),
        }
    )
    own: dict[str, Any] = {"search-index": partner, "billing-webhook": locked}
    more: dict[str, Any] = {"legacy-gateway": {"DeletedDate": "2026-11-20T09:00:00Z"}}
    return [
        secret(
            own.get(name), ARN=secret_arn(name), Name=f"prod/{name}-api-key", KmsKeyId=KEY,
            **more.get(name, {}),
        )
        for name in NAMES
    ]  # fmt: skip


def example_snapshot() -> dict[str, Any]:
    """The account."""
    accounts = {"AWS": [ROOT, f"arn:aws:iam::{OTHER}:root"]}
    everything = managed("administrator", document(allow("*", Sid="Everything")))
    return snapshot(
        authorization_details=details(*_people(), *_roles(), policies=[everything]),
        secrets=_secrets(),
        kms_keys=[key(document({**allow("kms:*"), "Principal": accounts}), Aliases=["alias/prod-keys"])],
        oidc_probes=[
            {"provider": GITHUB, "claims": {"sub": f"repo:example/evals:{what}", "aud": "sts.amazonaws.com"}}
            for what in ("environment:production", "pull_request")
        ],
    )


def estate_of(document: dict[str, Any]) -> Estate:
    """The estate of a snapshot's document."""
    return Estate(read_snapshot(document))


def page_of(document: dict[str, Any], *, compared: bool = False) -> str:
    """The page of a snapshot, with changers; compared with a catalogue of one key and one consumer."""
    estate = estate_of(document)
    graph = graph_of(estate)
    findings = None
    if compared:
        found = gate.findings(estate, graph, manifest(consumer(role_arn=role_arn("prod-chat-api-reader"))))
        findings = gate_content(baseline.weighed(found, (), "2026-11-21"), "prod")
    could_change = changers_content(estate, changers(estate, graph))
    return page(estate, graph, version="0.1.0", gate=findings, changers=could_change)
