"""Everything that an emulated account has, read through the APIs: what two accounts are compared by.

Nothing here knows Pulumi or the sandbox's own provider, so that it can't repeat their mistakes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

Client = Callable[[str], Any]
Inventory = dict[str, Any]
# Different in every account, and different again when something was put right.
NEVER_THE_SAME = frozenset(
    {
        "ResponseMetadata",
        "RoleId",
        "PolicyId",
        "InstanceProfileId",
        "RevisionId",
        "SubscriptionArn",  # a new one when somebody is subscribed again
        "LastModified",
        "VersionIdsToStages",  # its names of versions are random; versions are listed apart
        "creationTime",
        "AlarmConfigurationUpdatedTimestamp",
        "StateReasonData",
    }
)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ARN_OF_SECRET = re.compile(r"(:secret:[\w/+=.@-]+)-\w{6}(?!\w)")


def inventory(client: Client) -> Inventory:
    """`kind name` -> its whole description, for every resource of every service that keyplan uses."""
    found = dict(_everything(client))
    return {name: _plain(document) for name, document in sorted(found.items())}


def comparable(found: Inventory) -> Inventory:
    """The same without what is random in every account: ids of KMS keys, ends of secrets' ARNs."""
    text = json.dumps(found)
    for name, document in found.items():
        if name.startswith("kms alias "):
            text = text.replace(document["TargetKeyId"], f"KEY OF {document['AliasName']}")
    text = ARN_OF_SECRET.sub(r"\1-RANDOM", UUID.sub("UUID", text))
    compared: Inventory = json.loads(text)
    return compared


def _everything(client: Client) -> Iterator[tuple[str, Any]]:
    yield from _secrets(client("secretsmanager"))
    yield from _encryption(client("kms"))
    yield from _identities(client("iam"))
    yield from _events(client("events"))
    yield from _functions(client("lambda"))
    yield from _alarms(client("cloudwatch"))
    yield from _topics(client("sns"))
    logs = client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        tags = logs.list_tags_log_group(logGroupName=group["logGroupName"])["tags"]
        yield f"log group {group['logGroupName']}", {**group, "tags": tags}
    for url in client("sqs").list_queues().get("QueueUrls", []):
        yield f"queue {url.rsplit('/', 1)[1]}", {}
    for schedule in client("scheduler").list_schedules()["Schedules"]:
        yield f"schedule {schedule['Name']}", schedule


def _secrets(service: Any) -> Iterator[tuple[str, Any]]:
    for page in service.get_paginator("list_secrets").paginate(IncludePlannedDeletion=True):
        for listed in page["SecretList"]:
            arn = listed["ARN"]
            described = service.describe_secret(SecretId=arn)
            if "DeletedDate" in described:
                yield f"deleted secret {listed['Name']}", described
                continue
            if described.get("PrimaryRegion", service.meta.region_name) != service.meta.region_name:
                yield f"replica {listed['Name']}", described
                continue
            yield (
                f"secret {listed['Name']}",
                {
                    **described,
                    "policy": service.get_resource_policy(SecretId=arn).get("ResourcePolicy"),
                    "labels": sorted(
                        label
                        for version in service.list_secret_version_ids(SecretId=arn)["Versions"]
                        for label in version.get("VersionStages", [])
                    ),
                },
            )


def _encryption(service: Any) -> Iterator[tuple[str, Any]]:
    aliases = [
        alias for page in service.get_paginator("list_aliases").paginate() for alias in page["Aliases"]
    ]
    names = {alias.get("TargetKeyId"): alias["AliasName"] for alias in aliases}
    for alias in aliases:
        if not alias["AliasName"].startswith("alias/aws/"):
            yield f"kms alias {alias['AliasName']}", alias
    for listed in service.list_keys()["Keys"]:
        key = listed["KeyId"]
        described = service.describe_key(KeyId=key)["KeyMetadata"]
        if described["KeyManager"] != "CUSTOMER":
            continue
        if described["KeyState"] == "PendingDeletion":
            yield f"deleted kms key {key}", described
            continue
        yield (
            f"kms key of {names.get(key, 'no alias')}",
            {
                **described,
                "policy": service.get_key_policy(KeyId=key, PolicyName="default")["Policy"],
                "rotation": service.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"],
                "tags": service.list_resource_tags(KeyId=key)["Tags"],
            },
        )


def _identities(service: Any) -> Iterator[tuple[str, Any]]:
    details = service.get_paginator("get_account_authorization_details")
    for page in details.paginate(Filter=["User", "Group", "Role", "LocalManagedPolicy"]):
        for kind in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"):
            for detail in page[kind]:
                yield f"iam {detail['Arn']}", detail
    for page in service.get_paginator("list_instance_profiles").paginate():
        for profile in page["InstanceProfiles"]:
            roles = [role["RoleName"] for role in profile["Roles"]]
            yield f"iam {profile['Arn']}", {**profile, "Roles": roles}
    for listed in service.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        arn = listed["Arn"]
        yield f"oidc provider {arn}", service.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)


def _events(service: Any) -> Iterator[tuple[str, Any]]:
    for bus in service.list_event_buses()["EventBuses"]:
        if bus["Name"] != "default":
            yield f"event bus {bus['Name']}", bus
        for rule in service.list_rules(EventBusName=bus["Name"])["Rules"]:
            targets = service.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus["Name"])["Targets"]
            tags = service.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]
            yield f"event rule {rule['Name']}", {**rule, "targets": targets, "tags": tags}


def _functions(service: Any) -> Iterator[tuple[str, Any]]:
    for listed in service.list_functions()["Functions"]:
        name = listed["FunctionName"]
        try:
            policy = service.get_policy(FunctionName=name)["Policy"]
        except service.exceptions.ResourceNotFoundException:
            policy = None
        tags = service.list_tags(Resource=listed["FunctionArn"])["Tags"]
        yield f"function {name}", {**listed, "policy": policy, "tags": tags}
    for mapping in service.list_event_source_mappings()["EventSourceMappings"]:
        yield f"event source {mapping['EventSourceArn']}", mapping


def _alarms(service: Any) -> Iterator[tuple[str, Any]]:
    answer = service.describe_alarms(AlarmTypes=["CompositeAlarm", "MetricAlarm"])
    for alarm in (*answer["MetricAlarms"], *answer.get("CompositeAlarms", [])):
        tags = service.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        yield f"alarm {alarm['AlarmName']}", {**alarm, "tags": tags}


def _topics(service: Any) -> Iterator[tuple[str, Any]]:
    for listed in service.list_topics()["Topics"]:
        arn = listed["TopicArn"]
        attributes = service.get_topic_attributes(TopicArn=arn)["Attributes"]
        tags = service.list_tags_for_resource(ResourceArn=arn)["Tags"]
        yield f"topic {arn}", {**attributes, "tags": tags}
    for subscription in service.list_subscriptions()["Subscriptions"]:
        yield f"subscription of {subscription['TopicArn']} to {subscription['Endpoint']}", subscription


def _plain(value: Any) -> Any:
    """Without dates and random ids; documents decoded, tags by name, sets in one order."""
    if isinstance(value, dict):
        kept = {name: item for name, item in value.items() if name not in NEVER_THE_SAME}
        return {name: _plain(item) for name, item in kept.items() if not isinstance(item, datetime)}
    if isinstance(value, list):
        return sorted(map(_plain, value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, str) and value.startswith("{"):
        with suppress(ValueError):  # the name that Bitbucket gives a pipeline begins so too
            return _plain(json.loads(value))
    return value
