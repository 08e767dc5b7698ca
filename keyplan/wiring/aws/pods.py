"""What both EKS targets share: which pods read, how they become the reader, and the documents that say so.

The trust of the role names one service account of one namespace (and, by Pod Identity, one cluster): other
names could read nothing, so that the consumer's own settings are the only source.

Source: EKS User Guide, "Assign IAM roles to Kubernetes service accounts" (the annotation) and "Assign an IAM
role to a Kubernetes service account" (the association of Pod Identity); checked 2026-11-21.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from keyplan.errors import ManifestError
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.routes import Route
from keyplan.wiring.consumers import role_of, subject, text_setting
from keyplan.wiring.federation.pods import with_identity
from keyplan.wiring.kubernetes import deployment, label, stream
from keyplan.wiring.syntax.yaml import Node, Noted

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
IRSA = "irsa"
WRITE_AGAIN = "run `pulumi up` or `make sandbox` again: they write a manifest that is right"
ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"


@dataclass(frozen=True)
class Pod:
    """The pods that read."""

    cluster: str
    namespace: str
    service_account: str
    uses_irsa: bool  # otherwise Pod Identity


def pod_of(consumer: ManifestConsumer) -> Pod:
    """The pods that the role's trust accepts.

    Raises:
        ManifestError: the manifest does not name them.
    """
    found = {name: text_setting(consumer, name) for name in ("cluster", "namespace", "serviceAccount")}
    for name, value in found.items():
        if value is None or (name != "cluster" and _NAME.fullmatch(value) is None):
            raise ManifestError(
                f"consumers.{consumer.name}.settings.{name}: expected the name that the role's trust accepts",
                WRITE_AGAIN,
            )
    return Pod(
        str(found["cluster"]),
        str(found["namespace"]),
        str(found["serviceAccount"]),
        text_setting(consumer, "identity") == IRSA,
    )


def render_all(
    manifest: Manifest,
    consumer: ManifestConsumer,
    advice: str,
    documents: list[dict[str, Node]],
    specification: dict[str, Node],
) -> str:
    """The stream: the service account where it names the role, `documents`, and the part of a Deployment.

    Args:
        specification: the pod's, with one container; without its service account.
    """
    pod = pod_of(consumer)
    # Federation alone takes the cluster's own token, and no role.
    needs_role = bool(consumer.keys) or consumer.route != Route.FEDERATION
    account = [_service_account(consumer, pod)] if needs_role and pod.uses_irsa else []
    name = text_setting(consumer, "deployment") or label(consumer.name)
    specification = with_identity(consumer, pod.namespace, pod.service_account, specification)
    patch = deployment(
        name,
        pod.namespace,
        {"serviceAccountName": Noted(_note(pod, needs_role), pod.service_account), **specification},
    )
    heading = [
        f"{subject(consumer)} in {manifest.environment}, for EKS; no value of a key is in here.",
        advice,
        *(_association(manifest, consumer, pod) if needs_role and not pod.uses_irsa else []),
        "The last document is merged into your own Deployment; the others go into the cluster as they are.",
    ]
    return stream("\n".join(heading), [*account, *documents, patch])


def _note(pod: Pod, has_role: bool) -> str:
    if not has_role:
        return "The one account that the federation rule lets in."
    how = "by the annotation above" if pod.uses_irsa else "by the association above"
    return f"The one account that the role's trust accepts; it has the role {how}."


def _service_account(consumer: ManifestConsumer, pod: Pod) -> dict[str, Node]:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": pod.service_account,
            "namespace": pod.namespace,
            "annotations": {ROLE_ANNOTATION: role_of(consumer)},
        },
    }


def _association(manifest: Manifest, consumer: ManifestConsumer, pod: Pod) -> list[str]:
    """Once for a cluster; session tags stay on, since the trust compares them."""
    names = ["--namespace", pod.namespace, "--service-account", pod.service_account]
    return [
        "Once, with the Pod Identity Agent in the cluster; leave session tags on, the trust compares them:",
        f"  aws eks create-pod-identity-association --cluster-name {shlex.quote(pod.cluster)} \\",
        f"    --region {manifest.on_aws().region} {shlex.join(names)} \\",
        f"    --role-arn {shlex.quote(role_of(consumer))}",
    ]
