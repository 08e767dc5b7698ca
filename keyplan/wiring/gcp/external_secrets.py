"""The GKE target with variables: External Secrets copies the keys into a Kubernetes Secret.

The store reads as the consumer's own Kubernetes service account, which IAM knows by its name.

Source: External Secrets, "Google Cloud Secret Manager" ("Using a Kubernetes service account as a GCP IAM
principal") and apis/externalsecrets/v1/secretstore_gcpsm_types.go: auth.workloadIdentity needs
serviceAccountRef only, and asks the metadata server for the rest; checked 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Mapping

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.external_secrets import FOLLOWING, NEEDED, environment, secret, store
from keyplan.wiring.gcp.pods import Pod, deployment, pod_of, render_all
from keyplan.wiring.gcp.reader import label, plain_of, versions_of
from keyplan.wiring.kubernetes import WITHOUT_KEYS
from keyplan.wiring.syntax.yaml import Node

_ADVICE = f"""\
{NEEDED} The first two documents go into the
cluster as they are; the third is merged into your own Deployment."""
_PINNED = "Where a version is a number: after `keyplan put`, name the new one below and restart the pods."


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """The SecretStore, the ExternalSecret, and the part of a Deployment that uses them.

    Raises:
        ManifestError: the consumer has no Kubernetes principal.
    """
    versions = versions_of(manifest, consumer, pins)
    name, pod = label(f"{consumer.name}-keys"), pod_of(consumer)
    references: dict[str, Node] = {
        version.env_var: {"key": version.secret, "version": version.version} for version in versions
    }
    note = _PINNED if any(version.is_pinned for version in versions) else FOLLOWING
    env = environment(plain_of(consumer), name, references)
    part = deployment(consumer, {"env": env}, [])
    if not versions:
        return render_all(manifest, consumer, WITHOUT_KEYS, [part])
    documents = [
        store(name, pod.namespace, _provider(manifest, pod)),
        secret(name, pod.namespace, references, note),
        part,
    ]
    return render_all(manifest, consumer, _ADVICE, documents)


def _provider(manifest: Manifest, pod: Pod) -> Node:
    project = manifest.on_gcp().project_id
    identity: dict[str, Node] = {"serviceAccountRef": {"name": pod.service_account}}
    if pod.cluster_project != project:
        identity["clusterProjectID"] = pod.cluster_project
    return {"gcpsm": {"projectID": project, "auth": {"workloadIdentity": identity}}}
