"""`keyplan retire`: old values end at the vendor first and in the stores then, and only when that is safe."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keyplan.manifest.model import Manifest
from keyplan.retiring.rule import May
from keyplan.retiring.steps import Options, Retired, retire
from keyplan.secret_value import SecretValue
from keyplan.stores.opening import open_stores
from keyplan.vendors.organization import Organization
from keyplan.vendors.road import VendorRoad
from sandbox.vendor_server import Fault
from tests.home import mark
from tests.life.conftest import Life


def later(life: Life, days: float, *, admin: bool = True, **options: bool) -> Retired:
    """Retire the key, by a clock that is so many days ahead."""
    manifest = Manifest.from_json(life.environment.document)
    stores = open_stores(manifest, (), 10.0, lambda _text: None)
    road = VendorRoad(manifest, (), 10.0, lambda _text: None)
    organization = None
    if admin:
        value = json.loads(
            life.environment.secrets.get_secret_value(SecretId=life.environment.arn("admin"))["SecretString"]
        )["ANTHROPIC_ADMIN_API_KEY"]
        organization = Organization(road, SecretValue(value))
    now = datetime.now(UTC) + timedelta(days=days)
    keys = [manifest.keys["anthropic"]]
    try:
        (done,) = retire(stores, manifest, keys, now, organization, Options(**options))
    finally:
        road.close()
    return done


def fates(life: Life) -> list[dict[str, str]]:
    """fingerprint -> what became of it, in each store."""
    return [
        {each["fingerprint"]: each["fate"] for each in cloud["versions"] if each["fingerprint"]}
        for cloud in life.history()["clouds"]
    ]


def test_after_the_grace_the_old_value_is_dead_and_shut_everywhere(life: Life) -> None:
    old, new = life.rotated()
    done = later(life, 8)
    assert (done.is_refused, done.is_for_a_person) == (False, False)
    assert (life.is_alive(old), life.is_alive(new)) == (False, True)
    assert all(found[mark(old)] == "retired" for found in fates(life))
    assert life.served() == [new] * len(life.served())
    assert all("previous" not in stages for stages in life.stages())


def test_a_second_run_does_nothing_more(life: Life) -> None:
    life.rotated()
    later(life, 8)
    before = len(life.world.requests)
    again = later(life, 9)
    assert again.ruling is not None
    assert again.ruling.may is May.NOTHING
    assert [seen.method for seen in list(life.world.requests)[before:]] == []


def test_within_the_grace_nothing_happens_and_the_date_is_told(life: Life) -> None:
    old, _new = life.rotated()
    done = life.run("retire", "anthropic")
    assert done.returncode == 1
    assert "not yet: " in done.stdout
    assert "the grace of 7d is over on " in done.stdout
    assert life.is_alive(old)
    assert life.run("retire", "--due").stdout == (
        f"environment {life.environment.name} has no key with an old value whose grace is over\n"
    )


def test_the_new_one_in_use_instead_of_the_old_one_is_enough(on_aws: Life) -> None:
    """The report has full hours, so it takes until the second full hour after the promotion."""
    old, new = on_aws.rotated()
    on_aws.world.use(on_aws.key_of(old))
    on_aws.world.now = lambda: datetime.now(UTC).timestamp() + 3 * 3600
    on_aws.world.use(on_aws.key_of(new))
    on_aws.world.now = lambda: datetime.now(UTC).timestamp()
    assert later(on_aws, 0.001).ruling.may is May.WAIT  # type: ignore[union-attr]
    done = later(on_aws, 0.2)
    assert done.ruling is not None
    assert done.ruling.may is May.NOW, done.ruling.words
    assert not on_aws.is_alive(old)


def test_after_the_grace_a_value_in_use_is_left_to_a_person(on_aws: Life) -> None:
    old, _new = on_aws.rotated()
    on_aws.world.use(on_aws.key_of(old))
    on_aws.environment.document["keys"]["anthropic"]["grace"] = "1h"
    done = later(on_aws, 0.1)
    assert done.ruling is not None
    assert (done.ruling.may, done.is_for_a_person, on_aws.is_alive(old)) == (May.IN_USE, True, True)
    assert [restart.consumer for restart in done.restarts] == ["chat-api", "evals"]
    later(on_aws, 0.1, despite_use=True)
    assert not on_aws.is_alive(old)


def test_a_dry_run_says_what_would_be_and_does_nothing(on_aws: Life) -> None:
    old, _new = on_aws.rotated()
    done = later(on_aws, 8, dry_run=True)
    assert done.ruling is not None
    assert (done.ruling.may, done.endings, on_aws.is_alive(old)) == (May.NOW, [], True)


def test_without_an_admin_key_the_steps_are_printed_and_the_stores_wait(plain: Life) -> None:
    """A version that says `retired` while the vendor takes its value would hide it from everybody."""
    old, _new = plain.rotated()
    done = later(plain, 8, admin=False)
    assert done.is_for_a_person
    assert [ending.by_hand for ending in done.endings] == [True]
    assert fates(plain)[0][mark(old)] != "retired"


def test_done_by_hand_shuts_the_stores(plain: Life) -> None:
    old, new = plain.rotated()
    plain.deactivate(old)
    done = plain.run("retire", "anthropic", "--done-by-hand")
    assert done.returncode == 0, done.stderr + done.stdout
    assert fates(plain)[0][mark(old)] == "retired"
    assert plain.served() == [new]


def test_a_vendor_that_fails_leaves_the_stores_alone_and_a_second_run_goes_on(on_aws: Life) -> None:
    old, _new = on_aws.rotated()
    on_aws.world.faults.add(Fault.answer(403, method="POST"))
    done = later(on_aws, 8)
    assert done.is_refused
    assert fates(on_aws)[0][mark(old)] != "retired"
    on_aws.world.faults.clear()
    assert not later(on_aws, 8).is_refused
    assert fates(on_aws)[0][mark(old)] == "retired"


def test_a_key_that_was_deactivated_before_is_only_shut(on_aws: Life) -> None:
    old, _new = on_aws.rotated()
    on_aws.deactivate(old)
    done = later(on_aws, 8)
    assert done.endings[0].words == f"old ({on_aws.key_of(old).id}) was inactive already"
    assert fates(on_aws)[0][mark(old)] == "retired"


def test_keys_that_look_the_same_are_left_to_a_person(on_aws: Life) -> None:
    old, _new = on_aws.rotated()
    twin = old[:16] + ("y" if old[20] != "y" else "z") * 80 + old[96:]
    on_aws.world.create_key("twin", value=twin)
    done = later(on_aws, 8)
    assert done.is_for_a_person
    assert "several keys look like" in done.endings[0].words
    assert (on_aws.is_alive(old), on_aws.is_alive(twin)) == (True, True)


def test_one_value_under_two_names_is_not_retired_under_one(on_aws: Life) -> None:
    """`search` was given the value that `anthropic` had before."""
    document = on_aws.environment.document
    document["keys"]["openrouter"] |= {"vendor": "anthropic"}
    on_aws.environment.save()
    old, _new = on_aws.rotated()
    assert on_aws.run("put", "openrouter", given=old).returncode == 0
    done = later(on_aws, 8)
    assert done.ruling is not None
    assert done.ruling.may is May.UNSURE
    assert done.ruling.words.endswith("is what readers of key openrouter get")
    assert on_aws.is_alive(old)


def test_a_key_that_cannot_be_looked_at_does_not_stop_the_others(on_aws: Life) -> None:
    on_aws.rotated()
    arn = on_aws.environment.arn("openrouter")
    on_aws.environment.secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    done = on_aws.run("retire", "--due")
    assert done.returncode == 3
    assert "key openrouter of environment" in done.stdout
    assert "key anthropic" not in done.stdout  # it waits, which a nightly job has nothing to say about


def test_machines_get_every_field(on_aws: Life) -> None:
    old, _new = on_aws.rotated()
    document = on_aws.json("retire", "anthropic", exit_code=1)
    (entry,) = document.pop("keys")
    assert document == {
        "format": "keyplan-retire/1", "environment": on_aws.environment.name, "dryRun": False,
    }  # fmt: skip
    assert (entry["key"], entry["verdict"], entry["retired"], entry["error"]) == (
        "anthropic",
        "wait",
        [],
        None,
    )
    assert [each["fingerprint"] for each in entry["old"]] == [mark(old)]


WRONG_USE: list[tuple[list[str], str]] = [
    (["retire"], "either a key's name or --due is needed, and not both"),
    (["retire", "anthropic", "--due"], "either a key's name or --due is needed, and not both"),
    (["retire", "--due", "--done-by-hand"], "--done-by-hand is about one key: name it"),
    (["retire", "nobody"], "there is no such key in environment"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG_USE)
def test_wrong_use_is_told(plain: Life, arguments: list[str], words: str) -> None:
    done = plain.run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_no_value_is_in_anything_that_is_printed(life: Life) -> None:
    old, new = life.rotated()
    outputs: list[Callable[[], Any]] = [
        lambda: life.run("retire", "anthropic", "--verbose"),
        lambda: life.run("retire", "--due", "--verbose", "--format", "json"),
        lambda: life.run("retire", "anthropic", "--done-by-hand", "--verbose"),
    ]
    for output in outputs:
        done = output()
        assert all(value not in done.stdout + done.stderr for value in (old, new))
