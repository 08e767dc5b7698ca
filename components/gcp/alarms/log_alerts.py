"""A planned policy on log lines as a Pulumi resource. What it finds and says is decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_gcp as gcp

from components.gcp.alarms.reminder_plan import AUTO_CLOSE_SECONDS, LogPolicy
from components.gcp.labels import labels
from components.gcp.project import Project
from components.gcp.quotas import (
    ALERT_FILTER_CHARACTERS,
    DOCUMENTATION_BYTES,
    DOCUMENTATION_CHARACTERS,
    require_room,
)


def check_policy(policy: LogPolicy) -> None:
    """Refuse a policy that Monitoring would.

    Raises:
        GoogleQuotaExceeded: its filter or its text is too long.
    """
    whose = f"the alert policy `{policy.name}`"
    hint = "split the environment into two, each with a part of the keys"
    require_room(len(policy.filter), ALERT_FILTER_CHARACTERS, "characters of filter", whose, hint)
    require_room(len(policy.content), DOCUMENTATION_CHARACTERS, "characters of text", whose, hint)
    require_room(len(policy.content.encode()), DOCUMENTATION_BYTES, "bytes of text", whose, hint)


def log_policy(
    logical_name: str,
    project: Project,
    environment: str,
    policy: LogPolicy,
    channels: Mapping[str, pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
) -> gcp.monitoring.AlertPolicy:
    """One alert policy; its incidents close by themselves, so that the next line is news again."""
    check_policy(policy)
    return gcp.monitoring.AlertPolicy(
        logical_name,
        project=project.project_id,
        display_name=policy.name,
        combiner="OR",
        conditions=[
            gcp.monitoring.AlertPolicyConditionArgs(
                display_name=policy.name,
                condition_matched_log=gcp.monitoring.AlertPolicyConditionConditionMatchedLogArgs(
                    filter=policy.filter, label_extractors=policy.extractors or None
                ),
            )
        ],
        alert_strategy=gcp.monitoring.AlertPolicyAlertStrategyArgs(
            auto_close=f"{AUTO_CLOSE_SECONDS}s",
            notification_rate_limit=gcp.monitoring.AlertPolicyAlertStrategyNotificationRateLimitArgs(
                period=f"{policy.rate_limit_seconds}s"
            ),
        ),
        documentation=gcp.monitoring.AlertPolicyDocumentationArgs(
            content=policy.content, mime_type="text/markdown", subject=policy.subject
        ),
        notification_channels=[channels[address] for address in policy.recipients],
        user_labels=labels(environment),
        opts=opts,
    )
