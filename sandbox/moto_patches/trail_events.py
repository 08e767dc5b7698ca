"""Calls of Secrets Manager are recorded, reads too, and LookupEvents finds them.

AWS: CloudTrail keeps 90 days of management events per region, without a trail, GetSecretValue among them; a
record never has a value. LookupEvents takes at most one attribute and a range of time, and gives the newest
first, 50 a page. Source: CloudTrail API reference, LookupEvents; Secrets Manager User Guide, "Log AWS Secrets
Manager events with AWS CloudTrail" (checked 2026-11-21).

moto records nothing and answers LookupEvents with a failure. Here a call is found at once; in AWS it takes up
to a quarter of an hour.
"""

from __future__ import annotations

import base64
import json
import threading
import uuid
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.moto_patches import replace

KEPT_DAYS = 90
RECORDS_KEPT = 10_000  # the oldest are dropped: memory is bounded
PAGE_MOST = 50
SOURCE = "secretsmanager.amazonaws.com"
# What of a request is recorded. A value is in none of these, whatever a later API adds.
RECORDED = (
    "SecretId",
    "VersionId",
    "VersionStage",
    "VersionStages",
    "SecretIdList",  # of a batch, which is recorded as a read of each
    "Name",
    "ClientRequestToken",
    "MoveToVersionId",
    "RemoveFromVersionId",
    "RecoveryWindowInDays",
    "ForceDeleteWithoutRecovery",
)
RESOURCE = "AWS::SecretsManager::Secret"
READS = ("Get", "BatchGet", "Describe", "List", "Validate")
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
# Attribute -> what of an event it is compared with.
ATTRIBUTES = {
    "AccessKeyId": "AccessKeyId",
    "EventId": "EventId",
    "EventName": "EventName",
    "EventSource": "EventSource",
    "ReadOnly": "ReadOnly",
    "Username": "Username",
}
RESOURCE_ATTRIBUTES = ("ResourceName", "ResourceType")
_lock = threading.Lock()


def apply() -> None:
    """Record each call, and answer LookupEvents."""
    from moto.cloudtrail.responses import CloudTrailResponse
    from moto.secretsmanager.responses import SecretsManagerResponse

    if hasattr(CloudTrailResponse, "lookup_events"):
        raise AttributeError("moto has a lookup_events of its own now")
    call = SecretsManagerResponse.call_action

    def call_action(response: Any) -> Any:
        try:
            answer = call(response)
        except Exception as error:
            _record(response, getattr(error, "error_type", None) or type(error).__name__)
            raise
        _record(response, _error_code(answer))
        return answer

    replace(SecretsManagerResponse, "call_action", call_action)
    CloudTrailResponse.lookup_events = _lookup_events  # type: ignore[attr-defined]


def remember(record: dict[str, Any]) -> dict[str, Any]:
    """Keep a record that comes from elsewhere, in CloudTrail's own form. Returns nothing."""
    _keep(str(record["recipientAccountId"]), str(record["awsRegion"]), record)
    return {}


def age_records(backend: Any, seconds: int) -> None:
    """Make the records of one account and region older."""
    with _lock:
        for record in getattr(backend, "sandbox_records", ()):
            moment = _moment(record) - timedelta(seconds=seconds)
            record["eventTime"] = moment.strftime(TIME_FORMAT)


def _record(response: Any, error: str | None) -> None:
    from moto.sts.models import sts_backends

    account, region = response.current_account, response.region
    key_id = response.access_key
    backend = sts_backends[account]["global"]
    principal_id, arn, _ = backend.get_caller_identity(key_id, region)
    name = response._get_action()
    given = {field: response._get_param(field) for field in RECORDED}
    if name == "BatchGetSecretValue":
        name = "GetSecretValue"  # it is recorded as a read of each secret
        each = [{"SecretId": secret} for secret in given["SecretIdList"] or []]
    else:
        each = [given]
    identity = _identity(principal_id, arn, account, key_id)
    for parameters in each:
        _keep(account, region, _record_of(response, name, identity, parameters, error))


def _record_of(
    response: Any, name: str, identity: dict[str, Any], given: dict[str, Any], error: str | None
) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": datetime.now(UTC).strftime(TIME_FORMAT),
        "eventSource": SOURCE,
        "eventName": name,
        "awsRegion": response.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": response.headers.get("User-Agent", ""),
        "requestParameters": {
            field[0].lower() + field[1:]: value for field, value in given.items() if value is not None
        },
        "responseElements": None,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": name.startswith(READS),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": response.current_account,
        "eventCategory": "Management",
        **({"errorCode": error} if error else {}),
    }


def _keep(account: str, region: str, record: dict[str, Any]) -> None:
    backend = _backend(account, region)
    with _lock:
        if not hasattr(backend, "sandbox_records"):
            backend.sandbox_records = deque(maxlen=RECORDS_KEPT)
        backend.sandbox_records.append(record)


def _backend(account: str, region: str) -> Any:
    from moto.cloudtrail.models import cloudtrail_backends

    return cloudtrail_backends[account][region]


def _identity(principal_id: str, arn: str, account: str, key_id: str | None) -> dict[str, Any]:
    """Who called, as CloudTrail says it: a role through its session, everybody else as a user."""
    who: dict[str, Any] = {"principalId": principal_id, "accountId": account, "accessKeyId": key_id or ""}
    _, partition, _, _, _, name = arn.split(":", 5)
    kind, _, rest = name.partition("/")
    if kind != "assumed-role":
        user = rest.rpartition("/")[2]
        own = f"arn:{partition}:iam::{account}:user/{rest}"
        return {"type": "IAMUser", **who, "arn": own, "userName": user}
    role = rest.partition("/")[0]
    issuer = {
        "type": "Role",
        "principalId": principal_id.partition(":")[0],
        "arn": f"arn:{partition}:iam::{account}:role/{role}",
        "accountId": account,
        "userName": role,
    }
    session = {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}}
    return {"type": "AssumedRole", **who, "arn": arn, "sessionContext": session}


def _error_code(answer: Any) -> str | None:
    status, _, body = answer
    if int(status) < 400:
        return None
    try:
        return str(json.loads(body)["__type"]).rpartition("#")[2]
    except (ValueError, KeyError, TypeError):
        return "InternalFailure"


def _lookup_events(response: Any) -> Any:
    """One page of what was recorded."""
    attributes = response._get_param("LookupAttributes") or []
    if len(attributes) > 1 or any(not _is_attribute(given) for given in attributes):
        return _refusal("InvalidLookupAttributesException", "The lookup attributes are not valid.")
    size = response._get_int_param("MaxResults", PAGE_MOST)
    if not 1 <= size <= PAGE_MOST:
        return _refusal("InvalidMaxResultsException", f"MaxResults has to be from 1 to {PAGE_MOST}.")
    now = datetime.now(UTC)
    since = _time(response._get_param("StartTime")) or now - timedelta(days=KEPT_DAYS)
    until = _time(response._get_param("EndTime")) or now
    if since > until:
        return _refusal("InvalidTimeRangeException", "The start of the range is after its end.")
    start = _start(response._get_param("NextToken"))
    if start is None:
        return _refusal("InvalidNextTokenException", "The token is not valid.")
    backend = _backend(response.current_account, response.region)
    oldest = max(since, now - timedelta(days=KEPT_DAYS)).replace(microsecond=0)
    with _lock:
        # Times are whole seconds; within one, what came last is first.
        records = list(reversed(getattr(backend, "sandbox_records", ())))
        events = [_event(record) for record in records if oldest <= _moment(record) <= until]
    found = [event for event in events if all(_fits(event, given) for given in attributes)]
    found.sort(key=lambda event: event["EventTime"], reverse=True)
    answer: dict[str, Any] = {"Events": found[start : start + size]}
    if start + size < len(found):
        answer["NextToken"] = base64.b64encode(f"from:{start + size}".encode()).decode()
    return json.dumps(answer)


def _event(record: dict[str, Any]) -> dict[str, Any]:
    identity = record["userIdentity"]
    issuer = identity.get("sessionContext", {}).get("sessionIssuer")
    session = identity.get("arn", "").rpartition("/")[2]
    parameters = record.get("requestParameters") or {}
    named = parameters.get("secretId") or parameters.get("name")
    return {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "ReadOnly": "true" if record["readOnly"] else "false",
        "AccessKeyId": identity.get("accessKeyId", ""),
        "EventTime": _moment(record).timestamp(),
        "EventSource": record["eventSource"],
        "Username": session if issuer else identity.get("userName", ""),
        "Resources": [{"ResourceType": RESOURCE, "ResourceName": named}] if named else [],
        "CloudTrailEvent": json.dumps(record),
    }


def _is_attribute(given: Any) -> bool:
    return (
        isinstance(given, dict)
        and given.get("AttributeKey") in (*ATTRIBUTES, *RESOURCE_ATTRIBUTES)
        and isinstance(given.get("AttributeValue"), str)
    )


def _fits(event: dict[str, Any], given: dict[str, str]) -> bool:
    name, value = given["AttributeKey"], given["AttributeValue"]
    if name in RESOURCE_ATTRIBUTES:
        return any(resource[name] == value for resource in event["Resources"])
    return bool(event[ATTRIBUTES[name]] == value)


def _moment(record: dict[str, Any]) -> datetime:
    return datetime.strptime(record["eventTime"], TIME_FORMAT).replace(tzinfo=UTC)


def _time(given: Any) -> datetime | None:
    return None if given in (None, "") else datetime.fromtimestamp(float(given), UTC)


def _start(token: str | None) -> int | None:
    if not token:
        return 0
    try:
        word, _, number = base64.b64decode(token).decode().partition(":")
        return int(number) if word == "from" else None
    except ValueError:
        return None


def _refusal(kind: str, message: str) -> tuple[str, dict[str, Any]]:
    return json.dumps({"__type": kind, "message": message}), {"status": 400}
