"""A preview applied to a snapshot: what neither of them says is unknown and said, never denied."""

from __future__ import annotations

from keyplan.audit.planned import foreseen
from tests.audit.accounts import (
    ROOT,
    SECRET,
    allow,
    document,
    role,
    secret,
    snapshot,
    trusting,
    when,
)
from tests.audit_diff import previews
from tests.audit_diff.foreseeing import (
    CLOSED_SECRET,
    NEW_SECRET,
    READER,
    READS,
    TRUST,
    after,
)
from tests.audit_diff.previews import arn, create, delete, preview, text, update, urn


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
