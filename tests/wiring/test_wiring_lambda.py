"""The Lambda fragment, checked by botocore's models and by making and changing a function in an emulator."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.validate import ParamValidator
from moto import mock_aws

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring.conftest import ACCOUNT, REGION, consumer

ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/anthropic-api-key-AbC12d"


@pytest.fixture
def _emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield


def fragment(manifest: Manifest, name: str = "thumbnails") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(wire(manifest, name, "lambda"))
    return found


def with_env(manifest: Manifest, env: dict[str, str]) -> Manifest:
    return replace(manifest, consumers={"thumbnails": consumer("thumbnails", "lambda", env=env)})


def test_a_function_gets_its_role_its_plain_variables_and_where_the_secret_is(manifest: Manifest) -> None:
    assert fragment(manifest) == {
        "Role": f"arn:aws:iam::{ACCOUNT}:role/prod-thumbnails-reader",
        "Environment": {
            "Variables": {"ANTHROPIC_MODEL": "claude-haiku-4-5", "ANTHROPIC_API_KEY_SECRET_ARN": ARN}
        },
    }


def test_the_fragment_fits_the_models_of_both_calls(manifest: Manifest) -> None:
    service = botocore.session.Session().get_service_model("lambda")
    update = service.operation_model("UpdateFunctionConfiguration").input_shape
    assert not ParamValidator().validate({"FunctionName": "x", **fragment(manifest)}, update).has_errors()
    create = {"FunctionName": "x", "Code": {"ZipFile": b""}, **fragment(manifest)}
    assert (
        not ParamValidator()
        .validate(create, service.operation_model("CreateFunction").input_shape)
        .has_errors()
    )


@pytest.mark.usefixtures("_emulator")
def test_lambda_takes_the_fragment_for_a_new_function_and_for_one_that_is_there(manifest: Manifest) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = boto3.client("iam", region_name=REGION).create_role(
        RoleName="prod-thumbnails-reader", AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]["Arn"]
    client = boto3.client("lambda", region_name=REGION)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("index.py", "def handler(event, context): pass\n")
    document = {**fragment(manifest), "Role": role}
    common = {"Runtime": "python3.12", "Handler": "index.handler", "Code": {"ZipFile": archive.getvalue()}}
    client.create_function(FunctionName="thumbnails", **common, **document)
    client.update_function_configuration(FunctionName="thumbnails", **document)
    found = client.get_function_configuration(FunctionName="thumbnails")
    assert found["Environment"] == document["Environment"]


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_SESSION_TOKEN", "_HANDLER", "LAMBDA_TASK_ROOT"])
def test_a_variable_that_lambda_reserves_is_refused_by_name(manifest: Manifest, name: str) -> None:
    with pytest.raises(
        UsageError, match=f"the variable {name} of thumbnails cannot be written: Lambda sets it"
    ):
        fragment(with_env(manifest, {name: "x"}))


@pytest.mark.parametrize("name", ["A", "_A", "_PRIVATE"])
def test_a_name_that_lambda_refuses_is_refused_first(manifest: Manifest, name: str) -> None:
    with pytest.raises(UsageError, match=f"the variable {name} of thumbnails .* a letter first"):
        fragment(with_env(manifest, {name: "x"}))


def test_variables_over_four_kilobytes_are_refused_with_their_size(manifest: Manifest) -> None:
    room = 4096 - len(f"ANTHROPIC_API_KEY_SECRET_ARN{ARN}") - len("LONG")
    assert fragment(with_env(manifest, {"LONG": "x" * room}))
    with pytest.raises(
        UsageError, match="the variables of thumbnails take 4097 bytes, and Lambda holds 4096"
    ):
        fragment(with_env(manifest, {"LONG": "x" * (room + 1)}))


def test_a_plain_variable_in_the_place_of_the_reference_is_an_error(manifest: Manifest) -> None:
    with pytest.raises(ManifestError, match="two variables of the name ANTHROPIC_API_KEY_SECRET_ARN"):
        fragment(with_env(manifest, {"ANTHROPIC_API_KEY_SECRET_ARN": "x"}))


def test_a_stored_field_of_another_name_is_an_error(manifest: Manifest) -> None:
    entry = manifest.keys["anthropic"]
    changed = replace(entry, aws=replace(entry.aws, json_key="API_KEY"))
    with pytest.raises(ManifestError, match="a field that is not called ANTHROPIC_API_KEY"):
        fragment(replace(manifest, keys={**manifest.keys, "anthropic": changed}))
