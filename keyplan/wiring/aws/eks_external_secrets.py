"""The EKS target with variables: External Secrets copies the keys into a Kubernetes Secret.

The store reads as the consumer's own service account, and the operator needs no role. That takes IRSA
(`setting` of the target): it cannot become an account with Pod Identity.

Source: External Secrets, "AWS Access" ("EKS Service Account credentials", and the note of "EKS Pod Identity
Setup"); apis/externalsecrets/v1/secretstore_aws_types.go; checked 2026-11-21.
"""

from __future__ import annotations

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.aws.pods import pod_of, render_all
from keyplan.wiring.consumers import keys_of, plain_of
from keyplan.wiring.external_secrets import NEEDED, environment, secret, store
from keyplan.wiring.kubernetes import WITHOUT_KEYS, label
from keyplan.wiring.syntax.yaml import Node

STAGE = "AWSCURRENT"


def render(manifest: Manifest, consumer: ManifestConsumer) -> str:
    """The SecretStore, the ExternalSecret, and the part of a Deployment that uses them.

    Raises:
        UsageError: a variable that no process can have.
        ManifestError: the manifest lacks the role, or what its trust accepts.
    """
    keys, pod = keys_of(manifest, consumer), pod_of(consumer)
    name = label(f"{consumer.name}-keys")
    references: dict[str, Node] = {
        key.env_var: {"key": key.on_aws().arn, "property": key.on_aws().json_key, "version": STAGE}
        for key in keys
    }
    env = environment(plain_of(consumer), name, references)
    provider: Node = {
        "aws": {
            "service": "SecretsManager",
            "region": manifest.on_aws().region,
            "auth": {"jwt": {"serviceAccountRef": {"name": pod.service_account}}},
        }
    }
    documents = [store(name, pod.namespace, provider), secret(name, pod.namespace, references)]
    specification: dict[str, Node] = {"containers": [{"name": label(consumer.name), "env": env}]}
    if not keys:
        return render_all(manifest, consumer, WITHOUT_KEYS, [], specification)
    return render_all(manifest, consumer, NEEDED, documents, specification)
