"""Which reads the filters find, read as Cloud Logging reads them, and how they are packed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.gcp.alarms.log_filter import equals, like, one_of, quoted
from components.gcp.alarms.read_alarm_plan import read_policies
from components.gcp.alarms.reminder_plan import LogPolicy
from components.gcp.plans import plan_gcp
from components.gcp.quotas import ALERT_FILTER_CHARACTERS, GoogleQuotaExceeded
from keyplan.catalogue import Catalogue, PeopleSettings, Runtime
from tests.components_gcp.catalogues import (
    EVALS,
    EVERY_RUNTIME,
    EXISTING_ACCOUNT,
    HERE,
    NUMBER,
    POOL,
    WEB,
    gcp_catalogue,
    key,
    many,
    on_gcp,
)
from tests.components_gcp.log_entries import matches

SUBJECT = f"principal://iam.googleapis.com/{POOL}/subject/"
PODS = "serviceAccount:example-prod.svc.id.goog"
WEB_ACCOUNT = "prod-web-reader@example-prod.iam.gserviceaccount.com"


def policies(catalogue: Catalogue) -> list[LogPolicy]:
    return read_policies(catalogue, HERE, plan_gcp(catalogue, HERE))


ANTHROPIC = "prod-anthropic-api-key"


def read(secret: str = ANTHROPIC, version: str = "current", **who: str) -> dict[str, Any]:
    """An entry of the Data Access log, as far as the filters look at it."""
    return {
        "logName": "projects/example-prod/logs/cloudaudit.googleapis.com%2Fdata_access",
        "protoPayload": {
            "serviceName": "secretmanager.googleapis.com",
            "methodName": "google.cloud.secretmanager.v1.SecretManagerService.AccessSecretVersion",
            "resourceName": f"projects/{NUMBER}/secrets/{secret}/versions/{version}",
            "authenticationInfo": who,
        },
    }


def told(catalogue: Catalogue, entry: dict[str, Any]) -> list[str]:
    """Who hears of an entry."""
    return sorted(
        {
            address
            for policy in policies(catalogue)
            if matches(policy.filter, entry)
            for address in policy.recipients
        }
    )


ALL = gcp_catalogue([key(), key("openrouter")], EVERY_RUNTIME)
OWNERS = ["ml@example.com", "platform@example.com"]
ROWS = [
    ("the service itself", read(principalEmail=WEB_ACCOUNT), []),
    ("an account that existed", read(principalEmail=EXISTING_ACCOUNT), []),
    ("a person of the catalogue", read(principalEmail="a@example.com"), []),
    ("a member of a group, whom nobody knows", read(principalEmail="b@example.com"), OWNERS),
    ("a stranger", read(principalEmail="x@example.com"), OWNERS),
    ("an account that begins alike", read(principalEmail=f"x{WEB_ACCOUNT}"), OWNERS),
    ("a runner's job", read(principalSubject=f"{SUBJECT}evals:10987654321"), []),
    ("a job of a runner that is none", read(principalSubject=f"{SUBJECT}evals2:1"), OWNERS),
    (
        "a subject that holds a runner's",
        read(principalSubject=f"{SUBJECT.replace('keyplan-prod', 'x')}/{SUBJECT}evals:1"),
        OWNERS,
    ),
    (
        "a pod",
        read(
            principalSubject="principal://iam.googleapis.com/projects/987654321098/locations/global/"
            "workloadIdentityPools/example-prod.svc.id.goog/subject/ns/web/sa/chat"
        ),
        [],
    ),
    (
        "a pod, as it was once called",
        read(principalSubject="serviceAccount:example-prod.svc.id.goog[web/chat]"),
        [],
    ),
    ("another pod", read(principalSubject="serviceAccount:example-prod.svc.id.goog[web/chat2]"), OWNERS),
    ("a reader of another key", read("prod-openrouter-api-key", principalEmail=WEB_ACCOUNT), OWNERS),
    (
        "a secret that is not the environment's",
        read("prod-anthropic-api-key-2", principalEmail="x@example.com"),
        [],
    ),
    ("nobody named at all", read(), OWNERS),
]


@pytest.mark.parametrize(("entry", "expected"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
def test_a_read_by_somebody_who_is_not_listed_is_told(entry: dict[str, Any], expected: list[str]) -> None:
    assert told(ALL, entry) == expected


@pytest.mark.parametrize("field", ["logName", "serviceName", "methodName"])
def test_what_is_no_read_of_secret_manager_is_not(field: str) -> None:
    entry = read(principalEmail="x@example.com")
    assert told(ALL, entry) == OWNERS
    (entry if field in entry else entry["protoPayload"])[field] = "something.else"
    assert told(ALL, entry) == []


def test_each_owner_hears_of_their_own_keys() -> None:
    found = gcp_catalogue([key(), key("openrouter", owner="other@example.com")], [WEB])
    assert told(found, read(principalEmail="x@example.com")) == OWNERS
    other = read("prod-openrouter-api-key", principalEmail="x@example.com")
    assert told(found, other) == ["other@example.com", "platform@example.com"]


def test_many_keys_are_packed_into_few_filters_and_none_is_left_out() -> None:
    readers = [WEB, EVALS]
    found = many(500, readers)
    packed = policies(found)
    assert len(packed) < 25
    for policy in packed:
        assert len(policy.filter) <= ALERT_FILTER_CHARACTERS
    for name in ("service-000", "service-249", "service-499"):
        secret = found.keys[name].gcp_secret_id
        assert told(found, read(secret, principalEmail="x@example.com")) == OWNERS
        assert told(found, read(secret, principalEmail=WEB_ACCOUNT)) == []
    assert len({policy.slug for policy in packed}) == len(packed)


def test_keys_with_readers_of_their_own_are_still_told_apart() -> None:
    keys = [key(f"k{number}") for number in range(40)]
    readers = [replace(WEB, name=f"w{number}", keys=(f"k{number}",)) for number in range(40)]
    found = gcp_catalogue(keys, readers)
    for number in (0, 17, 39):
        account = f"prod-w{number}-reader@example-prod.iam.gserviceaccount.com"
        assert told(found, read(f"prod-k{number}-api-key", principalEmail=account)) == []
        assert told(found, read(f"prod-k{(number + 1) % 40}-api-key", principalEmail=account)) == OWNERS


def test_more_readers_than_a_filter_holds_are_refused() -> None:
    people = tuple(f"user:somebody-{number:03}@example.com" for number in range(100))
    found = gcp_catalogue(consumers=[on_gcp("people", Runtime.PEOPLE, PeopleSettings(None, people))])
    with pytest.raises(GoogleQuotaExceeded, match="the read alarm of the secret `prod-anthropic-api-key`"):
        policies(found)


@given(st.text())
def test_no_text_ends_its_string(text: str) -> None:
    written = quoted(text)
    inner = re.sub(r"\\.", "", written[1:-1], flags=re.DOTALL)
    assert '"' not in inner
    assert "\n" not in written


@given(
    st.text(st.characters(blacklist_categories=["Cs"])), st.text(st.characters(blacklist_categories=["Cs"]))
)
def test_a_comparison_is_true_of_the_text_alone(text: str, other: str) -> None:
    assert matches(equals("a.b", text), {"a": {"b": text}})
    assert matches(one_of("a.b", [text, "x"]), {"a": {"b": text}})
    assert matches(equals("a.b", text), {"a": {"b": other}}) is (text.lower() == other.lower())
    assert matches(like("a.b", f"^{re.escape(text)}$"), {"a": {"b": text}}) or "\n" in text
