"""Which reads the rule lets through, judged by moto's matcher of event patterns."""

from __future__ import annotations

from typing import Any

import pytest
from moto.events.models import EventPattern

from components.aws.alarms.read_alarm_plan import EVENT_PATTERN_CHARACTERS, event_pattern
from tests.components.catalogues import ACCOUNT, catalogue, key
from tests.reminders.compositions import secret_arn


def read_event(**detail: Any) -> dict[str, Any]:
    return {
        "source": "aws.secretsmanager",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {"eventSource": "secretsmanager.amazonaws.com", "eventName": "GetSecretValue", **detail},
    }


def named(secret_id: str) -> dict[str, Any]:
    return read_event(requestParameters={"secretId": secret_id})


EXTRA = key("shared", secret_name="team/shared-key")


@pytest.mark.parametrize(
    ("event", "passes"),
    [
        pytest.param(named("prod/anthropic-api-key"), True, id="name"),
        pytest.param(named(secret_arn("prod/anthropic-api-key")), True, id="full ARN"),
        pytest.param(named(secret_arn("prod/anthropic-api-key")[:-7]), True, id="partial ARN"),
        pytest.param(named("team/shared-key"), True, id="name outside the environment's prefix"),
        pytest.param(named(secret_arn("team/shared-key")), True, id="its ARN"),
        pytest.param(named("dev/anthropic-api-key"), False, id="another environment"),
        pytest.param(read_event(requestParameters=None), False, id="success without parameters"),
        pytest.param(
            read_event(requestParameters=None, errorCode="AccessDenied"),
            True,
            id="refusal without parameters",
        ),
        pytest.param(
            read_event(requestParameters={"secretId": "dev/a"}, errorCode="AccessDenied"),
            False,
            id="refusal elsewhere",
        ),
        pytest.param({**named("prod/a"), "source": "aws.s3"}, False, id="another source"),
    ],
)
def test_the_rule_lets_through_reads_of_this_environment(event: dict[str, Any], passes: bool) -> None:
    pattern = event_pattern(catalogue([key("anthropic"), EXTRA]), ACCOUNT)
    assert EventPattern.load(pattern).matches_event(event) is passes


def test_names_that_do_not_fit_into_a_pattern_widen_it_to_all_reads() -> None:
    made = catalogue([key(f"key-{each}", secret_name=f"team-{each}/key") for each in range(100)])
    pattern = event_pattern(made, ACCOUNT)
    assert len(pattern) <= EVENT_PATTERN_CHARACTERS
    assert EventPattern.load(pattern).matches_event(named("team-99/key"))
