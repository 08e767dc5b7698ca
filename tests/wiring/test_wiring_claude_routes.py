"""Claude Code's settings for every route, and the way from one route to another in one file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from keyplan import cli
from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from keyplan.wiring.claude.merging import FLAGS, merge
from keyplan.wiring.claude.settings import SCHEMA
from tests.wiring.conftest import key
from tests.wiring.routes import VARIABLES, with_route
from tests.wiring.test_claude_code import SETTINGS

HIDDEN = "sk-ant-" + "api03-" + "h1dden-" * 13 + "h1" + "AA"
# The fields that keyplan writes, as the documentation and Claude Code's own type Settings
# (@anthropic-ai/claude-agent-sdk 0.3.328, sdk.d.ts) describe them; schemastore's schema is in no package.
DOCUMENTED = {
    "type": "object",
    "additionalProperties": False,
    "required": ["$schema"],
    "properties": {
        "$schema": {"const": SCHEMA},
        "apiKeyHelper": {"type": "string", "minLength": 1},
        "awsAuthRefresh": {"type": "string", "minLength": 1},
        "gcpAuthRefresh": {"type": "string", "minLength": 1},
        "forceLoginMethod": {"enum": ["claudeai", "console", "gateway"]},
        "env": {
            "type": "object",
            "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
            "additionalProperties": {"type": "string"},
        },
    },
}
OWN = {
    "bedrock": {"awsAuthRefresh": "aws sso login"},
    "vertex": {"gcpAuthRefresh": "gcloud auth application-default login"},
    "foundry": {},
    "subscription": {"forceLoginMethod": "claudeai"},
}


def settings(manifest: Manifest, route: str, **changes: Any) -> dict[str, Any]:
    """What `keyplan wire claude-code research` prints, after the documented fields accepted it."""
    people = {"settings": {"permissionSet": "Research"}, **changes}
    found: dict[str, Any] = json.loads(
        wire(with_route(manifest, "research", route, **people), "research", "claude-code")
    )
    jsonschema.validate(found, DOCUMENTED)
    return found


@pytest.mark.parametrize("route", OWN)
def test_each_route_has_its_variables_its_login_and_no_helper(manifest: Manifest, route: str) -> None:
    assert settings(manifest, route) == {
        "$schema": SCHEMA,
        **OWN[route],
        "env": {"ANTHROPIC_MODEL": "claude-opus-4-6", **VARIABLES[route]},
    }


def test_with_a_key_the_settings_fit_the_documented_fields_too() -> None:
    jsonschema.validate(SETTINGS, DOCUMENTED)


def test_the_login_to_aws_is_that_of_the_profile(manifest: Manifest) -> None:
    profile = {**VARIABLES["bedrock"], "AWS_PROFILE": "a b"}
    assert settings(manifest, "bedrock", env=profile)["awsAuthRefresh"] == "aws sso login --profile 'a b'"


def test_people_without_a_permission_set_log_in_to_aws_by_themselves(manifest: Manifest) -> None:
    assert "awsAuthRefresh" not in settings(manifest, "bedrock", settings={})


def test_without_any_variable_there_is_no_empty_mapping(manifest: Manifest) -> None:
    assert settings(manifest, "subscription", env={}) == {"$schema": SCHEMA, "forceLoginMethod": "claudeai"}


def test_people_have_no_identity_token(manifest: Manifest) -> None:
    with pytest.raises(UsageError, match="a person has no identity token"):
        settings(manifest, "federation")


@pytest.mark.parametrize(
    ("route", "name"),
    [
        ("bedrock", "CLAUDE_CODE_USE_VERTEX"),
        ("vertex", "CLAUDE_CODE_USE_BEDROCK"),
        ("foundry", "CLAUDE_CODE_USE_BEDROCK"),
        ("subscription", "ANTHROPIC_API_KEY"),
        ("subscription", "ANTHROPIC_BASE_URL"),
        ("subscription", "ANTHROPIC_FEDERATION_RULE_ID"),
    ],
)
def test_a_plain_variable_that_would_win_over_the_route_is_refused(
    manifest: Manifest, route: str, name: str
) -> None:
    with pytest.raises(UsageError, match=f"the variable {name} of research cannot be written") as caught:
        settings(manifest, route, env={**VARIABLES[route], name: HIDDEN})
    assert HIDDEN not in caught.value.message


# From one route to another


@pytest.mark.parametrize("route", OWN)
@pytest.mark.parametrize("path", ["", "/opt/keyplan/bin/"])
def test_our_own_helper_goes_and_everything_else_stays(manifest: Manifest, route: str, path: str) -> None:
    ours = settings(manifest, route)
    before = {**SETTINGS, "apiKeyHelper": f"{path}{SETTINGS['apiKeyHelper']}", "model": "opus"}
    found = merge(json.dumps(before), json.dumps(ours), "settings.json")
    assert json.loads(found.text) == {**ours, "model": "opus"}
    assert "- apiKeyHelper (of another route)" in found.changes
    assert merge(found.text, json.dumps(ours), "settings.json").changes == ()


@pytest.mark.parametrize("helper", ["cat ~/key", "keyplan key-helper --key x; cat ~/key", 7])
def test_somebody_elses_helper_is_kept_and_refused_where_it_would_win(
    manifest: Manifest, helper: object
) -> None:
    before = json.dumps({"apiKeyHelper": helper})
    bedrock = merge(before, json.dumps(settings(manifest, "bedrock")), "settings.json")
    assert json.loads(bedrock.text)["apiKeyHelper"] == helper
    with pytest.raises(UsageError, match="sets apiKeyHelper, which wins over the login"):
        merge(before, json.dumps(settings(manifest, "subscription")), "settings.json")


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("route", ["bedrock", "vertex", "foundry", "subscription"])
def test_another_providers_flag_in_the_file_is_refused(manifest: Manifest, route: str, flag: str) -> None:
    ours = json.dumps(settings(manifest, route))
    before = json.dumps({"env": {flag: "1"}})
    if flag.endswith(route.upper()):
        assert json.loads(merge(before, ours, "settings.json").text)["env"][flag] == "1"
        return
    with pytest.raises(UsageError, match=f"sets env.{flag}, which wins over"):
        merge(before, ours, "settings.json")


def test_an_address_that_is_not_the_routes_own_is_refused(manifest: Manifest) -> None:
    for route, name in (
        ("bedrock", "ANTHROPIC_BEDROCK_BASE_URL"),
        ("subscription", "ANTHROPIC_BASE_URL"),
    ):
        with pytest.raises(UsageError, match=f"sets env.{name}, and what it authenticates with"):
            merge(json.dumps({"env": {name: HIDDEN}}), json.dumps(settings(manifest, route)), "settings.json")


def test_a_providers_key_is_told_to_come_by_exec(
    manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output stays the settings alone."""
    monkeypatch.setenv("KEYPLAN_MANIFEST", str(tmp_path / "manifest.json"))
    foundry = key("foundry", "ANTHROPIC_FOUNDRY_API_KEY", "f0Undr")
    keyed = replace(manifest, keys={**manifest.keys, "foundry": replace(foundry, vendor="generic")})
    for keys, said in (((), ""), (("foundry",), "keyplan exec --consumer research -- claude")):
        each = with_route(keyed, "research", "foundry", keys=keys)
        (tmp_path / "manifest.json").write_text(json.dumps(each.to_json()))
        assert cli.run(["wire", "claude-code", "research"]) == 0
        out, err = capsys.readouterr()
        assert json.loads(out)["env"]["CLAUDE_CODE_USE_FOUNDRY"] == "1"
        assert said in err
        assert bool(said) == bool(err)
