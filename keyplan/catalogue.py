"""The catalogue: what one environment has, typed. Pure data; `keyplan.checks` reads it from configuration.

An environment's configuration names its keys and their consumers (docs/catalogue.md). This module owns
the shapes that the rest of keyplan works with: every value here is checked, defaulted and immutable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeVar

from keyplan import names
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
from keyplan.durations import Duration
from keyplan.environ import base_urls
from keyplan.routes import Route, RouteSettings, variables


class Cloud(StrEnum):
    """Where an environment's keys are stored."""

    AWS = "aws"  # Secrets Manager
    GCP = "gcp"  # Google Cloud's Secret Manager


class ReminderMode(StrEnum):
    """How many alarms watch the age of the values."""

    PER_KEY = "perKey"  # two alarms and one metric for each key
    PER_ENVIRONMENT = "perEnvironment"  # one alarm and one metric, whose message lists the keys


class Runtime(StrEnum):
    """What a consumer runs in; it decides the principal, its trust and the wiring."""

    ECS = "ecs"
    LAMBDA = "lambda"
    EC2 = "ec2"
    EKS = "eks"
    IAM_ROLE = "iam-role"
    CODEBUILD = "codebuild"
    CLOUD_RUN = "cloud-run"
    CLOUD_RUN_JOB = "cloud-run-job"
    GKE = "gke"
    COMPUTE_ENGINE = "compute-engine"
    CLOUD_BUILD = "cloud-build"
    PEOPLE = "people"
    GITHUB_ACTIONS = "github-actions"
    GITLAB_CI = "gitlab-ci"
    CIRCLECI = "circleci"
    BUILDKITE = "buildkite"
    BITBUCKET_PIPELINES = "bitbucket-pipelines"
    AZURE_PIPELINES = "azure-pipelines"
    JENKINS = "jenkins"
    PULUMI_DEPLOYMENTS = "pulumi-deployments"


CI_RUNTIMES = frozenset(
    {
        Runtime.GITHUB_ACTIONS,
        Runtime.GITLAB_CI,
        Runtime.CIRCLECI,
        Runtime.BUILDKITE,
        Runtime.BITBUCKET_PIPELINES,
        Runtime.AZURE_PIPELINES,
        Runtime.JENKINS,
        Runtime.PULUMI_DEPLOYMENTS,
    }
)
# Where the others can be. People and CI runners read from either cloud: `cloud` says from which.
AWS_RUNTIMES = frozenset(
    {Runtime.ECS, Runtime.LAMBDA, Runtime.EC2, Runtime.EKS, Runtime.IAM_ROLE, Runtime.CODEBUILD}
)
GCP_RUNTIMES = frozenset(
    {Runtime.CLOUD_RUN, Runtime.CLOUD_RUN_JOB, Runtime.GKE, Runtime.COMPUTE_ENGINE, Runtime.CLOUD_BUILD}
)


def clouds_of(runtime: Runtime) -> tuple[Cloud, ...]:
    """The clouds that a consumer of this runtime can read from."""
    if runtime in AWS_RUNTIMES:
        return (Cloud.AWS,)
    return (Cloud.GCP,) if runtime in GCP_RUNTIMES else (Cloud.AWS, Cloud.GCP)


class ReadAt(StrEnum):
    """When an ECS task reads: it decides which of its two roles is the reader."""

    START = "start"  # the agent injects the value before the program runs: the execution role reads
    RUN = "run"  # the program asks for the value itself: the task role reads


class EksIdentity(StrEnum):
    """How a pod gets its role."""

    POD_IDENTITY = "pod-identity"
    IRSA = "irsa"


@dataclass(frozen=True)
class Key:
    """One vendor credential in one environment."""

    name: str  # its name in the catalogue, as every command takes it
    vendor: str  # a name in keyplan.vendors: `anthropic`, `anthropic-admin`, `gateway`, `generic`
    owner: str  # the address that reminders go to
    env_var: str  # the variable that programs read it from; also the field's name in the stored JSON
    secret_name: str  # the container's name on AWS: `prod/anthropic-api-key`
    rotate_every: Duration
    remind_before: Duration  # shorter than rotate_every
    grace: Duration  # how long the previous value stays usable after a rotation
    value_format: str | None  # a regular expression that a generic vendor's value matches as a whole
    lockdown: bool
    replicas: tuple[str, ...]  # further AWS regions that hold a copy
    former_names: tuple[str, ...] = ()  # what it was called before, the oldest first
    adopt: str | None = None  # ARN of a secret that exists already and is taken over
    organization: str | None = None  # anthropic: where its values have to belong
    workspace: str | None = None
    base_url: str | None = None  # gateway: where its token is sent, and nowhere else
    check_url: str | None = None  # generic: what answers whether a value is alive
    check_header: str | None = None  # the header that takes it there; `Authorization` takes it as Bearer

    @property
    def lasting_name(self) -> str:
        """What its names in the cloud are made of: a rename leaves them, so that nothing is replaced."""
        return self.former_names[0] if self.former_names else self.name

    @property
    def gcp_secret_id(self) -> str:
        """The container's id on Google Cloud: `prod-anthropic-api-key`."""
        return names.gcp_secret_id(self.secret_name)

    @property
    def url(self) -> str | None:
        """The address that its value is sent to besides the vendor's own; written on the secret itself."""
        return self.base_url or self.check_url

    @property
    def held(self) -> tuple[str, str, str, str | None]:
        """What `keyplan.environ` wants to know of a key that a program holds."""
        return (self.name, self.vendor, self.env_var, self.base_url)


@dataclass(frozen=True)
class EcsSettings:
    read_at: ReadAt
    role_arn: str | None  # an existing role to attach to, instead of a new one
    ecs_cluster: str | None = None  # the service to deploy again after a rotation, and its cluster
    ecs_service: str | None = None


@dataclass(frozen=True)
class RoleSettings:
    """lambda, ec2 (role_arn optional: a new role is made without it) and iam-role (role_arn required)."""

    role_arn: str | None
    function_name: str | None = None  # lambda: the function to start anew after a rotation


@dataclass(frozen=True)
class EksSettings:
    identity: EksIdentity
    cluster: str  # the cluster's name
    namespace: str
    service_account: str
    oidc_issuer: str | None  # irsa only: the cluster's issuer, https://oidc.eks.REGION.amazonaws.com/id/ID
    role_arn: str | None
    deployment: str | None = None  # the one to roll out again after a rotation


@dataclass(frozen=True)
class CodebuildSettings:
    project_name: str
    role_arn: str | None  # the project's service role, where it exists already


@dataclass(frozen=True)
class PeopleSettings:
    permission_set: str | None  # aws: the IAM Identity Center permission set that includes the policy
    members: tuple[str, ...] = ()  # gcp: `group:…` and `user:…`, at least one


@dataclass(frozen=True)
class ServiceAccountSettings:
    """cloud-run, cloud-run-job, compute-engine and cloud-build."""

    service_account: str | None  # the address of an existing service account; a new one is made without it
    service_name: str | None = None  # cloud-run, cloud-run-job: what is deployed again after a rotation


@dataclass(frozen=True)
class GkeSettings:
    namespace: str
    service_account: str  # the Kubernetes one
    project: str | None  # the id of the cluster's project, where it is not the environment's
    deployment: str | None = None  # the one to roll out again after a rotation


Settings = (
    EcsSettings
    | RoleSettings
    | EksSettings
    | PeopleSettings
    | ServiceAccountSettings
    | GkeSettings
    | GithubSettings
    | GitlabSettings
    | CircleciSettings
    | BuildkiteSettings
    | BitbucketSettings
    | AzurePipelinesSettings
    | JenkinsSettings
    | CodebuildSettings
    | PulumiDeploymentsSettings
)


def consumer_settings(settings: Settings) -> dict[str, Any]:
    """The runtime's fields as a catalogue spells them (`repositoryId`), without unset and empty ones."""
    result: dict[str, Any] = {}
    for each in fields(settings):
        value = getattr(settings, each.name)
        if value is None or value == ():
            continue
        first, *rest = each.name.split("_")
        spelling = first + "".join(word.capitalize() for word in rest)
        result[spelling] = list(value) if isinstance(value, tuple) else str(value)
    return result


@dataclass(frozen=True)
class Consumer:
    """A service, a CI runner or a group of people that reads keys."""

    name: str
    runtime: Runtime
    keys: tuple[str, ...]  # names of keys, in the catalogue's order; none only with a keyless route
    env: Mapping[str, str]  # plain variables that travel with the wiring; never a value
    settings: Settings
    former_names: tuple[str, ...] = ()  # what it was called before, the oldest first
    cloud: Cloud = Cloud.AWS  # where it reads: its runtime's cloud, or for people and CI runners a chosen one
    route: Route | None = None  # as the catalogue says it; None: by its keys, or there is no Claude client
    route_settings: RouteSettings | None = None  # with bedrock, vertex, foundry and federation

    @property
    def needs_principal(self) -> bool:
        """Whether a cloud has to know it: it reads keys, calls models there, or proves who it is with it.

        A CI runner's identity token for federation is its CI's own, and people have a login of their own.
        """
        called = (Route.BEDROCK, Cloud.AWS), (Route.VERTEX, Cloud.GCP)
        if self.keys or (self.route, self.cloud) in called:
            return True
        return self.runtime not in CI_RUNTIMES and self.runtime is not Runtime.PEOPLE

    @property
    def lasting_name(self) -> str:
        """What its names in the cloud are made of: a rename leaves them, so that nothing is replaced."""
        return self.former_names[0] if self.former_names else self.name


Entry = TypeVar("Entry", Key, Consumer)


def in_lasting_order(entries: Iterable[Entry]) -> list[Entry]:
    """By their names in the cloud: what is spread over several policies stays where it is after a rename."""
    return sorted(entries, key=lambda entry: entry.lasting_name)


@dataclass(frozen=True)
class GcpSettings:
    """What an environment says about Google Cloud; its project and region are `gcp:project`, `gcp:region`."""

    replication: tuple[str, ...]  # locations that hold the values; none: Google chooses
    kms_keys: tuple[str, ...]  # names of existing keys: one a location, in its order, or one; none: Google's
    operators: tuple[str, ...]  # IAM members that may store values and never read them
    auditors: tuple[str, ...]  # IAM members that see metadata and policies and never values
    data_access_logs: bool  # whether reads of Secret Manager are logged in the project


@dataclass(frozen=True)
class ClaudeCode:
    """How Claude Code authenticates in this environment."""

    route: Route
    key: str | None  # with direct and gateway


@dataclass(frozen=True)
class Catalogue:
    """One environment, checked as a whole."""

    environment: str
    clouds: tuple[Cloud, ...]  # the first is that of people and CI runners which name none
    owner: str  # the environment's owner: escalations, and reminders of keys without an owner of their own
    keys: Mapping[str, Key]  # by name, sorted
    consumers: Mapping[str, Consumer]  # by name, sorted
    reminders: ReminderMode
    escalate_after: Duration  # how long a key may be overdue before the environment's owner hears of it
    recovery_window_days: int  # 7 to 30: how long a deleted secret can be restored
    protect: bool  # whether Pulumi refuses to delete secrets and encryption keys
    break_glass_role: str | None  # aws: role ARN that lockdown leaves able to read; required with lockdown
    operators: tuple[str, ...]  # aws: ARNs of roles that get the operator policy
    auditors: tuple[str, ...]  # aws: ARNs that may assume the auditor role; none: whoever the account lets
    claude_code: ClaudeCode | None
    gcp: GcpSettings | None = None  # there if gcp is one of the clouds
    vendor_endpoints: Mapping[str, str] = field(default_factory=dict)  # vendor -> URL in place of its own
    env: Mapping[str, str] = field(default_factory=dict)  # plain variables of all consumers

    def plain_variables_of(self, consumer: Consumer) -> dict[str, str]:
        """The variables that travel with its wiring, by name: the environment's, its own, its route's, and
        the addresses of its gateways."""
        held = [self.keys[name].held for name in consumer.keys]
        own = {**self.env, **consumer.env, **variables(consumer.route_settings), **base_urls(held)}
        return dict(sorted(own.items()))

    def readers_of(self, key: str) -> tuple[Consumer, ...]:
        """The consumers that read `key`, by name."""
        return tuple(consumer for consumer in self.consumers.values() if key in consumer.keys)

    def consumers_in(self, cloud: Cloud) -> tuple[Consumer, ...]:
        """The consumers that read from `cloud`, by name."""
        return tuple(consumer for consumer in self.consumers.values() if consumer.cloud is cloud)
