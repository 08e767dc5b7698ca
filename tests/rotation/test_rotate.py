"""`keyplan rotate`, `rollback`, `history` and `restore` on AWS, on Google Cloud and on both."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from keyplan.cli.reference import help_of
from keyplan.manifest.model import Manifest
from keyplan.rotation.scene import Look
from keyplan.rotation.steps import Part
from keyplan.secret_value import SecretValue
from keyplan.stores.labels import VersionLabel
from keyplan.stores.opening import open_stores
from keyplan.storing.steps import in_order, prepare
from sandbox.vendor_server import Fault
from tests.command.environments import PROJECT, fake_key
from tests.home import Done, Home, mark

PAGE = (PROJECT / "docs" / "commands.md").read_text()


def json_of(done: Done) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def stop_before_promoting(home: Home, value: str) -> None:
    """Leave a rotation as one that was killed before readers got the value: it waits everywhere."""
    manifest = Manifest.from_json(home.environment.document)
    key = manifest.keys["anthropic"]
    stores = open_stores(manifest, [], 20.0, lambda _text: None)
    look = Look(prepare(stores, key, whole=True))
    secret = SecretValue(value)
    label = VersionLabel(secret.fingerprint(), "user/alice", None)
    for part in in_order(
        Part(each, each.store.deposit(key, each.state, secret, label)) for each in look.ready
    ):
        part.deposit.add()


def test_a_new_value_reaches_every_reader_and_the_old_one_stays(home: Home) -> None:
    old, new = home.new_key("old"), home.new_key("new")
    home.put(old)
    done = home.rotate(f"{new}\n")
    assert done.returncode == 0, done.stderr
    assert set(home.served()) == {new}
    assert home.stages() == [{"current": mark(new), "previous": mark(old)}] * len(home.served())
    name = f"{home.environment.name}-anthropic-key-"
    assert re.search(
        rf"  where +https://platform\.claude\.com/settings/keys\n  name +{name}\d{{8}}\n", done.stderr
    )
    assert "read back, and it is the same" in done.stderr
    assert done.stdout.startswith(f"rotated key anthropic of environment {home.environment.name}\n")
    assert "the old value goes on working: `keyplan retire anthropic` ends it from " in done.stdout
    assert new not in done.stdout + done.stderr
    known = home.world.known(old)
    assert known is not None
    assert home.world.is_alive(known)


def test_the_first_value_is_checked_too(home: Home) -> None:
    assert home.rotate(fake_key()).returncode == 2
    assert set(home.history()["clouds"][0]["versions"]) == set()
    new = home.new_key()
    done = home.rotate(new)
    assert done.returncode == 0, done.stderr
    assert set(home.served()) == {new}
    assert "previous     none: this is the first value" in done.stdout
    assert "retire" not in done.stdout


def test_what_waits_everywhere_is_promoted_without_the_value_and_its_owner_is_named(home: Home) -> None:
    old, new = home.new_key(), home.new_key()
    home.put(old)
    stop_before_promoting(home, new)
    assert set(home.served()) == {old}
    refused = home.rotate(home.new_key())
    assert refused.returncode == 4
    assert "a rotation of key anthropic to another value is under way, begun by user/alice" in refused.stderr
    told = home.rotate("", "--dry-run")
    assert "next         let readers get the pending value" in told.stdout
    assert set(home.served()) == {old}
    done = home.rotate()
    assert done.returncode == 0, done.stderr
    assert "a rotation of key anthropic is under way: user/alice began it on 20" in done.stderr
    assert done.stdout.startswith("finished the rotation of key anthropic")
    assert set(home.served()) == {new}


def test_what_waits_is_taken_back(home: Home) -> None:
    old, first, second = home.new_key(), home.new_key(), home.new_key()
    home.put(old)
    stop_before_promoting(home, first)
    abandoned = home.rotate("", "--abandon")
    assert abandoned.returncode == 0, abandoned.stderr
    assert "is still alive at the vendor: deactivate it at https://platform.claude.com" in abandoned.stdout
    stop_before_promoting(home, second)
    back = home.run("rollback", "anthropic")
    assert back.returncode == 0, back.stderr
    assert "the rotation that was under way is taken back" in back.stdout
    assert set(home.served()) == {old}
    assert home.stages() == [{"current": mark(old)}] * len(home.served())
    assert home.rotate(first).returncode == 0, "what was taken back can be given again"


def test_a_value_that_died_while_it_waited_is_not_promoted_and_another_one_takes_its_place(
    home: Home,
) -> None:
    old, dead, new = home.new_key(), home.new_key(), home.new_key()
    home.put(old)
    stop_before_promoting(home, dead)
    home.deactivate(dead)
    refused = home.rotate()
    assert refused.returncode == 1
    assert "the value that waits must not be promoted: " in refused.stderr
    done = home.rotate(new, "--new")
    assert done.returncode == 0, done.stderr
    assert set(home.served()) == {new}
    assert home.stages() == [{"current": mark(new), "previous": mark(old)}] * len(home.served())


def test_a_rollback_goes_back_and_forward_and_never_to_a_dead_value(home: Home) -> None:
    old, new = home.new_key(), home.new_key()
    home.put(old)
    assert home.rotate(new).returncode == 0
    seen = home.run("rollback", "anthropic", "--dry-run")
    assert (seen.returncode, set(home.served())) == (0, {new})
    done = home.run("rollback", "anthropic")
    assert done.returncode == 0, done.stderr
    assert set(home.served()) == {old}
    assert home.stages() == [{"current": mark(old), "previous": mark(new)}] * len(home.served())
    again = json_of(home.run("rollback", "anthropic", "--format", "json"))
    assert (again["outcome"], again["fingerprint"]) == ("rolled-back", mark(new))
    assert set(home.served()) == {new}
    home.deactivate(old)
    refused = home.run("rollback", "anthropic")
    assert refused.returncode == 2
    assert "the previous value of key anthropic is not to be served: " in refused.stderr
    assert set(home.served()) == {new}


def test_a_vendor_without_an_answer_stops_a_rotation_unless_that_is_wanted(on_aws: Home) -> None:
    old, new = on_aws.new_key(), on_aws.new_key()
    on_aws.put(old)
    on_aws.world.faults.add(Fault(503, headers={"retry-after": "600"}, times=None))
    refused = on_aws.rotate(new)
    assert refused.returncode == 3
    assert "whether this value is alive is not known" in refused.stderr
    assert on_aws.served() == [old]
    assert on_aws.rotate(new, "--unverified").returncode == 0
    assert on_aws.served() == [new]


def test_of_people_who_rotate_at_the_same_time_one_wins_and_the_others_are_told(home: Home) -> None:
    home.put(home.new_key())
    values = [home.new_key() for _ in range(3)]
    with ThreadPoolExecutor(len(values)) as pool:
        done = list(pool.map(lambda value: home.environment.run("rotate", "anthropic", given=value), values))
    codes = [each.returncode for each in done]
    assert set(codes) <= {0, 4}, [each.stderr for each in done]
    assert 0 in codes
    (served,) = set(home.served())
    assert served in values
    assert all("pending" not in stages for stages in home.stages())


def test_a_value_as_an_argument_is_refused_without_being_repeated(on_aws: Home) -> None:
    for verb in ("rotate", "rollback", "history", "restore"):
        done = on_aws.environment.run(verb, fake_key())
        assert done.returncode == 2
        assert fake_key() not in done.stderr
        assert (
            f"`keyplan {verb}` takes one argument, the key's name; a value is never an argument"
            in done.stderr
        )


def test_history_shows_who_stored_what_and_what_the_vendor_calls_it(on_aws: Home) -> None:
    old, new = on_aws.new_key("first-key"), on_aws.new_key("second-key")
    on_aws.put(old)
    assert on_aws.rotate(new).returncode == 0
    text = on_aws.run("history", "anthropic").stdout
    head, _, *rows = text.splitlines()
    assert head == f"versions of key anthropic of environment {on_aws.environment.name}, newest first"
    assert [row.split()[0] for row in rows] == ["current", "previous"]
    assert [mark(value) in row for value, row in zip((new, old), rows, strict=True)] == [True, True]
    assert all(" user/moto " in row for row in rows)


def test_a_deleted_secret_is_restored(on_both: Home) -> None:
    value = on_both.new_key()
    on_both.put(value)
    on_both.environment.secrets.delete_secret(
        SecretId=on_both.environment.arn("anthropic"), RecoveryWindowInDays=7
    )
    refused = on_both.rotate(on_both.new_key())
    assert refused.returncode == 3
    done = on_both.run("restore", "anthropic")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        f"key anthropic of environment {on_both.environment.name}:\n"
        f"  secret {on_both.environment.name}/anthropic-api-key can be read again on AWS\n"
        "  nothing was deleted on Google Cloud\n"
    )
    assert set(on_both.served()) == {value}
    again = on_both.run("restore", "anthropic")
    assert (again.returncode, again.stderr) == (2, "error: nothing of key anthropic is deleted\n")


def fields(heading: str) -> list[str]:
    """The first cells of the first table after a heading of the page."""
    assert heading in PAGE
    rows: list[str] = []
    for line in PAGE.partition(heading)[2].splitlines():
        if line.startswith("|"):
            rows.append(line.strip("|").split(" | ")[0].strip().strip("`"))
        elif rows:
            break
    return rows[2:]


def test_the_json_forms_have_the_documented_fields(on_aws: Home) -> None:
    run = on_aws.run
    on_aws.put(on_aws.new_key())
    rotated = json_of(on_aws.rotate(on_aws.new_key(), "--format", "json"))
    assert list(rotated) == fields("### `rotate --format json`")
    assert list(rotated["clouds"][0]) == fields("Each of its `clouds`:")
    history = json_of(run("history", "anthropic", "--format", "json"))
    assert list(history) == fields("### `history --format json`")
    assert list(history["clouds"][0]["versions"][0]) == fields("Each of its `versions`, newest first:")
    rolled_back = json_of(run("rollback", "anthropic", "--format", "json"))
    assert list(rolled_back) == fields("### `rollback --format json`")
    on_aws.environment.secrets.delete_secret(
        SecretId=on_aws.environment.arn("anthropic"), RecoveryWindowInDays=7
    )
    assert list(json_of(run("restore", "anthropic", "--format", "json"))) == fields(
        "### `restore --format json`"
    )


@pytest.mark.parametrize("verb", ["rotate", "rollback", "history", "restore"])
def test_help_says_what_a_second_run_does_or_that_nothing_changes(verb: str) -> None:
    assert re.search(r"second (run|rollback)|changes nothing", help_of(verb))
