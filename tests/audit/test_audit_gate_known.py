"""The gate: whom the catalogue knows, and which snapshots are of its environment."""

from __future__ import annotations

from typing import Any

import pytest

from keyplan.audit.gate import CODES
from keyplan.errors import UsageError
from tests.audit.accounts import (
    ACCOUNT,
    ANN,
    OTHER,
    READER,
    allow,
    attached,
    details,
    document,
    managed,
    role,
    trusting,
    user,
)
from tests.audit.gated import (
    AUDITOR,
    BREAK_GLASS,
    CHAT,
    EXACT,
    IAM,
    LISTED,
    NAME,
    PEOPLE_BY_POLICY,
    codes,
    consumer,
    found_in,
    locked,
    manifest,
    said,
)


def test_people_are_those_who_have_the_policy_themselves_or_by_a_group() -> None:
    team = {
        "GroupName": "team",
        "Arn": f"{IAM}group/team",
        "GroupPolicyList": [],
        "AttachedManagedPolicies": [attached("people")],
    }
    ann = user("ann", AttachedManagedPolicies=[attached("people")])
    there = details(
        LISTED, ann, user("bob", GroupList=["team"]), groups=[team], policies=[managed("people", EXACT)]
    )
    assert found_in(authorization_details=there) == []


def test_with_a_permission_set_only_its_own_roles_are_people() -> None:
    held = manifest(CHAT, consumer("people", None, PEOPLE_BY_POLICY.policy_arns, permissionSet="Research"))
    path = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    those = [
        role(name, Path=where, AttachedManagedPolicies=[attached("people")])
        for name, where in (
            ("AWSReservedSSO_Research_0123456789abcdef", path),
            ("AWSReservedSSO_Others_0123456789abcdef", path),
            ("AWSReservedSSO_Research_0123456789abcdee", "/"),
        )
    ]
    there = details(LISTED, *those, policies=[managed("people", EXACT)])
    assert codes(found_in(authorization_details=there, held_against=held)) == [
        ("unlisted-reader", "AWSReservedSSO_Research_0123456789abcdee"),
        ("unlisted-reader", "AWSReservedSSO_Others_0123456789abcdef"),
    ]


def test_the_policies_of_a_service_list_nobody_else_who_has_them() -> None:
    held = manifest(consumer("ecs", READER, PEOPLE_BY_POLICY.policy_arns))
    has_it = [attached("people")]
    there = details(
        role("reader", AttachedManagedPolicies=has_it),
        role("thief", AttachedManagedPolicies=has_it),
        policies=[managed("people", EXACT)],
    )
    assert codes(found_in(authorization_details=there, held_against=held)) == [("unlisted-reader", "thief")]


def test_the_break_glass_role_is_known_and_who_takes_it_is_said() -> None:
    held = manifest(CHAT, break_glass=BREAK_GLASS)
    glass = role("break-glass", document(allow("*")), trust=trusting({"AWS": ANN}))
    assert found_in(LISTED, glass, held_against=held) == []
    assert codes(found_in(LISTED, glass, user("ann"), held_against=held)) == [("unlisted-reader", "ann")]


def test_a_break_glass_role_that_could_not_read_in_need_is_found() -> None:
    held = manifest(CHAT, lockdown=True, break_glass=BREAK_GLASS)
    only = secrets = [locked(READER)]
    glass = role("break-glass", document(allow("*")))
    assert said(LISTED, glass, secrets=only, held_against=held) == [
        "listed-without-access: the break-glass role shall read it, and GetSecretValue is denied by "
        f"{NAME} policy[0]"
    ]
    assert said(LISTED, secrets=secrets, held_against=held) == [
        "listed-without-access: the break-glass role is not in the snapshot"
    ]


def test_operators_the_auditor_and_services_own_roles_are_called_what_they_are() -> None:
    operator = user("op", EXACT, AttachedManagedPolicies=[attached("prod-keyplan-operator")])
    auditor = role(AUDITOR.rpartition("/")[2], EXACT)
    linked = role("AWSServiceRoleForX", EXACT, Path="/aws-service-role/x.amazonaws.com/")
    there = details(
        LISTED, operator, auditor, linked, policies=[managed("prod-keyplan-operator", document())]
    )
    found = {
        each.principal.rpartition("/")[2]: each.message for each in found_in(authorization_details=there)
    }
    assert {name: words.partition(":")[0] for name, words in found.items()} == {
        "op": "is an operator, who stores values, and can read it",
        "prod-keyplan-auditor": "is the auditor and can read it",
        "AWSServiceRoleForX": "is a role of AWS's own service x.amazonaws.com and can read it",
    }


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"secrets": []}, "the snapshot has no secret of the key anthropic"),
        ({"account_id": OTHER}, f"the snapshot is of account {OTHER}, and prod is in {ACCOUNT}"),
    ],
    ids=["no secret", "another account"],
)
def test_a_snapshot_of_something_else_is_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as refused:
        found_in(LISTED, **more)
    assert str(refused.value).startswith(words)
    assert refused.value.hint is not None


def test_every_code_is_a_sentence_for_people() -> None:
    assert all(words and not words.endswith(".") for words in CODES.values())
