"""An organization's part of a snapshot: who is in it, and the policies that control accounts, by level."""

from __future__ import annotations

from typing import Any

import pytest

from keyplan.collecting import organization
from keyplan.collecting.calls import NEXT_TOKEN, Call
from tests.collecting.fake_clients import FakeClients, asker_of
from tests.collecting.world import ACCOUNT, OTHER, client_error

MEMBER = {"Id": "o-1", "MasterAccountId": OTHER}
ELSEWHERE = {"Id": "o-1", "MasterAccountId": "999999999999"}
NOBODYS: dict[str, Any] = {}


def tree(**more: Any) -> FakeClients:
    """The management account OTHER, and ACCOUNT in an organizational unit."""
    parents = {ACCOUNT: "ou-1", "ou-1": "r-1", OTHER: "r-1"}

    def policies(call: Call) -> Any:
        name = f"{call.parameters['Filter'][0]} at {call.parameters['TargetId']}"
        return {"Policies": [{"Id": f"p-{name}", "Name": name}]}

    answers: dict[str, Any] = {
        "ListRoots": {
            "Roots": [
                {
                    "Id": "r-1",
                    "PolicyTypes": [
                        {"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"},
                        {"Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED"},
                    ],
                }
            ]
        },
        "ListAccounts": {"Accounts": [{"Id": ACCOUNT}, {"Id": OTHER}]},
        "ListParents": lambda call: {"Parents": [{"Id": parents[call.parameters["ChildId"]]}]},
        "ListPoliciesForTarget": policies,
        "DescribePolicy": lambda call: {"Policy": {"Content": call.parameters["PolicyId"]}},
    }
    return FakeClients(**{**answers, **more})


def of_organization(clients: FakeClients, memberships: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    asker = asker_of(clients)
    found = organization.part_of_snapshot(asker, ACCOUNT, memberships)
    return found, [each.call.action.partition(":")[2] for each in asker.missing]


def test_controls_are_listed_by_level_from_the_root() -> None:
    found, missing = of_organization(tree(), {ACCOUNT: MEMBER, OTHER: MEMBER})
    assert missing == []
    assert found["organization"] == {
        "Id": "o-1",
        "ManagementAccountId": OTHER,
        "Accounts": [ACCOUNT, OTHER],
        "Paths": {ACCOUNT: "o-1/r-1/ou-1/", OTHER: "o-1/r-1/"},
    }
    for kind, letter in (("scps", "S"), ("rcps", "R")):
        assert found[kind] == {
            OTHER: [],
            ACCOUNT: [
                {
                    "level": level,
                    "policies": [
                        {
                            "Name": f"{letter} at {level}",
                            "Id": f"p-{letter} at {level}",
                            "Content": f"p-{letter} at {level}",
                        }
                    ],
                }
                for level in ("r-1", "ou-1", ACCOUNT)
            ],
        }


def test_the_management_account_is_asked_where_it_can_be() -> None:
    clients = tree()
    of_organization(clients, {ACCOUNT: MEMBER, OTHER: MEMBER})
    assert {call.account for call in clients.sent} == {OTHER}


def test_a_type_of_policy_that_is_off_controls_nothing() -> None:
    roots = {"Roots": [{"Id": "r-1", "PolicyTypes": []}]}
    found, _ = of_organization(tree(ListRoots=roots), {ACCOUNT: MEMBER})
    assert (found["scps"], found["rcps"]) == ({ACCOUNT: []}, {ACCOUNT: []})


@pytest.mark.parametrize("refused", ["ListRoots", "ListParents"])
def test_where_the_tree_cannot_be_read_controls_are_unread_and_not_absent(refused: str) -> None:
    found, missing = of_organization(
        tree(**{refused: client_error("AccessDeniedException", "x")}), {ACCOUNT: MEMBER}
    )
    assert missing == [refused]
    assert (found["scps"], found["rcps"]) == ({ACCOUNT: None}, {ACCOUNT: None})
    assert found["organization"]["Id"] == "o-1"


def test_a_level_and_a_policy_that_cannot_be_read_have_no_content() -> None:
    refused = client_error("AccessDeniedException", "x")
    found, _ = of_organization(tree(ListPoliciesForTarget=refused), {ACCOUNT: MEMBER})
    assert found["scps"][ACCOUNT] == [{"level": "r-1"}, {"level": "ou-1"}, {"level": ACCOUNT}]
    found, _ = of_organization(tree(DescribePolicy=refused), {ACCOUNT: MEMBER})
    assert [each["Content"] for level in found["scps"][ACCOUNT] for each in level["policies"]] == [None] * 3


def test_an_account_that_may_not_read_the_tree_is_not_missing_where_another_may() -> None:
    def roots(call: Call) -> Any:
        if call.account == ACCOUNT:
            return client_error("AccessDeniedException", "x")
        return {"Roots": [{"Id": "r-1", "PolicyTypes": []}]}

    _, missing = of_organization(tree(ListRoots=roots), {ACCOUNT: ELSEWHERE, OTHER: ELSEWHERE})
    assert missing == []


@pytest.mark.parametrize(
    ("memberships", "scps", "organization_id"),
    [
        ({ACCOUNT: NOBODYS, OTHER: NOBODYS}, None, None),
        ({ACCOUNT: NOBODYS, OTHER: MEMBER}, {ACCOUNT: [], OTHER: None}, None),
        ({ACCOUNT: None}, {ACCOUNT: None}, None),
        ({ACCOUNT: None, OTHER: NOBODYS}, {ACCOUNT: None, OTHER: []}, None),
        ({ACCOUNT: ELSEWHERE, OTHER: {"Id": "o-2"}}, {ACCOUNT: None, OTHER: None}, "o-1"),
    ],
    ids=["in none", "another is in one", "not told", "one not told", "another organization"],
)
def test_what_accounts_say_of_their_organization_decides_what_is_unknown(
    memberships: Any, scps: Any, organization_id: str | None
) -> None:
    found, _ = of_organization(FakeClients(), memberships)
    assert (found["scps"], found["rcps"]) == (scps, scps)
    assert (found["organization"] or {}).get("Id") == organization_id


def test_an_account_that_gave_no_answer_is_found_in_the_list_of_its_organization() -> None:
    found, _ = of_organization(tree(), {ACCOUNT: None, OTHER: MEMBER})
    assert found["organization"]["Paths"][ACCOUNT] == "o-1/r-1/ou-1/"


def test_parents_that_go_in_a_circle_are_unread() -> None:
    clients = tree(ListParents={"Parents": [{"Id": "ou-1"}]})
    found, _ = of_organization(clients, {ACCOUNT: MEMBER})
    assert found["scps"] == {ACCOUNT: None}


def test_a_page_without_entries_is_not_the_last_one() -> None:
    """Organizations documents that a page may be empty although there is more."""
    pages = {"": {"Accounts": [], "NextToken": "a"}, "a": {"Accounts": [{"Id": ACCOUNT}]}}
    clients = FakeClients(ListAccounts=lambda call: pages[call.parameters.get("NextToken", "")])
    assert organization.accounts_of(asker_of(clients), OTHER) == [ACCOUNT]
    call = Call(OTHER, "", "organizations", "ListAccounts")
    assert len(asker_of(clients).pages(call, NEXT_TOKEN)[0]) == 2
