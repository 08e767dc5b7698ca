"""Which reads reach the read alarm, and settings.json of the function that decides about them. Pure.

The event pattern is coarse on purpose: EventBridge takes 2,048 characters, and 500 keys need more. It lets
through what begins like one of the environment's secrets; functions/aws/read_events.py decides exactly.

Sources: EventBridge User Guide, "Amazon EventBridge quotas" (event pattern size) and "Comparison operators";
Secrets Manager API reference, BatchGetSecretValue: CloudTrail gets one GetSecretValue record for each secret
of a batch, so that one event name is enough (checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.aws.account import Account
from components.aws.policy.documents import render
from keyplan.catalogue import Catalogue

EVENT_PATTERN_CHARACTERS = 2_048


def event_pattern(catalogue: Catalogue, account: Account) -> str:
    """The rule's pattern, compact JSON: reads of these secrets, and refusals that name no secret.

    Where the names of secrets that do not begin with `ENVIRONMENT/` would make it too long, it lets every
    read of the region through, and the function drops what is not the environment's.
    """
    exact = render(_pattern(_secret_ids(catalogue, account)))
    return exact if len(exact) <= EVENT_PATTERN_CHARACTERS else render(_pattern(None))


def _pattern(secret_ids: list[Any] | None) -> dict[str, Any]:
    detail: dict[str, Any] = {
        "eventName": ["GetSecretValue"],
        "eventSource": ["secretsmanager.amazonaws.com"],
    }
    if secret_ids is not None:
        detail["$or"] = [
            {"requestParameters": {"secretId": secret_ids}},
            # CloudTrail can leave the parameters of a refused call out; its message names the secret.
            {"errorCode": [{"exists": True}], "requestParameters": {"secretId": [{"exists": False}]}},
        ]
    return {
        "source": ["aws.secretsmanager"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": detail,
    }


def _secret_ids(catalogue: Catalogue, account: Account) -> list[Any]:
    prefix = f"{catalogue.environment}/"
    names = [key.secret_name for key in catalogue.keys.values()]
    elsewhere = sorted(name for name in names if not name.startswith(prefix))
    begins = ([prefix] if len(elsewhere) < len(names) else []) + elsewhere
    arn = account.arn("secretsmanager", "secret:")
    return [{"prefix": begin} for begin in begins] + [{"prefix": f"{arn}{begin}"} for begin in begins]


def read_alarm_settings(
    catalogue: Catalogue,
    secret_arns: Mapping[str, str],
    readers: Mapping[str, Sequence[str]],
    topic_arns: Mapping[str, str],
) -> dict[str, Any]:
    """The document.

    Args:
        catalogue: the environment.
        secret_arns: key name to the full ARN of its secret.
        readers: key name to the ARNs of the principals that may read it, with `*` and `?` as wildcards.
        topic_arns: address to topic ARN, of every owner.
    """
    return {
        "environment": catalogue.environment,
        "ownerTopic": topic_arns[catalogue.owner],
        "keys": [
            {
                "name": key.name,
                "owner": key.owner,
                "ownerTopic": topic_arns[key.owner],
                "secretName": key.secret_name,
                "secretArn": secret_arns[key.name],
                "readers": sorted(set(readers.get(key.name, ()))),
            }
            for key in catalogue.keys.values()
        ],
    }
