"""docs/reminders.md says what the code does: the mail, the alarms, the costs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import cost
from components.aws.alarms.reminder_plan import reminder_alarms
from components.functions.aws.reminder_mail import key_mail
from keyplan.catalogue import ReminderMode
from tests.components.catalogues import catalogue, key
from tests.reminders.compositions import build, of_kind, one_key
from tests.reminders.test_reminder_words import TOPIC, aged

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


@pytest.fixture
def document(project: Path) -> str:
    return (project / "docs" / "reminders.md").read_text()


def test_the_mail_in_the_document_is_the_one_that_is_sent(document: str) -> None:
    sent = key_mail(TOPIC, "prod", aged(97), "platform@example.com")
    shown = document.partition("<!-- mail -->\n```text\n")[2].partition("```")[0]
    assert shown == f"Subject: {sent.subject}\n\n{sent.body}"


def test_the_table_of_costs_is_the_one_that_is_computed(document: str) -> None:
    shown = document.partition("<!-- cost -->\n")[2].partition("\n<!-- /cost -->")[0]
    assert shown == cost.table()


@pytest.mark.parametrize("mode", list(ReminderMode))
def test_the_costs_count_the_alarms_and_metrics_that_are_built(mode: ReminderMode) -> None:
    alarms = of_kind(build(one_key(mode)), ALARM).values()
    metrics = {
        (each["metricName"], str(each["dimensions"])) for each in alarms if each["namespace"] == "keyplan"
    }
    assert (cost.alarms(1, mode.value), cost.metrics(1, mode.value)) == (len(alarms), len(metrics))
    ten = catalogue([key(f"key-{number}") for number in range(10)], reminders=mode)
    assert cost.alarms(10, mode.value) == len(reminder_alarms(ten, "function")) + 2  # the two that fail


@pytest.mark.parametrize("mode", list(ReminderMode))
def test_every_alarm_that_is_built_is_in_the_document_and_no_other(document: str, mode: ReminderMode) -> None:
    built = {
        each["name"].replace("/anthropic/", "/KEY/").replace("prod-", "ENV-")
        for each in of_kind(build(one_key(mode)), ALARM).values()
    }
    rows = re.findall(r"^\| `(ENV-[A-Za-z/-]+)`(?: \((\w+)\))? \|", document, re.MULTILINE)
    assert built == {name for name, only in rows if only in ("", mode.value)}


def test_a_million_further_reads_cost_what_the_document_says(document: str) -> None:
    million = 1_000_000 * (cost.SECONDS_PER_READ * cost.FUNCTION_SECOND + cost.FUNCTION_CALL)
    assert f"Each further million reads costs ${million:.2f}." in document
