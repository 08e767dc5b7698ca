"""The reminder's resources: who may do what, what wakes whom, and an archive that runs by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pulumi
import pytest

from components.gcp.alarms import reminder_plan
from components.gcp.alarms.channels import OwnerChannels, OwnerChannelsArgs
from components.gcp.alarms.reminders import GcpReminders, GcpRemindersArgs
from components.gcp.alarms.source import source_digest, source_files
from components.gcp.project import Project
from keyplan.catalogue import Catalogue
from tests.components.recording import Recording, record
from tests.components_gcp.catalogues import HERE, NUMBER, gcp_catalogue, key
from tests.components_gcp.log_entries import matches

POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"
FUNCTION = "gcp:cloudfunctionsv2/function:Function"
JOB = "gcp:cloudscheduler/job:Job"
OBJECT = "gcp:storage/bucketObject:BucketObject"
BUCKET = "gcp:storage/bucket:Bucket"
PROJECT_MEMBER = "gcp:projects/iAMMember:IAMMember"
INVOKER = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"
SECRET_MEMBER = "gcp:secretmanager/secretIamMember:SecretIamMember"


def build(made: Catalogue, project: Project = HERE) -> Recording:
    def program() -> None:
        owners = OwnerChannels("prod-owners", OwnerChannelsArgs("prod", project, reminder_plan.owners(made)))
        ids = {each.name: each.gcp_secret_id for each in made.keys.values()}
        GcpReminders("prod-reminders", GcpRemindersArgs(made, project, ids, owners.names))

    return record(program)


@pytest.fixture(scope="module")
def found() -> Recording:
    """Two keys, one with a name of its own."""
    return build(gcp_catalogue([key(), key("openrouter", secret_name="shared/openrouter")]))


def test_an_address_has_one_channel(found: Recording) -> None:
    assert {each.inputs["labels"]["email_address"] for each in found.of(CHANNEL)} == {
        "ml@example.com",
        "platform@example.com",
    }
    assert {each.inputs["type"] for each in found.of(CHANNEL)} == {"email"}


def test_the_function_runs_as_an_account_that_reads_dates_only(found: Recording) -> None:
    function = found.one(FUNCTION).inputs
    reader = "prod-keyplan-age@example-prod.iam.gserviceaccount.com"
    assert function["serviceConfig"]["serviceAccountEmail"] == reader
    granted = [
        (each.kind, each.inputs["role"], each.inputs.get("condition", {}).get("expression"))
        for kind in (PROJECT_MEMBER, SECRET_MEMBER, INVOKER)
        for each in found.of(kind)
        if each.inputs["member"] == f"serviceAccount:{reader}"
    ]
    role = "projects/example-prod/roles/keyplan_prod_reminder"
    assert granted == [
        (PROJECT_MEMBER, role, f'resource.name.startsWith("projects/{NUMBER}/secrets/prod-")'),
        (SECRET_MEMBER, role, None),
    ]
    assert found.one(SECRET_MEMBER).inputs["secretId"] == "shared-openrouter"


def test_only_the_schedule_may_call_it_and_only_from_inside(found: Recording) -> None:
    invoker = found.one(INVOKER).inputs
    assert invoker == {
        "project": "example-prod",
        "location": "europe-west1",
        "name": "prod-keyplan-value-age",
        "role": "roles/run.invoker",
        "member": "serviceAccount:prod-keyplan-call@example-prod.iam.gserviceaccount.com",
    }
    assert found.one(FUNCTION).inputs["serviceConfig"]["ingressSettings"] == "ALLOW_INTERNAL_ONLY"
    job = found.one(JOB).inputs
    uri = "https://prod-keyplan-value-age-abcdef-ew.a.run.app"
    assert job["httpTarget"] == {
        "uri": uri,
        "httpMethod": "POST",
        "oidcToken": {
            "serviceAccountEmail": "prod-keyplan-call@example-prod.iam.gserviceaccount.com",
            "audience": uri,
        },
    }
    assert (job["schedule"], job["timeZone"], job["retryConfig"]["retryCount"]) == (
        "0 */6 * * *",
        "Etc/UTC",
        3,
    )


def test_the_account_that_builds_does_nothing_else(found: Recording) -> None:
    builder = "prod-keyplan-build@example-prod.iam.gserviceaccount.com"
    assert found.one(FUNCTION).inputs["buildConfig"]["serviceAccount"].endswith(f"/serviceAccounts/{builder}")
    granted = {
        each.inputs["role"]: each.inputs.get("condition", {}).get("expression")
        for each in found.of(PROJECT_MEMBER)
        if each.inputs["member"] == f"serviceAccount:{builder}"
    }
    assert granted == {
        "roles/logging.logWriter": None,
        "roles/artifactregistry.writer": None,
        "roles/storage.objectViewer": (
            f'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-{NUMBER}-")'
        ),
    }


def test_the_bucket_is_nobodys_but_the_projects(found: Recording) -> None:
    bucket = found.one(BUCKET).inputs
    assert bucket["publicAccessPrevention"] == "enforced"
    assert bucket["uniformBucketLevelAccess"] is True
    long = replace(HERE, project_id="p" * 30)
    assert len(reminder_plan.bucket_name(long, "e" * 40)) == 63
    assert reminder_plan.bucket_name(long, "e" * 40) != reminder_plan.bucket_name(long, "e" * 39)


def test_every_policy_has_somebody_to_tell_and_closes_by_itself(found: Recording) -> None:
    names = {each.name.removeprefix("prod-reminders-") for each in found.of(POLICY)}
    assert len(names) == 4
    assert {"failing", "silent"} <= names
    for each in found.of(POLICY):
        assert len(each.inputs["notificationChannels"]) == 1
        assert each.inputs["alertStrategy"]["autoClose"]
        assert each.inputs["documentation"]["subject"]


def one(found: Recording, name: str) -> dict[str, Any]:
    (policy,) = [each for each in found.of(POLICY) if each.name == f"prod-reminders-{name}"]
    (condition,) = policy.inputs["conditions"]
    return dict(condition)


def test_silence_is_noticed_within_a_day_whatever_revision_was_silent(found: Recording) -> None:
    absent = one(found, "silent")["conditionAbsent"]
    assert absent["duration"] == "84600s"
    assert 'user/keyplan-prod-reminder-runs"' in absent["filter"]
    assert absent["aggregations"][0]["crossSeriesReducer"] == "REDUCE_SUM"
    (policy,) = [each for each in found.of(POLICY) if each.name == "prod-reminders-silent"]
    # A policy on a metric that is too new is refused: it waits for the function's build.
    assert {"prod-reminders-runs", "prod-reminders-schedule"} <= set(policy.depends_on)
    runs = found.one("gcp:logging/metric:Metric").inputs
    entry = {
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": "prod-keyplan-value-age"}},
        "jsonPayload": {"event": "run"},
    }
    assert matches(runs["filter"], entry)
    assert not matches(runs["filter"], {**entry, "jsonPayload": {"event": "reminder"}})


@pytest.mark.parametrize(
    ("kind", "label", "name", "severity", "expected"),
    [
        ("cloud_run_revision", "service_name", "prod-keyplan-value-age", "ERROR", True),
        ("cloud_run_revision", "service_name", "prod-keyplan-value-age", "WARNING", False),
        ("cloud_run_revision", "service_name", "web", "ERROR", False),
        ("cloud_scheduler_job", "job_id", "prod-keyplan-value-age", "ERROR", True),
        ("cloud_scheduler_job", "job_id", "prod-keyplan-value-age", "INFO", False),
    ],
)
def test_a_run_that_fails_or_cannot_be_called_is_noticed(
    found: Recording, kind: str, label: str, name: str, severity: str, expected: bool
) -> None:
    entry = {"severity": severity, "resource": {"type": kind, "labels": {label: name}}}
    assert matches(one(found, "failing")["conditionMatchedLog"]["filter"], entry) is expected


def test_a_change_of_the_catalogue_is_a_new_source_and_nothing_else_is() -> None:
    def digest(made: Catalogue) -> str:
        return source_digest(source_files(reminder_plan.settings_document(made, HERE)))

    assert digest(gcp_catalogue()) == digest(gcp_catalogue())
    assert digest(gcp_catalogue()) != digest(gcp_catalogue([key(owner="other@example.com")]))
    name = build(gcp_catalogue()).one(OBJECT).inputs["name"]
    assert name == f"value-age-{digest(gcp_catalogue())[:16]}.zip"


class _Google(BaseHTTPRequestHandler):
    """The metadata server and Secret Manager, as far as the function asks them."""

    def do_GET(self) -> None:
        if self.path.startswith("/computeMetadata/"):
            known = self.headers.get("Metadata-Flavor") == "Google"
            self._answer(200 if known else 403, {"access_token": "token", "expires_in": 3599})
        elif self.headers.get("Authorization") != "Bearer token":
            self._answer(401, {})
        elif self.path.endswith("/prod-anthropic-api-key/versions/current"):
            stamp = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            self._answer(200, {"createTime": stamp, "state": "ENABLED"})
        else:
            self._answer(404, {})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests' output is theirs."""


@pytest.fixture
def google() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Google)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


CALL = """
import sys
sys.path.insert(0, sys.argv[1])
from main import handle
class Request:
    headers = {"X-CloudScheduler-ScheduleTime": "2099-01-01T06:00:00Z"}
assert not any(name.split(".")[0] in ("keyplan", "components", "pulumi", "boto3") for name in sys.modules)
body, status, headers = handle(Request())
sys.stderr.write(body)
"""


def call(folder: Path, made: Recording, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Unpack as Cloud Run does and call the entry point, in a process that sees nothing else."""
    for path, asset in made.one(OBJECT).inputs["source"].assets.items():
        text = asset.text if isinstance(asset, pulumi.StringAsset) else Path(asset.path).read_text()
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return subprocess.run(
        [sys.executable, "-I", "-c", CALL, str(folder)],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "NO_PROXY": "127.0.0.1", **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_packed_function_runs_with_nothing_but_its_archive(google: str, tmp_path: Path) -> None:
    made = build(gcp_catalogue([key(), key("openrouter")]))
    environment = {"GCE_METADATA_HOST": google, "KEYPLAN_SECRETMANAGER_URL": f"http://{google}"}
    done = call(tmp_path, made, environment)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["event"], line.get("recipient")) for line in lines] == [
        ("key", None),
        ("key", None),
        ("reminder", "ml@example.com"),
        ("reminder", "platform@example.com"),
        ("run", None),
    ]
    assert json.loads(done.stderr)["states"]["unreadable"] == 1


def test_a_function_that_gets_no_token_says_that_it_failed(tmp_path: Path) -> None:
    done = call(tmp_path, build(gcp_catalogue()), {"GCE_METADATA_HOST": "127.0.0.1:9"})
    assert done.returncode != 0
    (line,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert line == {
        "severity": "ERROR",
        "event": "failed",
        "message": "the reminder failed: UnreachableError",
    }
