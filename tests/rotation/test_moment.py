"""Every combination of what two stores can hold has one next step, and the steps come to an end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from keyplan.rotation.moment import Moment, Next, mark_of, newest_of, standing
from keyplan.rotation.way_back import Move, Why, way_back
from keyplan.stores.base import SecretState, Stage, Version
from keyplan.stores.labels import REVOKED, STORED, VersionLabel

FIRST_DAY = datetime(2026, 11, 21, tzinfo=UTC)
STEPS_MAX = 8


@dataclass(frozen=True)
class Holds:
    """What one store holds: a letter for each value, `?` for one without a fingerprint, None for nothing."""

    current: str | None = None
    pending: str | None = None
    previous: str | None = None
    day: int = 0  # on which its current value was stored


def state(holds: Holds, dead: str = "") -> SecretState:
    def version(value: str | None, stage: Stage, day: int) -> Version | None:
        if value is None:
            return None
        fate = REVOKED if value in dead else STORED
        label = None if value == "?" else VersionLabel(value, f"user-{value}", None, fate)
        return Version(f"{stage}-{value}", FIRST_DAY + timedelta(days=day), label, stage)

    current = version(holds.current, Stage.CURRENT, holds.day)
    others = [
        version(holds.pending, Stage.PENDING, holds.day + 1),
        version(holds.previous, Stage.PREVIOUS, holds.day - 1),
    ]
    return SecretState(current, versions=tuple(each for each in (current, *others) if each))


def states(holds: Mapping[str, Holds], dead: str = "") -> dict[str, SecretState]:
    return {cloud: state(each, dead) for cloud, each in holds.items()}


def promoted(holds: Holds) -> Holds:
    return Holds(holds.pending, None, holds.current, holds.day + 2)


def gone_back(holds: Holds) -> Holds:
    return replace(holds, current=holds.previous, previous=holds.current, day=holds.day + 2)


def one_step(holds: Mapping[str, Holds], dead: str) -> dict[str, Holds] | None:
    """What the stores hold after the next step, taken in one store only; None where nothing is left to do."""
    at = standing(states(holds, dead))
    after = dict(holds)
    match at.moment.next:
        case Next.NEW_VALUE:
            return None
        case Next.ADD:
            cloud = at.lacking[0]
            assert at.fingerprint is not None
            after[cloud] = replace(holds[cloud], pending=at.fingerprint)
        case Next.PROMOTE:
            cloud = at.waiting[0]
            assert at.mark == mark_of(cloud, state(holds[cloud]).at(Stage.PENDING))
            assert holds[cloud].pending not in tuple(dead), "a dead value is promoted"
            after[cloud] = promoted(holds[cloud])
        case Next.GO_BACK:
            ways = way_back(states(holds, dead))
            assert ways.why is None
            cloud, move = ways.moves[0]
            went = gone_back(holds[cloud]) if move is Move.GO_BACK else replace(holds[cloud], pending=None)
            after[cloud] = went
        case Next.WITHDRAW | Next.DECIDE:
            for cloud in at.waiting:
                after[cloud] = replace(after[cloud], pending=None)
    return after


def ends(holds: Mapping[str, Holds], dead: str = "") -> dict[str, Holds]:
    """What the stores hold when every step was taken."""
    now = dict(holds)
    for _ in range(STEPS_MAX):
        after = one_step(now, dead)
        if after is None:
            return now
        assert after != now, f"a step without effect: {now}"
        now = after
    raise AssertionError(f"no end from {holds}")


CHOICES = (None, "a", "b", "c", "?")
EVERY = [Holds(current, pending, previous) for current, pending, previous in product(CHOICES, repeat=3)]
SLOTS = 6  # of two stores


def in_order_of_appearance(values: tuple[str | None, ...]) -> bool:
    """Whether the first letter is `a`, the next new one `b`: what only has other letters is the same."""
    seen = "".join(dict.fromkeys(value for value in values if value in ("a", "b", "c")))
    return "abc".startswith(seen)


def every_two(choices: tuple[str | None, ...]) -> list[tuple[Holds, Holds]]:
    """Everything that two stores can hold."""
    return [
        (Holds(*values[:3]), Holds(*values[3:]))  # type: ignore[arg-type]
        for values in product(choices, repeat=SLOTS)
    ]


ALIVE = [
    (one, other)
    for one, other in every_two(CHOICES)
    if in_order_of_appearance(
        (one.current, one.pending, one.previous, other.current, other.pending, other.previous)
    )
]
WITH_A_DEAD_ONE = every_two((None, "a", "b", "?"))


@pytest.mark.parametrize("dead", ["", "a"])
def test_with_one_store_every_combination_comes_to_an_end(dead: str) -> None:
    for holds in EVERY:
        ended = ends({"aws": holds}, dead)["aws"]
        assert ended.pending is None
        if holds.pending is not None and holds.pending not in (holds.current, dead):
            assert ended == Holds(holds.pending, None, holds.current, holds.day + 2)


@pytest.mark.parametrize("dead", ["", "a"], ids=["all alive", "one dead"])
@pytest.mark.parametrize("newer", ["aws", "gcp"])
def test_with_two_stores_every_combination_comes_to_an_end_and_readers_get_one_value(
    newer: str, dead: str
) -> None:
    for one, other in WITH_A_DEAD_ONE if dead else ALIVE:
        holds = {"aws": replace(one, day=int(newer == "aws")), "gcp": replace(other, day=int(newer == "gcp"))}
        ended = ends(holds, dead)
        assert [each.pending for each in ended.values()] == [None, None]
        current = [each.current for each in ended.values()]
        if "?" not in current and (not dead or dead not in current):
            assert len(set(current)) == 1, f"{holds} ends as {ended}"


def test_what_is_served_somewhere_is_never_taken_from_every_reader() -> None:
    """Whatever step is taken, each store goes on serving something as long as it served something."""
    for one, other in ALIVE:
        before = {"aws": one, "gcp": other}
        for _ in range(STEPS_MAX):
            after = one_step(before, "")
            if after is None:
                break
            for cloud, holds in before.items():
                assert (holds.current is None) or after[cloud].current is not None
            before = after


TABLE = {
    # aws, gcp -> moment, serving, waiting, lacking
    "nothing yet": (Holds(), Holds(), Moment.SETTLED, "", "", ""),
    "one value everywhere": (Holds("a"), Holds("a"), Moment.SETTLED, "aws gcp", "", ""),
    "stored by other means": (Holds("?"), Holds("a"), Moment.SETTLED, "aws gcp", "", ""),
    "killed between two adds": (
        Holds("a", "b"),
        Holds("a"),
        Moment.PENDING_SOME,
        "",
        "aws",
        "gcp",
    ),
    "killed after the adds": (Holds("a", "b"), Holds("a", "b"), Moment.PENDING_ALL, "", "aws gcp", ""),
    "killed between two promotions": (
        Holds("b", None, "a"),
        Holds("a", "b"),
        Moment.PROMOTED_SOME,
        "aws",
        "gcp",
        "",
    ),
    "one was promoted, and one never had it": (
        Holds("b", None, "a", 1),
        Holds("a"),
        Moment.UNEVEN,
        "aws",
        "",
        "gcp",
    ),
    "a cloud that is new": (Holds("a"), Holds(), Moment.UNEVEN, "aws", "", "gcp"),
    "a rollback killed between two stores": (
        Holds("a", None, "b", 1),
        Holds("b", None, "a"),
        Moment.GOING_BACK,
        "aws",
        "",
        "gcp",
    ),
    "a rollback killed while one still waits": (
        Holds("a", None, "b"),
        Holds("a", "b"),
        Moment.GOING_BACK,
        "",
        "gcp",
        "aws",
    ),
    "two people": (Holds("a", "b"), Holds("a", "c"), Moment.CONFLICT, "", "aws gcp", ""),
    "what waits cannot be compared": (Holds("a", "?"), Holds("a", "?"), Moment.CONFLICT, "", "aws gcp", ""),
    "what waits is served already": (Holds("a", "a"), Holds("a"), Moment.LEFTOVER, "", "aws", ""),
}


@pytest.mark.parametrize(
    ("aws", "gcp", "moment", "serving", "waiting", "lacking"), TABLE.values(), ids=TABLE.keys()
)
def test_the_moment_is_told_from_what_the_stores_hold(
    aws: Holds, gcp: Holds, moment: Moment, serving: str, waiting: str, lacking: str
) -> None:
    at = standing(states({"aws": aws, "gcp": gcp}))
    told = (at.moment, *(" ".join(clouds) for clouds in (at.serving, at.waiting, at.lacking)))
    assert told == (moment, serving, waiting, lacking)


def test_a_value_that_is_dead_anywhere_waits_for_nobody() -> None:
    at = standing(states({"aws": Holds("a", "b"), "gcp": Holds("a", None, "b")}, dead="b"))
    assert (at.moment, at.waiting) == (Moment.LEFTOVER, ("aws",))


def test_a_value_that_readers_are_sent_to_and_that_is_dead_asks_for_a_new_one() -> None:
    assert standing(states({"aws": Holds("a"), "gcp": Holds("b")}, dead="a")).moment is Moment.REVOKED


def test_who_began_is_who_stored_the_oldest_version_that_waits() -> None:
    at = standing(states({"aws": Holds("a", "b", day=3), "gcp": Holds("a", "b", day=1)}))
    assert at.begun is not None
    assert at.begun.created == FIRST_DAY + timedelta(days=2)


def test_a_stage_that_a_killed_promotion_left_behind_means_nothing() -> None:
    served = Version("v", FIRST_DAY, VersionLabel("a", "alice"), Stage.PENDING)
    assert standing({"aws": SecretState(served, versions=(served,))}).moment is Moment.SETTLED


WAYS = {
    "current and previous change places": (
        Holds("b", None, "a"),
        Holds("b", None, "a"),
        (("aws", Move.GO_BACK), ("gcp", Move.GO_BACK)),
        "a",
        None,
    ),
    "what waits is withdrawn": (
        Holds("a", "b"),
        Holds("a", "b"),
        (("aws", Move.WITHDRAW), ("gcp", Move.WITHDRAW)),
        None,
        None,
    ),
    "readers that have it go back first": (
        Holds("a", "b"),
        Holds("b", None, "a"),
        (("gcp", Move.GO_BACK), ("aws", Move.WITHDRAW)),
        "a",
        None,
    ),
    "on with a rollback that was killed": (
        Holds("a", None, "b", 1),
        Holds("b", None, "a"),
        (("gcp", Move.GO_BACK),),
        "a",
        None,
    ),
    "back where another never had the value": (
        Holds("b", None, "a", 1),
        Holds("a"),
        (("aws", Move.GO_BACK),),
        "a",
        None,
    ),
    "a first value": (Holds("a"), Holds("a", None, "b"), (), None, Why.NOTHING_BEFORE),
    "different ones before": (Holds("c", None, "a"), Holds("c", None, "b"), (), None, Why.DIFFERENT),
    "nothing there": (Holds(), Holds(), (), None, Why.NOTHING_BEFORE),
}


@pytest.mark.parametrize(("aws", "gcp", "moves", "mark", "why"), WAYS.values(), ids=WAYS.keys())
def test_the_way_back(
    aws: Holds, gcp: Holds, moves: tuple[tuple[str, Move], ...], mark: str | None, why: Why | None
) -> None:
    back = way_back(states({"aws": aws, "gcp": gcp}))
    assert (back.moves, back.mark, back.why) == (moves, mark, why)


def test_nobody_is_sent_back_to_a_value_that_is_dead() -> None:
    back = way_back(states({"aws": Holds("b", None, "a"), "gcp": Holds("b", None, "a")}, dead="a"))
    assert (back.moves, back.why, back.clouds) == ((), Why.DEAD, ("aws", "gcp"))


def test_from_a_value_that_was_revoked_readers_can_go_back_to_one_that_lives() -> None:
    back = way_back(states({"aws": Holds("b", None, "a")}, dead="b"))
    assert back.moves == (("aws", Move.GO_BACK),)


@pytest.mark.parametrize(("microsecond", "later"), [(0, "aws"), (999_999, "aws"), (1_000_000, "gcp")])
def test_of_two_values_served_in_the_same_second_the_manifests_first_cloud_counts(
    microsecond: int, later: str
) -> None:
    """Secrets Manager tells seconds and Secret Manager microseconds: parts of a second compare nothing."""
    aws = Version("1", FIRST_DAY, None, Stage.CURRENT)
    gcp = replace(aws, created=FIRST_DAY + timedelta(microseconds=microsecond))
    assert newest_of({"aws": SecretState(aws), "gcp": SecretState(gcp)}) == later
    assert newest_of({"gcp": SecretState(gcp), "aws": SecretState(aws)}) == "gcp"
