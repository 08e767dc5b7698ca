"""`keyplan revoke --leaked`: dead at the vendor, out of every store, and written down without the value."""

from __future__ import annotations

import json
import stat
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from keyplan.errors import AccessDenied, ChangedMeanwhile, KeyplanError, Unreachable
from keyplan.manifest.model import Manifest
from keyplan.reads import ReadReport
from keyplan.revoking.incident import Incident
from keyplan.revoking.steps import Response, open_incident
from keyplan.revoking.target import choose
from keyplan.secret_value import SecretValue
from keyplan.stores.base import Store
from keyplan.stores.opening import open_stores
from keyplan.vendors.organization import Organization
from keyplan.vendors.road import VendorRoad
from sandbox.vendor_server import Fault
from tests.command.environments import clean_environment
from tests.end_to_end.terminal import at_terminal
from tests.home import mark
from tests.life.conftest import Life
from tests.life.test_incident_record import mistakes

REVOKE = ("revoke", "anthropic", "--leaked", "--yes")


def records(life: Life) -> list[Path]:
    """The incident records, oldest first."""
    return sorted(life.environment.directory.glob("keyplan-incident-*.json"))


def record(life: Life) -> Any:
    (path,) = records(life)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    document = json.loads(path.read_text())
    assert mistakes(document) == []
    return document


def steps(document: Any) -> dict[str, str]:
    return {step["step"]: step["state"] for step in document["steps"]}


def test_the_value_is_dead_and_out_of_every_store(life: Life) -> None:
    old, new = life.rotated()
    done = life.run(*REVOKE)
    assert done.returncode == 0, done.stderr + done.stdout
    assert not life.is_alive(new)
    assert life.is_alive(old)  # it is another value, and nobody said that it leaked
    assert set(life.states().values()) == {"revoked"}
    refused = life.environment.run("exec", "--only", "anthropic", "--", "true")
    assert refused.returncode == 3
    assert "the value was revoked on " in refused.stderr
    document = record(life)
    assert document["state"] == "shut"
    assert (document["value"]["fingerprint"], document["vendorKey"]["status"]) == (mark(new), "inactive")
    assert {version["fate"] for version in document["versions"]} == {"revoked"}


def test_the_vendor_comes_first(on_aws: Life) -> None:
    on_aws.rotated()
    on_aws.world.requests.clear()
    order: list[str] = []

    class Watching(Response):
        def _take(self, incident: Incident, name: str, act: Any) -> None:
            order.append(name)
            super()._take(incident, name, act)

    respond(on_aws, Watching)
    assert order == ["vendor", "store-aws", "reads-aws", "usage"]


def test_it_says_what_to_do_next(on_both: Life) -> None:
    on_both.rotated()
    days = [f"{datetime.now(UTC):%Y%m%d}"]
    done = on_both.run(*REVOKE)
    days.append(f"{datetime.now(UTC):%Y%m%d}")  # it may be past midnight now
    name = on_both.environment.name
    assert done.stdout.splitlines()[0].endswith(" is shut: dead at the vendor, and out of every store")
    day = next(day for day in days if f"-key-{day}\n" in done.stdout)
    made = f"https://platform.claude.com/settings/keys, with the name {name}-anthropic-key-{day}"
    assert (
        f"  1. make a new key at {made}\n  2. keyplan rotate anthropic\n  3. until then, if the value before "
        "it (stored "
    ) in done.stdout
    again = on_both.rotate(on_both.new_key("third"))
    assert again.returncode == 0, again.stderr
    assert set(on_both.states().values()) == {"ok"}


def test_the_way_back_that_it_offers_is_one(life: Life) -> None:
    old, _new = life.rotated()
    life.run(*REVOKE)
    done = life.run("rollback", "anthropic")
    assert done.returncode == 0, done.stderr
    assert life.served() == [old] * len(life.served())


def test_a_second_run_goes_on_with_the_same_value(life: Life) -> None:
    old, new = life.rotated()
    life.run(*REVOKE)
    stages = life.stages()
    done = life.run(*REVOKE)
    assert done.returncode == 0, done.stderr
    assert (life.is_alive(old), life.is_alive(new)) == (True, False)
    assert life.stages() == stages
    assert len(records(life)) == 2


def test_a_value_given_after_it_is_revoked_by_its_version_alone(on_aws: Life) -> None:
    _old, leaked = on_aws.rotated()
    on_aws.run(*REVOKE)
    third = on_aws.new_key("third")
    assert on_aws.rotate(third).returncode == 0
    refused = on_aws.run(*REVOKE)
    assert refused.returncode == 2
    assert "and readers get another one, stored" in refused.stderr
    assert on_aws.is_alive(third)
    version = refused.stderr.rpartition("--version ")[2].split()[0]
    assert on_aws.run(*REVOKE, "--version", version).returncode == 0
    assert (on_aws.is_alive(third), on_aws.is_alive(leaked)) == (False, False)


def test_an_older_value_is_revoked_and_readers_keep_theirs(life: Life) -> None:
    old, new = life.rotated()
    versions = life.history()["clouds"][0]["versions"]
    (version,) = [each["versionId"] for each in versions if each["fingerprint"] == mark(old)]
    done = life.run(*REVOKE, "--version", version)
    assert done.returncode == 0, done.stderr + done.stdout
    assert (life.is_alive(old), life.is_alive(new)) == (False, True)
    assert life.served() == [new] * len(life.served())
    assert "which is another value" in done.stdout
    assert {each["fate"] for each in record(life)["versions"]} == {"revoked"}


def test_a_value_that_waits_in_a_rotation_is_shut_too(on_both: Life, google: Any) -> None:
    """It was served on AWS already, and Google Cloud had no time to promote it."""
    old, new = on_both.new_key(), on_both.new_key()
    on_both.put(old)
    google.answers["PATCH "] = (403, {"error": {"status": "PERMISSION_DENIED", "message": "no"}})
    on_both.rotate(new)
    google.answers.clear()
    version = on_both.history()["clouds"][0]["versions"][0]["versionId"]
    assert on_both.run(*REVOKE, "--version", version).returncode == 0
    assert mark(new) not in [print_ for stages in on_both.stages()[1:] for print_ in stages.values()]
    assert on_both.stages()[1]["current"] == mark(old)


def test_without_an_admin_key_the_stores_are_shut_and_the_steps_printed(plain: Life) -> None:
    value = plain.new_key()
    plain.put(value)
    done = plain.run(*REVOKE)
    assert done.returncode == 1
    assert plain.is_alive(value)
    assert plain.states() == {"aws": "revoked"}
    document = record(plain)
    assert (document["state"], steps(document)["vendor"], steps(document)["store-aws"]) == (
        "open", "by-hand", "done",
    )  # fmt: skip
    assert document["steps"][0]["todo"][0] == (
        "open https://platform.claude.com/settings/keys as an administrator of the organization"
    )
    assert f"find the key that is shown as …{document['value']['hint']}" in done.stdout
    assert "MAY STILL WORK at the vendor until a person acts" in done.stdout
    plain.deactivate(value)
    assert plain.run(*REVOKE, "--done-by-hand").returncode == 0


VENDOR_FAULTS = {
    "refuses": Fault.answer(403),
    "does not know the admin key": Fault.answer(401),
    "has nothing there": Fault.answer(404, method="POST"),
    "is broken": Fault.answer(400),
}


@pytest.mark.parametrize("fault", VENDOR_FAULTS)
def test_a_vendor_that_fails_stops_nothing(on_aws: Life, fault: str) -> None:
    value = on_aws.new_key()
    on_aws.put(value)
    on_aws.world.faults.add(VENDOR_FAULTS[fault])
    on_aws.world.faults.add(*[VENDOR_FAULTS[fault]] * 20)
    done = on_aws.run(*REVOKE, "--timeout", "3")
    assert done.returncode == 1, done.stderr + done.stdout
    document = record(on_aws)
    assert (steps(document)["vendor"], steps(document)["store-aws"]) == ("by-hand", "done")
    assert document["steps"][0]["found"].startswith("the vendor did not do it: ")
    on_aws.world.faults.clear()
    assert on_aws.run(*REVOKE).returncode == 0
    assert not on_aws.is_alive(value)


def respond(life: Life, kind: type[Response] = Response, **more: Any) -> Incident:
    """The response in this process, with parts of it replaced."""
    manifest = Manifest.from_json(life.environment.document)
    key = manifest.keys["anthropic"]
    stores: list[Store] = more.pop("stores", None) or open_stores(manifest, (), 10.0, lambda _text: None)
    states = {store.cloud: store.history(key) for store in stores}
    target = choose("anthropic", states)
    admin = life.environment.secrets.get_secret_value(SecretId=life.environment.arn("admin"))["SecretString"]
    road = VendorRoad(manifest, (), 10.0, lambda _text: None)
    organization = Organization(road, SecretValue(json.loads(admin)["ANTHROPIC_ADMIN_API_KEY"]))
    now = datetime.now(UTC)
    incident = open_incident(manifest, key, target, states, dict.fromkeys(states, "somebody"), now)
    given: dict[str, Any] = {
        "who_read": lambda cloud, since, until: ReadReport(cloud, since, until),
        "clock": lambda: datetime.now(UTC),
        "save": lambda _incident: None,
    }
    try:
        kind(manifest, key, target, stores, organization, **{**given, **more}).run(incident)
    finally:
        road.close()
    return incident


class Killed(BaseException):
    """The end of the process, as far as a test goes."""


@pytest.mark.parametrize("after", range(6))
def test_killed_after_any_step_the_next_run_ends_it(on_both: Life, after: int) -> None:
    old, new = on_both.rotated()
    taken: list[Incident] = []

    def save(incident: Incident) -> None:
        taken.append(incident)
        assert mistakes(incident.to_json()) == []
        if len(taken) > after:
            raise Killed

    with pytest.raises(Killed):
        respond(on_both, save=save)
    done = on_both.run(*REVOKE)
    assert done.returncode == 0, done.stderr + done.stdout
    assert (on_both.is_alive(old), on_both.is_alive(new)) == (True, False)
    assert set(on_both.states().values()) == {"revoked"}


class Failing:
    """A store whose `shut` fails, so often."""

    def __init__(self, store: Store, error: KeyplanError, times: int) -> None:
        self._store, self._error, self.left = store, error, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def shut(self, *arguments: Any) -> None:
        if self.left > 0:
            self.left -= 1
            raise self._error
        self._store.shut(*arguments)


@pytest.mark.parametrize(
    ("error", "times", "state"),
    [
        (AccessDenied("denied", "a hint"), 9, "failed"),
        (Unreachable("no answer"), 9, "failed"),
        (ChangedMeanwhile("somebody else"), 2, "done"),
        (ChangedMeanwhile("somebody else"), 9, "failed"),
    ],
)
def test_a_store_that_refuses_does_not_save_the_others(
    on_both: Life, error: KeyplanError, times: int, state: str
) -> None:
    _old, new = on_both.rotated()
    manifest = Manifest.from_json(on_both.environment.document)
    stores = open_stores(manifest, (), 10.0, lambda _text: None)
    incident = respond(on_both, stores=[Failing(stores[0], error, times), *stores[1:]])
    assert steps(incident.to_json())["store-aws"] == state
    assert steps(incident.to_json())["store-gcp"] == "done"
    assert not on_both.is_alive(new)
    assert on_both.states() == {"aws": "ok" if state == "failed" else "revoked", "gcp": "revoked"}


def test_who_read_is_asked_since_the_value_was_stored(on_aws: Life) -> None:
    value = on_aws.new_key()
    on_aws.put(value)
    assert on_aws.environment.run("exec", "--only", "anthropic", "--", "true").returncode == 0
    asked: list[tuple[str, datetime]] = []

    def who_read(cloud: str, since: datetime, until: datetime) -> ReadReport:
        asked.append((cloud, since))
        return ReadReport(cloud, since, until)

    incident = respond(on_aws, who_read=who_read)
    assert [cloud for cloud, _ in asked] == ["aws"]
    assert asked[0][1] == incident.stored


def test_a_missing_right_to_see_who_read_is_named_and_stops_nothing(on_aws: Life) -> None:
    on_aws.rotated()
    denied = AccessDenied("your AWS identity may not do cloudtrail:LookupEvents", "ask an administrator")
    incident = respond(on_aws, who_read=lambda *_: denied)
    step = incident.step("reads-aws")
    assert (step.state.value, step.found) == (
        "unknown", "your AWS identity may not do cloudtrail:LookupEvents",
    )  # fmt: skip
    assert incident.is_shut


def test_a_dry_run_changes_nothing(life: Life) -> None:
    _old, new = life.rotated()
    done = life.run("revoke", "anthropic", "--leaked", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "nothing was done; this is what would be" in done.stdout
    assert (life.is_alive(new), records(life)) == (True, [])
    assert life.served() == [new] * len(life.served())


WRONG_USE: dict[str, tuple[list[str], str]] = {
    "not meant": (["revoke", "anthropic", "--yes"], "add --leaked"),
    "nobody to ask": (
        ["revoke", "anthropic", "--leaked"],
        "there is no terminal to ask at: nothing was done",
    ),
    "no key": (["revoke", "nobody", "--leaked", "--yes"], "there is no such key in environment"),
    "no value": (["revoke", "openrouter", "--leaked", "--yes"], "has no value that readers get"),
    "no version": ([*REVOKE, "--version", "nothing"], "has no such version; it has"),
    "a foreign file": ([*REVOKE, "--record", "manifest.json"], "is no incident record of key anthropic"),
}


@pytest.mark.parametrize("case", WRONG_USE)
def test_wrong_use_changes_nothing(plain: Life, case: str) -> None:
    value = plain.new_key()
    plain.put(value)
    arguments, words = WRONG_USE[case]
    done = plain.run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert plain.served() == [value]


@pytest.mark.parametrize(("typed", "code"), [("anthropic\n", 0), ("yes\n", 2), ("\n", 2)])
def test_at_a_terminal_the_keys_name_is_asked_for(on_aws: Life, typed: str, code: int) -> None:
    _old, new = on_aws.rotated()
    environment = on_aws.environment
    copy: Any = SimpleNamespace(
        directory=environment.directory, environment=clean_environment(environment.directory), said=[]
    )
    done = at_terminal(copy, environment.command("revoke", "anthropic", "--leaked"), "to go on: ", typed)
    assert done.code == code, done.stdout
    assert on_aws.is_alive(new) is (code != 0)
    assert "whatever uses it fails from then on" in done.stdout


def test_a_record_that_was_named_is_gone_on_with(on_aws: Life) -> None:
    """Also when readers have a new value: the record says which one is meant."""
    _old, leaked = on_aws.rotated()
    on_aws.world.faults.add(*[Fault.answer(403)] * 20)
    path = on_aws.environment.directory / "leak.json"
    assert on_aws.run(*REVOKE, "--record", str(path)).returncode == 1
    on_aws.world.faults.clear()
    third = on_aws.new_key("third")
    rotated = on_aws.rotate(third)
    assert rotated.returncode == 0, rotated.stderr
    opened = json.loads(path.read_text())["openedAt"]
    done = on_aws.run(*REVOKE, "--record", str(path))
    assert done.returncode == 0, done.stderr
    document = json.loads(path.read_text())
    assert (document["state"], document["openedAt"]) == ("shut", opened)
    assert (on_aws.is_alive(leaked), on_aws.is_alive(third)) == (False, True)
    assert on_aws.served() == [third]


def test_where_no_record_can_be_written_the_key_is_shut_all_the_same(on_aws: Life, tmp_path: Path) -> None:
    """A file's absence must not keep a leaked key alive; what it would say is printed."""
    _old, new = on_aws.rotated()
    environment = on_aws.environment
    done = subprocess.run(
        environment.command(*REVOKE),
        cwd="/proc",
        env=clean_environment(Path("/proc")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "no incident record can be written here; it is printed at the end" in done.stderr
    document = json.loads(done.stdout[done.stdout.index("\n{\n") :])
    assert mistakes(document) == []
    assert not on_aws.is_alive(new)


def test_machines_get_the_record(on_aws: Life) -> None:
    on_aws.rotated()
    assert on_aws.json(*REVOKE) == record(on_aws)


def test_no_value_is_in_what_is_printed_or_written(life: Life) -> None:
    old, new = life.rotated()
    done = life.run(*REVOKE, "--verbose")
    again = life.run(*REVOKE, "--format", "json")
    written = [path.read_text() for path in records(life)]
    assert len(written) == 2
    for text in (done.stdout, done.stderr, again.stdout, again.stderr, *written):
        assert old not in text
        assert new not in text
        assert new[13:30] not in text
