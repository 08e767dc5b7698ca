"""What the wiring of pods shares in every cloud: names, variables, and the part of a Deployment."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from keyplan.wiring.syntax.yaml import Node, comment
from keyplan.wiring.syntax.yaml import render as render_yaml

VOLUME = "keyplan-keys"
WITHOUT_KEYS = "It reads no key: the cluster needs nothing for it."
# Source: Kubernetes, "Object Names and IDs", RFC 1123 label names.
LABEL_MAX = 63
HASH_LENGTH = 8


def label(name: str) -> str:
    """`name` as Kubernetes and Cloud Run take it for a container or a volume; two names never become one."""
    wanted = re.sub(r"[^a-z0-9-]", "-", name.lower()).strip("-")
    if wanted == name and len(name) <= LABEL_MAX:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:HASH_LENGTH]
    return f"{wanted[: LABEL_MAX - HASH_LENGTH - 1]}-{digest}".lstrip("-")


def variables(plain: Mapping[str, str]) -> list[Node]:
    """Plain variables. A dollar sign is doubled: Kubernetes reads two as one, and replaces `$(NAME)`.

    Source: Kubernetes, "Define Dependent Environment Variables"; checked 2026-11-21.
    """
    return [{"name": name, "value": value.replace("$", "$$")} for name, value in plain.items()]


def deployment(name: str, namespace: str, specification: dict[str, Node]) -> dict[str, Node]:
    """The part of a Deployment around a pod's specification: a strategic merge patch, as Kustomize has it."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"template": {"spec": specification}},
    }


def stream(heading: str, documents: list[dict[str, Node]]) -> str:
    """Several documents as one YAML stream, under a heading."""
    return "\n".join(comment(heading)) + "\n" + "---\n".join(render_yaml(document) for document in documents)
