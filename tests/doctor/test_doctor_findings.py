"""What `keyplan doctor` concludes: the winner of each client, and every finding that its page names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keyplan.doctor.examining import conclude, look
from keyplan.doctor.forms import as_text
from keyplan.doctor.model import Choice, Diagnosis, FileText, Source
from keyplan.doctor.variables import CLAUDE_CODE_ORDER
from keyplan.doctor.variables import HELPER as HELPER_SETTING
from keyplan.wiring.claude.merging import WINNING
from tests.doctor.evidence import OF_EVIDENCE
from tests.doctor.machines import (
    ADDRESS,
    ADMIN_KEY,
    API_KEY,
    CANARY,
    GATEWAY_TOKEN,
    OAUTH_TOKEN,
    settings,
)

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "doctor.md").read_text()
USER, SHARED, LOCAL, MANAGED = (
    "~/.claude/settings.json",
    ".claude/settings.json",
    "local.json",
    "managed.json",
)
SOURCES = {
    USER: Source.USER,
    SHARED: Source.PROJECT,
    LOCAL: Source.LOCAL,
    MANAGED: Source.MANAGED,
    "~/.zshrc": Source.PROFILE,
    "fish": Source.PROFILE,
    "ps1": Source.PROFILE,
    ".envrc": Source.DIRENV,
    ".env": Source.DOTENV,
    "devcontainer.json": Source.DEVCONTAINER,
    "code.json": Source.EDITOR,
    "Makefile": Source.LAUNCHER,
    "package.json": Source.LAUNCHER,
    "compose.yaml": Source.LAUNCHER,
    "mise.toml": Source.LAUNCHER,
    "run.xml": Source.LAUNCHER,
    "default.json": Source.ACTIVE_PROFILE,
}
FEDERATION = {
    "ANTHROPIC_FEDERATION_RULE_ID": "fdrl_canary",
    "ANTHROPIC_ORGANIZATION_ID": "canary-organization",
    "ANTHROPIC_SERVICE_ACCOUNT_ID": "svac_canary",
    "ANTHROPIC_IDENTITY_TOKEN_FILE": "/canary/token",
}
BEDROCK = {"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_REGION": "eu-west-1"}
VERTEX = {
    "CLAUDE_CODE_USE_VERTEX": "1",
    "CLOUD_ML_REGION": "global",
    "ANTHROPIC_VERTEX_PROJECT_ID": "canary",
}
FOUNDRY = {"CLAUDE_CODE_USE_FOUNDRY": "1", "ANTHROPIC_FOUNDRY_RESOURCE": "canary"}
LOGIN = "~/.claude/.credentials.json"
HELPER = '{"apiKeyHelper": "canary"}'


def diagnose(environment: dict[str, str], files: dict[str, str], login: str | None = None) -> Diagnosis:
    texts = [FileText(SOURCES[path], path, text) for path, text in files.items()]
    return conclude(look(environment, texts, login))


def found(diagnosis: Diagnosis) -> set[tuple[str, str]]:
    """Each finding's code and place."""
    return {(finding.code, place(finding.file, finding.line)) for finding in diagnosis.findings}


def place(file: str | None, line: int | None) -> str:
    return f"{file or 'environment'}{'' if line is None else f':{line}'}"


def names(choice: Choice) -> list[str]:
    return [named.name for named in (choice.uses, *choice.loses) if named is not None]


CASES: list[tuple[str, dict[str, str], dict[str, str], str]] = [
    ("address-without-token", {"ANTHROPIC_BASE_URL": ADDRESS}, {}, "environment"),
    ("address-without-token", {"ANTHROPIC_BASE_URL": ADDRESS}, {USER: HELPER}, "environment"),
    ("admin-key", {"ANTHROPIC_API_KEY": ADMIN_KEY}, {}, "environment"),
    ("admin-key", {}, {".env": f"A=1\nANTHROPIC_API_KEY='{ADMIN_KEY}'\n"}, ".env:2"),
    ("api-key-as-token", {"ANTHROPIC_AUTH_TOKEN": API_KEY}, {}, "environment"),
    ("api-key-as-token", {}, {"~/.zshrc": f"\nexport ANTHROPIC_AUTH_TOKEN={API_KEY}"}, "~/.zshrc:2"),
    ("blank", {"ANTHROPIC_API_KEY": ""}, {}, "environment"),
    ("blank", {}, {SHARED: settings(ANTHROPIC_API_KEY=" ")}, f"{SHARED}:3"),
    ("blank", {}, {"~/.zshrc": "export ANTHROPIC_AUTH_TOKEN="}, "~/.zshrc:1"),
    (
        "clients-differ",
        {"ANTHROPIC_API_KEY": API_KEY, "ANTHROPIC_AUTH_TOKEN": GATEWAY_TOKEN, "ANTHROPIC_BASE_URL": ADDRESS},
        {},
        "environment",
    ),
    ("credential-on-disk", {}, {SHARED: settings(ANTHROPIC_API_KEY=API_KEY)}, f"{SHARED}:3"),
    ("credential-on-disk", {}, {"fish": f"set -gx ANTHROPIC_API_KEY {API_KEY}"}, "fish:1"),
    ("credential-on-disk", {}, {"fish": f"SETUVAR --export ANTHROPIC_API_KEY:{API_KEY}"}, "fish:1"),
    ("credential-on-disk", {}, {"ps1": f'$env:ANTHROPIC_API_KEY = "{API_KEY}"'}, "ps1:1"),
    ("credential-on-disk", {}, {".envrc": f"# x\nexport A=1 ANTHROPIC_API_KEY={API_KEY}"}, ".envrc:2"),
    (
        "credential-on-disk",
        {},
        {"devcontainer.json": f'{{ // x\n"remoteEnv":\n{{"ANTHROPIC_API_KEY": "{API_KEY}",}},}}'},
        "devcontainer.json:3",
    ),
    ("dotenv-loses", {"ANTHROPIC_API_KEY": API_KEY}, {".env": "ANTHROPIC_API_KEY=canary"}, ".env:1"),
    ("federation-shadowed", {**FEDERATION, "ANTHROPIC_API_KEY": API_KEY}, {}, "environment"),
    ("federation-shadowed", FEDERATION, {".env": f"ANTHROPIC_API_KEY={API_KEY}"}, ".env:1"),
    ("file-not-read", {}, {USER: '{"env": '}, USER),
    ("file-not-read", {}, {USER: "[" * 100_000}, USER),
    ("loses", {"ANTHROPIC_API_KEY": API_KEY}, {USER: HELPER}, f"{USER}:1"),
    ("loses", {"ANTHROPIC_API_KEY": API_KEY, "CLAUDE_CODE_OAUTH_TOKEN": OAUTH_TOKEN}, {}, "environment"),
    ("model-overridden", {"ANTHROPIC_MODEL": "a"}, {SHARED: settings(ANTHROPIC_MODEL="b")}, "environment"),
    ("model-overridden", {"ANTHROPIC_MODEL": "a"}, {USER: '{"model": "b"}'}, "environment"),
    ("new-shell", {}, {"~/.zshrc": "export CLAUDE_CODE_USE_BEDROCK=1"}, "~/.zshrc:1"),
    ("overridden", {"ANTHROPIC_API_KEY": API_KEY}, {LOCAL: settings(ANTHROPIC_API_KEY="c")}, "environment"),
    (
        "overridden",
        {},
        {USER: settings(ANTHROPIC_BASE_URL="a"), MANAGED: settings(ANTHROPIC_BASE_URL="b")},
        f"{USER}:3",
    ),
    ("provider-incomplete", {"CLAUDE_CODE_USE_BEDROCK": "1"}, {}, "environment"),
    ("provider-incomplete", {"CLAUDE_CODE_USE_VERTEX": "1", "CLOUD_ML_REGION": "global"}, {}, "environment"),
    ("provider-incomplete", {}, {USER: settings(CLAUDE_CODE_USE_FOUNDRY="true")}, f"{USER}:3"),
    (
        "several-providers",
        {"CLAUDE_CODE_USE_BEDROCK": "1", "CLAUDE_CODE_USE_VERTEX": "1"},
        {},
        "environment",
    ),
    ("settings-not-strict", {}, {USER: "{ // ours\n}"}, USER),
    ("token-as-api-key", {"ANTHROPIC_API_KEY": OAUTH_TOKEN}, {}, "environment"),
    ("token-without-address", {"ANTHROPIC_AUTH_TOKEN": GATEWAY_TOKEN}, {}, "environment"),
    (
        "token-without-address",
        {"ANTHROPIC_AUTH_TOKEN": "canary"},
        {".envrc": "\nexport ANTHROPIC_AUTH_TOKEN=canary"},
        ".envrc:2",
    ),
    ("vertex-region", {}, {SHARED: settings(CLOUD_ML_REGION="us-central1")}, f"{SHARED}:3"),
    ("federation-incomplete", {"ANTHROPIC_FEDERATION_RULE_ID": "fdrl_canary"}, {}, "environment"),
    ("federation-incomplete", {"ANTHROPIC_IDENTITY_TOKEN_FILE": "/canary"}, {}, "environment"),
    ("loses", {**FEDERATION, "ANTHROPIC_IDENTITY_TOKEN": "canary"}, {}, "environment"),
    (
        "gateway-elsewhere",
        {"ANTHROPIC_AUTH_TOKEN": GATEWAY_TOKEN},
        {SHARED: settings(ANTHROPIC_BASE_URL=ADDRESS)},
        f"{SHARED}:3",
    ),
    (
        "in-the-clear",
        {"ANTHROPIC_AUTH_TOKEN": GATEWAY_TOKEN, "ANTHROPIC_BASE_URL": "http://canary.example"},
        {},
        "environment",
    ),
    ("in-the-clear", {"NODE_TLS_REJECT_UNAUTHORIZED": "0"}, {}, "environment"),
    ("provider-owns-session", {**BEDROCK, "ANTHROPIC_API_KEY": API_KEY}, {}, "environment"),
    ("model-not-pinned", {**BEDROCK, "ANTHROPIC_MODEL": "sonnet"}, {}, "environment"),
    ("model-not-pinned", VERTEX, {USER: '{"model": "opus[1m]"}'}, f"{USER}:1"),
    (
        "model-not-pinned",
        {**FOUNDRY, "ANTHROPIC_MODEL": "opusplan", "ANTHROPIC_DEFAULT_OPUS_MODEL": "canary"},
        {},
        "environment",
    ),
    ("no-region", {**BEDROCK, "AWS_REGION": "eu.west.1"}, {}, "environment"),
    ("no-region", {**VERTEX, "CLOUD_ML_REGION": "projects/canary"}, {}, "environment"),
    (
        "profile-elsewhere",
        {**BEDROCK, "ANTHROPIC_MODEL": "us.anthropic.claude-sonnet-4-6"},
        {},
        "environment",
    ),
    (
        "profile-elsewhere",
        BEDROCK,
        {SHARED: settings(ANTHROPIC_DEFAULT_OPUS_MODEL="apac.anthropic.claude-opus-5")},
        f"{SHARED}:3",
    ),
    (
        "foundry-twice",
        {**FOUNDRY, "ANTHROPIC_FOUNDRY_BASE_URL": ADDRESS},
        {},
        "environment",
    ),
    (
        "started-otherwise",
        {},
        {"code.json": '{"claudeCode.environmentVariables": [{"name": "ANTHROPIC_BASE_URL", "value": "x"}]}'},
        "code.json:1",
    ),
    (
        "started-otherwise",
        {"ANTHROPIC_API_KEY": API_KEY},
        {"code.json": '{ // x\n"terminal.integrated.env.linux": {\n"ANTHROPIC_API_KEY": "canary"}}'},
        "code.json:3",
    ),
    (
        "started-otherwise",
        {},
        {"Makefile": "a:\n\techo\nexport CLAUDE_CODE_USE_BEDROCK := 1\n"},
        "Makefile:3",
    ),
    (
        "credential-on-disk",
        {},
        {"package.json": f'{{"scripts": {{\n"start": "ANTHROPIC_API_KEY={API_KEY} node ."}}}}'},
        "package.json:2",
    ),
    (
        "credential-on-disk",
        {},
        {"compose.yaml": f"environment:\n  ANTHROPIC_API_KEY: {API_KEY}\n"},
        "compose.yaml:2",
    ),
    ("credential-on-disk", {}, {"mise.toml": f'[env]\nANTHROPIC_API_KEY = "{API_KEY}"\n'}, "mise.toml:2"),
    (
        "credential-on-disk",
        {},
        {"run.xml": f'<env name="ANTHROPIC_API_KEY" value="{API_KEY}" />'},
        "run.xml:1",
    ),
]


@pytest.mark.parametrize(("code", "environment", "files", "where"), CASES, ids=lambda part: str(part)[:24])
def test_each_mistake_is_found_where_it_is_made(
    code: str, environment: dict[str, str], files: dict[str, str], where: str
) -> None:
    assert (code, where) in found(diagnose(environment, files))


def test_the_page_names_every_finding_and_every_one_has_a_case() -> None:
    sources = "".join(path.read_text() for path in (PROJECT / "keyplan" / "doctor").glob("*.py"))
    told = r'(?:at\(\s*\w+(?:\.\w+)*(?:\[0\])?,\s*|Finding\(\s*|Kind\.[A-Z_]+: )"([a-z-]+)"[,}]'
    in_code = set(re.findall(told, sources))
    on_page = set(
        re.findall(
            r"^\| `([a-z-]+)` \|", PAGE.partition("## Findings")[2].partition("\n## ")[0], re.MULTILINE
        )
    )
    cases = {code for code, *_ in CASES} | {"litellm-compromised"} | OF_EVIDENCE
    assert len(in_code) > 30
    assert in_code <= on_page == cases


RIGHT: list[tuple[dict[str, str], dict[str, str], str | None]] = [
    ({}, {}, None),
    ({"ANTHROPIC_API_KEY": API_KEY}, {}, "ANTHROPIC_API_KEY"),
    (
        {"ANTHROPIC_API_KEY": API_KEY, "ANTHROPIC_BASE_URL": "https://api.anthropic.com"},
        {},
        "ANTHROPIC_API_KEY",
    ),
    (
        {"ANTHROPIC_AUTH_TOKEN": GATEWAY_TOKEN, "ANTHROPIC_BASE_URL": ADDRESS},
        {},
        "ANTHROPIC_AUTH_TOKEN",
    ),
    ({"ANTHROPIC_AUTH_TOKEN": OAUTH_TOKEN}, {}, "ANTHROPIC_AUTH_TOKEN"),
    ({}, {USER: HELPER}, "apiKeyHelper"),
    (
        {},
        {USER: '{"apiKeyHelper": "canary", "env": {"ANTHROPIC_BASE_URL": "https://canary.example"}}'},
        "apiKeyHelper",
    ),
    ({"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_REGION": "eu-west-1"}, {}, "CLAUDE_CODE_USE_BEDROCK"),
    ({"CLAUDE_CODE_USE_BEDROCK": "0"}, {}, None),
    (FEDERATION, {}, "ANTHROPIC_FEDERATION_RULE_ID"),
    (
        {"ANTHROPIC_PROFILE": "p", "ANTHROPIC_IDENTITY_TOKEN_FILE": "/canary"},
        {},
        "ANTHROPIC_PROFILE",
    ),
    ({}, {"default.json": '{"authentication": {"type": "oidc_federation"}}'}, "active profile"),
    ({"ANTHROPIC_API_KEY": API_KEY}, {USER: settings(ANTHROPIC_API_KEY="")}, None),
    ({"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_DEFAULT_REGION": "ca-central-1"}, {}, "CLAUDE_CODE_USE_BEDROCK"),
    (
        {**BEDROCK, "ANTHROPIC_MODEL": "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"},
        {},
        "CLAUDE_CODE_USE_BEDROCK",
    ),
    ({**BEDROCK, "ANTHROPIC_MODEL": "global.anthropic.claude-opus-5"}, {}, "CLAUDE_CODE_USE_BEDROCK"),
    (
        {**VERTEX, "ANTHROPIC_MODEL": "opus", "ANTHROPIC_DEFAULT_OPUS_MODEL": "claude-opus-5"},
        {},
        "CLAUDE_CODE_USE_VERTEX",
    ),
    ({"ANTHROPIC_MODEL": "sonnet"}, {}, None),
    ({"NODE_TLS_REJECT_UNAUTHORIZED": "1", "HTTPS_PROXY": "", "NO_PROXY": ""}, {}, None),
    (
        {"ANTHROPIC_AUTH_TOKEN": GATEWAY_TOKEN, "ANTHROPIC_BASE_URL": "http://127.0.0.1:4000"},
        {},
        "ANTHROPIC_AUTH_TOKEN",
    ),
    ({}, {"compose.yaml": "environment:\n  ANTHROPIC_API_KEY:\n  - ANTHROPIC_BASE_URL\n"}, None),
    ({}, {"Makefile": "# ANTHROPIC_API_KEY = canary\nifeq ($(A), ANTHROPIC_API_KEY == x)\n"}, None),
    ({}, {"package.json": '{"scripts": {"start": "ANTHROPIC_API_KEY=$KEY node ."}}'}, None),
    ({}, {"code.json": '{"claudeCode.environmentVariables": {"ANTHROPIC_API_KEY": "x"}, "a": [5]}'}, None),
    ({}, {".env": f"ANTHROPIC_API_KEY={API_KEY}"}, None),
    (
        {},
        {"~/.zshrc": "# export ANTHROPIC_API_KEY=canary\nunset ANTHROPIC_API_KEY\n: # ANTHROPIC_PROFILE=x"},
        None,
    ),
    ({}, {"~/.zshrc": '[ -z "$ANTHROPIC_API_KEY" ] && echo "${ANTHROPIC_API_KEY:=x}"'}, None),
    (
        {},
        {"devcontainer.json": '{"remoteEnv": {"ANTHROPIC_API_KEY": "${localEnv:ANTHROPIC_API_KEY}"}}'},
        None,
    ),
    ({}, {SHARED: '{"permissions": {"env": {"ANTHROPIC_API_KEY": "canary"}}, "env": 5}'}, None),
]


@pytest.mark.parametrize(("environment", "files", "uses"), RIGHT)
def test_what_is_right_has_no_finding(
    environment: dict[str, str], files: dict[str, str], uses: str | None
) -> None:
    diagnosis = diagnose(environment, files)
    assert found(diagnosis) == set()
    assert names(diagnosis.claude_code)[:1] == ([uses] if uses else [])


def test_each_client_has_its_own_order() -> None:
    everything = {
        "CLAUDE_CODE_OAUTH_TOKEN": OAUTH_TOKEN,
        "ANTHROPIC_PROFILE": "p",
        "ANTHROPIC_API_KEY": API_KEY,
        "ANTHROPIC_AUTH_TOKEN": GATEWAY_TOKEN,
        "CLAUDE_CODE_USE_FOUNDRY": "1",
        **FEDERATION,
    }
    files = {USER: HELPER, "default.json": '{"authentication": {"type": "oidc_federation"}}'}
    diagnosis = diagnose(everything, files, LOGIN)
    assert names(diagnosis.claude_code) == [
        "CLAUDE_CODE_USE_FOUNDRY",
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_API_KEY",
        "apiKeyHelper",
        "CLAUDE_CODE_OAUTH_TOKEN",
        "ANTHROPIC_PROFILE",
        "ANTHROPIC_FEDERATION_RULE_ID",
        "active profile",
        "login",
    ]
    assert names(diagnosis.sdk) == [
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_PROFILE",
        "ANTHROPIC_FEDERATION_RULE_ID",
        "active profile",
    ]


def test_what_wins_over_a_helper_is_the_same_for_the_wiring() -> None:
    assert CLAUDE_CODE_ORDER[: CLAUDE_CODE_ORDER.index(HELPER_SETTING)] == WINNING


def test_a_profile_of_a_persons_login_comes_after_the_login_of_claude_code() -> None:
    written = {"default.json": '{"authentication": {"type": "user_oauth"}}'}
    assert names(diagnose({}, written, LOGIN).claude_code) == ["login", "active profile"]
    assert names(diagnose({}, written).claude_code) == ["active profile"]
    assert names(diagnose({}, written).sdk) == ["active profile"]


def test_federation_that_lacks_something_is_passed_over_by_each_client_as_it_does() -> None:
    without_token = {key: text for key, text in FEDERATION.items() if "TOKEN" not in key}
    diagnosis = diagnose(without_token, {})
    assert names(diagnosis.claude_code) == ["ANTHROPIC_FEDERATION_RULE_ID"]
    assert names(diagnosis.sdk) == []
    without_organization = {key: text for key, text in FEDERATION.items() if "ORGANIZATION" not in key}
    assert names(diagnose(without_organization, {}, LOGIN).claude_code) == ["login"]


def test_a_login_is_used_where_nothing_else_is_set_and_losing_it_is_no_finding() -> None:
    assert names(diagnose({}, {}, LOGIN).claude_code) == ["login"]
    with_token = diagnose({"CLAUDE_CODE_OAUTH_TOKEN": OAUTH_TOKEN}, {}, LOGIN)
    assert (names(with_token.claude_code), with_token.findings) == (["CLAUDE_CODE_OAUTH_TOKEN", "login"], ())


def test_settings_win_by_scope_whatever_the_order_in_which_they_are_read() -> None:
    files = {path: settings(ANTHROPIC_API_KEY=path) for path in (MANAGED, LOCAL, SHARED, USER)}
    for removed in (None, MANAGED, LOCAL, SHARED):
        files.pop(removed or "", None)
        for order in (list(files), list(files)[::-1]):
            used = diagnose({}, {path: files[path] for path in order}).claude_code.uses
            assert used is not None
            assert used.places[0].file == next(iter(files))


def test_the_line_of_the_profile_is_named_for_what_the_shell_has_from_it() -> None:
    profile = "export PATH=$PATH\n\nexport ANTHROPIC_API_KEY='canary' # ours\n"
    diagnosis = diagnose({"ANTHROPIC_API_KEY": "canary"}, {"~/.zshrc": profile})
    assert diagnosis.claude_code.uses is not None
    assert diagnosis.claude_code.uses.places[0].place == "~/.zshrc:3"
    assert found(diagnosis) == {("credential-on-disk", "~/.zshrc:3")}


def test_the_way_back_names_all_that_has_to_go_and_nothing_else() -> None:
    diagnosis = diagnose(
        {"ANTHROPIC_API_KEY": API_KEY, "AWS_REGION": "eu-west-1", "ANTHROPIC_MODEL": "m"},
        {USER: HELPER, "~/.zshrc": "export ANTHROPIC_BASE_URL=x", MANAGED: settings(ANTHROPIC_MODEL="m")},
    )
    assert diagnosis.unset == ("ANTHROPIC_API_KEY",)
    assert {(setting.name, setting.place) for setting in diagnosis.remove} == {
        ("apiKeyHelper", f"{USER}:1"),
        ("ANTHROPIC_BASE_URL", "~/.zshrc:1"),
    }


def test_the_way_back_names_a_profile_for_federation_and_no_launcher_that_hands_on() -> None:
    files = {
        "default.json": '{"authentication": {"type": "oidc_federation"}}',
        "compose.yaml": "  ANTHROPIC_API_KEY: ${ANTHROPIC_API_KEY}\n  ANTHROPIC_BASE_URL: x\n",
    }
    names_ = {(setting.name, setting.place) for setting in diagnose({}, files).remove}
    assert names_ == {("active profile", "default.json"), ("ANTHROPIC_BASE_URL", "compose.yaml:2")}
    files["default.json"] = '{"authentication": {"type": "user_oauth"}}'
    assert len(diagnose({}, files).remove) == 1


def test_the_example_of_the_page_is_what_is_printed() -> None:
    diagnosis = diagnose(
        {"ANTHROPIC_AUTH_TOKEN": API_KEY, "ANTHROPIC_API_KEY": API_KEY},
        {"~/.zshrc": f"\n\nexport ANTHROPIC_AUTH_TOKEN={API_KEY}\n", USER: HELPER},
    )
    text = as_text(diagnosis)
    assert f"<!-- keyplan doctor -->\n```text\n{text}```\n" in PAGE
    assert CANARY not in text
