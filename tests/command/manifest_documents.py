"""Right manifests of every kind, and the schema that describes them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import jsonschema

from tests.command.environments import ACCOUNT, PROJECT, REGION, manifest_document, on_both_clouds

SCHEMA = json.loads((PROJECT / "docs" / "manifest.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:dev/anthropic-api-key-AbCdEf"
RIGHT = manifest_document("dev", "http://127.0.0.1:5000", {"anthropic": ARN})
BOTH = {**on_both_clouds(RIGHT, "http://127.0.0.1:5001"), "firstCloud": "gcp"}
# A key of each vendor, with all that it can have, and a consumer of the gateway.
VENDORS = copy.deepcopy(RIGHT)
VENDORS["vendorEndpoints"] = {"anthropic": "http://127.0.0.1:5002"}
for vendor, variable, fields in (
    ("anthropic-admin", "ANTHROPIC_ADMIN_API_KEY", {"organization": "1f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f"}),
    ("gateway", "ANTHROPIC_AUTH_TOKEN", {"baseUrl": "https://llm.example.com:8443/anthropic"}),
    ("generic", "OPENROUTER_API_KEY", {"checkUrl": "https://a.example/v1/key", "checkHeader": "x-api-key"}),
):
    VENDORS["keys"][vendor] = copy.deepcopy(RIGHT["keys"]["anthropic"])
    VENDORS["keys"][vendor].update(vendor=vendor, envVar=variable, **fields)
VENDORS["clouds"]["aws"]["breakGlassRoleArn"] = f"arn:aws:iam::{ACCOUNT}:role/break-glass"
VENDORS["keys"]["anthropic"].update(
    lockdown=True,
    organization="1f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f",
    workspace="wrkspc_01JwExample",
)
VENDORS["consumers"]["evals"].update(
    keys=["gateway"], env={"ANTHROPIC_BASE_URL": "https://llm.example.com:8443/anthropic"}
)
GCP_ONLY = copy.deepcopy(BOTH)
for entry in (GCP_ONLY["clouds"], *GCP_ONLY["keys"].values()):
    del entry["aws"]
GCP_ONLY["consumers"] = {name: one for name, one in BOTH["consumers"].items() if "cloud" in one}

Change = Callable[[dict[str, Any]], object]


def changed(change: Change, right: dict[str, Any] = RIGHT) -> dict[str, Any]:
    """A copy of a right manifest, changed."""
    document = copy.deepcopy(right)
    change(document)
    return document
