"""`keyplan retire` and `keyplan revoke` under every fault: a value that readers get never dies by the first,
and the second run of either ends well wherever the first one stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.faults.clouds import KEY, Clouds, Home, new_home
from tests.faults.command_runs import Run
from tests.faults.points import (
    AT_ADMIN_API,
    LASTING,
    Flow,
    at_vendor,
    changes_a_store,
    check,
    walk,
    walk_kills,
)
from tests.faults.proxy import Blow, Lasts

BOTH = ("aws", "gcp")
AT_STAGES = {"AWSCURRENT", "AWSPREVIOUS", "keyplan:pending", "current", "previous", "pending"}

Record = Callable[..., None]
STORE_TROUBLE = ((Blow.LOST, Lasts.ONCE), *LASTING)


def told(home: Home, mark: str) -> list[list[str]]:
    """What the stores say of each version of a value. On AWS one can always be read by its id."""
    return [text for versions in home.stages().values() for found, *text in versions if found == mark]


def retirement(clouds: Clouds) -> Flow:
    """Readers get the new value since a month; nothing uses the old one."""
    home = new_home(clouds, BOTH, has_admin_key=True)
    assert home.run("put", KEY, given="o").code == 0
    assert home.run("rotate", KEY, given="n").code == 0
    home.age(timedelta(days=30))
    home.save()

    def again(at: Home) -> Run:
        return at.run("retire", KEY)

    return Flow(home, ["retire", KEY], again, is_retired, kept=("n",))


def is_retired(home: Home, again: Run) -> str | None:
    if again.code != 0 or not home.serves("n"):
        return "the second run did not end well"
    if home.is_alive(home.values["o"]):
        return "the old value is alive"
    if any(AT_STAGES & set(text) for text in told(home, "o")):
        return "somebody can go back to the old value"
    is_told = all(":retired" in " ".join(text) for text in told(home, "o"))
    return None if is_told else "nothing says that the old value is retired"


def test_kill_9_at_any_request_of_a_retirement_leaves_a_live_value_and_a_way_on(
    clouds: Clouds, record_property: Record
) -> None:
    check("retire", record_property, walk_kills(retirement(clouds)))


def test_a_store_that_fails_during_a_retirement_leaves_a_live_value_and_a_way_on(
    clouds: Clouds, record_property: Record
) -> None:
    check("retire", record_property, walk(retirement(clouds), STORE_TROUBLE, changes_a_store))


def test_whatever_the_vendor_answers_a_retirement_leaves_a_live_value_and_a_way_on(
    clouds: Clouds, record_property: Record
) -> None:
    check("retire", record_property, walk(retirement(clouds), AT_ADMIN_API, at_vendor))


@dataclass
class Revocation:
    """Shutting the value that readers get, and giving them another one."""

    record: Path

    @property
    def command(self) -> list[str]:
        return ["revoke", KEY, "--leaked", "--yes", "--record", str(self.record)]

    def noted(self) -> str:
        """What the record says of the steps."""
        steps = json.loads(self.record.read_text())["steps"] if self.record.exists() else []
        return repr([step["state"] for step in steps])

    def clear(self) -> None:
        self.record.unlink(missing_ok=True)

    def again(self, home: Home) -> Run:
        run = home.run(*self.command)
        home.run("rotate", KEY, given="n")
        return run

    def holds(self, home: Home, _run: Run) -> str | None:
        """The record is written before anything is done, and can be read at every moment."""
        if self.record.exists():
            json.loads(self.record.read_text())
            return None
        is_as_before = home.serves("o") and home.is_alive(home.values["o"])
        return None if is_as_before else "nothing was written of what was done"

    def ends(self, home: Home, run: Run) -> str | None:
        text = self.record.read_text()
        if run.code != 0 or home.is_alive(home.values["o"]):
            return "the second run did not end well"
        if any(value in text for value in home.values.values()):
            return "the record has a value"
        if {step["state"] for step in json.loads(text)["steps"]} != {"done"}:
            return f"steps that are not done: {self.noted()}"
        if any({*AT_STAGES, "ENABLED"} & set(text) for text in told(home, "o")):
            return "readers can be given the leaked value"
        return None if home.serves("n") else "the new value is not served in the end"


def revocation(clouds: Clouds, directory: Path) -> Flow:
    """Readers get a value that has leaked."""
    home = new_home(clouds, BOTH, has_admin_key=True)
    assert home.run("put", KEY, given="x").code == 0
    assert home.run("rotate", KEY, given="o").code == 0
    home.save()
    it = Revocation(directory / "incident.json")
    return Flow(
        home,
        it.command,
        it.again,
        it.ends,
        serves=False,
        holds=it.holds,
        beside=it.noted,
        clear=it.clear,
    )


def test_kill_9_at_any_request_of_a_revocation_leaves_a_way_on(
    clouds: Clouds, tmp_path: Path, record_property: Record
) -> None:
    check("revoke", record_property, walk_kills(revocation(clouds, tmp_path)))


def test_a_store_that_fails_during_a_revocation_leaves_a_way_on(
    clouds: Clouds, tmp_path: Path, record_property: Record
) -> None:
    check("revoke", record_property, walk(revocation(clouds, tmp_path), STORE_TROUBLE, changes_a_store))


def test_whatever_the_vendor_answers_a_revocation_leaves_a_way_on(
    clouds: Clouds, tmp_path: Path, record_property: Record
) -> None:
    check("revoke", record_property, walk(revocation(clouds, tmp_path), AT_ADMIN_API, at_vendor))
