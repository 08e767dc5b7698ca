"""The claude-code-action target: GitHub's schema, the action's inputs, and one step with one credential."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import check_jsonschema
import jsonschema
import pytest
import yaml

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring.conftest import key
from tests.wiring.routes import RULE, with_route

SCHEMAS = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
WORKFLOWS = json.loads((SCHEMAS / "github-workflows.json").read_text())
# Source: action.yml of anthropics/claude-code-action v1 (24dcd50, 2026-08-22).
INPUTS = {
    "anthropic_api_key",
    "anthropic_federation_rule_id",
    "anthropic_organization_id",
    "anthropic_service_account_id",
    "anthropic_workspace_id",
    "anthropic_oidc_audience",
    "use_bedrock",
    "use_vertex",
    "use_foundry",
    "claude_args",
}
URL = "https://llm.example.com/anthropic"


def job(manifest: Manifest) -> dict[str, Any]:
    """The workflow's one job, after GitHub's published schema accepted the whole."""
    text = wire(manifest, "evals", "claude-code-action")
    document = yaml.safe_load(text.replace("\non:", '\n"on":', 1))
    jsonschema.Draft7Validator(WORKFLOWS).validate(document)
    assert document["permissions"] == {}
    assert set(document["on"]) == {"issue_comment", "issues"}
    [found] = document["jobs"].values()
    assert found["if"].startswith("github.event.issue.pull_request == null && ")
    step = found["steps"][-1]
    assert step["uses"] == "anthropics/claude-code-action@v1"
    assert set(step["with"]) <= INPUTS
    assert "secrets." not in text
    return dict(found)


def test_a_key_goes_masked_out_of_the_step_that_reads_into_the_action(manifest: Manifest) -> None:
    steps = job(manifest)["steps"]
    assert steps[-1]["with"] == {
        "anthropic_api_key": "${{ steps.keys.outputs.ANTHROPIC_API_KEY }}",
        "claude_args": "--model claude-sonnet-4-6",
    }
    assert "::add-mask::" in steps[-2]["run"]
    assert not [step for step in steps[:-1] if "anthropic_api_key" in str(step)]


def test_the_action_gets_no_other_key_of_the_consumer(manifest: Manifest) -> None:
    evals = replace(manifest.consumers["evals"], keys=("anthropic", "openrouter"))
    both = replace(manifest, consumers={"evals": evals})
    assert "OPENROUTER" not in wire(both, "evals", "claude-code-action")


def test_federation_needs_no_secret_and_no_role(manifest: Manifest) -> None:
    found = job(with_route(manifest, "evals", "federation", role_arn=None))
    checkout, step = found["steps"]
    assert "uses" in checkout
    assert step["with"] == {
        "anthropic_federation_rule_id": RULE["ANTHROPIC_FEDERATION_RULE_ID"],
        "anthropic_organization_id": RULE["ANTHROPIC_ORGANIZATION_ID"],
        "anthropic_service_account_id": RULE["ANTHROPIC_SERVICE_ACCOUNT_ID"],
        "claude_args": "--model claude-sonnet-4-6",
    }
    assert found["permissions"]["id-token"] == "write"


def test_an_audience_and_a_workspace_of_ones_own_are_inputs(manifest: Manifest) -> None:
    own = with_route(
        manifest,
        "evals",
        "federation",
        env={**RULE, "ANTHROPIC_WORKSPACE_ID": "wrkspc_01Example"},
        identity_audience="https://example.com",
    )
    inputs = job(own)["steps"][-1]["with"]
    assert inputs["anthropic_workspace_id"] == "wrkspc_01Example"
    assert inputs["anthropic_oidc_audience"] == "https://example.com"


def test_bedrock_has_the_roles_credentials_in_the_actions_step_alone(manifest: Manifest) -> None:
    *others, step = job(with_route(manifest, "evals", "bedrock"))["steps"]
    assert step["with"] == {"use_bedrock": "true", "claude_args": "--model claude-sonnet-4-6"}
    assert step["env"]["AWS_ACCESS_KEY_ID"] == "${{ steps.aws.outputs.aws-access-key-id }}"
    assert step["env"]["AWS_REGION"] == "eu-west-1"
    assert not [other for other in others if "env" in other]
    assert others[-1]["with"]["output-env-credentials"] is False


def test_a_gateways_token_and_its_address_are_a_pair(manifest: Manifest) -> None:
    gate = replace(key("gate", "ANTHROPIC_AUTH_TOKEN", "g4TeWy"), vendor="gateway", base_url=URL)
    evals = replace(manifest.consumers["evals"], keys=("gate",), env={"ANTHROPIC_BASE_URL": URL})
    found = job(replace(manifest, keys={"gate": gate}, consumers={"evals": evals}))["steps"][-1]
    assert found["env"]["ANTHROPIC_BASE_URL"] == URL
    token = "${{ steps.keys.outputs.ANTHROPIC_AUTH_TOKEN }}"
    assert (found["env"]["ANTHROPIC_AUTH_TOKEN"], found["with"]) == (token, {"anthropic_api_key": token})


def test_foundry_takes_a_key_and_says_so_without_one(manifest: Manifest) -> None:
    with pytest.raises(UsageError, match="keyplan makes no identity in Entra ID"):
        job(with_route(manifest, "evals", "foundry"))
    keyed = with_route(manifest, "evals", "foundry", keys=("foundry",))
    entra = key("foundry", "ANTHROPIC_FOUNDRY_API_KEY", "f0Undr")
    step = job(replace(keyed, keys={**manifest.keys, "foundry": entra}))["steps"][-1]
    assert step["with"]["use_foundry"] == "true"
    assert step["env"]["ANTHROPIC_FOUNDRY_API_KEY"] == "${{ steps.keys.outputs.ANTHROPIC_FOUNDRY_API_KEY }}"


@pytest.mark.parametrize("route", ["federation", "bedrock"])
def test_text_that_github_would_evaluate_is_refused(manifest: Manifest, route: str) -> None:
    odd = with_route(manifest, "evals", route)
    evals = replace(odd.consumers["evals"], env={"ANTHROPIC_MODEL": "${{ secrets.X }}"})
    with pytest.raises(UsageError, match="which GitHub would evaluate"):
        job(replace(odd, consumers={"evals": evals}))
