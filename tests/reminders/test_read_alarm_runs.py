"""The read alarm against a real server: who is told about which call, and in which words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from components.aws.alarms.read_alarm_plan import read_alarm_settings
from components.functions.aws.read_alarm import Memory, Settings, UndeliveredError, run
from tests.components.catalogues import catalogue, key
from tests.reminders.conftest import Cloud, Mailbox
from tests.reminders.test_read_events import ROLES, SECRETS, record, session

ML, PLATFORM = "ml@example.com", "platform@example.com"
AT = datetime(2026, 11, 20, 14, 3, 5, tzinfo=UTC)


class World:
    """One environment's read alarm."""

    def __init__(self, cloud: Cloud, mailbox: Mailbox) -> None:
        self.mailbox, self.memory, self.topics = mailbox, Memory(), cloud.client("sns")
        for address in (ML, PLATFORM):
            mailbox.add(address)
        made = catalogue([key("anthropic", owner=ML), key("shared", owner=PLATFORM)])
        arns = {name: f"{SECRETS}prod/{name}-api-key-AbCdEf" for name in made.keys}
        readers = {name: [f"{ROLES}prod-chat-api-reader"] for name in made.keys}
        self.settings = Settings.from_json(read_alarm_settings(made, arns, readers, mailbox.arns))

    def event(self, after: timedelta = timedelta(), **fields: Any) -> dict[str, Any]:
        detail = record(eventTime=f"{AT + after:%Y-%m-%dT%H:%M:%SZ}", **fields)
        return run(
            {"source": "aws.secretsmanager", "detail": detail}, self.settings, self.topics, self.memory
        )


@pytest.fixture
def world(cloud: Cloud, mailbox: Mailbox) -> World:
    return World(cloud, mailbox)


def test_both_owners_learn_who_read_what_when_and_from_where(world: World) -> None:
    assert world.event() == {"outcome": "told", "key": "anthropic", "messages": 2}
    mails = world.mailbox.take()
    assert [(address, subject) for address, subject, _ in mails] == [
        (ML, "prod: somebody who is not listed read the key anthropic"),
        (PLATFORM, "prod: somebody who is not listed read the key anthropic"),
    ]
    assert mails[0][2] == (
        "Somebody who is not a listed reader read the key anthropic in prod.\n"
        "\n"
        "  Environment  prod\n"
        "  Key          anthropic\n"
        "  Owner        ml@example.com\n"
        f"  Who          role {ROLES}stranger, session task-1\n"
        "  When         2026-11-20 14:03:05 UTC\n"
        "  From         203.0.113.9, with aws-cli/2.31\n"
        "  Outcome      allowed: the value was given out\n"
        "\n"
        "If you expected it:\n"
        "  add the caller as a consumer in Pulumi.prod.yaml, then run pulumi up\n"
        "If you did not, the value is known to somebody else:\n"
        "  1. End it now: keyplan revoke anthropic --leaked\n"
        "     It ends the key at the vendor, takes it from its readers, and writes down who read it.\n"
        "  2. Create a new one and give it to them: keyplan rotate anthropic\n"
        "  3. Take away the permission that let the caller read.\n"
        "\n"
        "The record of this call, in CloudTrail's event history:\n"
        "  aws cloudtrail lookup-events --region eu-west-1 \\\n"
        "    --lookup-attributes AttributeKey=EventId,AttributeValue=5c5cbd5e-0000-4111-8222-333344445555\n"
    )


def test_one_owner_of_both_is_told_once(world: World) -> None:
    world.event(requestParameters={"secretId": "prod/shared-api-key"})
    assert [address for address, _, _ in world.mailbox.take()] == [PLATFORM]


def test_a_refusal_is_told_as_one_and_asks_for_no_rotation(world: World) -> None:
    world.event(errorCode="AccessDeniedException", errorMessage="User: x is not authorized")
    (_, subject, body), _ = world.mailbox.take()
    assert subject == "prod: somebody who is not listed tried to read the key anthropic"
    assert "refused (AccessDeniedException)" in body
    assert "keyplan put" not in body
    assert "User: x" not in body


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        pytest.param(
            {"userIdentity": session(f"{ROLES}prod-chat-api-reader")}, "expected", id="listed reader"
        ),
        pytest.param({"requestParameters": {"secretId": "prod/other"}}, "unrelated", id="not a key"),
    ],
)
def test_nobody_is_told_of(world: World, fields: dict[str, Any], outcome: str) -> None:
    assert world.event(**fields)["outcome"] == outcome
    assert world.mailbox.take() == []


def test_a_program_that_reads_in_a_loop_is_one_message_an_hour_with_the_number_of_the_others(
    world: World,
) -> None:
    outcomes = [world.event(timedelta(minutes=10 * number))["outcome"] for number in range(7)]
    assert outcomes == ["told", "quiet", "quiet", "quiet", "quiet", "quiet", "told"]
    bodies = [body for address, _, body in world.mailbox.take() if address == ML]
    assert ["5 more of the same" in body for body in bodies] == [False, True]


def test_another_caller_key_or_outcome_is_not_the_same(world: World) -> None:
    other = session(f"{ROLES}second-stranger")
    outcomes = [
        world.event()["outcome"],
        world.event(userIdentity=other)["outcome"],
        world.event(requestParameters={"secretId": "prod/shared-api-key"})["outcome"],
        world.event(errorCode="AccessDeniedException")["outcome"],
    ]
    assert outcomes == ["told"] * 4


def test_parameters_beside_the_secrets_name_are_never_repeated(world: World) -> None:
    marker = "canary-" + "x" * 20
    world.event(
        requestParameters={"secretId": "prod/anthropic-api-key", "versionStage": marker, "other": marker},
        additionalEventData={"note": marker},
        responseElements={"note": marker},
    )
    assert [marker in subject + body for _, subject, body in world.mailbox.take()] == [False, False]


def test_a_topic_that_refuses_fails_the_run_and_the_next_run_tells_again(world: World) -> None:
    world.topics.delete_topic(TopicArn=world.mailbox.arns[ML])
    for _ in range(2):
        with pytest.raises(UndeliveredError, match="1 of 2 messages"):
            world.event()
    assert [address for address, _, _ in world.mailbox.take()] == [PLATFORM, PLATFORM]
