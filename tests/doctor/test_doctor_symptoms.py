"""What people notice first, as the page tells it: each symptom has a finding in those words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keyplan.doctor.examining import conclude, look
from keyplan.doctor.model import Diagnosis, Evidence, FileText, Source
from tests.doctor.machines import ADDRESS, API_KEY, CANARY, GATEWAY_TOKEN, Machine, settings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "doctor.md").read_text()
SYMPTOMS = (
    "the API route where a login was expected",
    "a gateway URL out of nowhere",
    "another model than in settings",
    "a provider owns the session",
    "team settings do not apply",
)
LOGIN = "~/.claude/.credentials.json"
SHARED, LOCAL = ".claude/settings.json", ".claude/settings.local.json"


def diagnose(
    environment: dict[str, str],
    *files: tuple[Source, str, str],
    trusted: bool | None = None,
    login: bool = False,
) -> Diagnosis:
    texts = [FileText(source, path, text) for source, path, text in files]
    seen = look(environment, texts, LOGIN if login else None)
    return conclude(seen, evidence=Evidence(trusted=trusted))


def told(diagnosis: Diagnosis, words: str) -> list[tuple[str, str, str | None]]:
    """The code, the file and the hint of each finding that has the words."""
    return [
        (finding.code, finding.file or "the environment", finding.hint)
        for finding in diagnosis.findings
        if words in finding.message
    ]


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_each_symptom_stands_on_the_page_with_the_findings_that_explain_it(symptom: str) -> None:
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| {symptom} |")]
    codes = [word for word in row.split("`") if f"\n| `{word}` | " in PAGE]
    assert codes


@pytest.mark.parametrize(
    "environment",
    [
        {"ANTHROPIC_API_KEY": API_KEY},
        {"ANTHROPIC_AUTH_TOKEN": GATEWAY_TOKEN, "ANTHROPIC_BASE_URL": "https://api.anthropic.com"},
    ],
)
def test_the_api_route_where_a_login_was_expected(environment: dict[str, str]) -> None:
    diagnosis = diagnose(environment, login=True)
    [(code, place, hint)] = told(diagnosis, SYMPTOMS[0])
    assert (code, place) == ("api-route", "the environment")
    assert hint is not None
    assert next(iter(environment)) in hint
    assert told(diagnose(environment), SYMPTOMS[0]) == []


def test_the_api_route_where_a_login_was_expected_by_a_helper() -> None:
    helper = (Source.USER, "~/.claude/settings.json", '{\n"apiKeyHelper": "canary"}')
    [(code, place, _hint)] = told(diagnose({}, helper, login=True), SYMPTOMS[0])
    assert (code, place) == ("api-route", "~/.claude/settings.json")


def test_a_gateway_url_out_of_nowhere_without_a_token() -> None:
    diagnosis = diagnose({"ANTHROPIC_BASE_URL": ADDRESS})
    [(code, place, hint)] = told(diagnosis, SYMPTOMS[1])
    assert (code, place) == ("address-without-token", "the environment")
    assert hint is not None
    assert "launchctl getenv ANTHROPIC_BASE_URL" in hint
    profile = (Source.PROFILE, "~/.zshrc", f"export ANTHROPIC_BASE_URL={ADDRESS}\n")
    [(code, place, hint)] = told(diagnose({"ANTHROPIC_BASE_URL": ADDRESS}, profile), SYMPTOMS[1])
    assert (code, place) == ("address-without-token", "~/.zshrc")
    assert hint is not None
    assert "launchctl" not in hint


def test_a_gateway_url_out_of_nowhere_that_a_repository_brings_along() -> None:
    shared = (Source.PROJECT, SHARED, settings(ANTHROPIC_BASE_URL=ADDRESS))
    with_token = diagnose({"ANTHROPIC_AUTH_TOKEN": GATEWAY_TOKEN}, shared)
    assert [found[:2] for found in told(with_token, SYMPTOMS[1])] == [("gateway-elsewhere", SHARED)]
    with_key = diagnose({"ANTHROPIC_API_KEY": API_KEY}, shared)
    assert [found[:2] for found in told(with_key, SYMPTOMS[1])] == [("address-without-token", SHARED)]
    pair = (Source.PROJECT, SHARED, settings(ANTHROPIC_BASE_URL=ADDRESS, ANTHROPIC_AUTH_TOKEN="canary"))
    assert told(diagnose({}, pair), SYMPTOMS[1]) == []


def test_another_model_than_in_settings() -> None:
    user = (Source.USER, "~/.claude/settings.json", '{"model": "canary-1"}')
    assert [found[:2] for found in told(diagnose({"ANTHROPIC_MODEL": "canary-2"}, user), SYMPTOMS[2])] == [
        ("model-overridden", "the environment")
    ]
    assert told(diagnose({"ANTHROPIC_MODEL": "canary-1"}, user), SYMPTOMS[2]) == []
    other = (Source.LOCAL, LOCAL, settings(ANTHROPIC_MODEL="canary-3"))
    assert len(told(diagnose({"ANTHROPIC_MODEL": "canary-2"}, other), SYMPTOMS[2])) == 1


def test_a_provider_owns_the_session() -> None:
    on = {"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_REGION": "eu-west-1"}
    profile = (Source.PROFILE, "~/.profile", "export CLAUDE_CODE_USE_BEDROCK=1\n")
    diagnosis = diagnose({**on, "ANTHROPIC_API_KEY": API_KEY}, profile, login=True)
    [(code, place, _hint)] = told(diagnosis, SYMPTOMS[3])
    assert (code, place) == ("provider-owns-session", "~/.profile")
    [message] = [found.message for found in diagnosis.findings if found.code == code]
    assert message.endswith("Claude Code does not use ANTHROPIC_API_KEY, the login")
    assert told(diagnose(on), SYMPTOMS[3]) == []


TEAM = settings(ANTHROPIC_BASE_URL=ADDRESS, ANTHROPIC_AUTH_TOKEN="canary", ANTHROPIC_MODEL="m")


def test_team_settings_do_not_apply_before_the_folder_is_trusted() -> None:
    shared = (Source.PROJECT, SHARED, TEAM)
    found = told(diagnose({}, shared, trusted=False), SYMPTOMS[4])
    assert [each[:2] for each in found] == [("not-trusted", SHARED)] * 2, "a model does not wait"
    assert told(diagnose({}, shared, trusted=True), SYMPTOMS[4]) == []
    assert told(diagnose({}, shared, trusted=None), SYMPTOMS[4]) == []


def test_team_settings_do_not_apply_when_the_file_is_broken_or_has_comments() -> None:
    for text, code in (("{", "file-not-read"), ("{} // ours", "settings-not-strict")):
        found = told(diagnose({}, (Source.PROJECT, SHARED, text)), SYMPTOMS[4])
        assert [each[:2] for each in found] == [(code, SHARED)]
        assert told(diagnose({}, (Source.USER, "u", text)), SYMPTOMS[4]) == []


def test_team_settings_do_not_apply_where_others_come_first() -> None:
    shared = (Source.PROJECT, SHARED, '{"model": "a", "env": {"ANTHROPIC_BASE_URL": "https://a.example"}}')
    own = (Source.LOCAL, LOCAL, settings(ANTHROPIC_BASE_URL=ADDRESS))
    found = told(diagnose({"ANTHROPIC_MODEL": "b"}, shared, own), SYMPTOMS[4])
    assert {each[:2] for each in found} == {("overridden", SHARED), ("model-overridden", "the environment")}


def test_whether_the_folder_is_trusted_is_read_from_claude_codes_own_file(machine: Machine) -> None:
    machine.put(SHARED, settings(ANTHROPIC_AUTH_TOKEN=GATEWAY_TOKEN, ANTHROPIC_BASE_URL=ADDRESS))

    def codes(projects: object) -> set[str]:
        machine.put("~/.claude.json", json.dumps({"oauthAccount": CANARY, "projects": projects}))
        done = machine.run("--format", "json")
        assert CANARY not in done.stdout + done.stderr
        return {found["code"] for found in json.loads(done.stdout)["findings"]}

    folder = str(machine.project)
    assert "not-trusted" in codes({})
    assert "not-trusted" in codes({folder: {"hasTrustDialogAccepted": False}})
    assert "not-trusted" not in codes({folder: {"hasTrustDialogAccepted": True}})
    assert "not-trusted" not in codes({str(machine.project.parent): {"hasTrustDialogAccepted": True}})
    broken: list[object] = [None, [], "canary", {folder: []}, {folder: "canary"}]
    for projects in broken:
        codes(projects)
