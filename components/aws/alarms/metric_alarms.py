"""A planned alarm as a Pulumi resource. What it watches and says is in `reminder_plan`."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.alarms.reminder_plan import AlarmPlan
from components.aws.tags import tags


def metric_alarm(
    logical_name: str,
    environment: str,
    plan: AlarmPlan,
    actions: Sequence[pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
) -> aws.cloudwatch.MetricAlarm:
    """One alarm that calls `actions` when it goes to ALARM, and nobody when it goes back to OK."""
    warm_up = None
    if plan.warm_up_minutes is not None:
        warm_up = aws.cloudwatch.MetricAlarmWarmUpConfigurationArgs(
            warm_up_period_duration_in_minutes=plan.warm_up_minutes
        )
    return aws.cloudwatch.MetricAlarm(
        logical_name,
        name=plan.name,
        alarm_description=plan.description,
        namespace=plan.namespace,
        metric_name=plan.metric,
        dimensions=dict(plan.dimensions),
        statistic=plan.statistic,
        comparison_operator=plan.comparison,
        threshold=plan.threshold,
        period=plan.period_seconds,
        evaluation_periods=plan.periods,
        datapoints_to_alarm=plan.periods,
        treat_missing_data=plan.missing_data,
        warm_up_configuration=warm_up,
        alarm_actions=list(actions),
        tags=tags(environment, plan.owner, plan.vendor),
        opts=opts,
    )
