"""One call to AWS, and how the pages of its answer follow each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

GLOBAL = ""  # the region of services that have none: IAM, Organizations


@dataclass(frozen=True)
class Call:
    """One operation of one service, in an account and a region (or GLOBAL)."""

    account: str
    region: str
    service: str
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    resource: str = ""  # what it is about, for the words when it fails

    @property
    def action(self) -> str:
        """The action that a policy has to allow: `secretsmanager:ListSecrets`."""
        return f"{self.service}:{self.operation}"

    @property
    def key(self) -> str:
        """What tells it from every other call."""
        return json.dumps([self.account, self.region, self.action, dict(self.parameters)], sort_keys=True)

    def with_parameters(self, **more: Any) -> Call:
        """The same with further parameters."""
        return replace(self, parameters={**self.parameters, **more})


def is_of(account: str, key: str) -> bool:
    """Whether a call's key is of an account."""
    return key.startswith(f'["{account}", ')


@dataclass(frozen=True)
class Paging:
    """How a service spells "there is more": the parameter to send, and the field that has its value.

    Source: botocore's paginators of each service (checked 2026-11-22).
    """

    sent: str
    received: str
    more: str | None = None  # the field that says whether there is more; None: where there is a token

    def token(self, answer: Mapping[str, Any]) -> str | None:
        """What the next page needs; None after the last one.

        Raises:
            ValueError: there is more, and nothing says where.
        """
        token = answer.get(self.received)
        if self.more is None:
            return token or None
        if not answer.get(self.more):
            return None
        if not token:
            raise ValueError
        return str(token)


NEXT_TOKEN = Paging("NextToken", "NextToken")  # Secrets Manager, Organizations
IAM_PAGING = Paging("Marker", "Marker", "IsTruncated")
KMS_PAGING = Paging("Marker", "NextMarker", "Truncated")


# Left out of every answer: the SDK's own additions, and descriptions, which are anybody's text (somebody may
# have written a value there) and which no verdict needs. A policy's document is kept as it is.
LEFT_OUT = frozenset({"ResponseMetadata", "Description"})


def plain(value: Any, left_out: frozenset[str] = LEFT_OUT) -> Any:
    """An answer as JSON can hold it: dates as text."""
    if isinstance(value, Mapping):
        return {
            str(key): plain(each, frozenset() if str(key).endswith("Document") else left_out)
            for key, each in value.items()
            if key not in left_out
        }
    if isinstance(value, list | tuple):
        return [plain(each, left_out) for each in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
