"""`keyplan audit`: the questions, as a person and a program ask them, and what is wrong with a snapshot."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from keyplan.cli import run
from tests.audit.accounts import (
    ACCOUNT,
    ANN,
    READER,
    ROOT,
    SECRET,
    allow,
    document,
    role,
    secret,
    snapshot,
    trusting,
    user,
    when,
)

READS = document(allow())


@pytest.fixture
def accounts(tmp_path: Path) -> str:
    """Ann may become the reader; Bob reads from one address; the reader reads."""
    file = tmp_path / "accounts.json"
    office = when(IpAddress={"aws:SourceIp": "10.0.0.0/8"})
    whole = snapshot(
        user("ann", document(allow("sts:AssumeRole"))),
        user("bob", document(allow(**office))),
        user("cat"),
        role("reader", READS, trust=trusting({"AWS": ROOT})),
    )
    file.write_text(json.dumps(whole))
    return str(file)


def test_readers_are_listed_with_the_way_to_the_secret(accounts: str, capsys: Any) -> None:
    assert run(["audit", "readers", "prod/anthropic-api-key", "--snapshot", accounts]) == 0
    out, err = capsys.readouterr()
    rows = [line.split() for line in out.splitlines()]
    assert rows == [
        ["VERDICT", "PRINCIPAL", "SECRET", "THROUGH"],
        ["allow", ACCOUNT, "role/reader", "prod/anthropic-api-key-AbCdEf", "-"],
        ["allow", ACCOUNT, "user/ann", "prod/anthropic-api-key-AbCdEf", ACCOUNT, "role/reader"],
        ["conditional", ACCOUNT, "user/bob", "prod/anthropic-api-key-AbCdEf", "-"],
    ]
    assert err == ""


def test_the_answers_are_json_for_programs(accounts: str, capsys: Any) -> None:
    assert run(["audit", "keys", "ann", "--snapshot", accounts, "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["principal"], found["secret"]) == (ANN, SECRET)
    assert (found["verdict"], found["path"]) == ("allow", [ANN, READER])


def test_nothing_to_read_is_said(accounts: str, capsys: Any) -> None:
    assert run(["audit", "keys", "cat", "--snapshot", accounts]) == 0
    assert capsys.readouterr().out == "it can read no secret of the snapshot\n"


def test_a_path_is_a_proof_of_statements(accounts: str, capsys: Any) -> None:
    assert run(["audit", "path", "ann", SECRET, "--snapshot", accounts, "--format", "json"]) == 0
    proof = json.loads(capsys.readouterr().out)
    assert [(step["action"], step["verdict"]) for step in proof["steps"]] == [
        ("sts:AssumeRole", "allow"),
        ("secretsmanager:GetSecretValue", "allow"),
        ("kms:Decrypt", "allow"),
    ]
    assert [line["statement"] for line in proof["steps"][0]["statements"]] == [
        f"{ANN} p0[0]",
        f"{READER} trust[0]",
    ]


def test_a_path_under_a_condition_names_what_is_open(accounts: str, capsys: Any) -> None:
    assert run(["audit", "path", "bob", "prod/anthropic-api-key", "--snapshot", accounts]) == 0
    out = capsys.readouterr().out
    assert out.startswith("verdict: conditional\n1. secretsmanager:GetSecretValue: conditional\n")
    assert "p0[0] (identity) allows, if aws:SourceIp is in 10.0.0.0/8\n" in out


def test_a_path_that_is_none_says_so(accounts: str, capsys: Any) -> None:
    assert run(["audit", "path", "cat", "prod/anthropic-api-key", "--snapshot", accounts]) == 0
    out = capsys.readouterr().out
    assert out.startswith("verdict: deny\n")
    assert "this is the first request that fails\n   nothing in its own policies allows it\n" in out


def test_the_matrix_is_the_contract(accounts: str, capsys: Any) -> None:
    assert run(["audit", "matrix", "--snapshot", accounts, "--format", "json"]) == 0
    matrix = json.loads(capsys.readouterr().out)
    assert list(matrix) == ["pairs", "reach", "oidc", "external", "problems"]
    assert {(pair["principal"], pair["verdict"]) for pair in matrix["pairs"]} == {
        (f"arn:aws:iam::{ACCOUNT}:user/bob", "conditional"),
        (READER, "allow"),
    }
    assert {(each["principal"], tuple(each["path"])) for each in matrix["reach"]} >= {(ANN, (ANN, READER))}


def test_a_snapshot_may_come_from_standard_input(accounts: str, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(Path(accounts).read_bytes())))
    assert run(["audit", "readers", SECRET, "--snapshot", "-"]) == 0
    assert "role/reader" in capsys.readouterr().out


WRONG = {
    "a secret that is not there": (
        ["readers", "prod/antropic-api-key"],
        "the snapshot has no such secret; did you mean prod/anthropic-api-key",
    ),
    "a principal that is not there": (
        ["keys", "reeder"],
        "the snapshot has no such principal; did you mean reader",
    ),
    "a part of a principal's name": (
        ["keys", "ea"],
        "the snapshot has no such principal; did you mean reader",
    ),
    "a name that is like none": (
        ["keys", "zzzzzzzz"],
        "the snapshot has no such principal\nhint: give its name or its ARN, as in ann",
    ),
    "a format that is none": (
        ["matrix", "--format", "zzzzzzzz"],
        "--format takes one of text, json, csv, markdown\nhint: keyplan audit matrix --help",
    ),
    "an option without its value": (
        ["matrix", "--format"],
        "--format takes one of text, json, csv, markdown",
    ),
    "a number that is none": (
        ["reads", "anthropic", "--days", "zzzzzzzz"],
        "--days is without its value, or with a wrong one (it is not repeated)",
    ),
    "a question without its name": (["readers"], "the following arguments are required: SECRET"),
    "a question with too many": (
        ["matrix", "x"],
        "the arguments are not understood (they are not repeated: one may be a value)",
    ),
}


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_question_is_refused_with_the_way_out(
    accounts: str, capsys: Any, words: list[str], message: str
) -> None:
    assert run(["audit", *words, "--snapshot", accounts]) == 2
    told = capsys.readouterr().err
    assert f"error: {message}\n" in told
    assert "zzzzzzzz" not in told


BROKEN = {
    "cut off": (
        '{"format": "keyplan-snapshot/1", "secrets": [',
        "the snapshot is not JSON: line 1, column 46",
    ),
    "nothing": (" \n", "the snapshot is empty"),
    "another document": ("{}", "this is not a snapshot: it has no `format` field"),
    "another format": ('{"format": "keyplan-snapshot/2"}', "this is not a snapshot of a format that"),
    "nested too deeply": ("[" * 200_000, "the snapshot is nested too deeply to be one"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=BROKEN)
def test_a_snapshot_that_is_none_is_refused(tmp_path: Path, capsys: Any, content: str, message: str) -> None:
    file = tmp_path / "broken.json"
    file.write_text(content)
    assert run(["audit", "matrix", "--snapshot", str(file)]) == 2
    assert capsys.readouterr().err.startswith(f"error: {message}")


def test_a_snapshot_that_is_missing_is_said(tmp_path: Path, capsys: Any) -> None:
    assert run(["audit", "matrix", "--snapshot", str(tmp_path / "none.json")]) == 2
    assert capsys.readouterr().err == (
        "error: the snapshot cannot be read: no such file or directory\n"
        "hint: keyplan audit collect --out FILE\n"
    )


def test_standard_input_that_is_closed_is_empty(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert run(["audit", "matrix", "--snapshot", "-"]) == 2
    assert capsys.readouterr().err == "error: the snapshot is empty\n"


def test_a_mark_of_the_byte_order_before_a_snapshot_is_passed_over(accounts: str, capsys: Any) -> None:
    Path(accounts).write_text(Path(accounts).read_text(), encoding="utf-8-sig")
    assert run(["audit", "readers", SECRET, "--snapshot", accounts]) == 0
    assert "role/reader" in capsys.readouterr().out


def test_a_snapshot_without_secrets_says_that_instead_of_guessing(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "none.json"
    denied = {"account": ACCOUNT, "region": "eu-west-1", "call": "secretsmanager:ListSecrets", "reason": "no"}
    file.write_text(json.dumps(snapshot(user("ann", READS), secrets=[]) | {"missing": [denied]}))
    said = (
        f"warning: account {ACCOUNT}, eu-west-1: secretsmanager:ListSecrets was not answered when the "
        "snapshot was collected: no\n"
        "error: the snapshot has no secrets at all\n"
        "hint: keyplan audit collect --out FILE\n"
    )
    for words in (["readers", SECRET], ["path", "ann", SECRET], ["changers", SECRET]):
        assert run(["audit", *words, "--snapshot", str(file)]) == 2
        assert capsys.readouterr().err == said


def test_an_account_that_is_not_named_is_that_of_its_principals_and_nobody_is_denied(
    accounts: str, capsys: Any
) -> None:
    document = json.loads(Path(accounts).read_text())
    del document["account_id"]
    Path(accounts).write_text(json.dumps(document))
    assert run(["audit", "readers", SECRET, "--snapshot", accounts]) == 0
    told = capsys.readouterr()
    assert "role/reader" in told.out
    assert f"warning: account_id: {ACCOUNT} is taken for it, the account of its principals\n" in told.err


MISSING = ["authorization_details", "kms_keys"]


@pytest.mark.parametrize("table", MISSING)
def test_a_table_that_is_missing_is_said_and_never_a_crash(tmp_path: Path, capsys: Any, table: str) -> None:
    whole = snapshot(user("ann", READS), secrets=[secret(KmsKeyId="gone")])
    del whole[table]
    file = tmp_path / "partial.json"
    file.write_text(json.dumps(whole))
    assert run(["audit", "readers", "prod/anthropic-api-key", "--snapshot", str(file)]) == 0
    out, err = capsys.readouterr()
    assert f"warning: {table}: it is missing" in err
    assert ("unknown" in out) is (table == "kms_keys")


def test_two_entries_with_one_arn_are_said(tmp_path: Path, capsys: Any) -> None:
    whole = snapshot(user("ann", READS), user("ann"), secrets=[secret(), secret()])
    file = tmp_path / "twice.json"
    file.write_text(json.dumps(whole))
    assert run(["audit", "readers", "prod/anthropic-api-key", "--snapshot", str(file)]) == 0
    out, err = capsys.readouterr()
    assert out.count("user/ann") == 1
    assert f"warning: secrets: {SECRET} stands twice; the first counts" in err
    assert f"warning: {ANN} stands twice; the first counts" in err
