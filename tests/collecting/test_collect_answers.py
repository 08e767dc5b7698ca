"""Answers as a snapshot keeps them, whatever AWS and the SDK say, and the snapshot of an empty account."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from keyplan.collecting import organization
from keyplan.collecting.calls import plain
from keyplan.collecting.collection import Scope, collect
from tests.collecting.fake_clients import FakeClients, asker_of
from tests.collecting.world import ACCOUNT, REGION, client_error


def test_an_account_with_nothing_at_all_is_a_whole_snapshot() -> None:
    clients = FakeClients(
        GetAccountAuthorizationDetails={"IsTruncated": False},
        ListSecrets={"SecretList": []},
        DescribeOrganization=client_error(organization.IN_NONE, "x"),
    )
    scope = Scope(ACCOUNT, "aws", [ACCOUNT], {}, [REGION], "2026-11-22T01:02:03Z", "arn:aws:iam::1:user/x")
    found = collect(asker_of(clients), scope)
    assert (found["secrets"], found["kms_keys"], found["missing"], found["scps"]) == ([], [], [], None)


MOMENTS = st.datetimes(timezones=st.just(UTC)) | st.dates()
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary() | MOMENTS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    max_leaves=20,
)


@given(ANYTHING)
def test_any_answer_can_be_kept(answer: Any) -> None:
    kept = plain(answer)
    assert json.loads(json.dumps(kept)) == kept


def test_dates_are_kept_as_text_and_descriptions_not_at_all() -> None:
    answer = {
        "ResponseMetadata": {"RequestId": "x"},
        "Description": "anybody's text",
        "CreateDate": datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC),
        "Day": date(2026, 11, 22),
        "PolicyDocument": {"Description": "kept as it is"},
    }
    assert plain(answer) == {
        "CreateDate": "2026-11-22T01:02:03Z",
        "Day": "2026-11-22",
        "PolicyDocument": {"Description": "kept as it is"},
    }
