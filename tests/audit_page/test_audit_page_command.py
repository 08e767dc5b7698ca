"""`keyplan audit report`: the file that it writes, and what it says when it cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from keyplan.cli import run
from tests.audit.accounts import READ, allow, document, snapshot, user
from tests.audit.gated import consumer
from tests.audit.gated import manifest as catalogue
from tests.audit_page.example import example_snapshot, role_arn
from tests.audit_page.test_audit_page_text import Parts


@pytest.fixture
def accounts(tmp_path: Path) -> str:
    file = tmp_path / "accounts.json"
    file.write_text(json.dumps(example_snapshot()))
    return str(file)


def written_by(*arguments: str) -> dict[str, Any]:
    """What the page knows that the command writes to its --out."""
    assert run(["audit", "report", *arguments]) == 0
    text = Path(arguments[arguments.index("--out") + 1]).read_text()
    known: dict[str, Any] = json.loads(Parts(text).inside["script report"])
    return known


def test_the_page_is_written_to_the_file_and_a_second_run_writes_the_same(
    accounts: str, tmp_path: Path, capsys: Any
) -> None:
    out = tmp_path / "report.html"
    known = written_by("--snapshot", accounts, "--out", str(out))
    assert (known["gate"], len(known["principals"])) == (None, 15)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"wrote {out} (mode 0600, 0.1 MB): open it in a browser\nwarning: ")
    first = out.read_bytes()
    assert out.stat().st_mode & 0o777 == 0o600
    written_by("--snapshot", accounts, "--out", str(out))
    assert out.read_bytes() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["accounts.json", "report.html"]


def test_a_dash_prints_the_page(accounts: str, capsys: Any) -> None:
    assert run(["audit", "report", "--snapshot", accounts, "--out", "-"]) == 0
    assert capsys.readouterr().out.startswith("<!doctype html>")


def test_what_a_manifest_does_not_list_is_a_finding_of_the_page_and_an_accepted_one_stands_apart(
    accounts: str, tmp_path: Path
) -> None:
    manifest = tmp_path / "manifest.json"
    listed = catalogue(consumer(role_arn=role_arn("prod-chat-api-reader")))
    manifest.write_text(json.dumps(listed.to_json()))
    arguments = ("--snapshot", accounts, "--out", str(tmp_path / "report.html"), "--manifest", str(manifest))
    gate = written_by(*arguments)["gate"]
    ann = [each for each in gate["findings"] if each["principal"].endswith("user/ann")]
    assert [each["code"] for each in ann] == ["unlisted-reader"]
    baseline = tmp_path / "accepted.json"
    entry = {name: ann[0][name] for name in ("code", "principal", "secret")}
    baseline.write_text(json.dumps([{**entry, "reason": "on call", "expires": "2027-01-31"}]))
    gate = written_by(*arguments, "--baseline", str(baseline))["gate"]
    assert [each["principal"] for each in gate["accepted"]] == [ann[0]["principal"]]
    assert (gate["unused"], gate["expiring"]) == ([], [])


def test_a_baseline_without_a_catalogue_is_a_mistake(accounts: str, tmp_path: Path, capsys: Any) -> None:
    out = str(tmp_path / "report.html")
    assert run(["audit", "report", "--snapshot", accounts, "--out", out, "--baseline", "x.json"]) == 2
    assert capsys.readouterr().err == (
        "error: --baseline accepts what differs from a catalogue: add --manifest or --stack\n"
    )


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("missing/report.html", "there is no folder "),
        (".", "--out names a folder: name the file too, as in --out report.html"),
        ("accounts.json", "is there and is no page of HTML: it is not replaced"),
    ],
)
def test_where_no_page_can_be_written_is_said_before_anything_is_weighed(
    accounts: str, tmp_path: Path, capsys: Any, out: str, words: str
) -> None:
    before = Path(accounts).read_bytes()
    assert run(["audit", "report", "--snapshot", accounts, "--out", str(tmp_path / out)]) == 2
    assert words in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["accounts.json"]
    assert Path(accounts).read_bytes() == before


def test_a_snapshot_with_something_like_a_value_makes_no_page(tmp_path: Path, capsys: Any) -> None:
    file, canary = tmp_path / "accounts.json", "sk-ant-api03-" + "Zz9" * 10
    file.write_text(json.dumps(snapshot(user("ann", document(allow(READ, canary))))))
    out = tmp_path / "report.html"
    assert run(["audit", "report", "--snapshot", str(file), "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert "the snapshot holds something like a value at " in said
    assert canary not in said
    assert not out.exists()


def test_names_with_lone_surrogates_are_written(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    file.write_text(json.dumps(snapshot(user("\ud800", document(allow(READ))))))
    known = written_by("--snapshot", str(file), "--out", str(tmp_path / "report.html"))
    assert known["principals"] == ["arn:aws:iam::111122223333:user/\ud800"]
