"""Each way to change who reads a secret, with the document of AWS that says so."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    OTHER,
    ROOT,
    SECRET,
    allow,
    attached,
    deny,
    document,
    key,
    managed,
    role,
    secret,
    trusting,
    user,
    when,
)
from tests.audit_changers.small_accounts import READS, THROUGH_ACCOUNT, arn, can, found

CUSTOMER = {"secrets": [secret(KmsKeyId=KEY)], "kms_keys": [key(THROUGH_ACCOUNT)]}
READER = role("reader", READS)


class Case(NamedTuple):
    """One way: the document of AWS, the account, and who could change the answer how."""

    source: str
    principals: tuple[Any, ...]
    expected: set[tuple[str, str, str]]
    more: dict[str, Any] = {}  # noqa: RUF012


SECRETS_MANAGER = {
    "the secret's policy may be put: the key of AWS's own decrypts for the whole account": Case(
        "Secrets Manager User Guide, Resource-based policies; Secret encryption and decryption",
        (user("ann", can("secretsmanager:PutResourcePolicy")),),
        {("ann", "allow", "secret-policy")},
    ),
    "the secret's policy may be put, and nobody decrypts with its own key": Case(
        "Secrets Manager User Guide, Permissions for the KMS key",
        (user("ann", can("secretsmanager:PutResourcePolicy")),),
        set(),
        CUSTOMER,
    ),
    "the secret's policy may be put, and the caller decrypts": Case(
        "Secrets Manager User Guide, Permissions for the KMS key",
        (user("ann", can("secretsmanager:PutResourcePolicy", "kms:Decrypt")),),
        {("ann", "allow", "secret-policy")},
        CUSTOMER,
    ),
    "the secret's policy may be put, and somebody else decrypts": Case(
        "Secrets Manager User Guide, Resource-based policies (the policy names who reads)",
        (user("ann", can("secretsmanager:PutResourcePolicy")), user("bob", can("kms:Decrypt"))),
        {("ann", "allow", "secret-policy")},
        CUSTOMER,
    ),
    "the secret's policy may be put, and only who reads already decrypts": Case(
        "Secrets Manager User Guide, Permissions for the KMS key",
        (user("ann", can("secretsmanager:PutResourcePolicy")), user("bob", READS)),
        set(),
        CUSTOMER,
    ),
    "a denial in the secret's own policy may be deleted with it": Case(
        "Secrets Manager API Reference, DeleteResourcePolicy",
        (user("ann", can("secretsmanager:DeleteResourcePolicy", "secretsmanager:GetSecretValue")),),
        {("ann", "allow", "secret-policy")},
        {"secrets": [secret(document({**deny(), "Principal": "*"}))]},
    ),
    "a policy that is deleted lets nobody in who was not let in": Case(
        "Secrets Manager API Reference, DeleteResourcePolicy",
        (user("ann", can("secretsmanager:DeleteResourcePolicy")),),
        set(),
        {"secrets": [secret(document({**deny(), "Principal": "*"}))]},
    ),
    "the secret's own policy denies that it is put, and so does not change": Case(
        "IAM User Guide, Policy evaluation logic (an explicit deny in any policy)",
        (user("ann", can("secretsmanager:PutResourcePolicy")),),
        set(),
        {"secrets": [secret(document({**deny("secretsmanager:*"), "Principal": "*"}))]},
    ),
    "a denial to put the policy goes with it when it may be deleted": Case(
        "Secrets Manager API Reference, DeleteResourcePolicy",
        (user("ann", can("secretsmanager:PutResourcePolicy", "secretsmanager:DeleteResourcePolicy")),),
        {("ann", "allow", "secret-policy")},
        {
            "secrets": [
                secret(document({**deny("secretsmanager:PutResourcePolicy"), "Principal": "*"})),
            ]
        },
    ),
    "the secret's own policy lets somebody put it": Case(
        "IAM User Guide, Policy evaluation for requests within a single account",
        (user("ann"),),
        {("ann", "allow", "secret-policy")},
        {
            "secrets": [
                secret(
                    document(
                        {
                            **allow("secretsmanager:PutResourcePolicy"),
                            "Principal": {"AWS": arn("user", "ann")},
                        }
                    )
                )
            ]
        },
    ),
    "somebody of another account whom the secret's policy lets put it, and its key's decrypt": Case(
        "Secrets Manager User Guide, Access secrets from a different account",
        (),
        {("far", "allow", "secret-policy")},
        {
            "external_accounts": {
                OTHER: {
                    "authorization_details": {
                        "UserDetailList": [],
                        "GroupDetailList": [],
                        "Policies": [],
                        "RoleDetailList": [
                            role("far", can("secretsmanager:*", "kms:Decrypt"), account=OTHER)
                        ],
                    }
                }
            },
            "secrets": [
                secret(
                    document(
                        {
                            **allow("secretsmanager:PutResourcePolicy"),
                            "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
                        }
                    ),
                    KmsKeyId=KEY,
                )
            ],
            "kms_keys": [key()],
        },
    ),
    "the key of the secret may be exchanged by who decrypts, for somebody who does not": Case(
        "Secrets Manager User Guide, Change the encryption key for a secret",
        (
            user("ann", can("secretsmanager:UpdateSecret", "kms:Decrypt")),
            user("bob", can("secretsmanager:GetSecretValue")),
        ),
        {("ann", "allow", "secret-key")},
        CUSTOMER,
    ),
    "who does not decrypt encrypts nothing again with another key": Case(
        "Secrets Manager User Guide, Change the encryption key for a secret",
        (
            user("ann", can("secretsmanager:UpdateSecret")),
            user("bob", can("secretsmanager:GetSecretValue")),
        ),
        set(),
        CUSTOMER,
    ),
    "a secret that is deleted is read by nobody": Case(
        "Secrets Manager API Reference, DeleteSecret",
        (user("ann", can("secretsmanager:PutResourcePolicy")),),
        set(),
        {"secrets": [secret(DeletedDate="2026-11-01")]},
    ),
}
KMS = {
    "the key's policy may be put by who would read": Case(
        "KMS API Reference, PutKeyPolicy",
        (user("ann", can("kms:PutKeyPolicy", "secretsmanager:GetSecretValue")),),
        {("ann", "allow", "key-policy")},
        CUSTOMER,
    ),
    "the key's policy names its administrator": Case(
        "KMS Developer Guide, Default key policy (key administrators)",
        (user("ann", can("secretsmanager:GetSecretValue")),),
        {("ann", "allow", "key-policy")},
        {
            "secrets": [secret(KmsKeyId=KEY)],
            "kms_keys": [
                key(
                    document({**allow("kms:Put*"), "Principal": {"AWS": arn("user", "ann")}}),
                )
            ],
        },
    ),
    "without the account's statement, no policy of an identity is about the key": Case(
        "KMS Developer Guide, Key policies",
        (user("ann", can("kms:PutKeyPolicy", "secretsmanager:GetSecretValue")),),
        set(),
        {"secrets": [secret(KmsKeyId=KEY)], "kms_keys": [key(document())]},
    ),
    "the key's policy may be put, for somebody else who would read": Case(
        "KMS API Reference, PutKeyPolicy",
        (user("ann", can("kms:PutKeyPolicy")), user("bob", can("secretsmanager:GetSecretValue"))),
        {("ann", "allow", "key-policy")},
        CUSTOMER,
    ),
    "the policy of AWS's own key cannot be changed": Case(
        "KMS Developer Guide, AWS managed keys",
        (
            user(
                "ann",
                can("kms:*", "secretsmanager:GetSecretValue"),
            ),
        ),
        set(),
    ),
    "a grant may be made": Case(
        "KMS API Reference, CreateGrant",
        (user("ann", can("kms:CreateGrant", "secretsmanager:GetSecretValue")),),
        {("ann", "allow", "grant")},
        CUSTOMER,
    ),
    "grants for AWS's own resources alone are no way": Case(
        "KMS Developer Guide, kms:GrantIsForAWSResource",
        (
            user(
                "ann",
                document(
                    allow("kms:CreateGrant", **when(Bool={"kms:GrantIsForAWSResource": "true"})), allow()
                ),
            ),
        ),
        set(),
        CUSTOMER,
    ),
    "grants to certain principals are conditional": Case(
        "KMS Developer Guide, kms:GranteePrincipal",
        (
            user(
                "ann",
                document(
                    allow(
                        "kms:CreateGrant",
                        **when(StringEquals={"kms:GranteePrincipal": arn("role", "x")}),
                    ),
                    allow(),
                ),
            ),
        ),
        {("ann", "conditional", "grant")},
        CUSTOMER,
    ),
    "a grant does not help against a denial in the key's policy": Case(
        "KMS Developer Guide, Grants in AWS KMS",
        (user("ann", can("kms:CreateGrant", "secretsmanager:GetSecretValue")),),
        set(),
        {
            "secrets": [secret(KmsKeyId=KEY)],
            "kms_keys": [
                key(
                    document(
                        *THROUGH_ACCOUNT["Statement"],
                        {**deny("kms:Decrypt"), "Principal": {"AWS": "*"}},
                    )
                )
            ],
        },
    ),
    "both policies may be put, and neither alone is enough": Case(
        "Secrets Manager User Guide, Permissions for the KMS key",
        (user("ann", can("secretsmanager:PutResourcePolicy", "kms:PutKeyPolicy")),),
        {("ann", "allow", "secret-policy+key-policy")},
        CUSTOMER,
    ),
}
IAM = {
    "a policy of one's own may be put": Case(
        "IAM API Reference, PutUserPolicy",
        (user("ann", can("iam:PutUserPolicy", resource=arn("user", "ann"))),),
        {("ann", "allow", "own-policies")},
    ),
    "a policy of the role's own may be put": Case(
        "IAM API Reference, PutRolePolicy",
        (role("ci", can("iam:PutRolePolicy", resource=arn("role", "ci"))),),
        {("ci", "allow", "own-policies")},
    ),
    "a policy may be attached to oneself": Case(
        "IAM API Reference, AttachUserPolicy",
        (user("ann", can("iam:AttachUserPolicy", resource=arn("user", "${aws:username}"))),),
        {("ann", "allow", "own-policies")},
    ),
    "the only policy that may be attached allows nothing of it": Case(
        "IAM User Guide, iam:PolicyARN",
        (
            user(
                "ann",
                can("iam:AttachUserPolicy", **when(ArnEquals={"iam:PolicyARN": arn("policy", "harmless")})),
            ),
        ),
        set(),
        {"policies": [managed("harmless", can("ec2:Describe*"))]},
    ),
    "the only policy that may be attached reads": Case(
        "IAM User Guide, iam:PolicyARN",
        (
            user(
                "ann",
                can(
                    "iam:AttachUserPolicy",
                    resource=arn("user", "ann"),
                    **when(ArnEquals={"iam:PolicyARN": arn("policy", "read")}),
                ),
            ),
        ),
        {("ann", "allow", "own-policies")},
        {"policies": [managed("read", READS)]},
    ),
    "the policies that may be attached may be made": Case(
        "IAM User Guide, iam:PolicyARN; IAM API Reference, CreatePolicy",
        (
            user(
                "ann",
                document(
                    allow(
                        "iam:AttachUserPolicy",
                        arn("user", "ann"),
                        **when(ArnLike={"iam:PolicyARN": "arn:aws:iam::*:policy/dev/*"}),
                    ),
                    allow("iam:CreatePolicy", arn("policy", "dev/*")),
                ),
            ),
        ),
        {("ann", "allow", "own-policies")},
    ),
    "a new version of a policy that one has": Case(
        "IAM API Reference, CreatePolicyVersion",
        (user("ann", AttachedManagedPolicies=[attached("own")]),),
        {("ann", "allow", "own-policies")},
        {"policies": [managed("own", can("iam:CreatePolicyVersion", resource=arn("policy", "own")))]},
    ),
    "another version of a policy that one has allowed more": Case(
        "IAM API Reference, SetDefaultPolicyVersion",
        (user("ann", AttachedManagedPolicies=[attached("own")]),),
        {("ann", "allow", "own-policies")},
        {
            "policies": [
                {
                    **managed("own", can("iam:SetDefaultPolicyVersion")),
                    "PolicyVersionList": [
                        {"VersionId": "v2", "IsDefaultVersion": False, "Document": READS},
                        {
                            "VersionId": "v1",
                            "IsDefaultVersion": True,
                            "Document": can("iam:SetDefaultPolicyVersion"),
                        },
                    ],
                }
            ]
        },
    ),
    "a policy of one's group may be put": Case(
        "IAM API Reference, PutGroupPolicy",
        (user("ann", GroupList=["dev"]),),
        {("ann", "allow", "own-policies")},
        {
            "groups": [
                {
                    "GroupName": "dev",
                    "Arn": arn("group", "dev"),
                    "GroupPolicyList": [
                        {"PolicyName": "p", "PolicyDocument": can("iam:PutGroupPolicy")},
                    ],
                    "AttachedManagedPolicies": [],
                }
            ]
        },
    ),
    "a group that reads may be joined": Case(
        "IAM API Reference, AddUserToGroup",
        (user("ann", can("iam:AddUserToGroup", resource=arn("group", "readers"))),),
        {("ann", "allow", "own-policies")},
        {
            "groups": [
                {
                    "GroupName": "readers",
                    "Arn": arn("group", "readers"),
                    "GroupPolicyList": [{"PolicyName": "p", "PolicyDocument": READS}],
                    "AttachedManagedPolicies": [],
                }
            ]
        },
    ),
    "one's own boundary is all that blocks, and may be deleted": Case(
        "IAM User Guide, Permissions boundaries for IAM entities",
        (
            user(
                "ann",
                READS,
                can("iam:DeleteUserPermissionsBoundary", resource=arn("user", "ann")),
                PermissionsBoundary={"PermissionsBoundaryArn": arn("policy", "iam-only")},
            ),
        ),
        {("ann", "allow", "own-policies")},
        {"policies": [managed("iam-only", can("iam:*"))]},
    ),
    "a boundary that lets nothing be changed holds": Case(
        "IAM User Guide, Permissions boundaries for IAM entities",
        (
            user(
                "ann",
                can("iam:*", "secretsmanager:*"),
                PermissionsBoundary={"PermissionsBoundaryArn": arn("policy", "s3-only")},
            ),
        ),
        set(),
        {"policies": [managed("s3-only", can("s3:*"))]},
    ),
    "policies may be put for whoever has the boundary alone, and one has it not": Case(
        "IAM User Guide, Delegating responsibility to others using permissions boundaries",
        (
            user(
                "ann",
                can(
                    "iam:PutUserPolicy",
                    **when(StringEquals={"iam:PermissionsBoundary": arn("policy", "bound")}),
                ),
            ),
        ),
        set(),
        {"policies": [managed("bound", can("s3:*"))]},
    ),
    "a denial in a policy of one's own may be taken away": Case(
        "IAM API Reference, DetachUserPolicy",
        (
            user(
                "ann",
                READS,
                can("iam:DetachUserPolicy", resource=arn("user", "ann")),
                AttachedManagedPolicies=[attached("lock")],
            ),
        ),
        {("ann", "allow", "own-policies")},
        {"policies": [managed("lock", document(deny()))]},
    ),
    "a denial that one's group brings is not taken off the user": Case(
        "IAM API Reference, DetachUserPolicy",
        (user("ann", READS, can("iam:DetachUserPolicy", resource=arn("user", "ann")), GroupList=["dev"]),),
        set(),
        {
            "policies": [managed("lock", document(deny()))],
            "groups": [
                {
                    "GroupName": "dev",
                    "Arn": arn("group", "dev"),
                    "GroupPolicyList": [],
                    "AttachedManagedPolicies": [attached("lock")],
                }
            ],
        },
    ),
    "a denial by one's group stays, whatever is put": Case(
        "IAM User Guide, Policy evaluation logic",
        (
            user(
                "ann",
                can("iam:PutUserPolicy", resource=arn("user", "ann")),
                GroupList=["dev"],
            ),
        ),
        set(),
        {
            "groups": [
                {
                    "GroupName": "dev",
                    "Arn": arn("group", "dev"),
                    "GroupPolicyList": [
                        {
                            "PolicyName": "p",
                            "PolicyDocument": document(
                                {"Effect": "Deny", "NotAction": "iam:PutUserPolicy", "Resource": "*"}
                            ),
                        }
                    ],
                    "AttachedManagedPolicies": [],
                }
            ]
        },
    ),
    "an SCP denies that policies are changed": Case(
        "AWS Organizations User Guide, SCP evaluation",
        (user("ann", can("iam:PutUserPolicy")),),
        set(),
        {
            "organization": {"Id": "o-a", "ManagementAccountId": OTHER, "Accounts": [ACCOUNT], "Paths": {}},
            "scps": {
                ACCOUNT: [
                    {
                        "level": "root",
                        "policies": [
                            {"Name": "full", "Content": can("*")},
                            {"Name": "no-iam", "Content": document(deny("iam:*"))},
                        ],
                    }
                ]
            },
        },
    ),
    "somebody else's policies may be changed": Case(
        "IAM API Reference, PutRolePolicy",
        (user("ann", can("iam:PutRolePolicy")), role("app")),
        {("ann", "allow", "other-policies")},
    ),
    "a role's policies may be changed by who may become it": Case(
        "IAM API Reference, PutRolePolicy; STS API Reference, AssumeRole",
        (
            user("ann", can("iam:PutRolePolicy")),
            role("app", trust=trusting({"AWS": arn("user", "ann")})),
        ),
        {("ann", "allow", "own-policies")},
    ),
    "the trust of a role that reads may be changed": Case(
        "IAM API Reference, UpdateAssumeRolePolicy",
        (user("ann", can("iam:UpdateAssumeRolePolicy")), READER),
        {("ann", "allow", "role-trust")},
    ),
    "the trust of a role that reads nothing may be changed": Case(
        "IAM API Reference, UpdateAssumeRolePolicy",
        (user("ann", can("iam:UpdateAssumeRolePolicy", resource=arn("role", "app"))), READER, role("app")),
        set(),
    ),
    "a key may be made for a user who reads": Case(
        "IAM API Reference, CreateAccessKey",
        (user("ann", can("iam:CreateAccessKey")), user("bob", READS)),
        {("ann", "allow", "other-principal")},
    ),
    "a password may be set for a user who has one": Case(
        "IAM API Reference, UpdateLoginProfile (fails without a password)",
        (user("ann", can("iam:UpdateLoginProfile")), user("bob", READS)),
        {("ann", "conditional", "other-principal")},
    ),
    "a password may be set for a user who reads, whether there is one or not": Case(
        "IAM API Reference, CreateLoginProfile, UpdateLoginProfile",
        (user("ann", can("iam:*LoginProfile")), user("bob", READS)),
        {("ann", "allow", "other-principal")},
    ),
    "keys for oneself give nothing": Case(
        "IAM API Reference, CreateAccessKey",
        (
            user("ann", can("iam:CreateAccessKey", resource=arn("user", "${aws:username}"))),
            user("bob", READS),
        ),
        set(),
    ),
    "the metadata of a SAML provider that a reader trusts": Case(
        "IAM API Reference, UpdateSAMLProvider",
        (
            user("ann", can("iam:UpdateSAMLProvider")),
            role(
                "reader",
                READS,
                trust=trusting(
                    {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/okta"}, "sts:AssumeRoleWithSAML"
                ),
            ),
        ),
        {("ann", "allow", "identity-provider")},
    ),
}
LAMBDA = trusting({"Service": "lambda.amazonaws.com"})
SERVICES = {
    "a role that reads may be passed to a function that one makes": Case(
        "IAM User Guide, Grant a user permissions to pass a role to an AWS service",
        (
            user("ann", can("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction")),
            role("reader", READS, trust=LAMBDA),
        ),
        {("ann", "allow", "pass-role")},
    ),
    "a role that does not trust the service cannot be passed to it": Case(
        "IAM User Guide, Grant a user permissions to pass a role to an AWS service",
        (
            user("ann", can("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction")),
            role("reader", READS),
        ),
        set(),
    ),
    "a role may be passed to another service alone": Case(
        "IAM User Guide, iam:PassedToService",
        (
            user(
                "ann",
                document(
                    allow("iam:PassRole", **when(StringEquals={"iam:PassedToService": "ec2.amazonaws.com"})),
                    allow(["lambda:CreateFunction", "lambda:InvokeFunction"]),
                ),
            ),
            role("reader", READS, trust=LAMBDA),
        ),
        set(),
    ),
    "a role may be passed and nothing may be made": Case(
        "IAM User Guide, Grant a user permissions to pass a role to an AWS service",
        (user("ann", can("iam:PassRole")), role("reader", READS, trust=LAMBDA)),
        set(),
    ),
    "functions of certain names alone may be made": Case(
        "Service Authorization Reference, AWS Lambda",
        (
            user(
                "ann",
                document(
                    allow("iam:PassRole"),
                    allow("lambda:*", f"arn:aws:lambda:*:{ACCOUNT}:function:dev-*"),
                ),
            ),
            role("reader", READS, trust=LAMBDA),
        ),
        {("ann", "allow", "pass-role"), ("ann", "conditional", "running-code")},
    ),
    "machines of one kind alone may be started": Case(
        "Service Authorization Reference, Amazon EC2",
        (
            user(
                "ann",
                document(
                    allow("iam:PassRole"),
                    allow("ec2:RunInstances", **when(StringEquals={"ec2:InstanceType": "t3.micro"})),
                ),
            ),
            role("reader", READS, trust=trusting({"Service": "ec2.amazonaws.com"})),
        ),
        {("ann", "conditional", "pass-role")},
    ),
    "a trust for what runs in one's own account": Case(
        "IAM User Guide, The confused deputy problem",
        (
            user("ann", can("iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:RunTask")),
            role(
                "reader",
                READS,
                trust=trusting(
                    {"Service": "ecs-tasks.amazonaws.com"},
                    **when(StringEquals={"aws:SourceAccount": ACCOUNT}),
                ),
            ),
        ),
        {("ann", "allow", "pass-role")},
    ),
    "code may be put into functions, and which there are is not known": Case(
        "Lambda API Reference, UpdateFunctionCode",
        (user("ann", can("lambda:UpdateFunctionCode")), role("reader", READS, trust=LAMBDA)),
        {("ann", "conditional", "running-code")},
    ),
    "commands may be sent to machines": Case(
        "Systems Manager API Reference, SendCommand",
        (
            user("ann", can("ssm:SendCommand")),
            role("reader", READS, trust=trusting({"Service": "ec2.amazonaws.com"})),
        ),
        {("ann", "conditional", "running-code")},
    ),
}
COMPOSED = {
    "who may become a changer is one": Case(
        "STS API Reference, AssumeRole",
        (
            user("ann"),
            role(
                "ops",
                can("secretsmanager:PutResourcePolicy"),
                trust=trusting({"AWS": arn("user", "ann")}),
            ),
        ),
        {("ann", "allow", "secret-policy"), ("ops", "allow", "secret-policy")},
    ),
    "a chain of roles that somebody has to be able to assume": Case(
        "STS API Reference, AssumeRole",
        (
            user("ann"),
            role(
                "ops",
                can("secretsmanager:PutResourcePolicy"),
                trust=trusting({"AWS": ROOT}),
            ),
        ),
        {("ops", "allow", "secret-policy")},
    ),
    "who changes a trust takes what the role may change": Case(
        "IAM API Reference, UpdateAssumeRolePolicy",
        (
            user("ann", can("iam:UpdateAssumeRolePolicy", resource=arn("role", "ops"))),
            role("ops", can("secretsmanager:PutResourcePolicy")),
        ),
        {("ann", "allow", "role-trust"), ("ops", "allow", "secret-policy")},
    ),
    "who takes a role gives it policies, and puts the secret's with them": Case(
        "IAM API Reference, UpdateAssumeRolePolicy, PutRolePolicy",
        (
            user("ann", can("iam:UpdateAssumeRolePolicy", resource=arn("role", "ops"))),
            role("ops", can("iam:PutRolePolicy", resource=arn("role", "ops"))),
        ),
        {("ann", "allow", "role-trust"), ("ops", "allow", "own-policies")},
        {"secrets": [secret(document({**deny(), "Principal": "*"}))]},
    ),
    "under MFA": Case(
        "IAM User Guide, aws:MultiFactorAuthPresent",
        (
            user(
                "ann",
                can(
                    "secretsmanager:PutResourcePolicy",
                    **when(Bool={"aws:MultiFactorAuthPresent": "true"}),
                ),
            ),
        ),
        {("ann", "conditional", "secret-policy")},
    ),
    "two changes that only together give access": Case(
        "Secrets Manager User Guide, Permissions for the KMS key",
        (
            user("ann", can("sts:AssumeRole")),
            role("one", can("secretsmanager:PutResourcePolicy"), trust=trusting({"AWS": ROOT})),
            role("two", can("kms:PutKeyPolicy"), trust=trusting({"AWS": ROOT})),
        ),
        {("ann", "allow", "several-changes")},
        CUSTOMER,
    ),
    "an administrator stands once": Case(
        "IAM User Guide, AdministratorAccess",
        (user("ann", can("*")), READER, user("bob", READS)),
        {("ann", "allow", "administrator")},
    ),
    "an administrator whom a boundary holds is none": Case(
        "IAM User Guide, Permissions boundaries for IAM entities",
        (
            user(
                "ann",
                can("*"),
                PermissionsBoundary={"PermissionsBoundaryArn": arn("policy", "bound")},
            ),
        ),
        {("ann", "allow", "secret-policy")},
        {"policies": [managed("bound", can("secretsmanager:*"))]},
    ),
    "a policy that is missing may allow anything": Case(
        "docs/audit.md, Verdicts",
        (user("ann", AttachedManagedPolicies=[attached("gone")]),),
        {("ann", "unknown", "unread-policies")},
    ),
    "a policy that is missing allows nothing that an SCP denies": Case(
        "AWS Organizations User Guide, SCP evaluation",
        (user("ann", AttachedManagedPolicies=[attached("gone")]),),
        set(),
        {
            "scps": {
                ACCOUNT: [{"level": "root", "policies": [{"Name": "no", "Content": document(deny("*"))}]}]
            }
        },
    ),
    "a policy that is missing may also deny, so that nothing is sure": Case(
        "docs/audit.md, Verdicts",
        (
            user(
                "ann",
                can("secretsmanager:PutResourcePolicy"),
                AttachedManagedPolicies=[attached("gone")],
            ),
        ),
        {("ann", "unknown", "unread-policies")},
    ),
    "who only reads changes nothing": Case(
        "Secrets Manager API Reference, GetSecretValue",
        (user("ann", READS), READER),
        set(),
    ),
}
CASES = {**SECRETS_MANAGER, **KMS, **IAM, **SERVICES, **COMPOSED}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_way_is_found_where_there_is_one_and_nowhere_else(case: Case) -> None:
    assert found(*case.principals, **case.more) == case.expected


def test_every_case_is_about_the_one_secret() -> None:
    assert SECRET.endswith("prod/anthropic-api-key-AbCdEf")
