"""Rotation reminders on Google Cloud: one small function, its schedule, and the policies that turn its lines
into mails.

Owns the function with its identities and what each may do. What it says is in functions/gcp/, what the
policies find in `reminder_plan`. docs/gcp.md says what is sent when, and what it costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.gcp.alarms import reminder_plan as plan
from components.gcp.alarms.log_alerts import log_policy
from components.gcp.alarms.log_filter import both
from components.gcp.alarms.source import ENTRY_POINT, source_archive, source_digest, source_files
from components.gcp.labels import labels
from components.gcp.project import Project
from keyplan.catalogue import Catalogue

RUNTIME = "python313"
# 500 keys are 500 calls of some 50 ms, four at once, and a minute of waiting where the quota is used up.
TIMEOUT_SECONDS = 300
MEMORY = "256Mi"
RETRIES = 3


@dataclass(frozen=True)
class GcpRemindersArgs:
    """What the reminders of one environment need."""

    catalogue: Catalogue
    project: Project
    secret_ids: Mapping[str, pulumi.Input[str]]  # key name -> id of its secret
    channels: Mapping[str, pulumi.Input[str]]  # owner's address -> notification channel


class GcpReminders(pulumi.ComponentResource):
    """The reminders of one environment."""

    function_name: str
    """The function, and the job that a person can run at any time: `prod-keyplan-value-age`."""

    def __init__(self, name: str, args: GcpRemindersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("keyplan:gcp:RotationReminders", name, None, opts)
        self._name, self._args = name, args
        self._environment = args.catalogue.environment
        self._child = pulumi.ResourceOptions(parent=self)
        self.function_name = plan.function_name(self._environment)
        reader, caller, builder = (
            self._account("age", "Reads the dates of values"),
            self._account("call", "Calls the rotation reminder"),
            self._account("build", "Builds the rotation reminder"),
        )
        granted = [*self._let_read_dates(reader), *self._let_build(builder)]
        function = self._function(reader, builder, granted)
        self._policies(self._schedule(function, caller))
        self.register_outputs({"functionName": self.function_name})

    def _account(self, purpose: str, description: str) -> gcp.serviceaccount.Account:
        return gcp.serviceaccount.Account(
            f"{self._name}-{purpose}-account",
            project=self._args.project.project_id,
            account_id=plan.account_id(self._environment, purpose),
            display_name=f"keyplan {purpose} {self._environment}",
            description=f"{description} in {self._environment}",
            opts=self._child,
        )

    def _let_read_dates(self, reader: gcp.serviceaccount.Account) -> list[pulumi.Resource]:
        """Metadata of the environment's secrets: dates, states, never a value."""
        args, project_id = self._args, self._args.project.project_id
        role = gcp.projects.IAMCustomRole(
            f"{self._name}-role",
            project=project_id,
            role_id=plan.role_id(self._environment),
            title=f"keyplan reminder of {self._environment}",
            description=f"Reads when keys of {self._environment} were stored, and never a key",
            permissions=list(plan.REMINDER_PERMISSIONS),
            opts=self._child,
        )
        expression, others = plan.metadata_condition(args.catalogue, args.project)
        granted: list[pulumi.Resource] = []
        if expression is not None:
            granted.append(
                self._on_project("dates", role.name, reader, (f"secrets of {self._environment}", expression))
            )
        for key in others:
            granted.append(
                gcp.secretmanager.SecretIamMember(
                    f"{self._name}-dates-{args.catalogue.keys[key].lasting_name}",
                    project=project_id,
                    secret_id=args.secret_ids[key],
                    role=role.name,
                    member=reader.member,
                    opts=self._child,
                )
            )
        return granted

    def _let_build(self, builder: gcp.serviceaccount.Account) -> list[pulumi.Resource]:
        """What Google's page on custom build accounts lists; the buckets are those of functions only.

        Source: Cloud Run functions, "Custom service account for Cloud Build" (checked 2026-11-21).
        """
        sources = f"projects/_/buckets/gcf-v2-sources-{self._args.project.number}-"
        return [
            self._on_project("build-log", "roles/logging.logWriter", builder),
            self._on_project("build-image", "roles/artifactregistry.writer", builder),
            self._on_project(
                "build-source",
                "roles/storage.objectViewer",
                builder,
                ("sources of functions", f'resource.name.startsWith("{sources}")'),
            ),
        ]

    def _on_project(
        self,
        purpose: str,
        role: pulumi.Input[str],
        account: gcp.serviceaccount.Account,
        condition: tuple[str, str] | None = None,
    ) -> pulumi.Resource:
        bound = None
        if condition is not None:
            bound = gcp.projects.IAMMemberConditionArgs(title=condition[0], expression=condition[1])
        return gcp.projects.IAMMember(
            f"{self._name}-{purpose}",
            project=self._args.project.project_id,
            role=role,
            member=account.member,
            condition=bound,
            opts=self._child,
        )

    def _source(self) -> gcp.storage.BucketObject:
        project = self._args.project
        bucket = gcp.storage.Bucket(
            f"{self._name}-bucket",
            project=project.project_id,
            name=plan.bucket_name(project, self._environment),
            location=project.region,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            # It holds the function's source only, which every update can upload again.
            force_destroy=True,
            labels=labels(self._environment),
            opts=self._child,
        )
        files = source_files(plan.settings_document(self._args.catalogue, project))
        return gcp.storage.BucketObject(
            f"{self._name}-source",
            bucket=bucket.name,
            name=f"value-age-{source_digest(files)[:16]}.zip",
            source=source_archive(files),
            opts=self._child,
        )

    def _function(
        self,
        reader: gcp.serviceaccount.Account,
        builder: gcp.serviceaccount.Account,
        granted: list[pulumi.Resource],
    ) -> gcp.cloudfunctionsv2.Function:
        project, source = self._args.project, self._source()
        return gcp.cloudfunctionsv2.Function(
            f"{self._name}-function",
            project=project.project_id,
            location=project.region,
            name=self.function_name,
            description=f"Measures how old the keys of {self._environment} are and reminds their owners",
            build_config=gcp.cloudfunctionsv2.FunctionBuildConfigArgs(
                runtime=RUNTIME,
                entry_point=ENTRY_POINT,
                service_account=builder.name,
                source=gcp.cloudfunctionsv2.FunctionBuildConfigSourceArgs(
                    storage_source=gcp.cloudfunctionsv2.FunctionBuildConfigSourceStorageSourceArgs(
                        bucket=source.bucket, object=source.name
                    )
                ),
            ),
            service_config=gcp.cloudfunctionsv2.FunctionServiceConfigArgs(
                service_account_email=reader.email,
                # One run at a time is enough, and two would say everything twice.
                max_instance_count=1,
                available_memory=MEMORY,
                timeout_seconds=TIMEOUT_SECONDS,
                # Cloud Scheduler counts as internal; the internet has no way in.
                ingress_settings="ALLOW_INTERNAL_ONLY",
            ),
            labels=labels(self._environment),
            opts=pulumi.ResourceOptions(parent=self, depends_on=granted),
        )

    def _schedule(
        self, function: gcp.cloudfunctionsv2.Function, caller: gcp.serviceaccount.Account
    ) -> pulumi.Resource:
        project = self._args.project
        invoker = gcp.cloudrunv2.ServiceIamMember(
            f"{self._name}-invoker",
            project=project.project_id,
            location=project.region,
            # The service behind a function has the function's name.
            name=function.name,
            role="roles/run.invoker",
            member=caller.member,
            opts=self._child,
        )
        uri = function.service_config.apply(lambda config: config.uri if config and config.uri else "")
        return gcp.cloudscheduler.Job(
            f"{self._name}-schedule",
            project=project.project_id,
            region=project.region,
            name=self.function_name,
            description=f"Runs the rotation reminder of {self._environment}",
            schedule=plan.SCHEDULE,
            time_zone=plan.TIME_ZONE,
            attempt_deadline=f"{TIMEOUT_SECONDS + 20}s",
            retry_config=gcp.cloudscheduler.JobRetryConfigArgs(
                retry_count=RETRIES, min_backoff_duration="60s"
            ),
            http_target=gcp.cloudscheduler.JobHttpTargetArgs(
                uri=uri,
                http_method="POST",
                oidc_token=gcp.cloudscheduler.JobHttpTargetOidcTokenArgs(
                    service_account_email=caller.email, audience=uri
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[invoker]),
        )

    def _policies(self, schedule: pulumi.Resource) -> None:
        args = self._args
        for policy in plan.reminder_policies(args.catalogue, args.project):
            log_policy(
                f"{self._name}-{policy.slug}",
                args.project,
                self._environment,
                policy,
                args.channels,
                self._child,
            )
        self._silence(schedule)

    def _silence(self, schedule: pulumi.Resource) -> None:
        args, environment = self._args, self._environment
        metric = gcp.logging.Metric(
            f"{self._name}-runs",
            project=args.project.project_id,
            name=plan.metric_name(environment),
            description=f"Finished runs of the rotation reminder of {environment}",
            filter=both(plan.lines_filter(environment, "run")),
            metric_descriptor=gcp.logging.MetricMetricDescriptorArgs(metric_kind="DELTA", value_type="INT64"),
            opts=self._child,
        )
        name = f"{environment}-keyplan-reminder-silent"
        # All revisions of the function together: each has a time series of its own, and those of the past are
        # silent for ever.
        together = gcp.monitoring.AlertPolicyConditionConditionAbsentAggregationArgs(
            alignment_period=f"{plan.ALIGNMENT_SECONDS}s",
            per_series_aligner="ALIGN_SUM",
            cross_series_reducer="REDUCE_SUM",
        )
        gcp.monitoring.AlertPolicy(
            f"{self._name}-silent",
            project=args.project.project_id,
            display_name=name,
            combiner="OR",
            conditions=[
                gcp.monitoring.AlertPolicyConditionArgs(
                    display_name=name,
                    condition_absent=gcp.monitoring.AlertPolicyConditionConditionAbsentArgs(
                        filter=metric.name.apply(
                            lambda metric_name: (
                                f'metric.type="logging.googleapis.com/user/{metric_name}" '
                                'AND resource.type="cloud_run_revision"'
                            )
                        ),
                        duration=f"{plan.SILENT_SECONDS}s",
                        aggregations=[together],
                    ),
                )
            ],
            alert_strategy=gcp.monitoring.AlertPolicyAlertStrategyArgs(
                auto_close=f"{7 * 86_400}s",
                # The end of a silence is nothing that anybody has to do something about.
                notification_prompts=["OPENED"],
            ),
            documentation=gcp.monitoring.AlertPolicyDocumentationArgs(
                content=plan.silent_content(environment, args.project),
                mime_type="text/markdown",
                subject=f"{environment}: the rotation reminder does not run",
            ),
            notification_channels=[args.channels[args.catalogue.owner]],
            user_labels=labels(environment),
            # Monitoring refuses a policy on a metric that it does not know yet, and learns of a new one with
            # a delay: the build of the function is that delay.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[metric, schedule]),
        )
