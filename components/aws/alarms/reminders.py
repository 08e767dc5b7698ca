"""Rotation reminders: a daily function measures the age of every value, alarms watch it, owners are mailed.

Owns the function's schedule, the alarms, and who may call what. The rules of time are in functions/ages.py,
the alarms' settings in reminder_plan.py, and docs/reminders.md says who is told what and when.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.account import Account
from components.aws.alarms.metric_alarms import metric_alarm
from components.aws.alarms.notifications import topic_arn
from components.aws.alarms.reminder_plan import (
    HOUR_SECONDS,
    NAMESPACE,
    SCHEDULE,
    Action,
    AlarmPlan,
    failing_alarm,
    log_command,
    reminder_alarms,
)
from components.aws.alarms.reminder_settings import reminder_settings
from components.aws.alarms.small_function import SmallFunction, SmallFunctionArgs
from components.aws.policy.documents import Document
from components.aws.tags import tags
from keyplan.catalogue import Catalogue, in_lasting_order
from keyplan.names import secret_arn_pattern

MODULES = (
    "ages",
    "aws/mail",
    "aws/reminder_mail",
    "aws/value_age",
    "aws/value_age_settings",
    "reminder_words",
    "text",
)
# 500 keys are 1,000 calls of some 100 ms each at this memory's share of a processor, and twice that in hand.
TIMEOUT_SECONDS = 300
MEMORY_MEGABYTES = 256


@dataclass(frozen=True)
class RotationRemindersArgs:
    """What the reminders of one environment need."""

    catalogue: Catalogue
    account: Account
    secret_arns: Mapping[str, pulumi.Input[str]]  # key name -> full ARN
    topic_arns: Mapping[str, pulumi.Input[str]]  # owner's address -> topic


class RotationReminders(pulumi.ComponentResource):
    """The reminders of one environment."""

    function_name: str
    """The function that a person can run at any time: `prod-keyplan-value-age`."""

    def __init__(
        self, name: str, args: RotationRemindersArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("keyplan:aws:RotationReminders", name, None, opts)
        catalogue = args.catalogue
        child = pulumi.ResourceOptions(parent=self)
        self.function_name = f"{catalogue.environment}-keyplan-value-age"
        small = SmallFunction(name, _function_args(args, self.function_name), child)
        callers = [_schedule(name, args, small, child), _let_alarms_call(name, args, small, child)]
        for plan in reminder_alarms(catalogue, self.function_name):
            self._alarm(name, args, plan, small, callers)
        self.register_outputs({"functionName": self.function_name})

    def _alarm(
        self,
        name: str,
        args: RotationRemindersArgs,
        plan: AlarmPlan,
        small: SmallFunction,
        callers: list[pulumi.Resource],
    ) -> None:
        owner_topic = args.topic_arns[args.catalogue.owner]
        action = small.arn if plan.action is Action.FUNCTION else owner_topic
        logical = plan.name.removeprefix(f"{args.catalogue.environment}-").removeprefix("keyplan/")
        logical = logical.replace("/", "-")
        # An alarm that goes off before it may call the function would lose its one message.
        opts = pulumi.ResourceOptions(parent=self, depends_on=callers)
        metric_alarm(f"{name}-{logical}", args.catalogue.environment, plan, [action], opts)


def _function_args(args: RotationRemindersArgs, function_name: str) -> SmallFunctionArgs:
    catalogue, account = args.catalogue, args.account
    environment = catalogue.environment
    return SmallFunctionArgs(
        environment=environment,
        account=account,
        function_name=function_name,
        description=f"Measures how old the keys of {environment} are and reminds their owners",
        module="aws/value_age",
        modules=MODULES,
        settings=_settings(args),
        timeout_seconds=TIMEOUT_SECONDS,
        memory_megabytes=MEMORY_MEGABYTES,
        statements=[_publish_metrics()],
        secrets=[
            secret_arn_pattern(account.partition, account.region, account.account_id, key.secret_name)
            for key in in_lasting_order(catalogue.keys.values())
        ],
        topics={
            topic_arn(account, environment, address): args.topic_arns[address]
            for address in owners(catalogue)
        },
        failing=failing_alarm(
            f"{environment}-reminder-failing",
            function_name,
            catalogue.owner,
            HOUR_SECONDS,
            f"The rotation reminder of {environment} failed, so somebody may not have been told that "
            f"a key is due. See why: {log_command(function_name)}. Meanwhile: keyplan status.",
        ),
        failing_topic=args.topic_arns[catalogue.owner],
        tags=tags(environment, catalogue.owner),
    )


def owners(catalogue: Catalogue) -> list[str]:
    """Every address that is written to: the environment's owner and each key's, once."""
    return sorted({catalogue.owner, *(key.owner for key in catalogue.keys.values())})


def _settings(args: RotationRemindersArgs) -> pulumi.Output[str]:
    """settings.json, once the ARNs are known."""
    known = pulumi.Output.all(secrets=dict(args.secret_arns), topics=dict(args.topic_arns))
    return known.apply(
        lambda arns: json.dumps(
            reminder_settings(args.catalogue, arns["secrets"], arns["topics"]), indent=1, sort_keys=True
        )
    )


def _publish_metrics() -> Document:
    return {
        "Sid": "PublishAges",
        "Effect": "Allow",
        "Action": "cloudwatch:PutMetricData",
        # PutMetricData knows no resources: the namespace is the only bound that it has.
        "Resource": "*",
        "Condition": {"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
    }


def _schedule(
    name: str, args: RotationRemindersArgs, small: SmallFunction, child: pulumi.ResourceOptions
) -> pulumi.Resource:
    environment = args.catalogue.environment
    rule = aws.cloudwatch.EventRule(
        f"{name}-daily",
        name=f"{environment}-keyplan-value-age-daily",
        description=f"Runs the rotation reminder of {environment} once a day",
        schedule_expression=SCHEDULE,
        tags=tags(environment, args.catalogue.owner),
        opts=child,
    )
    permission = aws.lambda_.Permission(
        f"{name}-daily-permission",
        statement_id="DailyRun",
        action="lambda:InvokeFunction",
        function=small.function.name,
        principal="events.amazonaws.com",
        source_arn=rule.arn,
        opts=child,
    )
    return aws.cloudwatch.EventTarget(
        f"{name}-daily-target",
        target_id="value-age",
        rule=rule.name,
        arn=small.arn,
        opts=pulumi.ResourceOptions(parent=child.parent, depends_on=[permission]),
    )


def _let_alarms_call(
    name: str, args: RotationRemindersArgs, small: SmallFunction, child: pulumi.ResourceOptions
) -> pulumi.Resource:
    # One permission for all of the environment's alarms: one each would outgrow the function's policy, 20 KB.
    return aws.lambda_.Permission(
        f"{name}-alarms-permission",
        statement_id="AlarmsOfThisEnvironment",
        action="lambda:InvokeFunction",
        function=small.function.name,
        principal="lambda.alarms.cloudwatch.amazonaws.com",
        source_account=args.account.account_id,
        source_arn=args.account.arn("cloudwatch", f"alarm:{args.catalogue.environment}-*"),
        opts=child,
    )
