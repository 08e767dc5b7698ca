"""The pure parts of a replay on Google Cloud: schedules, filters and extractors of policies, log entries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keyplan.errors import KeyplanError
from sandbox.clock.gcp.absence import read_absence, read_metric
from sandbox.clock.gcp.cron import Cron
from sandbox.clock.gcp.log_lines import attempt_entry, written_entries
from sandbox.clock.gcp.policies import Matcher, NotEvaluatedError, read_log_match
from sandbox.clock.mails import Mail, by_kind, render
from sandbox.gcp_server.errors import GoogleError
from sandbox.gcp_server.filters import compile_filter

AT = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
DAY = timedelta(days=1)
FUNCTION = {
    "name": "projects/example-prod/locations/europe-west1/functions/age",
    "serviceConfig": {"revision": "age-1"},
}
CHANNELS = {"c/1": {"type": "email", "labels": {"email_address": "ada@example.com"}}}


@pytest.mark.parametrize(
    ("schedule", "zone", "due"),
    [
        ("0 */6 * * *", "Etc/UTC", ["20 18:00", "21 00:00", "21 06:00", "21 12:00"]),
        ("30 16 * * *", "Etc/UTC", ["21 16:30"]),
        ("15,45 3-4 * * *", "Etc/UTC", ["21 03:15", "21 03:45", "21 04:15", "21 04:45"]),
        ("0 20/2 * * *", "Etc/UTC", ["20 20:00", "20 22:00"]),
        ("0 6 * * *", "Europe/Berlin", ["21 05:00"]),
        ("0 6 * * 6", "Etc/UTC", ["21 06:00"]),
        ("0 6 * * 5", "Etc/UTC", []),
        ("0 6 1 * 6", "Etc/UTC", ["21 06:00"]),  # either day, where both are restricted
        ("0 6 1 * *", "Etc/UTC", []),
        ("0 6 * 12 *", "Etc/UTC", []),
    ],
)
def test_a_schedule_says_when_its_job_is_due_within_a_day(schedule: str, zone: str, due: list[str]) -> None:
    found = [f"{moment:%d %H:%M}" for moment in Cron.parse(schedule, zone).due(AT, AT + DAY)]
    assert found == due


def test_days_without_a_gap_have_each_due_time_once() -> None:
    cron = Cron.parse("0 */6 * * *", "America/New_York")
    start = datetime(2026, 10, 25, tzinfo=UTC)
    days = [start + number * DAY for number in range(15)]  # clocks change on 1 November
    parts = [moment for day in days for moment in cron.due(day, day + DAY)]
    assert parts == list(cron.due(start, start + 15 * DAY))
    assert len(set(parts)) == len(parts)


@pytest.mark.parametrize(
    "schedule", ["every 6 hours", "0 6 * *", "60 * * * *", "0 6 * * MON", "*/0 * * * *", "5-1 * * * *"]
)
def test_a_schedule_that_is_not_understood_is_quoted(schedule: str) -> None:
    with pytest.raises(KeyplanError, match="five fields of unix-cron") as error:
        Cron.parse(schedule, "Etc/UTC")
    assert f"`{schedule}`" in error.value.message


def test_a_time_zone_that_does_not_exist_is_named() -> None:
    with pytest.raises(KeyplanError, match="the time zone Mars/Base"):
        Cron.parse("0 6 * * *", "Mars/Base")


def test_a_line_of_json_becomes_fields_and_its_severity_the_entrys() -> None:
    lines = ['{"severity": "NOTICE", "event": "key"}', "plain", '["no", "object"]']
    first, second, third = written_entries(FUNCTION, lines, AT)
    assert (first["severity"], first["jsonPayload"]) == ("NOTICE", {"event": "key"})
    assert first["resource"] == {
        "type": "cloud_run_revision",
        "labels": {
            "project_id": "example-prod",
            "location": "europe-west1",
            "service_name": "age",
            "configuration_name": "age",
            "revision_name": "age-1",
        },
    }
    assert [entry["textPayload"] for entry in (second, third)] == ["plain", '["no", "object"]']
    assert first["timestamp"] < second["timestamp"] < third["timestamp"]


@pytest.mark.parametrize(
    ("status", "severity", "word"), [(200, "INFO", None), (403, "ERROR", "PERMISSION_DENIED")]
)
def test_the_scheduler_logs_how_its_call_ended(status: int, severity: str, word: str | None) -> None:
    job = {"name": "projects/p/locations/l/jobs/age", "httpTarget": {"uri": "https://example.com"}}
    entry = attempt_entry(job, status, AT)
    assert (entry["severity"], entry["jsonPayload"].get("status")) == (severity, word)
    assert entry["resource"]["labels"]["job_id"] == "age"


@pytest.mark.parametrize(
    ("found", "least", "fits"),
    [
        ("WARNING", "ERROR", False),
        ("CRITICAL", "ERROR", True),
        ("ERROR", "error", True),
        (None, "INFO", False),
    ],
)
def test_severities_are_compared_by_their_rank(found: str | None, least: str, fits: bool) -> None:
    entry = {} if found is None else {"severity": found}
    assert compile_filter(f"severity>={least}")(entry) is fits


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("sample(insertId, 0.5)", "sample"),
        ("severity>=BAD", "BAD"),
        ('a=~"(?=x)"', "(?=x)"),
        ('a=~"(x)\\\\1"', "(x)\\1"),
        ('a=~"["', "["),
    ],
)
def test_what_a_filter_cannot_mean_here_is_named(text: str, named: str) -> None:
    with pytest.raises(GoogleError) as error:
        compile_filter(text)
    assert named in error.value.message


def _policy(**match: Any) -> dict[str, Any]:
    return {
        "name": "projects/p/alertPolicies/1",
        "displayName": "example",
        "conditions": [
            {"displayName": "found", "conditionMatchedLog": {"filter": 'jsonPayload.a="x"', **match}}
        ],
        "alertStrategy": {"notificationRateLimit": {"period": "300s"}},
        "documentation": {
            "subject": "about ${log.extracted_label.what}",
            "content": "${policy.display_name}",
        },
        "notificationChannels": ["c/1"],
    }


def _entry(seconds: int, **payload: str) -> dict[str, Any]:
    stamp = (AT + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"timestamp": stamp, "jsonPayload": {"a": "x", **payload}}


@pytest.mark.parametrize(
    ("extractor", "found"),
    [
        ("EXTRACT(jsonPayload.path)", "a/b-c"),
        ('REGEXP_EXTRACT(jsonPayload.path, "a/([^-]+)")', "b"),
        ('REGEXP_EXTRACT(jsonPayload.path, "\\\\w/(\\\\w)")', "b"),
        ('REGEXP_EXTRACT(jsonPayload.path, "x/(.)")', ""),
        ("EXTRACT(jsonPayload.missing)", ""),
        ("EXTRACT(jsonPayload.long)", "y" * 1024),
    ],
)
def test_a_label_is_taken_from_the_entry(extractor: str, found: str) -> None:
    policy = read_log_match(_policy(labelExtractors={"what": extractor}), CHANNELS)
    assert policy.labels(_entry(0, path="a/b-c", long="y" * 2000)) == {"what": found}


@pytest.mark.parametrize(
    "extractor", ["path", "EXTRACT()", 'REGEXP_EXTRACT(a, "b")', 'REGEXP_EXTRACT(a, "(")', "EXTRACT(a, b)"]
)
def test_an_extractor_that_is_not_understood_is_quoted(extractor: str) -> None:
    with pytest.raises(NotEvaluatedError) as error:
        read_log_match(_policy(labelExtractors={"what": extractor}), CHANNELS)
    assert f"`{extractor}`" in error.value.message


def test_each_combination_of_labels_is_limited_by_itself() -> None:
    matcher = Matcher([read_log_match(_policy(labelExtractors={"what": "EXTRACT(jsonPayload.b)"}), CHANNELS)])
    rows = [(0, "one"), (10, "one"), (20, "two"), (299, "one"), (301, "one")]
    told = [
        (seconds, mail.subject)
        for seconds, what in rows
        for mail in matcher.mails(1, _entry(seconds, b=what))
    ]
    assert told == [(0, "about one"), (20, "about two"), (301, "about one")]


def test_a_filter_that_is_not_understood_is_quoted_with_its_policy() -> None:
    with pytest.raises(
        NotEvaluatedError, match="example: the sandbox does not understand the filter `f"
    ) as error:
        read_log_match(_policy(filter="f(x)", labelExtractors={"what": "EXTRACT(a)"}), CHANNELS)
    assert "the function f is not known here" in error.value.message


def test_a_channel_of_another_kind_is_named() -> None:
    channels = {"c/1": {"type": "pubsub", "labels": {"topic": "t"}}}
    with pytest.raises(NotEvaluatedError, match="channels of the type pubsub"):
        read_log_match(_policy(labelExtractors={"what": "EXTRACT(a)"}), channels)


def test_a_channel_that_is_off_or_gone_hears_nothing() -> None:
    policy = _policy(labelExtractors={"what": "EXTRACT(a)"})
    for channels in ({}, {"c/1": {**CHANNELS["c/1"], "enabled": False}}):
        assert Matcher([read_log_match(policy, channels)]).mails(1, _entry(0)) == []


def test_a_silence_is_told_when_its_time_is_over_and_once() -> None:
    absent = {
        "filter": 'metric.type="logging.googleapis.com/user/runs" AND resource.type="a"',
        "duration": "3600s",
        "aggregations": [{"crossSeriesReducer": "REDUCE_SUM"}],
    }
    policy = _policy()
    policy["conditions"] = [{"displayName": "silent", "conditionAbsent": absent}]
    policy["documentation"] = {"content": "silent"}
    absence = read_absence(policy, CHANNELS)
    metric = read_metric({"name": "runs", "filter": 'jsonPayload.event="run"'})
    assert absence.watches(metric.series({"resource": {"type": "a"}}))
    assert not absence.watches(metric.series({"resource": {"type": "b"}}))
    assert absence.opens_at(AT) is None
    absence.last = AT - timedelta(minutes=59)
    assert absence.opens_at(AT) is None
    assert absence.opens_at(AT + timedelta(minutes=1)) == AT + timedelta(minutes=1)
    absence.is_open = True
    assert absence.opens_at(AT + DAY) is None
    other = read_absence(policy, CHANNELS)
    other.remember(absence.note(AT), AT + DAY)  # a day on the clock in which no time was moved
    assert (other.last, other.is_open) == (AT + DAY - timedelta(minutes=59), True)


def test_mails_of_two_clouds_are_two_kinds_and_the_second_is_named() -> None:
    mails = [
        Mail(1, "2026-11-20", "a@example.com", "it is 1 day overdue", "x", through) for through in ("", "Z")
    ]
    first, second = by_kind(mails)
    assert render(first).startswith("── day 1, 2026-11-20 ─")
    assert render(second).startswith("── day 1, 2026-11-20, Z ─")
