"""The GitHub Actions workflow: the published schema, what it means, and its script run by a real bash.

The script runs with the AWS CLI and jq, as on GitHub's runners, against an emulator of Secrets Manager.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import check_jsonschema
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.moto_server import moto_server
from tests.wiring.conftest import ACCOUNT, REGION, consumer
from tests.wiring.stored_keys import store_text

SCHEMA = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / "github-workflows.json"
COMMAND_LINE_INTERFACE = Path(sys.executable).with_name("aws")
JQ = shutil.which("jq")
REPOSITORY = {"repository": "example/evals", "repositoryId": "123456789"}


def read(text: str) -> dict[str, Any]:
    """The workflow as GitHub reads it: YAML 1.2, where `on` is text."""
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return found


def workflow(manifest: Manifest, **changes: Any) -> dict[str, Any]:
    return read(wire(with_consumer(manifest, **changes), "evals", "github-actions"))


def with_consumer(manifest: Manifest, **changes: Any) -> Manifest:
    return replace(manifest, consumers={"evals": replace(manifest.consumers["evals"], **changes)})


def steps(manifest: Manifest) -> dict[str, dict[str, Any]]:
    [job] = workflow(manifest)["jobs"].values()
    return {step.get("id") or step.get("name") or step["uses"]: step for step in job["steps"]}


def texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from (*texts(key), *texts(value))
    elif isinstance(node, list):
        for entry in node:
            yield from texts(entry)
    else:
        yield str(node)


@pytest.mark.parametrize(
    "given_settings",
    [
        {**REPOSITORY, "environment": "production", "branches": ["main", "release/*"], "tags": ["v*"]},
        {**REPOSITORY, "environment": "needs: quoting #1"},
        {**REPOSITORY, "branches": ["main"]},
    ],
)
def test_the_workflow_fits_the_published_schema(manifest: Manifest, given_settings: dict[str, Any]) -> None:
    document = workflow(manifest, settings=given_settings, env={"A": "1", "NO": "yes", "TEXT": "a: b # c"})
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(document)


def test_the_schema_would_notice_a_mistake(manifest: Manifest) -> None:
    document = workflow(manifest)
    document["jobs"]["evals"]["permissions"]["id-token"] = "yes"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(document)


def test_the_job_may_read_the_repository_and_prove_who_it_is_and_nothing_else(manifest: Manifest) -> None:
    document = workflow(manifest)
    assert document["permissions"] == {}
    [job] = document["jobs"].values()
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    assert job["environment"] == "production"


def test_the_role_is_assumed_for_fifteen_minutes_and_its_credentials_stay_in_outputs(
    manifest: Manifest,
) -> None:
    step = steps(manifest)["aws"]
    assert step["uses"] == "aws-actions/configure-aws-credentials@v6"
    assert step["with"] == {
        "role-to-assume": f"arn:aws:iam::{ACCOUNT}:role/prod-evals-reader",
        "role-session-name": "evals-${{ github.run_id }}",
        "role-duration-seconds": 900,
        "aws-region": REGION,
        "allowed-account-ids": ACCOUNT,
        "output-credentials": True,
        "output-env-credentials": False,
    }


def test_credentials_and_values_are_in_the_environment_of_one_step_each(manifest: Manifest) -> None:
    found = steps(manifest)
    assert {name: set(step.get("env", {})) for name, step in found.items()} == {
        "actions/checkout@v7": set(),
        "aws": set(),
        "keys": {
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
        },
        "Run evals": {"ANTHROPIC_MODEL", "ANTHROPIC_API_KEY"},
    }
    assert found["Run evals"]["env"]["ANTHROPIC_API_KEY"] == "${{ steps.keys.outputs.ANTHROPIC_API_KEY }}"
    assert found["actions/checkout@v7"]["with"] == {"persist-credentials": False}
    [job] = workflow(manifest)["jobs"].values()
    assert not {"env", "outputs"} & set(job)
    assert "env" not in workflow(manifest)


def test_nothing_goes_to_the_environment_of_every_step(manifest: Manifest) -> None:
    assert not [text for text in texts(workflow(manifest)) if "GITHUB_ENV" in text]


def test_there_is_no_value_and_no_long_lived_credential(manifest: Manifest) -> None:
    text = wire(manifest, "evals", "github-actions")
    assert not re.search(r"(AKIA|ASIA)[A-Z0-9]{16}|sk-ant-|secrets\.", text)
    credentials = {
        name: value for name, value in steps(manifest)["keys"]["env"].items() if "REGION" not in name
    }
    assert all(
        re.fullmatch(r"\$\{\{ steps\.aws\.outputs\.[a-z-]+ \}\}", value) for value in credentials.values()
    )


EXPRESSIONS = {
    "${{ github.run_id }}",
    "${{ steps.aws.outputs.aws-access-key-id }}",
    "${{ steps.aws.outputs.aws-secret-access-key }}",
    "${{ steps.aws.outputs.aws-session-token }}",
    "${{ steps.keys.outputs.ANTHROPIC_API_KEY }}",
}


def test_the_only_expressions_are_its_own_and_none_is_in_a_script(manifest: Manifest) -> None:
    text = wire(manifest, "evals", "github-actions")
    assert set(re.findall(r"\$\{\{.*?\}\}", text)) == EXPRESSIONS
    assert not [step for step in steps(manifest).values() if "${{" in step.get("run", "")]


@given(st.text(max_size=10), st.text(max_size=10))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_an_expression_in_a_plain_variable_is_refused(manifest: Manifest, before: str, after: str) -> None:
    with pytest.raises(UsageError, match=r"the variable MODEL of evals .* GitHub would evaluate"):
        workflow(manifest, env={"MODEL": f"{before}${{{{{after}"})


@pytest.mark.parametrize(
    "given_settings",
    [
        {**REPOSITORY, "repository": "example/${{x}}", "branches": ["main"]},
        {**REPOSITORY, "environment": "${{ github.head_ref }}"},
        {**REPOSITORY, "branches": ["main", "${{ x }}"]},
        {**REPOSITORY, "tags": ["${{ x }}"]},
    ],
)
def test_an_expression_in_a_setting_is_refused(manifest: Manifest, given_settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="a setting of evals holds"):
        workflow(manifest, settings=given_settings)


def test_an_expression_in_a_role_is_refused(manifest: Manifest) -> None:
    with pytest.raises(UsageError, match="a setting of evals holds"):
        workflow(manifest, role_arn=f"arn:aws:iam::{ACCOUNT}:role/${{{{x}}}}")


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "RUNNER_TEMP", "github_env"])
def test_a_variable_that_github_sets_is_refused(manifest: Manifest, name: str) -> None:
    with pytest.raises(UsageError, match=f"the variable {name} of evals cannot be written: GitHub sets"):
        workflow(manifest, env={name: "x"})


@given(
    st.dictionaries(
        st.from_regex(r"V[A-Z0-9_]{0,8}", fullmatch=True),
        st.text(st.characters(codec="utf-8"), max_size=30).filter(lambda text: "${{" not in text),
    )
)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_plain_variables_come_back_exactly(manifest: Manifest, env: dict[str, str]) -> None:
    [job] = workflow(manifest, env=env)["jobs"].values()
    assert job["steps"][-1]["env"] == {
        **env,
        "ANTHROPIC_API_KEY": "${{ steps.keys.outputs.ANTHROPIC_API_KEY }}",
    }


@pytest.mark.parametrize(
    ("given_settings", "triggers"),
    [
        ({"branches": ["main"]}, {"push": {"branches": ["main"]}}),
        (
            {"branches": ["release/*"], "tags": ["v*"]},
            {"push": {"branches": ["release/**"], "tags": ["v**"]}},
        ),
        ({"branches": ["c++", "!odd", "a[b]"]}, {"push": {"branches": [r"c\+\+", r"\!odd", r"a\[b\]"]}}),
        ({"environment": "production"}, {"workflow_dispatch": {}}),
        ({"environment": "production", "tags": ["v*"]}, {"push": {"tags": ["v**"]}}),
    ],
)
def test_triggers_are_what_the_trust_allows(
    manifest: Manifest, given_settings: dict[str, Any], triggers: dict[str, Any]
) -> None:
    assert workflow(manifest, settings={**REPOSITORY, **given_settings})["on"] == triggers


def test_a_comment_says_what_keeps_pull_requests_out(manifest: Manifest) -> None:
    by_ref = wire(manifest, "evals", "github-actions")
    only_environment = with_consumer(manifest, settings={**REPOSITORY, "environment": "production"})
    assert "the trust does not accept the ref of any other" in by_ref
    assert "rules\n# have to keep the others out" in wire(only_environment, "evals", "github-actions")


@pytest.mark.parametrize(
    ("given_settings", "mistake"),
    [
        (REPOSITORY, "no environment, branch or tag"),
        ({"branches": ["main"]}, "repository: it is missing"),
        ({**REPOSITORY, "branches": "main"}, "branches: expected a list of texts"),
        ({**REPOSITORY, "branches": ["a\nb"]}, "branches: expected a list of texts"),
        ({**REPOSITORY, "environment": "a\nb: c"}, "environment: expected one line"),
        ({**REPOSITORY, "environment": 3}, "environment: expected one line"),
    ],
)
def test_a_setting_that_does_not_fit_is_an_error(
    manifest: Manifest, given_settings: dict[str, Any], mistake: str
) -> None:
    with pytest.raises(ManifestError, match=mistake):
        workflow(manifest, settings=given_settings)


def test_a_consumer_whose_name_is_no_job_id_gets_one(manifest: Manifest) -> None:
    entry = consumer("2nd.evals", "github-actions", settings={**REPOSITORY, "branches": ["main"]})
    document = read(wire(replace(manifest, consumers={"2nd.evals": entry}), "2nd.evals", "github-actions"))
    assert set(document["jobs"]) == {"_2nd-evals"}
    [job] = document["jobs"].values()
    assert job["steps"][1]["with"]["role-session-name"] == "2nd.evals-${{ github.run_id }}"


def test_a_long_name_leaves_room_for_the_run_in_the_session_name(manifest: Manifest) -> None:
    name = "e" * 128
    entry = consumer(name, "github-actions", settings={**REPOSITORY, "branches": ["main"]})
    document = read(wire(replace(manifest, consumers={name: entry}), name, "github-actions"))
    [job] = document["jobs"].values()
    session = job["steps"][1]["with"]["role-session-name"].replace("${{ github.run_id }}", "1" * 20)
    assert len(session) <= 64


# The script, run


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Secrets Manager on this machine."""
    with moto_server() as address:
        yield address


def run_read_step(
    manifest: Manifest, endpoint: str, folder: Path
) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run the step `keys` as a runner does, and return the finished process and what it put out."""
    step = steps(manifest)["keys"]
    assert step["shell"] == "bash"
    script, output = folder / "script.sh", folder / "output"
    script.write_text(step["run"])
    output.touch()
    given = {name: re.sub(r"\$\{\{.*\}\}", "testing", value) for name, value in step["env"].items()}
    environment = {
        **given,
        "PATH": f"{COMMAND_LINE_INTERFACE.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "GITHUB_OUTPUT": str(output),
        "GITHUB_ENV": str(folder / "environment"),
    }
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert not (folder / "environment").exists()
    return done, output.read_bytes().decode()


def outputs(text: str) -> dict[str, str]:
    """GitHub's file of outputs: NAME<<END, lines, END."""
    found, lines = {}, iter(text.removesuffix("\n").split("\n"))
    for line in lines:
        name, end = line.split("<<")
        value: list[str] = []
        while (following := next(lines)) != end:
            value.append(following)
        found[name] = "\n".join(value)
    return found


def masks(stdout: str) -> list[str]:
    """What the runner is told to hide, as it decodes it."""
    found = re.findall(r"^::add-mask::(.*)$", stdout, re.MULTILINE)
    return [mask.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%") for mask in found]


needs_tools = pytest.mark.skipif(
    JQ is None or not COMMAND_LINE_INTERFACE.exists() or shutil.which("bash") is None,
    reason="bash, jq or the AWS CLI, which GitHub's runners have, is not here",
)


@needs_tools
@pytest.mark.parametrize(
    "value",
    [
        "sk-ant-" + "api03-" + "x" * 93 + "AA",
        "100%25 sure: '\"$HOME`id`\\",
        "first line\n\n::error::third % line\r\nGITHUB<<end",
    ],
    ids=["an api key", "signs of shell and runner", "several lines"],
)
def test_the_script_masks_every_line_and_hands_the_value_on_unchanged(
    manifest: Manifest, endpoint: str, tmp_path: Path, value: str
) -> None:
    stored = store_text(manifest, endpoint, json.dumps({"ANTHROPIC_API_KEY": value, "other": "not read"}))
    done, output = run_read_step(stored, endpoint, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert outputs(output) == {"ANTHROPIC_API_KEY": value}
    assert masks(done.stdout) == [line for line in value.split("\n") if line]
    assert all(line.startswith("::add-mask::") for line in done.stdout.removesuffix("\n").split("\n"))


@needs_tools
@pytest.mark.parametrize(
    "stored",
    [
        "not json: CANARY",
        json.dumps({"ANTHROPIC_API_KEY": ""}),
        json.dumps({"ANTHROPIC_API_KEY": {"nested": "CANARY"}}),
        json.dumps({"OTHER": "CANARY"}),
        json.dumps(["CANARY"]),
    ],
)
def test_the_script_fails_with_words_and_shows_nothing_of_what_it_found(
    manifest: Manifest, endpoint: str, tmp_path: Path, stored: str
) -> None:
    changed = store_text(manifest, endpoint, stored)
    done, output = run_read_step(changed, endpoint, tmp_path)
    arn = changed.keys["anthropic"].aws.arn
    assert done.returncode == 1
    assert done.stdout == (
        f"::error::ANTHROPIC_API_KEY was not read: no access to {arn}, "
        "or no text in its field ANTHROPIC_API_KEY\n"
    )
    assert "CANARY" not in done.stderr
    assert output == ""


@needs_tools
def test_the_script_fails_when_the_secret_is_not_there(
    manifest: Manifest, endpoint: str, tmp_path: Path
) -> None:
    done, output = run_read_step(manifest, endpoint, tmp_path)
    assert done.returncode == 1
    assert "::error::ANTHROPIC_API_KEY was not read" in done.stdout
    assert "ResourceNotFoundException" in done.stderr
    assert output == ""
