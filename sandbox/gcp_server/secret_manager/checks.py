"""What Secret Manager demands of a secret's settings.

Source: secretmanager v1 discovery document (descriptions of Secret, Rotation, Replication); Secret Manager
"Quotas and limits", "Delayed destruction of secret versions" (checked 2026-11-21).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Any

from sandbox.gcp_server import times
from sandbox.gcp_server.errors import invalid

SECRET_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
ANNOTATION_KEY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
RESERVED_ALIASES = ("latest", "NEW")
TOPIC = re.compile(r"projects/[^/\s]+/topics/[A-Za-z][A-Za-z0-9._~+%-]{2,254}")
KMS_KEY = re.compile(r"projects/[^/\s]+/locations/([^/\s]+)/keyRings/[^/\s]+/cryptoKeys/[^/\s]+")
LOCATION = re.compile(r"[a-z]+(?:-[a-z]+)+\d+")
MOST_LABELS = 64
MOST_ALIASES = 50
MOST_TOPICS = 10
ANNOTATION_BYTES = 16 * 1024
LEAST_ROTATION_SECONDS, MOST_ROTATION_SECONDS = 3600, 3_153_600_000
LEAST_LEAD_SECONDS = 300
LEAST_DESTROY_TTL, MOST_DESTROY_TTL = timedelta(days=1), timedelta(days=1000)


def checked_labels(given: dict[str, str]) -> dict[str, str]:
    """Labels: lower-case letters, digits, `-` and `_`, keys beginning with a letter."""
    if len(given) > MOST_LABELS:
        raise invalid(f"No more than {MOST_LABELS} labels can be assigned to a given resource.")
    for key, value in given.items():
        if not key or not _is_letter(key[0]) or not _fits_label(key):
            raise invalid(f"The label key {key} is invalid: keys begin with a lower-case letter.")
        if not _fits_label(value):
            raise invalid(
                f"The value of the label {key} is invalid: it has characters that labels do not have."
            )
    return dict(given)


def _is_letter(sign: str) -> bool:
    return unicodedata.category(sign) in ("Ll", "Lo")


def _fits_label(text: str) -> bool:
    return (
        len(text) <= 63
        and len(text.encode()) <= 128
        and all(
            sign in "_-" or _is_letter(sign) or unicodedata.category(sign).startswith("N") for sign in text
        )
    )


def checked_annotations(given: dict[str, str]) -> dict[str, str]:
    """Annotations: any text, 16 KiB together."""
    for key in given:
        if not ANNOTATION_KEY.fullmatch(key):
            raise invalid(f"The annotation key {key} is invalid.")
    size = sum(len(key.encode()) + len(value.encode()) for key, value in given.items())
    if size >= ANNOTATION_BYTES:
        raise invalid("The total size of annotation keys and values must be less than 16KiB.")
    return dict(given)


def checked_aliases(given: dict[str, Any], known: set[int]) -> dict[str, int]:
    """Aliases of versions; each must be there."""
    if len(given) > MOST_ALIASES:
        raise invalid(f"No more than {MOST_ALIASES} aliases can be assigned to a given secret.")
    checked = {}
    for alias, number in given.items():
        if not ALIAS.fullmatch(alias) or alias in RESERVED_ALIASES:
            raise invalid(f"The version alias {alias} is invalid.")
        if not str(number).isdigit() or int(number) not in known:
            raise invalid(f"The version alias {alias} points to a version that does not exist.")
        checked[alias] = int(number)
    return checked


def checked_topics(given: list[dict[str, str]]) -> list[dict[str, str]]:
    """Pub/Sub topics that hear of changes."""
    if len(given) > MOST_TOPICS:
        raise invalid(f"A secret has at most {MOST_TOPICS} topics.")
    for topic in given:
        if not TOPIC.fullmatch(topic.get("name", "")):
            raise invalid("A topic is named projects/*/topics/*.")
    return [{"name": topic["name"]} for topic in given]


def checked_replication(given: dict[str, Any] | None) -> dict[str, Any]:
    """Automatic or user-managed, with or without keys of the customer's."""
    if not given or len(given) != 1:
        raise invalid("Secret.replication is required, and is either automatic or user_managed.")
    kind, settings = next(iter(given.items()))
    settings = settings or {}
    if kind == "automatic":
        return {"automatic": _with_key(settings, {}, "global")}
    replicas = settings.get("replicas") or []
    locations = [replica.get("location", "") for replica in replicas]
    if not locations or len(set(locations)) != len(locations):
        raise invalid("Secret.replication.user_managed.replicas names each location once, and at least one.")
    if not all(LOCATION.fullmatch(location) for location in locations):
        raise invalid("Secret.replication.user_managed.replicas has a location that does not exist.")
    encrypted = ["customerManagedEncryption" in replica for replica in replicas]
    if any(encrypted) and not all(encrypted):
        raise invalid("Either all replicas have customer_managed_encryption or none.")
    kept = [
        _with_key(replica, {"location": replica["location"]}, replica["location"]) for replica in replicas
    ]
    return {"userManaged": {"replicas": kept}}


def _with_key(settings: dict[str, Any], kept: dict[str, Any], location: str) -> dict[str, Any]:
    encryption = settings.get("customerManagedEncryption")
    if not encryption:
        return kept
    match = KMS_KEY.fullmatch(encryption.get("kmsKeyName") or "")
    if match is None:
        raise invalid("kms_key_name is projects/*/locations/*/keyRings/*/cryptoKeys/*.")
    if match.group(1) != location:
        raise invalid(f"The key of a replica in {location} must be in {location} too.")
    return {**kept, "customerManagedEncryption": {"kmsKeyName": encryption["kmsKeyName"]}}


def replication_status(policy: dict[str, Any]) -> dict[str, Any]:
    """What a version made now says about where it is, and with which version of which key."""
    if "automatic" in policy:
        return {"automatic": _key_status(policy["automatic"], {})}
    replicas = policy["userManaged"]["replicas"]
    statuses = [_key_status(replica, {"location": replica["location"]}) for replica in replicas]
    return {"userManaged": {"replicas": statuses}}


def _key_status(settings: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
    encryption = settings.get("customerManagedEncryption")
    if not encryption:
        return status
    name = f"{encryption['kmsKeyName']}/cryptoKeyVersions/1"
    return {**status, "customerManagedEncryption": {"kmsKeyVersionName": name}}


def same_places(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether two replications differ in their keys only: the places can never be changed."""
    return _places(old) == _places(new)


def _places(policy: dict[str, Any]) -> list[str] | None:
    if "automatic" in policy:
        return None
    return sorted(replica["location"] for replica in policy["userManaged"]["replicas"])


def checked_rotation(
    given: dict[str, Any] | None, has_topics: bool, now: datetime
) -> tuple[datetime | None, timedelta | None]:
    """When the next notice is due, and how often."""
    if not given or not (given.get("nextRotationTime") or given.get("rotationPeriod")):
        return None, None
    if not given.get("nextRotationTime"):
        raise invalid("next_rotation_time must be set if rotation_period is set.")
    if not has_topics:
        raise invalid("A rotation needs at least one topic.")
    following = times.moment(given["nextRotationTime"], "secret.rotation.next_rotation_time")
    lead = (following - now).total_seconds()
    if not LEAST_LEAD_SECONDS <= lead <= MOST_ROTATION_SECONDS:
        raise invalid("next_rotation_time must be at least 300s and at most 3153600000s in the future.")
    if not given.get("rotationPeriod"):
        return following, None
    period = times.duration(given["rotationPeriod"], "secret.rotation.rotation_period")
    if not LEAST_ROTATION_SECONDS <= period.total_seconds() <= MOST_ROTATION_SECONDS:
        raise invalid("rotation_period must be at least 3600s and at most 3153600000s.")
    return following, period


def expiry(given: dict[str, Any], now: datetime) -> datetime | None:
    """When the secret is deleted by itself; a ttl counts from now."""
    if given.get("ttl") and given.get("expireTime"):
        raise invalid("Only one of ttl and expire_time can be set.")
    if given.get("ttl"):
        moment = now + times.duration(given["ttl"], "secret.ttl")
    elif given.get("expireTime"):
        moment = times.moment(given["expireTime"], "secret.expire_time")
    else:
        return None
    if moment <= now:
        raise invalid("expire_time must be in the future.")
    return moment


def destroy_ttl(given: object) -> timedelta | None:
    """How long a version that is to be destroyed can be brought back."""
    if not given:
        return None
    span = times.duration(given, "secret.version_destroy_ttl")
    if not LEAST_DESTROY_TTL <= span <= MOST_DESTROY_TTL:
        raise invalid("version_destroy_ttl must be at least 1 day and at most 1000 days.")
    return span
