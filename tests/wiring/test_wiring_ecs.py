"""The ECS fragment, checked by botocore's model of RegisterTaskDefinition and registered in an emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.validate import ParamValidator
from moto import mock_aws

from keyplan.errors import ManifestError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring.conftest import ACCOUNT, REGION, consumer

ANTHROPIC_ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/anthropic-api-key-AbC12d"
OPENROUTER_ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/openrouter-api-key-x9Y8z7"


@pytest.fixture
def _emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield


def fragment(manifest: Manifest, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(wire(manifest, name, "ecs"))
    return found


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """The fragment with what a service adds of its own."""
    [container] = document["containerDefinitions"]
    return {
        "family": "service",
        **document,
        "containerDefinitions": [{**container, "image": "example/service:1", "memory": 512}],
    }


def test_at_start_the_execution_role_injects_each_field_of_each_secret(manifest: Manifest) -> None:
    assert fragment(manifest, "chat-api") == {
        "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/prod-chat-api-reader",
        "containerDefinitions": [
            {
                "name": "chat-api",
                "environment": [
                    {"name": "ANTHROPIC_MAX_TOKENS", "value": "4096"},
                    {"name": "ANTHROPIC_MODEL", "value": "claude-sonnet-4-6"},
                ],
                "secrets": [
                    {
                        "name": "ANTHROPIC_API_KEY",
                        "valueFrom": f"{ANTHROPIC_ARN}:ANTHROPIC_API_KEY:AWSCURRENT:",
                    },
                    {
                        "name": "OPENROUTER_API_KEY",
                        "valueFrom": f"{OPENROUTER_ARN}:OPENROUTER_API_KEY:AWSCURRENT:",
                    },
                ],
            }
        ],
    }


def test_at_run_the_task_role_reads_and_the_container_gets_only_the_arn(manifest: Manifest) -> None:
    assert fragment(manifest, "batch") == {
        "taskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/prod-batch-reader",
        "containerDefinitions": [
            {
                "name": "batch",
                "environment": [
                    {"name": "ANTHROPIC_ENV", "value": "prod"},
                    {"name": "ANTHROPIC_API_KEY_SECRET_ARN", "value": ANTHROPIC_ARN},
                ],
            }
        ],
    }


@pytest.mark.parametrize("name", ["chat-api", "batch"])
def test_the_fragment_fits_the_model_of_the_api(manifest: Manifest, name: str) -> None:
    model = botocore.session.Session().get_service_model("ecs").operation_model("RegisterTaskDefinition")
    assert not ParamValidator().validate(completed(fragment(manifest, name)), model.input_shape).has_errors()
    # Only what a service has to add is missing; every field of the fragment is one of the API.
    report = ParamValidator().validate(fragment(manifest, name), model.input_shape).generate_report()
    assert report == 'Missing required parameter in input: "family"'
    assert set(fragment(manifest, name)) <= set(model.input_shape.members)
    [container] = fragment(manifest, name)["containerDefinitions"]
    assert set(container) <= set(model.input_shape.members["containerDefinitions"].member.members)


@pytest.mark.usefixtures("_emulator")
@pytest.mark.parametrize("name", ["chat-api", "batch"])
def test_ecs_registers_the_fragment_and_gives_it_back(manifest: Manifest, name: str) -> None:
    client = boto3.client("ecs", region_name=REGION)
    document = fragment(manifest, name)
    client.register_task_definition(**completed(document))
    found = client.describe_task_definition(taskDefinition="service")["taskDefinition"]
    [container], [expected] = found["containerDefinitions"], document["containerDefinitions"]
    assert container["environment"] == expected["environment"]
    assert container.get("secrets", []) == expected.get("secrets", [])
    role = "executionRoleArn" if name == "chat-api" else "taskRoleArn"
    assert found[role] == document[role]


def test_a_consumer_without_plain_variables_has_no_empty_list(manifest: Manifest) -> None:
    plain = replace(manifest, consumers={"x": consumer("x", "ecs")})
    [container] = fragment(plain, "x")["containerDefinitions"]
    assert set(container) == {"name", "secrets"}


@pytest.mark.parametrize("read_at", ["later", 3, ["start"]])
def test_another_time_of_reading_is_an_error(manifest: Manifest, read_at: object) -> None:
    broken = replace(manifest, consumers={"x": consumer("x", "ecs", settings={"readAt": read_at})})
    with pytest.raises(ManifestError, match=r"consumers\.x\.settings\.readAt: expected"):
        wire(broken, "x", "ecs")


@pytest.mark.parametrize("read_at", ["start", "run"])
def test_without_keys_the_role_is_the_programs_own(read_at: str, manifest: Manifest) -> None:
    caller = replace(
        manifest.consumers["chat-api"],
        keys=(),
        settings={"readAt": read_at},
        env={"CLAUDE_CODE_USE_BEDROCK": "1"},
        route="bedrock",
    )
    changed = replace(manifest, consumers={**manifest.consumers, "chat-api": caller})
    assert fragment(changed, "chat-api") == {
        "taskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/prod-chat-api-reader",
        "containerDefinitions": [
            {"name": "chat-api", "environment": [{"name": "CLAUDE_CODE_USE_BEDROCK", "value": "1"}]}
        ],
    }
