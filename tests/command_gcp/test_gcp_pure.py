"""The checksum, the annotations and the words for Google's errors: data in, data out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan import errors
from keyplan.errors import KeyplanError
from keyplan.stores.crc32c import crc32c
from keyplan.stores.gcp_annotations import ANNOTATIONS_LIMIT_BYTES, label_in, promoted, with_label
from keyplan.stores.gcp_errors import _BY_STATUS, Failure, NotEnabled, Place, Subject, error_for
from keyplan.stores.labels import VersionLabel
from sandbox.gcp_server.secret_manager.checksum import crc32c as crc32c_of_the_sandbox

SUBJECT = Subject(
    Place("prod", "example", None), "secretmanager.versions.access", "anthropic", "prod-anthropic"
)
# RFC 3720, appendix B.4, and the customary check value.
VECTORS = {
    b"\0" * 32: 0x8A9136AA,
    b"\xff" * 32: 0x62A8AB43,
    bytes(range(32)): 0x46DD794E,
    b"123456789": 0xE3069283,
}


@pytest.mark.parametrize(("content", "checksum"), VECTORS.items())
def test_the_checksum_is_that_of_the_standard(content: bytes, checksum: int) -> None:
    assert crc32c(content) == checksum


@given(st.binary(max_size=2000))
def test_the_checksum_is_that_of_the_sandboxs_own(content: bytes) -> None:
    assert crc32c(content) == crc32c_of_the_sandbox(content)


FINGERPRINTS = st.none() | st.text("0123456789abcdef", min_size=12, max_size=12)
OTHERS = st.dictionaries(
    st.sampled_from(["owner", "rotate-every", "keyplan-x", "keyplan-0"]), st.text(max_size=20)
)


@given(OTHERS, FINGERPRINTS, st.text(max_size=230), st.integers(1, 10**6))
def test_what_an_annotation_says_is_read_back(
    others: dict[str, str], fingerprint: str | None, caller: str, number: int
) -> None:
    found = with_label(others, str(number), VersionLabel(fingerprint, caller), frozenset())
    label = label_in(found, str(number))
    assert label is not None
    assert (label.fingerprint, label.caller) == (fingerprint, caller)
    assert {name: found[name] for name in others} == others


@given(st.sets(st.integers(1, 60)), st.integers(61, 99), st.integers(0, 15_000), st.integers(1, 60))
def test_only_the_newest_stay_and_never_more_than_there_is_room_for(
    numbers: set[int], number: int, size_bytes: int, used: int
) -> None:
    before = {f"keyplan-{each}": f"{each:012}:a" for each in numbers} | {"owner": "x" * size_bytes}
    found = with_label(before, str(number), VersionLabel(None, "a" * 200), frozenset({str(used)}))
    ours = {int(name.removeprefix("keyplan-")) for name in found if name.startswith("keyplan-")}
    assert number in ours
    assert used in ours or used not in numbers
    assert len(ours) <= 10 or ours <= {number, used}
    assert found["owner"] == "x" * size_bytes
    assert sum(map(len, [*found, *found.values()])) < ANNOTATIONS_LIMIT_BYTES
    assert ours - {used} == set(sorted(numbers - {used} | {number})[-len(ours - {used}) :])


ALIASES = st.dictionaries(st.sampled_from(["current", "previous", "pending", "blue"]), st.sampled_from("123"))


@given(ALIASES)
def test_a_promotion_moves_keyplans_own_aliases_and_no_other(aliases: dict[str, str]) -> None:
    found = promoted(aliases, {}, "9", is_destroyed=False)
    assert found["current"] == "9"
    assert found.get("previous") == aliases.get("current", aliases.get("previous"))
    assert "pending" not in found
    assert found.get("blue") == aliases.get("blue")


def test_a_dead_version_does_not_push_the_one_before_it_out_of_sight() -> None:
    """Who rotates after a leak still has the older key to retire."""
    aliases = {"current": "5", "previous": "4", "pending": "6"}
    dead = {"keyplan-5": "-:-:revoked@20261121T181500Z:alice"}
    assert promoted(aliases, dead, "6", is_destroyed=False) == {"current": "6", "previous": "4"}
    assert promoted(aliases, {}, "6", is_destroyed=True) == {"current": "6", "previous": "4"}
    assert promoted({"current": "6", "previous": "6"}, {}, "6", is_destroyed=False) == {"current": "6"}


def answer(
    http_status: int, status: str, message: str = "", reason: str = "", **metadata: str
) -> KeyplanError:
    error: dict[str, Any] = {"code": http_status, "status": status, "message": message}
    if reason:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        error["details"] = [{"@type": kind, "reason": reason, "metadata": metadata}]
    return error_for(Failure(http_status, {"error": error}), SUBJECT)


KMS = "Permission 'cloudkms.cryptoKeyVersions.useToDecrypt' denied on resource 'projects/p/cryptoKeys/k'"
WORDS = {
    "the API is off": (
        (403, "PERMISSION_DENIED", "x", "SERVICE_DISABLED"),
        errors.StoreError,
        "is not enabled",
    ),
    "no project": (
        (403, "PERMISSION_DENIED", "x", "CONSUMER_INVALID"),
        errors.StoreError,
        "no project example",
    ),
    "no billing": (
        (403, "PERMISSION_DENIED", "x", "BILLING_DISABLED"),
        errors.StoreError,
        "no active billing",
    ),
    "a perimeter": (
        (403, "PERMISSION_DENIED", "x", "SECURITY_POLICY_VIOLATED"),
        errors.AccessDenied,
        "VPC Service Controls",
    ),
    "scopes": (
        (403, "PERMISSION_DENIED", "x", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        errors.AccessDenied,
        "no scope",
    ),
    "denied": ((403, "PERMISSION_DENIED", "x", "IAM_PERMISSION_DENIED"), errors.AccessDenied, "may not do"),
    "denied on the KMS key": ((403, "PERMISSION_DENIED", KMS), errors.DecryptDenied, "the KMS key behind"),
    "no secret": ((404, "NOT_FOUND", "Secret [x] not found."), errors.SecretMissing, "there is no secret"),
    "no version": (
        (404, "NOT_FOUND", "Secret Version [x] not found."),
        errors.ValueMissing,
        "nobody has stored",
    ),
    "disabled": (
        (400, "FAILED_PRECONDITION", "Secret Version [x] is in DISABLED state."),
        NotEnabled,
        "is disabled: they get no value",
    ),
    "etag": ((400, "FAILED_PRECONDITION", "The etag does not match"), errors.ChangedMeanwhile, "somebody"),
    "aborted": ((409, "ABORTED"), errors.ChangedMeanwhile, "somebody changed"),
    "expired": ((401, "UNAUTHENTICATED", "x", "ACCESS_TOKEN_EXPIRED"), errors.StoreError, "have expired"),
    "quota": ((429, "RESOURCE_EXHAUSTED"), errors.StoreError, "used up its quota"),
    "trouble": ((503, "UNAVAILABLE"), errors.StoreError, "internal failure"),
    "checksum": ((400, "INVALID_ARGUMENT", "crc32c mismatch"), errors.StoreError, "the checksum differs"),
}


@pytest.mark.parametrize(("given", "kind", "words"), WORDS.values(), ids=WORDS.keys())
def test_each_error_has_its_class_and_its_words(given: tuple[Any, ...], kind: type, words: str) -> None:
    error = answer(*given)
    assert type(error) is kind
    assert words in error.message
    assert error.message.startswith("key anthropic of environment prod: ")


def test_an_api_that_is_off_is_named_with_its_command() -> None:
    service = "iamcredentials.googleapis.com"
    error = answer(403, "PERMISSION_DENIED", "x", "SERVICE_DISABLED", service=service)
    assert f"the API {service} is not enabled in project example" in error.message
    assert (error.hint or "").startswith(f"gcloud services enable {service} --project example")


@pytest.mark.parametrize("status", [*_BY_STATUS, "SOMETHING_NEW", "text\nof several lines"])
@pytest.mark.parametrize("message", ["canary-of-a-value", "Secret Version [canary-of-a-value] etag DISABLED"])
def test_no_error_repeats_what_google_said(status: str, message: str) -> None:
    error = answer(400, status, message, "SOMETHING", service="canary-of-a-value")
    assert "canary" not in error.message + (error.hint or "")


BODIES: list[object] = [
    None,
    [],
    {},
    {"error": None},
    {"error": "x"},
    {"error": {"details": {}}},
    {"error": {"details": [1]}},
]


@pytest.mark.parametrize("body", BODIES, ids=str)
@pytest.mark.parametrize(
    "http_status", [200, 302, 400, 401, 403, 404, 409, 412, 418, 429, 500, 501, 502, 503]
)
def test_an_answer_that_is_not_googles_is_told_by_its_status(http_status: int, body: object) -> None:
    assert isinstance(error_for(Failure(http_status, body), SUBJECT), KeyplanError)
