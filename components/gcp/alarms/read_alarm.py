"""The read alarm on Google Cloud: when somebody who is not a listed reader reads a key, its owners are told.

Owns the switch for the log that it needs, Data Access logs of Secret Manager in the project, and the
policies. They report and prevent nothing: `lockdown` prevents. docs/gcp.md says what is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.gcp.alarms.log_alerts import log_policy
from components.gcp.alarms.read_alarm_plan import SERVICE, read_policies
from components.gcp.plans import GcpPlan
from components.gcp.project import Project
from keyplan.catalogue import Catalogue


@dataclass(frozen=True)
class GcpReadAlarmArgs:
    """What the read alarm of one environment needs."""

    catalogue: Catalogue
    project: Project
    plan: GcpPlan
    channels: Mapping[str, pulumi.Input[str]]  # owner's address -> notification channel


class GcpReadAlarm(pulumi.ComponentResource):
    """The read alarm of one environment."""

    def __init__(self, name: str, args: GcpReadAlarmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("keyplan:gcp:ReadAlarm", name, None, opts)
        if args.plan.settings.data_access_logs:
            gcp.projects.IAMAuditConfig(
                f"{name}-data-access",
                project=args.project.project_id,
                service=SERVICE,
                audit_log_configs=[gcp.projects.IAMAuditConfigAuditLogConfigArgs(log_type="DATA_READ")],
                # The project's, not the environment's: another environment of it needs the log still.
                opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
            )
        for policy in read_policies(args.catalogue, args.project, args.plan):
            log_policy(
                f"{name}-{policy.slug}",
                args.project,
                args.catalogue.environment,
                policy,
                args.channels,
                pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
