"""Consumers that are services and people: the fields of their runtimes, and the settings made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from keyplan.catalogue import (
    Cloud,
    EcsSettings,
    EksIdentity,
    EksSettings,
    PeopleSettings,
    ReadAt,
    RoleSettings,
    Runtime,
    Settings,
)
from keyplan.checks.fields import Field, Node, Record, choice, list_of, text
from keyplan.checks.formats import kubernetes_name, role_arn
from keyplan.checks.gcp_formats import person
from keyplan.checks.problems import Reported


@dataclass(frozen=True)
class RuntimeFields:
    """What a runtime takes beside the fields that every consumer has."""

    fields: tuple[Field, ...]
    build: Callable[[Node, Record], Settings]  # raises Reported after reporting what does not fit together


ROLE_ARN = Field(
    "roleArn",
    role_arn,
    "role ARN",
    "an existing role that gets the policy",
    "arn:aws:iam::111122223333:role/chat-api",
    default_text="a new role",
)


CLOUD = Field(
    "cloud",
    choice(Cloud),
    "`aws` or `gcp`",
    "the cloud that it reads from, one of the environment's",
    "gcp",
    default_text="the first of `clouds`",
)


DEPLOYMENT = Field(
    "deployment",
    kubernetes_name,
    "Kubernetes name",
    "the deployment to roll out again after a rotation, so that its pods read the new value",
    "indexer",
)


def _last(given: str) -> str:
    """The name at the end of an ARN: `arn:aws:ecs:eu-west-1:111122223333:cluster/main` -> `main`."""
    return given.strip().rpartition("/")[2].rpartition(":")[2]


# Source: ECS CreateCluster and CreateService, up to 255 letters, digits, underscores and hyphens; Lambda
# CreateFunction, up to 64 of the same (checked 2026-11-21).
_ecs_name = text(r"[A-Za-z0-9_-]{1,255}", "a name of letters, digits, `_` and `-`, without ARN", _last)


def _role_settings(node: Node, record: Record) -> Settings:
    return RoleSettings(role_arn=record.get("roleArn"), function_name=record.get("functionName"))


def _ecs(node: Node, record: Record) -> Settings:
    cluster, service = record.get("ecsCluster"), record.get("ecsService")
    if record.sound("ecsCluster", "ecsService") and (cluster is None) != (service is None):
        missing, given = ("ecsCluster", "ecsService") if cluster is None else ("ecsService", "ecsCluster")
        node.child(missing, None).reject(
            f"both or neither: `{given}` alone does not say what to deploy again"
        )
        raise Reported
    return EcsSettings(record.get("readAt"), record.get("roleArn"), cluster, service)


def _eks(node: Node, record: Record) -> Settings:
    identity, issuer = record.get("identity"), record.get("oidcIssuer")
    if record.sound("identity", "oidcIssuer"):
        if identity is EksIdentity.IRSA and issuer is None:
            node.child("oidcIssuer", None).reject(
                "the cluster's issuer, which IRSA's trust names; "
                "`aws eks describe-cluster --query cluster.identity.oidc.issuer` shows it"
            )
            raise Reported
        if identity is EksIdentity.POD_IDENTITY and issuer is not None:
            node.child("oidcIssuer", issuer).reject("no issuer with pod-identity; `identity: irsa` takes one")
            raise Reported
    return EksSettings(
        identity=identity,
        cluster=record.get("cluster"),
        namespace=record.get("namespace"),
        service_account=record.get("serviceAccount"),
        oidc_issuer=issuer,
        role_arn=record.get("roleArn"),
        deployment=record.get("deployment"),
    )


def _people(node: Node, record: Record) -> Settings:
    return PeopleSettings(permission_set=record.get("permissionSet"), members=record.get("members") or ())


SERVICE_RUNTIMES = {
    Runtime.ECS: RuntimeFields(
        (
            Field(
                "readAt",
                choice(ReadAt),
                "`start` or `run`",
                "`start`: the agent injects the value when a task starts, the execution role reads; "
                "`run`: the program asks for it, the task role reads",
                "start",
                default="start",
            ),
            ROLE_ARN,
            Field(
                "ecsCluster",
                _ecs_name,
                "cluster name",
                "the cluster of `ecsService`",
                "main",
            ),
            Field(
                "ecsService",
                _ecs_name,
                "service name",
                "the service to deploy again after a rotation, so that its tasks read the new value",
                "chat-api",
            ),
        ),
        _ecs,
    ),
    Runtime.LAMBDA: RuntimeFields(
        (
            ROLE_ARN,
            Field(
                "functionName",
                text(r"[A-Za-z0-9_-]{1,64}", "the name of a Lambda function, without ARN and version", _last),
                "function name",
                "the function to start anew after a rotation",
                "chat-api",
            ),
        ),
        _role_settings,
    ),
    Runtime.EC2: RuntimeFields((ROLE_ARN,), _role_settings),
    Runtime.IAM_ROLE: RuntimeFields(
        (
            Field(
                "roleArn",
                role_arn,
                "role ARN",
                "the existing role that gets the policy",
                "arn:aws:iam::111122223333:role/batch",
                required=True,
            ),
        ),
        _role_settings,
    ),
    Runtime.EKS: RuntimeFields(
        (
            Field(
                "identity",
                choice(EksIdentity),
                "`pod-identity` or `irsa`",
                "how a pod gets its role",
                "pod-identity",
                default="pod-identity",
            ),
            Field(
                "cluster",
                text(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", "the name of an EKS cluster"),
                "cluster name",
                "the cluster that the pods run in",
                "main",
                required=True,
            ),
            Field(
                "namespace",
                kubernetes_name,
                "Kubernetes name",
                "the pods' namespace",
                "search",
                required=True,
            ),
            Field(
                "serviceAccount",
                kubernetes_name,
                "Kubernetes name",
                "the pods' service account",
                "indexer",
                required=True,
            ),
            Field(
                "oidcIssuer",
                text(
                    r"https://[A-Za-z0-9.-]+(/[A-Za-z0-9._-]+)*",
                    "an https address without a trailing slash",
                    lambda given: "https://" + given.strip().removeprefix("https://").rstrip("/"),
                ),
                "URL",
                "the cluster's OIDC issuer; required for `irsa`, not allowed otherwise",
                "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
            ),
            ROLE_ARN,
            DEPLOYMENT,
        ),
        _eks,
    ),
    Runtime.PEOPLE: RuntimeFields(
        (
            Field(
                "permissionSet",
                text(r"[A-Za-z0-9+=,.@_-]{1,32}", "the name of an IAM Identity Center permission set"),
                "permission set name",
                "the IAM Identity Center permission set that includes the policy; "
                "required where one of the keys has `lockdown`",
                "LlmDevelopers",
                only_on=Cloud.AWS,
                elsewhere="`members` says who they are there",
            ),
            Field(
                "members",
                list_of(person, "members", at_least=1),
                "list of members",
                "who they are: `group:` and `user:` with an address",
                "[group:ml@example.com]",
                required=True,
                only_on=Cloud.GCP,
                elsewhere="`permissionSet` says who they are there",
            ),
            CLOUD,
        ),
        _people,
    ),
}
