"""From a catalogue to the stack's output `wiring`: the components say of a consumer what wiring needs."""

from __future__ import annotations

import json

import pytest
import yaml

from components.gcp.environment import describe
from components.gcp.plans import plan_gcp
from components.manifest_parts import compose
from keyplan.manifest.model import Manifest
from keyplan.wiring import CLAUDE_ACTION, LAST_RESORT, PROGRAMS, local_targets, targets_for, wire, wire_all
from tests.components_gcp.catalogues import EVERY_RUNTIME, EXISTING_ACCOUNT, HERE, gcp_catalogue


@pytest.fixture(scope="module")
def stack() -> Manifest:
    """The manifest of an environment with every runtime, as the stack's output has it."""
    catalogue = gcp_catalogue(consumers=EVERY_RUNTIME)
    manifest = compose(catalogue, None, describe(catalogue, HERE, plan_gcp(catalogue, HERE)))
    return Manifest.from_json(json.loads(json.dumps(manifest.to_json())))


def test_every_consumer_is_wired_to_every_target_that_fits_it(stack: Manifest) -> None:
    found, failures = wire_all(stack)
    assert failures == []
    assert {name: tuple(texts) for name, texts in found.items()} == {
        "circle": ("circleci",),
        "evals": ("github-actions",),
        "far-pods": ("gke", "gke-external-secrets", "dotenv"),
        "gitlab": ("gitlab-ci",),
        "images": ("cloud-build", "dotenv"),
        "kite": ("buildkite",),
        "stack": ("pulumi-deployments",),
        "nightly": ("cloud-run", "cloud-run-volume", "dotenv"),
        "pods": ("gke", "gke-external-secrets", "dotenv"),
        "research": ("claude-code", "dotenv"),
        "vm": ("compute-engine", "dotenv"),
        "web": ("cloud-run", "cloud-run-volume", "dotenv"),
    }
    local = {*local_targets(), LAST_RESORT, CLAUDE_ACTION, *PROGRAMS}
    for name, texts in found.items():
        assert list(texts) == [target for target in targets_for(stack, name) if target not in local]


def test_the_output_has_the_bytes_that_the_command_prints(stack: Manifest) -> None:
    for name, texts in wire_all(stack)[0].items():
        assert texts == {target: wire(stack, name, target) for target in texts}


def test_whoever_iam_grants_to_is_who_the_wiring_names(stack: Manifest) -> None:
    task = yaml.safe_load(wire(stack, "nightly", "cloud-run"))["spec"]["template"]["spec"]["template"]["spec"]
    assert task["serviceAccountName"] == EXISTING_ACCOUNT
    assert stack.consumers["nightly"].member == f"serviceAccount:{EXISTING_ACCOUNT}"
    [store, *_] = yaml.safe_load_all(wire(stack, "far-pods", "gke-external-secrets"))
    assert store["spec"]["provider"]["gcpsm"]["auth"]["workloadIdentity"] == {
        "serviceAccountRef": {"name": "chat"},
        "clusterProjectID": "example-clusters",
    }
    provider = stack.consumers["gitlab"].workload_identity_provider
    [job] = yaml.safe_load(wire(stack, "gitlab", "gitlab-ci")).values()
    assert job["id_tokens"]["KEYPLAN_ID_TOKEN"]["aud"] == f"https://iam.googleapis.com/{provider}"
