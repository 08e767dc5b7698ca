"""The EKS target: files in a pod, put there by the Secrets Store CSI driver with AWS's provider (ASCP).

The value is in the pod's memory and in no Kubernetes Secret. The provider mounts two files a key: the stored
object as it is, which it always does, and the one field that is the value.

Source: Secrets Manager User Guide, "AWS Secrets and Configuration Provider code examples"
(SecretProviderClass: region, usePodIdentity, objects); README of secrets-store-csi-driver-provider-aws
(objectAlias, jmesPath; no Fargate, whose nodes run no DaemonSet); checked 2026-11-21.
"""

from __future__ import annotations

from keyplan.manifest.model import Manifest, ManifestConsumer, ManifestKey
from keyplan.wiring.aws.pods import pod_of, render_all
from keyplan.wiring.consumers import MOUNT_FOLDER, file_paths, keys_of, plain_of
from keyplan.wiring.kubernetes import VOLUME, WITHOUT_KEYS, label, variables
from keyplan.wiring.syntax.yaml import Block, Node, Noted

OBJECT_SUFFIX = ".json"  # of the file with the stored object
_ADVICE = """\
The cluster needs the Secrets Store CSI driver with AWS's provider. Fargate cannot run it."""
_ROTATION = """\
Read when a pod starts. With the driver's rotation switched on, the file follows what `keyplan put` stored,
and a program that opens it again has it; without it, restart the pods."""


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The SecretProviderClass, and the part of a Deployment that mounts it.

    Raises:
        UsageError: a variable that no process can have.
        ManifestError: the manifest lacks the role, or what its trust accepts.
    """
    keys, pod = keys_of(manifest, consumer), pod_of(consumer)
    name = label(f"{consumer.name}-keys")
    paths = {key.env_var: f"{MOUNT_FOLDER}/{key.env_var}" for key in keys}
    plain = plain_of(consumer) | file_paths(consumer, paths)
    container: dict[str, Node] = {"name": label(consumer.name), "env": variables(plain)}
    if not keys:
        return render_all(manifest, consumer, WITHOUT_KEYS, [], {"containers": [container]})
    parameters: dict[str, Node] = {"region": manifest.on_aws().region}
    if not pod.uses_irsa:
        parameters["usePodIdentity"] = "true"
    parameters["objects"] = Noted(_ROTATION, _objects(keys))
    provider: dict[str, Node] = {
        "apiVersion": "secrets-store.csi.x-k8s.io/v1",
        "kind": "SecretProviderClass",
        "metadata": {"name": name, "namespace": pod.namespace},
        "spec": {"provider": "aws", "parameters": parameters},
    }
    container["volumeMounts"] = [{"name": VOLUME, "mountPath": MOUNT_FOLDER, "readOnly": True}]
    specification: dict[str, Node] = {"containers": [container], "volumes": [_volume(name)]}
    return render_all(manifest, consumer, _ADVICE, [provider], specification)


def _volume(name: str) -> Node:
    return {
        "name": VOLUME,
        "csi": {
            "driver": "secrets-store.csi.k8s.io",
            "readOnly": True,
            "volumeAttributes": {"secretProviderClass": name},
        },
    }


def _objects(keys: tuple[ManifestKey, ...]) -> Block:
    """The list of files, which is itself YAML inside a text."""
    return Block(
        "\n".join(
            f'- objectName: "{key.on_aws().arn}"\n'
            f'  objectAlias: "{key.env_var}{OBJECT_SUFFIX}"\n'
            "  jmesPath:\n"
            f'    - path: "{key.on_aws().json_key}"\n'
            f'      objectAlias: "{key.env_var}"'
            for key in keys
        )
    )
