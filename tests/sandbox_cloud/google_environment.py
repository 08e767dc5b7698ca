"""An environment of Google Cloud in the sandbox's server, deployed as keyplan's components declare it: the
reminder's real source, its job, and the policies with their channels; in a project of its own."""

from __future__ import annotations

import base64
import http.client
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from components.gcp.alarms import reminder_plan as plan
from components.gcp.alarms.log_filter import both
from components.gcp.alarms.read_alarm_plan import read_policies
from components.gcp.alarms.source import ENTRY_POINT, source_files
from components.gcp.plans import plan_gcp
from components.gcp.project import Project
from keyplan.catalogue import Catalogue
from sandbox.clock.functions import FunctionRunner
from sandbox.clock.gcp.client import ADMINISTRATOR, GoogleClient
from sandbox.clock.gcp.functions import GoogleFunctionRunner
from sandbox.clock.gcp.replay import GoogleClock
from sandbox.clock.journal import Replay
from sandbox.clock.replay import Clock
from sandbox.server.client import ServerClient
from sandbox.server.record import ServerRecord

DAY = 86400
REGION, AWS_REGION = "europe-west1", "eu-west-1"
ENVIRONMENT = "prod"
FUNCTION = plan.function_name(ENVIRONMENT)
READER, CALLER = "prod-keyplan-age", "prod-keyplan-call"


def source_of(files: dict[str, Path | str]) -> bytes:
    """The archive of a function's source."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for path, found in files.items():
            packed.writestr(path, found if isinstance(found, str) else found.read_text(encoding="utf-8"))
    return content.getvalue()


class GoogleEnvironment:
    """One project of the shared server, and what a test deploys in it."""

    def __init__(self, record: ServerRecord, name: str) -> None:
        self.record = record
        self.client = GoogleClient(record)
        number = ServerClient(record).ask("google-project", project=name)["number"]
        self.project = Project(name, number, REGION)
        self.at = f"projects/{name}/locations/{REGION}"
        self.job = f"/v1/{self.at}/jobs/{FUNCTION}"
        self.service = f"/v2/{self.at}/services/{FUNCTION}"

    def do(self, method: str, path: str, body: Any = None) -> Any:
        return self.client.do(method, path, body)

    def deploy(self, catalogue: Catalogue, code: str | None = None) -> None:
        """Everything that the components declare; with other code as the function's, where it is given."""
        files = source_files(plan.settings_document(catalogue, self.project))
        for account in (READER, CALLER, "prod-web-reader"):
            self.do(
                "POST",
                f"/v1/projects/{self.project.project_id}/serviceAccounts",
                {"accountId": account},
            )
        self._upload(source_of({"main.py": code} if code else files))
        self.let({"roles/secretmanager.viewer": [self._account(READER)]})
        self._function()
        self.invoker([self._account(CALLER)])
        self._policies(catalogue)

    def let(self, granted: dict[str, list[str]]) -> None:
        """The project's whole policy, beside its owner."""
        bindings = [{"role": role, "members": members} for role, members in granted.items()]
        owner = {"role": "roles/owner", "members": [ADMINISTRATOR]}
        audits = [{"service": "secretmanager.googleapis.com", "auditLogConfigs": [{"logType": "DATA_READ"}]}]
        policy = {"bindings": [owner, *bindings], "auditConfigs": audits}
        body = {"policy": policy, "updateMask": "bindings,auditConfigs"}
        self.do("POST", f"/v1/projects/{self.project.project_id}:setIamPolicy", body)

    def invoker(self, members: list[str]) -> None:
        """Who may call the function."""
        bindings = [{"role": "roles/run.invoker", "members": members}] if members else []
        self.do("POST", f"{self.service}:setIamPolicy", {"policy": {"bindings": bindings}})

    def put(self, secret_id: str, text: str = "value") -> None:
        """Store a value, and make it the one that readers get."""
        parent = f"/v1/projects/{self.project.project_id}/secrets"
        if self.client.ask("GET", f"{parent}/{secret_id}").status != 200:
            self.do("POST", f"{parent}?secretId={secret_id}", {"replication": {"automatic": {}}})
        data = base64.b64encode(text.encode()).decode()
        version = self.do("POST", f"{parent}/{secret_id}:addVersion", {"payload": {"data": data}})["name"]
        body = {"versionAliases": {"current": version.rpartition("/")[2]}}
        self.do("PATCH", f"{parent}/{secret_id}?updateMask=versionAliases", body)

    def advance(self, days: float) -> Replay:
        with FunctionRunner(self.record, AWS_REGION) as runner, GoogleFunctionRunner(self.record) as google:
            clock = GoogleClock(self.record, self.project.project_id, REGION, google)
            return Clock(self.record, AWS_REGION, runner, clock).advance(
                int(days * DAY), lambda day, days: None
            )

    def lines(self, log: str = "run.googleapis.com%2Fstdout") -> list[dict[str, Any]]:
        """What the function wrote, the newest first."""
        name = self.project.project_id
        asked = {
            "resourceNames": [f"projects/{name}"],
            "filter": f'logName="projects/{name}/logs/{log}"',
            "orderBy": "timestamp desc",
            "pageSize": 1000,
        }
        entries: list[dict[str, Any]] = self.do("POST", "/v2/entries:list", asked).get("entries", [])
        return entries

    def policy(self, **fields: Any) -> None:
        """One more alert policy, which only tells `watcher@example.com`; `fields` replace its parts."""
        channel = self._channel("watcher@example.com")
        plain: dict[str, Any] = {
            "displayName": "watcher",
            "combiner": "OR",
            "conditions": [{"displayName": "found", "conditionMatchedLog": {"filter": "severity>=DEFAULT"}}],
            "alertStrategy": {"notificationRateLimit": {"period": "300s"}},
            "notificationChannels": [channel],
        }
        self.do("POST", f"/v3/projects/{self.project.project_id}/alertPolicies", {**plain, **fields})

    def _account(self, name: str) -> str:
        return f"serviceAccount:{self.project.service_account(name)}"

    def _upload(self, content: bytes) -> None:
        bucket = f"{self.project.project_id}-source"
        self.do("POST", f"/storage/v1/b?project={self.project.project_id}", {"name": bucket})
        path = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name=source.zip"
        headers = {"Authorization": f"Bearer sandbox:{ADMINISTRATOR}", "Content-Type": "application/zip"}
        connection = http.client.HTTPConnection("127.0.0.1", self.record.gcp_port, timeout=30)
        connection.request("POST", path, content, headers)
        assert connection.getresponse().status == 200
        connection.close()

    def _function(self) -> None:
        source = {"bucket": f"{self.project.project_id}-source", "object": "source.zip"}
        build = {"runtime": "python313", "entryPoint": ENTRY_POINT, "source": {"storageSource": source}}
        config = {"serviceAccountEmail": self.project.service_account(READER)}
        body = {"buildConfig": build, "serviceConfig": config}
        self.do("POST", f"/v2/{self.at}/functions?functionId={FUNCTION}", body)
        uri = self.do("GET", f"/v2/{self.at}/functions/{FUNCTION}")["serviceConfig"]["uri"]
        token = {"serviceAccountEmail": self.project.service_account(CALLER), "audience": uri}
        job = {
            "name": f"{self.at}/jobs/{FUNCTION}",
            "schedule": plan.SCHEDULE,
            "timeZone": plan.TIME_ZONE,
            "httpTarget": {"uri": uri, "httpMethod": "POST", "oidcToken": token},
        }
        self.do("POST", f"/v1/{self.at}/jobs", job)

    def _channel(self, address: str) -> str:
        body = {"type": "email", "labels": {"email_address": address}}
        path = f"/v3/projects/{self.project.project_id}/notificationChannels"
        return str(self.do("POST", path, body)["name"])

    def _policies(self, catalogue: Catalogue) -> None:
        channels = {address: self._channel(address) for address in plan.owners(catalogue)}
        path = f"/v3/projects/{self.project.project_id}"
        for policy in self._log_policies(catalogue):
            match = {"filter": policy.filter, "labelExtractors": policy.extractors}
            limit = {"period": f"{policy.rate_limit_seconds}s"}
            self.policy(
                displayName=policy.name,
                conditions=[{"displayName": policy.name, "conditionMatchedLog": match}],
                alertStrategy={"notificationRateLimit": limit},
                documentation={
                    "content": policy.content,
                    "subject": policy.subject,
                    "mimeType": "text/markdown",
                },
                notificationChannels=[channels[address] for address in policy.recipients],
            )
        metric = {
            "name": plan.metric_name(ENVIRONMENT),
            "filter": both(plan.lines_filter(ENVIRONMENT, "run")),
        }
        self.do("POST", path.replace("/v3/", "/v2/") + "/metrics", metric)
        kind = f"logging.googleapis.com/user/{metric['name']}"
        absent = {
            "filter": f'metric.type="{kind}" AND resource.type="cloud_run_revision"',
            "duration": f"{plan.SILENT_SECONDS}s",
            "aggregations": [{"alignmentPeriod": "3600s", "crossSeriesReducer": "REDUCE_SUM"}],
        }
        self.policy(
            displayName="silent",
            conditions=[{"displayName": "silent", "conditionAbsent": absent}],
            alertStrategy={"notificationPrompts": ["OPENED"]},
            documentation={"content": "it does not run", "subject": "silent"},
            notificationChannels=[channels[catalogue.owner]],
        )

    def _log_policies(self, catalogue: Catalogue) -> Iterator[plan.LogPolicy]:
        yield from plan.reminder_policies(catalogue, self.project)
        yield from read_policies(catalogue, self.project, plan_gcp(catalogue, self.project))
