"""Google Cloud in a catalogue: the fields of its runtimes, and the section `gcp:`."""

from __future__ import annotations

from keyplan.catalogue import GcpSettings, GkeSettings, Runtime, ServiceAccountSettings, Settings
from keyplan.checks.fields import Field, Node, Record, boolean, list_of, read_record, text
from keyplan.checks.formats import kubernetes_name
from keyplan.checks.gcp_formats import administrator, kms_key, location, project_id, service_account
from keyplan.checks.problems import Reported
from keyplan.checks.services import DEPLOYMENT, RuntimeFields

# Where the key of a secret is whose locations Google chooses.
# Source: Secret Manager API, CustomerManagedEncryption.kmsKeyName (checked 2026-11-21).
ANYWHERE = "global"

_SERVICE_ACCOUNT_FIELD = Field(
    "serviceAccount",
    service_account,
    "service account",
    "an existing service account that may read",
    "chat-api@example-prod.iam.gserviceaccount.com",
    default_text="a new service account",
)


def _service_account_settings(node: Node, record: Record) -> Settings:
    return ServiceAccountSettings(record.get("serviceAccount"), record.get("serviceName"))


def _gke(node: Node, record: Record) -> Settings:
    return GkeSettings(
        namespace=record.get("namespace"),
        service_account=record.get("serviceAccount"),
        project=record.get("project"),
        deployment=record.get("deployment"),
    )


_WITH_SERVICE_ACCOUNT = RuntimeFields((_SERVICE_ACCOUNT_FIELD,), _service_account_settings)


def _on_cloud_run(kind: str, example: str) -> RuntimeFields:
    """A service or a job, which can be named for the time after a rotation."""
    # Source: Cloud Run Admin API v2, services.create and jobs.create: up to 49 and 63 lower-case letters,
    # digits and hyphens (checked 2026-11-21).
    name = Field(
        "serviceName",
        text(
            r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
            f"the name of a Cloud Run {kind}: lower-case letters, digits and hyphens",
            lambda given: given.strip().rpartition("/")[2].lower().replace("_", "-"),
        ),
        f"{kind} name",
        f"the {kind} to deploy again after a rotation, so that it reads the new value",
        example,
    )
    return RuntimeFields((_SERVICE_ACCOUNT_FIELD, name), _service_account_settings)


GCP_RUNTIME_FIELDS = {
    Runtime.CLOUD_RUN: _on_cloud_run("service", "chat-api"),
    Runtime.CLOUD_RUN_JOB: _on_cloud_run("job", "nightly"),
    Runtime.GKE: RuntimeFields(
        (
            Field(
                "namespace",
                kubernetes_name,
                "Kubernetes name",
                "the pods' namespace",
                "search",
                required=True,
            ),
            Field(
                "serviceAccount",
                kubernetes_name,
                "Kubernetes name",
                "the pods' Kubernetes service account, which may read by itself, without a Google one",
                "indexer",
                required=True,
            ),
            Field(
                "project",
                project_id,
                "project id",
                "the project of the cluster, whose workload identity pool is PROJECT.svc.id.goog",
                "example-clusters",
                default_text="`gcp:project`",
            ),
            DEPLOYMENT,
        ),
        _gke,
    ),
    Runtime.COMPUTE_ENGINE: _WITH_SERVICE_ACCOUNT,
    Runtime.CLOUD_BUILD: _WITH_SERVICE_ACCOUNT,
}

GCP_FIELDS = (
    Field(
        "replication",
        list_of(location, "regions"),
        "list of regions",
        "regions that hold the values; without any, Google chooses them. Another list later means another "
        "secret: Google can't move one",
        "[europe-west1, europe-west4]",
        default=[],
    ),
    Field(
        "kmsKeys",
        list_of(kms_key, "Cloud KMS keys"),
        "list of Cloud KMS keys",
        "existing keys that encrypt the values: one in each region of `replication`, or without it one in "
        "`global`; without any, Google's own",
        "[projects/example-prod/locations/global/keyRings/llm/cryptoKeys/keys]",
        default=[],
    ),
    Field(
        "operators",
        list_of(administrator, "members"),
        "list of members",
        "who may store values and never read them: `group:`, `user:` and `serviceAccount:`",
        "[group:on-call@example.com]",
        default=[],
    ),
    Field(
        "auditors",
        list_of(administrator, "members"),
        "list of members",
        "who may see metadata and policies and never values: `group:`, `user:` and `serviceAccount:`",
        "[group:security@example.com]",
        default=[],
    ),
    Field(
        "dataAccessLogs",
        boolean,
        "boolean",
        "whether every read of Secret Manager in the project is logged; without that, nobody can be told "
        "that a stranger reads",
        "false",
        default=True,
    ),
)


def gcp_settings(node: Node) -> GcpSettings:
    """The section `gcp:`."""
    record = read_record(node, GCP_FIELDS)
    replication: tuple[str, ...] = record.get("replication")
    kms_keys: tuple[str, ...] = record.get("kmsKeys")
    if record.failed:
        raise Reported
    if kms_keys:
        kms_keys = _one_key_a_location(node, kms_keys, replication or (ANYWHERE,))
    return GcpSettings(
        replication=replication,
        kms_keys=kms_keys,
        operators=record.get("operators"),
        auditors=record.get("auditors"),
        data_access_logs=record.get("dataAccessLogs"),
    )


def _one_key_a_location(node: Node, kms_keys: tuple[str, ...], locations: tuple[str, ...]) -> tuple[str, ...]:
    """The keys in the order of the locations. Raises Reported where one has none, or a key is elsewhere."""
    wanted = (
        f"one key in each of {', '.join(locations)}, where the values are"
        if locations != (ANYWHERE,)
        else f"one key, in {ANYWHERE}: without `replication` Google chooses where the values are"
    )
    child = node.child("kmsKeys", list(kms_keys))
    by_location: dict[str, str] = {}
    wrong = False
    for index, key in enumerate(kms_keys):
        its_location = key.split("/")[3]
        if its_location not in locations or its_location in by_location:
            second = "second " if its_location in by_location else ""
            child.child(index, key).reject(wanted, f"a {second}key in {its_location}")
            wrong = True
        by_location.setdefault(its_location, key)
    missing = [each for each in locations if each not in by_location]
    if missing and not wrong:
        raise child.reject(wanted, f"no key in {', '.join(missing)}")
    if wrong:
        raise Reported
    return tuple(by_location[each] for each in locations)
