"""Secrets of a snapshot, each with the key behind it.

Owns what a secret is to the judges. Whether its key can be used, and by whom, is theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keyplan.audit.arns import arn_part
from keyplan.audit.callers import Policy
from keyplan.audit.policies.documents import Kind, read_document
from keyplan.audit.snapshot import Snapshot, is_unread
from keyplan.audit.tags import tags_in

AWS_ALIAS = "alias/aws/secretsmanager"


@dataclass(frozen=True)
class Secret:
    """A secret of the snapshot."""

    arn: str
    name: str
    account: str
    region: str
    deleted: bool
    key: Mapping[str, Any] | None  # the entry of its key in the snapshot
    aws_key: bool  # whether it is the AWS managed one
    policy: Policy
    tags: Mapping[str, str]
    key_account: str = ""  # whose its key is
    perhaps_deleted: bool = False  # whether the snapshot cannot tell


def read_secrets(snapshot: Snapshot) -> Iterator[Secret]:
    keys = _keys_by_name(snapshot)
    for entry in snapshot.secrets:
        arn = str(entry["ARN"])
        key_id = entry.get("KmsKeyId")
        unread_key = is_unread(entry, "KmsKeyId")
        aws_key = not unread_key and (not key_id or str(key_id).endswith(AWS_ALIAS))
        account, region = arn_part(arn, 4), arn_part(arn, 3)
        key = keys.get((account, region, AWS_ALIAS if aws_key else without_arn(str(key_id))))
        if not aws_key and str(key_id).startswith("arn:"):
            key = keys.get((arn_part(str(key_id), 4), arn_part(str(key_id), 3), without_arn(str(key_id))))
        if key is None and not aws_key and snapshot.kms_keys is not None:
            snapshot.problems.append(f"{arn}: its key is not in the snapshot")
        if key is not None and key.get("KeyManager") == "AWS":
            aws_key = True
        yield Secret(
            arn=arn,
            name=str(entry.get("Name") or arn.split(":", 6)[-1][:-7]),
            account=account,
            region=region,
            deleted=entry.get("DeletedDate") is not None,
            perhaps_deleted=is_unread(entry, "DeletedDate"),
            key=key,
            aws_key=aws_key,
            policy=_own_policy(entry, snapshot.problems),
            tags=tags_in(entry),
            key_account=_account_of_key(key, None if aws_key else key_id) or account,
        )


def _own_policy(entry: Mapping[str, Any], problems: list[str]) -> Policy:
    """AWS does not tell it of a secret in its recovery window, in which nobody can read the value."""
    raw, unread = entry.get("ResourcePolicy"), is_unread(entry, "ResourcePolicy")
    if raw in (None, "") and (not unread or entry.get("DeletedDate") is not None):
        return ()
    return read_document(raw, f"{entry['ARN']} policy", problems, Kind.RESOURCE)


def _account_of_key(key: Mapping[str, Any] | None, key_id: object) -> str:
    return arn_part(str(key_id or "") if key is None else str(key["Arn"]), 4)


def _keys_by_name(snapshot: Snapshot) -> dict[tuple[str, str, str], Mapping[str, Any]]:
    """Keys by account, region and every name that a secret may have for one: id, `alias/…`."""
    found: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for entry in snapshot.kms_keys or ():
        arn = str(entry["Arn"])
        for name in (arn, str(entry.get("KeyId") or ""), *alias_names(entry)):
            found.setdefault((arn_part(arn, 4), arn_part(arn, 3), without_arn(name)), entry)
    return found


def without_arn(name: str) -> str:
    """`arn:aws:kms:…:key/ID` -> `ID`, `arn:aws:kms:…:alias/X` -> `alias/X`."""
    return (name.split(":", 5)[-1] if name.startswith("arn:") else name).removeprefix("key/")


def alias_names(key: Mapping[str, Any]) -> list[str]:
    """Aliases as ListAliases has them, or as plain names."""
    return [
        str(each.get("AliasName") if isinstance(each, Mapping) else each) for each in key.get("Aliases") or ()
    ]
