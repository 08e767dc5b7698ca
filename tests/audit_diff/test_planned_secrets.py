"""A preview applied to a snapshot: secrets, the keys that encrypt them, and grants."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    READ,
    REGION,
    ROOT,
    SECRET,
    allow,
    deny,
    document,
    key,
    role,
    secret,
    snapshot,
)
from tests.audit_diff import previews
from tests.audit_diff.foreseeing import (
    ACCOUNT_KEY,
    BY_NAME,
    CLOSED_SECRET,
    NEW_SECRET,
    READER,
    READS,
    after,
)
from tests.audit_diff.previews import create, delete, text, update, urn


def test_a_new_secret_has_a_suffix_that_policies_by_name_fit() -> None:
    found, plan = after(
        snapshot(role("reader", document(allow(READ, BY_NAME)))),
        create(previews.SECRET, "new", name="prod/new", tagsAll={"team": "ml"}),
    )
    assert found == {(READER, NEW_SECRET): "deny>allow"}
    assert plan.document["secrets"][-1]["Tags"] == [{"Key": "team", "Value": "ml"}]


def test_an_arn_in_a_document_is_foreseen_where_one_new_resource_is_behind_it() -> None:
    found, plan = after(
        snapshot(role("reader")),
        create(previews.SECRET, "new", name="prod/new"),
        create(
            previews.ROLE_POLICY,
            "read",
            {"policy": [urn(previews.SECRET, "new")]},
            name="read",
            role="reader",
            policy=text(document(allow(READ, [previews.UNKNOWN]))),
        ),
    )
    assert found == {(READER, NEW_SECRET): "deny>allow"}
    assert plan.problems == []


def test_of_two_resources_behind_a_document_none_is_guessed() -> None:
    behind = {"policy": [urn(previews.SECRET, "new"), urn("aws:sns/topic:Topic", "owners")]}
    policy = text(document(allow(READ, [previews.UNKNOWN])))
    found, plan = after(
        snapshot(role("reader")),
        create(previews.SECRET, "new", name="prod/new"),
        create("aws:sns/topic:Topic", "owners", name="owners"),
        create(previews.ROLE_POLICY, "read", behind, name="read", role="reader", policy=policy),
    )
    assert found == {(READER, NEW_SECRET): "deny>unknown", (READER, SECRET): "deny>unknown"}
    assert "not known before the update" in plan.problems[0]


def test_a_secret_s_policy_and_key_are_found_by_what_they_depend_on() -> None:
    found, plan = after(
        snapshot(role("reader", READS)),
        create(previews.KEY, "key", policy=text(document(deny("kms:*", Principal="*"))), isEnabled=True),
        create(
            previews.SECRET,
            "new",
            {"kmsKeyId": [urn(previews.KEY, "key")]},
            name="prod/new",
            kmsKeyId=previews.UNKNOWN,
        ),
        create(
            previews.SECRET_POLICY,
            "policy",
            {"secretArn": [urn(previews.SECRET, "new")]},
            secretArn=previews.UNKNOWN,
            policy=text(CLOSED_SECRET),
        ),
    )
    entry = plan.document["secrets"][-1]
    assert (found, plan.problems) == ({}, [])
    assert entry["KmsKeyId"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/planned-key"
    assert entry["ResourcePolicy"] == text(CLOSED_SECRET)


def test_a_key_that_is_not_known_makes_reading_unknown() -> None:
    found, plan = after(
        snapshot(role("reader", READS)), create(previews.SECRET, "new", name="prod/new", kmsKeyId="[secret]")
    )
    assert found == {(READER, NEW_SECRET): "deny>unknown"}
    assert plan.problems == [
        "aws:secretsmanager Secret new: which key encrypts it is not known before the update"
    ]


def test_a_key_without_a_policy_lets_its_account_decide() -> None:
    found, _ = after(
        snapshot(role("reader", READS), role("blind", document(allow()))),
        create(previews.KEY, "key", isEnabled=True),
        create(
            previews.SECRET,
            "new",
            {"kmsKeyId": [urn(previews.KEY, "key")]},
            name="prod/new",
            kmsKeyId=previews.UNKNOWN,
        ),
    )
    assert found == {(READER, NEW_SECRET): "deny>allow"}


def test_a_deleted_secret_cannot_be_read_and_stays_until_its_window_is_over() -> None:
    outputs = {"arn": SECRET}
    found, plan = after(
        snapshot(role("reader", READS)),
        delete(previews.SECRET, "s", outputs, name="prod/anthropic-api-key", recoveryWindowInDays=30),
    )
    assert found == {(READER, SECRET): "allow>deny"}
    assert [each["ARN"] for each in plan.document["secrets"]] == [SECRET]
    _, plan = after(
        snapshot(role("reader", READS)),
        delete(previews.SECRET, "s", outputs, name="prod/anthropic-api-key", recoveryWindowInDays=0),
    )
    assert plan.document["secrets"] == []


def test_a_secret_s_policy_is_changed_and_taken_away() -> None:
    old = {"secretArn": SECRET, "policy": text(document(deny(Principal="*")))}
    account = snapshot(role("reader", READS), secrets=[secret(document(deny(Principal="*")))])
    assert after(account, delete(previews.SECRET_POLICY, "p", **old))[0] == {(READER, SECRET): "deny>allow"}
    hidden = update(previews.SECRET_POLICY, "p", old, {**old, "policy": previews.UNKNOWN})
    assert after(account, hidden)[0] == {(READER, SECRET): "deny>unknown"}


def test_a_copy_in_another_region_has_the_secret_s_policy() -> None:
    found, plan = after(
        snapshot(role("reader", READS)),
        create(previews.SECRET, "new", name="prod/new", replicas=[{"region": "eu-central-1"}]),
        create(
            previews.SECRET_POLICY,
            "policy",
            {"secretArn": [urn(previews.SECRET, "new")]},
            secretArn=previews.UNKNOWN,
            policy=text(CLOSED_SECRET),
        ),
    )
    regions = [each["ARN"].split(":")[3] for each in plan.document["secrets"]]
    assert (found, regions) == ({}, [REGION, REGION, "eu-central-1"])


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (update(previews.KEY, "k", {"isEnabled": True}, {"isEnabled": False}, {"arn": KEY}), "allow>deny"),
        (delete(previews.KEY, "k", {"arn": KEY}, description="x"), "allow>deny"),
        (delete(previews.KEY_POLICY, "p", keyId=KEY, policy="{}"), "allow>deny"),
        (create(previews.KEY_POLICY, "p", keyId="0a1b2c3d", policy=text(ACCOUNT_KEY)), "allow>deny"),
        (create(previews.KEY_POLICY, "p", keyId="0a1b2c3d", policy=previews.UNKNOWN), "allow>unknown"),
    ],
    ids=["disabled", "deleted", "policy taken away", "policy set", "policy not known"],
)
def test_a_key_decides_who_reads_what_it_encrypts(step: dict[str, Any], expected: str) -> None:
    account = snapshot(role("reader", document(allow())), secrets=[secret(KmsKeyId=KEY)], kms_keys=[key()])
    assert after(account, step)[0] == {(READER, SECRET): expected}


def test_a_grant_opens_and_its_end_closes() -> None:
    closed = document({"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"})
    account = snapshot(
        role("reader", document(allow())), secrets=[secret(KmsKeyId=KEY)], kms_keys=[key(closed)]
    )
    inputs = {
        "keyId": KEY,
        "granteePrincipal": READER,
        "operations": ["Decrypt"],
        "constraints": [{"encryptionContextSubset": {"SecretARN": SECRET}}],
    }
    found, plan = after(account, create(previews.GRANT, "g", **inputs))
    assert found == {(READER, SECRET): "deny>allow"}
    entry = plan.document["kms_keys"][0]["Grants"][0]
    given = {**account, "kms_keys": [key(closed, Grants=[{**entry, "GrantId": "g-1"}])]}
    ended = delete(previews.GRANT, "g", {**inputs, "grantId": "g-1"}, **inputs)
    assert after(given, ended)[0] == {(READER, SECRET): "allow>deny"}


def test_an_alias_moves_to_another_key() -> None:
    other = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/other"
    blind = key(document(deny("kms:*", Principal="*")), Arn=other, KeyId="other")
    account = snapshot(
        role("reader", READS),
        secrets=[secret(KmsKeyId="alias/keys")],
        kms_keys=[key(Aliases=[{"AliasName": "alias/keys"}]), blind],
    )
    old = {"name": "alias/keys", "targetKeyId": "0a1b2c3d"}
    step = update(previews.ALIAS, "a", old, {**old, "targetKeyId": "other"})
    assert after(account, step)[0] == {(READER, SECRET): "allow>deny"}


def test_a_secret_that_is_adopted_keeps_what_it_has() -> None:
    account = snapshot(role("reader", READS))
    step = update(previews.SECRET, "s", {}, {"name": "prod/anthropic-api-key"}, op="import")
    step["newState"]["importID"] = SECRET
    found, plan = after(account, step)
    assert (found, plan.problems, len(plan.document["secrets"])) == ({}, [], 1)


def test_a_provider_of_its_own_makes_things_in_its_region() -> None:
    provider = "urn:pulumi:prod::keyplan::pulumi:providers:aws::west::id"
    shown = create("pulumi:providers:aws", "west", region="us-west-2")
    made = {**create(previews.SECRET, "new", name="prod/new"), "provider": provider}
    _, plan = after(snapshot(), shown, made)
    assert (plan.document["secrets"][-1]["ARN"].split(":")[3], plan.problems) == ("us-west-2", [])
    _, plan = after(snapshot(), made)
    assert plan.problems == [
        f"the provider west is not in the preview: what it makes is taken to be in {ACCOUNT}"
    ]
