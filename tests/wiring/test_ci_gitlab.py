"""The GitLab CI job that reads on AWS: the published schema, and what it tells the runner."""

from __future__ import annotations

import json
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
from tests.wiring.conftest import ACCOUNT, REGION

SCHEMA = json.loads(
    (Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / "gitlab-ci.json").read_text()
)
PROJECT = {"project": "example/nightly"}


def job(manifest: Manifest, **changes: Any) -> dict[str, Any]:
    entry = replace(manifest.consumers["nightly"], **changes)
    document = yaml.safe_load(wire(replace(manifest, consumers={"nightly": entry}), "nightly", "gitlab-ci"))
    jsonschema.Draft7Validator(SCHEMA).validate(document)
    [found] = document.values()
    return dict(found)


def test_the_runner_trades_the_token_for_the_value(manifest: Manifest) -> None:
    assert job(manifest) == {
        "rules": [{"if": '$CI_COMMIT_BRANCH == "main"'}],
        "variables": {
            "AWS_REGION": REGION,
            "AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/prod-nightly-reader",
            "AWS_ROLE_SESSION_NAME": "nightly-$CI_JOB_ID",
        },
        # The audience that the trust of every role compares.
        "id_tokens": {"KEYPLAN_ID_TOKEN": {"aud": "sts.amazonaws.com"}},
        "secrets": {
            "ANTHROPIC_API_KEY": {
                "aws_secrets_manager": {
                    "secret_id": manifest.keys["anthropic"].on_aws().arn,
                    "field": "ANTHROPIC_API_KEY",
                    "version_stage": "AWSCURRENT",
                },
                "token": "$KEYPLAN_ID_TOKEN",
                "file": False,
            }
        },
        "script": ['test -n "$ANTHROPIC_API_KEY"'],
    }


def test_every_key_of_the_consumer_is_there(manifest: Manifest) -> None:
    found = job(manifest, keys=("anthropic", "openrouter"))
    assert list(found["secrets"]) == ["ANTHROPIC_API_KEY", "OPENROUTER_API_KEY"]
    assert len(found["script"]) == 2


def test_the_schema_would_notice_a_mistake(manifest: Manifest) -> None:
    document = {"nightly": job(manifest)}
    del document["nightly"]["secrets"]["ANTHROPIC_API_KEY"]["aws_secrets_manager"]["secret_id"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(SCHEMA).validate(document)


def test_it_says_who_else_could_read(manifest: Manifest) -> None:
    text = wire(manifest, "nightly", "gitlab-ci")
    assert "a fork's token names another project" in text
    assert "protect" in text


def test_a_long_name_leaves_room_for_the_jobs_id_in_a_session_name(manifest: Manifest) -> None:
    entry = replace(manifest.consumers["nightly"], name="n" * 100)
    document = yaml.safe_load(wire(replace(manifest, consumers={entry.name: entry}), entry.name, "gitlab-ci"))
    session = document[entry.name]["variables"]["AWS_ROLE_SESSION_NAME"]
    assert len(session.replace("$CI_JOB_ID", "9" * 20)) <= 64


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20))
def test_a_plain_variable_reaches_the_job_exactly(manifest: Manifest, value: str) -> None:
    found = job(manifest, env={"TEXT": value})["variables"]["TEXT"]
    if "$" in value:  # GitLab would replace names in it otherwise
        assert found == {"value": value, "expand": False}
    else:
        assert found == value


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_ROLE_ARN", "KEYPLAN_ID_TOKEN", "ANTHROPIC_API_KEY"])
def test_a_variable_that_the_job_needs_itself_is_refused(manifest: Manifest, name: str) -> None:
    with pytest.raises(ManifestError, match=f"two variables of the name {name}"):
        job(manifest, env={name: "x"})


def test_a_variable_that_gitlab_sets_is_refused(manifest: Manifest) -> None:
    with pytest.raises(UsageError, match="the variable CI_X of nightly cannot be written: GitLab sets"):
        job(manifest, env={"CI_X": "x"})


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"role_arn": None}, "nightly has no role"), ({"settings": PROJECT}, "no branch or tag to run for")],
)
def test_without_a_role_or_a_branch_there_is_no_job(
    manifest: Manifest, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ManifestError, match=words):
        job(manifest, **changes)
