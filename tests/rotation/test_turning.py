"""What a rotation checks before it, and what it says and leaves when a step fails."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import pytest

from keyplan.errors import (
    ChangedMeanwhile,
    Findings,
    Interrupted,
    KeyplanError,
    StoreError,
    UsageError,
    ValueRejected,
    VendorError,
)
from keyplan.manifest.model import ManifestKey
from keyplan.rotation.moment import Moment
from keyplan.rotation.returning import roll_back
from keyplan.rotation.steps import Confirmed
from keyplan.rotation.turning import Kind, Turned, Wishes, rotate
from keyplan.secret_value import SecretValue
from keyplan.stores.base import Stage
from keyplan.stores.labels import RETIRED, REVOKED, VersionLabel
from keyplan.vendors.verdicts import Answer, Verdict, nothing_to_ask
from tests.command_gcp.memory_store import FAILURES
from tests.rotation.scenes import KEY, NEW, OLD, THIRD, Person, Road, TickingStore, filled, scene_of

GOES_ON = "`keyplan rotate anthropic` goes on from here, `keyplan rollback anthropic` takes it back"


def turn(
    stores: list[TickingStore], value: str | None = NEW, road: Road | None = None, **wishes: bool
) -> Turned:
    return rotate(scene_of(stores, road), Wishes(**wishes), Person(value))


def add_pending(store: TickingStore, value: str, caller: str = "alice") -> None:
    label = VersionLabel(SecretValue(value).fingerprint(), caller)
    store.deposit(KEY, store.state(KEY), SecretValue(value), label).add()


def read(stores: list[TickingStore]) -> list[str | None]:
    return [store.read for store in stores]


@dataclass(frozen=True)
class Verdictly:
    verdict: Verdict
    words: str
    kind: type[KeyplanError]


REFUSALS = [
    Verdictly(Verdict.DEAD, "this value is not taken: it is dead", ValueRejected),
    Verdictly(Verdict.FORBIDDEN, "this value is not taken: it is forbidden", ValueRejected),
    Verdictly(Verdict.ELSEWHERE, "this value is not taken: it is elsewhere", ValueRejected),
    Verdictly(Verdict.UNKNOWN, "whether this value is alive is not known: it is unknown", VendorError),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: each.verdict)
def test_what_the_vendor_does_not_take_is_not_stored(refusal: Verdictly) -> None:
    stores = filled("aws", "gcp")
    with pytest.raises(refusal.kind) as caught:
        turn(stores, road=Road({NEW: refusal.verdict}))
    assert caught.value.message == f"{refusal.words}; nothing was changed"
    assert [len(store.values) for store in stores] == [1, 1]


def test_without_an_answer_the_value_is_stored_only_when_that_is_asked_for() -> None:
    stores = filled("aws")
    turn(stores, road=Road({NEW: Verdict.UNKNOWN}), unverified=True)
    assert read(stores) == [NEW]
    with pytest.raises(ValueRejected):
        turn(stores, THIRD, Road({THIRD: Verdict.DEAD}), unverified=True)


def test_where_the_catalogue_names_nobody_to_ask_the_value_is_stored_unasked() -> None:
    class Nobody(Road):
        def ask(self, key: ManifestKey, value: SecretValue, bound_url: str | None = None) -> Answer:
            return nothing_to_ask("no checkUrl in the catalogue")

    stores = filled("aws")
    turned = turn(stores, road=Nobody())
    assert read(stores) == [NEW]
    assert turned.answer is not None
    assert turned.answer.words == "nothing to ask: no checkUrl in the catalogue"


def test_a_limit_that_is_reached_is_no_reason_against_a_key() -> None:
    stores = filled("aws")
    turn(stores, road=Road({NEW: Verdict.LIMITED}))
    assert read(stores) == [NEW]


def test_the_current_the_previous_and_every_known_value_are_refused_without_asking_the_vendor() -> None:
    stores = filled("aws", "gcp")
    turn(stores)
    turn(stores, THIRD)
    road = Road()
    said = {}
    for value in (THIRD, NEW, OLD):
        with pytest.raises(ValueRejected) as caught:
            turn(stores, value, road)
        said[value] = caught.value.message
    words = {
        THIRD: "key anthropic has this value already: version 2, stored 2026-11-23",
        NEW: "this value is the previous one of key anthropic: version 1, stored 2026-11-22",
        OLD: "key anthropic had this value before: version 0, stored 2026-11-21",
    }
    assert said == {value: f"{text} by somebody; nothing was changed" for value, text in words.items()}
    assert road.asked == []


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        (RETIRED, "retired on 2026-12-01, after a rotation"),
        (REVOKED, "revoked on 2026-12-01, because it had leaked"),
    ],
)
def test_a_value_that_keyplan_ended_is_refused_as_dead(fate: str, words: str) -> None:
    stores = filled("aws", "gcp")
    turn(stores)
    state = stores[1].state(KEY)
    previous = state.at(Stage.PREVIOUS)
    assert previous is not None
    stores[1].shut(KEY, state, previous, fate, "20261201T000000Z")
    with pytest.raises(ValueRejected) as caught:
        turn(stores, OLD)
    assert caught.value.message == f"this value was {words}: it is dead, and nothing was changed"


STEPS = ("gcp add", "aws add", "gcp promote", "aws promote")


@pytest.mark.parametrize(("step", "how"), list(product(STEPS, FAILURES)))
def test_after_a_step_that_failed_both_values_live_and_the_next_run_goes_on(step: str, how: str) -> None:
    stores = filled("aws", "gcp")
    cloud, _, name = step.partition(" ")
    broken = next(store for store in stores if store.cloud == cloud)
    broken.failing = {name: how}
    if (name, how) == ("promote", "silent, done"):
        turn(stores)  # found done by asking
    else:
        with pytest.raises(KeyplanError) as caught:
            turn(stores)
        assert set(read(stores)) <= {OLD, NEW}
        assert (caught.value.hint or "").endswith(GOES_ON)
        assert isinstance(caught.value, Interrupted) is how.startswith("Ctrl-C")
    broken.failing = {}
    if set(read(stores)) != {NEW}:
        turn(stores)
    assert read(stores) == [NEW, NEW]
    assert [store.value_at(Stage.PREVIOUS) for store in stores] == [OLD, OLD]


def test_a_promotion_that_failed_says_what_readers_get_where() -> None:
    stores = filled("aws", "gcp")
    stores[0].failing = {"promote": "refused"}
    with pytest.raises(StoreError) as caught:
        turn(stores)
    assert caught.value.message == (
        "aws refuses promote\n"
        "  readers on Google Cloud get the new value\n"
        "  readers on AWS get what they got before\n"
        "both values are alive"
    )
    assert caught.value.hint == f"a hint; then {GOES_ON}"
    assert read(stores) == [OLD, NEW]


def test_who_began_a_rotation_is_said_when_somebody_else_goes_on_with_it() -> None:
    stores = filled("aws", "gcp")
    for store in stores:
        add_pending(store, NEW)
    scene = scene_of(stores)
    said: list[str] = []
    scene.say = said.append
    turned = rotate(scene, Wishes(), Person())
    assert said[0] == (
        "a rotation of key anthropic is under way: alice began it on 2026-11-22 at 00:00 UTC\n"
        "  it waits on AWS and Google Cloud"
    )
    assert (turned.kind, turned.before.moment) == (Kind.FINISHED, Moment.PENDING_ALL)


def test_a_value_that_is_not_the_one_under_way_is_refused() -> None:
    stores = filled("aws")
    add_pending(stores[0], NEW)
    with pytest.raises(ChangedMeanwhile) as caught:
        turn(stores, THIRD)
    assert "a rotation of key anthropic to another value is under way, begun by alice" in caught.value.message
    assert read(stores) == [OLD]
    turn(stores, NEW)
    assert read(stores) == [NEW]


def test_what_waits_and_died_meanwhile_is_not_promoted() -> None:
    stores = filled("aws")
    add_pending(stores[0], NEW)
    with pytest.raises(Findings) as caught:
        turn(stores, None, Road({NEW: Verdict.DEAD}))
    assert (
        caught.value.message == "the value that waits must not be promoted: it is dead; nothing was changed"
    )
    assert read(stores) == [OLD]
    with pytest.raises(VendorError):
        turn(stores, None, Road({NEW: Verdict.UNKNOWN}))
    turn(stores, None, Road({NEW: Verdict.UNKNOWN}), unverified=True)
    assert read(stores) == [NEW]


def test_two_values_that_wait_are_for_people_to_decide() -> None:
    stores = filled("aws", "gcp")
    add_pending(stores[0], NEW, "alice")
    add_pending(stores[1], THIRD, "bob")
    with pytest.raises(ChangedMeanwhile) as caught:
        turn(stores, None)
    assert "AWS: version 1, stored 2026-11-22 by alice" in caught.value.message
    assert "Google Cloud: version 1, stored 2026-11-22 by bob" in caught.value.message
    turned = turn(stores, None, abandon=True)
    assert turned.kind is Kind.ABANDONED
    assert [store.value_at(Stage.PENDING) for store in stores] == [None, None]
    assert read(stores) == [OLD, OLD]


def test_somebody_who_begins_while_a_person_is_asked_is_not_trodden_on() -> None:
    stores = filled("aws", "gcp")

    class Slow(Person):
        def new(self) -> SecretValue:
            add_pending(stores[1], THIRD, "bob")
            return super().new()

    with pytest.raises(ChangedMeanwhile) as caught:
        rotate(scene_of(stores), Wishes(), Slow(NEW))
    assert (
        "somebody else stored a value for key anthropic while you were asked for yours"
        in caught.value.message
    )
    assert [len(store.values) for store in stores] == [1, 2]


def test_who_loses_the_race_takes_their_own_value_back() -> None:
    stores = filled("aws")

    class Stolen(TickingStore):
        def fail(self, step: str, *, done: bool = False) -> None:
            if step == "promote" and not done and THIRD not in self.values:
                add_pending(self, THIRD, "bob")
            super().fail(step, done=done)

    aws = Stolen("aws", values=stores[0].values, labels=stores[0].labels, stages=stores[0].stages)
    with pytest.raises(ChangedMeanwhile) as caught:
        turn([aws])
    assert "somebody else rotates key anthropic at the same moment" in caught.value.message
    assert (aws.read, aws.value_at(Stage.PENDING)) == (OLD, THIRD)


def test_a_value_is_read_back_before_any_reader_gets_it() -> None:
    stores = filled("aws", "gcp")
    assert {part.confirmed for part in turn(stores).parts} == {Confirmed.BY_READING}
    spoiled = filled("aws", "gcp")
    spoil = spoiled[0].read_version
    spoiled[0].read_version = lambda *_: SecretValue("something else")  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="is not what was stored"):
        turn(spoiled)
    assert read(spoiled) == [OLD, OLD]
    spoiled[0].read_version = spoil  # type: ignore[method-assign]


def test_whoever_may_not_read_has_the_metadata_as_witness() -> None:
    stores = filled("aws", "gcp", may_read=False)
    assert {part.confirmed for part in turn(stores).parts} == {Confirmed.BY_METADATA}


def test_metadata_that_does_not_bear_it_out_keeps_readers_where_they_are() -> None:
    class Disabling(TickingStore):
        def fail(self, step: str, *, done: bool = False) -> None:
            super().fail(step, done=done)
            if step == "add" and done and len(self.values) > 1:
                self.disabled.add(len(self.values) - 1)

    (before,) = filled("aws")
    aws = Disabling("aws", values=before.values, labels=before.labels, stages=before.stages, may_read=False)
    with pytest.raises(StoreError, match="is not what was stored, or cannot be read by anybody"):
        turn([aws])
    assert aws.read == OLD


def test_a_dry_run_changes_nothing_and_checks_a_value_that_is_there() -> None:
    stores = filled("aws", "gcp")
    turned = turn(stores, dry_run=True)
    assert (turned.kind, turned.answer is not None) == (Kind.CHECKED, True)
    assert turn(stores, None, dry_run=True).answer is None
    assert [len(store.values) for store in stores] == [1, 1]
    add_pending(stores[0], NEW)
    assert turn(stores, None, dry_run=True).before.moment is Moment.PENDING_SOME
    assert read(stores) == [OLD, OLD]


def test_what_readers_have_already_is_not_abandoned() -> None:
    stores = filled("aws", "gcp")
    stores[0].failing = {"promote": "refused"}
    with pytest.raises(StoreError):
        turn(stores)
    stores[0].failing = {}
    with pytest.raises(UsageError) as caught:
        turn(stores, None, abandon=True)
    assert caught.value.message == "readers on Google Cloud get the new value already; nothing was changed"


def test_a_cloud_that_is_new_gets_the_value_that_the_other_one_has() -> None:
    (aws,) = filled("aws")
    stores = [aws, TickingStore("gcp", clock=aws.clock)]
    turned = turn(stores, None)
    assert turned.before.moment is Moment.UNEVEN
    assert read(stores) == [OLD, OLD]


def test_a_value_that_waits_although_readers_have_it_is_taken_back_first() -> None:
    stores = filled("aws")
    add_pending(stores[0], OLD)
    turn(stores, NEW)
    assert read(stores) == [NEW]
    assert stores[0].value_at(Stage.PREVIOUS) == OLD


def test_nobody_is_sent_back_to_a_dead_value() -> None:
    stores = filled("aws", "gcp")
    turn(stores)
    with pytest.raises(UsageError) as caught:
        roll_back(scene_of(stores, Road({OLD: Verdict.DEAD})), unverified=False, dry_run=False)
    assert caught.value.message == (
        "the previous value of key anthropic is not to be served: it is dead; nothing was changed"
    )
    with pytest.raises(VendorError):
        roll_back(scene_of(stores, Road({OLD: Verdict.UNKNOWN})), unverified=False, dry_run=False)
    assert read(stores) == [NEW, NEW]
    roll_back(scene_of(stores, Road({OLD: Verdict.UNKNOWN})), unverified=True, dry_run=False)
    assert read(stores) == [OLD, OLD]


def test_a_rollback_that_is_refused_midway_says_where_it_was_done() -> None:
    stores = filled("aws", "gcp")
    turn(stores)
    stores[1].failing = {"go_back": "refused"}
    with pytest.raises(StoreError) as caught:
        roll_back(scene_of(stores), unverified=False, dry_run=False)
    assert caught.value.message == "gcp refuses go_back\ndone on AWS"
    assert caught.value.hint == "a hint; then `keyplan rollback anthropic` again finishes it"
    stores[1].failing = {}
    with pytest.raises(Findings):
        turn(stores, None)
    roll_back(scene_of(stores), unverified=False, dry_run=False)
    assert read(stores) == [OLD, OLD]


def test_a_rollback_without_an_answer_is_found_done() -> None:
    stores = filled("aws", "gcp")
    turn(stores)
    stores[0].failing = {"go_back": "silent, done"}
    roll_back(scene_of(stores), unverified=False, dry_run=False)
    assert read(stores) == [OLD, OLD]


def test_a_previous_value_that_was_retired_is_none_to_go_back_to() -> None:
    stores = filled("aws")
    turn(stores)
    state = stores[0].state(KEY)
    previous = state.at(Stage.PREVIOUS)
    assert previous is not None
    stores[0].shut(KEY, state, previous, RETIRED, "20261201T000000Z")
    with pytest.raises(UsageError) as caught:
        roll_back(scene_of(stores), unverified=False, dry_run=False)
    assert "there is no previous value but dead ones" in caught.value.message


def test_the_first_value_has_nothing_before_it() -> None:
    stores = filled("aws", "gcp")
    with pytest.raises(UsageError) as caught:
        roll_back(scene_of(stores), unverified=False, dry_run=False)
    assert caught.value.message == (
        "key anthropic has nothing to go back to on AWS and Google Cloud: there is no previous value; "
        "nothing was changed"
    )
