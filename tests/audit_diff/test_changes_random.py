"""Two random accounts compared: whole sets against pair by pair, and what must hold of every comparison."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from keyplan.audit.chains import reached, reaches
from keyplan.audit.changes import Presence, changes, comparable, difference
from keyplan.audit.estate import Estate
from keyplan.audit.matrix import graph_of, reach
from keyplan.audit.policies.grades import NOTHING, Verdict, everywhere
from tests.audit.random_accounts import accounts

# As in the tests of the engine: to shrink an account takes minutes and says little.
SLOW = settings(
    deadline=None,
    max_examples=10,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TABLES = ("secrets", "kms_keys", "scps")
LISTS = ("UserDetailList", "RoleDetailList", "GroupDetailList", "Policies")
Pair = tuple[str, str]


@st.composite
def changed_accounts(draw: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An account, and the same with some tables of another one, in another order and without some entries."""
    old, other = draw(accounts()), draw(accounts())
    new = {**old, **{name: other[name] for name in TABLES if draw(st.booleans())}}
    details = dict(old["authorization_details"])
    for name in LISTS:
        if draw(st.booleans()):
            details[name] = other["authorization_details"][name]
    for place, name in ((new, "secrets"), (details, "RoleDetailList"), (details, "UserDetailList")):
        kept = draw(st.lists(st.booleans(), min_size=len(place[name]), max_size=len(place[name])))
        order = draw(st.permutations(place[name]))
        place[name] = [each for each, keep in zip(order, kept, strict=True) if keep] or place[name]
    return old, {**new, "authorization_details": details}


def _verdicts(estate: Estate) -> dict[Pair, tuple[str, tuple[str, ...]]]:
    """By pair: the best verdict, and the way."""
    return {
        (each["principal"], each["secret"]): (each["verdict"], tuple(each["path"]))
        for each in reach(estate, graph_of(estate))
    }


@SLOW
@given(changed_accounts())
def test_whole_sets_differ_where_the_results_differ_pair_by_pair(
    both: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    old, new = comparable(*both)
    before, after = _verdicts(old), _verdicts(new)
    nothing = ("deny", ())
    expected = {
        pair: (before.get(pair, nothing)[0], after.get(pair, nothing)[0])
        for pair in {*before, *after}
        if before.get(pair, nothing)[0] != after.get(pair, nothing)[0]
    }
    found = changes(old, new)
    assert {(each.principal, each.secret): (each.before.word, each.after.word) for each in found} == expected
    assert len(found) == len(expected)
    for each in found:
        pair = (each.principal, each.secret)
        closed = each.after < each.before and each.after is not Verdict.UNKNOWN
        assert each.path == (before if closed else after)[pair][1]


@SLOW
@given(changed_accounts())
def test_turned_around_what_opened_closed_and_nothing_differs_from_itself(
    both: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    old, new = comparable(*both)
    forth, back = difference(old, new), difference(new, old)
    turned = {Presence.NEW: Presence.GONE, Presence.GONE: Presence.NEW, Presence.BOTH: Presence.BOTH}
    assert {
        (each.principal, each.secret, each.before, each.after, each.principal_is, each.secret_is)
        for each in forth.access
    } == {
        (
            each.principal,
            each.secret,
            each.after,
            each.before,
            turned[each.principal_is],
            turned[each.secret_is],
        )
        for each in back.access
    }
    assert forth.principals == {arn: turned[each] for arn, each in back.principals.items()}
    assert forth.secrets == {arn: turned[each] for arn, each in back.secrets.items()}
    same = difference(*comparable(both[1], both[1]))
    assert (same.all, same.principals, same.secrets) == ((), {}, {})


@SLOW
@given(accounts())
def test_whole_sets_that_are_reached_are_those_of_the_walk(snapshot: dict[str, Any]) -> None:
    estate, _ = comparable(snapshot, snapshot)
    graph = graph_of(estate)
    for number, grades in enumerate(reached(graph)):
        walked = NOTHING
        for each in reaches(graph, number):
            walked = walked.join(everywhere(1 << each.secret, each.verdict))
        assert grades == walked
