"""The gate: who reads a key and is not in the catalogue, and by which way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audit.accounts import (
    ACCOUNT,
    ANN,
    KEY,
    OTHER,
    READER,
    REGION,
    ROOT,
    SECRET,
    allow,
    attached,
    deny,
    details,
    document,
    key,
    role,
    secret,
    trusting,
    user,
    when,
)
from tests.audit.gated import (
    BREAK_GLASS,
    CHAT,
    EXACT,
    IAM,
    LISTED,
    NAME,
    codes,
    consumer,
    found_in,
    locked,
    manifest,
    said,
)


def test_an_account_that_is_as_the_catalogue_says_passes() -> None:
    assert found_in(LISTED, user("nobody")) == []


def test_a_stranger_is_found_with_the_way_through_roles_and_the_statements_that_decide() -> None:
    [finding] = found_in(
        role("reader", EXACT, trust=trusting({"AWS": ROOT})), user("ann", document(allow("sts:AssumeRole")))
    )
    assert (finding.code, finding.principal, finding.secret) == ("unlisted-reader", ANN, SECRET)
    assert finding.path == (ANN, READER)
    assert finding.message == (
        "is not in the catalogue and can read it: takes role/reader by user/ann p0[0] and role/reader "
        "trust[0]; reads by role/reader p0[0]"
    )


@pytest.mark.parametrize("own", [[], [document(allow("sts:AssumeRole"))]], ids=["nothing", "a permission"])
def test_a_stranger_whom_a_trust_names_is_found_by_the_trust_alone(own: list[Any]) -> None:
    [finding] = found_in(role("reader", EXACT, trust=trusting({"AWS": ANN})), user("ann", *own))
    assert "takes role/reader by role/reader trust[0];" in finding.message


def test_a_stranger_of_another_account_is_found_by_what_both_sides_say() -> None:
    both = document(allow(("secretsmanager:GetSecretValue", "kms:Decrypt")))
    far = user("ann", both, account=OTHER)
    own = secret(document({**allow(), "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}}), KmsKeyId=KEY)
    [finding] = found_in(
        LISTED,
        external_accounts={OTHER: {"authorization_details": details(far)}},
        secrets=[own],
        kms_keys=[key()],
    )
    assert finding.message.startswith(
        f"of account {OTHER} is not in the catalogue and can read it: reads by user/ann p0[0] and "
        f"{ACCOUNT} {NAME} policy[0]"
    )
    assert finding.principal == f"arn:aws:iam::{OTHER}:user/ann"


def test_a_key_of_another_account_that_lets_a_reader_out_is_named() -> None:
    far = KEY.replace(ACCOUNT, OTHER)
    account = {"secrets": [secret(KmsKeyId=far)], "kms_keys": [key(document(), Arn=far)]}
    assert said(role("reader", EXACT, document(allow("kms:Decrypt"))), **account) == [
        "listed-without-access: chat shall read it, and Decrypt fails: nothing in the key's own policy, "
        "which is another account's, allows it"
    ]


def test_several_statements_that_let_somebody_in_are_counted() -> None:
    [finding] = found_in(LISTED, user("ann", EXACT, EXACT))
    assert finding.message.endswith(": reads by user/ann p0[0] (and 1 more)")


def test_a_grant_of_something_else_is_not_named() -> None:
    grant = {"GranteePrincipal": ANN, "Operations": ["Encrypt"], "GrantId": "1"}
    reads = document(allow(("secretsmanager:GetSecretValue", "kms:Decrypt")))
    decrypts = document({**allow("kms:*"), "Principal": {"AWS": ROOT}})
    [finding] = found_in(
        role("reader", document(allow(("secretsmanager:GetSecretValue", "kms:Decrypt"), SECRET),
                                allow("kms:Decrypt", KEY))),
        user("ann", reads), secrets=[secret(KmsKeyId=KEY)], kms_keys=[key(decrypts, Grants=[grant])],
    )  # fmt: skip
    assert finding.message.endswith(": reads by user/ann p0[0]; decrypts by user/ann p0[0]")


def test_a_stranger_is_found_who_comes_by_the_secrets_own_policy() -> None:
    own = secret(document({**allow(), "Sid": "LetAnn", "Principal": {"AWS": ANN}}))
    [finding] = found_in(LISTED, user("ann"), secrets=[own])
    assert finding.path == (ANN,)
    assert finding.message == f"is not in the catalogue and can read it: reads by {NAME} policy[LetAnn]"


def test_a_stranger_is_found_who_decrypts_by_a_grant() -> None:
    decrypts = document({**allow("kms:Decrypt"), "Principal": {"AWS": READER}})
    grant = {
        "GranteePrincipal": ANN, "Operations": ["Decrypt"], "GrantId": "0badcafe", "Name": "for-ann",
    }  # fmt: skip
    [finding] = found_in(
        LISTED,
        user("ann", EXACT),
        secrets=[secret(KmsKeyId=KEY)],
        kms_keys=[key(decrypts, Grants=[grant])],
    )
    assert finding.message.endswith(
        ": reads by user/ann p0[0]; decrypts by the grant for-ann 0badcafe of its key"
    )


def test_a_condition_that_has_to_fit_is_named_and_so_is_a_denial_that_may_hold() -> None:
    office = when(IpAddress={"aws:SourceIp": "192.0.2.0/24"})
    [finding] = found_in(LISTED, user("ann", document(allow(**office))))
    assert finding.verdict == "conditional"
    assert finding.message.endswith(
        "can read it under a condition: reads by user/ann p0[0], if aws:sourceip fits"
    )
    [finding] = found_in(LISTED, user("ann", document(allow(), deny(**office))))
    assert finding.message.endswith(": reads by user/ann p0[0], unless user/ann p0[1] denies it")


def test_what_the_snapshot_leaves_open_counts_too() -> None:
    [finding] = found_in(LISTED, user("ann", AttachedManagedPolicies=[attached("missing")]))
    assert (finding.code, finding.verdict) == ("unlisted-reader", "unknown")
    assert finding.message == (
        "is not in the catalogue and may be able to read it: reads by policy/missing[0], which the snapshot "
        "leaves open"
    )


def test_a_reader_of_one_key_is_a_stranger_to_another() -> None:
    """A consumer that reads nothing itself reaches a key through a reader's role."""
    drafts = consumer(role_arn=f"{IAM}role/drafts")
    drafts = type(drafts)("drafts", "ecs", (), {}, drafts.role_arn, (), {})
    found = found_in(
        role("reader", EXACT, trust=trusting({"AWS": f"{IAM}role/drafts"})),
        role("drafts"),
        held_against=manifest(CHAT, drafts),
    )
    assert codes(found) == [("unlisted-reader", "drafts")]


def test_a_replica_in_another_region_is_the_same_key() -> None:
    copy = SECRET.replace(REGION, "eu-central-1")
    found = found_in(
        LISTED,
        user("ann", document(allow(resource=copy))),
        secrets=[secret(), secret() | {"ARN": copy}],
    )
    assert [(each.code, each.principal, each.secret) for each in found] == [("unlisted-reader", ANN, copy)]


def test_an_administrator_is_one_and_under_lockdown_a_stranger_like_any_other() -> None:
    boss = user("boss", document(allow("*")))
    assert said(LISTED, boss) == [
        "administrator: is an administrator and can read it: reads by user/boss p0[0]"
    ]
    held = manifest(CHAT, lockdown=True, break_glass=BREAK_GLASS)
    glass = role("break-glass", document(allow("*")))
    assert found_in(LISTED, glass, boss, secrets=[locked(READER, BREAK_GLASS)], held_against=held) == []
    assert said(LISTED, glass, boss, held_against=held) == [
        "unlisted-reader: is not in the catalogue and can read it although it is locked: reads by "
        "user/boss p0[0]"
    ]


def test_an_administrator_who_reads_by_way_of_a_reader_is_no_longer_one_for_the_baseline() -> None:
    boss = user("boss", document(allow("*"), deny()))
    found = found_in(role("reader", EXACT, trust=trusting({"AWS": ROOT})), boss)
    assert codes(found) == [("unlisted-reader", "boss")]


def test_what_allows_nothing_makes_no_administrator() -> None:
    nothing = {"Effect": "Allow", "NotAction": "*", "Resource": "*"}
    assert codes(found_in(LISTED, user("ann", document(nothing), EXACT))) == [("unlisted-reader", "ann")]


@pytest.mark.parametrize(
    "statement",
    [allow("*", SECRET), allow("secretsmanager:*"), {**allow("x:y"), "NotAction": "iam:*"}],
    ids=["one resource", "one service", "all but one service"],
)
def test_who_may_do_less_than_everything_is_no_administrator(statement: dict[str, Any]) -> None:
    if "NotAction" in statement:
        del statement["Action"]
    assert codes(found_in(LISTED, user("ann", document(statement)))) == [("unlisted-reader", "ann")]
