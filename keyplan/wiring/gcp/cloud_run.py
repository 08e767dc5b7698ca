"""The Cloud Run targets: the part of a service's or a job's YAML with which its container finds its keys.

A value is a variable here, which Cloud Run fills when an instance or a task starts; `cloud_run_volume` has
the form with files. Both name the service account that reads, and both fit `gcloud run services replace` and
`gcloud run jobs replace`.

Source: Cloud Run Admin API v1, its discovery document: SecretKeySelector.key (`latest`, a number or a version
alias; v2 says the same of SecretKeySelector.version), RevisionSpec, TaskSpec, and the annotation
run.googleapis.com/secrets for a secret of another project. Cloud Run documentation, "Container runtime
contract" and "Configure environment variables", for the names that it sets itself; checked 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.consumers import refused, subject
from keyplan.wiring.gcp.reader import KeyVersion, account_of, label, plain_of, project_of_account, versions_of
from keyplan.wiring.syntax.yaml import Node, Noted, comment
from keyplan.wiring.syntax.yaml import render as render_yaml

JOB = "cloud-run-job"
SECRETS_ANNOTATION = "run.googleapis.com/secrets"
VALUE_MAX_BYTES = 32768  # Source: Cloud Run Admin API v2, EnvVar.value
RESERVED_PREFIX = "X_GOOGLE_"
RESERVED = frozenset(
    {
        "PORT",
        "K_SERVICE",
        "K_REVISION",
        "K_CONFIGURATION",
        "CLOUD_RUN_JOB",
        "CLOUD_RUN_EXECUTION",
        "CLOUD_RUN_TASK_INDEX",
        "CLOUD_RUN_TASK_ATTEMPT",
        "CLOUD_RUN_TASK_COUNT",
    }
)

_ROTATION = {
    "cloud-run": "Read when an instance starts: after `keyplan put`, deploy a new revision.",
    JOB: "Read when a task starts: the next execution has what `keyplan put` stored.",
}
_PINNED = {
    "cloud-run": "Pinned: after `keyplan put`, name the new version here and deploy.",
    JOB: "Pinned: after `keyplan put`, name the new version here and replace the job.",
}


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """The fragment with variables.

    Raises:
        UsageError: a variable that Cloud Run would refuse.
        ManifestError: the consumer has no service account.
    """
    versions = versions_of(manifest, consumer, pins)
    names = secret_names(manifest, consumer, versions)
    env: list[Node] = environment(consumer, plain_of(consumer))
    refuse_reserved(consumer, (version.env_var for version in versions))
    for version in versions:
        notes = _PINNED if version.is_pinned else _ROTATION
        reference: Node = {"name": names[version.key], "key": version.version}
        entry: Node = {"name": version.env_var, "valueFrom": {"secretKeyRef": reference}}
        env.append(Noted(notes[consumer.runtime], entry))
    return resource(manifest, consumer, versions, {"env": env}, {})


def resource(
    manifest: Manifest,
    consumer: ManifestConsumer,
    versions: tuple[KeyVersion, ...],
    container: dict[str, Node],
    specification: dict[str, Node],
) -> str:
    """The service or job around a container, as YAML.

    Args:
        versions: what it reads; a secret of another project is declared in an annotation.
        container: the container's fields besides its name.
        specification: further fields of the revision or the task.
    """
    pod: dict[str, Node] = {
        "serviceAccountName": Noted("The reader of these keys, and nobody else.", account_of(consumer)),
        "containers": [{"name": label(consumer.name), **container}],
        **specification,
    }
    template: dict[str, Node] = {}
    foreign = _foreign_secrets(manifest, consumer, versions)
    if foreign:
        note = f"These secrets are in the project {manifest.on_gcp().project_id}, not in the account's own."
        template["metadata"] = {"annotations": {SECRETS_ANNOTATION: Noted(note, ",".join(foreign))}}
    is_job = consumer.runtime == JOB
    template["spec"] = {"template": {"spec": pod}} if is_job else pod
    document: dict[str, Node] = {
        "apiVersion": "run.googleapis.com/v1" if is_job else "serving.knative.dev/v1",
        "kind": "Job" if is_job else "Service",
        "metadata": {"name": label(consumer.name)},
        "spec": {"template": template},
    }
    kind = "job" if is_job else "service"
    heading = (
        f"{subject(consumer)} in {manifest.environment}, for Cloud Run; no value of a key is in here.\n"
        f"Merge it into the {kind}'s own YAML, which has the image and the rest, and then:\n"
        f"gcloud run {kind}s replace {kind}.yaml"
    )
    return "\n".join(comment(heading)) + "\n" + render_yaml(document)


def secret_names(
    manifest: Manifest, consumer: ManifestConsumer, versions: tuple[KeyVersion, ...]
) -> dict[str, str]:
    """Key name to what Cloud Run calls its secret: the id, or in another project a name of this fragment."""
    foreign = _is_foreign(manifest, consumer)
    return {version.key: label(version.key) if foreign else version.secret for version in versions}


def environment(consumer: ManifestConsumer, variables: Mapping[str, str]) -> list[Node]:
    """Variables that hold no key.

    Raises:
        UsageError: one that Cloud Run sets itself, or that is too long for it.
    """
    refuse_reserved(consumer, variables)
    for name, value in variables.items():
        if len(value.encode()) > VALUE_MAX_BYTES:
            raise refused(consumer, name, f"Cloud Run holds {VALUE_MAX_BYTES} bytes in a variable")
    return [{"name": name, "value": value} for name, value in variables.items()]


def refuse_reserved(consumer: ManifestConsumer, names: Iterable[str]) -> None:
    """Raise UsageError for a variable that Cloud Run sets itself."""
    for name in names:
        if name in RESERVED or name.startswith(RESERVED_PREFIX):
            raise refused(consumer, name, "Cloud Run sets it itself")


def _is_foreign(manifest: Manifest, consumer: ManifestConsumer) -> bool:
    """Whether it runs in another project than the secrets': an account is used in its own project."""
    project = project_of_account(account_of(consumer))
    return project is not None and project != manifest.on_gcp().project_id


def _foreign_secrets(
    manifest: Manifest, consumer: ManifestConsumer, versions: tuple[KeyVersion, ...]
) -> list[str]:
    if not _is_foreign(manifest, consumer):
        return []
    number = manifest.on_gcp().project_number
    return [f"{label(version.key)}:projects/{number}/secrets/{version.secret}" for version in versions]
