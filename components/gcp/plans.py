"""What an environment's principals get on Google Cloud, decided and checked before the first resource. Pure.

A plan that does not fit into Google's limits, or that nothing could be granted with, is an error here: at
preview, with nothing created.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.gcp.ci.trusts import CiIdentity, ci_identity
from components.gcp.labels import labels, secret_annotations
from components.gcp.members import Signature, members_of, own_account_id, signature_of
from components.gcp.project import Project
from components.gcp.quotas import ANNOTATIONS_BYTES, PRINCIPALS_PER_POLICY, require_room
from keyplan.catalogue import (
    CI_RUNTIMES,
    Catalogue,
    Cloud,
    Consumer,
    GcpSettings,
    Key,
    Runtime,
    in_lasting_order,
)
from keyplan.errors import UsageError
from keyplan.names import (
    attribute_name,
    gcp_auditor_role_id,
    gcp_caller_role_id,
    gcp_operator_role_id,
    workload_identity_pool_id,
    workload_identity_provider_id,
)
from keyplan.routes import VertexRoute

# The only role that gives a value out, and the reason why it is granted on secrets and never on the project.
ACCESSOR_ROLE = "roles/secretmanager.secretAccessor"
# What `keyplan put`, `rotate`, `rollback`, `retire`, `revoke` and `restore` do: versions are added, enabled
# and disabled, and aliases move. Nothing that gives a value out, destroys one or changes who may.
# Source: Secret Manager, "Access control with IAM", permissions by method (checked 2026-11-21).
OPERATOR_PERMISSIONS = (
    "secretmanager.secrets.get",
    "secretmanager.secrets.list",
    "secretmanager.secrets.update",
    "secretmanager.versions.add",
    "secretmanager.versions.disable",
    "secretmanager.versions.enable",
    "secretmanager.versions.get",
    "secretmanager.versions.list",
)
# What `keyplan audit` looks at: who may do what to the secrets, and what watches them.
AUDITOR_PERMISSIONS = (
    "cloudfunctions.functions.get",
    "cloudscheduler.jobs.get",
    "iam.roles.get",
    "iam.roles.list",
    "iam.serviceAccounts.get",
    "iam.serviceAccounts.getIamPolicy",
    "iam.serviceAccounts.list",
    "iam.workloadIdentityPoolProviders.get",
    "iam.workloadIdentityPoolProviders.list",
    "iam.workloadIdentityPools.get",
    "iam.workloadIdentityPools.list",
    "logging.logMetrics.get",
    "monitoring.alertPolicies.get",
    "monitoring.alertPolicies.list",
    "monitoring.notificationChannels.get",
    "monitoring.notificationChannels.list",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "secretmanager.secrets.get",
    "secretmanager.secrets.getIamPolicy",
    "secretmanager.secrets.list",
    "secretmanager.versions.get",
    "secretmanager.versions.list",
)

# What a call of Claude on Vertex AI takes, streamed or not, and counting its tokens; the predefined role
# `roles/aiplatform.user` has hundreds more. Google has no permission for one publisher's models.
# Source: Claude Code documentation, "Google Vertex AI", IAM configuration; Vertex AI, "Access control with
# IAM" (checked 2026-11-21).
CALLER_PERMISSIONS = ("aiplatform.endpoints.predict",)


@dataclass(frozen=True)
class CallerRole:
    """The custom role of consumers that call models."""

    project_id: str  # where the models are called: a role of another project cannot be bound there
    role_id: str


@dataclass(frozen=True)
class GcpReaderPlan:
    """One consumer's identity, and what it is granted."""

    consumer: Consumer
    keys: tuple[Key, ...]  # in their lasting order
    account_id: str | None  # of the service account to make; None: none is needed, or it exists
    members: tuple[str, ...]  # what the accessor role is granted to
    identity: CiIdentity | None  # who signs a CI runner's tokens, and which are accepted
    provider_id: str | None  # of that runner's provider in the environment's pool
    provider: str | None  # the provider's full name, as runners ask for tokens with it
    signature: Signature
    caller: CallerRole | None  # with the route vertex

    @property
    def member(self) -> str | None:
        """The one member of a service or a runner; None for people."""
        return None if self.is_people else self.members[0]

    @property
    def is_people(self) -> bool:
        """Whether the members are people, of whom there can be several."""
        return self.consumer.runtime is Runtime.PEOPLE


@dataclass(frozen=True)
class GcpPlan:
    """Everything about an environment on Google Cloud that is known before anything is made."""

    settings: GcpSettings
    readers: Mapping[str, GcpReaderPlan]  # by consumer, of those that Google has to know
    pool_id: str | None  # None: no CI runner needs one
    caller: CallerRole | None  # None: no consumer calls models here
    accessors: Mapping[str, tuple[str, ...]]  # by key: every member that may read it, sorted
    operator_role_id: str
    auditor_role_id: str


def plan_gcp(catalogue: Catalogue, project: Project) -> GcpPlan:
    """Decide every name, member and condition of an environment.

    Raises:
        GoogleQuotaExceeded: something does not fit into Google's limits.
        UsageError: a consumer names nothing that could be granted, or a label cannot hold a name.
    """
    settings = catalogue.gcp
    if settings is None:
        raise ValueError(f"environment {catalogue.environment} has no settings of Google Cloud")
    consumers = in_lasting_order(catalogue.consumers_in(Cloud.GCP))
    readers = {
        consumer.name: _reader_plan(catalogue, project, consumer)
        for consumer in consumers
        if consumer.needs_principal
    }
    _check_attributes(readers)
    for key in catalogue.keys.values():
        _check_key(catalogue, key)
    accessors = {name: _accessors(catalogue, settings, name, readers) for name in catalogue.keys}
    has_runners = any(plan.identity is not None for plan in readers.values())
    return GcpPlan(
        settings=settings,
        readers=readers,
        pool_id=workload_identity_pool_id(catalogue.environment) if has_runners else None,
        caller=_caller(catalogue.environment, readers),
        accessors=accessors,
        operator_role_id=gcp_operator_role_id(catalogue.environment),
        auditor_role_id=gcp_auditor_role_id(catalogue.environment),
    )


def _reader_plan(catalogue: Catalogue, project: Project, consumer: Consumer) -> GcpReaderPlan:
    environment = catalogue.environment
    members = members_of(project, environment, consumer)
    if not members:
        raise UsageError(
            f"consumer `{consumer.name}` of {environment} names nobody who could read on Google Cloud",
            f"add `members: ['group:NAME@example.com']` to consumer `{consumer.name}`",
        )
    identity = ci_identity(consumer) if consumer.runtime in CI_RUNTIMES else None
    provider_id = None if identity is None else workload_identity_provider_id(consumer.lasting_name)
    pool = project.pool(workload_identity_pool_id(environment))
    return GcpReaderPlan(
        consumer=consumer,
        keys=tuple(in_lasting_order(catalogue.keys[name] for name in consumer.keys)),
        account_id=own_account_id(environment, consumer),
        members=members,
        identity=identity,
        provider_id=provider_id,
        provider=None if provider_id is None else f"{pool}/providers/{provider_id}",
        signature=signature_of(project, environment, consumer),
        caller=_caller_role(project, environment, consumer),
    )


def _caller_role(project: Project, environment: str, consumer: Consumer) -> CallerRole | None:
    route = consumer.route_settings
    if not isinstance(route, VertexRoute):
        return None
    return CallerRole(route.project, gcp_caller_role_id(environment, route.project, project.project_id))


def _caller(environment: str, readers: Mapping[str, GcpReaderPlan]) -> CallerRole | None:
    """The one role that all callers share: an environment describes its route vertex once."""
    callers = [plan for plan in readers.values() if plan.caller is not None]
    require_room(
        sum(len(plan.members) for plan in callers),
        PRINCIPALS_PER_POLICY,
        "members",
        f"the policy of the project in which {environment} calls models",
        "put the people who call models into groups",
    )
    return callers[0].caller if callers else None


def _check_attributes(readers: Mapping[str, GcpReaderPlan]) -> None:
    """An attribute or a provider that two runners share would let each read what the other may."""
    taken: dict[str, str] = {}
    for name, plan in readers.items():
        if plan.provider_id is None:
            continue
        for what in (plan.provider_id, f"attribute.{attribute_name(plan.consumer.lasting_name)}"):
            other = taken.setdefault(what, name)
            if other != name:
                raise UsageError(
                    f"consumers `{other}` and `{name}` would share `{what}` of the workload identity pool",
                    f"give consumer `{name}` another name",
                )


def _check_key(catalogue: Catalogue, key: Key) -> None:
    labels(catalogue.environment, key.vendor)
    written = sum(len(f"{name}{text}".encode()) for name, text in secret_annotations(key).items())
    require_room(
        written, ANNOTATIONS_BYTES, "bytes of annotations", f"the secret of key `{key.name}`", "shorten them"
    )


def _accessors(
    catalogue: Catalogue, settings: GcpSettings, key: str, readers: Mapping[str, GcpReaderPlan]
) -> tuple[str, ...]:
    members = sorted(
        {member for plan in readers.values() if key in plan.consumer.keys for member in plan.members}
    )
    # All roles of the secret's policy count together: the operators' too, and the reminder's own.
    require_room(
        len(members) + len(settings.operators) + 1,
        PRINCIPALS_PER_POLICY,
        "members",
        f"the policy of the secret of key `{key}` of {catalogue.environment}",
        f"put the people and operators of key `{key}` into groups",
    )
    return tuple(members)
