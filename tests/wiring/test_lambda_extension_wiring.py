"""The template with AWS's extension, checked by cfn-lint and botocore's model, and run against a stand-in."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from botocore.validate import ParamValidator

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring.conftest import ACCOUNT, REGION, consumer
from tests.wiring.test_wiring_docs import STORED, VALUE
from tests.wiring.test_wiring_docs import extension_port as extension_port  # a fixture

ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/anthropic-api-key-AbC12d"
PARAMETER = "/aws/service/aws-parameters-and-secrets-lambda-extension/x86/latest"


def properties(manifest: Manifest, name: str = "thumbnails") -> dict[str, Any]:
    template = yaml.safe_load(wire(manifest, name, "lambda-extension"))
    assert set(template) == {"Resources"}
    [function] = template["Resources"].values()
    assert function["Type"] == "AWS::Lambda::Function"
    found: dict[str, Any] = function["Properties"]
    return found


def with_env(manifest: Manifest, env: dict[str, str], **changes: Any) -> Manifest:
    entry = consumer("thumbnails", "lambda", env=env, **changes)
    return replace(manifest, consumers={"thumbnails": entry})


def test_a_function_gets_role_layer_cache_and_where_the_secret_is(manifest: Manifest) -> None:
    found = properties(manifest)
    code = found.pop("Code")
    assert found == {
        "Role": f"arn:aws:iam::{ACCOUNT}:role/prod-thumbnails-reader",
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Timeout": 10,
        "Layers": [f"{{{{resolve:ssm:{PARAMETER}}}}}"],
        "Environment": {
            "Variables": {
                "SECRETS_MANAGER_TTL": "300",
                "ANTHROPIC_MODEL": "claude-haiku-4-5",
                "ANTHROPIC_API_KEY_SECRET_ARN": ARN,
            }
        },
    }
    assert set(code) == {"ZipFile"}


def lint(template: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "template.yaml").write_text(template)
    program = [str(Path(sys.executable).parent / "cfn-lint"), "template.yaml"]
    return subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False)


def test_cfn_lint_accepts_the_template_and_notices_a_wrong_one(manifest: Manifest, tmp_path: Path) -> None:
    template = wire(manifest, "thumbnails", "lambda-extension")
    found = lint(template, tmp_path)
    assert (found.returncode, found.stdout) == (0, "")
    assert lint(template.replace("Handler", "Handle"), tmp_path).returncode != 0


def test_the_properties_fit_lambdas_own_model(manifest: Manifest) -> None:
    found = properties(manifest)
    found["Code"] = {"ZipFile": found["Code"]["ZipFile"].encode()}
    model = botocore.session.Session().get_service_model("lambda").operation_model("CreateFunction")
    assert not ParamValidator().validate({"FunctionName": "x", **found}, model.input_shape).has_errors()
    runtimes = model.input_shape.members["Runtime"].enum
    assert found["Runtime"] in runtimes


def test_the_handler_reads_every_key_from_the_extension_and_returns_no_value(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch, extension_port: int
) -> None:
    found = properties(manifest)
    for name, value in found["Environment"]["Variables"].items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token of the session")
    monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", str(extension_port))
    names: dict[str, Any] = {}
    exec(found["Code"]["ZipFile"], names)  # noqa: S102 what the target prints
    assert names["read_key"]("ANTHROPIC_API_KEY") == VALUE
    assert names["handler"]({}, None) == ["ANTHROPIC_API_KEY"]
    assert VALUE in STORED


def test_the_page_and_the_template_ask_the_extension_with_the_same_code(
    project: Path, manifest: Manifest
) -> None:
    page = (project / "docs" / "wiring.md").read_text()
    code = properties(manifest)["Code"]["ZipFile"]
    plain = re.sub(r": str\) -> str", ")", page)
    assert code.partition("\n\n\ndef handler")[0] in plain


def test_a_consumer_with_several_keys_reads_each(manifest: Manifest) -> None:
    changed = with_env(manifest, {}, keys=("anthropic", "openrouter"))
    code = properties(changed)["Code"]["ZipFile"]
    assert 'for name in ["ANTHROPIC_API_KEY", "OPENROUTER_API_KEY"]' in code


def test_without_a_key_there_is_no_layer_and_nothing_is_asked(manifest: Manifest, tmp_path: Path) -> None:
    changed = with_env(manifest, {"CLAUDE_CODE_USE_BEDROCK": "1"}, keys=())
    found = properties(changed)
    assert "Layers" not in found
    assert found["Environment"] == {"Variables": {"CLAUDE_CODE_USE_BEDROCK": "1"}}
    assert "urllib" not in found["Code"]["ZipFile"]
    assert lint(wire(changed, "thumbnails", "lambda-extension"), tmp_path).stdout == ""
    assert "Environment" not in properties(with_env(manifest, {}, keys=()))


def test_a_cache_time_of_the_catalogue_stays(manifest: Manifest) -> None:
    found = properties(with_env(manifest, {"SECRETS_MANAGER_TTL": "60"}))
    assert found["Environment"]["Variables"]["SECRETS_MANAGER_TTL"] == "60"


@pytest.mark.parametrize("value", ["{{resolve:ssm:/x}}", "a {{resolve:secretsmanager:prod/x}} b"])
def test_a_value_that_cloudformation_would_replace_is_refused(manifest: Manifest, value: str) -> None:
    with pytest.raises(UsageError, match="the variable TEXT of thumbnails cannot be written: CloudFormation"):
        wire(with_env(manifest, {"TEXT": value}), "thumbnails", "lambda-extension")


@pytest.mark.parametrize("name", ["AWS_REGION", "A"])
def test_what_lambda_refuses_is_refused_here_too(manifest: Manifest, name: str) -> None:
    with pytest.raises(UsageError, match=f"the variable {name} of thumbnails cannot be written: Lambda"):
        wire(with_env(manifest, {name: "x"}), "thumbnails", "lambda-extension")


def test_the_cache_variable_counts_to_lambdas_four_kilobytes(manifest: Manifest) -> None:
    room = 4096 - len(f"SECRETS_MANAGER_TTL300ANTHROPIC_API_KEY_SECRET_ARN{ARN}LONG")
    assert properties(with_env(manifest, {"LONG": "x" * room}))
    with pytest.raises(UsageError, match="take 4097 bytes"):
        properties(with_env(manifest, {"LONG": "x" * (room + 1)}))


@pytest.mark.parametrize("value", ["yes", "0x1", "a: b", "# x", "${AWS::Region}", "\n\t\"'\\", "é☃🎉", "{}"])
def test_any_text_arrives_as_it_is(manifest: Manifest, value: str) -> None:
    found = properties(with_env(manifest, {"TEXT": value}))
    assert found["Environment"]["Variables"]["TEXT"] == value
    assert json.dumps(found)
