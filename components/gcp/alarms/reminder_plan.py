"""The reminder of an environment on Google Cloud as plain settings, before any of it is a resource. Pure.

Owns names, filters, what each policy says, and settings.json of the function. What a run writes is in
functions/gcp/.

Why a function and not Secret Manager's own rotation schedule: that one sends a notice and moves on by itself,
rotated or not; it repeats nothing, escalates nothing, and knows of no value that was never put.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from components.gcp.alarms.log_filter import both, either, equals
from components.gcp.project import Project
from components.gcp.slugs import fitted, slug
from components.reminder_entries import rule_entry
from keyplan.catalogue import Catalogue, in_lasting_order
from keyplan.names import SERVICE_ACCOUNT_ID_MAX

SCHEDULE = "0 */6 * * *"
TIME_ZONE = "Etc/UTC"
# The longest that a metric-absence condition waits. Source: Cloud Monitoring, "Create metric-absence alerting
# policies": duration up to 23 hours 30 minutes (checked 2026-11-21). Runs are more often than that.
SILENT_SECONDS = 84_600
ALIGNMENT_SECONDS = 3_600
# How soon a policy may speak again, the shortest that the console offers: a recipient has one line a run.
RATE_LIMIT_SECONDS = 300
# The shortest that incidents stay open. Source: AlertStrategy.autoClose (checked 2026-11-21).
AUTO_CLOSE_SECONDS = 1_800
BUCKET_NAME_MAX = 63
REMINDER_PERMISSIONS = ("secretmanager.secrets.get", "secretmanager.versions.get")


@dataclass(frozen=True)
class LogPolicy:
    """One alert policy on log lines."""

    slug: str  # the end of its resource's name
    name: str
    filter: str
    subject: str
    content: str
    extractors: dict[str, str]  # label -> what of the line becomes it
    recipients: tuple[str, ...]  # addresses
    rate_limit_seconds: int = RATE_LIMIT_SECONDS


def function_name(environment: str) -> str:
    """The function, the job that calls it and the Cloud Run service behind it: `prod-keyplan-value-age`."""
    return f"{environment}-keyplan-value-age"


def account_id(environment: str, purpose: str) -> str:
    """A service account of the reminder: `prod-keyplan-age`. A consumer's ends in `-reader`."""
    return fitted(f"{environment}-keyplan-{purpose}", SERVICE_ACCOUNT_ID_MAX)


def bucket_name(project: Project, environment: str) -> str:
    """The bucket of the function's source; the names of buckets are shared by everybody."""
    return fitted(f"{project.project_id}-{environment}-keyplan", BUCKET_NAME_MAX)


def metric_name(environment: str) -> str:
    """The log-based metric that counts finished runs."""
    return f"keyplan-{environment}-reminder-runs"


def role_id(environment: str) -> str:
    """The custom role of the function: dates and states of versions."""
    return f"keyplan_{environment.replace('-', '_')}_reminder"


def settings_document(catalogue: Catalogue, project: Project) -> str:
    """settings.json of the function."""
    document: dict[str, Any] = {
        "environment": catalogue.environment,
        "mode": catalogue.reminders.value,
        "owner": catalogue.owner,
        "escalateAfterDays": catalogue.escalate_after.days,
        "keys": [
            rule_entry(catalogue, key, key.owner, project.secret(key.gcp_secret_id), key.gcp_secret_id)
            for key in catalogue.keys.values()
        ],
    }
    return json.dumps(document, indent=1, sort_keys=True)


def metadata_condition(catalogue: Catalogue, project: Project) -> tuple[str | None, tuple[str, ...]]:
    """Which secrets the function's role on the project covers.

    Returns:
        The condition of that grant, by the ids' common beginning; None where no id begins so. And the keys
        whose secrets are named otherwise: each gets a grant of its own, on the secret.

    The beginning also covers secrets of an environment called `prod-…`: their dates, never a value.
    """
    beginning = f"{catalogue.environment}-"
    keys = in_lasting_order(catalogue.keys.values())
    covered = [key for key in keys if key.gcp_secret_id.startswith(beginning)]
    others = tuple(key.name for key in keys if not key.gcp_secret_id.startswith(beginning))
    if not covered:
        return None, others
    expression = f'resource.name.startsWith("projects/{project.number}/secrets/{beginning}")'
    return expression, others


def owners(catalogue: Catalogue) -> list[str]:
    """Every address that is written to: the environment's owner and each key's, once."""
    return sorted({catalogue.owner, *(key.owner for key in catalogue.keys.values())})


def lines_filter(environment: str, event: str) -> list[str]:
    """The terms that find one kind of line in the function's log."""
    return [
        equals("resource.type", "cloud_run_revision"),
        equals("resource.labels.service_name", function_name(environment)),
        equals("jsonPayload.event", event),
    ]


def reminder_policies(catalogue: Catalogue, project: Project) -> list[LogPolicy]:
    """One policy for each address, and one on failures; the one on silence watches a metric."""
    return [
        *(_owner_policy(catalogue.environment, address) for address in owners(catalogue)),
        _failing_policy(catalogue, project),
    ]


def _owner_policy(environment: str, address: str) -> LogPolicy:
    parts = ("subject", "details", "steps", "repeats")
    return LogPolicy(
        slug=f"owner-{slug(address)}",
        name=f"{environment}-keyplan-reminder: {address}",
        filter=both([*lines_filter(environment, "reminder"), equals("jsonPayload.recipient", address)]),
        subject="${log.extracted_label.subject}",
        content="\n\n".join(
            [
                "**${log.extracted_label.subject}**",
                "${log.extracted_label.details}",
                "${log.extracted_label.steps}",
                "${log.extracted_label.repeats}",
            ]
        ),
        extractors={part: f"EXTRACT(jsonPayload.{part})" for part in parts},
        recipients=(address,),
    )


def _failing_policy(catalogue: Catalogue, project: Project) -> LogPolicy:
    environment = catalogue.environment
    name = function_name(environment)
    sources = (("cloud_run_revision", "service_name"), ("cloud_scheduler_job", "job_id"))
    return LogPolicy(
        slug="failing",
        name=f"{environment}-keyplan-reminder-failing",
        filter=both(
            [
                "severity>=ERROR",
                either(
                    f"({equals('resource.type', kind)} AND {equals(f'resource.labels.{label}', name)})"
                    for kind, label in sources
                ),
            ]
        ),
        subject=f"{environment}: the rotation reminder failed",
        content=(
            f"The rotation reminder of {environment} failed, or could not be called, so somebody may not "
            f"have been told that a key is due. See why: `{log_command(project, environment)}`. "
            "Meanwhile: `keyplan status`."
        ),
        extractors={},
        recipients=(catalogue.owner,),
        rate_limit_seconds=ALIGNMENT_SECONDS,
    )


def silent_content(environment: str, project: Project) -> str:
    """What the policy on silence says."""
    return (
        f"The rotation reminder of {environment} has not run for a day, so nobody is told when a key is "
        "overdue. "
        f"Run it: `{run_command(project, environment)}`. See why it stopped: "
        f"`{log_command(project, environment)}`. Put the schedule back: `pulumi up`. "
        "Meanwhile: `keyplan status`."
    )


def run_command(project: Project, environment: str) -> str:
    """The command that runs the reminder now."""
    return (
        f"gcloud scheduler jobs run {function_name(environment)} --location {project.region} "
        f"--project {project.project_id}"
    )


def log_command(project: Project, environment: str) -> str:
    """The command that shows what the function said lately."""
    return (
        f"gcloud run services logs read {function_name(environment)} --region {project.region} "
        f"--project {project.project_id} --limit 50"
    )
