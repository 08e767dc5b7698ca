"""Ways by tags of secrets and of keys; each case names its document of AWS."""

from __future__ import annotations

import pytest

from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    allow,
    deny,
    document,
    key,
    role,
    secret,
    trusting,
    user,
    when,
)
from tests.audit_changers.small_accounts import (
    CUSTOMER,
    DECRYPTS,
    READS,
    THROUGH_ACCOUNT,
    Case,
    arn,
    can,
    found,
    rows_of,
)
from tests.audit_changers.tagged import SAME_TEAM, TAG, UNTAG, tags, with_tag

SECRETS = {
    "the tag that lets one read may be set": Case(
        "Secrets Manager User Guide, Control access to secrets using tags; API Reference, TagResource",
        (user("ann", with_tag("a"), can(TAG)),),
        {("ann", "allow", "secret-tags")},
    ),
    "the service's own key of the tag decides alike": Case(
        "Service Authorization Reference, AWS Secrets Manager, secretsmanager:ResourceTag",
        (
            user(
                "ann",
                document(allow(**when(StringLike={"secretsmanager:ResourceTag/team": "a*"})), DECRYPTS),
                can(TAG),
            ),
        ),
        {("ann", "allow", "secret-tags")},
    ),
    "the tag may be set that lets somebody else read": Case(
        "Secrets Manager User Guide, Control access to secrets using tags",
        (user("ann", can(TAG)), user("bob", with_tag("a"))),
        {("ann", "allow", "secret-tags")},
    ),
    "the tag is the reader's own already": Case(
        "Secrets Manager API Reference, TagResource",
        (user("ann", with_tag("a"), can(TAG)),),
        set(),
        {"secrets": [secret(Tags=tags(team="a"))]},
    ),
    "where no tags decide, setting them changes nothing": Case(
        "Secrets Manager API Reference, TagResource",
        (user("ann", can(TAG, UNTAG)), user("bob", READS)),
        set(),
    ),
    "tags decide, and nobody may set them": Case(
        "Secrets Manager User Guide, Control access to secrets using tags",
        (user("ann", with_tag("a")),),
        set(),
    ),
    "tags of another secret may be set": Case(
        "Secrets Manager API Reference, TagResource",
        (
            user(
                "ann",
                with_tag("a"),
                can(TAG, resource="arn:aws:secretsmanager:eu-west-1:111122223333:secret:b*"),
            ),
        ),
        set(),
    ),
    "the tag of the principal's own team": Case(
        "IAM tutorial: Define permissions to access AWS resources based on tags",
        (user("ann", document(allow(**SAME_TEAM), DECRYPTS), can(TAG), Tags=tags(team="a")),),
        {("ann", "allow", "secret-tags")},
        {"secrets": [secret(Tags=tags(team="b"))]},
    ),
    "the request may give the tag that value": Case(
        "IAM User Guide, aws:RequestTag",
        (user("ann", with_tag("a"), can(TAG, **when(StringEquals={"aws:RequestTag/team": "a"}))),),
        {("ann", "allow", "secret-tags")},
    ),
    "the request may give the tag another value alone": Case(
        "IAM User Guide, aws:RequestTag",
        (user("ann", with_tag("a"), can(TAG, **when(StringEquals={"aws:RequestTag/team": "b"}))),),
        set(),
    ),
    "the request needs another tag besides, with a value that is not tried": Case(
        "IAM User Guide, aws:RequestTag",
        (user("ann", with_tag("a"), can(TAG, **when(StringEquals={"aws:RequestTag/owner": "ann"}))),),
        {("ann", "conditional", "secret-tags")},
    ),
    "the request needs another tag besides": Case(
        "IAM User Guide, aws:RequestTag",
        (user("ann", with_tag("a"), can(TAG, **when(Null={"aws:RequestTag/owner": "false"}))),),
        {("ann", "allow", "secret-tags")},
    ),
    "another tag alone may be set": Case(
        "IAM User Guide, aws:TagKeys",
        (
            user(
                "ann",
                with_tag("a"),
                can(TAG, **when(**{"ForAllValues:StringEquals": {"aws:TagKeys": ["cost"]}})),
            ),
        ),
        set(),
    ),
    "that tag alone may be set, however it is spelled": Case(
        "IAM User Guide, aws:TagKeys (its values have upper and lower case, condition keys have none)",
        (
            user(
                "ann",
                with_tag("a"),
                can(TAG, **when(**{"ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]}})),
            ),
        ),
        {("ann", "allow", "secret-tags")},
    ),
    "only secrets may be tagged that have a tag already": Case(
        "IAM User Guide, aws:ResourceTag",
        (user("ann", with_tag("a"), can(TAG, **when(StringEquals={"aws:ResourceTag/owner": "ann"}))),),
        set(),
    ),
    "a tag may be set that lets another be set": Case(
        "IAM User Guide, aws:ResourceTag; at most conditional, because it is not tried out",
        (
            user(
                "ann",
                with_tag("a"),
                can(TAG, **when(StringEquals={"aws:RequestTag/owner": "ann"})),
                can(TAG, **when(StringEquals={"aws:ResourceTag/owner": "ann"})),
            ),
        ),
        {("ann", "conditional", "secret-tags")},
    ),
    "a denial by a tag goes when the tag is taken away": Case(
        "Secrets Manager API Reference, UntagResource",
        (
            user(
                "ann",
                READS,
                document(deny(**when(StringEquals={"aws:ResourceTag/class": "top"}))),
                can(UNTAG),
            ),
        ),
        {("ann", "allow", "secret-tags")},
        {"secrets": [secret(Tags=tags(Class="top"))]},
    ),
    "a denial by a tag goes when the tag gets another value": Case(
        "Secrets Manager API Reference, TagResource (a tag that is there gets the new value)",
        (
            user(
                "ann", READS, document(deny(**when(StringEquals={"aws:ResourceTag/class": "top"}))), can(TAG)
            ),
        ),
        {("ann", "allow", "secret-tags")},
        {"secrets": [secret(Tags=tags(Class="top"))]},
    ),
    "the value that a request may set lifts a denial": Case(
        "IAM User Guide, aws:RequestTag",
        (
            user(
                "ann",
                READS,
                document(deny(**when(StringEquals={"aws:ResourceTag/class": "top"}))),
                can(TAG, **when(StringEquals={"aws:RequestTag/class": "low"})),
            ),
        ),
        {("ann", "allow", "secret-tags")},
        {"secrets": [secret(Tags=tags(Class="top"))]},
    ),
    "the tag that one statement asks for another denies": Case(
        "IAM User Guide, Policy evaluation logic",
        (
            user(
                "ann",
                with_tag("a"),
                document(deny(**when(StringEquals={"aws:ResourceTag/team": "a"}))),
                can(TAG, UNTAG),
            ),
        ),
        set(),
    ),
    "two tags are asked for and both may be set": Case(
        "IAM User Guide, Conditions with multiple context keys or values",
        (
            user(
                "ann",
                document(
                    allow(**when(StringEquals={"aws:ResourceTag/team": "a", "aws:ResourceTag/stage": "dev"})),
                    DECRYPTS,
                ),
                can(TAG),
            ),
        ),
        {("ann", "allow", "secret-tags")},
    ),
    "two tags are asked for and one may be set": Case(
        "IAM User Guide, aws:TagKeys",
        (
            user(
                "ann",
                document(
                    allow(**when(StringEquals={"aws:ResourceTag/team": "a", "aws:ResourceTag/stage": "dev"})),
                    DECRYPTS,
                ),
                can(TAG, **when(**{"ForAllValues:StringEquals": {"aws:TagKeys": "team"}})),
            ),
        ),
        set(),
    ),
    "a tag lets one put the secret's policy": Case(
        "Service Authorization Reference, AWS Secrets Manager, PutResourcePolicy",
        (user("ann", with_tag("a", "secretsmanager:PutResourcePolicy"), can(TAG)),),
        {("ann", "allow", "secret-policy")},
    ),
    "who may become a principal that sets tags is one": Case(
        "STS API Reference, AssumeRole",
        (
            user("ann", with_tag("a")),
            role("tagger", can(TAG), trust=trusting({"AWS": arn("user", "ann")})),
        ),
        {("ann", "allow", "secret-tags"), ("tagger", "allow", "secret-tags")},
    ),
    "an SCP denies that tags are set": Case(
        "AWS Organizations User Guide, SCP evaluation",
        (user("ann", with_tag("a"), can(TAG)),),
        set(),
        {
            "scps": {
                ACCOUNT: [
                    {
                        "level": "root",
                        "policies": [
                            {"Name": "full", "Content": can("*")},
                            {"Name": "no", "Content": document(deny(TAG))},
                        ],
                    }
                ]
            }
        },
    ),
    "under MFA": Case(
        "IAM User Guide, aws:MultiFactorAuthPresent",
        (user("ann", with_tag("a"), can(TAG, **when(Bool={"aws:MultiFactorAuthPresent": "true"}))),),
        {("ann", "conditional", "secret-tags")},
    ),
}
KEYS = {
    "the key's tag that lets one decrypt may be set": Case(
        "KMS Developer Guide, ABAC for AWS KMS; KMS API Reference, TagResource",
        (
            user(
                "ann",
                document(
                    allow(),
                    allow("kms:Decrypt", **when(StringEquals={"aws:ResourceTag/team": "a"})),
                    allow("kms:TagResource"),
                ),
            ),
        ),
        {("ann", "allow", "key-tags")},
        CUSTOMER,
    ),
    "the key's policy does not let its tags be set": Case(
        "KMS Developer Guide, Key policies",
        (
            user(
                "ann",
                document(
                    allow(),
                    allow("kms:Decrypt", **when(StringEquals={"aws:ResourceTag/team": "a"})),
                    allow("kms:TagResource"),
                ),
            ),
        ),
        set(),
        {
            "secrets": [secret(KmsKeyId=KEY)],
            "kms_keys": [
                key(
                    document(
                        *THROUGH_ACCOUNT["Statement"], {**deny("kms:TagResource"), "Principal": {"AWS": "*"}}
                    )
                )
            ],
        },
    ),
    "a denial in the key's policy goes with the key's tag": Case(
        "KMS API Reference, UntagResource",
        (user("ann", READS, can("kms:UntagResource")),),
        {("ann", "allow", "key-tags")},
        {
            "secrets": [secret(KmsKeyId=KEY)],
            "kms_keys": [
                {
                    **key(
                        document(
                            *THROUGH_ACCOUNT["Statement"],
                            {
                                **deny("kms:Decrypt", **when(Null={"aws:ResourceTag/frozen": "false"})),
                                "Principal": {"AWS": "*"},
                            },
                        )
                    ),
                    "Tags": [{"TagKey": "frozen", "TagValue": ""}],
                }
            ],
        },
    ),
    "the tags of the secret and of its key": Case(
        "Secrets Manager User Guide, Permissions for the KMS key",
        (
            user(
                "ann",
                document(
                    allow(
                        "secretsmanager:GetSecretValue", **when(StringEquals={"aws:ResourceTag/team": "a"})
                    ),
                    allow("kms:Decrypt", **when(StringEquals={"aws:ResourceTag/team": "b"})),
                    allow([TAG, "kms:TagResource"]),
                ),
            ),
        ),
        {("ann", "allow", "secret-tags+key-tags")},
        CUSTOMER,
    ),
}
CASES = {**SECRETS, **KEYS}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_way_is_found_where_there_is_one_and_nowhere_else(case: Case) -> None:
    assert found(*case.principals, **case.more) == case.expected


def test_what_is_changed_of_a_key_is_the_key() -> None:
    (row,) = rows_of(*KEYS["the key's tag that lets one decrypt may be set"].principals, **CUSTOMER)
    assert (row.how, row.through) == ("key-tags", KEY)
