"""A preview applied to a snapshot: who could read what after the update, by the verdicts of the engine."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from keyplan.audit.changes import changes, comparable
from keyplan.audit.planned import Foreseen, foreseen
from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    READ,
    REGION,
    ROOT,
    SECRET,
    allow,
    attached,
    deny,
    document,
    inline,
    key,
    managed,
    role,
    secret,
    snapshot,
    trusting,
    user,
    when,
)
from tests.audit_diff import previews
from tests.audit_diff.previews import arn, create, delete, preview, text, update, urn

READS = document(allow(), allow("kms:Decrypt"))
NEW_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/new-Future"
BY_NAME = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/new-??????"
TRUST = trusting({"Service": "ecs-tasks.amazonaws.com"})
ACCOUNT_KEY = document({"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"})
READER, ANN = arn("role", "reader"), arn("user", "ann")
CLOSED_SECRET = document(deny(Principal={"AWS": READER}))


def after(old: dict[str, Any], *steps: dict[str, Any]) -> tuple[dict[tuple[str, str], str], Foreseen]:
    """What changed: by principal and secret `deny>allow`; and the plan, whose snapshot stayed as it was."""
    kept = copy.deepcopy(old)
    plan = foreseen(old, preview(*steps))
    assert old == kept
    found = changes(*comparable(old, plan.document))
    return {(each.principal, each.secret): f"{each.before.word}>{each.after.word}" for each in found}, plan


def test_a_new_role_reads_by_the_policy_that_it_is_made_with() -> None:
    found, plan = after(
        snapshot(),
        create(previews.ROLE, "worker", name="worker", path="/", assumeRolePolicy=text(TRUST)),
        create(previews.ROLE_POLICY, "read", name="read", role="worker", policy=text(READS)),
    )
    assert found == {(arn("role", "worker"), SECRET): "deny>allow"}
    assert plan.problems == []


def test_a_policy_that_refers_to_a_role_stands_before_the_role_in_the_steps_all_the_same() -> None:
    found, _ = after(
        snapshot(),
        create(previews.ROLE_POLICY, "read", name="read", role="worker", policy=text(READS)),
        create(previews.ROLE, "worker", name="worker", path="/", assumeRolePolicy=text(TRUST)),
    )
    assert found == {(arn("role", "worker"), SECRET): "deny>allow"}


def test_a_policy_that_only_the_update_will_know_is_unknown_and_said() -> None:
    found, plan = after(
        snapshot(role("worker")),
        create(previews.ROLE_POLICY, "read", name="read", role="worker", policy=previews.UNKNOWN),
    )
    assert found == {(arn("role", "worker"), SECRET): "deny>unknown"}
    assert plan.problems == [
        "aws:iam RolePolicy read: its policy is not known before the update: it may allow and deny anything"
    ]
    assert plan.explained == {f"{arn('role', 'worker')} read"}


def test_a_hidden_policy_is_unknown_as_well() -> None:
    found, _ = after(
        snapshot(role("worker")),
        create(previews.ROLE_POLICY, "read", name="read", role="worker", policy="[secret]"),
    )
    assert found == {(arn("role", "worker"), SECRET): "deny>unknown"}


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


def test_a_deleted_role_is_gone_and_a_role_of_the_same_name_is_another_one_to_old_policies() -> None:
    opened = document({"Effect": "Allow", "Principal": {"AWS": READER}, "Action": READ, "Resource": "*"})
    old = snapshot(role("reader"), secrets=[secret(opened)])
    inputs = {"name": "reader", "path": "/", "assumeRolePolicy": text(TRUST)}
    gone, plan = after(old, delete(previews.ROLE, "reader", **inputs))
    assert gone == {(READER, SECRET): "allow>deny"}
    assert plan.document["secrets"][0]["ResourcePolicy"]["Statement"][0]["Principal"] == {
        "AWS": ["AROAREADER"]
    }
    again, _ = after(
        old, update(previews.ROLE, "reader", inputs, {**inputs, "description": "x"}, op="replace")
    )
    assert again == {(READER, SECRET): "allow>deny"}


def test_what_is_retained_stays() -> None:
    step = delete(previews.ROLE, "reader", name="reader")
    step["oldState"]["retainOnDelete"] = True
    assert after(snapshot(role("reader", READS)), step)[0] == {}


def test_a_changed_trust_opens_a_chain() -> None:
    old = {"name": "reader", "path": "/", "assumeRolePolicy": text(TRUST)}
    found, _ = after(
        snapshot(user("ann", document(allow("sts:AssumeRole"))), role("reader", READS)),
        update(previews.ROLE, "reader", old, {**old, "assumeRolePolicy": text(trusting({"AWS": ROOT}))}),
    )
    assert found == {(ANN, SECRET): "deny>allow"}


def test_what_an_update_leaves_alone_stays_as_the_snapshot_has_it() -> None:
    """Somebody changed the trust by hand; an update of the tags does not touch it."""
    old = {"name": "reader", "path": "/", "assumeRolePolicy": text(TRUST), "tags": {"a": "b"}}
    by_hand = role("reader", READS, trust=trusting({"AWS": ROOT}))
    found, plan = after(
        snapshot(user("ann", document(allow("sts:AssumeRole"))), by_hand),
        update(previews.ROLE, "reader", old, {**old, "tags": {"a": "c"}}),
    )
    assert found == {}
    assert plan.document["authorization_details"]["RoleDetailList"][0]["Tags"] == [{"Key": "a", "Value": "c"}]


def test_a_boundary_takes_away() -> None:
    old = {"name": "reader", "path": "/"}
    bounded = {**old, "permissionsBoundary": arn("policy", "nothing")}
    account = snapshot(role("reader", READS))
    account["authorization_details"]["Policies"] = [managed("nothing", document(allow("s3:*")))]
    assert after(account, update(previews.ROLE, "reader", old, bounded))[0] == {
        (READER, SECRET): "allow>deny"
    }


def test_a_managed_policy_opens_for_everybody_who_has_it() -> None:
    account = snapshot(
        role("reader", AttachedManagedPolicies=[attached("shared")]),
        user("ann", AttachedManagedPolicies=[attached("shared")]),
    )
    account["authorization_details"]["Policies"] = [managed("shared", document(allow("s3:*")))]
    old = {"name": "shared", "path": "/", "policy": text(document(allow("s3:*")))}
    outputs = {**old, "arn": arn("policy", "shared")}
    step = update(previews.POLICY, "shared", old, {**old, "policy": text(READS)}, outputs)
    assert after(account, step)[0] == {(READER, SECRET): "deny>allow", (ANN, SECRET): "deny>allow"}


def test_attachments_are_made_and_taken_away_and_an_unseen_policy_is_unknown() -> None:
    account = snapshot(
        role("reader", AttachedManagedPolicies=[attached("reads")]), role("one"), role("two"), role("three")
    )
    account["authorization_details"]["Policies"] = [managed("reads", READS)]
    started = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    found, plan = after(
        account,
        delete(previews.ROLE_ATTACHMENT, "old", role="reader", policyArn=arn("policy", "reads")),
        create(previews.POLICY, "new", name="new", path="/team/", policy=text(READS)),
        create(
            previews.ROLE_ATTACHMENT,
            "a",
            {"policyArn": [urn(previews.POLICY, "new")]},
            role="one",
            policyArn=previews.UNKNOWN,
        ),
        create(previews.ROLE_ATTACHMENT, "b", role="two", policyArn=started),
        create(
            previews.ROLE_ATTACHMENT, "c", role="three", policyArn="arn:aws:iam::aws:policy/PowerUserAccess"
        ),
    )
    assert found == {
        (READER, SECRET): "allow>deny",
        (arn("role", "one"), SECRET): "deny>allow",
        (arn("role", "three"), SECRET): "deny>unknown",
    }
    assert [each.partition(":policy/")[2].partition(" ")[0] for each in plan.problems] == ["PowerUserAccess"]


def test_groups_bring_and_take_access() -> None:
    account = snapshot(user("ann"), user("bob", GroupList=["old"]))
    account["authorization_details"]["GroupDetailList"] = [
        {"GroupName": "old", "Arn": arn("group", "old"), "GroupPolicyList": inline(READS)}
    ]
    inputs = {"name": "old", "path": "/"}
    found, _ = after(
        account,
        delete(previews.GROUP, "old", **inputs),
        create(previews.GROUP, "readers", name="readers", path="/"),
        create("aws:iam/groupPolicy:GroupPolicy", "read", name="read", group="readers", policy=text(READS)),
        create("aws:iam/userGroupMembership:UserGroupMembership", "ann", user="ann", groups=["readers"]),
    )
    assert found == {(ANN, SECRET): "deny>allow", (arn("user", "bob"), SECRET): "allow>deny"}


def test_members_of_a_group_are_those_that_are_listed() -> None:
    account = snapshot(user("ann", GroupList=["readers"]), user("bob"))
    account["authorization_details"]["GroupDetailList"] = [
        {"GroupName": "readers", "Arn": arn("group", "readers"), "GroupPolicyList": inline(READS)}
    ]
    old = {"name": "m", "group": "readers", "users": ["ann"]}
    step = update("aws:iam/groupMembership:GroupMembership", "m", old, {**old, "users": ["bob"]})
    assert after(account, step)[0] == {
        (ANN, SECRET): "allow>deny",
        (arn("user", "bob"), SECRET): "deny>allow",
    }


def test_exclusive_lists_take_away_what_they_do_not_have() -> None:
    step = create(
        "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive", "only", roleName="reader", policyNames=["kept"]
    )
    assert after(snapshot(role("reader", READS)), step)[0] == {(READER, SECRET): "allow>deny"}


def test_a_policy_attachment_is_for_those_alone_that_it_lists() -> None:
    account = snapshot(role("reader", AttachedManagedPolicies=[attached("reads")]), user("ann"))
    account["authorization_details"]["Policies"] = [managed("reads", READS)]
    step = create(
        "aws:iam/policyAttachment:PolicyAttachment", "all", policyArn=arn("policy", "reads"), users=["ann"]
    )
    assert after(account, step)[0] == {(READER, SECRET): "allow>deny", (ANN, SECRET): "deny>allow"}


def test_inline_policies_that_stand_at_the_role_are_all_that_it_has() -> None:
    old = {"name": "reader", "path": "/"}
    new = {**old, "inlinePolicies": [{"name": "nothing", "policy": text(document(allow("s3:*")))}]}
    step = update(previews.ROLE, "reader", old, new)
    assert after(snapshot(role("reader", READS)), step)[0] == {(READER, SECRET): "allow>deny"}


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


def test_a_role_that_the_snapshot_does_not_have_is_unknown_never_denied() -> None:
    found, plan = after(
        snapshot(), create(previews.ROLE_POLICY, "read", name="read", role="ghost", policy=text(READS))
    )
    assert found == {(arn("role", "ghost"), SECRET): "deny>unknown"}
    assert plan.problems == [
        "aws:iam RolePolicy read: the role ghost is not in the snapshot, so what it can do is unknown"
    ]


def test_an_account_that_the_snapshot_does_not_have_is_said() -> None:
    outputs = {"arn": "arn:aws:iam::999988887777:role/reader"}
    old = {"name": "reader", "path": "/"}
    _, plan = after(
        snapshot(), update(previews.ROLE, "reader", old, {**old, "assumeRolePolicy": text(TRUST)}, outputs)
    )
    assert plan.problems == [
        "RoleDetailList of 999988887777: it is not in the snapshot, so what is planned of it is left out"
    ]


def test_types_that_touch_access_and_are_not_understood_are_said_and_others_are_not() -> None:
    _, plan = after(
        snapshot(),
        create("aws:ssoadmin/accountAssignment:AccountAssignment", "people"),
        create("aws-native:iam:Role", "native"),
        create("aws:iam/accessKey:AccessKey", "harmless"),
        create("aws:sqs/queue:Queue", "queue"),
        create("keyplan:aws:Environment", "component"),
    )
    said = "this type is not understood, and may change who can read what"
    assert plan.problems == [
        f"aws:ssoadmin AccountAssignment people: {said}",
        f"aws-native:iam Role native: {said}",
    ]


def test_a_name_that_only_the_update_will_know_is_stood_for_and_said() -> None:
    found, plan = after(
        snapshot(),
        create(previews.ROLE, "worker", namePrefix="w-", path="/", assumeRolePolicy=text(TRUST)),
        create(
            previews.ROLE_POLICY,
            "read",
            {"role": [urn(previews.ROLE, "worker")]},
            name="read",
            role=previews.UNKNOWN,
            policy=text(READS),
        ),
    )
    assert found == {(arn("role", "w-worker"), SECRET): "deny>allow"}
    assert plan.problems == [
        "aws:iam Role worker: its name is not known before the update; w-worker stands for it"
    ]


def test_steps_that_change_nothing_change_nothing() -> None:
    inputs = {"name": "reader", "path": "/", "assumeRolePolicy": text(trusting({"AWS": ROOT}))}
    steps = [update(previews.ROLE, "reader", inputs, inputs, op=op) for op in ("same", "read", "refresh")]
    old = snapshot(role("reader", READS))
    assert foreseen(old, preview(*steps)).document == old


def test_what_an_update_sets_is_known_though_it_could_not_be_collected() -> None:
    old = {"secretArn": SECRET, "policy": text(document(allow("s3:*")))}
    account = snapshot(role("reader", READS), secrets=[secret(Unread=["ResourcePolicy"])])
    known, _ = after(
        account, update(previews.SECRET_POLICY, "p", old, {**old, "policy": text(CLOSED_SECRET)})
    )
    assert known == {(READER, SECRET): "unknown>deny"}
    gone, _ = after(account, delete(previews.SECRET_POLICY, "p", **old))
    assert gone == {(READER, SECRET): "unknown>allow"}


def test_tags_that_only_the_update_will_know_make_unknown_what_depends_on_them() -> None:
    by_tag = document(allow(**when(StringEquals={"aws:ResourceTag/team": "ml"})), allow("kms:Decrypt"))
    account = snapshot(role("reader", by_tag), role("other", READS))
    step = create(previews.SECRET, "new", name="prod/new", tags={"team": previews.UNKNOWN})
    found, plan = after(account, step)
    assert found == {(READER, NEW_SECRET): "deny>unknown", (arn("role", "other"), NEW_SECRET): "deny>allow"}
    assert plan.problems == ["aws:secretsmanager Secret new: its tags are not known before the update"]


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
