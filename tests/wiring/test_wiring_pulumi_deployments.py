"""Settings of Pulumi Deployments: what its provider takes, and their command run by real shells."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.moto_server import moto_server
from tests.wiring.conftest import ACCOUNT
from tests.wiring.stored_keys import store_value
from tests.wiring_gcp import conftest as on_gcp

NAME = "shop"
SHELLS = [shell for shell in ("/bin/sh", "/bin/bash", "/bin/dash") if Path(shell).exists()]
AWS_FOLDER = Path(sys.executable).parent
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXTS = st.text(
    st.one_of(st.sampled_from("$\\<>{}'\"\n#: "), st.characters(exclude_categories=["Cs"])), max_size=12
).filter(lambda text: "\0" not in text)
# The inputs of pulumiservice:DeploymentSettings that are used here, as the Pulumi Registry documents them.
TEXT = {"type": "string", "minLength": 1}
SETTINGS: dict[str, Any] = {
    "type": "object",
    "required": ["type", "properties"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "pulumiservice:DeploymentSettings"},
        "properties": {
            "type": "object",
            "required": ["organization", "project", "stack"],
            "additionalProperties": False,
            "properties": {
                "organization": TEXT,
                "project": TEXT,
                "stack": TEXT,
                "operationContext": {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": False,
                    "properties": {
                        "environmentVariables": {
                            "type": "object",
                            "additionalProperties": {"type": "string"},
                        },
                        # Each is one line for a shell of its own.
                        "preRunCommands": {
                            "type": "array",
                            "items": {"type": "string", "pattern": "^[^\n]+$"},
                        },
                    },
                },
            },
        },
    },
}


def evaluated(text: str) -> str:
    """What Pulumi makes of a text in a program; it must not meet an expression.

    Source: parseInterpolate in ast/interpolation.go of pulumi/pulumi-yaml.
    """

    def one(match: re.Match[str]) -> str:
        assert match[0] != "${", f"an expression begins at {text[match.start() :]}"
        return "$"

    return re.sub(r"\$\$|\$\{", one, text)


def properties(manifest: Manifest, **changes: Any) -> dict[str, Any]:
    """The settings as Pulumi reads them."""
    entry = replace(manifest.consumers[NAME], **changes)
    text = wire(replace(manifest, consumers={NAME: entry}), NAME, "pulumi-deployments")
    found = yaml.safe_load(text)
    [settings_of] = found["resources"].values()
    jsonschema.validate(settings_of, SETTINGS)
    assert list(found) == ["resources"]
    return dict(settings_of["properties"])


def command(manifest: Manifest, **changes: Any) -> str:
    [only] = properties(manifest, **changes)["operationContext"]["preRunCommands"]
    return evaluated(only)


def test_the_settings_are_those_of_the_consumers_stack(manifest: Manifest) -> None:
    found = properties(manifest)
    assert (found["organization"], found["project"], found["stack"]) == ("example", "shop", "prod")
    assert found["operationContext"]["environmentVariables"] == {"ANTHROPIC_MODEL": "claude-haiku-4-5"}
    text = command(manifest)
    assert f"--role-arn arn:aws:iam::{ACCOUNT}:role/prod-{NAME}-reader" in text
    assert "$PULUMI_OIDC_TOKEN" in text


def test_the_schema_would_notice_a_mistake(manifest: Manifest) -> None:
    found = {"type": "pulumiservice:DeploymentSettings", "properties": properties(manifest)}
    found["properties"]["operationContext"]["preRunCommand"] = found["properties"]["operationContext"].pop(
        "preRunCommands"
    )
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, SETTINGS)


def test_it_says_that_previews_of_pull_requests_are_refused(manifest: Manifest) -> None:
    text = wire(manifest, NAME, "pulumi-deployments").replace("\n  # ", " ")
    assert "Only deployments of this stack that update or refresh are trusted." in text
    assert "A preview, which a pull request starts with its own code, is refused" in text


def test_a_consumer_without_keys_trades_no_token(manifest: Manifest) -> None:
    found = properties(manifest, keys=(), env={"CLAUDE_CODE_USE_BEDROCK": "1"})
    assert found["operationContext"] == {"environmentVariables": {"CLAUDE_CODE_USE_BEDROCK": "1"}}
    assert "operationContext" not in properties(manifest, keys=(), env={})


@given(value=TEXTS)
@MANY
def test_a_plain_variable_reaches_the_deployment_exactly(manifest: Manifest, value: str) -> None:
    found = properties(manifest, env={"TEXT": value})["operationContext"]["environmentVariables"]
    assert {name: evaluated(text) for name, text in found.items()} == {"TEXT": value}


def test_what_pulumi_would_change_or_lacks_is_refused(manifest: Manifest) -> None:
    with pytest.raises(UsageError, match="Pulumi sets the variables of that prefix itself"):
        properties(manifest, env={"PULUMI_X": "x"})
    with pytest.raises(ManifestError, match="has no role"):
        properties(manifest, role_arn=None)
    given_settings = manifest.consumers[NAME].settings
    with pytest.raises(ManifestError, match=r"settings\.stack: expected one line of text"):
        properties(
            manifest, settings={name: each for name, each in given_settings.items() if name != "stack"}
        )
    for operations in ([], ["update) echo hello; ("]):
        with pytest.raises(ManifestError, match="expected a list of operations"):
            properties(manifest, settings={**given_settings, "operations": operations})


def test_on_google_cloud_the_token_is_traded_at_the_consumers_provider() -> None:
    found = on_gcp.example()
    text = command(found)
    provider = found.consumers[NAME].workload_identity_provider
    assert provider
    assert f"//iam.googleapis.com/{provider}" in text
    assert "AWS" not in text
    for shell in SHELLS:
        done = subprocess.run([shell, "-n"], input=text, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    # What bash gets is the script, line by line.
    inner = text.replace('bash -c "$(printf', "printf", 1).removesuffix(' )"')
    script = subprocess.run(["/bin/sh", "-c", inner], capture_output=True, text=True, check=True).stdout
    assert script.startswith("set +x -euo pipefail\n")
    assert script.endswith('\ntest -n "$ANTHROPIC_API_KEY"\n')
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# The command


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """STS and Secrets Manager on this machine."""
    with moto_server() as address:
        yield address


needs_programs = pytest.mark.skipif(
    shutil.which("jq") is None or not (AWS_FOLDER / "aws").exists(), reason="jq or the AWS CLI is not here"
)
VALUE = "first $line 'x' %41\n\n  second \\ line"
PROGRAM = "python3 -c 'import json, os; print(json.dumps(dict(os.environ)))'"


def ran(
    manifest: Manifest, endpoint: str, folder: Path, shell: str, value: str | None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The command, with a program in its last line's place that prints its environment."""
    stored = store_value(manifest, endpoint, value)
    last = "'test -n \"$ANTHROPIC_API_KEY\"'"
    text = command(stored)
    assert text.count(last) == 1
    program = "'" + PROGRAM.replace("'", "'\"'\"'") + "'"
    known = {
        "PATH": f"{AWS_FOLDER}:/usr/bin:/bin",
        "HOME": str(folder),
        "AWS_ENDPOINT_URL": endpoint,
        "PULUMI_OIDC_TOKEN": "a.b.c",
        "PULUMI_CI_BUILD_NUMBER": "7",
        "PULUMI_CI_OPERATION": "update",
    }
    return subprocess.run(
        [shell, "-x", "-c", text.replace(last, program)],
        env={name: each for name, each in (known | environment).items() if each},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@needs_programs
@pytest.mark.parametrize("shell", SHELLS)
def test_the_program_alone_gets_the_exact_value_and_no_credentials(
    manifest: Manifest, endpoint: str, tmp_path: Path, shell: str
) -> None:
    done = ran(manifest, endpoint, tmp_path, shell, VALUE)
    assert done.returncode == 0, done.stderr
    environment = json.loads(done.stdout)
    assert environment["ANTHROPIC_API_KEY"] == VALUE
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} & set(environment)
    assert "first $line" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@needs_programs
def test_for_another_operation_nothing_is_read_and_nothing_fails(
    manifest: Manifest, endpoint: str, tmp_path: Path
) -> None:
    done = ran(manifest, endpoint, tmp_path, SHELLS[0], VALUE, PULUMI_CI_OPERATION="preview")
    assert (done.returncode, done.stdout) == (0, "")


@needs_programs
@pytest.mark.parametrize(
    ("value", "environment", "words"),
    [
        (None, {}, "ANTHROPIC_API_KEY was not read"),
        ("", {}, "ANTHROPIC_API_KEY was not read"),
        (VALUE, {"PULUMI_OIDC_TOKEN": ""}, "PULUMI_OIDC_TOKEN: unbound variable"),
        (VALUE, {"PULUMI_CI_OPERATION": ""}, "PULUMI_CI_OPERATION: unbound variable"),
    ],
)
def test_without_what_it_needs_the_deployment_fails_before_the_program(
    manifest: Manifest,
    endpoint: str,
    tmp_path: Path,
    value: str | None,
    environment: dict[str, str],
    words: str,
) -> None:
    done = ran(manifest, endpoint, tmp_path, SHELLS[0], value, **environment)
    assert done.returncode != 0
    assert done.stdout == ""
    assert words in done.stderr
