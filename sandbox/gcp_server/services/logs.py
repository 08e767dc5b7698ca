"""Cloud Logging: log-based metrics, and entries that are listed and written.

Entries of the data access log are shown to those alone who may see private entries. Metrics are not counted.
Source: logging v2 discovery document; "Access control with IAM" of Cloud Logging (checked 2026-11-21).
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from sandbox.gcp_server import audit, times
from sandbox.gcp_server.access.decisions import Resource, decide, require
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import invalid, unknown_project
from sandbox.gcp_server.filters import compile_filter
from sandbox.gcp_server.paging import page
from sandbox.gcp_server.routing import Route
from sandbox.gcp_server.services.collection import Collection, Given, Record
from sandbox.gcp_server.world import Project

SERVICE = "logging.googleapis.com"
METRIC_ID = re.compile(r"[A-Za-z0-9_\-.,+!*',()%/]{1,100}")
LOG_NAME = re.compile(r"projects/([^/]+)/logs/([^/]{1,512})")
MOST_ON_A_PAGE = 1000
USUAL_PAGE = 50
RESOURCE = {"type": "global", "labels": {}}


class _Metrics(Collection):
    """Metrics are known by their short name, and an update makes what is missing."""

    def shown(self, call: Call, record: Record) -> Record:
        return {**super().shown(call, record), "name": record["name"].rpartition("/metrics/")[2]}

    def update(self, call: Call) -> Record:
        """UpdateLogMetric: replace, or create."""
        key, body = self.key(call), call.body
        existing = call.world.records.get(key)
        self.allow(call, "update" if existing else "create", key)
        record = _new(call, key, body)
        if existing:
            record["createTime"] = existing["createTime"]
        call.world.records[key] = record
        return self.shown(call, record)


def _given(call: Call) -> Given:
    body = call.body
    name = body.get("name") or ""
    if not METRIC_ID.fullmatch(name) or name.startswith("/"):
        raise invalid("Name must have 1 to 100 letters, digits and some signs, and not begin with a slash.")
    return Given(name, body)


def _new(call: Call, key: str, message: Record) -> Record:
    if not message.get("filter"):
        raise invalid("A filter must be specified for a log-based metric.")
    compile_filter(message["filter"])
    now = times.stamp(times.now())
    short = key.rpartition("/metrics/")[2]
    kind = f"logging.googleapis.com/user/{short}"
    usual = {"metricKind": "DELTA", "valueType": "INT64", "unit": "1"}
    described = {
        **usual,
        **(message.get("metricDescriptor") or {}),
        "name": f"projects/{call.project.project_id}/metricDescriptors/{kind}",
        "type": kind,
    }
    return {**message, "name": key, "metricDescriptor": described, "createTime": now, "updateTime": now}


METRIC = _Metrics(
    service=SERVICE,
    path="/v2/projects/{project}/metrics",
    item="metric",
    list_field="metrics",
    schema="LogMetric",
    permissions="logging.logMetrics",
    given=_given,
    complete=_new,
    methods=("create", "get", "list", "delete"),
    already="Metric {id} already exists",
    missing="Metric {id} does not exist.",
)


def _list_entries(call: Call) -> dict[str, Any]:
    body = call.body
    projects = [_project(call, name) for name in body.get("resourceNames") or []]
    if not projects:
        raise invalid("At least one resource name is required.")
    for project in projects:
        require(project, call.caller, "logging.logEntries.list", _itself(project))
    fits = compile_filter(body.get("filter") or "")
    found = [entry for entry in call.world.log_entries if _is_visible(call, entry, projects) and fits(entry)]
    found.sort(key=lambda entry: entry["timestamp"], reverse="desc" in (body.get("orderBy") or ""))
    asked = {
        "pageSize": [str(body.get("pageSize") or USUAL_PAGE)],
        "pageToken": [body.get("pageToken") or ""],
    }
    shown, token = page(_with_query(call, asked), found, MOST_ON_A_PAGE)
    answer: dict[str, Any] = {"entries": deepcopy(shown)} if shown else {}
    return {**answer, "nextPageToken": token} if token else answer


def _with_query(call: Call, query: dict[str, list[str]]) -> Call:
    from dataclasses import replace

    return replace(call, query=query)


def _project(call: Call, name: str) -> Project:
    kind, _, reference = name.partition("/")
    project = call.world.find_project(reference.partition("/")[0]) if kind == "projects" else None
    if project is None:
        raise unknown_project(reference, SERVICE)
    return project


def _itself(project: Project) -> Resource:
    name = f"projects/{project.project_id}"
    service = "cloudresourcemanager.googleapis.com"
    return Resource(name, f"projects/{project.number}", f"{service}/Project", service)


def _is_visible(call: Call, entry: dict[str, Any], projects: list[Project]) -> bool:
    for project in projects:
        if entry["logName"].startswith(f"projects/{project.project_id}/"):
            private = entry["logName"].endswith(audit.DATA_ACCESS)
            permission = "logging.privateLogEntries.list"
            return not private or decide(project, call.caller, permission, _itself(project)).allowed
    return False


def _write_entries(call: Call) -> dict[str, Any]:
    body, now = call.body, times.stamp(times.now())
    written = []
    for given in body.get("entries") or []:
        name = given.get("logName") or body.get("logName") or ""
        match = LOG_NAME.fullmatch(name)
        if match is None:
            raise invalid("A log is named projects/*/logs/*, with slashes in its own name encoded.")
        project = _project(call, name)
        require(project, call.caller, "logging.logEntries.create", _itself(project))
        entry = {
            "insertId": f"sandbox{call.world.next_number():08d}",
            "timestamp": now,
            "severity": "DEFAULT",
            "resource": body.get("resource") or RESOURCE,
            **given,
            "logName": f"projects/{project.project_id}/logs/{match.group(2)}",
            "receiveTimestamp": now,
        }
        if body.get("labels") or given.get("labels"):
            entry["labels"] = {**(body.get("labels") or {}), **(given.get("labels") or {})}
        entry["timestamp"] = times.stamp(times.moment(entry["timestamp"]))
        written.append(entry)
    if not body.get("dryRun"):
        call.world.log_entries.extend(written)
    return {}


def routes() -> list[Route]:
    """Every route of Cloud Logging."""
    return [
        *METRIC.routes(),
        METRIC.route("PUT", METRIC.item_path, METRIC.update, "LogMetric"),
        METRIC.route("POST", "/v2/entries:list", _list_entries, "ListLogEntriesRequest"),
        METRIC.route("POST", "/v2/entries:write", _write_entries, "WriteLogEntriesRequest"),
    ]
