"""The EKS target with variables: External Secrets copies the keys into a Kubernetes Secret.

For a program that takes variables only. The value is in the cluster's own store then: whoever may read
Secrets of the namespace has it. The store reads as the consumer's own service account, and the operator needs
no role. That takes IRSA (`setting` of the target): it cannot become an account with Pod Identity.

Source: External Secrets, "AWS Access" ("EKS Service Account credentials", and the note of "EKS Pod Identity
Setup"); apis/externalsecrets/v1/secretstore_aws_types.go; checked 2026-11-21.
"""

from __future__ import annotations

from keyplan.manifest import Manifest, ManifestConsumer, ManifestKey
from keyplan.wiring.aws.pods import Pod, pod_of, render_all
from keyplan.wiring.consumers import keys_of, plain_of
from keyplan.wiring.kubernetes import label, variables
from keyplan.wiring.syntax.yaml import Node, Noted

API_VERSION = "external-secrets.io/v1"
REFRESH_INTERVAL = "1h"  # External Secrets' own default; each refresh is one read of every key
STAGE = "AWSCURRENT"
_ADVICE = "The cluster needs External Secrets (external-secrets.io, 0.16 or later)."
_ROTATION = "What `keyplan put` stored is in the Secret within this time; restart the pods then."


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The SecretStore, the ExternalSecret, and the part of a Deployment that uses them.

    Raises:
        UsageError: a variable that no process can have.
        ManifestError: the manifest lacks the role, or what its trust accepts.
    """
    keys, pod = keys_of(manifest, consumer), pod_of(consumer)
    name = label(f"{consumer.name}-keys")
    env = variables(plain_of(consumer))
    for key in keys:
        reference: Node = {"name": name, "key": key.env_var}
        env.append({"name": key.env_var, "valueFrom": {"secretKeyRef": reference}})
    specification: dict[str, Node] = {"containers": [{"name": label(consumer.name), "env": env}]}
    documents = [_store(manifest, pod, name), _secret(pod, name, keys)]
    return render_all(manifest, consumer, _ADVICE, documents, specification)


def _store(manifest: Manifest, pod: Pod, name: str) -> dict[str, Node]:
    provider: Node = {
        "aws": {
            "service": "SecretsManager",
            "region": manifest.on_aws().region,
            "auth": {"jwt": {"serviceAccountRef": {"name": pod.service_account}}},
        }
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "SecretStore",
        "metadata": {"name": name, "namespace": pod.namespace},
        "spec": {"provider": provider},
    }


def _secret(pod: Pod, name: str, keys: tuple[ManifestKey, ...]) -> dict[str, Node]:
    data: list[Node] = [
        {
            "secretKey": key.env_var,
            "remoteRef": {"key": key.on_aws().arn, "property": key.on_aws().json_key, "version": STAGE},
        }
        for key in keys
    ]
    return {
        "apiVersion": API_VERSION,
        "kind": "ExternalSecret",
        "metadata": {"name": name, "namespace": pod.namespace},
        "spec": {
            "refreshInterval": Noted(_ROTATION, REFRESH_INTERVAL),
            "secretStoreRef": {"kind": "SecretStore", "name": name},
            "target": {"name": name, "creationPolicy": "Owner"},
            "data": data,
        },
    }
