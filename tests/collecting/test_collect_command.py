"""`keyplan audit collect` on two accounts in moto: the whole snapshot, its gaps, and its file."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from components.aws.policy.audit import AUDIT_ACTIONS
from keyplan.collecting.calls import Call
from tests.collecting.world import (
    ACCOUNT,
    AUDITOR,
    CANARY,
    OTHER,
    REGION,
    SECOND,
    Collector,
    Made,
    client_error,
    refusing,
)

EVERYTHING = ("--region", REGION, "--region", SECOND, "--role", AUDITOR)


def test_two_accounts_and_two_regions_are_in_one_snapshot(collector: Collector, made: Made) -> None:
    done = collector.run(*EVERYTHING)
    assert (done.code, done.err) == (0, "")
    counted = "2 accounts, 2 regions, 2 principals, 4 secrets, 1 key"
    assert done.out == f"accounts.json: {counted}, {len(collector.sent)} requests\n"
    found = collector.snapshot
    assert found["account_id"] == ACCOUNT
    assert (found["partition"], found["region"]) == ("aws", REGION)
    assert found["missing"] == []
    assert [each["ARN"] for each in found["secrets"]] == sorted(
        [made.secret, made.deleted, made.elsewhere, made.of_other]
    )
    details = found["external_accounts"][OTHER]["authorization_details"]
    assert [each["UserName"] for each in details["UserDetailList"]] == ["stranger"]
    assert (found["organization"], found["scps"], found["rcps"]) == (None, None, None)
    assert found["context"] == {"aws:CurrentTime": found["collected"]["at"]}


def test_a_key_has_its_policy_grants_tags_and_aliases(collector: Collector, made: Made) -> None:
    collector.run()
    (key,) = collector.snapshot["kms_keys"]
    assert {name: key[name] for name in ("Arn", "KeyManager", "KeyState", "Tags", "Aliases")} == {
        "Arn": made.key,
        "KeyManager": "CUSTOMER",
        "KeyState": "Enabled",
        "Tags": [{"TagKey": "team", "TagValue": "a"}],
        "Aliases": [{"AliasName": "alias/keys"}],
    }
    assert [grant["GranteePrincipal"] for grant in key["Grants"]] == [made.reader]
    assert json.loads(key["KeyPolicy"])["Statement"]


def test_the_audit_answers_from_it_through_a_chain_of_accounts(collector: Collector, made: Made) -> None:
    collector.run(*EVERYTHING)
    reach = collector.reach()
    assert reach[made.stranger, made.secret] == "allow"
    assert reach[made.reader, made.secret] == "allow"
    assert not any(secret == made.deleted for _, secret in reach)


def test_no_value_and_no_description_is_in_any_file(collector: Collector, made: Made) -> None:
    def late(call: Call) -> None:
        if call.action == "kms:ListAliases":
            raise client_error("ExpiredTokenException", call.operation)

    collector.fault = late
    assert collector.run(*EVERYTHING).code == 3
    assert CANARY not in collector.work_file.read_text()
    collector.fault = lambda _call: None
    done = collector.run(*EVERYTHING, "--resume", "--verbose")
    assert done.code == 0, done.err
    assert CANARY not in collector.file.read_text() + done.out + done.err


def test_a_secret_in_its_recovery_window_is_not_asked_for_its_policy(
    collector: Collector, made: Made
) -> None:
    collector.run()
    (deleted,) = [each for each in collector.snapshot["secrets"] if each["ARN"] == made.deleted]
    assert deleted["Unread"] == ["ResourcePolicy"]
    assert deleted["DeletedDate"].startswith("20")
    about = [call.resource for call in collector.sent if call.operation == "GetResourcePolicy"]
    assert about == [made.secret]


def test_it_asks_for_nothing_that_the_auditor_role_lacks(collector: Collector, made: Made) -> None:
    collector.run("--all-regions", "--role", AUDITOR)
    asked = {call.action for call in collector.sent}
    assert asked <= set(AUDIT_ACTIONS)
    assert {"iam:GetAccountAuthorizationDetails", "ec2:DescribeRegions", "kms:ListGrants"} <= asked
    assert "sts:GetCallerIdentity" in AUDIT_ACTIONS


ASKED = (
    "iam:GetAccountAuthorizationDetails",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "kms:ListGrants",
    "kms:ListResourceTags",
    "kms:ListAliases",
    "organizations:DescribeOrganization",
    "secretsmanager:GetResourcePolicy",
    "secretsmanager:ListSecrets",
)


UNREAD = {
    "kms:GetKeyPolicy": ["KeyPolicy"],
    "kms:ListGrants": ["Grants"],
    "kms:ListResourceTags": ["Tags"],
    "kms:ListAliases": ["Aliases"],
}


def test_this_table_has_every_action(collector: Collector, made: Made) -> None:
    collector.run()
    assert {call.action for call in collector.sent} == set(ASKED)


@pytest.mark.parametrize("action", ASKED)
def test_a_permission_that_is_missing_is_listed_and_never_makes_a_verdict_deny(
    action: str, collector: Collector, made: Made
) -> None:
    collector.fault = refusing(action)
    done = collector.run()
    assert done.code == 0
    found = collector.snapshot
    assert {each["call"] for each in found["missing"]} == {action}
    assert {each["reason"] for each in found["missing"]} == {"not allowed"}
    assert f"{action}: not allowed" in done.err
    assert not collector.work_file.exists()
    if action in ("iam:GetAccountAuthorizationDetails", "secretsmanager:ListSecrets"):
        return  # nobody, or nothing, is left of whom there could be a verdict
    if action in UNREAD:
        assert [each["Unread"] for each in found["kms_keys"]] == [UNREAD[action]]
    reach = collector.reach()
    assert reach[made.reader, made.secret] in ("allow", "unknown")
    if action in (
        "kms:GetKeyPolicy",
        "organizations:DescribeOrganization",
        "secretsmanager:GetResourcePolicy",
    ):
        assert reach[made.reader, made.secret] == "unknown"


def test_a_region_that_gives_no_answer_is_listed(collector: Collector, made: Made) -> None:
    def fault(call: Call) -> None:
        if call.region == SECOND:
            raise EndpointConnectionError(endpoint_url="https://nowhere.invalid")

    collector.fault = fault
    done = collector.run(*EVERYTHING)
    assert done.code == 0
    assert {(each["account"], each["region"]) for each in collector.snapshot["missing"]} == {
        (ACCOUNT, SECOND),
        (OTHER, SECOND),
    }
    assert "no answer: the connection could not be made" in done.err
    assert "hint: run the same command with --resume: it asks only for what is missing" in done.err
    collector.fault = lambda _call: None
    before = len(collector.sent)
    assert collector.run(*EVERYTHING, "--resume").code == 0
    assert {call.region for call in collector.sent[before:]} == {SECOND}
    assert collector.snapshot["missing"] == []
    assert not collector.work_file.exists()


def test_a_role_that_cannot_be_assumed_is_listed(
    collector: Collector, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.sts.models import STSBackend

    def refuse(*_: object, **__: object) -> None:
        raise client_error("AccessDenied", "AssumeRole")

    monkeypatch.setattr(STSBackend, "assume_role", refuse)
    done = collector.run(*EVERYTHING)
    assert done.code == 0
    assert collector.snapshot["external_accounts"] == {OTHER: {"authorization_details": None}}
    assert collector.snapshot["missing"] == [
        {
            "account": OTHER,
            "region": "",
            "call": "sts:AssumeRole",
            "reason": "not allowed",
            "resource": AUDITOR,
        }
    ]
    assert f"warning: account {OTHER}: sts:AssumeRole: not allowed\n" in done.err


def test_when_nothing_is_answered_nothing_is_written(collector: Collector, made: Made) -> None:
    def fault(call: Call) -> None:
        raise client_error("AccessDenied", call.operation)

    collector.fault = fault
    done = collector.run()
    assert (done.code, collector.file.exists()) == (3, False)
    assert done.err.startswith(
        f"error: AWS answered nothing: iam:GetAccountAuthorizationDetails in account {ACCOUNT}"
    )
    assert "hint: the environment's auditor role may ask all of it" in done.err


def test_without_credentials_it_says_how_to_get_some(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    done = collector.run()
    assert done.code == 3
    assert done.err.startswith("error: there are no AWS credentials")
    assert "hint: set AWS_PROFILE" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--region", "Ireland"), "a region is written as in eu-west-1"),
        (("--role", "auditor"), "--role takes the ARN of a role"),
        (("--role", AUDITOR, "--role", f"{AUDITOR}-2"), f"two roles of account {OTHER}"),
        (("--oidc-probes", "none.json"), "the file of --oidc-probes cannot be read: no such file"),
        (("--manifest", "none.json"), "no manifest: the file that --manifest names does not exist"),
    ],
)
def test_wrong_use_is_said_before_anything_is_asked(
    collector: Collector, arguments: tuple[str, ...], message: str
) -> None:
    done = collector.run(*arguments)
    assert (done.code, collector.sent) == (2, [])
    assert done.err.startswith(f"error: {message}")


def test_without_a_region_it_asks_for_one(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    done = collector.run()
    assert done.code == 2
    assert done.err.startswith("error: there is no region: ")


def test_the_file_is_private_and_replaces_an_older_snapshot(collector: Collector, made: Made) -> None:
    collector.run()
    first = collector.file.read_bytes()
    collector.file.chmod(0o644)
    collector.run("--region", SECOND)
    assert collector.file.read_bytes() != first
    assert stat.S_IMODE(collector.file.stat().st_mode) == 0o600
    assert [path.name for path in collector.directory.iterdir()] == ["accounts.json"]


@pytest.mark.parametrize("name", ["notes.txt", "folder", "missing/accounts.json"])
def test_nothing_else_is_replaced(collector: Collector, name: str) -> None:
    (collector.directory / "notes.txt").write_text("mine")
    (collector.directory / "folder").mkdir()
    done = collector.run(out=name)
    assert (done.code, collector.sent) == (2, [])
    assert (collector.directory / "notes.txt").read_text() == "mine"


def test_standard_output_gets_the_snapshot_and_nothing_else(collector: Collector, made: Made) -> None:
    done = collector.run(out="-")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["account_id"] == ACCOUNT
    assert list(collector.directory.iterdir()) == []
    assert collector.run("--resume", out="-").code == 2


def test_probes_are_copied_into_the_snapshot(collector: Collector, made: Made) -> None:
    probes = [{"provider": "arn:aws:iam::1:oidc-provider/x", "claims": {"sub": "s"}}]
    (collector.directory / "probes.json").write_text(json.dumps(probes))
    assert collector.run("--oidc-probes", "probes.json").code == 0
    assert collector.snapshot["oidc_probes"] == probes
    (collector.directory / "probes.json").write_text('[{"claims": 3}]')
    assert collector.run("--oidc-probes", "probes.json").code == 2


def test_a_role_of_the_own_account_is_used_in_place_of_the_credentials(
    collector: Collector, made: Made
) -> None:
    assert collector.run("--role", f"arn:aws:iam::{ACCOUNT}:role/reader").code == 0
    assert collector.snapshot["external_accounts"] == {}
    assert collector.snapshot["account_id"] == ACCOUNT


def test_every_region_of_the_account_is_looked_into(collector: Collector, made: Made) -> None:
    collector.run("--all-regions")
    assert made.elsewhere in {each["ARN"] for each in collector.snapshot["secrets"]}
    assert collector.snapshot["collected"]["regions"][0] == REGION
    assert set(collector.snapshot["collected"]["regions"]) == {REGION, SECOND}


def test_where_regions_are_not_told_the_named_ones_are_collected(collector: Collector, made: Made) -> None:
    collector.fault = refusing("ec2:DescribeRegions", "UnauthorizedOperation")
    assert collector.run("--all-regions").code == 0
    assert collector.snapshot["collected"]["regions"] == [REGION]
    assert [each["call"] for each in collector.snapshot["missing"]] == ["ec2:DescribeRegions"]


def test_the_page_lists_every_action_and_no_other(project: Path) -> None:
    import re

    page = (project / "docs" / "audit-collect.md").read_text()
    table = page.partition("| call |")[2].partition("\n\n")[0]
    listed = set(re.findall(r"`((?:iam|kms|ec2|secretsmanager|organizations|sts):\w+)`", table))
    assert listed - {"sts:AssumeRole"} <= set(AUDIT_ACTIONS)
    assert set(ASKED) <= listed
