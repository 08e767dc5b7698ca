"""A process that ends after any request that the AWS store sends: what readers get then, and what the next
command makes of it. What ends before a request leaves what one leaves that ended after the request before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import pytest

from keyplan.stores.base import Stage
from keyplan.stores.labels import RETIRED, REVOKED
from tests.command.aws_steps import NOW, Steps, killed_at
from tests.command.environments import Environment

REQUESTS_MAX = 20


@dataclass
class Flow:
    """What a command does to the key, and how it stands afterwards."""

    do: Callable[[Steps], object]  # also what the next command does
    served: set[str]  # what readers may get wherever the first command ended
    labels: dict[str, set[str]]  # afterwards
    dead: dict[str, str]  # the fates that keyplan wrote, afterwards
    prepare: Callable[[Steps], object] = lambda steps: (steps.put("a"), steps.put("b"))
    keeps_previous: bool = True  # False: AWSPREVIOUS may be lost, or stay on what nobody goes back to


def rotate(steps: Steps) -> None:
    """Go on with what is pending, else begin; a value that is there is not stored again."""
    store = steps.store
    state = store.state(steps.key)
    waiting = store.pending(steps.key, state)
    if waiting is None:
        deposit = steps.deposit("c")
        if state.holds(deposit._value.fingerprint()):
            return
        deposit.add()
        waiting = deposit
    waiting.promote()


def abandon(steps: Steps) -> None:
    store = steps.store
    waiting = store.pending(steps.key, store.state(steps.key))
    assert waiting is None or waiting.withdraw()


def go_back(steps: Steps) -> None:
    """To the version that was previous before the first command, as a person wants it."""
    store = steps.store
    state = store.state(steps.key)
    if steps.mark() != "a":
        store.go_back(steps.key, state)


def shut(mark: str, fate: str) -> Callable[[Steps], None]:
    def do(steps: Steps) -> None:
        store = steps.store
        state = store.history(steps.key)
        for version in state.versions:
            if steps.mark(version.version_id) == mark:
                store.shut(steps.key, state, version, fate, NOW)

    return do


def restore(steps: Steps) -> None:
    steps.environment.secrets.delete_secret(SecretId=steps.arn)
    steps.store.restore_secret(steps.key)


FLOWS = {
    "a rotation": Flow(rotate, {"b", "c"}, {"a": set(), "b": {"AWSPREVIOUS"}, "c": {"AWSCURRENT"}}, {}),
    "the first value": Flow(rotate, {"", "c"}, {"c": {"AWSCURRENT"}}, {}, prepare=lambda _steps: None),
    "a rotation that goes on": Flow(
        rotate,
        {"b", "c"},
        {"a": set(), "b": {"AWSPREVIOUS"}, "c": {"AWSCURRENT"}},
        {},
        prepare=lambda steps: (steps.put("a"), steps.put("b"), steps.deposit("c").add()),
    ),
    "an abandoned rotation": Flow(
        abandon,
        {"b"},
        {"a": {"AWSPREVIOUS"}, "b": {"AWSCURRENT"}, "c": set()},
        {},
        prepare=lambda steps: (steps.put("a"), steps.put("b"), steps.deposit("c").add()),
    ),
    "a way back": Flow(go_back, {"a", "b"}, {"a": {"AWSCURRENT"}, "b": {"AWSPREVIOUS"}}, {}),
    "a retirement": Flow(shut("a", RETIRED), {"b"}, {"a": set(), "b": {"AWSCURRENT"}}, {"a": RETIRED}),
    "a leak of the current value": Flow(
        shut("b", REVOKED),
        {"b", "tombstone"},
        {"a": {"AWSPREVIOUS"}, "b": set(), "tombstone": {"AWSCURRENT"}},
        {"b": REVOKED, "tombstone": REVOKED},
        keeps_previous=False,
    ),
    "a leak of the previous value": Flow(
        shut("a", REVOKED), {"b"}, {"a": set(), "b": {"AWSCURRENT"}}, {"a": REVOKED}
    ),
    "a rotation after a leak": Flow(
        rotate,
        {"tombstone", "c"},
        {"a": {"AWSPREVIOUS"}, "b": set(), "tombstone": set(), "c": {"AWSCURRENT"}},
        {"b": REVOKED, "tombstone": REVOKED},
        prepare=lambda steps: (steps.put("a"), steps.put("b"), shut("b", REVOKED)(steps)),
        keeps_previous=False,
    ),
}


def served(steps: Steps) -> str:
    """What readers get; nothing before the first value."""
    return steps.mark() if steps.store.state(steps.key).current else ""


def kill_points(flow: Flow, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    """The key after each way in which the flow's process can end; another key each time."""
    store = None
    for request, name in enumerate(environment.document["keys"], start=1):
        steps = Steps(environment, name, store)
        store = steps.store
        flow.prepare(steps)
        if not killed_at(monkeypatch, request, of=partial(flow.do, steps)):
            assert request > 1, "the flow sends no request"
            return
        yield steps
    pytest.fail("the flow sends more requests than the test looks at")


@pytest.mark.parametrize("name", FLOWS)
def test_whatever_a_killed_command_left_the_next_one_finishes(
    name: str, new_environment: Callable[..., Environment], monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = FLOWS[name]
    environment = new_environment(*(f"key-{number}" for number in range(REQUESTS_MAX)))
    for steps in kill_points(flow, environment, monkeypatch):
        assert served(steps) in flow.served
        flow.do(steps)
        assert tidied(steps.labels(), flow) == tidied(flow.labels, flow)
        assert {mark: fate for mark, fate in steps.fates().items() if fate in (RETIRED, REVOKED)} == flow.dead
        assert not steps.said


def tidied(labels: dict[str, set[str]], flow: Flow) -> dict[str, set[str]]:
    """Without the labels that mislead nobody: PENDING on what is current stays until the next rotation."""
    spare = set() if flow.keeps_previous else {"AWSPREVIOUS"}
    return {
        mark: found - spare - ({"keyplan:pending"} if "AWSCURRENT" in found else set())
        for mark, found in labels.items()
    }


def test_a_rotation_after_one_that_ended_early_takes_its_label_along(
    new_environment: Callable[..., Environment], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = Steps(new_environment("anthropic"))
    steps.put("a")
    deposit = steps.deposit("b")
    deposit.add()
    assert killed_at(monkeypatch, 2, of=deposit.promote)
    assert steps.labels()["b"] == {"AWSCURRENT", "keyplan:pending"}
    state = steps.store.state(steps.key)
    assert state.at(Stage.PENDING) is None
    assert steps.store.pending(steps.key, state) is None
    steps.put("c")
    assert steps.labels() == {"a": set(), "b": {"AWSPREVIOUS"}, "c": {"AWSCURRENT"}}


def test_a_lost_answer_to_a_promotion_is_no_conflict(
    new_environment: Callable[..., Environment], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK sends the request again, and AWS refuses it because the first one did the work."""
    steps = Steps(new_environment("anthropic"))
    steps.put("a")
    deposit = steps.deposit("b")
    deposit.add()
    store = deposit._store
    original = store.call

    def twice(operation: str, *positional: object, **named: object) -> object:
        answer = original(operation, *positional, **named)
        return original(operation, *positional, **named) if operation.startswith("Update") else answer

    monkeypatch.setattr(store, "call", twice)
    assert deposit.promote() == deposit.version_id
    assert steps.labels() == {"a": {"AWSPREVIOUS"}, "b": {"AWSCURRENT"}}
