"""KMS's part of a snapshot: the keys that secrets use. No other key decides who can read a secret.

A secret without a key of its own uses the account's AWS managed key, whose policy is always the same and is
part of the audit itself: it is not asked for.
Source: KMS API Reference, DescribeKey, GetKeyPolicy, ListGrants, ListResourceTags, ListAliases (checked
2026-11-22).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from keyplan.audit.secrets import AWS_ALIAS
from keyplan.collecting.asking import Asker
from keyplan.collecting.calls import KMS_PAGING, Call
from keyplan.collecting.refusals import Refusal

NOT_COLLECTED = Refusal("the key's account is not collected: add a role of it with --role")
_KEY_ARN = r"arn:[a-z0-9-]+:kms:[a-z0-9-]+:[0-9]{12}:key/([A-Za-z0-9-]+)"
DESCRIBED, LISTED = ("KeyManager", "KeyState"), {"Grants": "ListGrants", "Tags": "ListResourceTags"}


@dataclass(frozen=True, order=True)
class Reference:
    """How a secret names its key: an id, an alias, or the ARN of either."""

    account: str
    region: str
    key_id: str


def references(secrets: Iterable[Mapping[str, Any]]) -> list[Reference]:
    """The keys that secrets use, each once by the name that is used."""
    found = set()
    for secret in secrets:
        key_id = str(secret.get("KmsKeyId") or "")
        if not key_id or key_id.endswith(AWS_ALIAS):
            continue
        arn = key_id if key_id.startswith("arn:") else str(secret["ARN"])
        _, _, _, region, account, *_ = (*arn.split(":", 5), "", "", "", "", "")
        found.add(Reference(account, region, key_id))
    return sorted(found)


def key_of(
    asker: Asker, reference: Reference, accounts: Collection[str], partition: str
) -> dict[str, Any] | None:
    """The key's entry, with `Unread` for what was not answered; None where it is not even known which it is.

    Args:
        asker: who asks.
        reference: the key, as a secret names it.
        accounts: those that can be asked.
        partition: `aws`, for the ARN of a key that cannot be described.
    """
    key_id = reference.key_id
    call = Call(reference.account, reference.region, "kms", "DescribeKey", {"KeyId": key_id}, key_id)
    if reference.account not in accounts:
        asker.lacks(call, NOT_COLLECTED)
        return _unread(reference, partition)
    answer = asker.ask(call)
    metadata: Mapping[str, Any] = (answer or {}).get("KeyMetadata") or {}
    arn = metadata.get("Arn") or _arn(reference, partition)
    if arn is None:
        return None
    entry: dict[str, Any] = {"Arn": arn, "KeyId": str(arn).rpartition("/")[2]}
    unread = [name for name in DESCRIBED if name not in metadata]
    entry.update({name: metadata[name] for name in DESCRIBED if name in metadata})
    return _completed(asker, reference, entry, unread)


def _completed(
    asker: Asker, reference: Reference, entry: dict[str, Any], unread: list[str]
) -> dict[str, Any]:
    def call(operation: str, **more: Any) -> Call:
        parameters = {"KeyId": entry["Arn"], **more}
        return Call(reference.account, reference.region, "kms", operation, parameters, entry["Arn"])

    policy = asker.ask(call("GetKeyPolicy", PolicyName="default"))
    if policy is None:
        unread.append("KeyPolicy")
    else:
        entry["KeyPolicy"] = policy.get("Policy")
    for name, operation in LISTED.items():
        pages, is_whole = asker.pages(call(operation), KMS_PAGING)
        entry[name] = [each for page in pages for each in page.get(name) or ()]
        if not is_whole:
            unread.append(name)
    entry["Aliases"], is_whole = _aliases(asker, call("ListAliases"), reference, entry["KeyId"])
    if not is_whole:
        unread.append("Aliases")
    return {**entry, "Unread": unread} if unread else entry


def _aliases(
    asker: Asker, call: Call, reference: Reference, key_id: str
) -> tuple[list[dict[str, str]], bool]:
    pages, is_whole = asker.pages(call, KMS_PAGING)
    names = {
        str(alias["AliasName"])
        for page in pages
        for alias in page.get("Aliases") or ()
        if alias.get("TargetKeyId") == key_id
    }
    name = reference.key_id.split(":", 5)[-1]
    if name.startswith("alias/"):
        names.add(name)  # the secret names it so, whether or not the list was answered
    return [{"AliasName": each} for each in sorted(names)], is_whole


def _arn(reference: Reference, partition: str) -> str | None:
    """The ARN of a key that could not be described; None for an alias: which key it is, is not known."""
    if re.fullmatch(_KEY_ARN, reference.key_id):
        return reference.key_id
    if reference.key_id.startswith(("arn:", "alias/")):
        return None
    return f"arn:{partition}:kms:{reference.region}:{reference.account}:key/{reference.key_id}"


def _unread(reference: Reference, partition: str) -> dict[str, Any] | None:
    arn = _arn(reference, partition)
    if arn is None:
        return None
    unread = [*DESCRIBED, "KeyPolicy", *LISTED, "Aliases"]
    return {"Arn": arn, "KeyId": arn.rpartition("/")[2], "Unread": unread}


def merged(entries: Iterable[dict[str, Any] | None]) -> list[dict[str, Any]]:
    """One entry for each key: two secrets may name one key in two ways."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if entry is None:
            continue
        first = found.setdefault(str(entry["Arn"]), entry)
        if first is not entry:
            names = {
                each["AliasName"]: each for each in (*first.get("Aliases", ()), *entry.get("Aliases", ()))
            }
            first["Aliases"] = [names[name] for name in sorted(names)]
    return [found[arn] for arn in sorted(found)]
