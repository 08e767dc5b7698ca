"""Whatever a catalogue says: a consumer can read a key exactly when it is listed.

Each example is applied to the same sandbox, so that the way from any catalogue to any other is walked too.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.end_to_end.principals import ADMINISTRATOR, locked, readable, reader, somebody
from tests.end_to_end.project_copy import ProjectCopy
from tests.end_to_end.stack_copy import MOTO_ACCOUNT, bring_up, look_at, write_configuration

EXAMPLES = 3
RUNTIMES: dict[str, dict[str, Any]] = {
    "ecs": {},
    "lambda": {},
    "ec2": {},
    "eks": {"cluster": "main", "namespace": "search", "serviceAccount": "indexer"},
    "people": {"permissionSet": "Developers"},
    "github-actions": {"repository": "example/evals", "repositoryId": "1", "branches": ["main"]},
    "gitlab-ci": {"project": "example/evals", "branches": ["main"]},
    "buildkite": {"organization": "example", "pipeline": "evals", "branches": ["main"]},
    "bitbucket-pipelines": {
        "workspace": "example",
        "workspaceId": "3c2b1a09-5d4e-4f6a-8b7c-9d0e1f2a3b4c",
        "repositoryId": "9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a",
        "environment": "Production",
        "environmentId": "1b2c3d4e-5f60-4718-892a-3b4c5d6e7f80",
    },
    "azure-pipelines": {
        "organizationId": "0ca3ddd9-f0b0-4635-a98c-5866526961b6",
        "organization": "example",
        "project": "evals",
        "serviceConnection": "keyplan",
    },
    "jenkins": {"url": "https://jenkins.example.com", "job": "evals", "branches": ["main", "release/*"]},
}
SERVICES, CI, PEOPLE = (
    ("ecs", "lambda", "ec2", "eks"),
    ("github-actions", "gitlab-ci", "buildkite", "bitbucket-pipelines", "azure-pipelines", "jenkins"),
    ("people",),
)
# Names that are prefixes and neighbours of one another: a pattern that is too wide would confuse them.
KEY_NAMES = ["a", "a-b", "a-api-key", "b", "ab", "a-abcdef-x"]
CONSUMER_NAMES = {"x": SERVICES, "x-y": CI, "x-reader": PEOPLE, "z": SERVICES, "xy": CI}


@st.composite
def catalogues(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(KEY_NAMES), min_size=3, max_size=6, unique=True))
    keys = {
        name: {"vendor": "generic", "envVar": f"KEY_{number}", "lockdown": draw(st.booleans())}
        for number, name in enumerate(names)
    }
    consumers = {
        name: {
            **RUNTIMES[runtime := draw(st.sampled_from(CONSUMER_NAMES[name]))],
            "runtime": runtime,
            "keys": draw(st.lists(st.sampled_from(names), min_size=1, unique=True)),
        }
        for name in draw(
            st.lists(st.sampled_from(sorted(CONSUMER_NAMES)), min_size=1, max_size=5, unique=True)
        )
    }
    return {"keys": keys, "consumers": consumers}


@pytest.fixture(scope="module")
def changing(make_copy: Callable[[], ProjectCopy]) -> ProjectCopy:
    return make_copy()


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # shrinking would take minutes; the failing catalogue is small enough to read
    suppress_health_check=list(HealthCheck),
)
@given(catalogue=catalogues())
def test_a_consumer_can_read_a_key_exactly_when_it_is_listed(
    changing: ProjectCopy, catalogue: dict[str, Any]
) -> None:
    # A deleted secret blocks its name for days: every example has names of its own.
    example = next(_EXAMPLE)
    renamed = {name: f"e{example}-{name}" for name in catalogue["keys"]}
    written = {
        "owner": "platform@example.com",
        "protect": False,
        "recoveryWindow": "7d",
        "breakGlassRole": f"arn:aws:iam::{MOTO_ACCOUNT}:role/break-glass",
        "keys": {renamed[name]: key for name, key in catalogue["keys"].items()},
        "consumers": {
            name: {**consumer, "keys": [renamed[key] for key in consumer["keys"]]}
            for name, consumer in catalogue["consumers"].items()
        },
    }
    write_configuration(changing, written)
    bring_up(changing)
    stack = look_at(changing)
    expected = {name: set(consumer["keys"]) for name, consumer in stack.consumers.items()}
    assert {name: readable(stack, reader(stack, name)) for name in stack.consumers} == expected
    assert readable(stack, somebody("stranger")) == set()
    assert readable(stack, somebody("admin", ADMINISTRATOR)) == set(stack.keys) - locked(stack)
    ours = {role.name for role in stack.account.roles.values() if role.name.endswith("-reader")}
    with_roles = {name for name, one in stack.consumers.items() if one["runtime"] != "people"}
    assert ours == {f"sandbox-{name}-reader" for name in with_roles}


_EXAMPLE = itertools.count()


def test_a_consumer_can_move_to_another_kind_of_runtime(changing: ProjectCopy) -> None:
    catalogue: dict[str, Any] = {
        "owner": "platform@example.com",
        "protect": False,
        "recoveryWindow": "7d",
        "keys": {"moving": {"vendor": "generic", "envVar": "KEY"}},
    }
    for runtime in ("ecs", "github-actions", "people"):
        consumer = {**RUNTIMES[runtime], "runtime": runtime, "keys": ["moving"]}
        write_configuration(changing, {**catalogue, "consumers": {"mover": consumer}})
        bring_up(changing)
        stack = look_at(changing)
        assert readable(stack, reader(stack, "mover")) == {"moving"}
