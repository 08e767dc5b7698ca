"""Decide what AWS would decide, for tests: reading and storing secrets, and assuming roles.

Independent of the code that writes the policies: nothing here imports components/, keyplan/ or sandbox/.
Sources (checked 2026-11-21): IAM User Guide "Policy evaluation logic", "Principal", "Available keys for AWS
OIDC federation", "Identity-provider controls for shared OIDC providers"; KMS Developer Guide "Key policies",
"Default key policy", "Encryption context"; Secrets Manager User Guide "Secret encryption and decryption".
Left out on purpose: organisations' policies, session policies, grants, groups of users. NotPrincipal raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.evaluator.policy_documents import (
    Context,
    Statement,
    UndecidableError,
    conditions_hold,
    listed,
    names_action,
    names_resource,
    statements,
)

Document = Mapping[str, Any]
NO_POLICY: Document = {"Version": "2012-10-17", "Statement": []}


@dataclass(frozen=True)
class Verdict:
    """True or false, and the words that say why."""

    allowed: bool
    why: str

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True)
class Principal:
    """Who asks. `arn` is the role's or user's ARN, `arn:…:root` for the root user, empty for anonymous."""

    arn: str
    identity_policies: tuple[Document, ...] = ()
    boundary: Document | None = None
    session_arn: str | None = None  # arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION
    service: str | None = None  # `lambda.amazonaws.com`
    federated: str | None = None  # ARN of the identity provider that signed the caller's token
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4] if self.arn else ""

    @property
    def is_root(self) -> bool:
        return self.arn.endswith(":root")

    def with_policies(self, *documents: Document) -> Principal:
        """The same principal with further identity policies."""
        return replace(self, identity_policies=(*self.identity_policies, *documents))


@dataclass(frozen=True)
class Role:
    arn: str
    trust: Document
    policies: tuple[Document, ...]  # inline and attached
    boundary: Document | None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.arn.rsplit("/", 1)[1]

    def as_principal(self) -> Principal:
        account_id = self.arn.split(":")[4]
        session = f"arn:aws:sts::{account_id}:assumed-role/{self.name}/session"
        return Principal(self.arn, self.policies, self.boundary, session, tags=self.tags)


@dataclass(frozen=True)
class Secret:
    arn: str
    name: str
    kms_key_arn: str | None  # None: the AWS managed key, which everyone who may call Secrets Manager may use
    resource_policy: Document | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]


@dataclass(frozen=True)
class OidcProvider:
    arn: str
    url: str  # without https://
    client_ids: tuple[str, ...]


@dataclass(frozen=True)
class Account:
    """Everything that decides about requests in one account."""

    account_id: str
    roles: Mapping[str, Role]  # by name
    managed_policies: Mapping[str, Document]  # by ARN
    secrets: Mapping[str, Secret]  # by name
    key_policies: Mapping[str, Document]  # by KMS key ARN
    oidc_providers: tuple[OidcProvider, ...] = ()


# ---- one request --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    principal: Principal
    action: str
    resource: str
    context: Context


def principal_context(principal: Principal) -> dict[str, str | Sequence[str]]:
    """The global condition keys that describe the caller. Source: "AWS global condition context keys"."""
    context: dict[str, str | Sequence[str]] = {
        "aws:SecureTransport": "true",
        "aws:PrincipalIsAWSService": "false",
    }
    if principal.service:
        return {**context, "aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": principal.service}
    if not principal.arn:
        return {**context, "aws:PrincipalType": "Anonymous"}
    kind = "Account" if principal.is_root else "AssumedRole" if ":role/" in principal.arn else "User"
    context |= {
        "aws:PrincipalArn": principal.arn,
        "aws:PrincipalAccount": principal.account_id,
        "aws:PrincipalType": kind,
    }
    return context | {f"aws:PrincipalTag/{key}": value for key, value in principal.tags.items()}


def _applies(statement: Statement, request: Request, version: str) -> bool:
    if "Action" in statement:
        if not names_action(listed(statement["Action"]), request.action):
            return False
    elif names_action(listed(statement["NotAction"]), request.action):
        return False
    if "Resource" in statement:
        if not names_resource(listed(statement["Resource"]), request.resource, request.context, version):
            return False
    elif "NotResource" in statement and names_resource(
        listed(statement["NotResource"]), request.resource, request.context, version
    ):
        return False
    return conditions_hold(statement.get("Condition", {}), request.context, version)


def _effects_of_identity(documents: Iterable[Document], request: Request) -> set[str]:
    """Effects of the statements of identity policies that apply: they have a Resource and no Principal."""
    effects = set()
    for document in documents:
        for statement in statements(document):
            if "Principal" in statement or "NotPrincipal" in statement:
                raise UndecidableError("an identity policy has no principal")
            if ("Resource" in statement) == ("NotResource" in statement):
                raise UndecidableError("an identity policy's statement has either Resource or NotResource")
            if _applies(statement, request, document.get("Version", "2008-10-17")):
                effects.add(statement["Effect"])
    return effects


DIRECT, BY_ACCOUNT = "direct", "by account"


def _named(principal_element: Any, principal: Principal) -> str | None:
    """How a resource policy's Principal names the caller: DIRECT, BY_ACCOUNT or not at all.

    Source: "AWS JSON policy elements: Principal". An account (its number, or its `:root` ARN) delegates to
    the account's own policies; a role or user ARN, a session ARN and `*` name the caller.
    """
    if principal_element == "*":
        return DIRECT
    found = None
    for kind, names in principal_element.items():
        if kind not in ("AWS", "Service", "Federated"):
            raise UndecidableError(f"the principal type {kind}")
        for name in listed(names):
            how = _named_by(kind, name, principal)
            found = DIRECT if DIRECT in (how, found) else how or found
    return found


def _named_by(kind: str, name: str, principal: Principal) -> str | None:
    if kind == "Service":
        return DIRECT if name == principal.service else None
    if kind == "Federated":
        return DIRECT if name == principal.federated else None
    if name == "*":
        return DIRECT
    if "*" in name or "?" in name:
        raise UndecidableError("a principal's ARN takes no wildcard in its middle")
    if not principal.arn:
        return None
    if name in (principal.arn, principal.session_arn):
        return DIRECT
    if name == principal.account_id or re.fullmatch(rf"arn:[a-z-]+:iam::{principal.account_id}:root", name):
        return BY_ACCOUNT
    return None


def _effects_of_resource(document: Document, request: Request) -> tuple[set[str], str | None]:
    """Effects of a resource policy's statements that apply, and how its allowing ones name the caller."""
    effects: set[str] = set()
    granted: str | None = None
    for statement in statements(document):
        if "NotPrincipal" in statement:
            raise UndecidableError("NotPrincipal")
        how = _named(statement["Principal"], request.principal)
        if how is None or not _applies(statement, request, document.get("Version", "2008-10-17")):
            continue
        effects.add(statement["Effect"])
        if statement["Effect"] == "Allow":
            granted = DIRECT if DIRECT in (how, granted) else how
    return effects, granted


def decide(
    request: Request, resource_policy: Document | None, account_id: str, *, needs_resource: bool
) -> Verdict:
    """The verdict on one request to a resource of `account_id`.

    `needs_resource`: whether the resource policy must take part (KMS keys and role trusts: yes, even in the
    same account; secrets: no, one side suffices there).
    """
    caller = request.principal
    by_identity = _effects_of_identity(caller.identity_policies, request)
    by_resource, granted = _effects_of_resource(resource_policy or NO_POLICY, request)
    by_boundary = _effects_of_identity([caller.boundary], request) if caller.boundary else {"Allow"}
    if "Deny" in by_identity | by_resource | by_boundary:
        return Verdict(False, "an explicit deny")
    identity_allows = caller.is_root or ("Allow" in by_identity and "Allow" in by_boundary)
    if caller.arn and caller.account_id != account_id:
        return Verdict(identity_allows and granted is not None, "cross-account: both sides must allow")
    if granted == DIRECT and "Allow" in by_boundary:
        return Verdict(True, "the resource policy names the caller")
    if needs_resource and granted is None:
        return Verdict(False, "the resource's own policy does not let this caller or its account in")
    return Verdict(identity_allows, "an identity policy allows" if identity_allows else "nothing allows it")


# ---- Secrets Manager and the KMS key behind it ----------------------------------------------------------

# What Secrets Manager does with the caller's permissions on the KMS key for each call.
# Sources: API reference (GetSecretValue, CreateSecret), User Guide "Permissions for the KMS key".
KMS_ACTIONS_BEHIND: Mapping[str, tuple[str, ...]] = {
    "secretsmanager:GetSecretValue": ("kms:Decrypt",),
    "secretsmanager:PutSecretValue": ("kms:GenerateDataKey", "kms:Decrypt"),
}


def can(
    account: Account, principal: Principal, action: str, secret: Secret, extra_context: Context | None = None
) -> Verdict:
    """Whether `principal` may do `action` (`secretsmanager:…`) to the secret, KMS calls included."""
    context = {
        **principal_context(principal),
        "secretsmanager:SecretId": secret.arn,
        **{f"aws:ResourceTag/{key}": value for key, value in secret.tags.items()},
        **{f"secretsmanager:ResourceTag/{key}": value for key, value in secret.tags.items()},
        **(extra_context or {}),
    }
    request = Request(principal, action, secret.arn, context)
    verdict = decide(request, secret.resource_policy, account.account_id, needs_resource=False)
    for kms_action in KMS_ACTIONS_BEHIND.get(action, ()):
        if verdict and secret.kms_key_arn is not None:
            verdict = can_use_key(account, principal, kms_action, secret.kms_key_arn, via_secret=secret)
            verdict = verdict or Verdict(False, f"{kms_action}: {verdict.why}")
    return verdict


def can_get_secret_value(account: Account, principal: Principal, secret: Secret, **context: str) -> Verdict:
    """Whether `principal` can read the current value."""
    return can(account, principal, "secretsmanager:GetSecretValue", secret, context)


def can_use_key(
    account: Account, principal: Principal, action: str, key_arn: str, *, via_secret: Secret | None
) -> Verdict:
    """Whether `principal` may call KMS, through Secrets Manager for a secret (then the service adds
    kms:ViaService and the encryption context) or straight (`via_secret=None`)."""
    context = {**principal_context(principal), "kms:CallerAccount": principal.account_id}
    if via_secret is not None:
        context |= {
            "kms:ViaService": f"secretsmanager.{via_secret.region}.amazonaws.com",
            "kms:EncryptionContext:SecretARN": via_secret.arn,
            "kms:EncryptionContext:SecretVersionId": "00000000-0000-4000-8000-000000000000",
            "kms:EncryptionContextKeys": ("SecretARN", "SecretVersionId"),
        }
    request = Request(principal, action, key_arn, context)
    return decide(request, account.key_policies[key_arn], account.account_id, needs_resource=True)


# ---- roles --------------------------------------------------------------------------------------------


def can_assume(account: Account, principal: Principal, role: Role, **context: str) -> Verdict:
    """sts:AssumeRole by a principal of AWS: a role, a user, a service."""
    request = Request(principal, "sts:AssumeRole", role.arn, {**principal_context(principal), **context})
    return decide(request, role.trust, account.account_id, needs_resource=True)


def can_service_assume(account: Account, service: str, role: Role, **context: str) -> Verdict:
    """sts:AssumeRole by an AWS service, which brings aws:SourceArn and aws:SourceAccount where it does."""
    return can_assume(account, Principal("", service=service), role, **context)


# Claims of a token that STS turns into condition keys, beside aud, sub and amr.
# Source: "Available keys for AWS OIDC federation" (checked 2026-11-21). A claim that is not here never
# reaches a condition, whatever the token says.
GITHUB_CLAIMS = (
    "actor", "actor_id", "job_workflow_ref", "repository", "repository_id", "workflow", "ref", "environment",
    "enterprise_id",
)  # fmt: skip
CIRCLECI_CLAIMS = ("oidc.circleci.com/project-id",)
COMMON_CLAIMS = ("sub", "amr")


def _claims_that_sts_reads(issuer: str) -> tuple[str, ...]:
    if issuer == "token.actions.githubusercontent.com":
        return COMMON_CLAIMS + GITHUB_CLAIMS
    if issuer.startswith("oidc.circleci.com/org/"):
        return COMMON_CLAIMS + CIRCLECI_CLAIMS
    return COMMON_CLAIMS


def can_assume_with_token(account: Account, role: Role, claims: Mapping[str, str]) -> Verdict:
    """sts:AssumeRoleWithWebIdentity with a token that `claims["iss"]` really signed.

    Source: AssumeRoleWithWebIdentity and "Create an OpenID Connect (OIDC) identity provider": the issuer
    must be a provider of the account, the audience (`azp` where the token has one) one of its client ids.
    """
    issuer = claims.get("iss", "").removeprefix("https://")
    provider = next((one for one in account.oidc_providers if one.url == issuer), None)
    if provider is None:
        return Verdict(False, "no identity provider of the account has this issuer")
    audience = claims.get("azp", claims.get("aud", ""))
    if audience not in provider.client_ids:
        return Verdict(False, "the audience is none of the provider's client ids")
    context: dict[str, str | Sequence[str]] = {f"{issuer}:aud": audience}
    context |= {f"{issuer}:{name}": claims[name] for name in _claims_that_sts_reads(issuer) if name in claims}
    caller = Principal("", federated=provider.arn)
    request = Request(caller, "sts:AssumeRoleWithWebIdentity", role.arn, context)
    return decide(request, role.trust, account.account_id, needs_resource=True)


# Providers whose issuer many customers share, and the claim that a trust must bind.
# Source: "Identity-provider controls for shared OIDC providers".
SHARED_PROVIDERS = {
    "token.actions.githubusercontent.com": "sub",
    "gitlab.com": "sub",
    "agent.buildkite.com": "sub",
}


def refused_by_iam(trust: Document) -> str | None:
    """Why IAM would not store this trust, or None: a shared provider needs a condition on its claim whose
    values are more than wildcards."""
    for statement in statements(trust):
        federated = listed(statement.get("Principal", {}).get("Federated", []))
        for provider in (
            name.split("oidc-provider/", 1)[1] for name in federated if "oidc-provider/" in name
        ):
            if statement["Effect"] != "Allow" or provider not in SHARED_PROVIDERS:
                continue
            problem = _unbound(statement.get("Condition", {}), provider, SHARED_PROVIDERS[provider])
            if problem:
                return problem
    return None


def _unbound(conditions: Mapping[str, Any], provider: str, claim: str) -> str | None:
    wanted = f"{provider}:{claim}".lower()
    values = [
        value
        for operator, keys in conditions.items()
        if operator in ("StringEquals", "StringEqualsIgnoreCase", "StringLike")
        for key, expected in keys.items()
        if key.lower() == wanted
        for value in listed(expected)
    ]
    if not values:
        return f"{provider}: no condition on {claim}"
    if not all(value.strip("*?") for value in values):
        return f"{provider}: nothing but wildcards for {claim}"
    return None
