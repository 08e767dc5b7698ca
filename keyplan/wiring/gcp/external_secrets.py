"""The GKE target with variables: External Secrets copies the keys into a Kubernetes Secret.

For a program that takes variables only. The value is in the cluster's own store then: whoever may read
Secrets of the namespace has it.

Source: External Secrets, "Google Cloud Secret Manager" ("Using a Kubernetes service account as a GCP IAM
principal") and apis/externalsecrets/v1/secretstore_gcpsm_types.go: auth.workloadIdentity needs
serviceAccountRef only, and asks the metadata server for the rest; checked 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Mapping

from keyplan.manifest import Manifest, ManifestConsumer
from keyplan.wiring.gcp.pods import Pod, deployment, pod_of, render_all, variables
from keyplan.wiring.gcp.reader import KeyVersion, label, plain_of, versions_of
from keyplan.wiring.syntax.yaml import Node, Noted

API_VERSION = "external-secrets.io/v1"
REFRESH_INTERVAL = "1h"  # External Secrets' own default; each refresh is one read of every key
_ADVICE = """\
The cluster needs External Secrets (external-secrets.io, 0.16 or later). The first two documents go into the
cluster as they are; the third is merged into your own Deployment."""
_ROTATION = "What `keyplan put` stored is in the Secret within this time; restart the pods then."
_PINNED = "Where a version is a number: after `keyplan put`, name the new one below and restart the pods."


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """The SecretStore, the ExternalSecret, and the part of a Deployment that uses them.

    Raises:
        ManifestError: the consumer has no Kubernetes principal.
    """
    versions = versions_of(manifest, consumer, pins)
    name, pod = label(f"{consumer.name}-keys"), pod_of(consumer)
    env = variables(plain_of(consumer))
    for version in versions:
        reference: Node = {"name": name, "key": version.env_var}
        env.append({"name": version.env_var, "valueFrom": {"secretKeyRef": reference}})
    documents = [
        _store(manifest, pod, name),
        _secret(pod, name, versions),
        deployment(consumer, {"env": env}, []),
    ]
    return render_all(manifest, consumer, _ADVICE, documents)


def _store(manifest: Manifest, pod: Pod, name: str) -> dict[str, Node]:
    project = manifest.on_gcp().project_id
    identity: dict[str, Node] = {"serviceAccountRef": {"name": pod.service_account}}
    if pod.cluster_project != project:
        identity["clusterProjectID"] = pod.cluster_project
    provider: Node = {"gcpsm": {"projectID": project, "auth": {"workloadIdentity": identity}}}
    return {
        "apiVersion": API_VERSION,
        "kind": "SecretStore",
        "metadata": {"name": name, "namespace": pod.namespace},
        "spec": {"provider": provider},
    }


def _secret(pod: Pod, name: str, versions: tuple[KeyVersion, ...]) -> dict[str, Node]:
    data: list[Node] = [
        {"secretKey": version.env_var, "remoteRef": {"key": version.secret, "version": version.version}}
        for version in versions
    ]
    note = _PINNED if any(version.is_pinned for version in versions) else _ROTATION
    return {
        "apiVersion": API_VERSION,
        "kind": "ExternalSecret",
        "metadata": {"name": name, "namespace": pod.namespace},
        "spec": {
            "refreshInterval": Noted(note, REFRESH_INTERVAL),
            "secretStoreRef": {"kind": "SecretStore", "name": name},
            "target": {"name": name, "creationPolicy": "Owner"},
            "data": data,
        },
    }
