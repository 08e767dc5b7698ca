"""The Cloud Build configuration, checked by the API's discovery document and by the published schema."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import check_jsonschema
import jsonschema
import pytest
import yaml
from hypothesis import given

from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring_gcp.conftest import PROJECT, account, with_consumer
from tests.wiring_gcp.google_schema import check
from tests.wiring_gcp.plain_texts import MANY, VARIABLES

SCHEMA = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / "cloudbuild.json"


def build(manifest: Manifest, **pins: int) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(wire(manifest, "images", "cloud-build", pins))
    return found


def substituted(text: str) -> str:
    """What Cloud Build makes of a text: `$$` is a dollar sign; a variable of its own would be replaced.

    Source: Cloud Build documentation, "Substituting variable values".
    """
    return re.sub(r"\$\$|\$\{?\w+\}?", lambda match: "$" if match[0] == "$$" else "<REPLACED>", text)


def test_only_the_step_that_lists_a_key_has_it(manifest: Manifest) -> None:
    assert build(manifest) == {
        "serviceAccount": f"projects/{PROJECT}/serviceAccounts/{account('images')}",
        "steps": [
            {
                "id": "images",
                "name": "gcr.io/cloud-builders/gcloud",
                "entrypoint": "bash",
                "args": ["-c", 'test -n "$$ANTHROPIC_API_KEY"\n'],
                "env": ["ANTHROPIC_MODEL=claude-sonnet-4-6"],
                "secretEnv": ["ANTHROPIC_API_KEY"],
            }
        ],
        "availableSecrets": {
            "secretManager": [
                {
                    "versionName": f"projects/{PROJECT}/secrets/prod-anthropic-api-key/versions/current",
                    "env": "ANTHROPIC_API_KEY",
                }
            ]
        },
        "options": {"logging": "CLOUD_LOGGING_ONLY"},
    }


@pytest.mark.parametrize("pins", [{}, {"anthropic": 7}])
@pytest.mark.parametrize("keys", [("anthropic",), ("anthropic", "openrouter")])
def test_the_configuration_fits_the_api_and_the_published_schema(
    manifest: Manifest, keys: tuple[str, ...], pins: dict[str, int]
) -> None:
    document = build(with_consumer(manifest, "images", keys=keys, env={"NO": "yes: #", "N": "1"}), **pins)
    check("cloudbuild.v1", "Build", document)
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(document)


def test_the_schemas_would_notice_a_mistake(manifest: Manifest) -> None:
    document = build(manifest)
    document["options"]["logging"] = "SOMEWHERE"
    with pytest.raises(jsonschema.ValidationError):
        check("cloudbuild.v1", "Build", document)
    document = build(manifest)
    document["steps"][0]["secretEnv"] = "ANTHROPIC_API_KEY"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(document)


@given(env=VARIABLES)
@MANY
def test_plain_variables_reach_the_step_exactly(manifest: Manifest, env: dict[str, str]) -> None:
    [step] = build(with_consumer(manifest, "images", env=env))["steps"]
    reached = dict(substituted(entry).split("=", 1) for entry in step.get("env", []))
    assert reached == env


def test_the_script_checks_what_the_step_was_given(manifest: Manifest) -> None:
    [step] = build(with_consumer(manifest, "images", keys=("anthropic", "openrouter")))["steps"]
    command = [step["entrypoint"], *map(substituted, step["args"])]
    given_keys = dict.fromkeys(step["secretEnv"], "value")
    assert subprocess.run(command, env=given_keys, check=False).returncode == 0
    assert subprocess.run(command, env={**given_keys, "OPENROUTER_API_KEY": ""}, check=False).returncode == 1


def test_an_account_of_another_project_is_named_there(manifest: Manifest) -> None:
    there = account("images", "other-project")
    document = build(with_consumer(manifest, "images", member=f"serviceAccount:{there}"))
    assert document["serviceAccount"] == f"projects/other-project/serviceAccounts/{there}"
    of_google = "123456789012-compute@developer.gserviceaccount.com"
    document = build(with_consumer(manifest, "images", member=f"serviceAccount:{of_google}"))
    assert document["serviceAccount"] == f"projects/{PROJECT}/serviceAccounts/{of_google}"


def test_a_comment_says_what_a_rotation_needs(manifest: Manifest) -> None:
    assert "the next build has what `keyplan put` stored" in wire(manifest, "images", "cloud-build")
    assert "Pinned: after `keyplan put`, name" in wire(manifest, "images", "cloud-build", {"anthropic": 7})
