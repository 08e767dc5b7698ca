"""Principals of a snapshot: IAM's list with all its pages, and the policies that it does not have."""

from __future__ import annotations

from typing import Any

import pytest

from keyplan.collecting import identities
from keyplan.collecting.calls import IAM_PAGING, Call
from keyplan.collecting.refusals import THROTTLED
from tests.collecting.fake_clients import FakeClients, asker_of, journal
from tests.collecting.world import ACCOUNT, client_error

DETAILS = Call(ACCOUNT, "", "iam", "GetAccountAuthorizationDetails", {"MaxItems": 1000})


def paged(*pages: dict[str, Any]) -> Any:
    """IAM's pages, by their marker."""

    def answer(call: Call) -> Any:
        return pages[int(call.parameters.get("Marker", 0))]

    return answer


def page(number: int, *, more: bool) -> dict[str, Any]:
    users = {"UserDetailList": [{"UserName": f"u{number}"}]}
    return (
        {**users, "IsTruncated": more, "Marker": str(number + 1)} if more else {**users, "IsTruncated": False}
    )


def test_every_page_of_a_list_is_read() -> None:
    clients = FakeClients(GetAccountAuthorizationDetails=paged(*(page(n, more=n < 2) for n in range(3))))
    details = identities.authorization_details(asker_of(clients), ACCOUNT)
    assert details is not None
    assert [each["UserName"] for each in details["UserDetailList"]] == ["u0", "u1", "u2"]
    assert "Unread" not in details


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ({"IsTruncated": True}, "the list is cut off: AWS did not say where it goes on"),
        (client_error("Throttling", "x"), THROTTLED),
        ({"IsTruncated": True, "Marker": "1"}, "the list goes in a circle: AWS gave the same page twice"),
    ],
    ids=["without a marker", "throttled", "in a circle"],
)
def test_a_list_that_is_cut_off_keeps_what_there_was_and_is_unread(second: Any, reason: str) -> None:
    first = page(0, more=True)
    clients = FakeClients(
        GetAccountAuthorizationDetails=lambda call: second if "Marker" in call.parameters else first
    )
    asker = asker_of(clients)
    details = identities.authorization_details(asker, ACCOUNT)
    assert details is not None
    assert details["UserDetailList"][0] == {"UserName": "u0"}
    assert details["Unread"] == list(identities.LISTS)
    assert [each.refusal.reason for each in asker.missing] == [reason]


def test_a_resumed_list_whose_marker_is_refused_begins_anew() -> None:
    kept = journal()
    kept.put(DETAILS.key, page(0, more=True))

    def answer(call: Call) -> Any:
        if call.parameters.get("Marker") == "1":
            return client_error("ValidationError", "x")
        return {"UserDetailList": [{"UserName": "fresh"}], "IsTruncated": False}

    asker = asker_of(FakeClients(GetAccountAuthorizationDetails=answer), kept)
    pages, is_whole = asker.pages(DETAILS, IAM_PAGING)
    assert ([each["UserDetailList"] for each in pages], is_whole) == ([[{"UserName": "fresh"}]], True)
    assert asker.missing == []


def test_a_policy_that_the_list_does_not_have_is_asked_by_itself() -> None:
    arn = "arn:aws:iam::aws:policy/PowerUserAccess"
    document = {"Version": "2012-10-17", "Statement": []}
    clients = FakeClients(
        GetAccountAuthorizationDetails={
            "RoleDetailList": [{"PermissionsBoundary": {"PermissionsBoundaryArn": arn}}],
            "IsTruncated": False,
        },
        GetPolicy={"Policy": {"Arn": arn, "PolicyName": "PowerUserAccess", "DefaultVersionId": "v5"}},
        GetPolicyVersion={"PolicyVersion": {"VersionId": "v5", "Document": document}},
    )
    details = identities.authorization_details(asker_of(clients), ACCOUNT)
    assert details is not None
    assert details["Policies"] == [
        {
            "Arn": arn,
            "PolicyName": "PowerUserAccess",
            "DefaultVersionId": "v5",
            "PolicyVersionList": [{"VersionId": "v5", "Document": document}],
        }
    ]


def test_a_policy_that_is_gone_is_missing_and_stops_nothing() -> None:
    attached = [{"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/gone"}]
    clients = FakeClients(
        GetAccountAuthorizationDetails={"UserDetailList": [{"AttachedManagedPolicies": attached}]},
        GetPolicy=client_error("NoSuchEntity", "x"),
    )
    asker = asker_of(clients)
    details = identities.authorization_details(asker, ACCOUNT)
    assert details is not None
    assert details["Policies"] == []
    assert [each.to_json()["reason"] for each in asker.missing] == ["there is no such thing any more"]
