"""What the auditor of an environment may read, action by action. Pure.

Owns the list that `keyplan audit` needs and the denial that keeps values out of it. Leaves out who the
auditor is: that is the role's trust, in `trusts`.
"""

from __future__ import annotations

from components.aws.policy.documents import VALUE_ACTIONS, VERSION, Document

# What an audit collects: who may do what (iam, organizations), the policies at the resources themselves
# (secretsmanager, kms) in whichever regions there are (ec2), who did (cloudtrail) and whether the alarms
# stand (cloudwatch). Metadata only.
AUDIT_ACTIONS = (
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:LookupEvents",
    "cloudwatch:DescribeAlarms",
    "ec2:DescribeRegions",
    "iam:GetAccountAuthorizationDetails",
    "iam:GetGroup",
    "iam:GetGroupPolicy",
    "iam:GetInstanceProfile",
    "iam:GetOpenIDConnectProvider",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:GetSAMLProvider",
    "iam:GetUser",
    "iam:GetUserPolicy",
    "iam:ListAccountAliases",
    "iam:ListAttachedGroupPolicies",
    "iam:ListAttachedRolePolicies",
    "iam:ListAttachedUserPolicies",
    "iam:ListEntitiesForPolicy",
    "iam:ListGroupPolicies",
    "iam:ListGroups",
    "iam:ListGroupsForUser",
    "iam:ListInstanceProfiles",
    "iam:ListInstanceProfilesForRole",
    "iam:ListOpenIDConnectProviderTags",
    "iam:ListOpenIDConnectProviders",
    "iam:ListPolicies",
    "iam:ListPolicyVersions",
    "iam:ListRolePolicies",
    "iam:ListRoleTags",
    "iam:ListRoles",
    "iam:ListSAMLProviders",
    "iam:ListUserPolicies",
    "iam:ListUserTags",
    "iam:ListUsers",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeys",
    "kms:ListResourceTags",
    "organizations:DescribeAccount",
    "organizations:DescribeOrganization",
    "organizations:DescribeOrganizationalUnit",
    "organizations:DescribePolicy",
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListChildren",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListParents",
    "organizations:ListPolicies",
    "organizations:ListPoliciesForTarget",
    "organizations:ListRoots",
    "organizations:ListTagsForResource",
    "organizations:ListTargetsForPolicy",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetResourcePolicy",
    "secretsmanager:ListSecretVersionIds",
    "secretsmanager:ListSecrets",
    "sts:GetCallerIdentity",
)
# Denied, so that a value stays out of reach even when a wider policy is attached to the role later.
NEVER_FOR_AUDITORS = ("kms:Decrypt", *VALUE_ACTIONS)


def auditor_document() -> Document:
    """What the auditor role may do: read metadata and policies of the whole account, and never a value."""
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": "ReadMetadataAndPolicies",
                "Effect": "Allow",
                "Action": list(AUDIT_ACTIONS),
                "Resource": "*",  # an audit answers for the account: a reader that nobody listed is its point
            },
            {
                "Sid": "NeverReadValues",
                "Effect": "Deny",
                "Action": list(NEVER_FOR_AUDITORS),
                "Resource": "*",  # of any secret, whoever made it
            },
        ],
    }
