"""An identity token in a pod: a file that the kubelet keeps up to date, for Anthropic and nobody else.

Source: Kubernetes, "Configure Service Accounts for Pods", service account token projection (at least 600
seconds; the kubelet asks for a new one when four fifths of the time are over); Claude API, "Use WIF with
Kubernetes"; checked 2026-11-21.
"""

from __future__ import annotations

from typing import Any

from keyplan.errors import ManifestError
from keyplan.manifest.model import ManifestConsumer
from keyplan.routes import IDENTITY_TOKEN_FILE
from keyplan.wiring.consumers import require_distinct
from keyplan.wiring.federation.tokens import TOKEN_FILE, TOKEN_FOLDER, TOKEN_SECONDS, audience_of
from keyplan.wiring.syntax.yaml import Node, Noted

VOLUME = "anthropic-identity"
_NOTE = """\
In place of a key. Take ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN out of the container: the clients would use
them and never say so. Anthropic takes each token once: let one program of the pod use it, and let the
federation rule give tokens of an hour, since a new one is here after 48 minutes."""


def with_identity(
    consumer: ManifestConsumer, namespace: str, service_account: str, specification: dict[str, Node]
) -> dict[str, Node]:
    """The pod's specification, with a token's file for its one container where the route is federation.

    Raises:
        ManifestError: a plain variable in the token's place.
    """
    audience = audience_of(consumer)
    if audience is None:
        return specification
    require_distinct(consumer, [*consumer.env, IDENTITY_TOKEN_FILE])
    [container] = _list(specification["containers"])
    if not isinstance(container, dict):
        raise ManifestError(f"the consumer {consumer.name} has no container")
    name = container["name"]
    rest = {key: node for key, node in container.items() if key not in ("name", "env", "volumeMounts")}
    variable: Node = {"name": IDENTITY_TOKEN_FILE, "value": TOKEN_FILE}
    mount: Node = {"name": VOLUME, "mountPath": TOKEN_FOLDER, "readOnly": True}
    subject = f"system:serviceaccount:{namespace}:{service_account}"
    token: Node = {"audience": audience, "expirationSeconds": TOKEN_SECONDS, "path": "token"}
    source: Node = Noted(f"The federation rule names its `sub`: {subject}", {"serviceAccountToken": token})
    volume: Node = {"name": VOLUME, "projected": {"sources": [source]}}
    return {
        **specification,
        "containers": [
            {
                "name": name,
                "env": [*_list(container.get("env", [])), Noted(_NOTE, variable)],
                "volumeMounts": [*_list(container.get("volumeMounts", [])), mount],
                **rest,
            }
        ],
        "volumes": [*_list(specification.get("volumes", [])), volume],
    }


def _list(node: Any) -> list[Node]:
    return list(node)
