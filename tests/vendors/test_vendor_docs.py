"""docs/vendors.md, and what docs/commands.md says of vendors, tell the truth."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from keyplan.age import State
from keyplan.stores.base import Stage
from keyplan.vendors import VENDORS, gateway
from keyplan.vendors.verdicts import Answer, Verdict
from keyplan.verifying.asking import NOT_ASKED, Row
from keyplan.verifying.forms import render
from tests.command.environments import PROJECT
from tests.vendors.asking import key_of, manifest_with

PAGE = (PROJECT / "docs" / "vendors.md").read_text()
COMMANDS = (PROJECT / "docs" / "commands.md").read_text()


def table(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table after a heading."""
    rows = re.search(r"\n\n\|.*?\n\|[-|]+\n(.*?)\n\n", page.partition(heading)[2], re.DOTALL)
    assert rows is not None
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in rows[1].splitlines()]


def test_every_vendor_is_on_the_page() -> None:
    assert [row[0].strip("` ") for row in table(PAGE, "# Vendors")] == list(VENDORS)


def test_every_verdict_is_on_the_page_and_says_whether_its_value_may_be_stored() -> None:
    rows = {re.split(r"\W", row[0].strip("| "))[0]: row[-1].strip(" |") for row in table(PAGE, "## What an")}
    stored = {(True, True): "yes", (False, True): "with `--unverified`", (False, False): "no"}
    assert rows == {
        verdict.value: stored[
            Answer(verdict, "").may_be_stored(), Answer(verdict, "").may_be_stored(unverified=True)
        ]
        for verdict in Verdict
    }


def test_the_json_of_verify_is_as_shown() -> None:
    shown = json.loads(PAGE.partition("```json\n")[2].partition("```")[0])
    row = Row(key_of(), "aws", Stage.CURRENT, "alive", answer=Answer(Verdict.ALIVE, "alive"))
    given = render(manifest_with(), [row], datetime.now(UTC))
    assert list(shown) == list(given)
    assert list(shown["values"][0]) == list(given["values"][0])


def test_every_word_that_verify_finds_is_on_the_page() -> None:
    (sentence,) = re.findall(r"`found` is one of (.*?)\. ", PAGE)
    of_states = {State.DENIED, State.NO_VALUE, State.REVOKED, State.MISSING, State.PENDING_DELETION}
    of_states |= {State.DISABLED, State.DESTROYED}
    words = {verdict.value for verdict in Verdict} | {state.value for state in of_states} | {NOT_ASKED}
    assert set(re.findall(r"`([a-z-]+)`", sentence)) == words


@pytest.mark.parametrize("vendor", ["gateway"])
def test_what_wins_over_a_token_is_on_the_page_of_commands(vendor: str) -> None:
    shown = {row[0].strip("|` "): row[1].strip(" |") for row in table(COMMANDS, f"For a {vendor}:")}
    assert shown == gateway.OVERRIDES
