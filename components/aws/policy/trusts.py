"""Trust policies as pure functions: which service, cluster or person may become a role.

Owns the trusts of roles inside AWS and the two forms of a condition's value. The trusts of CI runners are in
`components.aws.ci.trusts`. ForAllValues appears in none of them: it is satisfied when the claim is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from components.aws.account import Account
from components.aws.policy.documents import VERSION, Document
from keyplan.catalogue import CodebuildSettings, EksSettings

# A policy of version 2012-10-17 reads `${…}` in a condition's value as a variable, and under a Like
# operator `*` and `?` as wildcards. These escapes stand for the characters themselves.
# Source: IAM User Guide, "IAM policy elements: Variables and tags", special characters (checked 2026-11-21).
_ESCAPES = {"$": "${$}", "*": "${*}", "?": "${?}"}
WILDCARDS = re.compile(r"[*?]")
WEB_IDENTITY_AUDIENCE = "sts.amazonaws.com"


def literal(text: str) -> str:
    """`text` as a condition's value that matches only itself, under StringLike and under StringEquals.

    A text with `*` or `?` in it belongs under StringLike (see `condition`): under StringEquals these
    characters stand for themselves, and a reader of the policy would take them for wildcards.
    """
    return re.sub(r"\$(?=\{)|[*?]", lambda match: _ESCAPES[match[0]], text)


def pattern(text: str) -> str:
    """`text` as a value for StringLike in which `*` is a wildcard and nothing else is."""
    return "*".join(literal(part) for part in text.split("*"))


def condition(values: Sequence[str]) -> tuple[str, list[str]]:
    """The operator that compares a claim with any of `values`, and the values sorted.

    Returns:
        StringEquals while no value has a wildcard or an escaped one; StringLike otherwise.
    """
    operator = "StringLike" if any(WILDCARDS.search(value) for value in values) else "StringEquals"
    return operator, sorted(set(values))


def statement_document(
    sid: str, principal: Document, actions: Iterable[str], conditions: Document
) -> Document:
    """A trust policy of one statement; one action is written as text, several as a sorted list."""
    listed = sorted(actions)
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": listed if len(listed) > 1 else listed[0],
    }
    if conditions:
        statement["Condition"] = conditions
    return {"Version": VERSION, "Statement": [statement]}


def ecs_execution_trust() -> Document:
    """ECS takes the role to start a task, before the task is there.

    AWS documents aws:SourceArn and aws:SourceAccount for the task role only; if ECS does not send them here,
    a condition on them would keep every task from starting. See `lambda_trust` for what decides instead.
    Source: ECS Developer Guide, "Amazon ECS task execution IAM role" (checked 2026-11-21).
    """
    return statement_document("EcsTasks", {"Service": "ecs-tasks.amazonaws.com"}, ["sts:AssumeRole"], {})


def ecs_task_trust(account: Account) -> Document:
    """ECS takes the role for tasks of this account and region, and for nobody else's.

    Source: ECS Developer Guide, "Amazon ECS task IAM role", confused deputy (checked 2026-11-21).
    """
    return statement_document(
        "EcsTasksOfThisAccount",
        {"Service": "ecs-tasks.amazonaws.com"},
        ["sts:AssumeRole"],
        {
            "StringEquals": {"aws:SourceAccount": account.account_id},
            # The star: a task's cluster and id are not known when its role is made.
            "ArnLike": {"aws:SourceArn": account.arn("ecs", "*")},
        },
    )


def lambda_trust() -> Document:
    """Lambda takes the role. It sends no source account when it does, so there is no condition to set.

    Who may give the role to a function is decided by iam:PassRole in the account's own policies.
    """
    return statement_document("LambdaFunctions", {"Service": "lambda.amazonaws.com"}, ["sts:AssumeRole"], {})


def ec2_trust() -> Document:
    """EC2 takes the role for instances that run with its instance profile; see `lambda_trust`."""
    return statement_document("Ec2Instances", {"Service": "ec2.amazonaws.com"}, ["sts:AssumeRole"], {})


def codebuild_trust(account: Account, settings: CodebuildSettings) -> Document:
    """CodeBuild takes the role for builds of one project, of this account and region, and for no other.

    A build's source, branch and starter are in no request of CodeBuild's: the trust cannot tell them apart.
    Source: CodeBuild User Guide, "Cross-service confused deputy prevention" (checked 2026-11-21).
    """
    return statement_document(
        "BuildsOfThisProject",
        {"Service": "codebuild.amazonaws.com"},
        ["sts:AssumeRole"],
        {
            "StringEquals": {
                "aws:SourceAccount": account.account_id,
                "aws:SourceArn": literal(account.arn("codebuild", f"project/{settings.project_name}")),
            }
        },
    )


def pod_identity_trust(account: Account, settings: EksSettings) -> Document:
    """EKS takes the role for one service account of one cluster, told by the session tags it sets.

    An association with `disableSessionTags` sends none of them and gets no role.
    Source: EKS User Guide, "Create IAM role with trust policy required by EKS Pod Identity", "Grant Pods
    access to AWS resources based on tags" (checked 2026-11-21).
    """
    tag = "aws:RequestTag/"
    return statement_document(
        "PodsOfThisServiceAccount",
        {"Service": "pods.eks.amazonaws.com"},
        ["sts:AssumeRole", "sts:TagSession"],
        {
            "StringEquals": {
                "aws:SourceAccount": account.account_id,
                f"{tag}eks-cluster-name": literal(settings.cluster),
                f"{tag}kubernetes-namespace": literal(settings.namespace),
                f"{tag}kubernetes-service-account": literal(settings.service_account),
            }
        },
    )


def irsa_trust(account: Account, settings: EksSettings) -> Document:
    """One service account of the cluster takes the role with its own token.

    The cluster's OIDC provider belongs to the cluster's owner; keyplan refers to it and never makes it.
    Source: EKS User Guide, "IAM roles for service accounts" (checked 2026-11-21).
    """
    host = issuer_host(settings.oidc_issuer or "")
    subject = f"system:serviceaccount:{settings.namespace}:{settings.service_account}"
    return statement_document(
        "PodsOfThisServiceAccount",
        {"Federated": provider_arn(account, host)},
        ["sts:AssumeRoleWithWebIdentity"],
        {"StringEquals": {f"{host}:aud": WEB_IDENTITY_AUDIENCE, f"{host}:sub": literal(subject)}},
    )


def auditor_trust(account: Account, auditors: Sequence[str]) -> Document:
    """The listed principals take the auditor role; with none listed, whoever the account's policies let."""
    return statement_document(
        "Auditors", {"AWS": sorted(auditors) or [account.root_arn]}, ["sts:AssumeRole"], {}
    )


def issuer_host(issuer: str) -> str:
    """`https://oidc.example.com/id/1` -> `oidc.example.com/id/1`: the prefix of its condition keys."""
    return issuer.removeprefix("https://").rstrip("/")


def provider_arn(account: Account, host: str) -> str:
    """The ARN that IAM gives the OIDC provider of an issuer: it is made of the issuer's address."""
    return account.arn("iam", f"oidc-provider/{host}", region="")
