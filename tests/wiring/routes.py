"""Consumers of every route, on either cloud: what a stack's manifest has of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keyplan.manifest.model import Manifest
from keyplan.routes import FEDERATION_AUDIENCE

RULE = {
    "ANTHROPIC_FEDERATION_RULE_ID": "fdrl_01Example",
    "ANTHROPIC_ORGANIZATION_ID": "2d1d9c5e-0d4b-4c8e-9f3a-6b7c8d9e0f1a",
    "ANTHROPIC_SERVICE_ACCOUNT_ID": "svac_01Example",
}
VARIABLES = {
    "federation": RULE,
    "bedrock": {"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_REGION": "eu-west-1"},
    "vertex": {
        "CLAUDE_CODE_USE_VERTEX": "1",
        "CLOUD_ML_REGION": "europe-west1",
        "ANTHROPIC_VERTEX_PROJECT_ID": "example-prod",
    },
    "foundry": {"CLAUDE_CODE_USE_FOUNDRY": "1", "ANTHROPIC_FOUNDRY_RESOURCE": "example-foundry"},
    "subscription": {},
}


def with_route(manifest: Manifest, name: str, route: str, **changes: Any) -> Manifest:
    """The environment with one consumer on a route, without any key unless `changes` says otherwise."""
    before = manifest.consumers[name]
    env = {name: value for name, value in before.env.items() if name != "ANTHROPIC_BASE_URL"}
    start: dict[str, Any] = {
        "keys": (),
        "route": route,
        "env": {**env, **VARIABLES[route]},
        "identity_audience": FEDERATION_AUDIENCE if route == "federation" else None,
    }
    changed = replace(before, **{**start, **changes})
    return replace(manifest, consumers={**manifest.consumers, name: changed})
