"""The calls that change an answer, and what their requests have for the condition keys.

A request's own choices (which policy is attached, which service a role is passed to) are fixed to what serves
the caller. What the caller does not choose and a snapshot cannot know is open.
Source: Service Authorization Reference, AWS Secrets Manager, AWS Key Management Service, AWS Identity and
Access Management; IAM User Guide, "AWS global condition context keys" (aws:RequestedRegion of services with
one endpoint).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keyplan.audit.policies.domains import direct_call
from keyplan.audit.policies.values import Known, Missing, Open, Value

PUT_POLICY = "secretsmanager:PutResourcePolicy"
DELETE_POLICY = "secretsmanager:DeleteResourcePolicy"
REKEY = "secretsmanager:UpdateSecret"
PUT_KEY_POLICY, CREATE_GRANT = "kms:PutKeyPolicy", "kms:CreateGrant"
UPDATE_TRUST, PASS_ROLE = "iam:UpdateAssumeRolePolicy", "iam:PassRole"
CREATE_ACCESS_KEY = "iam:CreateAccessKey"
CREATE_PASSWORD, UPDATE_PASSWORD = "iam:CreateLoginProfile", "iam:UpdateLoginProfile"
NEW_VERSION, OTHER_VERSION = "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"
JOIN_GROUP, LEAVE_GROUP = "iam:AddUserToGroup", "iam:RemoveUserFromGroup"
UPDATE_SAML = "iam:UpdateSAMLProvider"
CREATE_POLICY = "iam:CreatePolicy"
TAG_SECRET, UNTAG_SECRET = "secretsmanager:TagResource", "secretsmanager:UntagResource"
TAG_KEY, UNTAG_KEY = "kms:TagResource", "kms:UntagResource"
TAG_USER, UNTAG_USER = "iam:TagUser", "iam:UntagUser"
TAG_ROLE, UNTAG_ROLE = "iam:TagRole", "iam:UntagRole"


@dataclass(frozen=True)
class OfKind:
    """The calls that change the policies of users, of roles or of groups."""

    put: str
    attach: str
    delete: str
    detach: str
    put_boundary: str = ""
    delete_boundary: str = ""


OF_KIND: Mapping[str, OfKind] = {
    kind.lower(): OfKind(
        f"iam:Put{kind}Policy",
        f"iam:Attach{kind}Policy",
        f"iam:Delete{kind}Policy",
        f"iam:Detach{kind}Policy",
        f"iam:Put{kind}PermissionsBoundary" if kind != "Group" else "",
        f"iam:Delete{kind}PermissionsBoundary" if kind != "Group" else "",
    )
    for kind in ("User", "Role", "Group")
}
EDITING = (
    *(action for each in OF_KIND.values() for action in vars(each).values() if action),
    *(NEW_VERSION, OTHER_VERSION, JOIN_GROUP, LEAVE_GROUP),
)
TAG_PRINCIPALS = (TAG_USER, TAG_ROLE, UNTAG_USER, UNTAG_ROLE)
CALLS = (
    *(PUT_POLICY, DELETE_POLICY, REKEY, PUT_KEY_POLICY, CREATE_GRANT, UPDATE_TRUST, PASS_ROLE),
    *(CREATE_ACCESS_KEY, CREATE_PASSWORD, UPDATE_PASSWORD, UPDATE_SAML, CREATE_POLICY, *EDITING),
    *(TAG_SECRET, UNTAG_SECRET, TAG_KEY, UNTAG_KEY, *TAG_PRINCIPALS),
)
_BOUNDED = frozenset(
    action
    for each in (OF_KIND["user"], OF_KIND["role"])
    for action in (each.put, each.attach, each.delete, each.detach, each.delete_boundary)
)


def of_secrets(action: str) -> dict[str, Value]:
    """The keys of a call about a secret. A policy that is put need not be a public one."""
    return {
        **direct_call(),
        "secretsmanager:versionid": Missing.ABSENT,
        "secretsmanager:versionstage": Missing.ABSENT,
        "secretsmanager:secretprimaryregion": Open(True),
        "secretsmanager:resource/allowrotationlambdaarn": Open(False),
        **({"secretsmanager:blockpublicpolicy": Known(("true",))} if action == PUT_POLICY else {}),
        **(
            {"secretsmanager:kmskeyid": Open(True), "secretsmanager:kmskeyarn": Open(True)}
            if action == REKEY
            else {}
        ),
    }


def of_keys(action: str) -> dict[str, Value]:
    """The keys of a call about a key that the principal makes itself: no service is between."""
    grant: dict[str, Value] = {
        "kms:grantisforawsresource": Known(("false",)),
        "kms:grantoperations": Known(("Decrypt",)),
        "kms:granteeprincipal": Open(True),
        "kms:retiringprincipal": Missing.ABSENT,
        "kms:grantconstrainttype": Missing.ABSENT,
    }
    return {
        **direct_call(),
        "kms:viaservice": Missing.ABSENT,
        "kms:encryptioncontext:secretarn": Missing.ABSENT,
        "kms:encryptioncontext:secretversionid": Missing.ABSENT,
        "kms:encryptioncontextkeys": Missing.ABSENT,
        "kms:keyorigin": Open(True),
        "kms:keyspec": Open(True),
        "kms:keyusage": Open(True),
        "kms:customermasterkeyspec": Open(True),
        "kms:customermasterkeyusage": Open(True),
        "kms:multiregion": Open(True),
        "kms:multiregionkeytype": Open(False),
        "kms:requestalias": Missing.ABSENT,
        "kms:bypasspolicylockoutsafetycheck": Known(("false",)),
        **(grant if action == CREATE_GRANT else {}),
    }


def of_iam(partition: str, **chosen: str) -> dict[str, Value]:
    """The keys of a call of IAM; `chosen` are keys of IAM whose value the caller chooses, without `iam:`."""
    return {
        **direct_call(),
        "aws:requestedregion": Known((_IAM_REGIONS.get(partition, "us-east-1"),)),
        "iam:passedtoservice": Missing.ABSENT,
        "iam:associatedresourcearn": Open(False),
        "iam:policyarn": Missing.ABSENT,
        **{f"iam:{key}": Known((value,)) for key, value in chosen.items()},
    }


_IAM_REGIONS = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


def has_boundary_of_target(action: str) -> bool:
    """Whether iam:PermissionsBoundary is, in such a call, the boundary of who is changed."""
    return action in _BOUNDED
