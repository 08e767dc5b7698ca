"""Time moves on Google Cloud: the deployed reminder really runs as its own account, and its lines become
mails by the policies that are declared."""

from __future__ import annotations

import itertools

import pytest

from keyplan.catalogue import Catalogue
from keyplan.durations import Duration
from sandbox.clock.gcp.alerts import read_alerts
from sandbox.clock.gcp.reads import mails_about, read_as
from sandbox.clock.journal import Replay
from sandbox.clock.mails import Mail
from sandbox.server.record import ServerRecord
from tests.components_gcp.catalogues import WEB, gcp_catalogue, key
from tests.sandbox_cloud.google_environment import FUNCTION, GoogleEnvironment

NUMBERS = itertools.count(1)
ML, PLATFORM = "ml@example.com", "platform@example.com"
SECRET = "prod-anthropic-api-key"
RAN = f"{FUNCTION} on Google Cloud"
FAILING = "def handle(request):\n    print('not JSON')\n    raise RuntimeError('hidden')\n"
LEAVING = "import os\ndef handle(request):\n    os._exit(3)\n"


def quick() -> Catalogue:
    """A key that is due after three days and overdue after five; everybody hears two days later."""
    five, two = Duration.parse("5d"), Duration.parse("2d")
    return gcp_catalogue([key(rotate_every=five, remind_before=two)], [WEB], escalate_after=two)


@pytest.fixture
def google(server: ServerRecord) -> GoogleEnvironment:
    """A project that no other test of this file has used."""
    return GoogleEnvironment(server, f"time-{next(NUMBERS)}-example")


def _sent(mails: list[Mail]) -> list[tuple[int, str, str]]:
    return [
        (mail.day, mail.to, mail.subject.partition(" key anthropic ")[2] or mail.subject) for mail in mails
    ]


def _turns(replay: Replay) -> list[tuple[int, str, str]]:
    return [(change.day, change.alarm, change.after) for change in replay.changes]


def test_owners_hear_of_an_old_value_and_a_new_one_ends_it(google: GoogleEnvironment) -> None:
    google.deploy(quick())
    google.put(SECRET)
    replay = google.advance(8)
    assert (replay.runs, replay.failures, replay.left_out) == ({RAN: 32}, {}, set())
    # The run of 06:00 speaks: the value of a day before is three days old then on the fourth day.
    due, *overdue = _sent(replay.mails)
    assert (due[:2], due[2].split(" by ")[0]) == ((4, ML), "must be rotated")
    assert overdue == [
        (6, ML, "is overdue since today"),
        (7, ML, "is 1 day overdue"),
        (8, ML, "is 2 days overdue"),
        (8, PLATFORM, "is 2 days overdue"),
    ]
    first = replay.mails[0]
    assert "keyplan rotate anthropic" in first.body
    assert (first.through, "${" in first.body + first.subject) == ("Google Cloud", False)
    google.put(SECRET, "new")
    assert google.advance(3).mails == []
    assert [mail.day for mail in google.advance(1).mails] == [1]


def test_what_the_function_writes_is_in_the_log_with_the_time_of_its_run(google: GoogleEnvironment) -> None:
    google.deploy(quick())
    replay = google.advance(1)
    lines = google.lines()
    assert [entry["jsonPayload"]["event"] for entry in lines].count("run") == 4
    spoken = [entry for entry in lines if entry["jsonPayload"]["event"] == "reminder"]
    assert [entry["timestamp"][11:16] for entry in spoken] == ["06:00"] * 2
    assert {entry["severity"] for entry in lines} == {"INFO", "NOTICE", "WARNING"}
    assert "severity" not in lines[0]["jsonPayload"]
    attempts = google.lines("cloudscheduler.googleapis.com%2Fexecutions")
    assert [attempt["severity"] for attempt in attempts] == ["INFO"] * 4
    assert [mail.to for mail in replay.mails] == [entry["jsonPayload"]["recipient"] for entry in spoken[::-1]]


def test_a_key_without_a_container_is_told_to_both_owners(google: GoogleEnvironment) -> None:
    google.deploy(quick())
    mails = google.advance(1).mails
    assert _sent(mails) == [(1, to, "has no secret: its container is gone") for to in (ML, PLATFORM)]


def test_the_function_reads_as_its_own_account(google: GoogleEnvironment) -> None:
    google.deploy(quick())
    google.put(SECRET)
    google.let({})
    words = "cannot be watched: the reminder is refused access to its secret"
    assert _sent(google.advance(1).mails) == [(1, ML, words), (1, PLATFORM, words)]


def test_a_paused_job_is_noticed_once_and_a_run_ends_it(google: GoogleEnvironment) -> None:
    google.deploy(quick())
    google.put(SECRET)
    google.do("POST", f"{google.job}:pause", {})
    assert google.advance(2).changes == []  # what never ran cannot fall silent
    google.do("POST", f"{google.job}:resume", {})
    google.put(SECRET)
    google.advance(1)
    google.do("POST", f"{google.job}:pause", {})
    paused = google.advance(2)
    assert paused.runs == {}
    assert _turns(paused) == [(1, "silent", "an incident")]
    assert _sent(paused.mails) == [(1, PLATFORM, "silent")]
    assert google.advance(1).mails == []
    google.put(SECRET)
    google.do("POST", f"{google.job}:resume", {})
    resumed = google.advance(1)
    assert (_turns(resumed), resumed.mails) == ([(1, "silent", "no incident")], [])


def test_a_deleted_job_is_noticed_too(google: GoogleEnvironment) -> None:
    google.deploy(quick())
    google.put(SECRET)
    google.advance(1)
    google.do("DELETE", google.job)
    assert _sent(google.advance(1).mails) == [(1, PLATFORM, "silent")]


def test_moves_of_hours_add_up_to_a_silence(google: GoogleEnvironment) -> None:
    google.deploy(quick())
    google.put(SECRET)
    google.advance(1)
    google.do("POST", f"{google.job}:pause", {})
    assert [len(google.advance(0.5).mails) for _ in range(3)] == [0, 1, 0]


@pytest.mark.parametrize(("code", "kind"), [(FAILING, "RuntimeError"), (LEAVING, "the process ended")])
def test_a_function_that_fails_is_told_to_the_environments_owner(
    google: GoogleEnvironment, code: str, kind: str
) -> None:
    google.deploy(quick(), code)
    replay = google.advance(1)
    assert replay.failures == {RAN: [(1, kind)] * 4}
    assert set(_sent(replay.mails)) == {(1, PLATFORM, "prod: the rotation reminder failed")}
    assert "hidden" not in str([*google.lines(), replay.mails])


def test_a_job_that_may_not_call_its_function_fails(google: GoogleEnvironment) -> None:
    google.deploy(quick())
    google.invoker([])
    replay = google.advance(1)
    assert (replay.runs, replay.failures) == ({}, {RAN: [(1, "its job's call is answered with 403")] * 4})
    assert set(_sent(replay.mails)) == {(1, PLATFORM, "prod: the rotation reminder failed")}


def test_a_job_whose_function_is_gone_fails(google: GoogleEnvironment) -> None:
    google.deploy(quick())
    google.do("DELETE", f"/v2/{google.at}/functions/{FUNCTION}")
    assert google.advance(1).failures == {RAN: [(1, "its job's call is answered with 404")] * 4}


def test_a_policy_speaks_no_oftener_than_it_may(google: GoogleEnvironment) -> None:
    google.deploy(quick())
    google.put(SECRET)
    google.policy(alertStrategy={"notificationRateLimit": {"period": "40000s"}})
    times = [mail for mail in google.advance(1).mails if mail.to == "watcher@example.com"]
    assert len(times) == 2  # of eight entries, at four times


def _condition(kind: str, **settings: object) -> dict[str, object]:
    return {"conditions": [{"displayName": "found", kind: settings}]}


# What a policy has, and what is said of it.
NOT_UNDERSTOOD: list[tuple[dict[str, object], str]] = [
    (
        {"documentation": {"content": "see ${resource.nothing}"}},
        "the sandbox does not know the variable `${resource.nothing}`",
    ),
    (
        _condition("conditionMatchedLog", filter="a=b", labelExtractors={"x": "UPPER(textPayload)"}),
        "the sandbox does not understand the extractor `UPPER(textPayload)`",
    ),
    (
        _condition("conditionThreshold", filter='metric.type="x"', comparison="COMPARISON_GT"),
        "the sandbox does not evaluate conditionThreshold",
    ),
    (
        _condition("conditionAbsent", filter='metric.type="x"', duration="120s"),
        "the sandbox evaluates the absence of all series together only",
    ),
]


def test_policies_that_are_not_understood_are_named_and_the_others_speak(google: GoogleEnvironment) -> None:
    google.deploy(quick())
    for fields, _ in NOT_UNDERSTOOD:
        google.policy(**fields)
    replay = google.advance(1)
    assert replay.left_out == {f"watcher: {words}" for _, words in NOT_UNDERSTOOD}
    assert [mail.to for mail in replay.mails] == [ML, PLATFORM]


def test_a_schedule_that_is_not_understood_is_named(google: GoogleEnvironment) -> None:
    google.deploy(quick())
    google.do("PATCH", f"{google.job}?updateMask=schedule", {"schedule": "every 6 hours"})
    replay = google.advance(1)
    assert replay.runs == {}
    assert [words.split(":")[0] for words in replay.left_out] == [FUNCTION]


def test_a_policy_that_is_off_says_nothing(google: GoogleEnvironment) -> None:
    google.deploy(quick())
    google.policy(enabled=False)
    assert "watcher@example.com" not in {mail.to for mail in google.advance(1).mails}


def _told(google: GoogleEnvironment, member: str) -> tuple[str | None, list[str]]:
    """How a read is answered, and who hears of it."""
    read = read_as(google.client, google.project.secret(SECRET), member)
    alerts = read_alerts(google.client, google.project.project_id)
    return read.refusal, [mail.to for mail in mails_about(alerts, read.entries)]


def test_a_strangers_read_is_told_and_a_listed_readers_is_not(google: GoogleEnvironment) -> None:
    google.deploy(quick())
    google.put(SECRET)
    web = f"serviceAccount:{google.project.service_account('prod-web-reader')}"
    google.let({"roles/secretmanager.secretAccessor": [web, "user:friend@example.com"]})
    assert _told(google, "user:eve@example.com") == ("PERMISSION_DENIED", [ML, PLATFORM])
    assert _told(google, web) == (None, [])
    assert _told(google, "user:friend@example.com") == (None, [ML, PLATFORM])


def test_a_strangers_mail_says_who_and_what(google: GoogleEnvironment) -> None:
    google.deploy(quick())
    google.put(SECRET)
    read = read_as(google.client, google.project.secret(SECRET), "user:eve@example.com")
    mail, _ = mails_about(read_alerts(google.client, google.project.project_id), read.entries)
    assert mail.subject == f"prod: somebody who is not listed read {SECRET}"
    assert f"Secret: {SECRET}. Who: eve@example.com user:eve@example.com. From: 127.0.0.1." in mail.body


def test_a_read_that_nothing_logs_leaves_no_entry(google: GoogleEnvironment) -> None:
    google.put(SECRET)
    assert read_as(google.client, google.project.secret(SECRET), "user:eve@example.com").entries == []
