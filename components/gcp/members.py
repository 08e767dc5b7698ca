"""Who a consumer is for IAM on Google Cloud, and as whom the audit log names its reads. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from components.gcp.project import IAM_HOST, Project, pool_name
from keyplan.catalogue import (
    CI_RUNTIMES,
    Consumer,
    GkeSettings,
    PeopleSettings,
    ServiceAccountSettings,
)
from keyplan.errors import UsageError
from keyplan.names import attribute_name, service_account_id, workload_identity_pool_id


@dataclass(frozen=True)
class Signature:
    """How the audit log names a reader: addresses that are compared whole, and patterns of subjects.

    Source: Cloud Audit Logs, AuthenticationInfo: principalEmail for users and service accounts,
    principalSubject for federated identities (checked 2026-11-21).
    """

    emails: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()  # regular expressions, RE2, anchored


def own_account_id(environment: str, consumer: Consumer) -> str | None:
    """The id of the service account that keyplan makes for a consumer; None where it needs none."""
    settings = consumer.settings
    if isinstance(settings, ServiceAccountSettings) and settings.service_account is None:
        return service_account_id(environment, consumer.lasting_name)
    return None


def members_of(project: Project, environment: str, consumer: Consumer) -> tuple[str, ...]:
    """The members that get the accessor role on the consumer's secrets; one, but for people.

    A CI runner's principals are those with the attribute that only its own provider maps: a token that
    another consumer's provider accepted has no such attribute, be it of the same repository.
    """
    settings = consumer.settings
    if isinstance(settings, ServiceAccountSettings):
        return (f"serviceAccount:{_account_email(project, environment, consumer, settings)}",)
    if isinstance(settings, GkeSettings):
        return (f"principal://{IAM_HOST}/{_gke_pool(project, settings)}/subject/{_gke_subject(settings)}",)
    if isinstance(settings, PeopleSettings):
        return settings.members
    if consumer.runtime in CI_RUNTIMES:
        from components.gcp.ci.trusts import ci_identity

        identity = ci_identity(consumer)
        attribute = f"attribute.{attribute_name(consumer.lasting_name)}/{identity.immutable_value}"
        return (f"principalSet://{IAM_HOST}/{_ci_pool(project, environment)}/{attribute}",)
    raise UsageError(f"consumer `{consumer.name}` runs as `{consumer.runtime}`, which reads on AWS only")


def signature_of(project: Project, environment: str, consumer: Consumer) -> Signature:
    """As whom the audit log names the consumer's reads.

    A group's members are named one by one there, and nothing here knows who they are: each of their reads is
    reported. `user:` members are known.
    """
    settings = consumer.settings
    if isinstance(settings, ServiceAccountSettings):
        return Signature(emails=(_account_email(project, environment, consumer, settings),))
    if isinstance(settings, PeopleSettings):
        users = (member.partition(":")[2] for member in settings.members if member.startswith("user:"))
        return Signature(emails=tuple(users))
    if isinstance(settings, GkeSettings):
        pool, namespace, account = _gke_pool(project, settings), settings.namespace, settings.service_account
        direct = f"principal://{IAM_HOST}/{pool}/subject/{_gke_subject(settings)}"
        # The older spelling of the same subject.
        older = f"serviceAccount:{pool.rpartition('/')[2]}[{namespace}/{account}]"
        return Signature(subjects=(f"^{re.escape(direct)}$", f"^{re.escape(older)}$"))
    subject = f"principal://{IAM_HOST}/{_ci_pool(project, environment)}/subject/{consumer.lasting_name}:"
    return Signature(subjects=(f"^{re.escape(subject)}",))


def _account_email(
    project: Project, environment: str, consumer: Consumer, settings: ServiceAccountSettings
) -> str:
    if settings.service_account is not None:
        return settings.service_account
    return project.service_account(service_account_id(environment, consumer.lasting_name))


def _gke_pool(project: Project, settings: GkeSettings) -> str:
    """Every project with clusters has one pool, named after its id, in the project that the number says.

    Source: GKE, "Authenticate to Google Cloud APIs from GKE workloads", principal identifiers (2026-11-21).
    """
    owner = settings.project or project.project_id
    return pool_name(project.number_of(owner), f"{owner}.svc.id.goog")


def _gke_subject(settings: GkeSettings) -> str:
    return f"ns/{settings.namespace}/sa/{settings.service_account}"


def _ci_pool(project: Project, environment: str) -> str:
    return project.pool(workload_identity_pool_id(environment))
