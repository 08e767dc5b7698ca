"""A token's claims as condition keys, and which of them AWS compares.

Which tokens there are, and what a trust makes of them, is of other modules.
Source: IAM User Guide, "Available keys for AWS OIDC federation"; Service Authorization Reference, AWS
Security Token Service, AssumeRoleWithWebIdentity (both checked 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keyplan.audit.policies.wildcards import matches

_OF_EVERY_ISSUER = frozenset({"sub", "aud", "azp", "amr", "email"})
_OF_GITHUB = frozenset(
    {"actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref", "ref", "repository"}
    | {"repository_id", "repository_owner_id", "workflow"}
)
_OF_GITLAB = frozenset(
    {"namespace_id", "pipeline_source", "project_id", "ref_protected", "runner_environment"}
    | {"user_access_level", "user_email", "user_id", "user_login"}
)
_OF_BUILDKITE = frozenset(
    {"build_branch", "cluster_id", "cluster_name", "organization_id", "organization_slug", "pipeline_id"}
    | {"pipeline_slug"}
)
_OF_ISSUERS = {
    "token.actions.githubusercontent.com": _OF_GITHUB,
    "token.actions.githubusercontent.com/*": _OF_GITHUB,
    "token.actions.*.ghe.com": _OF_GITHUB,
    "github.com/enterprises/*": _OF_GITHUB,
    "gitlab.com": _OF_GITLAB,
    "agent.buildkite.com": _OF_BUILDKITE,
    "agent.*.buildkite.dev": _OF_BUILDKITE,
    "agent.*.buildkite.site": _OF_BUILDKITE,
    "oidc.circleci.com/org/*": frozenset({"oidc.circleci.com/project-id"}),
    "accounts.google.com": frozenset({"google/organization_number"}),
    "graph.facebook.com": frozenset({"app_id", "id"}),
    "www.amazon.com": frozenset({"app_id", "user_id"}),
    "idcs-*.identity.oraclecloud.com": frozenset({"rpst_id"}),
}
Keys = dict[str, tuple[str, ...]]


def token_keys(provider: str, claims: Mapping[str, Any]) -> Iterator[Keys]:
    """What a token's claims are as condition keys: all of them, and those alone that AWS compares.

    The second only where it differs: AWS adds claims to its list, and a claim outside of it is a key that no
    request has.

    Args:
        provider: the ARN of an OIDC provider, or the name of one that AWS knows itself.
    """
    host = provider.partition(":oidc-provider/")[2] or provider
    known = _OF_EVERY_ISSUER.union(
        *(names for pattern, names in _OF_ISSUERS.items() if matches(pattern, host.lower()))
    )
    compared = {name: value for name, value in claims.items() if name.lower() in known}
    yield _keys(host, claims)
    if len(compared) < len(claims):
        yield _keys(host, compared)


def _keys(host: str, claims: Mapping[str, Any]) -> Keys:
    """`aud` is the claim azp where a token has one, and `oaud` is then the claim aud."""
    found = {
        f"{host}:{name}".lower(): tuple(map(_text, value)) if isinstance(value, list) else (_text(value),)
        for name, value in claims.items()
    }
    audience = f"{host}:aud".lower()
    if audience in found:
        found.setdefault(f"{host}:oaud".lower(), found[audience])
    if claims.get("azp"):
        found[audience] = (_text(claims["azp"]),)
    return found


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
