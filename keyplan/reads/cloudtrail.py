"""Who read a secret on AWS: CloudTrail's event history, which every account has.

Owns which events are asked for and what one says. The history has 90 days, one region, and events that are a
few minutes old; LookupEvents is limited to two requests a second for the whole account, so a busy one is cut
off after a time, which the report says.
Source: CloudTrail API Reference, LookupEvents; CloudTrail User Guide, "Working with CloudTrail event history"
and "CloudTrail record contents"; Secrets Manager API Reference, GetSecretValue (SecretId is a name, an ARN,
or an ARN without its last part) and BatchGetSecretValue (checked 2026-11-21).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from keyplan.endpoints import endpoint_for, require_trusted
from keyplan.reads.tally import Read, ReadReport, shown, tally
from keyplan.stores.aws_errors import Place, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from keyplan.manifest.model import Manifest, ManifestKey, SecretLocation

ACTION = "cloudtrail:LookupEvents"
EVENT = "GetSecretValue"  # BatchGetSecretValue is recorded as one of these for each secret
HISTORY_DAYS = 90
DELAY_MINUTES = 15
PAGE_SIZE = 50  # the most that LookupEvents gives
LIMIT_SECONDS = 60.0
_ARN_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")
# A refused call can be recorded without its parameters; the refusal then names the secret.
_REFUSED_ON = re.compile(r"on resource: (\S+)")


def read_report(
    manifest: Manifest,
    key: ManifestKey,
    since: datetime,
    now: datetime,
    trusted_hosts: Collection[str],
    timeout_seconds: float,
    report: Callable[[str], None],
    limit_seconds: float = LIMIT_SECONDS,
) -> ReadReport:
    """Who asked for the value of a key's secret on AWS.

    Args:
        since: from when on.
        now: the moment.
        limit_seconds: how long to go through the history.

    Raises:
        AccessDenied: without `cloudtrail:LookupEvents`; the message names it.
        KeyplanError: as the stores do.
    """
    aws = manifest.on_aws()
    oldest = now - timedelta(days=HISTORY_DAYS)
    notes = [
        f"CloudTrail shows a read up to {DELAY_MINUTES} minutes late: ask again then",
        f"of {aws.region} alone: a copy of the secret in another region is read there",
    ]
    if since < oldest:
        notes.append(
            f"CloudTrail's event history has {HISTORY_DAYS} days; older reads are in a trail, if any"
        )
    started = max(since, oldest)
    reads, cut_at = [], None
    deadline = time.monotonic() + limit_seconds
    for event in _events(manifest, key, started, now, trusted_hosts, timeout_seconds, report):
        if time.monotonic() > deadline:
            cut_at = event["EventTime"]
            break
        read = read_of(str(event.get("CloudTrailEvent") or ""), key.on_aws())
        if read is not None:
            reads.append(read)
    if cut_at is not None:
        notes.append(
            f"this account has so many reads that those before {cut_at:%Y-%m-%d %H:%M} UTC were not looked at"
        )
        started = cut_at
    return ReadReport(
        "aws",
        started,
        now,
        tally(reads, manifest, key.name, "aws"),
        is_complete=cut_at is None and since >= oldest,
        notes=tuple(notes),
    )


def _events(
    manifest: Manifest,
    key: ManifestKey,
    since: datetime,
    now: datetime,
    trusted_hosts: Collection[str],
    timeout_seconds: float,
    report: Callable[[str], None],
) -> Iterator[dict[str, Any]]:
    """The events, newest first."""
    from keyplan.stores.aws_clients import client
    from keyplan.stores.aws_sdk_errors import SdkRoad, in_our_words

    aws = manifest.on_aws()
    endpoint = endpoint_for("cloudtrail", aws.endpoints)
    if endpoint is not None:
        require_trusted(endpoint, trusted_hosts)
    place = Place(manifest.environment, aws.account_id, aws.region, aws.kms_key_arn, endpoint)
    subject = Subject(place, ACTION, key.name)
    with in_our_words(subject):
        road = SdkRoad(client("cloudtrail", aws.region, endpoint, timeout_seconds))
    query: dict[str, Any] = {
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": EVENT}],
        "StartTime": since,
        "EndTime": now,
        "MaxResults": PAGE_SIZE,
    }
    while True:
        report(f"{ACTION} {EVENT}")
        answer = road.call("LookupEvents", query, subject)
        yield from answer.get("Events", ())
        if not answer.get("NextToken"):
            return
        query["NextToken"] = answer["NextToken"]


def read_of(text: str, secret: SecretLocation) -> Read | None:
    """What a record, a JSON text, says; None where it is about another secret or is no record."""
    try:
        record = json.loads(text)
        if not isinstance(record, dict) or record.get("eventName") != EVENT:
            return None
        if not _names(record, secret):
            return None
        principal, described = _caller(record.get("userIdentity") or {})
        return Read(
            principal,
            described,
            datetime.fromisoformat(str(record["eventTime"])),
            shown(record.get("sourceIPAddress")),
            shown(record.get("userAgent")),
            is_refused=bool(record.get("errorCode")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _names(record: Mapping[str, Any], secret: SecretLocation) -> bool:
    named = (record.get("requestParameters") or {}).get("secretId")
    if not isinstance(named, str):
        refused = _REFUSED_ON.search(str(record.get("errorMessage") or ""))
        named = refused[1] if refused else ""
    return named in (secret.name, secret.arn, _ARN_SUFFIX.sub("", secret.arn))


def _caller(identity: Mapping[str, Any]) -> tuple[str, str]:
    """Whom consumers are compared with, and the same for a person. A role's session counts as its role."""
    arn, kind = str(identity.get("arn") or ""), str(identity.get("type") or "unknown")
    if kind == "AssumedRole":
        issuer = str(((identity.get("sessionContext") or {}).get("sessionIssuer") or {}).get("arn") or "")
        role = issuer or arn
        return role, f"role {shown(role)}, session {shown(arn.rpartition('/')[2])}"
    if kind == "AWSService":
        service = str(identity.get("invokedBy") or "unknown")
        return service, f"the AWS service {shown(service)}"
    if kind == "Root":
        return arn, f"the root user of account {shown(identity.get('accountId'))}"
    words = {"IAMUser": "IAM user", "FederatedUser": "federated user"}.get(kind, shown(kind))
    known = arn or str(identity.get("principalId") or identity.get("accountId") or "")
    return known, f"{words} {shown(known)}"
