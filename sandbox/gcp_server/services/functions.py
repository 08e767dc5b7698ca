"""Cloud Run functions (Cloud Functions v2) and Cloud Run services and jobs: stored, deployed in name only."""

from __future__ import annotations

import re

from sandbox.gcp_server import times
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import invalid
from sandbox.gcp_server.routing import Route
from sandbox.gcp_server.services import operations
from sandbox.gcp_server.services.collection import Collection, Record, by_query, operation_of

FUNCTIONS = "cloudfunctions.googleapis.com"
RUN = "run.googleapis.com"
ITEM_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
LOCATION = "/v2/projects/{project}/locations/{location}"
OUTPUT_FIELDS: tuple[str, ...] = (
    *("name", "uid", "generation", "createTime", "creator", "uri", "urls", "terminalCondition"),
    *("conditions", "latestReadyRevision", "latestCreatedRevision", "observedGeneration"),
)


def _check_id(key: str) -> None:
    if not ITEM_ID.fullmatch(key.rpartition("/")[2]):
        raise invalid(
            "The id has lower-case letters, digits and hyphens, begins with a letter, and 63 at most."
        )


def _new_function(call: Call, key: str, message: Record) -> Record:
    _check_id(key)
    now = times.stamp(times.now())
    record = {**message, "name": key, "state": "ACTIVE", "environment": "GEN_2", "createTime": now}
    _deploy(call, key, record)
    return record


def _deploy(call: Call, key: str, record: Record) -> None:
    """The function's build and the service that runs it."""
    build = record.get("buildConfig") or {}
    if not build.get("runtime") or not build.get("entryPoint"):
        raise invalid("build_config needs a runtime and an entry_point.")
    source = (build.get("source") or {}).get("storageSource") or {}
    place = source.get("bucket", ""), source.get("object", "")
    if place not in call.world.contents:
        raise invalid("The source of the function is not an object in a bucket.")
    parts = key.split("/")
    project, location, name = parts[1], parts[3], parts[5]
    service = f"projects/{project}/locations/{location}/services/{name}"
    host = f"https://{name}-{call.project.number}.{location}.run.app"
    usual = {
        "availableMemory": "256M",
        "availableCpu": "0.1666",
        "timeoutSeconds": 60,
        "maxInstanceRequestConcurrency": 1,
        "ingressSettings": "ALLOW_ALL",
        "serviceAccountEmail": f"{call.project.number}-compute@developer.gserviceaccount.com",
        "allTrafficOnLatestRevision": True,
    }
    config = {**usual, **(record.get("serviceConfig") or {})}
    record["serviceConfig"] = {**config, "service": service, "uri": host, "revision": f"{name}-00001-abc"}
    record["buildConfig"] = {
        **build,
        "build": f"projects/{call.project.number}/locations/{location}/builds/1",
    }
    record["url"] = f"https://{location}-{project}.cloudfunctions.net/{name}"
    record["updateTime"] = times.stamp(times.now())
    container = {"image": "sandbox", "name": name}
    account = record["serviceConfig"]["serviceAccountEmail"]
    template = {"containers": [container], "serviceAccount": account}
    call.world.records[service] = _running(call, service, {"template": template})


def _running(call: Call, key: str, message: Record) -> Record:
    _check_id(key)
    now = times.stamp(times.now())
    parts = key.split("/")
    ready = {"type": "Ready", "state": "CONDITION_SUCCEEDED", "lastTransitionTime": now}
    record = {
        **message,
        "name": key,
        "uid": f"sandbox-{call.world.next_number():08d}",
        "generation": "1",
        "observedGeneration": "1",
        "createTime": now,
        "updateTime": now,
        "creator": call.caller.email or call.caller.member,
        "etag": '"sandbox"',
        "terminalCondition": ready,
    }
    if parts[4] == "services":
        record["uri"] = f"https://{parts[5]}-{call.project.number}.{parts[3]}.run.app"
        record["latestReadyRevision"] = f"{key}/revisions/{parts[5]}-00001-abc"
    return record


def _metadata(key: str) -> Record:
    return {"@type": "type.googleapis.com/google.cloud.functions.v2.OperationMetadata", "target": key}


class _Functions(Collection):
    """Functions run as services, which go with them."""

    def delete(self, call: Call) -> Record:
        key = self.find(call)[0]
        done = super().delete(call)
        service = key.replace("/functions/", "/services/")
        call.world.records.pop(service, None)
        call.world.policies.pop(service, None)
        return done


FUNCTION = _Functions(
    service=FUNCTIONS,
    path=f"{LOCATION}/functions",
    item="function",
    list_field="functions",
    schema="Function",
    permissions="cloudfunctions.functions",
    given=by_query("functionId"),
    complete=_new_function,
    fixed=("name", "state", "environment", "createTime", "url"),
    checked=_deploy,
    operation=operation_of("google.cloud.functions.v2.Function", _metadata),
    policy_get="GET",
    already="Could not create Cloud Run service {id}. A Cloud Run service with this name already exists.",
    missing="Resource '{name}' was not found",
)
SERVICE = Collection(
    service=RUN,
    path=f"{LOCATION}/services",
    item="service",
    list_field="services",
    schema="GoogleCloudRunV2Service",
    permissions="run.services",
    given=by_query("serviceId"),
    complete=_running,
    fixed=OUTPUT_FIELDS,
    operation=operation_of("google.cloud.run.v2.Service"),
    policy_get="GET",
    already="Resource '{id}' already exists.",
    missing="Resource '{id}' of kind 'SERVICE' does not exist.",
)
JOB = Collection(
    service=RUN,
    path=f"{LOCATION}/jobs",
    item="job",
    list_field="jobs",
    schema="GoogleCloudRunV2Job",
    permissions="run.jobs",
    given=by_query("jobId"),
    complete=_running,
    fixed=OUTPUT_FIELDS,
    operation=operation_of("google.cloud.run.v2.Job"),
    policy_get="GET",
    already="Resource '{id}' already exists.",
    missing="Resource '{id}' of kind 'JOB' does not exist.",
)


def routes() -> list[Route]:
    """Every route of functions and of Cloud Run."""
    waiting = f"{LOCATION}/operations/{{operation}}"
    return [
        *FUNCTION.routes(),
        *SERVICE.routes(),
        *JOB.routes(),
        SERVICE.route("GET", waiting, operations.get),
    ]
