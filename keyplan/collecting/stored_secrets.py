"""Secrets Manager's part of a snapshot: each secret's metadata and own policy. A value is never asked for.

Source: Secrets Manager API Reference, ListSecrets, GetResourcePolicy (checked 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keyplan.collecting.asking import Asker
from keyplan.collecting.calls import NEXT_TOKEN, Call

PAGE_SECRETS = 100  # the most that Secrets Manager gives
# What verdicts need, and what tells a person which secret it is.
FIELDS = ("ARN", "Name", "Tags", "KmsKeyId", "DeletedDate", "PrimaryRegion", "OwningService")


def listed(asker: Asker, account: str, region: str) -> list[dict[str, Any]]:
    """The secrets of a region, those in their recovery window too, without their policies."""
    parameters = {"MaxResults": PAGE_SECRETS, "IncludePlannedDeletion": True}
    call = Call(account, region, "secretsmanager", "ListSecrets", parameters)
    pages, _ = asker.pages(call, NEXT_TOKEN)
    return [
        {name: entry[name] for name in FIELDS if entry.get(name) is not None}
        for page in pages
        for entry in page.get("SecretList") or ()
        if isinstance(entry.get("ARN"), str)
    ]


def with_policy(asker: Asker, entry: Mapping[str, Any]) -> dict[str, Any]:
    """A secret of the list with its policy, or with `Unread` where it was not answered."""
    secret = {**entry, "Tags": entry.get("Tags", [])}
    arn = str(entry["ARN"])
    if "DeletedDate" in entry:
        # Secrets Manager does not tell it during the recovery window, in which nobody can read the value.
        return {**secret, "Unread": ["ResourcePolicy"]}
    _, _, _, region, account, _ = arn.split(":", 5)
    call = Call(account, region, "secretsmanager", "GetResourcePolicy", {"SecretId": arn}, arn)
    answer = asker.ask(call)
    if answer is None:
        return {**secret, "Unread": ["ResourcePolicy"]}
    policy = answer.get("ResourcePolicy")
    return {**secret, "ResourcePolicy": policy} if policy else secret
