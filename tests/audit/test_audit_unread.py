"""What could not be collected is unknown, as an allow and as a denial; it never counts as absent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from keyplan.audit.estate import Estate
from keyplan.audit.policies.grades import Verdict
from keyplan.audit.snapshot import read_snapshot
from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    OTHER,
    READ,
    allow,
    deny,
    document,
    estate_of,
    inline,
    key,
    managed,
    role,
    secret,
    snapshot,
    trusting,
    user,
    verdict_of,
    when,
)

READS = document(allow([READ, "kms:Decrypt"]))
NOTHING = document(allow("s3:GetObject"))
UNKNOWN = Verdict.UNKNOWN
ACCOUNT_KEY_POLICY = document(
    {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
)


def unread(*fields: str) -> dict[str, Any]:
    return {"Unread": list(fields)}


def with_key(entry: dict[str, Any], *principals: Any, **more: Any) -> Verdict:
    return verdict_of(*principals, secrets=[secret(KmsKeyId=KEY, **more)], kms_keys=[entry])


@pytest.mark.parametrize(
    "principal",
    [
        user("ann", NOTHING, **unread("UserPolicyList")),
        user("ann", READS, **unread("UserPolicyList")),
        user("ann", NOTHING, **unread("AttachedManagedPolicies")),
        user("ann", READS, **unread("AttachedManagedPolicies")),
        user("ann", NOTHING, **unread("GroupList")),
        user("ann", READS, **unread("GroupList")),
        user("ann", READS, **unread("PermissionsBoundary")),
        role("r", NOTHING, **unread("RolePolicyList")),
        role("r", READS, **unread("RolePolicyList")),
        role("r", NOTHING, **unread("AttachedManagedPolicies")),
    ],
    ids=lambda principal: f"{principal['Unread'][0]} {len(str(principal))}",
)
def test_an_unread_policy_of_a_principal_may_allow_and_deny(principal: Any) -> None:
    assert verdict_of(principal) is UNKNOWN


def test_an_unread_boundary_allows_nothing_that_no_policy_allows() -> None:
    assert verdict_of(user("ann", NOTHING, **unread("PermissionsBoundary"))) is Verdict.DENY


@pytest.mark.parametrize("policy", [READS, NOTHING], ids=["could deny", "could allow"])
@pytest.mark.parametrize("field", ["GroupPolicyList", "AttachedManagedPolicies"])
def test_an_unread_policy_of_a_group_may_allow_and_deny(field: str, policy: Any) -> None:
    group = {
        "GroupName": "g",
        "Arn": f"arn:aws:iam::{ACCOUNT}:group/g",
        "GroupPolicyList": [],
        **unread(field),
    }
    details = {
        "UserDetailList": [user("ann", policy, GroupList=["g"])],
        "RoleDetailList": [],
        "GroupDetailList": [group],
        "Policies": [],
    }
    assert verdict_of(authorization_details=details) is UNKNOWN


def test_an_unread_version_of_a_managed_policy_is_unknown() -> None:
    policy = {**managed("m", READS), "PolicyVersionList": [], **unread("PolicyVersionList")}
    attached = [{"PolicyName": "m", "PolicyArn": policy["Arn"]}]
    details = {
        "UserDetailList": [user("ann", AttachedManagedPolicies=attached)],
        "RoleDetailList": [],
        "GroupDetailList": [],
        "Policies": [policy],
    }
    assert verdict_of(authorization_details=details) is UNKNOWN


def test_an_unread_trust_may_let_anybody_in() -> None:
    estate = estate_of(
        user("ann", document(allow("sts:AssumeRole"))),
        role("r", trust=trusting({"AWS": ACCOUNT}), **unread("AssumeRolePolicyDocument")),
    )
    assert estate.assumes(estate.callers[0]).verdict(1) is UNKNOWN


TEAM = when(StringEquals={"aws:PrincipalTag/team": "a"})
NO_TEAM = when(Null={"aws:PrincipalTag/team": "true"})


@pytest.mark.parametrize("condition", [TEAM, NO_TEAM])
@pytest.mark.parametrize("effect", [allow, deny])
def test_unread_tags_of_a_principal_leave_conditions_about_them_unknown(
    condition: Any, effect: Callable[..., Any]
) -> None:
    statements = [effect(READ, **condition)]
    if effect is deny:
        statements.append(allow())
    assert verdict_of(user("ann", document(*statements), **unread("Tags"))) is UNKNOWN


def test_a_tag_that_was_read_counts_although_others_were_not() -> None:
    ann = user("ann", document(allow(READ, **TEAM)), Tags=[{"Key": "team", "Value": "a"}], **unread("Tags"))
    assert verdict_of(ann) is Verdict.ALLOW


SECRET_TEAM = when(StringEquals={"aws:ResourceTag/team": "a"})


@pytest.mark.parametrize(
    "statements", [[allow(READ, **SECRET_TEAM)], [allow(), deny(READ, **SECRET_TEAM)]], ids=["allow", "deny"]
)
def test_unread_tags_of_a_secret_leave_conditions_about_them_unknown(statements: list[Any]) -> None:
    assert verdict_of(user("ann", document(*statements)), secrets=[secret(**unread("Tags"))]) is UNKNOWN


@pytest.mark.parametrize("policy", [READS, NOTHING], ids=["could deny", "could allow"])
def test_an_unread_policy_of_a_secret_may_allow_and_deny(policy: Any) -> None:
    assert verdict_of(user("ann", policy), secrets=[secret(**unread("ResourcePolicy"))]) is UNKNOWN


def test_a_secret_whose_key_is_not_told_may_be_decrypted_or_not() -> None:
    assert verdict_of(user("ann", READS), secrets=[secret(**unread("KmsKeyId"))]) is UNKNOWN


@pytest.mark.parametrize("field", ["KeyPolicy", "KeyState"])
def test_an_unread_part_of_a_key_makes_decryption_unknown(field: str) -> None:
    entry = {**key(ACCOUNT_KEY_POLICY), **unread(field)}
    entry.pop(field)
    assert with_key(entry, user("ann", READS)) is UNKNOWN


def test_a_key_policy_that_is_unread_is_not_the_one_that_is_there() -> None:
    assert with_key({**key(ACCOUNT_KEY_POLICY), **unread("KeyPolicy")}, user("ann", READS)) is UNKNOWN


def test_a_key_state_that_is_unread_is_not_the_one_that_is_there() -> None:
    assert with_key({**key(ACCOUNT_KEY_POLICY), **unread("KeyState")}, user("ann", READS)) is UNKNOWN


def test_unread_grants_may_allow_and_never_deny() -> None:
    reads_only = document(allow(READ))
    assert with_key(key(ACCOUNT_KEY_POLICY), user("ann", reads_only)) is Verdict.DENY
    assert with_key({**key(ACCOUNT_KEY_POLICY), **unread("Grants")}, user("ann", reads_only)) is UNKNOWN
    assert with_key({**key(ACCOUNT_KEY_POLICY), **unread("Grants")}, user("ann", READS)) is Verdict.ALLOW


@pytest.mark.parametrize("effect", [allow, deny])
@pytest.mark.parametrize(
    ("field", "condition"),
    [
        ("Tags", when(StringEquals={"aws:ResourceTag/team": "a"})),
        ("Aliases", when(**{"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/x"}})),
    ],
)
def test_unread_tags_and_aliases_of_a_key_leave_conditions_about_them_unknown(
    field: str, condition: Any, effect: Callable[..., Any]
) -> None:
    statements = [allow(READ), effect("kms:Decrypt", **condition)]
    if effect is deny:
        statements.append(allow("kms:Decrypt"))
    assert (
        with_key({**key(ACCOUNT_KEY_POLICY), **unread(field)}, user("ann", document(*statements))) is UNKNOWN
    )


ORGANIZATION = {"Id": "o-1", "ManagementAccountId": OTHER, "Accounts": [ACCOUNT, OTHER], "Paths": {}}


@pytest.mark.parametrize("kind", ["scps", "rcps"])
@pytest.mark.parametrize("organization", [ORGANIZATION, None], ids=["in one", "in one or none"])
def test_controls_that_could_not_be_read_are_unknown(kind: str, organization: Any) -> None:
    controls = {"scps": {ACCOUNT: []}, "rcps": {ACCOUNT: []}, kind: {ACCOUNT: None}}
    assert verdict_of(user("ann", READS), organization=organization, **controls) is UNKNOWN


@pytest.mark.parametrize("kind", ["scps", "rcps"])
def test_a_table_of_controls_that_is_missing_is_unknown_in_an_organization(kind: str) -> None:
    controls = {"scps": {ACCOUNT: []}, "rcps": {ACCOUNT: []}, kind: None}
    assert verdict_of(user("ann", READS), organization=ORGANIZATION, **controls) is UNKNOWN


@pytest.mark.parametrize("kind", ["scps", "rcps"])
def test_without_an_organization_there_are_no_controls(kind: str) -> None:
    assert verdict_of(user("ann", READS), organization=None, **{kind: None}) is Verdict.ALLOW


def test_a_level_of_controls_that_could_not_be_read_is_unknown() -> None:
    full = {"Name": "FullAWSAccess", "Content": document(allow("*"))}
    levels = [{"level": "r-1", "policies": [full]}, {"level": ACCOUNT}]
    found = verdict_of(
        user("ann", READS), organization=ORGANIZATION, scps={ACCOUNT: levels}, rcps={ACCOUNT: []}
    )
    assert found is UNKNOWN


@pytest.mark.parametrize("name", ["aws:PrincipalOrgID", "aws:ResourceOrgID"])
@pytest.mark.parametrize("effect", [allow, deny])
def test_the_organization_of_an_account_that_gave_no_answer_is_unknown(
    name: str, effect: Callable[..., Any]
) -> None:
    statements = [effect(READ, **when(StringEquals={name: "o-1"}))]
    if effect is deny:
        statements.append(allow())
    # SCPs and RCPs are read, so that nothing else is unknown.
    document_ = snapshot(user("ann", document(*statements)), scps={ACCOUNT: None})
    found = read_snapshot(document_)
    found.scps = found.rcps = None
    estate = Estate(found)
    estate.controls._levels.update({(kind, ACCOUNT): () for kind in ("scps", "rcps")})
    assert estate.reads(estate.callers[0]).verdict(1) is UNKNOWN


def test_every_call_without_an_answer_is_a_problem_and_equal_ones_are_counted() -> None:
    missing = [
        {"account": ACCOUNT, "region": "eu-west-1", "call": "kms:GetKeyPolicy", "reason": "not allowed"},
        {"account": ACCOUNT, "region": "eu-west-1", "call": "kms:GetKeyPolicy", "reason": "not allowed"},
        {"account": OTHER, "region": "", "call": "sts:AssumeRole", "reason": "not allowed", "resource": "x"},
        7,
    ]
    assert estate_of(missing=missing).problems() == [
        f"account {ACCOUNT}, eu-west-1: kms:GetKeyPolicy was not answered when the snapshot was collected: "
        "not allowed (2 times)",
        f"account {OTHER}: sts:AssumeRole was not answered when the snapshot was collected: not allowed",
        "missing: an entry that is not an object",
    ]


def test_an_account_whose_lists_are_cut_off_is_said() -> None:
    details = {
        name: [] for name in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    } | unread("RoleDetailList")
    assert estate_of(authorization_details=details).problems() == [
        "authorization_details.RoleDetailList: not all of it could be collected"
    ]


def test_an_account_that_could_not_be_asked_is_one_problem() -> None:
    problems = estate_of(external_accounts={OTHER: {"authorization_details": None}}).problems()
    assert problems == [f"external_accounts.{OTHER}: it is missing: its principals are unknown"]


@pytest.mark.parametrize("listed", [None, 3, "Tags", {"Tags": 1}], ids=str)
def test_a_strange_list_of_unread_fields_does_no_harm(listed: Any) -> None:
    assert verdict_of(user("ann", READS, Unread=listed, UserPolicyList=inline(READS))) is Verdict.ALLOW
