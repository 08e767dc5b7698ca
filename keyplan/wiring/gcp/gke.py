"""The GKE target: files in a pod, put there by GKE's own Secret Manager add-on.

The value is in the pod's memory and in no Kubernetes Secret. The add-on is a driver of its own
(`secrets-store-gke.csi.k8s.io`, provider `gke`); the one that can be installed beside it has other names.

Source: Secret Manager documentation, "Use Secret Manager add-on with Google Kubernetes Engine"; config.go of
secrets-store-csi-driver-provider-gcp v1.15.0 for `secrets` (resourceName, path); container v1 discovery
document, SecretManagerConfig.rotationConfig (every two minutes, where it is on); checked 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Mapping

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.gcp.pods import deployment, pod_of, render_all, variables
from keyplan.wiring.gcp.reader import MOUNT_FOLDER, KeyVersion, file_variables, label, plain_of, versions_of
from keyplan.wiring.kubernetes import VOLUME, WITHOUT_KEYS
from keyplan.wiring.syntax.yaml import Block, Node, Noted

_ADVICE = """\
The cluster needs the add-on: gcloud container clusters update CLUSTER --enable-secret-manager
The first document goes into the cluster as it is; the second is merged into your own Deployment."""
_ROTATION = """\
Read when a pod starts. With the add-on's rotation switched on, the file follows what `keyplan put` stored
within minutes, and a program that opens it again has it; without it, restart the pods."""
_PINNED = """\
Pinned where a version is a number: after `keyplan put`, name the new version here and restart the pods."""


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """The SecretProviderClass, and the part of a Deployment that mounts it.

    Raises:
        ManifestError: the consumer has no Kubernetes principal.
    """
    versions = versions_of(manifest, consumer, pins)
    name = label(f"{consumer.name}-keys")
    paths = {version.key: f"{MOUNT_FOLDER}/{version.env_var}" for version in versions}
    plain = plain_of(consumer) | file_variables(consumer, versions, paths)
    if not versions:
        return render_all(
            manifest, consumer, WITHOUT_KEYS, [deployment(consumer, {"env": variables(plain)}, [])]
        )
    note = _PINNED if any(version.is_pinned for version in versions) else _ROTATION
    provider: dict[str, Node] = {
        "apiVersion": "secrets-store.csi.x-k8s.io/v1",
        "kind": "SecretProviderClass",
        "metadata": {"name": name, "namespace": pod_of(consumer).namespace},
        "spec": {"provider": "gke", "parameters": {"secrets": Noted(note, _files(versions))}},
    }
    mount: Node = {"name": VOLUME, "mountPath": MOUNT_FOLDER, "readOnly": True}
    volume: Node = {
        "name": VOLUME,
        "csi": {
            "driver": "secrets-store-gke.csi.k8s.io",
            "readOnly": True,
            "volumeAttributes": {"secretProviderClass": name},
        },
    }
    container: dict[str, Node] = {"env": variables(plain), "volumeMounts": [mount]}
    return render_all(manifest, consumer, _ADVICE, [provider, deployment(consumer, container, [volume])])


def _files(versions: tuple[KeyVersion, ...]) -> Block:
    """The list of files, which is itself YAML inside a text."""
    return Block(
        "\n".join(f'- resourceName: "{version.name}"\n  path: "{version.env_var}"' for version in versions)
    )
