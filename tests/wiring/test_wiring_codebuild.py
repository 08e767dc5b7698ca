"""CodeBuild's buildspec: what AWS's own models say of it, and its commands run by a real shell."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import replace
from typing import Any

import botocore.session
import jsonschema
import pytest
import yaml
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire

NAME = "image-tests"
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXTS = st.text(
    st.one_of(st.sampled_from("$\\<>{}'\"\n#: "), st.characters(exclude_categories=["Cs"])), max_size=12
).filter(lambda text: "\0" not in text)
# What CodeBuild's "Build specification reference" allows of the fields that are used here. AWS publishes no
# schema of a buildspec.
TEXT_MAP = {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}}
REFERENCE = (
    r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}"
    r":[A-Za-z_][A-Za-z0-9_]*:AWSCURRENT"
)
BUILDSPEC: dict[str, Any] = {
    "type": "object",
    "required": ["version", "phases"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": 0.2},
        "env": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "properties": {
                "variables": {**TEXT_MAP, "propertyNames": {"not": {"pattern": "^CODEBUILD_"}}},
                "secrets-manager": {
                    **TEXT_MAP,
                    "additionalProperties": {"type": "string", "pattern": f"^{REFERENCE}$"},
                },
            },
        },
        "phases": {
            "type": "object",
            "additionalProperties": False,
            "required": ["build"],
            "properties": {
                "build": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["commands"],
                    "properties": {"commands": {"type": "array", "minItems": 1, "items": {"type": "string"}}},
                }
            },
        },
    },
}


def document(manifest: Manifest, **changes: Any) -> dict[str, Any]:
    """The text as CodeBuild reads it, after the schema was asked."""
    entry = replace(manifest.consumers[NAME], **changes)
    found: dict[str, Any] = yaml.safe_load(
        wire(replace(manifest, consumers={NAME: entry}), NAME, "codebuild")
    )
    jsonschema.validate(found, BUILDSPEC)
    return found


def test_codebuild_reads_each_key_by_the_secrets_full_arn(manifest: Manifest) -> None:
    found = document(manifest, keys=("anthropic", "openrouter"), env={"ANTHROPIC_MODEL": "claude-haiku-4-5"})
    secrets = {name: manifest.keys[name].on_aws() for name in ("anthropic", "openrouter")}
    assert found["env"] == {
        "variables": {"ANTHROPIC_MODEL": "claude-haiku-4-5"},
        "secrets-manager": {
            "ANTHROPIC_API_KEY": f"{secrets['anthropic'].arn}:ANTHROPIC_API_KEY:AWSCURRENT",
            "OPENROUTER_API_KEY": f"{secrets['openrouter'].arn}:OPENROUTER_API_KEY:AWSCURRENT",
        },
    }


def test_the_schema_would_notice_a_mistake(manifest: Manifest) -> None:
    found = document(manifest)
    for broken in (
        {**found, "env": {"secret-manager": found["env"]["secrets-manager"]}},
        {**found, "version": "0.2"},
        {**found, "env": {"secrets-manager": {"ANTHROPIC_API_KEY": "prod/anthropic-api-key"}}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, BUILDSPEC)


def test_a_build_without_its_keys_fails(manifest: Manifest) -> None:
    [command] = document(manifest, keys=("anthropic", "openrouter"))["phases"]["build"]["commands"]
    both = {"ANTHROPIC_API_KEY": "x", "OPENROUTER_API_KEY": "y"}
    for environment, expected in ((both, 0), ({**both, "OPENROUTER_API_KEY": ""}, 1), ({}, 1)):
        done = subprocess.run(["/bin/sh", "-c", command], env=environment, check=False)
        assert done.returncode == expected


def test_a_consumer_without_keys_reads_nothing(manifest: Manifest) -> None:
    found = document(manifest, keys=(), env={"CLAUDE_CODE_USE_BEDROCK": "1"})
    assert found["env"] == {"variables": {"CLAUDE_CODE_USE_BEDROCK": "1"}}
    assert "env" not in document(manifest, keys=(), env={})


def test_pull_requests_are_kept_out_by_a_command_that_aws_takes(manifest: Manifest) -> None:
    text = wire(manifest, NAME, "codebuild")
    assert "neither branch nor pull request" in text
    assert "come from a fork" in text.replace("\n# ", " ")
    [line] = re.findall(r"^#   (aws codebuild .*)$", text, re.MULTILINE)
    program, service, operation, *options = shlex.split(line)
    assert (program, service, operation) == ("aws", "codebuild", "update-webhook")
    given_options = dict(zip(options[::2], options[1::2], strict=True))
    groups = yaml.safe_load(given_options["--filter-groups"])
    shape = botocore.session.get_session().get_service_model("codebuild").operation_model("UpdateWebhook")
    assert shape.input_shape is not None
    parameters = {"projectName": given_options["--project-name"], "filterGroups": groups}
    assert not ParamValidator().validate(parameters, shape.input_shape).has_errors()
    [[event, branch]] = groups
    assert event == {"type": "EVENT", "pattern": "PUSH"}
    assert re.search(branch["pattern"], "refs/heads/main")
    assert not re.search(branch["pattern"], "refs/heads/main2")


@given(value=TEXTS)
@MANY
def test_a_plain_variable_reaches_the_build_exactly(manifest: Manifest, value: str) -> None:
    assert document(manifest, env={"TEXT": value})["env"]["variables"] == {"TEXT": value}


def test_what_codebuild_would_change_or_lacks_is_refused(manifest: Manifest) -> None:
    with pytest.raises(UsageError, match="CodeBuild sets the variables of that prefix itself"):
        document(manifest, env={"CODEBUILD_X": "x"})
    with pytest.raises(UsageError, match="a NUL character"):
        document(manifest, env={"X": "a\0b"})
    with pytest.raises(ManifestError, match="has no role"):
        document(manifest, role_arn=None)
    with pytest.raises(ManifestError, match=r"settings\.projectName: expected one line of text"):
        document(manifest, settings={})
