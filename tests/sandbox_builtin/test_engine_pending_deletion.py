"""The program itself, previewed against a cloud that still keeps the name of a deleted secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.builtin import ProgramFailed, ResourceFailed, Result, run_program
from sandbox.builtin.providers import Providers

NAME = "dev/anthropic-api-key"


@pytest.fixture
def run(project: Path, endpoints: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the program for an environment with one key."""
    monkeypatch.setattr(Providers, "prepare", lambda self: None)

    def run(mode: str = "preview", **config: str) -> Result:
        settings = {
            "aws:region": "eu-west-1",
            "aws:endpoints": endpoints,
            "keyplan:owner": "platform@example.com",
            "keyplan:recoveryWindow": "7d",
            "keyplan:protect": "false",
            "keyplan:keys": json.dumps({"anthropic": {"vendor": "anthropic"}}),
            "keyplan:consumers": json.dumps({"team": {"runtime": "people", "keys": ["anthropic"]}}),
            **config,
        }
        return run_program(project, "dev", settings, tmp_path / "state.json", "first", mode)  # type: ignore[arg-type]

    return run


@pytest.fixture
def deleted_arn(aws: Any) -> str:
    """A secret with the name that the environment needs, deleted."""
    arn: str = aws("secretsmanager").create_secret(Name=NAME)["ARN"]
    aws("secretsmanager").delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    return arn


def test_a_preview_names_the_secret_and_how_to_restore_it(run: Any, deleted_arn: str, aws: Any) -> None:
    with pytest.raises(ProgramFailed) as caught:
        run()

    lines = caught.value.message.splitlines()
    assert lines[0] == (
        "1 secret of environment dev is pending deletion, and AWS gives its name to no other secret"
    )
    assert lines[1].startswith(f"  key anthropic: {NAME}, restorable until ")
    assert (
        f"aws secretsmanager restore-secret --secret-id {NAME} --region eu-west-1 --endpoint-url" in lines[2]
    )
    assert lines[3] == f"    adopt: {deleted_arn}"
    assert caught.value.hint is not None
    assert caught.value.diagnostics == []

    aws("secretsmanager").restore_secret(SecretId=NAME)

    assert run().diagnostics == []


def test_an_update_without_a_preview_says_what_aws_says(run: Any, deleted_arn: str) -> None:
    with pytest.raises(ResourceFailed) as caught:
        run("up")

    assert f"the name `{NAME}` is pending deletion until " in caught.value.message
    assert caught.value.hint is not None
    assert "aws secretsmanager restore-secret" in caught.value.hint


def test_a_look_that_fails_is_a_warning_and_the_preview_goes_on(run: Any, endpoints: str) -> None:
    nowhere = json.loads(endpoints)
    nowhere[0]["secretsmanager"] = "http://127.0.0.1:1"

    result = run(**{"aws:endpoints": json.dumps(nowhere)})

    assert "dev-aws-anthropic-secret" in {change.name for change in result.changes}
    (warning,) = result.diagnostics
    assert warning.startswith("warning: secrets that are pending deletion were not looked for: ")
    assert warning.endswith("the connection was refused; it takes secretsmanager:DescribeSecret")
