"""Tokens as each CI signs them: those of a reader's own jobs, and those that its trust should not take. Pure.

Only as facts about the issuers, not about keyplan's trusts: a trust that somebody changed is weighed by the
same tokens as one that keyplan wrote. One module for each CI, which tells its tokens for the settings of a
consumer; `token` is what they share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from keyplan.audit.gate.tokens import (
    azure,
    bitbucket,
    buildkite,
    circleci,
    github,
    gitlab,
    jenkins,
    kubernetes,
    pulumi_deployments,
)
from keyplan.audit.gate.tokens.token import COMMIT, FOREIGN, STRANGER, STS, Built, Claims, Settings, Token
from keyplan.manifest.model import ManifestConsumer

__all__ = ["FOREIGN", "STRANGER", "STS", "Issuer", "Token", "issuer_of", "strangers"]
_BUILDERS: dict[str, Callable[[Settings], Built]] = {
    "github-actions": github.tokens,
    "gitlab-ci": gitlab.tokens,
    "circleci": circleci.tokens,
    "buildkite": buildkite.tokens,
    "bitbucket-pipelines": bitbucket.tokens,
    "azure-pipelines": azure.tokens,
    "jenkins": jenkins.tokens,
    "pulumi-deployments": pulumi_deployments.tokens,
    "eks": kubernetes.tokens,  # with the identity irsa; Pod Identity has no issuer among its settings
}


@dataclass(frozen=True)
class Issuer:
    """Who signs a consumer's tokens, and examples of them."""

    host: str  # the issuer's address without https://, as condition keys begin with it
    tokens: tuple[Token, ...]


def issuer_of(consumer: ManifestConsumer) -> Issuer | None:
    """The tokens that are about a consumer; None: no token of an OIDC provider makes its reader.

    A manifest whose settings say too little gives None as well.
    """
    build = _BUILDERS.get(consumer.runtime)
    if build is None:
        return None
    try:
        address, audience, tokens = build(consumer.settings)
    except (KeyError, TypeError, AttributeError, ValueError):
        return None
    found = [Token({"aud": audience, **token.claims}, token.code, token.whose) for token in tokens]
    own = {tuple(sorted(token.claims.items())) for token in found if token.code is None}
    kept = [each for each in found if each.code is None or tuple(sorted(each.claims.items())) not in own]
    return Issuer(address.removeprefix("https://").rstrip("/"), tuple(kept))


def strangers(host: str) -> Iterator[Claims]:
    """Tokens that no job of the environment's owner could have, of any issuer."""
    for subject in (
        STRANGER,
        f"repo:{STRANGER}/{STRANGER}:ref:refs/heads/main",
        f"repo:{STRANGER}/{STRANGER}:environment:production",
        f"repo:{STRANGER}/{STRANGER}:pull_request",
        f"project_path:{STRANGER}/{STRANGER}:ref_type:branch:ref:main",
        f"organization:{STRANGER}:pipeline:{STRANGER}:ref:refs/heads/main:commit:{COMMIT}:step:x",
        f"pulumi:deploy:org:{STRANGER}:project:{STRANGER}:stack:prod:operation:update:scope:write",
        f"organization:{STRANGER}:project:{STRANGER}:workspace:{STRANGER}:run_phase:apply",
    ):
        ref = {"ref": "refs/heads/main", "environment": "production"} if host.endswith("github.com") else {}
        yield {"sub": subject, **ref}
