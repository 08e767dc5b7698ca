"""The proof of a verdict: what blocks, which layer lacks an allow, what fails first, conditions in words."""

from __future__ import annotations

from typing import Any

import pytest

from keyplan.audit.matrix import graph_of, pairs, result
from keyplan.audit.policies.documents import Atom
from keyplan.audit.policies.grades import Verdict
from keyplan.audit.proof import Step, path
from keyplan.audit.reports.text import proof
from keyplan.audit.wording import condition
from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    OTHER,
    READ,
    REGION,
    ROOT,
    SECRET,
    allow,
    attached,
    deny,
    details,
    document,
    estate_of,
    key,
    managed,
    role,
    secret,
    trusting,
    user,
    when,
)

READ_STEP, DECRYPT_STEP = READ, "kms:Decrypt"
MANAGER = "999988887777"
ORGANIZATION = {"Id": "o-1", "ManagementAccountId": MANAGER, "Accounts": [ACCOUNT, OTHER], "Paths": {}}
FULL = {"Name": "Full", "Content": document(allow("*"))}
S3 = {"Name": "S3", "Content": document(allow("s3:*"))}
BOUND = {"PermissionsBoundary": {"PermissionsBoundaryArn": attached("bound")["PolicyArn"]}}
HOME_KEY = key(document({**allow("kms:*"), "Principal": {"AWS": ROOT}}))


def steps(*principals: Any, number: int = 0, **more: Any) -> tuple[Step, ...]:
    estate = estate_of(*principals, **more)
    return path(estate, graph_of(estate), number, 0)[1]


def organized(*levels: list[Any]) -> dict[str, Any]:
    listed = [{"level": f"ou-{number}", "policies": each} for number, each in enumerate(levels)]
    return {"organization": ORGANIZATION, "scps": {ACCOUNT: listed}, "rcps": {ACCOUNT: []}}


MAY = user("ann", document(allow([READ, "kms:Decrypt"])))
LACKS: dict[str, tuple[tuple[Any, ...], dict[str, Any], str, list[str]]] = {
    "no policy": ((user("ann"),), {}, READ_STEP, ["nothing in its own policies allows it"]),
    "a level of SCPs": (
        (MAY,),
        organized([FULL], [S3], [FULL]),
        READ_STEP,
        ["nothing in the SCPs at ou-1 allows it"],
    ),
    "a boundary": (
        (),
        {
            "authorization_details": details(
                {**MAY, **BOUND}, policies=[managed("bound", document(allow("s3:*")))]
            )
        },
        READ_STEP,
        ["nothing in its permissions boundary allows it"],
    ),
    "a key's policy": (
        (MAY,),
        {"secrets": [secret(KmsKeyId=KEY)], "kms_keys": [key(document())]},
        DECRYPT_STEP,
        ["nothing in the key's own policy allows it"],
    ),
    "a policy beside the key's": (
        (user("ann", document(allow())),),
        {"secrets": [secret(KmsKeyId=KEY)], "kms_keys": [HOME_KEY]},
        DECRYPT_STEP,
        ["nothing in its own policies allows it"],
    ),
    "the other side": (
        (),
        {
            "external_accounts": {
                OTHER: {"authorization_details": details({**MAY, "Arn": f"arn:aws:iam::{OTHER}:user/ann"})}
            }
        },
        READ_STEP,
        ["nothing in the secret's own policy, which is another account's, allows it"],
    ),
    "a key that is enabled": (
        (MAY,),
        {"secrets": [secret(KmsKeyId=KEY)], "kms_keys": [key(KeyState="Disabled")]},
        DECRYPT_STEP,
        ["the state of its key is Disabled"],
    ),
    "a secret that is there": (
        (MAY,),
        {"secrets": [secret(DeletedDate="2026-12-01")]},
        READ_STEP,
        ["the secret is scheduled for deletion"],
    ),
}


@pytest.mark.parametrize(("principals", "more", "fails", "lacking"), LACKS.values(), ids=LACKS)
def test_a_denial_without_a_deny_says_which_layer_lacks_an_allow_and_which_request_fails_first(
    principals: tuple[Any, ...], more: dict[str, Any], fails: str, lacking: list[str]
) -> None:
    (failing,) = [step for step in steps(*principals, **more) if step.fails_first]
    assert (failing.action, list(failing.lacking)) == (fails, lacking)
    assert not any(line.verb == "denies" for line in failing.lines)


def test_a_denial_names_the_statement_that_blocks() -> None:
    blocking = {"Name": "No", "Content": document(deny(Sid="Closed"))}
    (first, _) = steps(MAY, **organized([FULL, blocking]))
    assert first.fails_first
    assert [(line.verb, line.where, line.name) for line in first.lines] == [
        ("allows", "identity", f"arn:aws:iam::{ACCOUNT}:user/ann p0[0]"),
        ("allows", "scp, ou-0", "scps Full[0]"),
        ("denies", "scp", "scps No[Closed]"),
    ]


def test_a_policy_that_is_attached_twice_is_said_once_and_what_is_unknown_may_be() -> None:
    group = {
        "GroupName": "g",
        "Arn": f"arn:aws:iam::{ACCOUNT}:group/g",
        "GroupPolicyList": [],
        "AttachedManagedPolicies": [attached("m")],
    }
    ann = user("ann", "{", GroupList=["g"], AttachedManagedPolicies=[attached("m")])
    people = details(ann, groups=[group], policies=[managed("m", document(allow()))])
    estate = estate_of(authorization_details=people)
    verdict, found = path(estate, graph_of(estate), 0, 0)
    told = [line for line in proof(verdict, found) if "(identity)" in line]
    assert told[:3] == [
        f"   arn:aws:iam::{ACCOUNT}:user/ann p0[0] (identity) may allow",
        f"   arn:aws:iam::{ACCOUNT}:policy/m[0] (identity) allows",
        f"   arn:aws:iam::{ACCOUNT}:user/ann p0[0] (identity) may deny",
    ]


def test_nothing_fails_where_it_is_allowed() -> None:
    assert [(step.fails_first, step.lacking) for step in steps(MAY)] == [(False, ()), (False, ())]


def test_rcps_of_other_accounts_and_about_aws_own_key_are_no_reasons() -> None:
    everything = {"Name": "R", "Content": document({**deny("*"), "Principal": "*"})}
    mine = {"Name": "Mine", "Content": document({**deny("kms:*"), "Principal": "*"})}
    far = f"arn:aws:secretsmanager:{REGION}:{OTHER}:secret:far-AbCdEf"
    controls: dict[str, Any] = {
        "organization": ORGANIZATION,
        "scps": {ACCOUNT: [], OTHER: []},
        "rcps": {
            ACCOUNT: [{"level": "r", "policies": [mine]}],
            OTHER: [{"level": "r", "policies": [everything]}],
        },
    }
    found = steps(MAY, secrets=[secret(), {"ARN": far, "Name": "far", "Tags": []}], **controls)
    assert [step.verdict for step in found] == [Verdict.ALLOW, Verdict.ALLOW]
    assert not any(line.where == "rcp" for step in found for line in step.lines)


def test_the_reasons_are_those_of_the_form_that_is_let_in() -> None:
    by_name = when(StringEquals={"secretsmanager:SecretId": "prod/anthropic-api-key"})
    staged = when(StringEquals={"secretsmanager:VersionStage": "AWSCURRENT"})
    for form in (by_name, staged):
        estate = estate_of(user("ann", document(allow(Sid="Form", **form))))
        (pair,) = pairs(estate, graph_of(estate))
        assert pair["verdict"] == "allow"
        assert pair["why"].startswith(f"read: arn:aws:iam::{ACCOUNT}:user/ann p0[Form] allows. key: ")


def test_the_reasons_name_the_layer_that_leaves_it_open() -> None:
    estate = estate_of(MAY, **{**organized([FULL]), "rcps": None})
    (pair,) = result(estate)["pairs"]
    assert pair["verdict"] == "unknown"
    assert "whether the RCPs of the resource's account allow it is unknown" in pair["why"]


def test_a_grant_stands_in_the_proof() -> None:
    grant = {
        "GrantId": "g-1",
        "GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:user/ann",
        "Operations": ["Decrypt"],
    }
    found = steps(
        user("ann", document(allow())),
        secrets=[secret(KmsKeyId=KEY)],
        kms_keys=[key(document(), Grants=[grant])],
    )
    assert [(line.where, line.name) for line in found[-1].lines] == [("grant", "grant g-1")]


def test_a_grant_of_something_else_or_for_another_secret_does_not() -> None:
    grant = {"GrantId": "g-1", "GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:root", "Operations": ["Decrypt"]}
    others = [
        {**grant, "GrantId": "g-2", "Operations": ["Encrypt"]},
        {**grant, "GrantId": "g-3", "Constraints": {"EncryptionContextSubset": {"SecretARN": f"{SECRET}x"}}},
    ]
    found = steps(
        user("ann", document(allow())),
        secrets=[secret(KmsKeyId=KEY)],
        kms_keys=[key(Grants=[grant, *others])],
    )
    assert [line.name for line in found[-1].lines if line.where == "grant"] == ["grant g-1"]


def test_a_denial_is_shown_by_the_requests_of_the_principal_itself() -> None:
    reader = role("reader", document(allow()), trust=trusting({"AWS": ROOT}))
    estate = estate_of(user("ann"), reader)
    verdict, found = path(estate, graph_of(estate), 0, 0)
    assert verdict is Verdict.DENY
    assert (found[0].action, found[0].resource, found[0].fails_first) == (READ, SECRET, True)


WORDS = {
    ("IpAddress", "aws:SourceIp", ("10.0.0.0/8",)): "aws:SourceIp is in 10.0.0.0/8",
    ("Bool", "aws:MultiFactorAuthPresent", ("true",)): "aws:MultiFactorAuthPresent is true",
    ("StringNotLikeIfExists", "a:b", ("x*", "y")): "a:b is not like x* or y, or is absent",
    ("ForAllValues:StringEquals", "a:b", ("x",)): "each value of a:b is x",
    ("NumericLessThanEquals", "a:b", ("3600",)): "a:b is at most 3600",
    ("DateGreaterThan", "a:b", ("2027",)): "a:b is after 2027",
    ("Null", "a:b", ("true",)): "a:b is absent",
    ("Null", "a:b", ("false",)): "a:b is there",
    ("ArnNotEquals", "a:b", ("arn:x",)): "a:b is not like arn:x",
    ("StringEquals", "a:b", tuple("vwxyz")): "a:b is v or w or x or one of 2 more",
    ("StringResembles", "a:b", ("x",)): "a:b fits StringResembles, which this keyplan does not know",
}


@pytest.mark.parametrize(("atom", "words"), WORDS.items(), ids=WORDS.values())
def test_a_condition_is_said_in_words(atom: tuple[str, str, tuple[str, ...]], words: str) -> None:
    assert condition(Atom(*atom)) == words
