"""A preview applied to a snapshot: roles, users, groups and the policies that they have."""

from __future__ import annotations

from tests.audit.accounts import (
    READ,
    ROOT,
    SECRET,
    allow,
    attached,
    document,
    inline,
    managed,
    role,
    secret,
    snapshot,
    trusting,
    user,
)
from tests.audit_diff import previews
from tests.audit_diff.foreseeing import (
    ANN,
    READER,
    READS,
    TRUST,
    after,
)
from tests.audit_diff.previews import arn, create, delete, text, update, urn


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
