"""Whether an account's OIDC provider for a CI issuer is declared, taken over or reused.

Pure but for one lookup. An account has one provider for each issuer, while several environments of one
account have CI consumers. The first environment declares it and tags it with its own name; the others find
it and refer to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from components.aws.account import Account
from components.aws.ci.trusts import CiIdentity, ci_identity
from components.aws.policy.trusts import issuer_host, provider_arn
from components.aws.tags import MANAGED_BY
from keyplan.catalogue import CI_RUNTIMES, Catalogue, Cloud
from keyplan.errors import KeyplanError, UsageError

# How the provider's lookup says that there is none. Anything else that it says is a failure.
# Source: terraform-provider-aws, data source aws_iam_openid_connect_provider. Version 5.100.0, run against an
# emulator, says `finding IAM OIDC Provider by url (URL): not found`, and NoSuchEntity for an ARN; the sources
# of 2026 say `reading IAM OIDC Provider (URL): couldn't find resource` (checked 2026-11-21).
_ABSENT = ("not found", "couldn't find", "nosuchentity")


@dataclass(frozen=True)
class FoundProvider:
    """An OIDC provider that the account has already."""

    arn: str
    client_ids: tuple[str, ...]
    tags: Mapping[str, str]


class Ownership(StrEnum):
    """What this environment does about an issuer's provider."""

    DECLARE = "declare"  # the account has none
    ADOPT = "adopt"  # this environment declared it, in this or an earlier life of the stack
    REUSE = "reuse"  # somebody else's: referred to, never touched


@dataclass(frozen=True)
class IssuerPlan:
    """One issuer of an environment's CI consumers."""

    issuer: str
    arn: str
    client_ids: tuple[str, ...]
    ownership: Ownership


def identities_of(catalogue: Catalogue) -> tuple[CiIdentity, ...]:
    """The identities of an environment's CI consumers, in their order."""
    return tuple(
        ci_identity(consumer)
        for consumer in catalogue.consumers_in(Cloud.AWS)
        if consumer.runtime in CI_RUNTIMES and consumer.needs_principal
    )


def look_up_providers(identities: Iterable[CiIdentity]) -> dict[str, FoundProvider | None]:
    """Ask the account for the OIDC provider of every issuer in use; call it before the first component.

    Raises:
        KeyplanError: the lookup failed for another reason than that there is none.
    """
    return {issuer: _look_up(issuer) for issuer in sorted({identity.issuer for identity in identities})}


def _look_up(issuer: str) -> FoundProvider | None:
    import pulumi_aws

    try:
        found = pulumi_aws.iam.get_open_id_connect_provider(url=issuer)
    except Exception as error:  # the SDK raises plain Exception for whatever an invoke answers
        if any(words in str(error).lower() for words in _ABSENT):
            return None
        raise KeyplanError(
            f"cannot find out whether the account has an OIDC provider for `{issuer}`",
            "the credentials need iam:ListOpenIDConnectProviders and iam:GetOpenIDConnectProvider",
        ) from error
    return FoundProvider(found.arn, tuple(found.client_id_lists or ()), dict(found.tags or {}))


def plan_issuers(
    account: Account,
    environment: str,
    identities: Iterable[CiIdentity],
    found: Mapping[str, FoundProvider | None],
) -> dict[str, IssuerPlan]:
    """Decide about every issuer in use.

    Args:
        found: what `look_up_providers` answered.

    Returns:
        The plans by issuer, sorted.

    Raises:
        UsageError: a provider of somebody else's lacks the audience that our runners ask for.
    """
    audiences: dict[str, set[str]] = {}
    for identity in identities:
        audiences.setdefault(identity.issuer, set()).add(identity.audience)
    return {
        issuer: _plan(account, environment, issuer, audiences[issuer], found.get(issuer))
        for issuer in sorted(audiences)
    }


def _plan(
    account: Account, environment: str, issuer: str, audiences: set[str], found: FoundProvider | None
) -> IssuerPlan:
    if found is None:
        arn = provider_arn(account, issuer_host(issuer))
        return IssuerPlan(issuer, arn, tuple(sorted(audiences)), Ownership.DECLARE)
    if found.tags.get("managed-by") == MANAGED_BY and found.tags.get("environment") == environment:
        # Audiences that others added stay: the provider is the whole account's.
        client_ids = tuple(sorted(audiences | set(found.client_ids)))
        return IssuerPlan(issuer, found.arn, client_ids, Ownership.ADOPT)
    missing = sorted(audiences - set(found.client_ids))
    if missing:
        raise UsageError(
            f"the account's OIDC provider for `{issuer}` does not accept the audience `{missing[0]}`, and it "
            f"is not managed by environment {environment}",
            "aws iam add-client-id-to-open-id-connect-provider "
            f"--open-id-connect-provider-arn {found.arn} --client-id {missing[0]}",
        )
    return IssuerPlan(issuer, found.arn, found.client_ids, Ownership.REUSE)
