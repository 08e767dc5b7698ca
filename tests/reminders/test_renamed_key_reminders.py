"""A renamed key is reminded of under its new name, by the alarms and the metric that it had before."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from components.aws.alarms.reminder_settings import reminder_settings
from components.functions.aws.value_age_settings import Settings
from keyplan.catalogue import Catalogue
from tests.components.catalogues import catalogue, key
from tests.reminders.conftest import Cloud, Mailbox
from tests.reminders.test_reminder_runs import DAY, ML, World, alarm_event, scheduled


def renamed() -> Catalogue:
    return catalogue([replace(key("anthropic", owner=ML), name="claude", former_names=("anthropic",))])


def test_the_age_goes_on_in_the_metric_that_the_alarms_watch(
    cloud: Cloud, mailbox: Mailbox, start: datetime
) -> None:
    here = World(cloud, mailbox, renamed())
    here.put("claude", start - 80 * DAY)

    here.run(scheduled(start))

    assert here.metric("ValueAgeDays", {"Environment": "prod", "Key": "anthropic"}, start) == [80.0]
    assert here.metric("ValueAgeDays", {"Environment": "prod", "Key": "claude"}, start) == []


def test_the_mail_of_an_old_alarm_says_the_new_name(cloud: Cloud, mailbox: Mailbox, start: datetime) -> None:
    here = World(cloud, mailbox, renamed())
    here.put("claude", start - 80 * DAY)

    here.run(alarm_event("prod-keyplan/anthropic/rotation-due", start))

    ((address, subject, body),) = here.mailbox.take()
    assert (address, "claude" in subject, "keyplan rotate claude" in body) == (ML, True, True)
    assert "anthropic " not in subject


def test_an_owner_hears_of_a_key_on_one_day_whatever_its_name_is(
    cloud: Cloud, mailbox: Mailbox, start: datetime
) -> None:
    """The state of the alarm survives the rename, so that what was told is not told anew."""
    before = World(cloud, mailbox, catalogue([key("anthropic", owner=ML)]))
    before.put("anthropic", start - 80 * DAY)
    assert len(before.day(start)) == 1

    after = World.__new__(World)
    after.__dict__.update(before.__dict__, catalogue=renamed())
    arns = {"claude": before.settings.rules["anthropic"].secret}
    after.settings = settings_of(after.catalogue, arns, mailbox)

    assert after.day(start + DAY) == []


def settings_of(made: Catalogue, arns: dict[str, str], mailbox: Mailbox) -> Settings:
    return Settings.from_json(reminder_settings(made, arns, mailbox.arns))
