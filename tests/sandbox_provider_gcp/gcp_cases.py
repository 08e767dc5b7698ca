"""Sensible inputs of every resource type, what it needs first, and what changes of it look like."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.provider import Provider
from sandbox.provider.archives import hashed
from sandbox.provider.values import ARCHIVE_SIGNATURE, ASSET_SIGNATURE, SIGNATURE_KEY

PROJECT = "keyplan-sandbox"
REGION = "europe-west1"
ADA = "user:ada@example.com"
BOB = "user:bob@example.com"
ACCESSOR = "roles/secretmanager.secretAccessor"
CONDITION = {"title": "office", "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")'}


def archive(text: str) -> dict[str, Any]:
    asset = {SIGNATURE_KEY: ASSET_SIGNATURE, "text": text}
    packed = hashed({SIGNATURE_KEY: ARCHIVE_SIGNATURE, "assets": {"main.py": asset}}, Path())
    return dict(packed)


@dataclass(frozen=True)
class Case:
    """One type. `$NAME.output` in a text stands for an output of a needed resource, `$NAME.id` for its id."""

    inputs: dict[str, Any]
    changes: dict[str, Any] = field(default_factory=dict)
    replaced: dict[str, Any] = field(default_factory=dict)
    """A change that needs a new resource."""
    needs: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    gone: bool = True
    """Whether reading it after its deletion says that it is gone."""
    importable: bool = True


SECRET = ("gcp:secretmanager/secret:Secret", {"secretId": "prod-a", "replication": {"auto": {}}})
OTHER_SECRET = ("gcp:secretmanager/secret:Secret", {"secretId": "prod-b", "replication": {"auto": {}}})
ACCOUNT = ("gcp:serviceaccount/account:Account", {"accountId": "web-reader"})
POOL = ("gcp:iam/workloadIdentityPool:WorkloadIdentityPool", {"workloadIdentityPoolId": "keyplan-prod"})
TOPIC = ("gcp:pubsub/topic:Topic", {"name": "events"})
BUCKET = ("gcp:storage/bucket:Bucket", {"name": "keyplan-source", "location": REGION})
OBJECT = (
    "gcp:storage/bucketObject:BucketObject",
    {"bucket": "keyplan-source", "name": "source.zip", "source": archive("1")},
)
CHANNEL = (
    "gcp:monitoring/notificationChannel:NotificationChannel",
    {"type": "email", "displayName": "ada", "labels": {"email_address": "ada@example.com"}},
)
BUILD = {
    "runtime": "python312",
    "entryPoint": "main",
    "source": {"storageSource": {"bucket": "keyplan-source", "object": "source.zip"}},
}
FUNCTION = (
    "gcp:cloudfunctionsv2/function:Function",
    {"name": "ages", "location": REGION, "buildConfig": BUILD},
)
LOG_CONDITION = {
    "displayName": "line",
    "conditionMatchedLog": {
        "filter": 'jsonPayload.kind="overdue"',
        "labelExtractors": {"key": "EXTRACT(jsonPayload.key)"},
    },
}
OIDC = {"issuerUri": "https://token.actions.githubusercontent.com"}
MAPPING = {"google.subject": "assertion.sub", "attribute.web": "assertion.repository_id"}

CASES: dict[str, Case] = {
    "gcp:cloudfunctionsv2/function:Function": Case(
        {
            "name": "ages",
            "location": REGION,
            "description": "how old values are",
            "labels": {"environment": "prod"},
            "buildConfig": BUILD,
            "serviceConfig": {
                "environmentVariables": {"A": "1"},
                "minInstanceCount": 0,
                "timeoutSeconds": 120,
            },
        },
        {
            "labels": {"environment": "dev", "managed-by": "keyplan"},
            "serviceConfig": {"environmentVariables": {"A": "2"}},
        },
        {"location": "europe-west4"},
        {"bucket": BUCKET, "object": OBJECT},
    ),
    "gcp:cloudfunctionsv2/functionIamMember:FunctionIamMember": Case(
        {"cloudFunction": "ages", "location": REGION, "role": "roles/cloudfunctions.invoker", "member": ADA},
        {},
        {"member": BOB},
        {"bucket": BUCKET, "object": OBJECT, "function": FUNCTION},
    ),
    "gcp:cloudrun/iamMember:IamMember": Case(
        {"service": "ages", "role": "roles/run.invoker", "member": ADA},
        {},
        {"member": BOB},
        {"bucket": BUCKET, "object": OBJECT, "function": FUNCTION},
    ),
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": Case(
        {
            "name": "$function.serviceConfig.service",
            "location": REGION,
            "role": "roles/run.invoker",
            "member": ADA,
        },
        {},
        {"member": BOB},
        {"bucket": BUCKET, "object": OBJECT, "function": FUNCTION},
    ),
    "gcp:cloudscheduler/job:Job": Case(
        {
            "name": "ages",
            "schedule": "0 */6 * * *",
            "description": "asks",
            "httpTarget": {
                "uri": "https://example.com/",
                "oidcToken": {"serviceAccountEmail": "x@y.iam.gserviceaccount.com"},
            },
            "retryConfig": {"retryCount": 3},
        },
        {"schedule": "0 */4 * * *", "paused": True, "attemptDeadline": "300s"},
        {"region": "europe-west4"},
    ),
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": Case(
        {"workloadIdentityPoolId": "keyplan-prod", "displayName": "keyplan prod"},
        {"displayName": "keyplan", "description": "runners", "disabled": True},
        {"workloadIdentityPoolId": "keyplan-dev"},
    ),
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": Case(
        {
            "workloadIdentityPoolId": "keyplan-prod",
            "workloadIdentityPoolProviderId": "github-web",
            "attributeMapping": MAPPING,
            "attributeCondition": "assertion.repository_id == '1'",
            "oidc": OIDC,
        },
        {"attributeCondition": "assertion.repository_id == '2'", "displayName": "web"},
        {"workloadIdentityPoolProviderId": "github-other"},
        {"pool": POOL},
    ),
    "gcp:logging/metric:Metric": Case(
        {
            "name": "keyplan/heartbeat",
            "filter": 'jsonPayload.kind="heartbeat"',
            "metricDescriptor": {"metricKind": "DELTA", "valueType": "INT64", "labels": [{"key": "kind"}]},
            "labelExtractors": {"kind": "EXTRACT(jsonPayload.kind)"},
        },
        {"filter": 'jsonPayload.kind="alive"', "description": "lives"},
        {"name": "keyplan/other"},
    ),
    "gcp:monitoring/alertPolicy:AlertPolicy": Case(
        {
            "displayName": "overdue",
            "combiner": "OR",
            "conditions": [LOG_CONDITION],
            "alertStrategy": {"notificationRateLimit": {"period": "3600s"}, "autoClose": "604800s"},
            "documentation": {"content": "rotate it", "subject": "overdue"},
            "notificationChannels": ["$channel.name"],
            "userLabels": {"environment": "prod"},
        },
        {
            "displayName": "overdue keys",
            "enabled": False,
            "conditions": [{**LOG_CONDITION, "displayName": "another"}],
            "documentation": {"content": "rotate it now"},
        },
        {},
        {"channel": CHANNEL},
    ),
    "gcp:monitoring/notificationChannel:NotificationChannel": Case(
        {"type": "email", "displayName": "ada", "labels": {"email_address": "ada@example.com"}},
        {"displayName": "bob", "labels": {"email_address": "bob@example.com"}, "enabled": False},
        {"type": "pubsub"},
    ),
    "gcp:projects/iAMAuditConfig:IAMAuditConfig": Case(
        {
            "project": PROJECT,
            "service": "secretmanager.googleapis.com",
            "auditLogConfigs": [{"logType": "DATA_READ"}],
        },
        {"auditLogConfigs": [{"logType": "DATA_WRITE"}, {"logType": "DATA_READ", "exemptedMembers": [ADA]}]},
        {"service": "iam.googleapis.com"},
    ),
    "gcp:projects/iAMCustomRole:IAMCustomRole": Case(
        {
            "roleId": "keyplan_prod_operator",
            "title": "keyplan operator",
            "permissions": ["secretmanager.versions.add", "secretmanager.secrets.get"],
        },
        {"permissions": ["secretmanager.secrets.get"], "description": "puts values"},
        {"roleId": "keyplan_dev_operator"},
    ),
    "gcp:projects/iAMMember:IAMMember": Case(
        {"project": PROJECT, "role": "roles/viewer", "member": ADA},
        {},
        {"role": "roles/browser"},
    ),
    "gcp:projects/service:Service": Case(
        {"service": "secretmanager.googleapis.com"},
        {"disableOnDestroy": True},
        {"service": "pubsub.googleapis.com"},
    ),
    "gcp:pubsub/topic:Topic": Case(
        {"name": "events", "labels": {"environment": "prod"}},
        {"labels": {"environment": "dev"}, "messageRetentionDuration": "86400s"},
        {"name": "others"},
    ),
    "gcp:pubsub/topicIAMMember:TopicIAMMember": Case(
        {"topic": "$topic.name", "role": "roles/pubsub.publisher", "member": ADA},
        {},
        {"member": BOB},
        {"topic": TOPIC},
    ),
    "gcp:secretmanager/secret:Secret": Case(
        {
            "secretId": "prod-a",
            "replication": {
                "userManaged": {"replicas": [{"location": REGION}, {"location": "europe-west4"}]}
            },
            "labels": {"environment": "prod", "vendor": "anthropic"},
            "annotations": {"owner": "ada@example.com", "env-var": "A"},
            "versionDestroyTtl": "604800s",
        },
        {
            "labels": {"environment": "prod"},
            "annotations": {"owner": "bob@example.com"},
            "versionDestroyTtl": "864000s",
        },
        {"replication": {"auto": {}}},
    ),
    "gcp:secretmanager/secretIamBinding:SecretIamBinding": Case(
        {"secretId": "$secret.id", "role": ACCESSOR, "members": [BOB, ADA]},
        {"members": [ADA]},
        {"secretId": "$other.secretId"},
        {"secret": SECRET, "other": OTHER_SECRET},
        gone=False,
    ),
    "gcp:secretmanager/secretIamMember:SecretIamMember": Case(
        {"secretId": "$secret.secretId", "role": ACCESSOR, "member": ADA},
        {},
        {"condition": CONDITION},
        {"secret": SECRET},
    ),
    "gcp:serviceaccount/account:Account": Case(
        {"accountId": "web-reader", "displayName": "web"},
        {"displayName": "the web", "description": "reads", "disabled": True},
        {"accountId": "api-reader"},
    ),
    "gcp:serviceaccount/iAMMember:IAMMember": Case(
        {"serviceAccountId": "$account.name", "role": "roles/iam.serviceAccountUser", "member": ADA},
        {},
        {"member": BOB},
        {"account": ACCOUNT},
    ),
    "gcp:storage/bucket:Bucket": Case(
        {
            "name": "keyplan-source",
            "location": REGION,
            "uniformBucketLevelAccess": True,
            "publicAccessPrevention": "enforced",
            "labels": {"environment": "prod", "vendor": "x"},
            "versioning": {"enabled": True},
            "lifecycleRules": [{"action": {"type": "Delete"}, "condition": {"numNewerVersions": 2}}],
        },
        {"labels": {"environment": "dev"}, "versioning": {"enabled": False}},
        {"location": "us-central1"},
    ),
    "gcp:storage/bucketIAMMember:BucketIAMMember": Case(
        {"bucket": "$bucket.name", "role": "roles/storage.objectViewer", "member": ADA},
        {},
        {"member": BOB},
        {"bucket": BUCKET},
    ),
    "gcp:storage/bucketObject:BucketObject": Case(
        {"bucket": "keyplan-source", "name": "source.zip", "source": archive("1")},
        {},
        {"source": archive("2")},
        {"bucket": BUCKET},
        importable=False,
    ),
}


def prepared(provider: Provider, case: Case) -> dict[str, dict[str, Any]]:
    """Make what the case needs; return the outputs by name, with the id."""
    made: dict[str, dict[str, Any]] = {}
    for name, (kind, inputs) in case.needs.items():
        state = provider.create(kind, provider.check(kind, name, inputs).inputs)
        made[name] = {**state.outputs, "id": state.id}
    return made


def filled(value: Any, made: dict[str, dict[str, Any]]) -> Any:
    """The value with `$NAME.output` replaced."""
    if isinstance(value, dict):
        return {key: filled(item, made) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, made) for item in value]
    if isinstance(value, str) and value.startswith("$"):
        name, *path = value[1:].split(".")
        found: Any = made[name]
        for part in path:
            found = found[part]
        return found
    return value
