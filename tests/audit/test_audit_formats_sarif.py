"""The gate as SARIF: what code scanning needs is there, alerts stay the same alerts, nothing is a link."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.audit.baseline import Acceptance, Outcome, weighed
from keyplan.audit.gate import CODES, Finding
from keyplan.audit.reports import sarif
from keyplan.audit.reports.sarif import Place
from keyplan.cli import run
from tests.audit.accounts import ACCOUNT, ANN, READER, SECRET, allow, document, role, snapshot, user
from tests.audit.gated import manifest

CATALOGUE = """\
config:
  aws:region: eu-west-1
  keyplan:keys:
    anthropic: {vendor: anthropic}
  keyplan:consumers:
    chat:
      runtime: ecs
      keys: [anthropic]
"""


def log_of(*found: Finding, acceptances: tuple[Acceptance, ...] = (), line: int = 4) -> dict[str, Any]:
    """The one run of a log."""
    outcome = weighed(found, acceptances, "2026-11-21")
    place = Place("infra/Pulumi.prod.yaml", line, 9)
    log = sarif.gate("prod", outcome, acceptances, lambda _: place, version="1.2.3", problems=["a gap"])
    [the_run] = log["runs"]
    return the_run  # type: ignore[no-any-return]


def finding(code: str = "unlisted-reader", principal: str = ANN, verdict: str = "allow") -> Finding:
    return Finding(code, principal, SECRET, verdict, "can read it", (principal, READER))


def test_every_code_of_the_gate_is_a_rule_with_what_code_scanning_requires() -> None:
    rules = log_of()["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(sarif.RULES)
    assert sarif.RULES.keys() == CODES.keys()
    for rule in rules:
        texts = [rule["shortDescription"]["text"], rule["fullDescription"]["text"], rule["help"]["text"]]
        assert all(0 < len(text) <= 1024 for text in texts)
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
        assert rule["defaultConfiguration"]["level"] in ("warning", "error")
        assert len(rule["properties"]["tags"]) <= 10


def test_a_result_has_what_code_scanning_requires_and_the_way_as_steps() -> None:
    the_run = log_of(finding())
    [result] = the_run["results"]
    assert (
        the_run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "unlisted-reader"
    )
    assert result["message"]["text"] == (f"prod/anthropic-api-key-AbCdEf: {ACCOUNT} user/ann: can read it")
    physical = {
        "artifactLocation": {"uri": "infra/Pulumi.prod.yaml"},
        "region": {"startLine": 4, "startColumn": 1, "endLine": 4, "endColumn": 9},
    }
    assert [each["physicalLocation"] for each in result["locations"]] == [physical]
    [flow] = result["codeFlows"]
    steps = [each["location"] for each in flow["threadFlows"][0]["locations"]]
    assert [step["message"]["text"] for step in steps] == [f"{ACCOUNT} user/ann", f"{ACCOUNT} role/reader"]
    assert all(step["physicalLocation"] == physical for step in steps)
    assert the_run["automationDetails"] == {"id": "keyplan/prod/"}
    assert the_run["invocations"][0]["toolExecutionNotifications"] == [
        {"level": "warning", "message": {"text": "a gap"}}
    ]


LEVELS = {
    "a stranger who can": (finding(), "error"),
    "a stranger under a condition": (finding(verdict="conditional"), "warning"),
    "a stranger that is unknown": (finding(verdict="unknown"), "note"),
    "a reader who cannot": (finding("listed-without-access", READER, "deny"), "error"),
    "a wildcard": (finding("wildcard-grant", READER), "warning"),
    "a kind that is newer than its rule": (finding("newer"), "error"),
}


@pytest.mark.parametrize(("found", "level"), LEVELS.values(), ids=LEVELS)
def test_the_level_is_that_of_the_verdict(found: Finding, level: str) -> None:
    assert [each["level"] for each in log_of(found)["results"]] == [level]


def _fingerprints(the_run: dict[str, Any]) -> list[str]:
    return [each["partialFingerprints"]["primaryLocationLineHash"] for each in the_run["results"]]


def test_an_alert_is_the_same_when_lines_move_and_others_come() -> None:
    alone = _fingerprints(log_of(finding()))
    moved = log_of(finding(principal=READER), finding(), line=40)
    by_principal = {each["properties"]["principal"]: each for each in moved["results"]}
    assert by_principal[ANN]["partialFingerprints"]["primaryLocationLineHash"] == alone[0]


def test_no_two_alerts_have_one_fingerprint() -> None:
    twice = finding("wildcard-grant", READER)
    found = (finding(), finding("public"), finding(principal=READER), twice, twice)
    assert len(set(_fingerprints(log_of(*found)))) == len(found)


def test_an_accepted_finding_is_suppressed_with_its_reason() -> None:
    accepted = Acceptance("unlisted-reader", ANN, SECRET, "on call", "2027-01-31")
    counting, suppressed = log_of(finding(), finding("public"), acceptances=(accepted,))["results"]
    assert (counting["ruleId"], "suppressions" in counting) == ("public", False)
    assert suppressed["level"] == "note"
    assert suppressed["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "on call"}
    ]


def test_more_findings_than_code_scanning_takes_are_cut_worst_first_and_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert sarif.RESULTS_MAX == 25_000
    monkeypatch.setattr(sarif, "RESULTS_MAX", 50)
    many = [finding(verdict="unknown", principal=f"{ANN}{number}") for number in range(sarif.RESULTS_MAX)]
    log = sarif.gate("prod", Outcome([*many, finding()], [], []), (), lambda _: Place("x"), version="1")
    [the_run] = log["runs"]
    assert len(the_run["results"]) == sarif.RESULTS_MAX
    assert the_run["results"][0]["properties"]["verdict"] == "allow"
    [note] = the_run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "code scanning takes 50 results; left out: 1"


@given(st.text(st.one_of(st.sampled_from("[]()\\{}0a\ud800"), st.characters()), max_size=30))
def test_no_name_is_a_placeholder_or_a_link(name: str) -> None:
    [result] = log_of(Finding("public", name, SECRET, "allow", name))["results"]
    text = result["message"]["text"]
    assert json.dumps(result, ensure_ascii=False).encode()
    unescaped = text.replace("{{", "").replace("}}", "")
    assert "{" not in unescaped
    assert "}" not in unescaped
    for start, character in enumerate(text):
        rest = text[start + 1 :]
        closing = rest.find("](")
        if character == "[" and closing >= 0 and not set("[]") & set(rest[:closing]):
            assert text[start - 1] == "\\"


def test_a_link_in_a_name_is_text() -> None:
    [result] = log_of(Finding("public", "[a](http://x)", SECRET, "allow", "{0} p0[0]"))["results"]
    assert result["message"]["text"] == "prod/anthropic-api-key-AbCdEf: \\[a](http://x): {{0}} p0[0]"


# ---- the command ----------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose project is in a folder of it, with a manifest and a snapshot that has a stranger."""
    (tmp_path / ".git").mkdir()
    project = tmp_path / "infra code"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: keys\nruntime: python\n")
    (project / "Pulumi.prod.yaml").write_text(CATALOGUE)
    (project / "manifest.json").write_text(json.dumps(manifest().to_json()))
    accounts = snapshot(role("reader"), user("ann", document(allow())))
    (project / "accounts.json").write_text(json.dumps(accounts))
    monkeypatch.chdir(project)
    return project


GATE = ["audit", "gate", "--snapshot", "accounts.json", "--manifest", "manifest.json", "--format", "sarif"]


def _places(capsys: Any) -> dict[str, tuple[str, int, int]]:
    assert run(GATE) == 1
    log = json.loads(capsys.readouterr().out)
    assert (log["$schema"], log["version"]) == ("https://json.schemastore.org/sarif-2.1.0.json", "2.1.0")
    found = {}
    for result in log["runs"][0]["results"]:
        place = result["locations"][0]["physicalLocation"]
        region = place["region"]
        found[result["ruleId"]] = (place["artifactLocation"]["uri"], region["startLine"], region["endColumn"])
    return found


def test_alerts_stand_at_the_catalogues_lines(repository: Path, capsys: Any) -> None:
    assert _places(capsys) == {
        "unlisted-reader": ("infra%20code/Pulumi.prod.yaml", 4, 35),
        "listed-without-access": ("infra%20code/Pulumi.prod.yaml", 6, 10),
    }


WITHOUT_LINES = {
    "no project": "Pulumi.yaml",
    "no file of the environment": "Pulumi.prod.yaml",
}


@pytest.mark.parametrize("missing", WITHOUT_LINES.values(), ids=WITHOUT_LINES)
def test_without_a_catalogue_alerts_stand_at_the_snapshot(
    repository: Path, capsys: Any, missing: str
) -> None:
    (repository / missing).unlink()
    assert set(_places(capsys).values()) == {("infra%20code/accounts.json", 1, 2)}


BROKEN = {"not YAML": b"config: [", "not UTF-8": b"config: \xff", "another shape": b"- 1\n- 2\n"}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_catalogue_that_cannot_be_read_costs_the_line_alone(
    repository: Path, capsys: Any, content: bytes
) -> None:
    (repository / "Pulumi.prod.yaml").write_bytes(content)
    assert set(_places(capsys).values()) == {("infra%20code/accounts.json", 1, 2)}


def test_what_could_not_be_read_is_a_notification(repository: Path, capsys: Any) -> None:
    accounts = json.loads((repository / "accounts.json").read_text())
    del accounts["kms_keys"]
    (repository / "accounts.json").write_text(json.dumps(accounts))
    assert run(GATE) == 1
    out, err = capsys.readouterr()
    [note] = json.loads(out)["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("kms_keys: it is missing")
    assert err.startswith("warning: kms_keys: it is missing")
