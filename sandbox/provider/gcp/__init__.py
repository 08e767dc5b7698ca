"""Every resource type of Google Cloud that the sandbox knows, by its Pulumi type token."""

from __future__ import annotations

from sandbox.provider.gcp.accounts import Account
from sandbox.provider.gcp.functions import Function
from sandbox.provider.gcp.logs import Metric
from sandbox.provider.gcp.members import (
    AccountMember,
    BucketMember,
    FunctionMember,
    ProjectMember,
    RunMember,
    RunServiceMember,
    SecretIamBinding,
    SecretIamMember,
    TopicMember,
)
from sandbox.provider.gcp.monitoring import AlertPolicy, NotificationChannel
from sandbox.provider.gcp.pools import WorkloadIdentityPool, WorkloadIdentityPoolProvider
from sandbox.provider.gcp.projects import AuditConfig, Service
from sandbox.provider.gcp.resource import GoogleType
from sandbox.provider.gcp.roles import CustomRole
from sandbox.provider.gcp.scheduler import Job
from sandbox.provider.gcp.secrets import Secret
from sandbox.provider.gcp.storage import Bucket, BucketObject
from sandbox.provider.gcp.topics import Topic

HANDLERS: dict[str, GoogleType] = {
    handler.kind: handler
    for handler in (
        Account(),
        AccountMember(),
        AlertPolicy(),
        AuditConfig(),
        Bucket(),
        BucketMember(),
        BucketObject(),
        CustomRole(),
        Function(),
        FunctionMember(),
        Job(),
        Metric(),
        NotificationChannel(),
        ProjectMember(),
        RunMember(),
        RunServiceMember(),
        Secret(),
        SecretIamBinding(),
        SecretIamMember(),
        Service(),
        Topic(),
        TopicMember(),
        WorkloadIdentityPool(),
        WorkloadIdentityPoolProvider(),
    )
}
