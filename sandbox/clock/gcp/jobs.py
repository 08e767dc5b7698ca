"""The Cloud Scheduler jobs that are enabled, and the function that each of them calls.

Whether a job may call its function is decided by the policy of the function's service, as Google does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keyplan.errors import KeyplanError
from sandbox.clock.gcp.client import OK, GoogleClient
from sandbox.clock.gcp.cron import Cron

INVOKE = "run.routes.invoke"
FORBIDDEN, NOT_FOUND = 403, 404


@dataclass(frozen=True)
class Job:
    """One job."""

    record: dict[str, Any]  # as the API describes it
    cron: Cron
    function: dict[str, Any] | None  # what it calls; None where nothing is there
    refusal: int | None  # the status of the answer, where the call does not reach the function

    @property
    def name(self) -> str:
        """Of the job."""
        return str(self.record["name"]).rpartition("/")[2]


def find_jobs(client: GoogleClient, project: str, location: str) -> tuple[list[Job], set[str]]:
    """The jobs that call something, and in words what cannot be replayed."""
    functions = {
        function["serviceConfig"]["uri"]: function
        for function in client.list_all(f"/v2/projects/{project}/locations/{location}/functions", "functions")
    }
    jobs: list[Job] = []
    left_out: set[str] = set()
    for record in client.list_all(f"/v1/projects/{project}/locations/{location}/jobs", "jobs"):
        name = record["name"].rpartition("/")[2]
        if record.get("state") != "ENABLED":
            continue
        try:
            cron = Cron.parse(record["schedule"], record["timeZone"])
        except KeyplanError as error:
            left_out.add(f"{name}: {error.message}")
            continue
        if "httpTarget" not in record:
            left_out.add(f"{name}: the sandbox replays jobs that call a function")
            continue
        function = functions.get(record["httpTarget"]["uri"])
        refusal = NOT_FOUND if function is None else _refusal(client, record, function)
        jobs.append(Job(record, cron, function, refusal))
    return jobs, left_out


def _refusal(client: GoogleClient, job: dict[str, Any], function: dict[str, Any]) -> int | None:
    account = (job["httpTarget"].get("oidcToken") or {}).get("serviceAccountEmail")
    if not account:
        return FORBIDDEN
    caller = client.as_member(f"serviceAccount:{account}")
    path = f"/v2/{function['serviceConfig']['service']}:testIamPermissions"
    answer = caller.ask("POST", path, {"permissions": [INVOKE]})
    allowed = answer.status == OK and INVOKE in answer.body.get("permissions", [])
    return None if allowed else FORBIDDEN
