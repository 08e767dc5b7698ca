"""One SNS topic for each owner of an environment, with the owner's address subscribed to it.

Everything that is said goes through these topics, so that an owner can add a chat channel or a pager beside
the e-mail. Nothing that is sent holds a value; topics are not encrypted with a key of their own, because
CloudWatch could not publish to them with the AWS managed one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.account import Account
from components.aws.policy.documents import VERSION, Document, render

# Source: SNS API reference, CreateTopic: up to 256 of A-Za-z0-9_- (checked 2026-11-21).
_SLUG_MAX = 60
_OUTSIDE_NAME = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True)
class OwnerTopicsArgs:
    """What the topics of one environment need."""

    environment: str
    account: Account
    addresses: Sequence[str]  # e-mail addresses; repeated ones share a topic
    tags: Mapping[str, str]


class OwnerTopics(pulumi.ComponentResource):
    """The topics of an environment's owners."""

    arns: dict[str, pulumi.Output[str]]
    """Address to topic ARN."""

    def __init__(self, name: str, args: OwnerTopicsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("keyplan:aws:OwnerTopics", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.arns = {}
        for address in dict.fromkeys(args.addresses):
            slug = _slug(address)
            topic = aws.sns.Topic(
                f"{name}-{slug}",
                name=topic_name(args.environment, address),
                display_name=f"keyplan {args.environment}",
                tags={**args.tags, "owner": address},
                opts=child,
            )
            aws.sns.TopicPolicy(
                f"{name}-{slug}-policy",
                arn=topic.arn,
                policy=topic.arn.apply(
                    lambda arn: render(topic_document(args.account, args.environment, arn))
                ),
                opts=child,
            )
            aws.sns.TopicSubscription(
                f"{name}-{slug}-email", topic=topic.arn, protocol="email", endpoint=address, opts=child
            )
            self.arns[address] = topic.arn
        self.register_outputs({"arns": self.arns})


def topic_name(environment: str, address: str) -> str:
    """`prod`, `ml@example.com` -> `prod-keyplan-ml-example-com-3f2a9c1d`: readable, one an address."""
    return f"{environment}-keyplan-{_slug(address)}"


def topic_arn(account: Account, environment: str, address: str) -> str:
    """The topic's ARN before it exists; for measuring policies at preview."""
    return account.arn("sns", topic_name(environment, address))


def topic_document(account: Account, environment: str, arn: str) -> Document:
    """Who may use a topic: this account's alarms may publish; otherwise the account decides, and nobody else.

    The account's statement grants nothing by itself to a principal of the account that has no policy of its
    own; it replaces SNS's default statement, which names every AWS principal and relies on a condition.
    """
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": "AlarmsOfThisEnvironment",
                "Effect": "Allow",
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": arn,
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": account.account_id},
                    # The star: alarms are named ENVIRONMENT-WHAT, and each has a name of its own.
                    "ArnLike": {"aws:SourceArn": account.arn("cloudwatch", f"alarm:{environment}-*")},
                },
            },
            {
                "Sid": "ThisAccount",
                "Effect": "Allow",
                "Principal": {"AWS": account.root_arn},
                "Action": [
                    "sns:AddPermission",
                    "sns:DeleteTopic",
                    "sns:GetTopicAttributes",
                    "sns:ListSubscriptionsByTopic",
                    "sns:Publish",
                    "sns:RemovePermission",
                    "sns:SetTopicAttributes",
                    "sns:Subscribe",
                ],
                "Resource": arn,
            },
        ],
    }


def _slug(address: str) -> str:
    # The digest keeps two addresses apart that differ only in what a topic's name cannot hold.
    readable = _OUTSIDE_NAME.sub("-", address).strip("-").lower()[:_SLUG_MAX]
    return f"{readable}-{hashlib.sha256(address.encode()).hexdigest()[:8]}"
