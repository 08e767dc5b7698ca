"""The GitHub Actions workflow for Google Cloud: the published schema, and its script run by a real bash.

The script runs with curl and jq, as on GitHub's runners, against the sandbox's Secret Manager, which lets
listed readers in and nobody else.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import check_jsonschema
import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring_gcp.conftest import POOLS, PROJECT, Store, with_consumer
from tests.wiring_gcp.plain_texts import MANY, VARIABLES

SCHEMA = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / "github-workflows.json"
POOL = f"//iam.googleapis.com/{POOLS}/keyplan-prod"
READERS = f"principalSet:{POOL}/attribute.evals/123456789"
RUNNER = f"principal:{POOL}/subject/evals:123456789:42?attribute.evals=123456789"


def workflow(manifest: Manifest, **changes: Any) -> dict[str, Any]:
    """The workflow as GitHub reads it: YAML 1.2, where `on` is text."""
    text = wire(with_consumer(manifest, "evals", **changes), "evals", "github-actions")
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return found


def steps(manifest: Manifest, **changes: Any) -> dict[str, dict[str, Any]]:
    [job] = workflow(manifest, **changes)["jobs"].values()
    return {step.get("id") or step.get("name") or step["uses"]: step for step in job["steps"]}


@pytest.mark.parametrize(
    "settings", [{"branches": ["main", "release/*"], "tags": ["v*"]}, {"environment": "prod #1"}]
)
def test_the_workflow_fits_the_published_schema(manifest: Manifest, settings: dict[str, Any]) -> None:
    given_settings = {"repository": "example/evals", "repositoryId": "123456789", **settings}
    document = workflow(manifest, settings=given_settings, env={"A": "1", "NO": "yes", "TEXT": "a: b # c"})
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(document)


def test_the_token_of_the_job_is_traded_without_a_service_account_and_goes_to_no_file(
    manifest: Manifest,
) -> None:
    document = workflow(manifest)
    [job] = document["jobs"].values()
    assert document["permissions"] == {}
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    assert job["environment"] == "production"
    step = steps(manifest)["google"]
    assert step["uses"] == "google-github-actions/auth@v3"
    assert step["with"] == {
        "workload_identity_provider": f"{POOLS}/keyplan-prod/providers/ci-evals",
        "project_id": PROJECT,
        "create_credentials_file": False,
        "export_environment_variables": False,
    }


def test_token_and_values_are_in_the_environment_of_one_step_each(manifest: Manifest) -> None:
    found = steps(manifest)
    assert {name: step.get("env", {}) for name, step in found.items()} == {
        "actions/checkout@v7": {},
        "google": {},
        "keys": {
            "ACCESS_TOKEN": "${{ steps.google.outputs.auth_token }}",
            "SECRET_MANAGER": "https://secretmanager.googleapis.com",
        },
        "Run evals": {
            "ANTHROPIC_MODEL": "claude-sonnet-4-6",
            "ANTHROPIC_API_KEY": "${{ steps.keys.outputs.ANTHROPIC_API_KEY }}",
        },
    }
    assert "GITHUB_ENV" not in str(found)
    assert not [step for step in found.values() if "${{" in step.get("run", "")]


def test_the_only_expressions_are_its_own(manifest: Manifest) -> None:
    text = wire(manifest, "evals", "github-actions")
    assert set(re.findall(r"\$\{\{.*?\}\}", text)) == {
        "${{ steps.google.outputs.auth_token }}",
        "${{ steps.keys.outputs.ANTHROPIC_API_KEY }}",
    }


def test_the_comments_are_about_the_provider_and_not_about_a_role(manifest: Manifest) -> None:
    text = wire(manifest, "evals", "github-actions")
    assert "the provider's condition" in text
    assert "role" not in text
    by_environment = {"repository": "example/evals", "environment": "production"}
    text = wire(with_consumer(manifest, "evals", settings=by_environment), "evals", "github-actions")
    assert "deployment environment's own rules alone" in text
    assert "role" not in text


@given(before=st.text(max_size=10), after=st.text(max_size=10))
@MANY
def test_an_expression_in_a_plain_variable_is_refused(manifest: Manifest, before: str, after: str) -> None:
    with pytest.raises(UsageError, match=r"the variable MODEL of evals .* GitHub would evaluate"):
        workflow(manifest, env={"MODEL": f"{before}${{{{{after}"})


@given(env=VARIABLES)
@MANY
def test_plain_variables_come_back_exactly(manifest: Manifest, env: dict[str, str]) -> None:
    kept = {name: value for name, value in env.items() if "${{" not in value}
    found = dict(steps(manifest, env=kept)["Run evals"]["env"])
    del found["ANTHROPIC_API_KEY"]
    assert found == kept


# The script, run

needs_tools = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("bash", "curl", "jq")),
    reason="bash, curl or jq, which GitHub's runners have, is not here",
)


def read(manifest: Manifest, caller: str, folder: Path) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run the step `keys` as a runner does, and return the finished process and what it put out."""
    step = steps(manifest)["keys"]
    assert step["shell"] == "bash"
    script, output = folder / "script.sh", folder / "output"
    script.write_text(step["run"])
    output.touch()
    given_env = {
        name: re.sub(r"\$\{\{.*\}\}", f"sandbox:{caller}", value) for name, value in step["env"].items()
    }
    environment = {
        **given_env,
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
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


@needs_tools
@pytest.mark.parametrize(
    "value",
    [
        "sk-ant-" + "api03-" + "x" * 93 + "AA",
        "100%25 sure: '\"$HOME`id`\\ é",
        "first line\n\n::error::third % line\r\nGITHUB<<end",
    ],
    ids=["an api key", "signs of shell and runner", "several lines"],
)
def test_the_listed_runner_gets_the_value_masked_line_by_line_and_unchanged(
    store: Store, tmp_path: Path, value: str
) -> None:
    done, output = read(store.put(value, READERS), RUNNER, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert outputs(output) == {"ANTHROPIC_API_KEY": value}
    assert masks(done.stdout) == [line for line in value.split("\n") if line]
    assert all(line.startswith("::add-mask::") for line in done.stdout.removesuffix("\n").split("\n"))


@needs_tools
@pytest.mark.parametrize(
    ("caller", "is_current"),
    [
        (RUNNER.replace("evals=123456789", "evals=987654321"), True),
        (RUNNER.replace("?attribute.evals", "?attribute.other"), True),
        (RUNNER, False),
    ],
    ids=["another repository", "another consumer", "no current version"],
)
def test_anybody_else_gets_words_and_nothing_of_the_value(
    store: Store, tmp_path: Path, caller: str, is_current: bool
) -> None:
    manifest = store.put("CANARY", READERS, current=is_current)
    done, output = read(manifest, caller, tmp_path)
    version = f"{manifest.keys['anthropic'].on_gcp().resource}/versions/current"
    assert done.returncode == 1
    assert done.stdout == (
        f"::error::ANTHROPIC_API_KEY was not read: no access to {version}, or nothing is stored there\n"
    )
    assert "CANARY" not in done.stderr
    assert output == ""


@needs_tools
def test_a_store_that_does_not_answer_is_an_error_in_words(store: Store, tmp_path: Path) -> None:
    manifest = store.put("CANARY", READERS)
    nowhere = replace(manifest.on_gcp(), endpoints={"secretmanager": "http://127.0.0.1:9"})
    done, output = read(replace(manifest, gcp=nowhere), RUNNER, tmp_path)
    assert (done.returncode, output) == (1, "")
    assert "::error::ANTHROPIC_API_KEY was not read" in done.stdout


@needs_tools
def test_the_token_is_no_argument_of_any_process(store: Store, tmp_path: Path) -> None:
    """Arguments stand in the list of processes, which everybody on the machine can read."""
    folder = tmp_path / "bin"
    folder.mkdir()
    spy = folder / "curl"
    spy.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/arguments\nexec {shutil.which("curl")} "$@"\n'
    )
    spy.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path)
        done, _ = read(store.put("value", READERS), RUNNER, tmp_path)
    assert done.returncode == 0
    assert "--header" in (arguments := (tmp_path / "arguments").read_text())
    assert "sandbox:" not in arguments
