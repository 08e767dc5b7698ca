"""What the AWS store does to a version that is retired or leaked, on moto as the sandbox corrects it."""

from __future__ import annotations

from functools import partial

import pytest

from keyplan.age import State
from keyplan.errors import (
    UsageError,
    ValueRevoked,
)
from keyplan.stores.base import Stage
from keyplan.stores.labels import RETIRED, REVOKED, SERVED, STORED
from tests.command.aws_steps import NOW, Steps, killed_at, retire_previous, revoke_current
from tests.command.environments import Environment, fake_key


@pytest.fixture
def steps(environment: Environment) -> Steps:
    return Steps(environment)


def test_a_retired_version_says_so_and_has_no_stage(steps: Steps) -> None:
    steps.put("a")
    steps.put("b")
    retire_previous(steps)
    assert steps.labels() == {"a": set(), "b": {"AWSCURRENT"}}
    assert steps.fates() == {"a": RETIRED, "b": STORED}
    state = steps.store.state(steps.key)
    assert state.at(Stage.PREVIOUS) is None
    assert state.trouble is None
    label = state.known(state.versions[1].label.fingerprint if state.versions[1].label else None)
    assert label is not None
    assert label.is_dead
    assert label.at == NOW


def test_what_readers_get_cannot_be_retired(steps: Steps) -> None:
    steps.put("a")
    store = steps.store
    state = store.state(steps.key)
    assert state.current is not None
    with pytest.raises(UsageError, match="cannot be retired"):
        store.shut(steps.key, state, state.current, RETIRED, NOW)
    assert steps.labels() == {"a": {"AWSCURRENT"}}


def test_a_leaked_current_value_gives_way_to_a_tombstone(steps: Steps) -> None:
    leaked = steps.put("a")
    revoke_current(steps)
    assert steps.labels() == {"a": set(), "tombstone": {"AWSCURRENT"}}
    assert set(steps.fates().values()) == {REVOKED}
    state = steps.store.state(steps.key)
    assert state.current is not None
    assert state.current.version_id != leaked
    assert state.trouble is not None
    assert state.trouble.state is State.REVOKED
    assert "was revoked on 2026-11-21" in state.trouble.error.message
    assert state.trouble.error.hint == "keyplan rotate anthropic"
    value = steps.deposit("a")._value
    assert not state.holds(value.fingerprint())
    known = state.known(value.fingerprint())
    assert known is not None
    assert known.fate == REVOKED


def test_readers_of_a_tombstone_are_told_and_get_nothing(steps: Steps) -> None:
    leaked = steps.put("a")
    revoke_current(steps)
    values, failures = steps.reader().read(["anthropic"])
    assert not values
    assert isinstance(failures["anthropic"], ValueRevoked)
    done = steps.environment.run("exec", "--only", "anthropic", "--", "true")
    assert done.returncode == 3
    assert "key anthropic of environment" in done.stderr
    assert "was revoked on 2026-11-21" in done.stderr
    assert "hint: keyplan rotate anthropic" in done.stderr
    shown = steps.environment.run("status", "--check")
    assert shown.returncode == 1
    assert "revoked" in shown.stdout
    assert leaked not in shown.stdout


def test_a_new_value_follows_a_tombstone_and_never_leads_back_to_it(steps: Steps) -> None:
    steps.put("a")
    revoke_current(steps)
    steps.put("b")
    assert steps.labels() == {"a": set(), "tombstone": set(), "b": {"AWSCURRENT"}}
    assert steps.store.state(steps.key).trouble is None
    assert steps.reader().read(["anthropic"])[0]["anthropic"].reveal() == fake_key("b")


def test_after_a_leak_the_version_before_it_is_still_there_to_go_back_to(steps: Steps) -> None:
    steps.put("a")
    steps.put("b")
    revoke_current(steps)
    assert steps.labels() == {"a": {"AWSPREVIOUS"}, "b": set(), "tombstone": {"AWSCURRENT"}}
    store = steps.store
    store.go_back(steps.key, store.state(steps.key))
    assert steps.labels() == {"a": {"AWSCURRENT"}, "b": set(), "tombstone": set()}
    assert steps.store.state(steps.key).trouble is None


def test_after_a_leak_nobody_is_led_back_to_a_value_that_was_being_retired(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.put("a")
    steps.put("b")
    assert killed_at(monkeypatch, 5, of=partial(retire_previous, steps))
    assert steps.labels()["a"] == {"AWSPREVIOUS"}
    assert steps.fates()["a"] == RETIRED
    revoke_current(steps)
    assert steps.labels() == {"a": set(), "b": set(), "tombstone": {"AWSCURRENT"}}


def test_a_leaked_value_that_waits_or_is_the_previous_one_is_shut_too(steps: Steps) -> None:
    steps.put("a")
    steps.put("b")
    retire_previous(steps, REVOKED)
    steps.deposit("c").add()
    store = steps.store
    state = store.state(steps.key)
    waiting = state.at(Stage.PENDING)
    assert waiting is not None
    store.shut(steps.key, state, waiting, REVOKED, NOW)
    assert steps.labels() == {"a": set(), "b": {"AWSCURRENT"}, "c": set()}
    assert steps.fates() == {"a": REVOKED, "b": STORED, "c": REVOKED}


def test_a_leaked_value_that_still_waits_is_never_promoted(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.put("a")
    steps.deposit("b").add()
    state = steps.store.state(steps.key)
    waiting = state.at(Stage.PENDING)
    assert waiting is not None
    shut = partial(steps.store.shut, steps.key, state, waiting, REVOKED, NOW)
    assert killed_at(monkeypatch, 2, of=shut)
    again = steps.store.state(steps.key)
    deposit = steps.store.pending(steps.key, again)
    assert deposit is not None
    with pytest.raises(ValueRevoked, match="was revoked before anybody got it"):
        deposit.promote()
    assert steps.mark() == "a"
    shut()
    assert steps.labels() == {"a": {"AWSCURRENT"}, "b": set()}


def test_a_retired_value_that_lives_again_is_served_again(steps: Steps) -> None:
    steps.put("a")
    steps.put("b")
    state = steps.store.state(steps.key)
    retire_previous(steps)
    steps.store.go_back(steps.key, state)
    assert steps.fates() == {"a": SERVED, "b": STORED}


def test_a_leak_outweighs_a_retirement_and_keeps_its_first_date(steps: Steps) -> None:
    steps.put("a")
    steps.put("b")
    retire_previous(steps)
    store = steps.store
    state = store.history(steps.key)
    version = state.versions[-1]
    for fate, at in ((REVOKED, NOW), (RETIRED, "20270101T000000Z"), (REVOKED, "20270102T000000Z")):
        store.shut(steps.key, state, version, fate, at)
    label = steps.store.history(steps.key).versions[-1].label
    assert label is not None
    assert (label.fate, label.at) == (REVOKED, NOW)


def test_a_value_that_was_replaced_meanwhile_is_shut_without_a_tombstone(steps: Steps) -> None:
    steps.put("a")
    store = steps.store
    state = store.state(steps.key)
    assert state.current is not None
    steps.put("b")
    store.shut(steps.key, state, state.current, REVOKED, NOW)
    assert steps.labels() == {"a": set(), "b": {"AWSCURRENT"}}
    assert steps.mark() == "b"


def test_a_version_that_was_stored_by_other_means_is_shut_too(steps: Steps) -> None:
    arn = steps.arn
    text = '{"ANTHROPIC_API_KEY": "' + fake_key("z") + '"}'
    steps.environment.secrets.put_secret_value(SecretId=arn, SecretString=text)
    revoke_current(steps)
    assert steps.labels() == {"z": set(), "tombstone": {"AWSCURRENT"}}
    assert steps.fates() == {"z": REVOKED, "tombstone": REVOKED}
