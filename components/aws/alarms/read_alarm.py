"""The read alarm: when somebody who is not a listed reader reads a key, its owners are mailed.

Needs a CloudTrail trail of the account, in this region, that logs read events; keyplan makes none, because an
account has its own. Watches the environment's region only: reads of a copy in another region are recorded
there. docs/reminders.md says what is mailed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.account import Account
from components.aws.alarms.notifications import topic_arn
from components.aws.alarms.read_alarm_plan import event_pattern, read_alarm_settings
from components.aws.alarms.reminder_plan import failing_alarm, log_command
from components.aws.alarms.reminders import owners
from components.aws.alarms.small_function import SmallFunction, SmallFunctionArgs
from components.aws.tags import tags
from keyplan.catalogue import Catalogue

MODULES = ("aws/mail", "aws/read_alarm", "aws/read_events", "aws/read_mail", "text")
TIMEOUT_SECONDS = 30  # one or two messages; the rest is waiting for SNS to answer again
MEMORY_MEGABYTES = 256
FAILING_PERIOD_SECONDS = 300
# The only state in which a rule gets read events: plain ENABLED leaves Get, List and Describe calls out.
# Source: EventBridge User Guide, "Receiving read-only management events" (checked 2026-11-21).
RULE_STATE = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


@dataclass(frozen=True)
class ReadAlarmArgs:
    """What the read alarm of one environment needs."""

    catalogue: Catalogue
    account: Account
    secret_arns: Mapping[str, pulumi.Input[str]]  # key name -> full ARN
    reader_principals: Mapping[str, Sequence[pulumi.Input[str]]]  # key name -> ARNs, `*` and `?` allowed
    topic_arns: Mapping[str, pulumi.Input[str]]  # owner's address -> topic


class ReadAlarm(pulumi.ComponentResource):
    """The read alarm of one environment."""

    function_name: str
    """The function that decides: `prod-keyplan-read-alarm`."""

    def __init__(self, name: str, args: ReadAlarmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("keyplan:aws:ReadAlarm", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        environment = args.catalogue.environment
        self.function_name = f"{environment}-keyplan-read-alarm"
        small = SmallFunction(name, _function_args(args, self.function_name), child)
        rule = aws.cloudwatch.EventRule(
            f"{name}-reads",
            name=f"{environment}-keyplan-reads",
            description=f"Every read of a key of {environment}, for the read alarm",
            event_pattern=event_pattern(args.catalogue, args.account),
            state=RULE_STATE,
            tags=tags(environment, args.catalogue.owner),
            opts=child,
        )
        permission = aws.lambda_.Permission(
            f"{name}-reads-permission",
            statement_id="ReadsOfThisEnvironment",
            action="lambda:InvokeFunction",
            function=small.function.name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            opts=child,
        )
        aws.cloudwatch.EventTarget(
            f"{name}-reads-target",
            target_id="read-alarm",
            rule=rule.name,
            arn=small.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        self.register_outputs({"functionName": self.function_name})


def _function_args(args: ReadAlarmArgs, function_name: str) -> SmallFunctionArgs:
    catalogue = args.catalogue
    environment = catalogue.environment
    return SmallFunctionArgs(
        environment=environment,
        account=args.account,
        function_name=function_name,
        description=f"Tells the owners when an unlisted principal reads a key of {environment}",
        module="aws/read_alarm",
        modules=MODULES,
        settings=_settings(args),
        timeout_seconds=TIMEOUT_SECONDS,
        memory_megabytes=MEMORY_MEGABYTES,
        statements=[],
        secrets=[],  # CloudTrail's record says everything; the function looks at no secret
        topics={
            topic_arn(args.account, environment, address): args.topic_arns[address]
            for address in owners(catalogue)
        },
        failing=failing_alarm(
            f"{environment}-read-alarm-failing",
            function_name,
            catalogue.owner,
            FAILING_PERIOD_SECONDS,
            f"The read alarm of {environment} failed, so a read by somebody who is not listed may not have "
            f"been told. See why: {log_command(function_name)}. Who read: CloudTrail's event history, event "
            "name GetSecretValue.",
        ),
        failing_topic=args.topic_arns[catalogue.owner],
        tags=tags(environment, catalogue.owner),
    )


def _settings(args: ReadAlarmArgs) -> pulumi.Output[str]:
    """settings.json, once the ARNs are known."""
    known = pulumi.Output.all(
        secrets=dict(args.secret_arns),
        readers={key: list(principals) for key, principals in args.reader_principals.items()},
        topics=dict(args.topic_arns),
    )
    return known.apply(lambda arns: _document(args.catalogue, arns))


def _document(catalogue: Catalogue, arns: dict[str, Any]) -> str:
    settings = read_alarm_settings(catalogue, arns["secrets"], arns["readers"], arns["topics"])
    return json.dumps(settings, indent=1, sort_keys=True)
