"""A refresh right after a creation or a change finds nothing: else every refresh would show drift."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from sandbox.provider.aws import HANDLERS
from tests.sandbox_builtin.resource_cases import CASES, TRUST, Case, archive, filled, policy
from tests.sandbox_plugins.engine_side import (
    ASSET,
    DEFAULTS,
    NONE,
    SIGNATURE,
    SOME,
    Engine,
    Known,
    elided,
    secret,
)
from tests.sandbox_plugins.engine_side import archive as packed

KINDS = sorted(CASES)
# What a program may write as well: other spellings of the same, and almost nothing.
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "a secret with its policy": (
        "aws:secretsmanager/secret:Secret",
        {"policy": json.dumps(json.loads(policy("a:B")), indent=2), "replicas": [], "tags": {}},
    ),
    "a secret in another region": (
        "aws:secretsmanager/secret:Secret",
        {"region": "us-east-1", "name": "dev/b"},
    ),
    "a secret of which nothing is said": ("aws:secretsmanager/secret:Secret", {}),
    "a secret whose name is begun": ("aws:secretsmanager/secret:Secret", {"namePrefix": "dev/"}),
    "a key of which nothing is said": ("aws:kms/key:Key", {}),
    "a disabled key": ("aws:kms/key:Key", {"isEnabled": False, "enableKeyRotation": True}),
    "a role with a spacious trust": (
        "aws:iam/role:Role",
        {"assumeRolePolicy": json.dumps(json.loads(TRUST), indent=4), "name": "reader"},
    ),
    "a managed policy with keys in another order": (
        "aws:iam/policy:Policy",
        {
            "policy": '{"Statement": [{"Resource":"*","Action":"a:B","Effect":"Allow"}],'
            ' "Version":"2012-10-17"}'
        },
    ),
    "a provider with its scheme and two clients": (
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        {"url": "https://gitlab.example.com", "clientIdLists": ["b", "a"], "thumbprintLists": ["a" * 40]},
    ),
    "a profile without a role": ("aws:iam/instanceProfile:InstanceProfile", {}),
    "a topic of which nothing is said": ("aws:sns/topic:Topic", {}),
    "a topic with a policy of its own": ("aws:sns/topic:Topic", {"policy": policy("sns:Publish")}),
    "an alarm over an expression": (
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {
            "name": "silent",
            "comparisonOperator": "LessThanThreshold",
            "evaluationPeriods": 3,
            "threshold": 1,
            "metricQueries": [
                {"id": "e", "expression": "FILL(m, 0)", "label": "runs", "returnData": True},
                {
                    "id": "m",
                    "returnData": False,
                    "metric": {"metricName": "Runs", "namespace": "n", "period": 60, "stat": "Sum"},
                },
            ],
        },
    ),
    "a rule on a schedule": (
        "aws:cloudwatch/eventRule:EventRule",
        {"scheduleExpression": "rate(1 day)", "forceDestroy": True},
    ),
    "a log group that is kept for ever": ("aws:cloudwatch/logGroup:LogGroup", {"skipDestroy": True}),
    "a log group with empty tags": ("aws:cloudwatch/logGroup:LogGroup", {"tags": {}, "retentionInDays": 1}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_refresh_after_the_creation_finds_nothing(engine: Engine, kind: str) -> None:
    created = engine.make(kind, filled(CASES[kind].inputs, prepared(engine, CASES[kind])))

    assert_nothing_is_found(engine, created)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if CASES[kind].changes])
def test_a_refresh_after_a_change_finds_nothing(engine: Engine, kind: str) -> None:
    case = CASES[kind]
    made = prepared(engine, case)
    created = engine.make(kind, filled(case.inputs, made))
    wanted = {**filled(case.inputs, made), **filled(case.changes, made)}

    updated = engine.update(created, engine.checked(kind, wanted, olds=created.inputs))

    assert_nothing_is_found(engine, updated)


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_a_refresh_keeps_the_spelling_of_the_program(engine: Engine, name: str) -> None:
    kind, inputs = VARIANTS[name]
    created = engine.make(kind, inputs)

    assert_nothing_is_found(engine, created)


@pytest.mark.parametrize("kind", KINDS)
def test_an_import_of_what_was_created_reads_its_inputs(engine: Engine, kind: str) -> None:
    created = engine.make(kind, filled(CASES[kind].inputs, prepared(engine, CASES[kind])))

    imported = engine.read(Known(kind, created.id, {}, {}))

    assert imported is not None
    assert imported.id == created.id
    # What only steers the provider, and the code of a function, cannot be read back from the cloud.
    unreadable = {*HANDLERS[kind].local, "code"}
    assert set(engine.diff(imported, created.inputs).diffs) - unreadable == set()


# A topic always has a policy, so that its policy is never gone.
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "aws:sns/topicPolicy:TopicPolicy"])
def test_what_is_gone_has_no_id(engine: Engine, kind: str) -> None:
    created = engine.make(kind, filled(CASES[kind].inputs, prepared(engine, CASES[kind])))

    engine.delete(created)

    assert engine.read(created) is None


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_secret_inputs_are_secret_wherever_they_are_shown(engine: Engine, kind: str, half: int) -> None:
    plain = filled(CASES[kind].inputs, prepared(engine, CASES[kind]))
    names = set(sorted(plain)[half::2])
    inputs = {name: secret(value) if name in names else value for name, value in plain.items()}
    checked = engine.checked(kind, inputs)
    created = engine.create(kind, checked)
    refreshed = engine.read(created)
    assert refreshed is not None
    updated = engine.update(created, checked)

    shown = names | {"tagsAll"} if "tags" in names else names
    assert marked(checked) == shown
    assert marked(created.outputs) == shown
    assert marked(refreshed.inputs) == shown
    assert marked(refreshed.outputs) == shown
    assert marked(updated.outputs) == shown
    assert engine.diff(refreshed, created.inputs).changes == NONE


def test_drift_is_told_by_name_and_put_right(engine: Engine, iam: Any) -> None:
    created = engine.make("aws:iam/role:Role", {"name": "reader", "assumeRolePolicy": TRUST})
    iam.update_assume_role_policy(RoleName="reader", PolicyDocument=TRUST.replace("ecs", "lambda"))

    drifted = engine.read(created)
    assert drifted is not None
    difference = engine.diff(drifted, created.inputs)
    assert (difference.changes, list(difference.diffs)) == (SOME, ["assumeRolePolicy"])

    engine.update(drifted, created.inputs)
    assert_nothing_is_found(engine, created)


def test_drift_in_what_the_program_ignores_is_none(engine: Engine, iam: Any) -> None:
    inputs = {"name": "reader", "assumeRolePolicy": TRUST, "tags": {"owner": "a", "team": "b"}}
    created = engine.make("aws:iam/role:Role", inputs)
    iam.tag_role(RoleName="reader", Tags=[{"Key": "owner", "Value": "somebody"}])
    iam.update_role(RoleName="reader", Description="by hand")

    drifted = engine.read(created)
    assert drifted is not None

    assert list(engine.diff(drifted, created.inputs).diffs) == ["description", "tags", "tagsAll"]
    assert list(engine.diff(drifted, created.inputs, ["description"]).diffs) == ["tags", "tagsAll"]
    assert engine.diff(drifted, created.inputs, ["description", "tags"]).changes == NONE
    assert engine.diff(drifted, created.inputs, ["description", 'tags["owner"]']).changes == NONE
    assert engine.diff(drifted, created.inputs, ["description", "tags.team"]).changes == SOME


def test_a_policy_that_another_resource_gave_a_topic_is_no_drift_of_the_topic(engine: Engine) -> None:
    topic = engine.make("aws:sns/topic:Topic", {"name": "owners"})
    arn = topic.outputs["arn"]
    engine.make("aws:sns/topicPolicy:TopicPolicy", {"arn": arn, "policy": policy("sns:Publish")})

    assert_nothing_is_found(engine, topic)


def test_a_function_keeps_its_code_as_it_is_known(engine: Engine) -> None:
    made = prepared(engine, CASES["aws:lambda/function:Function"])
    inputs = filled(CASES["aws:lambda/function:Function"].inputs, made)
    created = engine.make("aws:lambda/function:Function", inputs)
    refreshed = engine.read(created)
    assert refreshed is not None

    assert refreshed.inputs["code"] == elided(created.inputs["code"])
    assert engine.diff(refreshed, {**created.inputs, "code": archive("another")}).diffs == ["code"]


def test_an_archive_may_hold_an_empty_file(engine: Engine) -> None:
    made = prepared(engine, CASES["aws:lambda/function:Function"])
    inputs = filled(CASES["aws:lambda/function:Function"].inputs, made)
    # The engine leaves an empty text out of what it sends.
    empty = {SIGNATURE: ASSET, "hash": hashlib.sha256(b"").hexdigest()}

    created = engine.make(
        "aws:lambda/function:Function", {**inputs, "code": packed("hash", **{"__init___py": empty})}
    )

    assert created.id == inputs["name"]


def assert_nothing_is_found(engine: Engine, known: Known) -> None:
    """What a refresh reads is what is known, in the same spelling."""
    refreshed = engine.read(known)
    assert refreshed is not None
    assert engine.diff(refreshed, known.inputs).changes == NONE
    assert refreshed.id == known.id
    assert refreshed.inputs == elided(known.inputs)
    assert refreshed.outputs == elided(known.outputs)
    assert DEFAULTS not in refreshed.outputs


def marked(shown: dict[str, Any]) -> set[str]:
    """The properties that are marked as secret."""
    return {name for name, value in shown.items() if isinstance(value, dict) and "value" in value}


def prepared(engine: Engine, case: Case) -> dict[str, Any]:
    """What a case needs first."""
    made: dict[str, Any] = {}
    for name, (kind, inputs) in case.needs.items():
        made[name] = engine.make(kind, filled(inputs, made), name)
    return made
