"""The pure parts of a replay: schedules, events in AWS's shapes, and mails as a person reads them."""

from __future__ import annotations

import pytest

from keyplan.errors import KeyplanError
from sandbox.clock.events import alarm_event, alarm_mail, scheduled_event
from sandbox.clock.mails import Mail, by_kind, render
from sandbox.clock.schedules import days_between_runs

AT = 1_795_219_200  # 2026-11-21 00:00 UTC
ALARM = {
    "name": "example-due",
    "arn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:example-due",
    "description": "the key example is due",
    "state": "OK",
    "state_reason": "75 is not greater",
    "state_changed": AT - 86400,
    "metric": {"namespace": "keyplan", "name": "ValueAgeDays", "dimensions": {"Key": "example"}},
    "statistic": "Maximum",
    "period_seconds": 86400,
}


@pytest.mark.parametrize(
    ("expression", "days"),
    [
        ("rate(1 day)", 1),
        ("rate(12 hours)", 1),
        ("rate(5 minutes)", 1),
        ("rate(24 hours)", 1),
        ("rate(7 days)", 7),
        ("rate(48 hours)", 2),
        ("cron(0 7 * * ? *)", 1),
        ("cron(15 10 ? * * *)", 1),
    ],
)
def test_a_schedule_says_how_many_days_lie_between_its_runs(expression: str, days: int) -> None:
    assert days_between_runs(expression) == days


@pytest.mark.parametrize(
    "expression",
    ["cron(0 7 ? * MON *)", "cron(0 7 1 * ? *)", "rate(36 hours)", "at(2026-11-21T00:00:00)", ""],
)
def test_a_schedule_that_cannot_be_replayed_is_refused(expression: str) -> None:
    with pytest.raises(KeyplanError, match="daily schedules"):
        days_between_runs(expression)


def test_a_scheduled_event_has_the_documented_shape() -> None:
    rule = "arn:aws:events:eu-west-1:123456789012:rule/daily"
    event = scheduled_event(rule, AT)
    assert event.pop("id")
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-11-21T00:00:00Z",
        "region": "eu-west-1",
        "resources": [rule],
        "detail": {},
    }


def test_an_alarms_event_has_the_documented_shape() -> None:
    event = alarm_event(ALARM, "ALARM", "76 is greater", AT)
    metric = event["alarmData"]["configuration"]["metrics"][0]
    assert metric.pop("id")
    assert event == {
        "source": "aws.cloudwatch",
        "alarmArn": ALARM["arn"],
        "accountId": "123456789012",
        "time": "2026-11-21T00:00:00.000+0000",
        "region": "eu-west-1",
        "alarmData": {
            "alarmName": "example-due",
            "state": {
                "value": "ALARM",
                "reason": "76 is greater",
                "timestamp": "2026-11-21T00:00:00.000+0000",
            },
            "previousState": {
                "value": "OK",
                "reason": "75 is not greater",
                "timestamp": "2026-11-20T00:00:00.000+0000",
            },
            "configuration": {
                "description": "the key example is due",
                "metrics": [
                    {
                        "metricStat": {"metric": ALARM["metric"], "period": 86400, "stat": "Maximum"},
                        "returnData": True,
                    }
                ],
            },
        },
    }


def test_an_alarm_on_a_topic_sends_a_mail_that_names_it() -> None:
    subject, body = alarm_mail(ALARM, "ALARM", "76 is greater than the threshold 75", AT)
    assert subject == 'ALARM: "example-due" in eu-west-1'
    assert "changed from OK to ALARM" in body
    assert body.endswith("the key example is due")


def _mail(day: int, subject: str, to: str = "ada@example.com") -> Mail:
    return Mail(day, f"2026-11-{day:02}", to, subject, "text\n\nmore\n")


def test_mails_that_differ_in_numbers_are_of_one_kind() -> None:
    mails = [
        _mail(1, "the key is 1 day overdue"),
        _mail(2, "the key is 2 days overdue"),
        _mail(3, "another subject"),
        _mail(3, "the key is 3 days overdue", "bob@example.com"),
        _mail(4, "the key is 4 days overdue"),
    ]
    kinds = by_kind(mails)
    assert [(kind.first, kind.again) for kind in kinds] == [
        (mails[0], [mails[1], mails[4]]),
        (mails[2], []),
        (mails[3], []),
    ]


def test_a_kind_is_shown_once_in_full_and_then_counted() -> None:
    kind = by_kind([_mail(day, f"{day} days overdue") for day in range(1, 21)])[0]
    text = render(kind)
    assert text.count("more\n") == 1
    assert text.endswith("Sent 19 times more, on day 2, 3, 4, 5, 6, 7, …, 20; the last one: 20 days overdue")
    assert "To:      ada@example.com\nSubject: 1 days overdue\n\n  text\n\n  more" in text
