"""What a CloudTrail record of a read says: which key, which principal, from where. Pure.

Only the fields named here leave a record: of the request's parameters the secret's identifier alone.

Source: CloudTrail User Guide, "CloudTrail record contents" and "userIdentity element"; Secrets Manager API
reference, GetSecretValue (SecretId is a name, an ARN, or an ARN without its last part) and
BatchGetSecretValue (one GetSecretValue record for each secret) (checked 2026-11-21).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..text import one_line

SHOWN_CHARACTERS = 200  # of anything that the caller chose, as its program's name
_ARN_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")
# A refused call can be recorded without its parameters; the refusal then names the secret.
_REFUSED_ON = re.compile(r"on resource: (\S+)")


@dataclass(frozen=True)
class Watched:
    """One key whose reads are watched."""

    name: str
    owner: str
    owner_topic: str  # ARN
    secret_name: str
    secret_arn: str
    readers: tuple[str, ...]  # ARNs of principals; `*` and `?` stand for any characters and any one

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Watched:
        """Read one entry of `keys` in settings.json."""
        return cls(
            name=data["name"],
            owner=data["owner"],
            owner_topic=data["ownerTopic"],
            secret_name=data["secretName"],
            secret_arn=data["secretArn"],
            readers=tuple(data["readers"]),
        )


@dataclass(frozen=True)
class Caller:
    """Who called."""

    principal: str  # what the list of readers is compared with: an ARN where there is one
    description: str  # for reading, on one line


@dataclass(frozen=True)
class Read:
    """One call of GetSecretValue."""

    key: Watched
    caller: Caller
    at: datetime
    source_address: str
    user_agent: str
    error_code: str  # empty: the value was given out
    event_id: str
    region: str

    @property
    def denied(self) -> bool:
        """Whether AWS refused."""
        return self.error_code != ""

    @property
    def expected(self) -> bool:
        """Whether the catalogue lists the caller as a reader of this key."""
        return any(matches(self.caller.principal, reader) for reader in self.key.readers)


def read_of(record: Mapping[str, Any], keys: Iterable[Watched]) -> Read | None:
    """The read that a CloudTrail record is about, or None when it is about no watched key.

    Args:
        record: the `detail` of the event.
        keys: the environment's keys.
    """
    if record.get("eventName") != "GetSecretValue":
        return None
    key = resolve(secret_identifier(record), keys)
    if key is None:
        return None
    return Read(
        key=key,
        caller=caller_of(record.get("userIdentity") or {}),
        at=datetime.fromisoformat(record["eventTime"]).astimezone(UTC),
        source_address=_shown(record.get("sourceIPAddress")),
        user_agent=_shown(record.get("userAgent")),
        error_code=one_line(str(record.get("errorCode") or ""), SHOWN_CHARACTERS),
        event_id=_shown(record.get("eventID")),
        region=_shown(record.get("awsRegion")),
    )


def secret_identifier(record: Mapping[str, Any]) -> str | None:
    """The secret as the caller named it; for a refusal without parameters, as the refusal names it."""
    named = (record.get("requestParameters") or {}).get("secretId")
    if isinstance(named, str):
        return named
    refused = _REFUSED_ON.search(str(record.get("errorMessage") or ""))
    return refused[1] if refused else None


def resolve(identifier: str | None, keys: Iterable[Watched]) -> Watched | None:
    """The key whose secret this names: by name, by ARN, or by ARN without the six characters AWS adds."""
    if identifier is None:
        return None
    for key in keys:
        if identifier in (key.secret_name, key.secret_arn, _ARN_SUFFIX.sub("", key.secret_arn)):
            return key
    return None


def caller_of(identity: Mapping[str, Any]) -> Caller:
    """Who is behind a userIdentity.

    A role's session is compared by its role, which is the session's issuer; an IAM user has no issuer and is
    compared by its own ARN. A federated user's issuer is the user who vouched, so it is not compared by it.
    """
    kind = str(identity.get("type") or "unknown")
    arn = str(identity.get("arn") or "")
    if kind == "AssumedRole":
        issuer = str(((identity.get("sessionContext") or {}).get("sessionIssuer") or {}).get("arn") or "")
        session = arn.rpartition("/")[2]
        by = f", called by {_shown(identity['invokedBy'])}" if identity.get("invokedBy") else ""
        return Caller(issuer or arn, f"role {_shown(issuer or arn)}, session {_shown(session)}{by}")
    if kind == "AWSService":
        service = str(identity.get("invokedBy") or "unknown")
        return Caller(service, f"the AWS service {_shown(service)}")
    if kind == "Root":
        return Caller(arn, f"the root user of account {_shown(identity.get('accountId'))}")
    if kind == "AWSAccount":
        account, principal = identity.get("accountId"), identity.get("principalId")
        return Caller(
            str(principal or ""), f"somebody in account {_shown(account)}, principal {_shown(principal)}"
        )
    words = {"IAMUser": "IAM user", "FederatedUser": "federated user"}.get(kind, _shown(kind))
    known = arn or str(identity.get("principalId") or identity.get("accountId") or "")
    return Caller(known, f"{words} {_shown(known)}")


def matches(principal: str, reader: str) -> bool:
    """Whether a principal is the listed one: `*` and `?` of the list stand for other characters.

    Roles of IAM Identity Center end in characters that only AWS knows, so they are listed with `?`.
    """
    if not principal:
        return False
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in reader)
    return re.fullmatch(expression, principal) is not None


def _shown(value: object) -> str:
    return one_line(str(value), SHOWN_CHARACTERS) if value else "unknown"
