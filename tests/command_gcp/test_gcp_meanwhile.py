"""Steps in Google Secret Manager whose answer is lost, or beside which others change the secret."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keyplan.errors import ChangedMeanwhile
from keyplan.stores.labels import RETIRED, REVOKED
from tests.command_gcp.gcp_lives import Life

STEPS: dict[str, Callable[[Life], object]] = {
    "add": lambda life: life.added("c"),
    "promote": lambda life: life.waiting().promote(),
    "withdraw": lambda life: life.waiting().withdraw(),
    "go back": lambda life: life.store.go_back(life.key, life.look()),
    "retire": lambda life: life.shut("1", RETIRED),
    "revoke": lambda life: life.shut("2", REVOKED),
}


@pytest.mark.parametrize("step", STEPS)
def test_an_update_whose_answer_was_lost_is_found_done(step: str, life: Life) -> None:
    life.stored("a", "b")
    if step in ("promote", "withdraw"):
        life.added("c")
    life.lose_one("PATCH")
    STEPS[step](life)
    assert life.said == []
    expected = {
        "add": ({"current": 2, "previous": 1, "pending": 3}, "EEE"),
        "promote": ({"current": 3, "previous": 2}, "EEE"),
        "withdraw": ({"current": 2, "previous": 1}, "EED"),
        "go back": ({"current": 1, "previous": 2}, "EE"),
        "retire": ({"current": 2}, "DE"),
        "revoke": ({"current": 2, "previous": 1}, "ED"),
    }
    assert (life.aliases, life.states) == expected[step]


@pytest.mark.parametrize("step", STEPS)
def test_what_others_change_of_the_secret_meanwhile_stays(step: str, life: Life) -> None:
    life.stored("a", "b")
    if step in ("promote", "withdraw"):
        life.added("c")

    def relabel() -> None:
        life.secret.annotations["owner"] = "new@example.com"
        life.aliases["blue"] = 1

    life.meanwhile("PATCH", relabel)
    STEPS[step](life)
    assert life.secret.annotations["owner"] == "new@example.com"
    assert life.aliases["blue"] == 1


@pytest.mark.parametrize("step", STEPS)
def test_a_secret_that_changes_all_the_time_is_given_up_and_told(step: str, life: Life) -> None:
    """Whatever the state is by then, readers still get something, and the step can be done again."""
    life.stored("a", "b")
    if step in ("promote", "withdraw"):
        life.added("c")
    error = {"error": {"code": 400, "status": "FAILED_PRECONDITION", "message": "The etag does not match."}}
    life.google.answers["PATCH"] = (400, error)
    before = dict(life.aliases)
    if step == "withdraw":
        assert STEPS[step](life) is False
    else:
        with pytest.raises(ChangedMeanwhile):
            STEPS[step](life)
    assert life.aliases == before
    assert len([line for line in life.google.asked if line.startswith("PATCH")]) >= 3
    life.google.answers.clear()
    STEPS[step](life)
