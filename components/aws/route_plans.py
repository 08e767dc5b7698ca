"""Which policy a consumer's route needs beside its reads, and where that policy goes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.aws.account import Account
from components.aws.policy.documents import render
from components.aws.policy.grants import Room
from components.aws.policy.quotas import (
    INLINE_POLICIES_OF_ROLE_CHARACTERS,
    MANAGED_POLICIES_PER_ROLE,
    QuotaExceeded,
)
from components.aws.policy.routes import call_claude_document, identity_token_document
from keyplan.catalogue import CI_RUNTIMES, Cloud, Consumer, Key, Runtime
from keyplan.names import route_policy_name
from keyplan.routes import BedrockRoute, FederationRoute

# With it among its keys a consumer calls Bedrock as the user of that key, and not as its role.
# Source: Claude Code documentation, "Amazon Bedrock", option of an API key (checked 2026-11-21).
BEDROCK_TOKEN = "AWS_BEARER_TOKEN_BEDROCK"  # noqa: S105 - the name of a variable


@dataclass(frozen=True)
class RoutePolicy:
    """What a route lets a consumer do."""

    inline_name: str  # of the policy inside a role that keyplan makes
    managed_name: (
        str | None
    )  # of the policy for people and for a role that exists; None: it is inside the role
    document: str  # rendered

    @property
    def inline_characters(self) -> int:
        """How much of the room for inline policies it takes."""
        return 0 if self.managed_name is not None else len(self.document)

    @property
    def managed_policies(self) -> int:
        """How many of the managed policies that a principal may have it is."""
        return 0 if self.managed_name is None else 1


def plan_route(
    account: Account, environment: str, consumer: Consumer, keys: Mapping[str, Key], *, own_role: bool
) -> RoutePolicy | None:
    """The policy of a consumer on AWS; None where its route needs no right of AWS's.

    Args:
        keys: of the catalogue, by name.
        own_role: whether keyplan makes the consumer's role.
    """
    found = _document(account, consumer, keys)
    if found is None:
        return None
    name, document = found
    managed = None if own_role else route_policy_name(environment, consumer.lasting_name)
    return RoutePolicy(name, managed, document)


def _document(account: Account, consumer: Consumer, keys: Mapping[str, Key]) -> tuple[str, str] | None:
    match consumer.route_settings:
        case BedrockRoute(region=region) if consumer.cloud is Cloud.AWS:
            if any(keys[name].env_var == BEDROCK_TOKEN for name in consumer.keys):
                return None
            return "call-claude", render(call_claude_document(account, region))
        case FederationRoute(audience=audience) if _asks_aws_for_tokens(consumer):
            return "prove-identity", render(identity_token_document(audience))
    return None


def _asks_aws_for_tokens(consumer: Consumer) -> bool:
    """A CI's job and an EKS pod have a token of their own: the CI's, and the one that the cluster projects.

    Source: "Use WIF with AWS", EKS projected service-account tokens, and "Use WIF with GitHub Actions"
    (platform.claude.com/docs/en/manage-claude/wif-providers; checked 2026-11-21).
    """
    return consumer.cloud is Cloud.AWS and consumer.runtime not in CI_RUNTIMES | {Runtime.EKS}


def room_beside(
    route: RoutePolicy | None, subject: str, *, own_role: bool, inline_used: int, managed_used: int
) -> Room:
    """How much policy a consumer's principal takes for its reads.

    Args:
        subject: the consumer in words, for the message.
        own_role: whether keyplan makes the role; what is already inside another one is not known, so nothing
            is put into it.
        inline_used: characters of the other inline policies.
        managed_used: how many other managed policies the principal has.

    Raises:
        QuotaExceeded: not even the route's own policy fits.
    """
    inline = 0 if route is None else route.inline_characters
    managed = MANAGED_POLICIES_PER_ROLE - managed_used - (0 if route is None else route.managed_policies)
    if managed < 0:
        raise QuotaExceeded(
            f"{subject} needs a managed policy for its route, and its role has the "
            f"{MANAGED_POLICIES_PER_ROLE} that the quota `Managed policies attached to an IAM role` allows",
            "give some of the consumers that share the role a role of their own",
        )
    return Room(INLINE_POLICIES_OF_ROLE_CHARACTERS - inline_used - inline if own_role else 0, managed)
