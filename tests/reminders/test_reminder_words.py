"""What a reminder says: the whole text, and SNS's limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.functions.ages import Assessment, Problem, Reading, Rule, assess
from components.functions.aws.mail import BODY_MAX_BYTES, mail
from components.functions.aws.reminder_mail import LISTED_IN_FULL, key_mail, list_mail

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:prod-keyplan-ml"
RULE = Rule(
    name="anthropic",
    owner="ml@example.com",
    recipient=TOPIC,
    vendor="anthropic",
    secret="arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/anthropic-api-key-AbCdEf",
    secret_name="prod/anthropic-api-key",
    consumers=("chat-api (ecs)", "evals (github-actions)"),
    suggested_name="prod-anthropic-key",
    created_at="https://platform.claude.com/settings/keys",
    rotate_every="90d",
    grace="7d",
    due_at_days=76.0,
    overdue_at_days=90.0,
)


def aged(days: float, rule: Rule = RULE) -> Assessment:
    return assess(rule, Reading(NOW - timedelta(days=days), NOW - timedelta(days=400)), NOW)


def test_an_overdue_key_is_described_with_everything_that_ends_it() -> None:
    sent = key_mail(TOPIC, "prod", aged(97), "platform@example.com")
    assert sent.topic_arn == TOPIC
    assert sent.subject == "prod: the key anthropic is 7 days overdue"
    assert sent.body == (
        "The key anthropic in prod is 7 days overdue.\n"
        "\n"
        "  Environment  prod\n"
        "  Key          anthropic (vendor anthropic)\n"
        "  Owner        ml@example.com\n"
        "  Age          97 days; the rule is every 90d\n"
        "  Due          2026-11-14\n"
        "  Last change  2026-08-16 06:00 UTC\n"
        "  Secret       prod/anthropic-api-key\n"
        "  Read by      chat-api (ecs), evals (github-actions)\n"
        "\n"
        "What to do:\n"
        "  1. Create a new key: https://platform.claude.com/settings/keys\n"
        "     Call it prod-anthropic-key-YYYYMMDD, with the day.\n"
        "  2. Give it to its readers: keyplan rotate anthropic\n"
        "     The value is asked for at a hidden prompt, and the vendor is asked about it. Services that\n"
        "     read only when they start get it with their next deployment.\n"
        "  3. End the old key, once the grace of 7d is over: keyplan retire anthropic\n"
        "\n"
        "This message is repeated every day until the key is rotated.\n"
        "It now also goes to platform@example.com, who owns the environment.\n"
    )


@pytest.mark.parametrize(
    ("found", "subject"),
    [
        pytest.param(aged(77), "prod: the key anthropic must be rotated by 2026-12-04", id="due soon"),
        pytest.param(aged(90.5), "prod: the key anthropic is overdue since today", id="overdue today"),
        pytest.param(aged(91), "prod: the key anthropic is 1 day overdue", id="one day"),
    ],
)
def test_a_subject_says_what_and_when(found: Assessment, subject: str) -> None:
    assert key_mail(TOPIC, "prod", found, None).subject == subject


@pytest.mark.parametrize(
    ("reading", "subject", "command"),
    [
        pytest.param(
            Reading(None, NOW),
            "prod: the key anthropic has no value yet",
            "keyplan put anthropic",
            id="no value",
        ),
        pytest.param(
            Reading(problem=Problem.PENDING_DELETION),
            "prod: the key anthropic is scheduled for deletion",
            "aws secretsmanager restore-secret --secret-id prod/anthropic-api-key",
            id="pending deletion",
        ),
        pytest.param(
            Reading(problem=Problem.DENIED),
            "prod: the key anthropic cannot be watched: the reminder is refused access to its secret",
            "pulumi up",
            id="denied",
        ),
        pytest.param(
            Reading(problem=Problem.MISSING),
            "prod: the key anthropic has no secret: its container is gone",
            "pulumi up",
            id="missing",
        ),
        pytest.param(
            Reading(problem=Problem.FAILED),
            "prod: the key anthropic could not be checked: the secret store gave no answer",
            "keyplan status",
            id="no answer",
        ),
    ],
)
def test_a_key_without_a_visible_value_says_why_and_what_to_run(
    reading: Reading, subject: str, command: str
) -> None:
    sent = list_mail(TOPIC, "prod", [assess(RULE, reading, NOW)])
    assert sent.subject == subject
    assert command in sent.body


@pytest.mark.parametrize(
    ("reading", "end"),
    [
        pytest.param(Reading(NOW - timedelta(days=80)), "A rotation before the date ends it.", id="due soon"),
        pytest.param(Reading(NOW - timedelta(days=95)), "every day until the key is rotated.", id="overdue"),
        pytest.param(Reading(None, NOW), "every day until a value is stored.", id="no value"),
        pytest.param(
            Reading(problem=Problem.DENIED), "every day until this is in order.", id="cannot be looked at"
        ),
    ],
)
def test_a_message_ends_with_what_ends_it(reading: Reading, end: str) -> None:
    assert list_mail(TOPIC, "prod", [assess(RULE, reading, NOW)]).body.endswith(end + "\n")


def test_a_list_numbers_the_keys_as_given() -> None:
    overdue, due = aged(95), aged(80, replace(RULE, name="openrouter"))
    sent = list_mail(TOPIC, "prod", [overdue, due])
    assert sent.subject == "prod: 2 keys need attention"
    assert [line for line in sent.body.splitlines() if line[:2] in ("1.", "2.")] == [
        "1. anthropic is 5 days overdue",
        "2. openrouter must be rotated by 2026-12-01",
    ]


def test_keys_that_only_lack_a_value_are_named_so() -> None:
    empty = [assess(replace(RULE, name=name), Reading(None, NOW), NOW) for name in ("a", "b")]
    assert list_mail(TOPIC, "prod", empty).subject == "prod: 2 keys have no value yet"


def test_five_hundred_keys_fit_into_one_message_and_all_are_named() -> None:
    keys = [aged(95, replace(RULE, name=f"key-{number:03}")) for number in range(500)]
    sent = list_mail(TOPIC, "prod", keys)
    assert len(sent.body.encode()) < BODY_MAX_BYTES
    assert [f"key-{number:03}" in sent.body for number in range(500)] == [True] * 500
    assert f"{LISTED_IN_FULL}. key-{LISTED_IN_FULL - 1:03} is 5 days overdue" in sent.body


def test_a_key_that_nobody_reads_is_asked_about() -> None:
    assert (
        "no consumer: is the key still needed?"
        in key_mail(TOPIC, "prod", aged(95, replace(RULE, consumers=())), None).body
    )


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_becomes_a_message_that_sns_takes(subject: str, body: str) -> None:
    sent = mail(TOPIC, subject, body)
    assert len(sent.subject) < 100
    assert all(" " <= character <= "~" for character in sent.subject)


def test_a_body_that_is_too_long_is_cut_and_says_so() -> None:
    sent = mail(TOPIC, "s", "é" * BODY_MAX_BYTES)
    assert len(sent.body.encode()) <= BODY_MAX_BYTES
    assert sent.body.endswith("shows everything)\n")
