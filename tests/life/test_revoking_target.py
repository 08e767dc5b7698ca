"""Which value a revocation is about: never the one that readers were given after it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from keyplan.errors import UsageError
from keyplan.revoking.target import choose, way_back
from keyplan.stores.base import SecretState, Stage
from tests.life.states import DAY, state, version

C, P, N = Stage.CURRENT, Stage.PREVIOUS, Stage.PENDING
STONE = version(None, DAY, C, "revoked", DAY, number="stone")
SHUT = version("b", 2 * DAY, None, "revoked", DAY)

# states by cloud, the version that was named -> the fingerprint's letter; a text: part of the refusal
TABLE: dict[str, tuple[Mapping[str, SecretState], str | None, str]] = {
    "what readers get": ({"aws": state(version("b", DAY, C), version("a", 9 * DAY, P))}, None, "b"),
    "in both clouds": ({"aws": state(version("b", DAY, C)), "gcp": state(version("b", DAY, C))}, None, "b"),
    "a pending one is not what readers get": (
        {"aws": state(version("c", DAY, N), version("b", DAY, C))}, None, "b",
    ),
    "another one by its version": (
        {"aws": state(version("b", DAY, C), version("a", 9 * DAY, P, number="seven"))}, "seven", "a",
    ),
    "a version of the other cloud": (
        {"aws": state(version("b", DAY, C)), "gcp": state(version("a", DAY, C, number="7"))}, "7", "a",
    ),
    "shut in one cloud by a run before": (
        {"aws": state(STONE, SHUT), "gcp": state(version("b", DAY, C))}, None, "b",
    ),
    "shut everywhere by a run before": (
        {"aws": state(STONE, SHUT, version("a", 9 * DAY, P))}, None, "b",
    ),
    "killed before the leaked version's label was written": (
        {"aws": state(STONE, version("b", 2 * DAY, P))}, None, "b",
    ),
    "killed there, with an older version beside": (
        {"aws": state(STONE, version("b", 2 * DAY, P), version("a", 9 * DAY))}, None, "b",
    ),
    "the label is written, and what was previous before is back": (
        {"aws": state(STONE, version("b", 2 * DAY, None, "revoked", DAY / 2), version("a", 9 * DAY, P))},
        None, "b",
    ),
    "Google Cloud shut it and nobody rotated": (
        {"gcp": state(version("b", DAY, C, "revoked", DAY), version("a", 9 * DAY, P))}, None, "b",
    ),
    "readers have a new value": (
        {"aws": state(version("c", DAY / 2, C), version("b", 2 * DAY, None, "revoked", DAY))},
        None, "a value of key chat was revoked on 2026-11-20, and readers get another one",
    ),
    "that new value, by its version": (
        {"aws": state(version("c", DAY / 2, C, number="v9"), version("b", 2 * DAY, None, "revoked", DAY))},
        "v9", "c",
    ),
    "the clouds differ": (
        {"aws": state(version("b", DAY, C)), "gcp": state(version("a", DAY, C))},
        None, "the clouds give readers of key chat different values: say which one leaked",
    ),
    "nothing there": ({"aws": state()}, None, "key chat has no value that readers get"),
    "no such version": ({"aws": state(version("b", DAY, C))}, "v0", "key chat has no such version; it has\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_the_value_is(case: str) -> None:
    states, version_id, expected = TABLE[case]
    if len(expected) == 1:
        assert choose("chat", states, version_id).fingerprint == expected * 12
        return
    with pytest.raises(UsageError) as caught:
        choose("chat", states, version_id)
    assert caught.value.message.startswith(expected)


def test_every_version_of_the_value_is_meant() -> None:
    states = {
        "aws": state(
            version("c", DAY, N), version("b", DAY, C, number="x"), version("b", 9 * DAY, number="y")
        ),
        "gcp": state(version("b", DAY, C, number="3")),
    }
    target = choose("chat", states)
    assert {cloud: [each.version_id for each in found] for cloud, found in target.versions.items()} == {
        "aws": ["x", "y"],
        "gcp": ["3"],
    }


def test_values_without_a_fingerprint_are_all_meant() -> None:
    """Nothing tells whether they are one value, and one that leaked must not stay in a cloud."""
    states = {
        "aws": state(version(None, DAY, C, number="x")),
        "gcp": state(version("b", DAY, C, number="3")),
    }
    assert {cloud: len(found) for cloud, found in choose("chat", states).versions.items()} == {
        "aws": 1,
        "gcp": 1,
    }


def test_there_is_a_way_back_only_where_every_cloud_has_one() -> None:
    old = version("a", 9 * DAY, P)
    both = {"aws": state(version("b", DAY, C), old), "gcp": state(version("b", DAY, C), old)}
    assert way_back(choose("chat", both), both) == old.created
    dead = {**both, "gcp": state(version("b", DAY, C), version("a", 9 * DAY, P, "retired", DAY))}
    assert way_back(choose("chat", dead), dead) is None
    first = {**both, "gcp": state(version("b", DAY, C))}
    assert way_back(choose("chat", first), first) is None
