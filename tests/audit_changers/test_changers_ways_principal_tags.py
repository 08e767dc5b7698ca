"""Ways by tags of principals; each case names its document of AWS."""

from __future__ import annotations

import pytest

from tests.audit.accounts import (
    ACCOUNT,
    ROOT,
    allow,
    deny,
    document,
    role,
    secret,
    trusting,
    user,
    when,
)
from tests.audit_changers.small_accounts import (
    DECRYPTS,
    READS,
    Case,
    arn,
    can,
    found,
    rows_of,
)
from tests.audit_changers.tagged import SAME_TEAM, tags

TEAM_READS = document(allow(**SAME_TEAM), DECRYPTS)
PRINCIPALS = {
    "one's own tag that lets one read may be set": Case(
        "IAM API Reference, TagUser; IAM tutorial: Define permissions based on tags",
        (user("ann", TEAM_READS, can("iam:TagUser", resource=arn("user", "ann"))),),
        {("ann", "allow", "principal-tags")},
        {"secrets": [secret(Tags=tags(team="a"))]},
    ),
    "one's own tag may get no value that a secret has": Case(
        "IAM User Guide, aws:RequestTag",
        (
            user(
                "ann",
                TEAM_READS,
                can("iam:TagUser", **when(StringEquals={"aws:RequestTag/team": ["b", "c"]})),
            ),
        ),
        set(),
        {"secrets": [secret(Tags=tags(team="a"))]},
    ),
    "the tag of a role that one may become": Case(
        "IAM API Reference, TagRole; STS API Reference, AssumeRole",
        (
            user("ann", can("iam:TagRole")),
            role("app", TEAM_READS, trust=trusting({"AWS": arn("user", "ann")})),
        ),
        {("ann", "allow", "principal-tags")},
        {"secrets": [secret(Tags=tags(team="a"))]},
    ),
    "the tag of somebody else, who reads then": Case(
        "IAM API Reference, TagRole",
        (user("ann", can("iam:TagRole")), role("app", TEAM_READS)),
        {("ann", "allow", "principal-tags")},
        {"secrets": [secret(Tags=tags(team="a"))]},
    ),
    "a role's tag is not set as a user's is": Case(
        "Service Authorization Reference, AWS Identity and Access Management, TagUser",
        (user("ann", can("iam:TagUser")), role("app", TEAM_READS)),
        set(),
        {"secrets": [secret(Tags=tags(team="a"))]},
    ),
    "a denial by one's own tag goes with the tag": Case(
        "IAM API Reference, UntagUser",
        (
            user(
                "ann",
                READS,
                document(deny(**when(StringEquals={"aws:PrincipalTag/probation": "yes"}))),
                can("iam:UntagUser"),
                Tags=tags(probation="yes"),
            ),
        ),
        {("ann", "allow", "principal-tags")},
    ),
    "a tag that stands in the name of a secret is not tried out": Case(
        "IAM User Guide, IAM policy elements: Variables and tags",
        (
            user(
                "ann",
                document(
                    allow(
                        resource=f"arn:aws:secretsmanager:*:{ACCOUNT}:secret:${{aws:PrincipalTag/stage}}/*"
                    ),
                    DECRYPTS,
                ),
                can("iam:TagUser"),
            ),
        ),
        {("ann", "conditional", "principal-tags")},
    ),
    "a tag that the secret's own policy asks for": Case(
        "Secrets Manager User Guide, Resource-based policies",
        (user("ann", can("iam:TagUser")),),
        {("ann", "allow", "principal-tags")},
        {
            "secrets": [
                secret(
                    document(
                        {
                            **allow(**when(StringEquals={"aws:PrincipalTag/team": "a"})),
                            "Principal": {"AWS": "*"},
                        }
                    )
                )
            ]
        },
    ),
    "a tag lets one change a policy": Case(
        "IAM API Reference, TagUser, PutUserPolicy",
        (
            user(
                "ann",
                can("iam:TagUser"),
                can("iam:PutUserPolicy", **when(StringEquals={"aws:PrincipalTag/team": "admins"})),
            ),
        ),
        {("ann", "allow", "principal-tags")},
    ),
    "a role may be assumed once it has a tag": Case(
        "IAM API Reference, TagRole; IAM User Guide, aws:ResourceTag",
        (
            user(
                "ann",
                can("iam:TagRole"),
                can("sts:AssumeRole", **when(StringEquals={"aws:ResourceTag/team": "a"})),
            ),
            role("reader", READS, trust=trusting({"AWS": ROOT})),
        ),
        {("ann", "allow", "principal-tags")},
    ),
    "keys may be made for users with a tag, and tags may be set": Case(
        "IAM User Guide, iam:ResourceTag",
        (
            user(
                "ann",
                can("iam:TagUser"),
                can("iam:CreateAccessKey", **when(StringEquals={"iam:ResourceTag/team": "a"})),
            ),
            user("bob", READS),
        ),
        {("ann", "allow", "other-principal")},
    ),
    "a trust that is changed lets sessions bring tags": Case(
        "IAM User Guide, Pass session tags in AWS STS (the trust has to allow sts:TagSession)",
        (
            user("ann", can("iam:UpdateAssumeRolePolicy")),
            role("app", TEAM_READS, Tags=tags(team="b")),
        ),
        {("ann", "conditional", "role-trust")},
        {"secrets": [secret(Tags=tags(team="a"))]},
    ),
    "tags that sessions bring already are in the answer": Case(
        "STS API Reference, AssumeRole, Tags",
        (
            user("ann"),
            role(
                "app",
                TEAM_READS,
                trust=trusting({"AWS": arn("user", "ann")}, ["sts:AssumeRole", "sts:TagSession"]),
            ),
        ),
        set(),
        {"secrets": [secret(Tags=tags(team="a"))]},
    ),
}


@pytest.mark.parametrize("case", PRINCIPALS.values(), ids=PRINCIPALS)
def test_a_way_is_found_where_there_is_one_and_nowhere_else(case: Case) -> None:
    assert found(*case.principals, **case.more) == case.expected


def test_whose_tags_are_changed_and_by_which_statement_is_said() -> None:
    case = PRINCIPALS["the tag of somebody else, who reads then"]
    (row,) = rows_of(*case.principals, **case.more)
    assert (row.through, row.path) == (arn("role", "app"), (arn("user", "ann"), arn("role", "app")))
    assert row.message == (
        "it may change the tags of somebody else, who reads then "
        "(iam:TagRole by arn:aws:iam::111122223333:user/ann p0[0])"
    )
