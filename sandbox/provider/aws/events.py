"""EventBridge rules and their targets."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sandbox.provider.cloud import Cloud
from sandbox.provider.errors import ProviderError
from sandbox.provider.handler import (
    Created,
    Handler,
    Properties,
    change_tags,
    id_parts,
    tag_list,
    tag_map,
    tag_outputs,
)
from sandbox.provider.values import present

DEFAULT_BUS = "default"


class EventRule(Handler):
    """Id: the rule's name, `BUS/NAME` on another bus than the default one."""

    kind = "aws:cloudwatch/eventRule:EventRule"
    service = "events"
    optional = (
        "name",
        "namePrefix",
        "description",
        "eventBusName",
        "eventPattern",
        "forceDestroy",
        "roleArn",
        "scheduleExpression",
        "state",
        "tags",
    )
    fixed = ("name", "namePrefix", "eventBusName")
    computed = ("arn",)
    local = ("forceDestroy",)
    defaults = MappingProxyType({"eventBusName": DEFAULT_BUS, "forceDestroy": False, "state": "ENABLED"})
    documents = ("eventPattern",)
    identity = ("eventBusName", "name")
    name_length = 64

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """PutRule creates and replaces."""
        arn = self._put(cloud, new, Tags=tag_list(new["tagsAll"]))
        return Created(_rule_id(new["eventBusName"], new["name"]), {"arn": arn})

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """DescribeRule and the tags."""
        bus, name = _rule_of(id_)
        client = self.aws(cloud, known)
        rule = client.describe_rule(Name=name, EventBusName=bus)
        tags = client.list_tags_for_resource(ResourceARN=rule["Arn"]).get("Tags")
        return {
            "name": rule["Name"],
            "arn": rule["Arn"],
            "eventBusName": bus,
            "state": rule["State"],
            **present(
                description=rule.get("Description"),
                eventPattern=rule.get("EventPattern"),
                scheduleExpression=rule.get("ScheduleExpression"),
                roleArn=rule.get("RoleArn"),
            ),
            **tag_outputs(tag_map(tags)),
        }

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """PutRule leaves the targets and the tags alone."""
        client = self.aws(cloud, new)
        if changed - {"tags", "tagsAll", *self.local}:
            self._put(cloud, new)
        if "tagsAll" in changed:
            bus, name = _rule_of(id_)
            arn = client.describe_rule(Name=name, EventBusName=bus)["Arn"]
            change_tags(old, new, client.untag_resource, client.tag_resource, ResourceARN=arn)
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """With `forceDestroy` its targets go first; without it AWS refuses while it has any."""
        bus, name = _rule_of(id_)
        client = self.aws(cloud, known)
        if known.get("forceDestroy"):
            targets = client.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]
            if targets:
                client.remove_targets(Rule=name, EventBusName=bus, Ids=[target["Id"] for target in targets])
        client.delete_rule(Name=name, EventBusName=bus)

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """By bus and name."""
        return _rule_id(new["eventBusName"], new["name"])

    def _put(self, cloud: Cloud, new: Properties, **more: Any) -> str:
        answer = self.aws(cloud, new).put_rule(
            Name=new["name"],
            EventBusName=new["eventBusName"],
            State=new["state"],
            **present(
                Description=new.get("description"),
                EventPattern=new.get("eventPattern"),
                ScheduleExpression=new.get("scheduleExpression"),
                RoleArn=new.get("roleArn"),
            ),
            **more,
        )
        return str(answer["RuleArn"])


class EventTarget(Handler):
    """Id: `RULE/TARGET` or `BUS/RULE/TARGET`, the form that the real provider imports by."""

    kind = "aws:cloudwatch/eventTarget:EventTarget"
    service = "events"
    required = ("arn", "rule")
    optional = (
        "deadLetterConfig",
        "eventBusName",
        "forceDestroy",
        "input",
        "inputPath",
        "inputTransformer",
        "retryPolicy",
        "roleArn",
        "targetId",
    )
    fixed = ("rule", "eventBusName", "targetId")
    local = ("forceDestroy",)
    defaults = MappingProxyType({"eventBusName": DEFAULT_BUS, "forceDestroy": False})
    documents = ("input",)
    nested = MappingProxyType(
        {
            "deadLetterConfig": ("arn",),
            "inputTransformer": ("inputPaths", "inputTemplate"),
            "retryPolicy": ("maximumEventAgeInSeconds", "maximumRetryAttempts"),
        }
    )
    identity = ("eventBusName", "rule", "targetId")
    name_property = "targetId"
    name_length = 64

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """PutTargets creates and replaces."""
        self._put(cloud, new)
        return Created(f"{_rule_id(new['eventBusName'], new['rule'])}/{new['targetId']}")

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """ListTargetsByRule."""
        bus, rule, target_id = _target_of(id_)
        answer = self.aws(cloud, known).list_targets_by_rule(Rule=rule, EventBusName=bus)
        for target in answer["Targets"]:
            if target["Id"] == target_id:
                shape = {"rule": rule, "eventBusName": bus, "targetId": target_id, "arn": target["Arn"]}
                return {**shape, **_target_read(target)}
        return None

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """The same call as the creation."""
        self._put(cloud, new)
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """The rule stays."""
        bus, rule, target_id = _target_of(id_)
        self.aws(cloud, known).remove_targets(Rule=rule, EventBusName=bus, Ids=[target_id])

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """By bus, rule and target id."""
        return f"{_rule_id(new['eventBusName'], new['rule'])}/{new['targetId']}"

    def _put(self, cloud: Cloud, new: Properties) -> None:
        transformer = new.get("inputTransformer") or {}
        retry = new.get("retryPolicy") or {}
        target = present(
            Id=new["targetId"],
            Arn=new["arn"],
            RoleArn=new.get("roleArn"),
            Input=new.get("input"),
            InputPath=new.get("inputPath"),
            InputTransformer=present(
                InputPathsMap=transformer.get("inputPaths"), InputTemplate=transformer.get("inputTemplate")
            )
            or None,
            DeadLetterConfig={"Arn": new["deadLetterConfig"]["arn"]} if "deadLetterConfig" in new else None,
            RetryPolicy=present(
                MaximumRetryAttempts=retry.get("maximumRetryAttempts"),
                MaximumEventAgeInSeconds=retry.get("maximumEventAgeInSeconds"),
            )
            or None,
        )
        answer = self.aws(cloud, new).put_targets(
            Rule=new["rule"], EventBusName=new["eventBusName"], Targets=[target]
        )
        for failure in answer.get("FailedEntries") or ():
            raise ProviderError(f"EventBridge refused the target: {failure.get('ErrorCode', 'unknown')}")


def _target_read(target: Mapping[str, Any]) -> dict[str, Any]:
    transformer = target.get("InputTransformer") or {}
    retry = target.get("RetryPolicy") or {}
    dead_letters = target.get("DeadLetterConfig") or {}
    return present(
        roleArn=target.get("RoleArn"),
        input=target.get("Input"),
        inputPath=target.get("InputPath"),
        inputTransformer=present(
            inputPaths=transformer.get("InputPathsMap"), inputTemplate=transformer.get("InputTemplate")
        )
        or None,
        deadLetterConfig=present(arn=dead_letters.get("Arn")) or None,
        retryPolicy=present(
            maximumRetryAttempts=retry.get("MaximumRetryAttempts"),
            maximumEventAgeInSeconds=retry.get("MaximumEventAgeInSeconds"),
        )
        or None,
    )


def _rule_id(bus: str, name: str) -> str:
    return name if bus == DEFAULT_BUS else f"{bus}/{name}"


def _target_of(id_: str) -> tuple[str, str, str]:
    rule_id, target_id = id_parts(id_, "/", "RULE/TARGET or BUS/RULE/TARGET", last=True)
    return *_rule_of(rule_id), target_id


def _rule_of(id_: str) -> tuple[str, str]:
    bus, _, name = id_.rpartition("/")
    return bus or DEFAULT_BUS, name
