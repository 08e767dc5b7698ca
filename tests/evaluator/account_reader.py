"""Read an account's policies back through the AWS APIs, as the evaluator needs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.evaluator.policy_documents import load_document
from tests.evaluator.policy_evaluator import Account, Document, OidcProvider, Role, Secret


def read_account(client: Any) -> Account:
    """Everything that decides. `client`: service name -> boto3 client of one region."""
    iam = client("iam")
    pages = list(iam.get_paginator("get_account_authorization_details").paginate())
    managed = {
        policy["Arn"]: load_document(version["Document"])
        for page in pages
        for policy in page["Policies"]
        for version in policy["PolicyVersionList"]
        if version["IsDefaultVersion"]
    }
    roles = [_role(detail, managed) for page in pages for detail in page["RoleDetailList"]]
    secrets = _secrets(client("secretsmanager"))
    kms = client("kms")
    key_arns = {secret.kms_key_arn for secret in secrets if secret.kms_key_arn}
    return Account(
        account_id=client("sts").get_caller_identity()["Account"],
        roles={role.name: role for role in roles},
        managed_policies=managed,
        secrets={secret.name: secret for secret in secrets},
        key_policies={
            arn: load_document(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
            for arn in sorted(key_arns)
        },
        oidc_providers=tuple(_oidc_providers(iam)),
    )


def _role(detail: Mapping[str, Any], managed: Mapping[str, Document]) -> Role:
    inline = [load_document(policy["PolicyDocument"]) for policy in detail["RolePolicyList"]]
    attached = [managed[policy["PolicyArn"]] for policy in detail["AttachedManagedPolicies"]]
    boundary = detail.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return Role(
        arn=detail["Arn"],
        trust=load_document(detail["AssumeRolePolicyDocument"]),
        policies=(*inline, *attached),
        boundary=managed[boundary] if boundary else None,
        tags={tag["Key"]: tag["Value"] for tag in detail.get("Tags", [])},
    )


def _secrets(secretsmanager: Any) -> list[Secret]:
    found = []
    for page in secretsmanager.get_paginator("list_secrets").paginate():
        for listed in page["SecretList"]:
            described = secretsmanager.describe_secret(SecretId=listed["ARN"])
            policy = secretsmanager.get_resource_policy(SecretId=listed["ARN"]).get("ResourcePolicy")
            found.append(
                Secret(
                    arn=described["ARN"],
                    name=described["Name"],
                    kms_key_arn=described.get("KmsKeyId"),
                    resource_policy=load_document(policy) if policy else None,
                    tags={tag["Key"]: tag["Value"] for tag in described.get("Tags", [])},
                )
            )
    return found


def _oidc_providers(iam: Any) -> list[OidcProvider]:
    found = []
    for listed in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=listed["Arn"])
        url = provider["Url"].removeprefix("https://").rstrip("/")
        found.append(OidcProvider(listed["Arn"], url, tuple(provider["ClientIDList"])))
    return found
