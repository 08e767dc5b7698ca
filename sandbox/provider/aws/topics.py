"""SNS: topics, their subscriptions and their policies."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

from sandbox.provider.cloud import Cloud
from sandbox.provider.handler import (
    Created,
    Handler,
    Properties,
    change_tags,
    tag_list,
    tag_map,
    tag_outputs,
)
from sandbox.provider.values import present

# Property -> attribute of CreateTopic and SetTopicAttributes.
TOPIC_ATTRIBUTES = {
    "displayName": "DisplayName",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "deliveryPolicy": "DeliveryPolicy",
}
SUBSCRIPTION_ATTRIBUTES = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
}


class Topic(Handler):
    """Id: the ARN."""

    kind = "aws:sns/topic:Topic"
    service = "sns"
    optional = ("name", "namePrefix", *TOPIC_ATTRIBUTES, "tags")
    fixed = ("name", "namePrefix")
    computed = ("arn", "owner")
    kept = ("policy",)
    documents = ("policy", "deliveryPolicy")
    name_length = 256

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """CreateTopic with its attributes."""
        attributes = {attribute: new[name] for name, attribute in TOPIC_ATTRIBUTES.items() if new.get(name)}
        arn = self.aws(cloud, new).create_topic(
            Name=new["name"], Attributes=attributes, Tags=tag_list(new["tagsAll"])
        )["TopicArn"]
        return Created(arn, {"arn": arn, "owner": arn.split(":")[4]})

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """GetTopicAttributes and the tags."""
        client = self.aws(cloud, known)
        found = client.get_topic_attributes(TopicArn=id_)["Attributes"]
        tags = client.list_tags_for_resource(ResourceArn=id_).get("Tags")
        return {
            "name": id_.rsplit(":", 1)[-1],
            "arn": id_,
            "owner": found["Owner"],
            **present(**{name: found.get(attribute) for name, attribute in TOPIC_ATTRIBUTES.items()}),
            **tag_outputs(tag_map(tags)),
        }

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """One call per attribute: SNS has no other way."""
        client = self.aws(cloud, new)
        for name, attribute in TOPIC_ATTRIBUTES.items():
            if name in changed:
                client.set_topic_attributes(
                    TopicArn=id_, AttributeName=attribute, AttributeValue=new.get(name, "")
                )
        if "tagsAll" in changed:
            change_tags(old, new, client.untag_resource, client.tag_resource, ResourceArn=id_)
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """Its subscriptions go with it."""
        self.aws(cloud, known).delete_topic(TopicArn=id_)

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """The ARN says region, account and name."""
        caller = cloud.caller()
        partition = caller["Arn"].split(":")[1]
        region = new.get("region") or cloud.region
        return f"arn:{partition}:sns:{region}:{caller['Account']}:{new['name']}"


class TopicSubscription(Handler):
    """Id: the subscription's ARN."""

    kind = "aws:sns/topicSubscription:TopicSubscription"
    service = "sns"
    required = ("endpoint", "protocol", "topic")
    optional = (*SUBSCRIPTION_ATTRIBUTES, "endpointAutoConfirms", "confirmationTimeoutInMinutes")
    fixed = ("endpoint", "protocol", "topic")
    computed = ("arn", "ownerId", "pendingConfirmation", "confirmationWasAuthenticated")
    kept = ("filterPolicyScope",)
    local = ("endpointAutoConfirms", "confirmationTimeoutInMinutes")
    defaults = MappingProxyType(
        {
            "rawMessageDelivery": False,
            "endpointAutoConfirms": False,
            "confirmationTimeoutInMinutes": 1,
        }
    )
    documents = ("deliveryPolicy", "filterPolicy", "redrivePolicy")
    identity = ("endpoint", "protocol", "topic")

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """Subscribe; the emulator confirms at once."""
        attributes = {
            attribute: _attribute_text(new[name])
            for name, attribute in SUBSCRIPTION_ATTRIBUTES.items()
            if new.get(name)
        }
        arn = self.aws(cloud, new).subscribe(
            TopicArn=new["topic"],
            Protocol=new["protocol"],
            Endpoint=new["endpoint"],
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        computed = {
            "arn": arn,
            "ownerId": arn.split(":")[4],
            "pendingConfirmation": False,
            "confirmationWasAuthenticated": True,
        }
        return Created(arn, computed)

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """GetSubscriptionAttributes."""
        found = self.aws(cloud, known).get_subscription_attributes(SubscriptionArn=id_)["Attributes"]
        texts = {name: found.get(attribute) for name, attribute in SUBSCRIPTION_ATTRIBUTES.items()}
        texts["rawMessageDelivery"] = texts["rawMessageDelivery"] == "true"
        return {
            "arn": id_,
            "ownerId": found["Owner"],
            "topic": found["TopicArn"],
            "protocol": found["Protocol"],
            "endpoint": found["Endpoint"],
            "pendingConfirmation": found.get("PendingConfirmation") == "true",
            "confirmationWasAuthenticated": found.get("ConfirmationWasAuthenticated") == "true",
            **present(**texts),
        }

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """One call per attribute."""
        for name, attribute in SUBSCRIPTION_ATTRIBUTES.items():
            if name in changed:
                self.aws(cloud, new).set_subscription_attributes(
                    SubscriptionArn=id_,
                    AttributeName=attribute,
                    AttributeValue=_attribute_text(new.get(name, "{}")),
                )
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """Unsubscribe."""
        self.aws(cloud, known).unsubscribe(SubscriptionArn=id_)

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """By topic, protocol and endpoint: a topic has each pair once."""
        pages = self.aws(cloud, new).get_paginator("list_subscriptions_by_topic")
        for page in pages.paginate(TopicArn=new["topic"]):
            for found in page["Subscriptions"]:
                if (found["Protocol"], found["Endpoint"]) == (new["protocol"], new["endpoint"]):
                    return str(found["SubscriptionArn"])
        return None


class TopicPolicy(Handler):
    """Who may publish to a topic. Id: the topic's ARN."""

    kind = "aws:sns/topicPolicy:TopicPolicy"
    service = "sns"
    required = ("arn", "policy")
    fixed = ("arn",)
    computed = ("owner",)
    documents = ("policy",)
    identity = ("arn",)

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """A topic always has a policy; this one replaces it."""
        self._put(cloud, new, new["policy"])
        return Created(new["arn"], {"owner": new["arn"].split(":")[4]})

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """The topic's Policy attribute."""
        found = self.aws(cloud, known).get_topic_attributes(TopicArn=id_)["Attributes"]
        return {"arn": id_, "policy": found["Policy"], "owner": found["Owner"]}

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """The same call as the creation."""
        self._put(cloud, new, new["policy"])
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """Back to what a new topic has: its owner may do everything."""
        self._put(cloud, known, json.dumps(_owner_policy(id_)))

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """By the topic's ARN."""
        return str(new["arn"])

    def _put(self, cloud: Cloud, known: Properties, policy: str) -> None:
        self.aws(cloud, known).set_topic_attributes(
            TopicArn=known["arn"], AttributeName="Policy", AttributeValue=policy
        )


def _owner_policy(arn: str) -> dict[str, Any]:
    """The policy that SNS gives a new topic, reduced to what it means.

    Source: Amazon SNS Developer Guide, "Example cases for access control" (checked 2026-11-21).
    """
    statement = {
        "Sid": "owner",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["sns:Publish", "sns:Subscribe", "sns:GetTopicAttributes", "sns:SetTopicAttributes"],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": arn.split(":")[4]}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _attribute_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
