"""The trusts of CI runners: which job of which repository may become a reader. Pure; a module an issuer.

Each provider's token names its job in `sub`; the forms are the providers' own (docs/aws.md lists them). A
consumer always names branches, tags or a deployment environment: a trust in a whole repository would let
the code of any pull request read the keys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from components.aws.account import Account
from components.aws.ci.trusts import (
    azure,
    bitbucket,
    buildkite,
    circleci,
    github,
    gitlab,
    jenkins,
    pulumi_deployments,
)
from components.aws.ci.trusts.identity import CiIdentity
from components.aws.policy.documents import Document
from components.aws.policy.trusts import condition, issuer_host, literal, provider_arn, statement_document
from keyplan.catalogue import Consumer
from keyplan.ci_settings import (
    AzurePipelinesSettings,
    BitbucketSettings,
    BuildkiteSettings,
    CircleciSettings,
    GithubSettings,
    GitlabSettings,
    JenkinsSettings,
    PulumiDeploymentsSettings,
)
from keyplan.errors import UsageError

__all__ = ["CiIdentity", "ci_identity", "ci_trust"]


def ci_identity(consumer: Consumer) -> CiIdentity:
    """The identity of a CI consumer's jobs.

    Raises:
        UsageError: it names no branch, no tag and no deployment environment.
        TypeError: the consumer's runtime is no CI provider.
    """
    settings: Any = consumer.settings
    build = _BUILDERS.get(type(settings))
    if build is None:
        raise TypeError(f"consumer {consumer.name} does not run in CI")
    identity = build(settings)
    if not all(values for _, values in identity.claims):
        raise UsageError(
            f"consumer `{consumer.name}` names no branch, tag or deployment environment that may read",
            f"add `branches: [main]` to consumer `{consumer.name}`",
        )
    return identity


def ci_trust(account: Account, identity: CiIdentity) -> Document:
    """The trust policy of a CI reader's role: audience and every claim must match."""
    host = issuer_host(identity.issuer)
    conditions: dict[str, dict[str, Any]] = {}
    for claim, values in (("aud", (literal(identity.audience),)), *identity.claims):
        operator, listed = condition(values)
        conditions.setdefault(operator, {})[f"{host}:{claim}"] = listed if len(listed) > 1 else listed[0]
    if identity.excluded_subjects:
        conditions["StringNotLike"] = {f"{host}:sub": list(identity.excluded_subjects)}
    return statement_document(
        "JobsOfThisRepository",
        {"Federated": provider_arn(account, host)},
        ["sts:AssumeRoleWithWebIdentity"],
        conditions,
    )


_BUILDERS: dict[type, Callable[[Any], CiIdentity]] = {
    GithubSettings: github.identity,
    GitlabSettings: gitlab.identity,
    CircleciSettings: circleci.identity,
    BuildkiteSettings: buildkite.identity,
    BitbucketSettings: bitbucket.identity,
    AzurePipelinesSettings: azure.identity,
    JenkinsSettings: jenkins.identity,
    PulumiDeploymentsSettings: pulumi_deployments.identity,
}
