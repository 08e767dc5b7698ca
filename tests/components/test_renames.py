"""A key or consumer that is renamed keeps everything that it has: nothing is replaced or made anew."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.aws.environment import AwsSurroundings
from components.environment import Environment, EnvironmentArgs
from keyplan.catalogue import Catalogue, Consumer, Entry, Key, ReminderMode, Runtime
from sandbox.provider.provider import fixed_properties
from tests.components.catalogues import ACCOUNT, EVERY_RUNTIME, ROLE, catalogue, consumer, key, many
from tests.components.recording import Recording, Registration, record

ROUTER = key("router", vendor="generic", env_var="ROUTER_API_KEY", replicas=("eu-central-1",))
BEFORE = catalogue(
    [key(lockdown=True), ROUTER],
    [replace(each, keys=("anthropic", "router")) for each in EVERY_RUNTIME],
    break_glass_role=ROLE + "emergency",
    operators=(ROLE + "ops",),
)


def build(environment: Catalogue) -> Recording:
    def program() -> None:
        built = Environment("prod", EnvironmentArgs(environment, AwsSurroundings(ACCOUNT, {})))
        pulumi.export("manifest", built.manifest)
        pulumi.export("wiring", built.wiring)

    return record(program)


def renamed_entry(entry: Entry, name: str) -> Entry:
    return replace(entry, name=name, former_names=(*entry.former_names, entry.name))


def renamed(environment: Catalogue, names: dict[str, str]) -> Catalogue:
    """The environment with these keys and consumers under other names, sorted as a catalogue is."""

    def of(entries: Iterable[Entry]) -> dict[str, Entry]:
        changed = [renamed_entry(each, names[each.name]) if each.name in names else each for each in entries]
        return {each.name: each for each in sorted(changed, key=lambda each: each.name)}

    consumers = of(environment.consumers.values())
    return replace(
        environment,
        keys=of(environment.keys.values()),
        consumers={
            name: replace(each, keys=tuple(sorted(names.get(one, one) for one in each.keys)))
            for name, each in consumers.items()
        },
    )


# From the front of the alphabet to its end and back, so that the order of the catalogue changes too.
NAMES = {"anthropic": "zeta", "router": "alpha", **{each.name: f"new-{each.name}" for each in EVERY_RUNTIME}}
AFTER = renamed(BEFORE, NAMES)


@pytest.fixture(scope="module")
def before() -> Recording:
    return build(BEFORE)


@pytest.fixture(scope="module")
def after() -> Recording:
    return build(AFTER)


def urn_in_state(
    each: Registration, state: Iterable[str], matched: dict[str, str], parent: Registration | None
) -> str:
    """Where the engine finds a resource: under its own URN, an alias, or one that its parent hands down.

    The rule of Pulumi's step generator: a child whose name begins with its parent's gets an alias in which
    the parent's former name stands there instead, and the parent's former type chain.
    """
    own_head, own_chain, _ = each.urn.rsplit("::", 2)
    candidates = [each.urn, *(f"{own_head}::{own_chain}::{name}" for name in each.alias_names)]
    if parent is not None and matched.get(parent.urn, parent.urn) != parent.urn:
        assert each.name.startswith(parent.name)
        head, chain, name = matched[parent.urn].rsplit("::", 2)
        candidates.append(f"{head}::{chain}${each.kind}::{name}{each.name.removeprefix(parent.name)}")
    (found,) = [urn for urn in candidates if urn in state]
    matched[each.urn] = found
    return found


def found_again(before: Recording, after: Recording) -> dict[str, str]:
    """URN after the rename -> URN that the engine finds in the state of before."""
    state = {each.urn for each in before.resources}
    declared = {each.urn: each for each in after.resources}
    matched: dict[str, str] = {}
    for each in after.resources:
        urn_in_state(each, state, matched, declared.get(each.parent_urn))
    return matched


def pairs(before: Recording, after: Recording) -> list[tuple[Registration, Registration]]:
    old = {each.urn: each for each in before.resources}
    new = {each.urn: each for each in after.resources}
    return [(old[was], new[now]) for now, was in found_again(before, after).items()]


def test_every_resource_is_found_in_the_state_and_nothing_is_left_over(
    before: Recording, after: Recording
) -> None:
    found = found_again(before, after)

    assert sorted(found.values()) == sorted(each.urn for each in before.resources)
    assert len(found) == len(after.resources)
    moved = {urn.rpartition("::")[2] for urn, was in found.items() if urn != was}
    assert {"prod-aws-zeta", "prod-aws-zeta-secret", "prod-aws-zeta-policy"} <= moved
    assert {"prod-aws-new-vm-reader-role", "prod-aws-new-vm-reader-instance-profile"} <= moved


def test_nothing_is_replaced(before: Recording, after: Recording) -> None:
    replaced = {
        (old.name, name)
        for old, new in pairs(before, after)
        for name in fixed_properties(old.kind)
        if old.inputs.get(name) != new.inputs.get(name)
    }

    assert replaced == set()


def test_a_rename_changes_only_what_people_read(before: Recording, after: Recording) -> None:
    changed = {
        (old.kind.rpartition(":")[2], name)
        for old, new in pairs(before, after)
        for name in {*old.inputs, *new.inputs}
        if old.inputs.get(name) != new.inputs.get(name)
    }

    assert changed == {
        ("Secret", "description"),
        ("Role", "description"),
        ("MetricAlarm", "alarmDescription"),
        ("Function", "code"),  # its settings name the keys in mails
    }


def test_what_people_read_says_the_new_name(after: Recording) -> None:
    secrets = {each.inputs["name"]: each.inputs["description"] for each in after.resources if is_secret(each)}
    assert "API key `zeta` of prod" in secrets["prod/anthropic-api-key"]
    assert "API key `alpha` of prod" in secrets["prod/router-api-key"]
    alarms = {
        each.inputs["name"]: each.inputs["alarmDescription"]
        for each in after.of("aws:cloudwatch/metricAlarm:MetricAlarm")
    }
    assert "keyplan rotate zeta" in alarms["prod-keyplan/anthropic/rotation-due"]
    roles = {each.inputs["name"]: each.inputs["description"] for each in after.of("aws:iam/role:Role")}
    assert roles["prod-evals-reader"] == "keyplan: reads the keys of consumer new-evals"


def test_the_manifest_has_the_new_names_and_the_old_places(before: Recording, after: Recording) -> None:
    old, new = before.outputs["manifest"], after.outputs["manifest"]

    assert sorted(new["keys"]) == ["alpha", "zeta"]
    assert new["keys"]["zeta"] == old["keys"]["anthropic"]
    assert sorted(new["consumers"]) == sorted(f"new-{each.name}" for each in EVERY_RUNTIME)
    assert new["consumers"]["new-evals"] == {
        **old["consumers"]["evals"],
        "keys": ["alpha", "zeta"],
    }


def is_secret(each: Registration) -> bool:
    return each.kind == "aws:secretsmanager/secret:Secret"


def settings_of(recording: Recording, module: str) -> dict[str, Any]:
    """settings.json of one of keyplan's functions."""
    (function,) = [
        each
        for each in recording.of("aws:lambda/function:Function")
        if each.inputs["handler"].endswith(f".{module}.handle")
    ]
    text = function.inputs["code"].assets["keyplan_functions/aws/settings.json"].text
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def test_the_reminder_speaks_of_the_new_name_and_goes_on_with_the_old_metric_and_alarms(
    after: Recording,
) -> None:
    by_name = {each["name"]: each for each in settings_of(after, "value_age")["keys"]}

    assert by_name["zeta"]["metricKey"] == "anthropic"
    assert by_name["zeta"]["dueAlarm"] == "prod-keyplan/anthropic/rotation-due"
    assert by_name["zeta"]["overdueAlarm"] == "prod-keyplan/anthropic/rotation-overdue"
    assert by_name["zeta"]["secretName"] == "prod/anthropic-api-key"
    assert "new-vm (ec2)" in by_name["zeta"]["consumers"]


def test_the_read_alarm_expects_the_same_roles(before: Recording, after: Recording) -> None:
    def expected(recording: Recording) -> dict[str, list[str]]:
        return {each["secretName"]: each["readers"] for each in settings_of(recording, "read_alarm")["keys"]}

    assert expected(after) == expected(before)


def test_one_alarm_for_the_environment_changes_nothing_of_that() -> None:
    environment = replace(BEFORE, reminders=ReminderMode.PER_ENVIRONMENT)
    old, new = build(environment), build(renamed(environment, NAMES))

    assert sorted(found_again(old, new).values()) == sorted(each.urn for each in old.resources)


def test_grants_stay_in_the_policies_that_they_are_in() -> None:
    """Their order is that of the catalogue, which a rename changes; a key on the move could be in neither."""
    environment = many(
        80, [consumer("vm", Runtime.EC2, EVERY_RUNTIME[3].settings), EVERY_RUNTIME[7], EVERY_RUNTIME[6]]
    )
    old = build(environment)
    new = build(renamed(environment, {"service-000": "zzz", "service-079": "aaa", "vm": "zzz"}))

    policies = [
        (was.name, was.inputs["policy"], now.inputs["policy"])
        for was, now in pairs(old, new)
        if "policy" in was.inputs
    ]
    assert len(policies) > 80
    assert "prod-aws-batch-reader-managed-policy-3" in {name for name, _, _ in policies}
    assert [name for name, was, now in policies if was != now] == []


def test_a_second_rename_keeps_the_first_names_in_the_cloud(before: Recording, after: Recording) -> None:
    third = renamed(AFTER, {"zeta": "middle", "new-vm": "third", "new-research": "fourth"})
    assert third.keys["middle"].former_names == ("anthropic", "zeta")
    again = build(third)

    for earlier in (after, before):  # also for a stack that the first rename never reached
        found = found_again(earlier, again)
        assert sorted(found.values()) == sorted(each.urn for each in earlier.resources)
    assert {each.inputs["name"] for each in again.resources if is_secret(each)} == {
        "prod/anthropic-api-key",
        "prod/router-api-key",
    }


def test_a_rename_that_is_taken_back_finds_everything_too(before: Recording, after: Recording) -> None:
    def back(entry: Entry, name: str) -> Entry:
        return replace(entry, name=name, former_names=(name, entry.name))

    taken_back = replace(
        BEFORE,
        keys={name: back(AFTER.keys[NAMES[name]], name) for name in BEFORE.keys},
        consumers={
            name: replace(back(AFTER.consumers[NAMES[name]], name), keys=("anthropic", "router"))
            for name in BEFORE.consumers
        },
    )
    again = build(taken_back)

    for earlier in (after, before):
        found = found_again(earlier, again)
        assert sorted(found.values()) == sorted(each.urn for each in earlier.resources)


def test_without_a_rename_nothing_has_an_alias(before: Recording) -> None:
    assert [each.name for each in before.resources if each.alias_names] == []


def test_names_in_the_cloud_are_those_of_the_oldest_name() -> None:
    plain: tuple[Key, Consumer] = (key(), EVERY_RUNTIME[0])
    for entry in plain:
        assert entry.lasting_name == entry.name
        assert renamed_entry(renamed_entry(entry, "second"), "third").lasting_name == entry.name
