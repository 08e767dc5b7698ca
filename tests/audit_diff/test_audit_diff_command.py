"""`keyplan audit diff`: what a person, a program and a pull request see of a change, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from keyplan.cli import run
from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    READ,
    ROOT,
    SECRET,
    allow,
    document,
    key,
    role,
    secret,
    snapshot,
    trusting,
    user,
    when,
)
from tests.audit_diff.previews import ROLE, ROLE_POLICY, UNKNOWN, create, preview, text

READS = document(allow())
ANN, NEW = f"arn:aws:iam::{ACCOUNT}:user/ann", f"arn:aws:iam::{ACCOUNT}:role/new"
READER, OTHER = f"arn:aws:iam::{ACCOUNT}:role/reader", "arn:aws:iam::999988887777:role/them"
PROBE = {
    "provider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/ci.example.com",
    "claims": {"sub": "repo:a", "aud": "aws"},
}


def write(place: Path, name: str, content: Any) -> str:
    file = place / name
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(file)


@pytest.fixture
def both(tmp_path: Path) -> tuple[str, str]:
    """Ann may become the reader, a new role reads from one address; Bob is gone."""
    before = trusting({"AWS": f"arn:aws:iam::{ACCOUNT}:user/bob"})
    old = snapshot(user("ann"), user("bob", READS), role("reader", READS, trust=before))
    office = when(IpAddress={"aws:SourceIp": "10.0.0.0/8"})
    new = snapshot(
        user("ann", document(allow("sts:AssumeRole"))),
        role("reader", READS, trust=trusting({"AWS": ROOT})),
        role("new", document(allow(**office))),
    )
    return write(tmp_path, "old.json", old), write(tmp_path, "new.json", new)


def test_a_person_sees_what_opened_first_with_the_way(
    both: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["audit", "diff", *both]) == 1
    said = capsys.readouterr()
    assert said.err == ""
    assert [line.split() for line in said.out.splitlines()] == [
        ["CHANGE", "WAS", "IS", "PRINCIPAL", "SECRET", "THROUGH"],
        ["opened", "deny", "allow", ACCOUNT, "user/ann", SECRET[-29:], ACCOUNT, "role/reader"],
        ["opened", "deny", "conditional", ACCOUNT, "role/new", "(new)", SECRET[-29:], "-"],
        ["closed", "allow", "deny", ACCOUNT, "user/bob", "(gone)", SECRET[-29:], "-"],
        ["2", "opened,", "1", "closed"],
        ["principals:", "1", "new,", "1", "gone"],
    ]


def test_a_program_gets_every_change_whole(both: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "diff", *both, "--format", "json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    ann = answer["access"][0]
    assert "p0[0] allows" in ann.pop("why")
    assert ann == {
        "change": "opened",
        "principal": ANN,
        "secret": SECRET,
        "before": "deny",
        "after": "allow",
        "path": [ANN, READER],
        "principal_is": "both",
        "secret_is": "both",
        "widens": True,
        "accepted": False,
    }
    gone = f"arn:aws:iam::{ACCOUNT}:user/bob"
    assert answer["principals"] == {"new": [NEW], "gone": [gone]}
    assert answer["secrets"] == {"new": [], "gone": []}
    assert (answer["counting"], answer["outside"], answer["problems"]) == (2, [], [])


def test_a_pull_request_sees_what_opened_and_what_closed_is_folded(
    both: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["audit", "diff", *both, "--format", "markdown", "--fail-on", "nothing"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "<!-- keyplan audit diff -->"
    name = f"`{SECRET[-29:]}`"
    opened = f"| opened | deny | allow | `{ACCOUNT} user/ann` | {name} | `{ACCOUNT} role/reader` |"
    closed = f"| closed | allow | deny | `{ACCOUNT} user/bob` (gone) | {name} | - |"
    fold = "<details><summary>1 closed or no longer sure</summary>"
    assert lines.index("**2 opened, 1 closed**") < lines.index(opened) < lines.index(fold)
    assert lines.index(fold) < lines.index(closed)


def test_names_from_the_account_cannot_write_into_the_comment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = "x`|<img src=y>@everyone\n# z"
    new = snapshot({**user("ann", READS), "Arn": f"arn:aws:iam::{ACCOUNT}:user/{named}"})
    files = (write(tmp_path, "a.json", snapshot()), write(tmp_path, "b.json", new))
    run(["audit", "diff", *files, "--format", "markdown"])
    said = capsys.readouterr().out
    assert "<img" not in said
    assert "@everyone" not in said
    assert "\n# z" not in said


def test_the_other_direction_does_not_fail_but_any_change_can(
    both: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["audit", "diff", both[1], both[0], "--fail-on", "any"]) == 1
    capsys.readouterr()
    assert run(["audit", "diff", both[1], both[1], "--fail-on", "any"]) == 0
    assert capsys.readouterr().out == "nobody can read more or less than before\n"


def test_what_closes_alone_does_not_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = write(tmp_path, "a.json", snapshot(user("ann", READS)))
    new = write(tmp_path, "b.json", snapshot(user("ann")))
    assert run(["audit", "diff", old, new]) == 0
    assert "1 closed" in capsys.readouterr().out


def test_what_is_accepted_does_not_fail_until_its_last_day(
    both: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = [
        {"code": "opened", "principal": arn, "secret": SECRET, "reason": "planned", "expires": "2026-12-01"}
        for arn in (ANN, NEW)
    ]
    baseline = write(tmp_path, "accepted.json", accepted)
    assert run(["audit", "diff", *both, "--baseline", baseline]) == 0
    assert "opened (accepted)" in capsys.readouterr().out
    accepted[0]["expires"] = "2026-11-20"
    baseline = write(tmp_path, "accepted.json", accepted)
    assert run(["audit", "diff", *both, "--baseline", baseline, "--format", "markdown"]) == 1
    said = capsys.readouterr().out
    assert "| opened | deny | allow |" in said.partition("<details>")[0]
    assert "1 acceptances that meet nothing" in said


def test_another_account_and_tokens_are_changes_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What one snapshot is asked about tokens, the other is asked too."""
    them = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": READ, "Resource": "*"}
    trusts = trusting(
        {"Federated": PROBE["provider"]},
        "sts:AssumeRoleWithWebIdentity",
        Condition={"StringEquals": {"ci.example.com:sub": "repo:a"}},
    )
    reads, keys = role("ci", READS, trust=trusting({"AWS": ROOT})), [key()]
    old = snapshot(reads, secrets=[secret(KmsKeyId=KEY)], kms_keys=keys, oidc_probes=[PROBE])
    reads = {**reads, "AssumeRolePolicyDocument": trusts}
    new = snapshot(reads, secrets=[secret(document(them), KmsKeyId=KEY)], kms_keys=keys)
    files = (write(tmp_path, "a.json", old), write(tmp_path, "b.json", new))
    assert run(["audit", "diff", *files]) == 1
    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["opened", "deny", "allow", OTHER, "external", SECRET[-29:]] in told
    assert ["opened", "deny", "allow", "repo:a", "token", ACCOUNT, "role/ci"] in told
    assert run(["audit", "diff", *reversed(files), "--format", "json"]) == 0
    outside = json.loads(capsys.readouterr().out)["outside"]
    assert [(each["change"], each["kind"], each["target"]) for each in outside] == [
        ("closed", "external", SECRET),
        ("closed", "token", f"arn:aws:iam::{ACCOUNT}:role/ci"),
    ]


def test_a_preview_says_who_could_read_and_keeps_the_snapshot_for_other_questions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = preview(
        create(ROLE, "new", name="new", path="/", assumeRolePolicy=text(trusting({"AWS": ROOT}))),
        create(ROLE_POLICY, "read", name="read", role="new", policy=text(READS)),
    )
    old = write(tmp_path, "a.json", snapshot())
    saved = str(tmp_path / "after.json")
    assert run(["audit", "diff", old, "--preview", write(tmp_path, "p.json", plan), "--save", saved]) == 1
    assert "role/new (new)" in capsys.readouterr().out
    assert run(["audit", "readers", SECRET, "--snapshot", saved]) == 0
    assert "role/new" in capsys.readouterr().out


def test_the_foreseen_snapshot_is_private_and_replaces_nothing_but_a_snapshot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, plan = write(tmp_path, "a.json", snapshot()), write(tmp_path, "p.json", preview())
    saved, other = tmp_path / "after.json", tmp_path / "notes.txt"
    for _ in range(2):
        assert run(["audit", "diff", old, "--preview", plan, "--save", str(saved)]) == 0
    assert saved.stat().st_mode & 0o777 == 0o600
    other.write_text("mine")
    assert run(["audit", "diff", old, "--preview", plan, "--save", str(other)]) == 2
    assert other.read_text() == "mine"
    told = capsys.readouterr().err
    assert "notes.txt is there and is not a snapshot of" in told
    assert "hint: name another file with --save, or remove it\n" in told


def test_what_cannot_be_foreseen_fails_and_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = preview(create(ROLE_POLICY, "read", name="read", role="reader", policy=UNKNOWN))
    old = write(tmp_path, "a.json", snapshot(role("reader")))
    assert run(["audit", "diff", old, "--preview", write(tmp_path, "p.json", plan)]) == 1
    said = capsys.readouterr()
    assert "unclear  deny  unknown" in said.out
    assert said.err.splitlines() == [
        "warning: aws:iam RolePolicy read: its policy is not known before the update:"
        " it may allow and deny anything",
        "hint: KEYPLAN_PREVIEW_POLICIES=1 pulumi preview --json has the policies of keyplan's own program,"
        " also where their KMS key is new",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"steps": [', "the preview is not JSON: line 1, column 12; is it cut off?"),
        ("[]", "this is not what `pulumi preview --json` prints: it has no steps"),
        (
            snapshot(),
            "this is not what `pulumi preview --json` prints: it has no steps",
        ),
        ({"steps": {}}, "the preview's `steps` are not a list"),
        ({"steps": [{"op": "create"}]}, "the preview's step 1 has no operation or no URN"),
        (
            {"steps": [], "diagnostics": [{"severity": "error", "message": "x"}]},
            "the preview failed, so its steps are not all: run it again once it passes",
        ),
    ],
)
def test_what_is_no_preview_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: Any, message: str
) -> None:
    old = write(tmp_path, "a.json", snapshot())
    assert run(["audit", "diff", old, "--preview", write(tmp_path, "p.json", content)]) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"error: {message}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a"], "give two snapshots, or one and a preview"),
        (["a", "b", "--preview", "c"], "give two snapshots, or one and a preview"),
        (["-", "-"], "only one of the two can be standard input"),
        (
            ["a", "b", "--save", "c"],
            "--save keeps the snapshot that a preview foresees, and there is no --preview",
        ),
    ],
)
def test_sources_that_do_not_fit_together_are_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(["audit", "diff", *arguments]) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"error: {message}"


def test_of_an_account_that_one_snapshot_has_not_looked_at_the_verdict_there_is_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = user("eve", document(allow("*")), account="999988887777")
    details = snapshot(stranger)["authorization_details"]
    let_in = {"Effect": "Allow", "Principal": "*", "Action": READ, "Resource": "*"}
    common: dict[str, Any] = {"secrets": [secret(document(let_in), KmsKeyId=KEY)], "kms_keys": [key()]}
    new = snapshot(external_accounts={"999988887777": {"authorization_details": details}}, **common)
    files = (write(tmp_path, "a.json", snapshot(**common)), write(tmp_path, "b.json", new))
    run(["audit", "diff", *files, "--format", "json"])
    access = json.loads(capsys.readouterr().out)["access"]
    assert [(each["before"], each["after"], each["principal_is"]) for each in access] == [
        ("unknown", "allow", "new")
    ]


@pytest.mark.parametrize("table", ["RoleDetailList", "secrets"])
def test_what_one_snapshot_could_not_list_was_not_denied_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str
) -> None:
    old, new = snapshot(role("reader", READS)), snapshot(role("reader", READS))
    del (old if table == "secrets" else old["authorization_details"])[table]
    files = (write(tmp_path, "a.json", old), write(tmp_path, "b.json", new))
    assert run(["audit", "diff", *files]) == 1
    assert "opened  unknown  allow" in capsys.readouterr().out
    assert run(["audit", "diff", *reversed(files), "--fail-on", "any"]) == 1
    assert "unclear  allow  unknown" in capsys.readouterr().out
    assert run(["audit", "diff", *reversed(files)]) == 0


def from_outside(old: Any, new: Any, place: Path, capsys: pytest.CaptureFixture[str]) -> set[tuple[str, str]]:
    """What differs for those from outside: `deny>allow` and who."""
    files = (write(place, "a.json", old), write(place, "b.json", new))
    run(["audit", "diff", *files, "--format", "json", "--fail-on", "nothing"])
    listed = json.loads(capsys.readouterr().out)["outside"]
    return {(f"{each['before']}>{each['after']}", each["principal"]) for each in listed}


def taking(*subjects: str) -> Any:
    """A trust that takes tokens with these subjects."""
    condition = {"StringLike": {"ci.example.com:sub": list(subjects)}}
    return trusting({"Federated": PROBE["provider"]}, "sts:AssumeRoleWithWebIdentity", Condition=condition)


def test_a_changed_trust_shows_the_tokens_that_it_takes_without_a_probe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = snapshot(role("ci", READS, trust=taking("repo:a:*")))
    other = snapshot(role("ci", READS, trust=taking("repo:b:*")))
    wide = snapshot(role("ci", READS, trust=taking("*")))
    moved = {("allow>deny", "repo:a:x"), ("deny>allow", "repo:b:x")}
    assert from_outside(old, other, tmp_path, capsys) == moved
    opened = {("deny>allow", "anybody's job"), ("deny>allow", "x")}
    assert from_outside(old, wide, tmp_path, capsys) == opened
    assert from_outside(wide, wide, tmp_path, capsys) == set()


def test_a_role_that_reads_nothing_may_trust_whomever_it_likes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = snapshot(role("ci")), snapshot(role("ci", trust=trusting({"AWS": OTHER})))
    assert from_outside(old, new, tmp_path, capsys) == set()
    reading = snapshot(role("ci", READS, trust=trusting({"AWS": OTHER})))
    assert from_outside(old, reading, tmp_path, capsys) == {("deny>allow", OTHER)}


def test_a_service_that_takes_a_role_is_told_unless_the_role_is_new(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    none = snapshot(role("reader", READS, trust=trusting({"AWS": ROOT})))
    taken = snapshot(role("reader", READS, trust=trusting({"Service": "lambda.amazonaws.com"})))
    assert ("deny>allow", "lambda.amazonaws.com") in from_outside(none, taken, tmp_path, capsys)
    assert from_outside(snapshot(), taken, tmp_path, capsys) == set()


def test_a_condition_that_became_unknown_may_have_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    office = when(IpAddress={"aws:SourceIp": "10.0.0.0/8"})
    old = write(tmp_path, "a.json", snapshot(user("ann", document(allow(**office)))))
    new = write(tmp_path, "b.json", snapshot(user("ann", "not a policy")))
    assert run(["audit", "diff", old, new]) == 1
    assert "unclear  conditional  unknown" in capsys.readouterr().out


def test_a_chain_of_several_roles_opens_what_its_end_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assume, inside = document(allow("sts:AssumeRole")), trusting({"AWS": ROOT})
    into_two = document(allow("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/two"))
    steps = [role("one", into_two, trust=inside), role("two", assume, trust=inside)]
    old = write(tmp_path, "a.json", snapshot(user("ann", assume), *steps, role("reader", READS)))
    first = f"arn:aws:iam::{ACCOUNT}:role/two"
    end = role("reader", READS, trust=trusting({"AWS": first}))
    new = write(tmp_path, "b.json", snapshot(user("ann", assume), *steps, end))
    assert run(["audit", "diff", old, new, "--format", "json"]) == 1
    access = json.loads(capsys.readouterr().out)["access"]
    paths = {each["principal"].rpartition("/")[2]: each["path"] for each in access}
    assert [step.rpartition("/")[2] for step in paths["one"]] == ["one", "two", "reader"]
