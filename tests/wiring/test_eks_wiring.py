"""The EKS texts: what the custom resources take, who the pods are, and what a pod makes of them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import jmespath  # type: ignore[import-untyped]
import pytest
import yaml
from hypothesis import given

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring.conftest import ACCOUNT, REGION
from tests.wiring_gcp.plain_texts import MANY, VARIABLES

SECRETS = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod"
ANTHROPIC_ARN = f"{SECRETS}/anthropic-api-key-AbC12d"
OPENROUTER_ARN = f"{SECRETS}/openrouter-api-key-x9Y8z7"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/prod"
# What AWS's provider takes. Source: README of secrets-store-csi-driver-provider-aws.
OBJECT_FIELDS = {"objectName", "objectType", "objectAlias", "objectVersion", "objectVersionLabel", "jmesPath"}


def documents(manifest: Manifest, target: str, name: str = "search") -> dict[str, dict[str, Any]]:
    """The documents of a text, by kind."""
    found = list(yaml.safe_load_all(wire(manifest, name, target)))
    by_kind = {document["kind"]: document for document in found}
    assert len(by_kind) == len(found)
    return by_kind


def pod(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The pod's specification."""
    specification: dict[str, Any] = found["Deployment"]["spec"]["template"]["spec"]
    return specification


def changed(manifest: Manifest, name: str, **changes: Any) -> Manifest:
    """The manifest with one consumer changed."""
    entry = replace(manifest.consumers[name], **changes)
    return replace(manifest, consumers={**manifest.consumers, name: entry})


# Files


def test_the_class_names_each_secret_and_the_field_that_becomes_a_file(manifest: Manifest) -> None:
    provider = documents(manifest, "eks")["SecretProviderClass"]
    objects = yaml.safe_load(provider["spec"]["parameters"].pop("objects"))
    assert provider == {
        "apiVersion": "secrets-store.csi.x-k8s.io/v1",
        "kind": "SecretProviderClass",
        "metadata": {"name": "search-keys", "namespace": "search"},
        "spec": {"provider": "aws", "parameters": {"region": REGION}},
    }
    assert objects == [
        {
            "objectName": ANTHROPIC_ARN,
            "objectAlias": "ANTHROPIC_API_KEY.json",
            "jmesPath": [{"path": "ANTHROPIC_API_KEY", "objectAlias": "ANTHROPIC_API_KEY"}],
        },
        {
            "objectName": OPENROUTER_ARN,
            "objectAlias": "OPENROUTER_API_KEY.json",
            "jmesPath": [{"path": "OPENROUTER_API_KEY", "objectAlias": "OPENROUTER_API_KEY"}],
        },
    ]
    assert all(set(entry) <= OBJECT_FIELDS for entry in objects)


def test_each_path_finds_the_field_in_what_is_stored(manifest: Manifest) -> None:
    keys = {
        name: replace(key, aws=replace(key.on_aws(), json_key="_k9")) for name, key in manifest.keys.items()
    }
    for known, field in ((manifest, "ANTHROPIC_API_KEY"), (replace(manifest, keys=keys), "_k9")):
        parameters = documents(known, "eks")["SecretProviderClass"]["spec"]["parameters"]
        path = yaml.safe_load(parameters["objects"])[0]["jmesPath"][0]["path"]
        assert jmespath.search(path, {"other": "no", field: "the value"}) == "the value"


def test_the_files_are_where_the_variables_say(manifest: Manifest) -> None:
    found = documents(manifest, "eks")
    [container] = pod(found)["containers"]
    [mount] = container["volumeMounts"]
    objects = yaml.safe_load(found["SecretProviderClass"]["spec"]["parameters"]["objects"])
    files = {f"{mount['mountPath']}/{part['objectAlias']}" for entry in objects for part in entry["jmesPath"]}
    assert {entry["value"] for entry in container["env"] if entry["name"].endswith("_FILE")} == files
    [volume] = pod(found)["volumes"]
    assert volume == {
        "name": mount["name"],
        "csi": {
            "driver": "secrets-store.csi.k8s.io",
            "readOnly": True,
            "volumeAttributes": {"secretProviderClass": "search-keys"},
        },
    }


def test_with_pod_identity_the_provider_is_told_and_the_association_is_named(manifest: Manifest) -> None:
    found = documents(manifest, "eks", "indexer")
    assert set(found) == {"SecretProviderClass", "Deployment"}
    # A text: the parameters of the class are a map of texts.
    assert found["SecretProviderClass"]["spec"]["parameters"]["usePodIdentity"] == "true"
    words = re.sub(r"\\\n#", "", wire(manifest, "indexer", "eks"))
    command = next(line for line in words.splitlines() if "create-pod-identity-association" in line)
    assert command.split()[1:] == [
        "aws", "eks", "create-pod-identity-association", "--cluster-name", "main", "--region", REGION,
        "--namespace", "search", "--service-account", "indexer", "--role-arn", f"{ROLE}-indexer-reader",
    ]  # fmt: skip


def test_the_deployment_has_the_name_that_is_rolled_out_after_a_rotation(manifest: Manifest) -> None:
    assert documents(manifest, "eks", "indexer")["Deployment"]["metadata"]["name"] == "indexer-v2"
    assert documents(manifest, "eks")["Deployment"]["metadata"]["name"] == "search"


# Variables


def test_the_store_reads_as_the_pods_own_account(manifest: Manifest) -> None:
    found = documents(manifest, "eks-external-secrets")
    assert found["SecretStore"] == {
        "apiVersion": "external-secrets.io/v1",
        "kind": "SecretStore",
        "metadata": {"name": "search-keys", "namespace": "search"},
        "spec": {
            "provider": {
                "aws": {
                    "service": "SecretsManager",
                    "region": REGION,
                    "auth": {"jwt": {"serviceAccountRef": {"name": "search"}}},
                }
            }
        },
    }
    assert found["ExternalSecret"] == {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "search-keys", "namespace": "search"},
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "SecretStore", "name": "search-keys"},
            "target": {"name": "search-keys", "creationPolicy": "Owner"},
            "data": [
                {
                    "secretKey": name,
                    "remoteRef": {"key": arn, "property": name, "version": "AWSCURRENT"},
                }
                for name, arn in (
                    ("ANTHROPIC_API_KEY", ANTHROPIC_ARN),
                    ("OPENROUTER_API_KEY", OPENROUTER_ARN),
                )
            ],
        },
    }


def test_the_pod_takes_its_variables_from_the_secret_that_is_made(manifest: Manifest) -> None:
    found = documents(manifest, "eks-external-secrets")
    made = {entry["secretKey"] for entry in found["ExternalSecret"]["spec"]["data"]}
    [container] = pod(found)["containers"]
    references = [entry["valueFrom"]["secretKeyRef"] for entry in container["env"] if "valueFrom" in entry]
    assert {reference["name"] for reference in references} == {"search-keys"}
    assert {reference["key"] for reference in references} == made
    assert "volumes" not in pod(found)


def test_pod_identity_has_no_external_secrets_and_says_what_it_has(manifest: Manifest) -> None:
    with pytest.raises(UsageError) as caught:
        wire(manifest, "indexer", "eks-external-secrets")
    assert caught.value.message == (
        "the target eks-external-secrets needs `identity: irsa`, which indexer does not have; "
        "what fits it: eks, dotenv"
    )
    assert caught.value.hint == "keyplan wire eks indexer"


# Both


@pytest.mark.parametrize("target", ["eks", "eks-external-secrets"])
def test_with_irsa_the_account_names_the_role_and_the_pod_names_the_account(
    manifest: Manifest, target: str
) -> None:
    found = documents(manifest, target)
    assert found["ServiceAccount"] == {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": "search",
            "namespace": "search",
            "annotations": {"eks.amazonaws.com/role-arn": f"{ROLE}-search-reader"},
        },
    }
    assert pod(found)["serviceAccountName"] == "search"
    assert {document["metadata"]["namespace"] for document in found.values()} == {"search"}


@pytest.mark.parametrize("target", ["eks", "eks-external-secrets"])
@given(env=VARIABLES)
@MANY
def test_plain_variables_reach_the_program_exactly(
    manifest: Manifest, target: str, env: dict[str, str]
) -> None:
    [container] = pod(documents(changed(manifest, "search", env=env), target))["containers"]
    written = {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}
    # Source: Kubernetes, "Define Dependent Environment Variables".
    reached = {
        name: re.sub(r"\$\$|\$\(([^)]*)\)", lambda match: "$" if match[0] == "$$" else "replaced", value)
        for name, value in written.items()
    }
    assert {name: reached[name] for name in env} == env


@pytest.mark.parametrize("target", ["eks", "eks-external-secrets"])
def test_a_nul_character_is_refused(manifest: Manifest, target: str) -> None:
    with pytest.raises(UsageError, match="the variable TEXT of search cannot be written"):
        wire(changed(manifest, "search", env={"TEXT": "a\0b"}), "search", target)


@pytest.mark.parametrize("missing", ["cluster", "namespace", "serviceAccount"])
def test_a_manifest_that_does_not_say_which_pods_read_is_refused(manifest: Manifest, missing: str) -> None:
    settings = dict(manifest.consumers["search"].settings)
    del settings[missing]
    with pytest.raises(ManifestError, match=f"consumers.search.settings.{missing}: expected the name"):
        wire(changed(manifest, "search", settings=settings), "search", "eks")


def test_a_namespace_that_kubernetes_would_refuse_is_an_error(manifest: Manifest) -> None:
    settings = {**manifest.consumers["search"].settings, "namespace": "a; rm"}
    with pytest.raises(ManifestError, match=r"settings\.namespace"):
        wire(changed(manifest, "search", settings=settings), "search", "eks")


@pytest.mark.parametrize("target", ["eks", "eks-external-secrets"])
def test_a_comment_says_what_a_rotation_needs(manifest: Manifest, target: str) -> None:
    assert "restart the pods" in wire(manifest, "search", target)


# What gets no wiring


@pytest.mark.parametrize(
    ("name", "instead", "hint"),
    [
        ("search", "instead: eks, eks-external-secrets, dotenv", "keyplan wire eks search"),
        ("chat-api", "instead: ecs, dotenv", "keyplan wire ecs chat-api"),
    ],
)
def test_a_kubernetes_secret_with_a_value_is_refused_with_the_reason(
    manifest: Manifest, name: str, instead: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        wire(manifest, name, "kubernetes-secret")
    assert caught.value.message == (
        "a Kubernetes Secret in a manifest holds the value in Base64, "
        f"which everybody who has the file can read, and no rotation reaches it; {instead}"
    )
    assert caught.value.hint == hint
