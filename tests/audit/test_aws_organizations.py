"""SCPs, RCPs and the keys of organizations, as AWS's documents have them."""

from __future__ import annotations

from typing import Any

import pytest

from keyplan.audit.matrix import graph_of, reach, result
from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    OTHER,
    READ,
    REGION,
    ROOT,
    Statement,
    allow,
    deny,
    details,
    document,
    estate_of,
    key,
    role,
    secret,
    trusting,
    user,
    when,
)
from tests.audit.aws_cases import ALLOW, DENY, OPEN, ORGANIZATIONS, UNKNOWN, Case, owning, under

SCPS = f"SCP evaluation: {ORGANIZATIONS}/orgs_manage_policies_scps_evaluation.html"
EXEMPT = f"Service control policies, not restricted by SCPs: {ORGANIZATIONS}/orgs_manage_policies_scps.html"
RCPS = f"Resource control policies: {ORGANIZATIONS}/orgs_manage_policies_rcps.html"
KEYS = (
    "AWS global condition context keys: "
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"
)
MANAGER = "999988887777"
ORGANIZATION = {
    "Id": "o-1",
    "ManagementAccountId": MANAGER,
    "Accounts": [ACCOUNT, MANAGER],
    "Paths": {ACCOUNT: "o-1/r-1/ou-1/"},
}
MAY = user("ann", document(allow("*")))
FULL = allow("*")
NOBODY = {**deny("secretsmanager:*"), "Principal": "*"}


def levels(*each: list[Statement], account: str = ACCOUNT) -> dict[str, Any]:
    """Levels of one policy each, the root first."""
    return {
        account: [
            {
                "level": f"level-{number}",
                "policies": [{"Name": f"p{number}", "Content": document(*statements)}],
            }
            for number, statements in enumerate(each)
        ]
    }


def controlled(scps: Any = None, rcps: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "organization": ORGANIZATION,
        "scps": levels([FULL]) if scps is None else scps,
        "rcps": levels() if rcps is None else rcps,
        **more,
    }


LINKED = role("AWSServiceRoleForX", document(allow("*")), Path="/aws-service-role/x.amazonaws.com/")
LOOKS_LINKED = role("reader", document(allow("*")), Path="/service-role/")
OWN_KEY = {"secrets": [secret(KmsKeyId=KEY)], "kms_keys": [key()]}
NO_DECRYPT = {**deny("kms:*"), "Principal": "*"}
CASES = {
    "FullAWSAccess at each level": Case(ALLOW, SCPS, MAY, controlled(levels([FULL], [FULL], [FULL]))),
    "a level that allows something else": Case(
        DENY, SCPS, MAY, controlled(levels([FULL], [allow("s3:*")], [FULL]))
    ),
    "the root allows something else": Case(DENY, SCPS, MAY, controlled(levels([allow("s3:*")], [FULL]))),
    "the account's level allows something else": Case(
        DENY, SCPS, MAY, controlled(levels([FULL], [FULL], [allow("s3:*")]))
    ),
    "an allow list that has what is needed": Case(
        ALLOW, SCPS, MAY, controlled(levels([FULL], [allow(["secretsmanager:*", "kms:*"])]))
    ),
    "a level without any policy": Case(
        DENY, SCPS, MAY, controlled({ACCOUNT: [{"level": "root", "policies": []}]})
    ),
    "a denial at any level": Case(DENY, SCPS, MAY, controlled(levels([FULL], [FULL, deny()]))),
    "a denial with NotAction": Case(
        DENY,
        SCPS,
        MAY,
        controlled(levels([FULL, {"Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*"}])),
    ),
    "a denial outside regions": Case(
        DENY,
        SCPS,
        MAY,
        controlled(levels([FULL, deny("*", **when(StringNotEquals={"aws:RequestedRegion": "us-east-1"}))])),
    ),
    "a denial with an exception by ARN": Case(
        ALLOW,
        SCPS,
        MAY,
        controlled(
            levels([FULL, deny("*", **when(ArnNotLike={"aws:PrincipalArn": "arn:aws:iam::*:user/ann"}))])
        ),
    ),
    "an SCP gives nothing": Case(DENY, SCPS, user("ann"), controlled(levels([FULL]))),
    "an SCP limits what a resource policy gives": Case(
        DENY,
        SCPS,
        user("ann"),
        controlled(levels([allow("s3:*")]), **owning(document({**allow(), "Principal": "*"}))),
    ),
    "an SCP limits the decryption, too": Case(
        DENY, SCPS, MAY, controlled(levels([FULL, deny("kms:Decrypt")]), **OWN_KEY)
    ),
    "an SCP under a condition": Case(
        OPEN,
        SCPS,
        MAY,
        controlled(levels([FULL, deny("*", **when(NotIpAddress={"aws:SourceIp": "10.0.0.0/8"}))])),
    ),
    "SCPs that cannot be read": Case(
        UNKNOWN, SCPS, MAY, controlled({ACCOUNT: [{"level": "root", "policies": [{"Content": "{"}]}]})
    ),
    "SCPs that the snapshot lacks": Case(UNKNOWN, SCPS, MAY, {**controlled(), "scps": None}),
    "a service-linked role is exempt from SCPs": Case(ALLOW, EXEMPT, LINKED, controlled(levels([deny("*")]))),
    "another role with a path is not": Case(DENY, EXEMPT, LOOKS_LINKED, controlled(levels([deny("*")]))),
    "the management account is exempt from SCPs": Case(
        ALLOW,
        EXEMPT,
        MAY,
        controlled(levels([deny("*")]), organization={**ORGANIZATION, "ManagementAccountId": ACCOUNT}),
    ),
    "RCPs that deny nothing": Case(ALLOW, RCPS, MAY, controlled(rcps=levels([{**FULL, "Principal": "*"}]))),
    "an RCP denies": Case(DENY, RCPS, MAY, controlled(rcps=levels([NOBODY]))),
    "an RCP at a lower level denies": Case(
        DENY, RCPS, MAY, controlled(rcps=levels([{**FULL, "Principal": "*"}], [NOBODY]))
    ),
    "an RCP denies what a resource policy gives": Case(
        DENY,
        RCPS,
        user("ann"),
        controlled(rcps=levels([NOBODY]), **owning(document({**allow(), "Principal": "*"}))),
    ),
    "an RCP leaves the organization's own": Case(
        ALLOW,
        RCPS,
        MAY,
        controlled(rcps=levels([{**NOBODY, **when(StringNotEqualsIfExists={"aws:PrincipalOrgID": "o-1"})}])),
    ),
    "an RCP denies the decryption": Case(DENY, RCPS, MAY, controlled(rcps=levels([NO_DECRYPT]), **OWN_KEY)),
    "no RCP is about an AWS managed key": Case(ALLOW, RCPS, MAY, controlled(rcps=levels([NO_DECRYPT]))),
    "a service-linked role is exempt from RCPs": Case(ALLOW, RCPS, LINKED, controlled(rcps=levels([NOBODY]))),
    "resources of the management account are exempt from RCPs": Case(
        ALLOW,
        RCPS,
        MAY,
        controlled(rcps=levels([NOBODY]), organization={**ORGANIZATION, "ManagementAccountId": ACCOUNT}),
    ),
    "RCPs that the snapshot lacks": Case(UNKNOWN, RCPS, MAY, {**controlled(), "rcps": None}),
    "aws:PrincipalOrgID": Case(
        ALLOW, KEYS, under({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), controlled()
    ),
    "aws:PrincipalOrgID, where the list of accounts is short": Case(
        ALLOW,
        KEYS,
        under({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
        controlled(organization={**ORGANIZATION, "Accounts": [], "Paths": {}}),
    ),
    "aws:PrincipalOrgPaths": Case(
        ALLOW,
        KEYS,
        under({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/ou-1/*"}}),
        controlled(),
    ),
    "aws:PrincipalOrgPaths of another unit": Case(
        DENY,
        KEYS,
        under({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/ou-2/*"}}),
        controlled(),
    ),
    "aws:ResourceOrgID": Case(
        ALLOW, KEYS, under({"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}), controlled()
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_organization_limits_as_the_document_says(case: Case) -> None:
    assert case.verdict() is case.expected, case.source


READS = document(allow([READ, "kms:Decrypt"]))
OUTSIDE: dict[str, tuple[str, dict[str, Any], Any]] = {
    "our organization": (KEYS, {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, DENY),
    "not our organization": (KEYS, {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, ALLOW),
    "another organization, which may be its own": (
        KEYS,
        {"StringEquals": {"aws:PrincipalOrgID": "o-2"}},
        OPEN,
    ),
    "some organization": (KEYS, {"Null": {"aws:PrincipalOrgID": "false"}}, OPEN),
    "our organization if there is one": (KEYS, {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, OPEN),
    "a path of ours": (KEYS, {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}, DENY),
    "a path of another": (KEYS, {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-2/*"}}, OPEN),
}


@pytest.mark.parametrize(("source", "condition", "expected"), OUTSIDE.values(), ids=OUTSIDE)
def test_a_principal_of_an_account_outside_the_organization(
    source: str, condition: dict[str, Any], expected: Any
) -> None:
    policy = document({**allow(Condition=condition), "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}})
    estate = estate_of(
        **controlled(
            secrets=[secret(policy, KmsKeyId=KEY)],
            kms_keys=[key()],
            external_accounts={OTHER: {"authorization_details": details(user("bob", READS, account=OTHER))}},
        )
    )
    assert estate.reads(estate.callers[0]).verdict(1) is expected, source


OURS_ALONE = {**NOBODY, **when(StringNotEqualsIfExists={"aws:PrincipalOrgID": "o-1"})}


def test_an_rcp_holds_for_principals_of_other_organizations_and_for_whoever_is_not_in_the_snapshot() -> None:
    policy = document({**allow(), "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}})
    shared = {"secrets": [secret(policy, KmsKeyId=KEY)], "kms_keys": [key()]}
    bob = {OTHER: {"authorization_details": details(user("bob", READS, account=OTHER))}}
    open_estate = estate_of(**controlled(**shared, external_accounts=bob))
    closed = estate_of(**controlled(**shared, external_accounts=bob, rcps=levels([OURS_ALONE])))
    assert open_estate.reads(open_estate.callers[0]).verdict(1) is ALLOW
    assert closed.reads(closed.callers[0]).verdict(1) is DENY, RCPS
    assert [entry["verdict"] for entry in result(estate_of(**controlled(**shared)))["external"]] == ["allow"]
    assert result(estate_of(**controlled(**shared, rcps=levels([OURS_ALONE]))))["external"] == []


def test_rcps_and_scps_limit_who_takes_a_role() -> None:
    people = (
        user("ann", document(allow("sts:AssumeRole"))),
        role("reader", document(allow()), trust=trusting({"AWS": ROOT})),
    )

    def taking(**more: Any) -> list[str]:
        estate = estate_of(*people, **controlled(**more))
        found = reach(estate, graph_of(estate))
        return [each["verdict"] for each in found if each["principal"].endswith("/ann")]

    assert taking() == ["allow"]
    assert taking(scps=levels([FULL, deny("sts:AssumeRole")])) == [], SCPS
    assert taking(rcps=levels([{**deny("sts:*"), "Principal": "*"}])) == [], RCPS


def test_sts_is_asked_in_a_region_that_scps_allow() -> None:
    people = (
        user("ann", document(allow("sts:AssumeRole"))),
        role("reader", document(allow()), trust=trusting({"AWS": ROOT})),
    )
    elsewhere = deny("sts:*", **when(StringNotEquals={"aws:RequestedRegion": "us-east-1"}))
    estate = estate_of(*people, **controlled(scps=levels([FULL, elsewhere])))
    assert estate.snapshot.region == REGION
    assert [each["principal"][-3:] for each in reach(estate, graph_of(estate))] == ["ann", "der"]
