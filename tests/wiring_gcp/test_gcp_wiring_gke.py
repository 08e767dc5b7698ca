"""The GKE texts: what the custom resources require, and what Kubernetes makes of the variables."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import given

from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring_gcp.conftest import PROJECT, pod_principal, with_consumer
from tests.wiring_gcp.plain_texts import MANY, VARIABLES

VERSIONS = f"projects/{PROJECT}/secrets"
# Which names the driver takes for a secret's version. Source: secrets-store-csi-driver-provider-gcp v1.15.0,
# util/constants.go.
RESOURCE = re.compile(r"projects/([^/]+)/secrets/([^/]+)/versions/([^/]+)$")


def documents(manifest: Manifest, target: str, **pins: int) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(wire(manifest, "search", target, pins)))


def pod(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["spec"]["template"]["spec"]
    return found


def expanded(value: str, environment: dict[str, str]) -> str:
    """A variable's value as a container gets it.

    Source: Kubernetes, "Define Dependent Environment Variables": `$(NAME)` of a variable that is there is
    replaced, `$$` is a dollar sign, and everything else stays.
    """
    return re.sub(
        r"\$\$|\$\(([^)]*)\)",
        lambda match: "$" if match[0] == "$$" else environment.get(match[1], match[0]),
        value,
    )


# The add-on


def test_the_class_lists_each_secret_as_a_file(manifest: Manifest) -> None:
    provider, _ = documents(manifest, "gke", openrouter=7)
    files = yaml.safe_load(provider["spec"]["parameters"].pop("secrets"))
    assert provider == {
        "apiVersion": "secrets-store.csi.x-k8s.io/v1",
        "kind": "SecretProviderClass",
        "metadata": {"name": "search-keys", "namespace": "search"},
        "spec": {"provider": "gke", "parameters": {}},
    }
    assert files == [
        {"resourceName": f"{VERSIONS}/prod-anthropic-api-key/versions/current", "path": "ANTHROPIC_API_KEY"},
        {"resourceName": f"{VERSIONS}/prod-openrouter-api-key/versions/7", "path": "OPENROUTER_API_KEY"},
    ]
    assert all(RESOURCE.fullmatch(file["resourceName"]) for file in files)


def test_the_pod_runs_as_the_reader_and_mounts_the_class_of_its_namespace(manifest: Manifest) -> None:
    provider, deployment = documents(manifest, "gke")
    assert deployment == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "search", "namespace": "search"},
        "spec": {
            "template": {
                "spec": {
                    "serviceAccountName": "search",
                    "containers": [
                        {
                            "name": "search",
                            "env": [
                                {"name": "ANTHROPIC_MODEL", "value": "claude-sonnet-4-6"},
                                {"name": "ANTHROPIC_API_KEY_FILE", "value": "/secrets/ANTHROPIC_API_KEY"},
                                {"name": "OPENROUTER_API_KEY_FILE", "value": "/secrets/OPENROUTER_API_KEY"},
                            ],
                            "volumeMounts": [
                                {"name": "keyplan-keys", "mountPath": "/secrets", "readOnly": True}
                            ],
                        }
                    ],
                    "volumes": [
                        {
                            "name": "keyplan-keys",
                            "csi": {
                                "driver": "secrets-store-gke.csi.k8s.io",
                                "readOnly": True,
                                "volumeAttributes": {"secretProviderClass": provider["metadata"]["name"]},
                            },
                        }
                    ],
                }
            }
        },
    }


def test_the_files_are_where_the_variables_say(manifest: Manifest) -> None:
    provider, deployment = documents(manifest, "gke")
    [container] = pod(deployment)["containers"]
    [mount] = container["volumeMounts"]
    paths = {
        f"{mount['mountPath']}/{file['path']}"
        for file in yaml.safe_load(provider["spec"]["parameters"]["secrets"])
    }
    assert {entry["value"] for entry in container["env"] if entry["name"].endswith("_FILE")} == paths


# External Secrets


def test_the_store_reads_as_the_pods_own_account(manifest: Manifest) -> None:
    store, secret, _ = documents(manifest, "gke-external-secrets", openrouter=7)
    assert store == {
        "apiVersion": "external-secrets.io/v1",
        "kind": "SecretStore",
        "metadata": {"name": "search-keys", "namespace": "search"},
        "spec": {
            "provider": {
                "gcpsm": {
                    "projectID": PROJECT,
                    "auth": {"workloadIdentity": {"serviceAccountRef": {"name": "search"}}},
                }
            }
        },
    }
    assert secret == {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "search-keys", "namespace": "search"},
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "SecretStore", "name": "search-keys"},
            "target": {"name": "search-keys", "creationPolicy": "Owner"},
            "data": [
                {
                    "secretKey": "ANTHROPIC_API_KEY",
                    "remoteRef": {"key": "prod-anthropic-api-key", "version": "current"},
                },
                {
                    "secretKey": "OPENROUTER_API_KEY",
                    "remoteRef": {"key": "prod-openrouter-api-key", "version": "7"},
                },
            ],
        },
    }


def test_the_pod_takes_its_variables_from_the_secret_that_is_made(manifest: Manifest) -> None:
    _, secret, deployment = documents(manifest, "gke-external-secrets")
    made = {entry["secretKey"] for entry in secret["spec"]["data"]}
    [container] = pod(deployment)["containers"]
    references = [entry["valueFrom"]["secretKeyRef"] for entry in container["env"] if "valueFrom" in entry]
    assert {reference["name"] for reference in references} == {secret["spec"]["target"]["name"]}
    assert {reference["key"] for reference in references} == made
    assert "volumes" not in pod(deployment)


# Both


@pytest.mark.parametrize("target", ["gke", "gke-external-secrets"])
def test_namespace_and_account_are_those_that_iam_knows(manifest: Manifest, target: str) -> None:
    member = pod_principal("data.science", "reader-1", "cluster-project")
    changed = with_consumer(manifest, "search", member=member, settings={"namespace": "elsewhere"})
    found = documents(changed, target)
    assert {document["metadata"]["namespace"] for document in found} == {"data.science"}
    assert pod(found[-1])["serviceAccountName"] == "reader-1"
    if target == "gke-external-secrets":
        provider = found[0]["spec"]["provider"]["gcpsm"]
        assert provider["auth"]["workloadIdentity"] == {
            "serviceAccountRef": {"name": "reader-1"},
            "clusterProjectID": "cluster-project",
        }
        assert provider["projectID"] == PROJECT


@pytest.mark.parametrize("target", ["gke", "gke-external-secrets"])
def test_no_annotation_and_no_account_of_google_is_needed(manifest: Manifest, target: str) -> None:
    text = wire(manifest, "search", target)
    assert "iam.gke.io" not in text
    assert "gserviceaccount" not in text


@pytest.mark.parametrize("target", ["gke", "gke-external-secrets"])
@given(env=VARIABLES)
@MANY
def test_plain_variables_reach_the_program_exactly(
    manifest: Manifest, target: str, env: dict[str, str]
) -> None:
    changed = with_consumer(manifest, "search", env=env)
    [container] = pod(documents(changed, target)[-1])["containers"]
    given_values = {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}
    reached = {name: expanded(value, env) for name, value in given_values.items()}
    assert {name: reached[name] for name in env} == env


def test_the_expansion_of_these_tests_is_kubernetes_own() -> None:
    """The examples of the Kubernetes documentation."""
    known = {"A": "1", "B": "$(A)"}
    assert expanded("$(A)/$(MISSING)/$$(A)/$$$(A)/$A/100$", known) == "1/$(MISSING)/$(A)/$1/$A/100$"


@pytest.mark.parametrize(
    ("target", "words", "pinned"),
    [
        ("gke", "With the add-on's rotation switched on", "restart the pods"),
        (
            "gke-external-secrets",
            "is in the Secret within this time; restart the pods",
            "name the new one below",
        ),
    ],
)
def test_a_comment_says_what_a_rotation_needs(
    manifest: Manifest, target: str, words: str, pinned: str
) -> None:
    assert words in wire(manifest, "search", target)
    assert pinned in wire(manifest, "search", target, {"anthropic": 7})
