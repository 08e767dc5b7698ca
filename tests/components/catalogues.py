"""Catalogues for the components' tests: plain values, and the consumers of every runtime."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from components.aws.account import Account
from components.aws.policy.grants import Room
from components.aws.policy.quotas import INLINE_POLICIES_OF_ROLE_CHARACTERS, MANAGED_POLICIES_PER_ROLE
from keyplan.catalogue import (
    Catalogue,
    Cloud,
    CodebuildSettings,
    Consumer,
    EcsSettings,
    EksIdentity,
    EksSettings,
    Key,
    PeopleSettings,
    ReadAt,
    ReminderMode,
    RoleSettings,
    Runtime,
    Settings,
)
from keyplan.ci_settings import (
    BuildkiteSettings,
    CircleciSettings,
    GithubSettings,
    GitlabSettings,
    PulumiDeploymentsSettings,
)
from keyplan.durations import Duration
from keyplan.names import secret_name

ACCOUNT = Account("123456789012", "aws", "eu-west-1")
CHINA = Account("123456789012", "aws-cn", "cn-north-1")
ROLE = "arn:aws:iam::123456789012:role/"
ORGANIZATION, PROJECT = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"


def key(name: str = "anthropic", environment: str = "prod", **fields: Any) -> Key:
    """A key of the Anthropic vendor; `fields` replace what it has by default."""
    plain = Key(
        name=name,
        vendor="anthropic",
        owner="ml@example.com",
        env_var="ANTHROPIC_API_KEY",
        secret_name=secret_name(environment, name),
        rotate_every=Duration.parse("90d"),
        remind_before=Duration.parse("14d"),
        grace=Duration.parse("7d"),
        value_format=None,
        lockdown=False,
        replicas=(),
    )
    return replace(plain, **fields)


GATEWAY = key(
    "llm-gateway",
    vendor="gateway",
    env_var="ANTHROPIC_AUTH_TOKEN",
    base_url="https://llm.example.com/anthropic",
)
ROUTER = key(
    "openrouter",
    vendor="generic",
    env_var="OPENROUTER_API_KEY",
    check_url="https://openrouter.ai/api/v1/key",
    check_header="Authorization",
)
# A key of every vendor; each with an address of its own where its values go.
EVERY_VENDOR = [
    key(organization="1f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f", workspace="wrkspc_01JwExample"),
    key("anthropic-admin", vendor="anthropic-admin", env_var="ANTHROPIC_ADMIN_API_KEY"),
    GATEWAY,
    ROUTER,
]


def consumer(name: str, runtime: Runtime, settings: Settings, *keys: str) -> Consumer:
    """A consumer of the given keys, or of `anthropic`."""
    return Consumer(name, runtime, keys or ("anthropic",), {}, settings)


def catalogue(
    keys: list[Key] | None = None, consumers: list[Consumer] | None = None, **fields: Any
) -> Catalogue:
    """The environment `prod`; `fields` replace what it has by default."""
    plain = Catalogue(
        environment="prod",
        clouds=(Cloud.AWS,),
        owner="platform@example.com",
        keys={each.name: each for each in ([key()] if keys is None else keys)},
        consumers={each.name: each for each in (consumers or [])},
        reminders=ReminderMode.PER_KEY,
        escalate_after=Duration.parse("7d"),
        recovery_window_days=30,
        protect=True,
        break_glass_role=None,
        operators=(),
        auditors=(),
        claude_code=None,
    )
    return replace(plain, **fields)


def github(**fields: Any) -> GithubSettings:
    """The jobs of example/evals on its branch main; `fields` replace what it has by default."""
    plain = GithubSettings(
        repository="example/evals",
        repository_id="123456",
        repository_owner_id="77",
        environment=None,
        branches=("main",),
        tags=(),
    )
    return replace(plain, **fields)


def eks(identity: EksIdentity, issuer: str | None = None) -> EksSettings:
    """The service account `chat` of the cluster `blue`."""
    return EksSettings(identity, "blue", "web", "chat", issuer, None)


IRSA_ISSUER = "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"

EVERY_RUNTIME = [
    consumer("start", Runtime.ECS, EcsSettings(ReadAt.START, None)),
    consumer("run", Runtime.ECS, EcsSettings(ReadAt.RUN, None)),
    consumer("lambda", Runtime.LAMBDA, RoleSettings(None)),
    consumer("vm", Runtime.EC2, RoleSettings(None)),
    consumer("pods", Runtime.EKS, eks(EksIdentity.POD_IDENTITY)),
    consumer("irsa", Runtime.EKS, eks(EksIdentity.IRSA, IRSA_ISSUER)),
    consumer("batch", Runtime.IAM_ROLE, RoleSettings(ROLE + "jobs/nightly")),
    consumer("research", Runtime.PEOPLE, PeopleSettings("Research")),
    consumer("evals", Runtime.GITHUB_ACTIONS, github()),
    consumer(
        "gitlab",
        Runtime.GITLAB_CI,
        GitlabSettings("group/evals", ("main",), (), "https://gitlab.example.com"),
    ),
    consumer("circle", Runtime.CIRCLECI, CircleciSettings(ORGANIZATION, PROJECT)),
    consumer("kite", Runtime.BUILDKITE, BuildkiteSettings("example", "evals", ("main", "release/*"))),
    consumer("builds", Runtime.CODEBUILD, CodebuildSettings("evals", None)),
    consumer(
        "stack",
        Runtime.PULUMI_DEPLOYMENTS,
        PulumiDeploymentsSettings("example", "evals", "prod", ("update", "refresh")),
    ),
]

# How much policy a principal takes, by kind.
OWN_ROLE = Room(INLINE_POLICIES_OF_ROLE_CHARACTERS, MANAGED_POLICIES_PER_ROLE)
OWN_ROLE_WITH_AWS_POLICY = Room(INLINE_POLICIES_OF_ROLE_CHARACTERS, MANAGED_POLICIES_PER_ROLE - 1)
MANAGED_ONLY = Room(0, MANAGED_POLICIES_PER_ROLE)


def many(count: int, consumers: list[Consumer] | None = None) -> Catalogue:
    """`count` keys with names like `service-123`; each consumer reads all of them."""
    keys = [key(f"service-{number:03}", env_var=f"SERVICE_{number:03}_API_KEY") for number in range(count)]
    names = tuple(each.name for each in keys)
    return catalogue(keys, [replace(each, keys=names) for each in consumers or []])
