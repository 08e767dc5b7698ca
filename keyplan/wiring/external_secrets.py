"""What External Secrets is told in every cloud: which store, which keys, how often; and what a pod gets.

The operator copies the keys into a Kubernetes Secret, for a program that takes variables only. The value is
in the cluster's own store then: whoever may read Secrets of the namespace has it. How it becomes the reader
is each cloud's own.

Source: External Secrets, "API" > SecretStore, ExternalSecret (apis/externalsecrets/v1); checked 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from keyplan.wiring.kubernetes import variables
from keyplan.wiring.syntax.yaml import Node, Noted

API_VERSION = "external-secrets.io/v1"
REFRESH_INTERVAL = "1h"  # External Secrets' own default; each refresh is one read of every key
NEEDED = "The cluster needs External Secrets (external-secrets.io, 0.16 or later)."
FOLLOWING = "What `keyplan put` stored is in the Secret within this time; restart the pods then."


def store(name: str, namespace: str, provider: Node) -> dict[str, Node]:
    """The SecretStore.

    Args:
        name: of the store, of the ExternalSecret and of the Secret that it keeps.
        provider: which cloud, and as whom the operator reads there.
    """
    return _document("SecretStore", name, namespace, {"provider": provider})


def secret(
    name: str, namespace: str, references: Mapping[str, Node], note: str = FOLLOWING
) -> dict[str, Node]:
    """The ExternalSecret.

    Args:
        references: environment variable -> where its value is, as the provider names it.
        note: what a rotation means for the Secret.
    """
    return _document(
        "ExternalSecret",
        name,
        namespace,
        {
            "refreshInterval": Noted(note, REFRESH_INTERVAL),
            "secretStoreRef": {"kind": "SecretStore", "name": name},
            "target": {"name": name, "creationPolicy": "Owner"},
            "data": [
                {"secretKey": variable, "remoteRef": reference} for variable, reference in references.items()
            ],
        },
    )


def environment(plain: Mapping[str, str], name: str, keys: Iterable[str]) -> list[Node]:
    """A container's variables: the plain ones, and for each of `keys` a reference into the Secret `name`."""
    env = variables(plain)
    for variable in keys:
        reference: Node = {"name": name, "key": variable}
        env.append({"name": variable, "valueFrom": {"secretKeyRef": reference}})
    return env


def _document(kind: str, name: str, namespace: str, specification: dict[str, Node]) -> dict[str, Node]:
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": specification,
    }
