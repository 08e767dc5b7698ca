"""What both GKE targets share: which pod reads, as IAM knows it, and the part of its Deployment.

The principal that IAM grants to is the only source: a namespace or a service account of another name could
read nothing.
Source: GKE, "Authenticate to Google Cloud APIs from GKE workloads", principal identifiers; checked
2026-11-21.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from keyplan.errors import ManifestError
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.consumers import subject
from keyplan.wiring.federation.pods import with_identity
from keyplan.wiring.gcp.reader import WRITE_AGAIN
from keyplan.wiring.kubernetes import deployment as part_of_deployment
from keyplan.wiring.kubernetes import label, stream
from keyplan.wiring.kubernetes import variables as variables
from keyplan.wiring.syntax.yaml import Node, Noted

_PRINCIPAL = re.compile(
    r"principal://iam\.googleapis\.com/projects/[0-9]+/locations/global/workloadIdentityPools/"
    r"([a-z0-9.:-]+)\.svc\.id\.goog/subject/ns/([a-z0-9.-]+)/sa/([a-z0-9.-]+)"
)


@dataclass(frozen=True)
class Pod:
    """The pods that read."""

    cluster_project: str  # the id of the cluster's project
    namespace: str
    service_account: str  # the Kubernetes one


def pod_of(consumer: ManifestConsumer) -> Pod:
    """The pods that IAM grants to.

    Raises:
        ManifestError: the manifest names none.
    """
    match = _PRINCIPAL.fullmatch(consumer.member or "")
    if match is None:
        raise ManifestError(
            f"the consumer {consumer.name} has no Kubernetes principal in the manifest, and gke needs one",
            WRITE_AGAIN,
        )
    return Pod(match[1], match[2], match[3])


def deployment(
    consumer: ManifestConsumer, container: dict[str, Node], volumes: list[Node]
) -> dict[str, Node]:
    """The part of a Deployment around one container, a strategic merge patch as Kustomize takes it."""
    pod = pod_of(consumer)
    name = label(consumer.name)
    note = "Known to IAM by its own name: no Google service account, and no annotation."
    specification: dict[str, Node] = {
        "serviceAccountName": Noted(note, pod.service_account),
        "containers": [{"name": name, **container}],
    }
    if volumes:
        specification["volumes"] = volumes
    specification = with_identity(consumer, pod.namespace, pod.service_account, specification)
    return part_of_deployment(name, pod.namespace, specification)


def render_all(
    manifest: Manifest, consumer: ManifestConsumer, advice: str, documents: list[dict[str, Node]]
) -> str:
    """Several documents as one YAML stream, under a heading."""
    heading = (
        f"{subject(consumer)} in {manifest.environment}, for GKE; no value of a key is in here.\n{advice}"
    )
    return stream(heading, documents)
