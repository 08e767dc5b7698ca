"""Cloud Scheduler jobs. None is ever called: the sandbox's clock replays them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from sandbox.gcp_server import times
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import invalid
from sandbox.gcp_server.routing import Route
from sandbox.gcp_server.services.collection import Collection, Given, Record

SERVICE = "cloudscheduler.googleapis.com"
JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,500}")
FIELD = r"[A-Za-z0-9*/,\-]+"
CRON = re.compile(rf"{FIELD}(?:\s+{FIELD}){{4}}")
EVERY = re.compile(r"every\s+\S.*", re.IGNORECASE)  # App Engine's own form
TARGETS = ("httpTarget", "pubsubTarget", "appEngineHttpTarget")
RETRIES = {
    "maxRetryDuration": "0s",
    "minBackoffDuration": "5s",
    "maxBackoffDuration": "3600s",
    "maxDoublings": 5,
}


def _given(call: Call) -> Given:
    body = call.body
    prefix, _, job_id = str(body.get("name") or "").rpartition("/jobs/")
    place = call.path.strip("/").removeprefix("v1/").removesuffix("/jobs")
    if not job_id:
        job_id = f"{9_000_000_000_000_000_000 + call.world.next_number()}"
    elif prefix != place:
        raise invalid(f'Job name must be formatted: "{place}/jobs/<JOB_ID>".')
    if not JOB_ID.fullmatch(job_id):
        raise invalid("A job id has 1 to 500 letters, digits, hyphens and underscores.")
    return Given(job_id, body)


def _new(call: Call, key: str, message: Record) -> Record:
    record = {"timeZone": "Etc/UTC", "attemptDeadline": "180s", "retryConfig": RETRIES, **message}
    record.update(name=key, state="ENABLED")
    _check(call, key, record)
    return record


def _check(call: Call, key: str, record: Record) -> None:
    schedule = str(record.get("schedule") or "").strip()
    if not CRON.fullmatch(schedule) and not EVERY.fullmatch(schedule):
        raise invalid("Schedule or time zone is invalid.")
    if sum(target in record for target in TARGETS) != 1:
        raise invalid("A job has exactly one target.")
    now = times.now()
    record["userUpdateTime"] = times.stamp(now)
    # The sandbox does not work out schedules: the next full hour stands for "soon".
    record["scheduleTime"] = times.stamp(now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1))


JOB = Collection(
    service=SERVICE,
    path="/v1/projects/{project}/locations/{location}/jobs",
    item="job",
    list_field="jobs",
    schema="Job",
    permissions="cloudscheduler.jobs",
    given=_given,
    complete=_new,
    fixed=("name", "state", "userUpdateTime", "scheduleTime", "status", "lastAttemptTime"),
    checked=_check,
    already="Job [{name}] already exists.",
    missing="Job not found.",
)


def _set_state(state: str, verb: str) -> Any:
    def change(call: Call) -> Record:
        JOB.allow(call, verb, JOB.key(call))
        _, record = JOB.find(call)
        record["state"] = state
        return JOB.shown(call, record)

    return change


def routes() -> list[Route]:
    """Every route of Cloud Scheduler."""
    return [
        *JOB.routes(),
        JOB.route("POST", f"{JOB.item_path}:pause", _set_state("PAUSED", "pause"), "*"),
        JOB.route("POST", f"{JOB.item_path}:resume", _set_state("ENABLED", "enable"), "*"),
    ]
