"""Bitbucket's, Azure's and Jenkins' steps on AWS: published schemas, Groovy, and the script run by bash.

The script runs with the AWS CLI and jq against an emulator of STS and Secrets Manager.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import check_jsonschema
import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from keyplan.wiring.syntax import groovy
from tests.moto_server import moto_server
from tests.wiring import groovy_reading
from tests.wiring.conftest import ACCOUNT, REGION
from tests.wiring.stored_keys import store_value

SCHEMAS = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
AWS_FOLDER = Path(sys.executable).parent
CONSUMERS = {"bitbucket-pipelines": "invoices", "azure-pipelines": "regression", "jenkins": "summaries"}
VALUE = "first $line 'x' %41\n\n  second \\ line\rend"
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXTS = st.text(
    st.one_of(st.sampled_from("$\\<>{}'\"\n#: ("), st.characters(exclude_categories=["Cs"])), max_size=12
).filter(lambda text: "\0" not in text)


def printed(manifest: Manifest, target: str, **changes: Any) -> str:
    name = CONSUMERS[target]
    entry = replace(manifest.consumers[name], **changes)
    return wire(replace(manifest, consumers={name: entry}), name, target)


def document(manifest: Manifest, target: str, **changes: Any) -> dict[str, Any]:
    """The text as the CI reads it, after its schema was asked."""
    found: dict[str, Any] = yaml.safe_load(printed(manifest, target, **changes))
    validate(target, found)
    return found


def validate(target: str, found: dict[str, Any]) -> None:
    """Ask the published schema; Azure's knows its own tasks alone, and gets AWS's in addition.

    Source: src/tasks/AWSShellScript/task.json of aws-toolkit-azure-devops (checked 2026-11-21).
    """
    schema = json.loads((SCHEMAS / f"{target}.json").read_text())
    if target == "azure-pipelines":
        task = schema["definitions"]["task"]
        task["properties"]["task"]["anyOf"].append({"enum": ["AWSShellScript@1"]})
        inputs = {
            **{key: {"type": "string"} for key in ("awsCredentials", "regionName", "inlineScript")},
            "scriptType": {"enum": ["inline"]},
        }
        of_task = {"properties": inputs, "required": [*inputs], "additionalProperties": False}
        task["anyOf"].append({"properties": {"task": {"enum": ["AWSShellScript@1"]}, "inputs": of_task}})
    jsonschema.validators.validator_for(schema)(schema).validate(found)


def script(manifest: Manifest, target: str, **changes: Any) -> str:
    """The script of the step that has the keys."""
    if target == "jenkins":
        text = printed(manifest, target, **changes)
        whole = groovy_reading.string_at(text, text.index("'''"))[0]
        assert whole.startswith("#!/bin/bash\n")
        return whole.removeprefix("#!/bin/bash\n")
    found = document(manifest, target, **changes)
    if target == "azure-pipelines":
        [step] = found["steps"]
        return str(step["inputs"]["inlineScript"] if "task" in step else step["bash"])
    [[step]] = found["pipelines"]["branches"].values()
    return str(step["step"]["script"][-1])


# Documents


@pytest.mark.parametrize("target", CONSUMERS)
def test_the_document_fits_the_published_schema_and_names_no_stored_key(
    manifest: Manifest, target: str
) -> None:
    text = script(manifest, target, keys=("anthropic", "openrouter"))
    assert text.endswith('test -n "$ANTHROPIC_API_KEY" && test -n "$OPENROUTER_API_KEY"\n')
    role = f"arn:aws:iam::{ACCOUNT}:role/prod-{CONSUMERS[target]}-reader"
    assert role in printed(manifest, target)
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0


@pytest.mark.parametrize("target", ["bitbucket-pipelines", "azure-pipelines"])
def test_the_schemas_would_notice_a_mistake(manifest: Manifest, target: str) -> None:
    found = document(manifest, target)
    if target == "azure-pipelines":
        found["steps"][0]["inputs"]["inline"] = found["steps"][0]["inputs"].pop("inlineScript")
    else:
        found["pipelines"]["branches"]["main"][0]["step"]["oidc"] = "yes"
    with pytest.raises(jsonschema.ValidationError):
        validate(target, found)


def test_bitbucket_runs_one_step_with_a_token_in_the_trusts_environment(manifest: Manifest) -> None:
    [[step]] = document(manifest, "bitbucket-pipelines")["pipelines"]["branches"].values()
    assert {name: step["step"][name] for name in ("name", "oidc", "deployment")} == {
        "name": "invoices",
        "oidc": True,
        "deployment": "Production",
    }
    text = printed(manifest, "bitbucket-pipelines")
    assert "restrict in\n  # Bitbucket which branches may deploy to it" in text
    assert "Bitbucket does not mask them" in text
    assert "A pull request from a fork runs in the fork" in text


def test_azure_names_the_connection_in_the_one_step_that_uses_its_role(manifest: Manifest) -> None:
    found = document(manifest, "azure-pipelines")
    [step] = found["steps"]
    assert step["task"] == "AWSShellScript@1"
    assert (step["inputs"]["awsCredentials"], step["inputs"]["regionName"]) == ("keyplan-regression", REGION)
    assert found["pr"] == "none"
    text = " ".join(printed(manifest, "azure-pipelines").replace("#", "").split())
    assert 'give that the check "Branch control" for your protected branch' in text
    assert "Azure Pipelines masks them in the log" in text


def test_jenkins_binds_the_token_for_branches_and_no_pull_request(manifest: Manifest) -> None:
    text = printed(manifest, "jenkins")
    assert "not { changeRequest() }" in text
    assert "branch pattern: 'main', comparator: 'EQUALS'" in text
    assert "branch pattern: '^release/.*$', comparator: 'REGEXP'" in text
    assert "string(credentialsId: 'keyplan-prod-summaries', variable: 'KEYPLAN_ID_TOKEN')" in text
    assert "// sts.amazonaws.com\n" in text
    assert "// https://jenkins.example.com/oidc\n" in text
    assert "does not\n          // mask the keys" in text
    own = {**manifest.consumers["summaries"].settings, "audience": "keyplan", "credentialsId": "mine"}
    text = printed(manifest, "jenkins", settings=own)
    assert "// keyplan\n" in text
    assert "credentialsId: 'mine'" in text


def test_a_job_without_branches_says_who_can_read(manifest: Manifest) -> None:
    own = {**manifest.consumers["summaries"].settings, "branches": []}
    text = printed(manifest, "jenkins", settings=own)
    assert "when" not in text.replace("Whoever", "")
    assert "let no pull request start it" in text


@given(pattern=st.text("ab/.-+@=#,", min_size=1, max_size=8), other=st.text("ab/.", max_size=8))
@MANY
def test_a_branch_pattern_is_compared_as_a_whole(manifest: Manifest, pattern: str, other: str) -> None:
    own = {**manifest.consumers["summaries"].settings, "branches": [f"{pattern}*", pattern]}
    text = printed(manifest, "jenkins", settings=own)
    expression, _ = groovy_reading.string_at(text, text.index("branch pattern: ") + len("branch pattern: "))
    assert re.fullmatch(expression, f"{pattern}x/y")
    assert (re.fullmatch(expression, other) is not None) == other.startswith(pattern)
    assert f"branch pattern: '{pattern}', comparator: 'EQUALS'" in text


# Variables


def carried(manifest: Manifest, target: str, value: str) -> str:
    """What a program of the step would have as TEXT."""
    if target == "azure-pipelines":
        [step] = document(manifest, target, env={"TEXT": value}, keys=())["steps"]
        return str(step["env"]["TEXT"])
    text = script(manifest, target, env={"TEXT": value}, keys=())
    done = subprocess.run(["bash", "-c", f'{text}printf %s "$TEXT"'], capture_output=True, check=True)
    return done.stdout.decode()


@given(value=TEXTS)
@MANY
@pytest.mark.parametrize("target", CONSUMERS)
def test_a_plain_variable_reaches_the_program_exactly_or_is_refused(
    manifest: Manifest, target: str, value: str
) -> None:
    changed = {
        "azure-pipelines": re.search(r"\$[(\[]|\$\{\{", value) is not None,
        "bitbucket-pipelines": not value.isprintable(),
        "jenkins": False,
    }[target]
    with pytest.raises(UsageError, match="the variable TEXT of") if changed else nullcontext():
        assert carried(manifest, target, value) == value


@pytest.mark.parametrize(
    ("target", "env", "words"),
    [
        ("azure-pipelines", {"TEXT": "$(Build.SourceBranch)"}, "which Azure Pipelines would replace"),
        ("azure-pipelines", {"SYSTEM_ACCESSTOKEN": "x"}, "Azure Pipelines sets the variables of that prefix"),
        ("azure-pipelines", {"SECRET_SAUCE": "x"}, "tasks take variables of that prefix out"),
        ("bitbucket-pipelines", {"TEXT": "a\nb"}, "it holds a line break or a control character"),
        ("bitbucket-pipelines", {"BITBUCKET_X": "x"}, "Bitbucket sets the variables of that prefix itself"),
        ("jenkins", {"TEXT": "a\0b"}, "a NUL character"),
        ("jenkins", {"UID": "1"}, "shells keep a variable of that name for themselves"),
    ],
)
def test_what_the_ci_would_change_is_refused(
    manifest: Manifest, target: str, env: dict[str, str], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        printed(manifest, target, env=env)


@pytest.mark.parametrize("target", CONSUMERS)
def test_what_the_script_needs_is_an_error_where_it_is_missing(manifest: Manifest, target: str) -> None:
    with pytest.raises(ManifestError, match="has no role"):
        printed(manifest, target, role_arn=None)
    with pytest.raises(ManifestError, match="two variables of the name secret"):
        printed(manifest, target, env={"secret": "would be lost"})


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("bitbucket-pipelines", "no deployment environment and no branch"),
        ("azure-pipelines", "serviceConnection: expected its name"),
        ("jenkins", "issuer: expected an address"),
    ],
)
def test_a_setting_that_the_output_needs_is_an_error_where_it_is_missing(
    manifest: Manifest, target: str, words: str
) -> None:
    with pytest.raises(ManifestError, match=words):
        printed(manifest, target, settings={})


@pytest.mark.parametrize("target", CONSUMERS)
def test_without_keys_no_step_asks_for_a_token(manifest: Manifest, target: str) -> None:
    text = printed(manifest, target, keys=())
    assert script(manifest, target, keys=()).endswith("\ntrue\n")
    assert not re.search("oidc: true|withCredentials|AWSShellScript|assume-role|ACCESSTOKEN", text)


# Groovy


@given(text=TEXTS)
@MANY
def test_a_groovy_string_is_read_back_as_it_was(text: str) -> None:
    assert groovy_reading.read(groovy.literal(text)) == text
    assert groovy_reading.read(groovy.block(text)) == text
    assert groovy.block(text).count("\n") == text.count("\n")


def test_a_lone_surrogate_is_no_text() -> None:
    with pytest.raises(ValueError, match="no character"):
        groovy.literal("\ud800")


@groovy_reading.needs_groovy
def test_groovy_itself_reads_strings_back_as_they_were(tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311
    signs = [
        "\\",
        "'",
        "\n",
        "$",
        "{",
        "u",
        "0041",
        '"',
        "\r",
        "\t",
        "\b",
        "é",
        "日",
        "\U0001f511",
        "\x7f",
        "\0",
    ]
    texts = ["".join(chance.choices([*signs, "a"], k=chance.randrange(9))) for _ in range(400)]
    texts += ["\\u0041", "\\\\u0041", "${x}", "'''", "\\'''", "end\\"]
    assert groovy_reading.values([groovy.literal(each) for each in texts], tmp_path) == texts
    assert groovy_reading.values([groovy.block(each) for each in texts], tmp_path) == texts


@groovy_reading.needs_groovy
def test_groovy_hands_the_steps_what_was_meant(manifest: Manifest, tmp_path: Path) -> None:
    env = {"TEXT": "it's $HOME \\u0041\n${x} 日"}
    told = groovy_reading.ran(printed(manifest, "jenkins", env=env), tmp_path)
    assert told[0] == ("stage", "summaries")
    assert [value for name, value in told if name == "branch"] == [
        "[pattern:main, comparator:EQUALS]",
        "[pattern:^release/.*$, comparator:REGEXP]",
    ]
    assert ("string", "[credentialsId:keyplan-prod-summaries, variable:KEYPLAN_ID_TOKEN]") in told
    assert [value for name, value in told if name == "sh"] == [
        "#!/bin/bash\n" + script(manifest, "jenkins", env=env)
    ]


# The script


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """STS and Secrets Manager on this machine."""
    with moto_server() as address:
        yield address


def ran(
    manifest: Manifest, target: str, endpoint: str, folder: Path, value: str | None, last: str
) -> subprocess.CompletedProcess[str]:
    """The step's script with `last` in the program's place, after `value` was stored."""
    stored = store_value(manifest, endpoint, value)
    task = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}
    return subprocess.run(
        ["bash", "-x", "-e", "-c", script(stored, target) + last],
        env={
            "PATH": f"{AWS_FOLDER}:/usr/bin:/bin",
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": endpoint,
            "BITBUCKET_STEP_OIDC_TOKEN": "a.b.c",
            "BITBUCKET_BUILD_NUMBER": "7",
            "KEYPLAN_ID_TOKEN": "a.b.c",
            "BUILD_NUMBER": "7",
            **(task if target == "azure-pipelines" else {}),
        },
        capture_output=True,
        text=True,
        check=False,
    )


needs_programs = pytest.mark.skipif(
    shutil.which("jq") is None or not (AWS_FOLDER / "aws").exists(), reason="jq or the AWS CLI is not here"
)


@needs_programs
@pytest.mark.parametrize("target", CONSUMERS)
def test_the_program_alone_gets_the_exact_value_and_no_credentials(
    manifest: Manifest, endpoint: str, tmp_path: Path, target: str
) -> None:
    program = "python3 -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    done = ran(manifest, target, endpoint, tmp_path, VALUE, program)
    assert done.returncode == 0, done.stderr
    *logged, last = done.stdout.splitlines()
    environment = json.loads(last)
    assert environment["ANTHROPIC_API_KEY"] == VALUE
    if target != "azure-pipelines":
        assert environment["ANTHROPIC_MODEL"] == "claude-haiku-4-5"
    credentials = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
    tokens = {"BITBUCKET_STEP_OIDC_TOKEN", "KEYPLAN_ID_TOKEN"}
    given = tokens if target == "azure-pipelines" else tokens - {_token_of(target)}
    assert not ((credentials | tokens) - given) & set(environment)
    assert not {"token", "access", "secret", "session"} & set(environment)
    # Not even with tracing on is the value in the log, but where Azure is told what to mask.
    assert "second" not in done.stderr
    masked = ["first $line 'x' %AZP2541", "  second \\ line%0Dend"]
    expected = [f"##vso[task.setsecret]{line}" for line in masked] if target == "azure-pipelines" else []
    assert logged == expected
    assert list(tmp_path.iterdir()) == []


def _token_of(target: str) -> str:
    return "KEYPLAN_ID_TOKEN" if target == "jenkins" else "BITBUCKET_STEP_OIDC_TOKEN"


@needs_programs
@pytest.mark.parametrize("target", CONSUMERS)
@pytest.mark.parametrize("value", [None, ""])
def test_without_a_value_the_program_is_not_started(
    manifest: Manifest, endpoint: str, tmp_path: Path, target: str, value: str | None
) -> None:
    done = ran(manifest, target, endpoint, tmp_path, value, "echo started")
    assert done.returncode != 0
    assert "started" not in done.stdout
    assert "ANTHROPIC_API_KEY was not read" in done.stderr
