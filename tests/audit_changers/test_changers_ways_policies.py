"""Ways by policies of principals: one's own, a group's, a boundary, somebody else's."""

from __future__ import annotations

import pytest

from tests.audit.accounts import (
    ACCOUNT,
    OTHER,
    allow,
    attached,
    deny,
    document,
    managed,
    role,
    trusting,
    user,
    when,
)
from tests.audit_changers.small_accounts import READS, Case, arn, can, found

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
}


@pytest.mark.parametrize("case", IAM.values(), ids=IAM)
def test_a_way_is_found_where_there_is_one_and_nowhere_else(case: Case) -> None:
    assert found(*case.principals, **case.more) == case.expected
