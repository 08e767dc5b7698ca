"""When an old value may be retired: the rule, on what stores and the vendor's report say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.age import State
from keyplan.errors import StoreError
from keyplan.manifest.model import ManifestKey
from keyplan.retiring.rule import HOUR, May, Uses, ceil, floor, olds_of, rule
from keyplan.stores.base import SecretState, Stage, Trouble
from tests.life.conftest import manifest_with
from tests.life.states import DAY, HINTS, NOW, state, version

C, P, N = Stage.CURRENT, Stage.PREVIOUS, Stage.PENDING


def key(grace: str = "7d") -> ManifestKey:
    return replace(manifest_with({}).keys["anthropic"], grace=grace)


def rotated(age: timedelta, **more: Any) -> SecretState:
    """A store in which `b` took the place of `a` that long ago."""
    new = version("b", age + HOUR, C, "served", age)
    return state(new, version("a", 90 * DAY, P, "served", 90 * DAY), **more)


def used(**ages: timedelta) -> Uses:
    """Values by letter, used that long ago."""
    return Uses(HOUR, {HINTS[letter * 12]: floor(NOW - age, HOUR) for letter, age in ages.items()})


WRONG = Trouble(State.DISABLED, StoreError("disabled"))
# states by cloud, uses, what the rule says
TABLE: dict[str, tuple[Mapping[str, SecretState], Uses | None, May]] = {
    "a first value": ({"aws": state(version("a", DAY, C))}, None, May.NOTHING),
    "an old value that was retired": (
        {"aws": state(version("b", 9 * DAY, C), version("a", 90 * DAY, None, "retired", DAY))},
        None, May.NOTHING,
    ),
    "a retired value whose shutting was killed before the stage was taken off it": (
        {"aws": state(version("b", 9 * DAY, C), version("a", 90 * DAY, P, "retired", DAY))},
        None, May.NOW,
    ),
    "within the grace, nothing known of use": ({"aws": rotated(DAY)}, None, May.WAIT),
    "the grace is over": ({"aws": rotated(8 * DAY)}, None, May.NOW),
    "the grace is over to the second": ({"aws": rotated(7 * DAY)}, None, May.NOW),
    "a minute before that": ({"aws": rotated(7 * DAY - timedelta(minutes=1))}, None, May.WAIT),
    "the new one in use, the old one not": ({"aws": rotated(DAY)}, used(b=HOUR, a=2 * DAY), May.NOW),
    "neither in use": ({"aws": rotated(DAY)}, used(), May.WAIT),
    "both in use": ({"aws": rotated(DAY)}, used(b=HOUR, a=HOUR), May.WAIT),
    "the old one in the hour of the promotion": (
        # Whether it was before or after the promotion cannot be told: it does not count against.
        {"aws": rotated(5 * HOUR)}, used(b=HOUR, a=5 * HOUR), May.NOW,
    ),
    "promoted in this very hour": ({"aws": rotated(timedelta(minutes=10))}, used(b=timedelta()), May.WAIT),
    "the first full hour after the promotion is not over": (
        # Whatever uses the old one once an hour had no time to show.
        {"aws": rotated(timedelta(minutes=25))}, used(b=timedelta()), May.WAIT,
    ),
    "after the grace, the old one used yesterday": ({"aws": rotated(7 * DAY)}, used(a=DAY), May.IN_USE),
    "after the grace, the old one used before it": ({"aws": rotated(9 * DAY)}, used(a=4 * DAY), May.NOW),
    "long after the grace, used since": ({"aws": rotated(20 * DAY)}, used(a=10 * DAY), May.IN_USE),
    "a store serves the old one yet": (
        {"aws": rotated(8 * DAY), "gcp": state(version("a", 90 * DAY, C))}, None, May.NOTHING,
    ),
    "a store serves a third one": (
        {"aws": rotated(8 * DAY), "gcp": state(version("c", 90 * DAY, C), version("a", 99 * DAY, P))},
        None, May.UNFINISHED,
    ),
    "a store has no value": ({"aws": rotated(8 * DAY), "gcp": state()}, None, May.UNFINISHED),
    "a store's value is disabled": (
        {"aws": rotated(8 * DAY), "gcp": rotated(8 * DAY, trouble=WRONG)}, None, May.UNFINISHED,
    ),
    "a copy is behind": (
        {"aws": rotated(8 * DAY, copies_behind=("eu-central-1",))}, None, May.UNFINISHED,
    ),
    "the present one was revoked": (
        {"aws": state(version("b", 9 * DAY, C, "revoked", DAY), version("a", 90 * DAY, P))},
        None, May.UNFINISHED,
    ),
    "both clouds, promoted at different times": (
        {"aws": rotated(8 * DAY), "gcp": rotated(6 * DAY)}, None, May.WAIT,
    ),
    "after a rollback the newer one has its grace": (
        {"aws": state(version("a", 90 * DAY, C, "served", DAY), version("b", 9 * DAY, P, "served", 8 * DAY))},
        None, May.WAIT,
    ),
    "after a rollback that no label tells of": (
        {"aws": state(version("a", 90 * DAY, C), version("b", DAY, P))}, None, May.WAIT,
    ),
    "the previous one was not stored by keyplan": (
        {"aws": state(version("b", 9 * DAY, C), version("a", 90 * DAY, P, is_labelled=False))},
        None, May.UNSURE,
    ),
    "the present one was not stored by keyplan": (
        {"aws": state(version("b", 9 * DAY, C, is_labelled=False), version("a", 90 * DAY, P))},
        None, May.UNSURE,
    ),
    "both look the same in the vendor's list": (
        {"aws": state(version("b", 9 * DAY, C, hint="X...YAA"), version("a", 90 * DAY, P, hint="X...YAA"))},
        None, May.UNSURE,
    ),
    "the same value once more": (
        {"aws": state(version("a", 9 * DAY, C), version("a", 90 * DAY, P))}, None, May.NOTHING,
    ),
    "a new rotation promotes the old value": (
        {"aws": state(version("a", HOUR, N), version("b", 9 * DAY, C), version("a", 90 * DAY, P))},
        None, May.NOTHING,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_the_rule(case: str) -> None:
    states, uses, expected = TABLE[case]
    assert rule(key(), states, NOW, uses).may is expected


def test_two_rotations_within_one_grace_leave_two_old_values() -> None:
    states = {
        "aws": state(
            version("c", 9 * DAY, C, "served", 9 * DAY),
            version("b", 10 * DAY, P, "served", 10 * DAY),
            version("a", 90 * DAY, None, "served", 90 * DAY),
        )
    }
    assert [old.fingerprint for old in rule(key(), states, NOW).olds] == ["b" * 12, "a" * 12]


def test_what_a_rotation_took_back_is_no_old_value() -> None:
    """It has lost its label; it was never served, and whoever made it may want to use it yet."""
    states = {"aws": state(version("b", DAY, C), version("a", HOUR, None, is_labelled=False))}
    assert olds_of(states) == ()


def test_one_value_in_two_clouds_is_one_old_value() -> None:
    states = {"aws": rotated(8 * DAY), "gcp": rotated(8 * DAY)}
    (old,) = rule(key(), states, NOW).olds
    assert {cloud: len(versions) for cloud, versions in old.versions.items()} == {"aws": 1, "gcp": 1}


def test_a_value_that_another_key_serves_is_left_alone() -> None:
    ruling = rule(key(), {"aws": rotated(8 * DAY)}, NOW, None, {"a" * 12: "search"})
    assert ruling.may is May.UNSURE
    assert ruling.words == "AAA...aaAA (fingerprint aaaaaaaaaaaa) is what readers of key search get"


def test_despite_use_lets_a_value_go_only_after_the_grace() -> None:
    assert rule(key(), {"aws": rotated(8 * DAY)}, NOW, used(a=HOUR), despite_use=True).may is May.NOW
    assert rule(key(), {"aws": rotated(DAY)}, NOW, used(a=HOUR), despite_use=True).may is May.WAIT


def test_the_words_say_until_when_and_what_to_do() -> None:
    waiting = rule(key(), {"aws": rotated(DAY)}, NOW)
    assert waiting.words == "the grace of 7d is over on 2026-11-27 18:15 UTC"
    in_use = rule(key(), {"aws": rotated(8 * DAY)}, NOW, used(a=HOUR))
    assert in_use.words == (
        "the grace of 7d is over since 2026-11-20 18:15 UTC, and AAA...aaAA (fingerprint aaaaaaaaaaaa) is "
        "still used: it was shortly before 2026-11-21 18:00 UTC"
    )
    assert in_use.hint == "restart what still has it, or --despite-use if that does not count"


LETTERS = st.sampled_from("abc")
STAGES = st.sampled_from([C, P, N, None])
VERSIONS = st.lists(
    st.builds(
        lambda letter, hours, stage, fate: version(letter, timedelta(hours=hours), stage, fate, DAY),
        LETTERS, st.integers(1, 3000), STAGES, st.sampled_from(["stored", "served", "retired", "revoked"]),
    ),
    max_size=5,
).map(lambda versions: state(*versions))  # fmt: skip


@given(aws=VERSIONS, gcp=VERSIONS, hours=st.dictionaries(LETTERS, st.integers(0, 800)))
def test_what_readers_get_or_are_about_to_get_is_never_retired(
    aws: SecretState, gcp: SecretState, hours: dict[str, int]
) -> None:
    states = {"aws": aws, "gcp": gcp}
    uses = used(**{letter: timedelta(hours=age) for letter, age in hours.items()})
    ruling = rule(key(), states, NOW, uses, despite_use=True)
    live = {
        each.label.fingerprint
        for one in states.values()
        for each in (one.current, *one.versions)
        if each is not None and each.label is not None and each.stage in (C, N)
    }
    assert not live & {old.fingerprint for old in ruling.olds}
    if ruling.may is May.NOW:
        assert all(one.current is not None for one in states.values())


@given(minutes=st.integers(0, 10_000_000))
def test_buckets_begin_at_full_hours(minutes: int) -> None:
    moment = NOW - timedelta(minutes=minutes)
    assert floor(moment, HOUR) <= moment < floor(moment, HOUR) + HOUR
    assert ceil(moment, HOUR) - HOUR < moment <= ceil(moment, HOUR)
    assert floor(moment, HOUR).minute == 0
