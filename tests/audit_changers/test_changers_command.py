"""`keyplan audit changers`, as a person and a program ask."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from keyplan.cli import run
from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    ROOT,
    SECRET,
    attached,
    details,
    key,
    managed,
    role,
    secret,
    snapshot,
    trusting,
    user,
    when,
)
from tests.audit_changers.small_accounts import READS, THROUGH_ACCOUNT, arn, can

OTHER_SECRET = SECRET.replace("anthropic", "openai")


@pytest.fixture
def accounts(tmp_path: Path) -> str:
    """Two administrators and who may become one, one who puts a policy, one who reads."""
    whole = snapshot(
        authorization_details=details(
            user("root-like", can("*")),
            user("ops", can("sts:AssumeRole")),
            user("ann", can("secretsmanager:PutResourcePolicy")),
            user("bob", READS),
            role("admin", trust=trusting({"AWS": ROOT}), AttachedManagedPolicies=[attached("admin")]),
            policies=[managed("admin", can("*"))],
        ),
        secrets=[
            secret(),
            {**secret(KmsKeyId=KEY), "ARN": OTHER_SECRET, "Name": "prod/openai-api-key"},
        ],
        kms_keys=[key(THROUGH_ACCOUNT)],
    )
    return _written(tmp_path, whole)


def _written(folder: Path, whole: Any) -> str:
    file = folder / "accounts.json"
    file.write_text(json.dumps(whole))
    return str(file)


def test_who_shares_a_way_and_its_secrets_stands_together(accounts: str, capsys: Any) -> None:
    assert run(["audit", "changers", "--snapshot", accounts]) == 0
    out, err = capsys.readouterr()
    everything = "allows every action on everything"
    assert out.splitlines() == [
        "allow  administrator  all 2 secrets",
        f"  {ACCOUNT} user/root-like (reads already)",
        f"      {arn('user', 'root-like')} p0[0] {everything}",
        f"  {ACCOUNT} user/ops > {ACCOUNT} role/admin (reads already)",
        f"      {arn('policy', 'admin')}[0] {everything}",
        f"  {ACCOUNT} role/admin (reads already)",
        f"      {arn('policy', 'admin')}[0] {everything}",
        "",
        "allow  secret-policy  prod/anthropic-api-key-AbCdEf",
        f"  {ACCOUNT} user/ann",
        "      it may change the secret's own policy"
        f" (secretsmanager:PutResourcePolicy by {arn('user', 'ann')} p0[0])",
    ]
    assert err == ""


def test_one_secret_may_be_asked_about(accounts: str, capsys: Any) -> None:
    assert run(["audit", "changers", "prod/openai-api-key", "--snapshot", accounts]) == 0
    out = capsys.readouterr().out
    assert out.startswith("allow  administrator  prod/openai-api-key-AbCdEf\n")
    assert "user/ann" not in out


def test_rows_are_json_for_programs(accounts: str, capsys: Any) -> None:
    words = ["audit", "changers", SECRET, "--snapshot", accounts, "--format", "json"]
    assert run(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(row["principal"], row["how"], row["through"]) for row in found] == [
        (arn("user", "root-like"), "administrator", arn("user", "root-like")),
        (arn("user", "ops"), "administrator", arn("role", "admin")),
        (arn("user", "ann"), "secret-policy", SECRET),
        (arn("role", "admin"), "administrator", arn("role", "admin")),
    ]
    assert found[1]["path"] == [arn("user", "ops"), arn("role", "admin")]
    assert (found[2]["reads"], found[2]["verdict"], found[2]["secret"]) == ("deny", "allow", SECRET)


def test_rows_are_csv_for_spreadsheets(accounts: str, capsys: Any) -> None:
    assert run(["audit", "changers", "--snapshot", accounts, "--format", "csv"]) == 0
    heading, *records = csv.reader(io.StringIO(capsys.readouterr().out, newline=""))
    assert heading == ["verdict", "principal", "secret", "how", "through", "path", "reads", "message"]
    assert len(records) == 7
    assert records[0][:4] == ["allow", arn("user", "root-like"), SECRET, "administrator"]


def test_nobody_is_said(tmp_path: Path, capsys: Any) -> None:
    file = _written(tmp_path, snapshot(user("bob", READS)))
    assert run(["audit", "changers", "--snapshot", file]) == 0
    assert (
        capsys.readouterr().out == "nobody in the snapshot can give themselves or others access to a secret\n"
    )
    assert run(["audit", "changers", SECRET, "--snapshot", file]) == 0
    assert capsys.readouterr().out == "nobody in the snapshot can give themselves or others access to it\n"


def test_a_secret_that_is_not_there_is_refused_with_the_nearest(accounts: str, capsys: Any) -> None:
    assert run(["audit", "changers", "prod/opena-api-key", "--snapshot", accounts]) == 2
    assert "no such secret; did you mean prod/openai-api-key" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_condition_key_that_nobody_knows_is_said_once_and_makes_it_unknown(
    tmp_path: Path, capsys: Any, form: str
) -> None:
    strange = when(StringEquals={"example:key": "x"})
    file = _written(tmp_path, snapshot(user("ann", can("secretsmanager:PutResourcePolicy", **strange))))
    assert run(["audit", "changers", "--snapshot", file, "--format", form]) == 0
    out, err = capsys.readouterr()
    assert "unknown" in out
    assert err.count("a condition key that this keyplan does not know: example:key") == 1


HOSTILE = {
    "tables that are missing": {"authorization_details": None, "secrets": None, "kms_keys": None},
    "entries without what they should have": {
        "authorization_details": {
            "UserDetailList": [{}, {"Arn": "x"}, {"Arn": arn("user", "ann"), "GroupList": ["gone"]}],
            "RoleDetailList": [{"Arn": arn("role", "r"), "AssumeRolePolicyDocument": 7}],
            "GroupDetailList": [{}, {"GroupName": "g", "GroupPolicyList": [{}]}],
            "Policies": [{}, {"Arn": arn("policy", "p"), "PolicyVersionList": [{}]}],
        }
    },
    "two groups of one name": {
        "authorization_details": details(
            user("ann", GroupList=["g"]),
            groups=[
                {
                    "GroupName": "g",
                    "Arn": arn("group", "g"),
                    "GroupPolicyList": [{"PolicyName": "p", "PolicyDocument": can("iam:*")}],
                }
            ]
            * 2,
        )
    },
}


@pytest.mark.parametrize("more", HOSTILE.values(), ids=HOSTILE)
def test_a_snapshot_that_is_broken_is_answered_and_never_a_crash(
    tmp_path: Path, capsys: Any, more: dict[str, Any]
) -> None:
    file = _written(tmp_path, {**snapshot(user("ann", can("iam:*"))), **more})
    assert run(["audit", "changers", "--snapshot", file]) == 0
    capsys.readouterr()
