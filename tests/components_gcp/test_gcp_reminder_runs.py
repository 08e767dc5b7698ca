"""What the function on Google Cloud says on which day, from the answers that Secret Manager gives."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from components.functions.ages import Problem
from components.functions.gcp.notices import LABEL_CHARACTERS, Settings
from components.functions.gcp.secret_manager import SecretManager, UnreachableError
from components.functions.gcp.value_age import is_speaking, run, time_of
from components.gcp.alarms.reminder_plan import reminder_policies, settings_document
from keyplan.catalogue import Catalogue, ReminderMode
from tests.components_gcp.catalogues import HERE, WEB, gcp_catalogue, key, many
from tests.components_gcp.log_entries import matches

START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ML, PLATFORM = "ml@example.com", "platform@example.com"


class Store:
    """Secret Manager's answers, by the name that is asked for."""

    def __init__(self) -> None:
        self.versions: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, datetime] = {}
        self.refused: dict[str, list[int]] = {}
        self.asked: list[str] = []
        self.waited: list[float] = []

    def add(self, secret_id: str, put: datetime | None = None, state: str = "ENABLED") -> None:
        name = f"projects/example-prod/secrets/{secret_id}"
        self.secrets[name] = START
        if put is not None:
            stamp = f"{put:%Y-%m-%dT%H:%M:%S}.000000000Z"
            self.versions[f"{name}/versions/current"] = {"createTime": stamp, "state": state}

    def send(self, request: urllib.request.Request) -> tuple[int, bytes]:
        assert request.get_header("Authorization") == "Bearer token"
        name = request.full_url.removeprefix("https://secretmanager.example/v1/")
        self.asked.append(name)
        if self.refused.get(name):
            return self.refused[name].pop(0), b""
        if name in self.versions:
            return 200, json.dumps(self.versions[name]).encode()
        if name in self.secrets:
            return 200, json.dumps({"createTime": f"{self.secrets[name]:%Y-%m-%dT%H:%M:%SZ}"}).encode()
        return 404, b""

    def client(self) -> SecretManager:
        return SecretManager("https://secretmanager.example", "token", self.send, self.waited.append)


def settings(catalogue: Catalogue) -> Settings:
    return Settings.from_json(json.loads(settings_document(catalogue, HERE)))


def said(catalogue: Catalogue, store: Store, now: datetime) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    run(settings(catalogue), store.client(), now, lines.append)
    assert lines[-1]["event"] == "run", "the line that says that the run is complete comes last"
    return lines[:-1]


def heard(catalogue: Catalogue, store: Store, now: datetime) -> list[tuple[str, str]]:
    """Recipient and subject of every mail, by the policies that the environment declares."""
    environment = [
        {
            "resource": {"type": "cloud_run_revision", "labels": {"service_name": "prod-keyplan-value-age"}},
            "severity": line["severity"],
            "jsonPayload": line,
        }
        for line in said(catalogue, store, now)
    ]
    return [
        (address, entry["jsonPayload"]["subject"])
        for entry in environment
        for policy in reminder_policies(catalogue, HERE)
        for address in policy.recipients
        if matches(policy.filter, entry)
    ]


ONE = gcp_catalogue([key()], [WEB])


@pytest.fixture
def store() -> Store:
    """One key, put at START."""
    made = Store()
    made.add("prod-anthropic-api-key", START)
    return made


def test_an_owner_hears_before_the_date_then_every_week_then_every_day(store: Store) -> None:
    days = [day for day in range(100) if heard(ONE, store, START + day * DAY)]
    assert days == [76, 83, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99]


def test_the_environments_owner_hears_after_a_week_too(store: Store) -> None:
    assert heard(ONE, store, START + 96 * DAY) == [(ML, "prod: the key anthropic is 6 days overdue")]
    assert heard(ONE, store, START + 97 * DAY) == [
        (ML, "prod: the key anthropic is 7 days overdue"),
        (PLATFORM, "prod: the key anthropic is 7 days overdue"),
    ]


def test_a_rotation_before_the_date_ends_it(store: Store) -> None:
    assert heard(ONE, store, START + 76 * DAY)
    store.add("prod-anthropic-api-key", START + 77 * DAY)
    assert [day for day in range(78, 150) if heard(ONE, store, START + day * DAY)] == []
    assert heard(ONE, store, START + (77 + 76) * DAY)


def test_a_key_that_never_got_a_value_is_told_from_the_first_day() -> None:
    empty = Store()
    empty.add("prod-anthropic-api-key")
    days = [day for day in range(4) if heard(ONE, empty, START + day * DAY)]
    assert days == [0, 1, 2, 3]
    assert heard(ONE, empty, START + 7 * DAY) == [
        (ML, "prod: the key anthropic has no value yet"),
        (PLATFORM, "prod: the key anthropic has no value yet"),
    ]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "cannot be watched: the reminder is refused access to its secret"),
        (404, "has no secret: its container is gone"),
        (400, "could not be checked: the secret store gave no answer"),
    ],
)
def test_a_secret_that_cannot_be_looked_at_is_told_to_both_owners(
    store: Store, status: int, words: str
) -> None:
    name = "projects/example-prod/secrets/prod-anthropic-api-key"
    store.refused = {f"{name}/versions/current": [status], name: [status]}
    subject = f"prod: the key anthropic {words}"
    assert heard(ONE, store, START + DAY) == [(ML, subject), (PLATFORM, subject)]


def test_a_disabled_current_version_is_told(store: Store) -> None:
    store.add("prod-anthropic-api-key", START, "DISABLED")
    subject = "prod: the key anthropic has a current value that is disabled: its readers get an error"
    assert heard(ONE, store, START + DAY) == [(ML, subject), (PLATFORM, subject)]


@pytest.mark.parametrize("hour", [0, 12, 18])
def test_only_the_run_of_the_morning_speaks_and_every_run_is_counted(store: Store, hour: int) -> None:
    now = (START + 95 * DAY).replace(hour=hour)
    assert said(ONE, store, now) == []
    assert said(ONE, store, START + 95 * DAY)


def test_a_late_or_repeated_run_of_the_morning_says_the_same(store: Store) -> None:
    on_time = said(ONE, store, START + 95 * DAY)
    assert said(ONE, store, START + 95 * DAY + timedelta(hours=5, minutes=59)) == on_time
    assert is_speaking(time_of("2026-03-01T07:00:00+01:00"))
    assert not is_speaking(time_of("2026-03-01T06:00:00+01:00"))


def test_all_keys_of_an_environment_go_to_its_owner_if_the_catalogue_says_so(store: Store) -> None:
    together = gcp_catalogue([key()], [WEB], reminders=ReminderMode.PER_ENVIRONMENT)
    subject = "prod: the key anthropic is 1 day overdue"
    assert heard(together, store, START + 91 * DAY) == [(ML, subject), (PLATFORM, subject)]


def test_a_message_says_what_to_do_and_when_it_comes_again(store: Store) -> None:
    lines = {line["recipient"]: line for line in said(ONE, store, START + 97 * DAY) if "recipient" in line}
    assert lines[ML] == {
        "severity": "WARNING",
        "event": "reminder",
        "environment": "prod",
        "recipient": ML,
        "keys": ["anthropic"],
        "subject": "prod: the key anthropic is 7 days overdue",
        "details": (
            "Key: anthropic (vendor anthropic). Owner: ml@example.com. Age: 97 days; the rule is every 90d. "
            "Due: 2026-05-30. Last change: 2026-03-01 06:00 UTC. Secret: prod-anthropic-api-key. "
            "Read by: web (cloud-run)."
        ),
        "steps": (
            "What to do: 1. Create a new key: https://platform.claude.com/settings/keys Call it "
            "prod-web-key-YYYYMMDD, with the day. 2. Give it to its readers: keyplan rotate anthropic The "
            "value is asked for at a hidden prompt, and the vendor is asked about it. Services that read "
            "only when they start get it with their next deployment. 3. End the old key, once the grace of "
            "7d is "
            "over: keyplan retire anthropic"
        ),
        "repeats": "This message is repeated every day until the key is rotated.",
        "message": "prod: the key anthropic is 7 days overdue",
    }
    assert lines[PLATFORM]["repeats"].endswith(
        "It also goes to platform@example.com, who owns the environment."
    )


def test_a_line_for_each_key_stays_in_the_log(store: Store) -> None:
    lines = [line for line in said(ONE, store, START + 97 * DAY) if line["event"] == "key"]
    assert lines == [
        {
            "severity": "NOTICE",
            "event": "key",
            "environment": "prod",
            "key": "anthropic",
            "owner": ML,
            "state": "overdue",
            "ageDays": 97,
            "message": "prod: the key anthropic is 7 days overdue",
        }
    ]


def test_five_hundred_keys_make_one_message_an_owner_that_fits_its_labels() -> None:
    found, empty = many(500), Store()
    for each in found.keys.values():
        empty.add(each.gcp_secret_id)
    mails = [line for line in said(found, empty, START) if line["event"] == "reminder"]
    assert [line["recipient"] for line in mails] == [ML]
    assert mails[0]["subject"] == "prod: 500 keys have no value yet"
    assert len(mails[0]["keys"]) == 500
    for part in ("subject", "details", "steps", "repeats"):
        assert len(mails[0][part]) <= LABEL_CHARACTERS
    assert "more keys, which `keyplan status` shows" in mails[0]["details"]


def test_the_worst_keys_are_named_first(store: Store) -> None:
    two = gcp_catalogue([key(), key("late")])
    store.add("prod-late-api-key", START - 20 * DAY)
    (line,) = [each for each in said(two, store, START + 91 * DAY) if each.get("recipient") == ML]
    assert line["subject"] == "prod: 2 keys need attention"
    assert line["details"] == "late is 21 days overdue; anthropic is 1 day overdue."


def test_a_used_up_quota_is_waited_for(store: Store) -> None:
    name = "projects/example-prod/secrets/prod-anthropic-api-key/versions/current"
    store.refused = {name: [429, 503, 429]}
    secret = name.removesuffix("/versions/current")
    assert store.client().read_metadata(secret).value_created == START
    assert store.waited == [1.0, 2.0, 4.0]
    store.refused = {name: [429] * 20}
    assert store.client().read_metadata(secret).problem is Problem.FAILED
    assert sum(store.waited[3:]) > 60, "a minute's quota is outlasted"


def test_no_answer_at_all_is_a_finding_about_that_key_only(store: Store) -> None:
    def unreachable(request: urllib.request.Request) -> tuple[int, bytes]:
        raise UnreachableError("TimeoutError")

    client = SecretManager("https://secretmanager.example", "token", unreachable, store.waited.append)
    assert client.read_metadata("projects/example-prod/secrets/x").problem is Problem.FAILED


def test_times_are_read_to_the_microsecond(store: Store) -> None:
    name = "projects/example-prod/secrets/prod-anthropic-api-key"
    for written, microsecond in (("00Z", 0), ("00.5Z", 500_000), ("00.123456789Z", 123_456)):
        store.versions[f"{name}/versions/current"]["createTime"] = f"2026-03-01T06:00:{written}"
        found = store.client().read_metadata(name)
        assert found.value_created == START.replace(microsecond=microsecond)


def test_a_fresh_key_costs_one_call(store: Store) -> None:
    said(ONE, store, START + DAY)
    assert store.asked == ["projects/example-prod/secrets/prod-anthropic-api-key/versions/current"]


def test_nothing_that_is_asked_for_is_a_value(store: Store) -> None:
    for day in range(100):
        said(ONE, store, START + day * DAY)
    assert [name for name in store.asked if ":" in name] == []


def test_the_token_is_in_no_text_about_the_client(store: Store) -> None:
    assert "Bearer" not in repr(store.client())
    assert "'token'" not in repr(store.client())
