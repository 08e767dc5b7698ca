"""Storing in two clouds while every step fails in every way: readers get one value, or the error is true."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from keyplan.errors import ChangedMeanwhile, Interrupted, KeyplanError, StoreError, Unreachable, ValueRejected
from keyplan.manifest.model import ManifestKey
from keyplan.secret_value import SecretValue
from keyplan.stores.base import Stage
from keyplan.stores.labels import VersionLabel
from keyplan.storing.steps import Step, in_order, prepare, put
from keyplan.storing.words import AGAIN
from tests.command_gcp.memory_store import FAILURES, MemoryStore

KEY = ManifestKey("anthropic", "generic", "ml@example.com", "ANTHROPIC_API_KEY", None, "90d", "14d", "7d")
OLD, NEW = "old-" + "x" * 30, "new-" + "y" * 30
BEFORE, AFTER = "what they got before", "the new value"
STEPS = ("gcp add", "aws add", "gcp promote", "aws promote")


def store(stores: list[MemoryStore], value: str) -> Any:
    return put(prepare(stores, KEY), KEY, SecretValue(value), dry_run=False)


def mark_of(value: str) -> str:
    return SecretValue(value).fingerprint()


def two(*, filled: bool) -> list[MemoryStore]:
    stores = [MemoryStore("aws"), MemoryStore("gcp")]
    if filled:
        store(stores, OLD)
    return stores


def claim(error: KeyplanError, name: str) -> str:
    """What an error says that readers in a cloud get."""
    if "nothing was changed: readers on AWS and on Google Cloud get what they got before" in error.message:
        return BEFORE
    (line,) = [line for line in error.message.splitlines() if line.startswith(f"  readers on {name} get ")]
    return line.removeprefix(f"  readers on {name} get ")


def require_true(error: KeyplanError, stores: list[MemoryStore], before: str | None) -> None:
    for each, name in zip(stores, ("AWS", "Google Cloud"), strict=True):
        said = claim(error, name)
        if said == BEFORE or said.endswith("again, as before"):
            assert each.read == before, f"{name}: {error.message}"
        elif said.startswith(AFTER) and "not known" not in said:
            assert each.read == NEW, f"{name}: {error.message}"
        else:
            assert said == "the new value or what they got before: that is not known"


@pytest.mark.parametrize("filled", [True, False], ids=["rotation", "first value"])
@pytest.mark.parametrize(("step", "how"), list(product(STEPS, FAILURES)))
def test_after_a_step_that_failed_the_error_is_true_and_a_second_run_completes_it(
    step: str, how: str, filled: bool
) -> None:
    stores = two(filled=filled)
    before = OLD if filled else None
    cloud, _, name = step.partition(" ")
    broken = stores[0 if cloud == "aws" else 1]
    broken.failing = {name: how}
    if how == "silent, done" and name == "promote":
        store(stores, NEW)  # no answer, and it was done all the same: that is found out by asking
    elif cloud == "aws" and not filled and (name == "promote" or how == "silent, done") and "C" not in how:
        store(stores, NEW)  # readers on AWS got the first value when it was added
    else:
        with pytest.raises(KeyplanError) as caught:
            store(stores, NEW)
        require_true(caught.value, stores, before)
        assert AGAIN in (caught.value.hint or "")
        assert NEW not in caught.value.message
    broken.failing = {}
    if [each.read for each in stores] != [NEW, NEW]:
        store(stores, NEW)
    assert [each.read for each in stores] == [NEW, NEW]
    assert [each.value_at(Stage.PREVIOUS) for each in stores] == [before, before]


@pytest.mark.parametrize(("ask", "restore"), list(product(["", *FAILURES[:3]], ["", *FAILURES])))
def test_also_what_is_done_after_a_failure_may_fail(ask: str, restore: str) -> None:
    stores = two(filled=True)
    stores[1].failing = {"promote": "refused"}
    stores[0].failing = {"restore": restore, "ask": ask}
    with pytest.raises(KeyplanError) as caught:
        store(stores, NEW)
    require_true(caught.value, stores, OLD)
    for each in stores:
        each.failing = {}
    if [each.read for each in stores] != [NEW, NEW]:
        store(stores, NEW)
    assert [each.read for each in stores] == [NEW, NEW]


@pytest.mark.parametrize("step", ["aws promote", "gcp promote"])
@pytest.mark.parametrize("done", ["silent", "silent, done"])
def test_ctrl_c_while_a_silent_store_is_asked_again_is_told_as_what_it_is(step: str, done: str) -> None:
    stores = two(filled=True)
    broken = stores[0 if step == "aws promote" else 1]
    broken.failing = {"promote": done, "ask": "Ctrl-C"}
    with pytest.raises(Interrupted) as caught:
        store(stores, NEW)
    require_true(caught.value, stores, OLD)


def test_no_reader_gets_a_value_that_another_store_refused() -> None:
    for step in ("gcp add", "aws add", "gcp promote"):
        stores = two(filled=True)
        cloud, _, name = step.partition(" ")
        stores[0 if cloud == "aws" else 1].failing = {name: "refused"}
        with pytest.raises(StoreError, match="nothing was changed: readers on AWS and on Google Cloud"):
            store(stores, NEW)
        assert [each.read for each in stores] == [OLD, OLD]
        assert [each.value_at(Stage.PENDING) for each in stores] == [None, None]


def test_readers_that_had_the_new_value_get_the_old_one_again_where_another_store_refuses() -> None:
    stores = two(filled=True)
    stores[0].failing = {"promote": "refused"}
    with pytest.raises(StoreError, match="readers on Google Cloud get version 0 again, as before"):
        store(stores, NEW)
    assert [each.read for each in stores] == [OLD, OLD]
    assert stores[1].disabled == {1}


@pytest.mark.parametrize("killed_after", [1, 2, 3])
def test_a_put_that_was_killed_is_finished_by_one_with_the_same_value(killed_after: int) -> None:
    """Killed, unlike Ctrl-C, leaves what it did as it is."""
    stores = two(filled=True)
    ready = prepare(stores, KEY)
    steps = in_order(
        Step(each, each.store.deposit(KEY, each.state, SecretValue(NEW), VersionLabel(mark_of(NEW), "me")))
        for each in ready
    )
    parts = [steps[0].deposit.add, steps[1].deposit.add, steps[0].deposit.promote]
    for part in parts[:killed_after]:
        part()
    done = store(stores, NEW)
    assert [each.read for each in stores] == [NEW, NEW]
    assert [len(each.values) for each in stores] == [2, 2]
    assert [each.was_there for each in done] == [False, killed_after == 3]


def test_another_value_is_refused_while_one_waits() -> None:
    stores = two(filled=True)
    (state,) = [each.state for each in prepare(stores[1:], KEY)]
    stores[1].deposit(KEY, state, SecretValue(NEW), VersionLabel(mark_of(NEW), "alice")).add()
    with pytest.raises(ChangedMeanwhile) as caught:
        store(stores, "third-" + "z" * 30)
    assert caught.value.message == (
        "a rotation of key anthropic is under way: alice stored another value, version 1 on Google Cloud, on "
        "2026-11-22 at 00:00 UTC, and no reader gets it yet; nothing was changed"
    )
    assert caught.value.hint == (
        "`keyplan rotate anthropic` finishes that rotation, `keyplan rollback anthropic` takes it back"
    )
    assert stores[1].value_at(Stage.PENDING) == NEW


def test_a_version_that_readers_may_have_by_now_is_not_disabled() -> None:
    stores = two(filled=True)
    stores[1].failing = {"promote": "silent, done", "ask": "silent"}
    with pytest.raises(Unreachable):
        store(stores, NEW)
    assert stores[1].read == NEW
    assert stores[0].read == OLD


def test_the_errors_kind_stays_what_it_was() -> None:
    class Conflicting(MemoryStore):
        def fail(self, step: str, *, done: bool = False) -> None:
            if step == "promote" and self.failing:
                self.values.append("somebody else's")
                self.stages = {Stage.CURRENT: len(self.values) - 1}
                raise ChangedMeanwhile("somebody changed it")

    stores = two(filled=True)
    conflicting = Conflicting("gcp", {"x": "x"}, stores[1].values, stores[1].labels, stores[1].stages)
    with pytest.raises(ChangedMeanwhile) as caught:
        store([stores[0], conflicting], NEW)
    assert claim(caught.value, "Google Cloud") == "a value that somebody else stored at the same time"
    assert caught.value.exit_code == 4


def test_what_only_one_cloud_has_is_stored_in_the_other() -> None:
    stores = two(filled=True)
    store([stores[0]], NEW)
    done = store(stores, NEW)
    assert [each.was_there for each in done] == [True, False]
    assert [len(each.values) for each in stores] == [2, 2]


def test_what_every_cloud_has_is_refused_and_each_version_is_named() -> None:
    stores = two(filled=True)
    with pytest.raises(ValueRejected) as caught:
        store(stores, OLD)
    assert caught.value.message == (
        "key anthropic has this value already: version 0 on AWS, stored 2026-11-21 by somebody; "
        "version 0 on Google Cloud, stored 2026-11-21 by somebody; nothing was changed"
    )


def test_a_dry_run_touches_no_store() -> None:
    stores = two(filled=True)
    for each in stores:
        each.failing = {"add": "refused", "promote": "refused"}
    done = put(prepare(stores, KEY), KEY, SecretValue(NEW), dry_run=True)
    assert [each.version_id for each in done] == [None, None]


def test_aws_alone_adds_nothing_to_what_its_module_says_of_a_value_that_it_did_not_take() -> None:
    (aws, _) = two(filled=True)
    aws.failing = {"add": "refused"}
    with pytest.raises(StoreError) as caught:
        store([aws], NEW)
    assert (caught.value.message, caught.value.hint) == ("aws refuses add", "a hint")


def test_the_version_says_which_key_of_the_vendors_list_it_is() -> None:
    (aws, _) = two(filled=True)
    put(prepare([aws], KEY), KEY, SecretValue(NEW), hint="R2D...igAA", dry_run=False)
    assert aws.labels[1].hint == "R2D...igAA"
