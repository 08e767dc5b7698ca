"""The Admin API: the list of keys with its pages and filters, changes, and the report of use."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.vendor_server import CreatedKey, Fault, VendorServer, VendorWorld
from sandbox.vendor_server.requests import Request
from sandbox.vendor_server.usage import Use, report
from sandbox.vendor_server.world import DEFAULT_WORKSPACE
from tests.sandbox_vendor.asking import OLD_VERSION, ask

KEYS = "/v1/organizations/api_keys"
USAGE = "/v1/organizations/usage_report/messages"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TYPES: dict[str, Any] = json.loads(Path(__file__).with_name("anthropic_types.json").read_text("utf-8"))


def at_noon(world: VendorWorld) -> None:
    """Let the vendor's clock stand: at midnight, a report's day would be another than that of the use."""
    world.now = NOON.timestamp


def _fits(answer: Any, type_name: str) -> None:
    """It is what the official client reads, and has no field that the client does not know."""
    jsonschema.validate(answer, TYPES[type_name])
    assert set(answer) <= set(TYPES[type_name]["properties"])


def test_answers_are_of_the_official_clients_types(
    world: VendorWorld, server: VendorServer, key: CreatedKey, admin: CreatedKey
) -> None:
    world.create_key("free", workspace=None, expires_in_seconds=60)
    for shown in ask(server.url, KEYS, admin.value).body["data"]:
        _fits(shown, "APIKey")
    for model in ask(server.url, "/v1/models", key.value).body["data"]:
        _fits(model, "ModelInfo")
    _fits(ask(server.url, "/v1/organizations/me", admin.value).body, "OrganizationInfo")
    for status in (400, 401, 402, 403, 404, 429, 500, 504, 529):
        world.faults.add(Fault.answer(status))
        _fits(ask(server.url, "/v1/models", key.value).body, "ErrorResponse")


def test_an_older_version_shows_the_workspace_in_its_own_field(
    world: VendorWorld, server: VendorServer, key: CreatedKey, admin: CreatedKey
) -> None:
    world.create_key("other", workspace="wrkspc_01Other")
    shown = ask(server.url, KEYS, admin.value, version=OLD_VERSION).body["data"]
    assert {one["name"]: one["workspace_id"] for one in shown} == {
        key.key.name: None,
        "other": "wrkspc_01Other",
    }
    assert not any("scope" in one for one in shown)


def test_an_ordinary_key_may_not_administer(server: VendorServer, key: CreatedKey) -> None:
    for path in (KEYS, "/v1/organizations/me", USAGE):
        assert ask(server.url, path, key.value).status == 401


def test_admin_keys_are_not_listed(server: VendorServer, key: CreatedKey, admin: CreatedKey) -> None:
    assert [one["id"] for one in ask(server.url, KEYS, admin.value).body["data"]] == [key.key.id]
    assert ask(server.url, f"{KEYS}/{admin.key.id}", admin.value).status == 404


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 1000])
def test_pages_show_every_key_once_in_both_directions(
    world: VendorWorld, server: VendorServer, admin: CreatedKey, limit: int
) -> None:
    names = [f"key-{number}" for number in range(5)]
    for name in names:
        world.create_key(name)
    forwards, backwards = [], []
    page = ask(server.url, KEYS, admin.value, limit=limit).body
    forwards += page["data"]
    while page["has_more"]:
        page = ask(server.url, KEYS, admin.value, limit=limit, after_id=page["last_id"]).body
        forwards += page["data"]
    assert sorted(one["name"] for one in forwards) == names
    has_more, first = True, forwards[-1]["id"]
    while has_more:
        page = ask(server.url, KEYS, admin.value, limit=limit, before_id=first).body
        backwards = [*page["data"], *backwards]
        has_more, first = page["has_more"], page["first_id"]
    assert backwards == forwards[:-1]


def test_keys_are_filtered_by_status_and_workspace(
    world: VendorWorld, server: VendorServer, key: CreatedKey, admin: CreatedKey
) -> None:
    other = world.create_key("other", workspace="wrkspc_01Other", expires_in_seconds=1)
    world.age(2)
    world.change(key.key.id, status="inactive")

    def found(**asked: str) -> list[str]:
        return [one["name"] for one in ask(server.url, KEYS, admin.value, **asked).body["data"]]

    assert found(status="inactive") == [key.key.name]
    assert found(status="expired") == [other.key.name]
    assert found(status="active") == []
    assert found(workspace_id="wrkspc_01Other") == [other.key.name]
    assert ask(server.url, KEYS, admin.value, status="dead").status == 400
    assert ask(server.url, KEYS, admin.value, limit=1001).status == 400


def test_a_key_is_ended_renamed_and_made_active_again(
    server: VendorServer, key: CreatedKey, admin: CreatedKey
) -> None:
    path = f"{KEYS}/{key.key.id}"
    for body in ({"status": "inactive"}, {"status": "inactive"}, {"name": "renamed"}, {"status": "active"}):
        reply = ask(server.url, path, admin.value, body=body)
        assert reply.status == 200
        assert {name: reply.body[name] for name in body} == body
    assert ask(server.url, path, admin.value).body["name"] == "renamed"


@pytest.mark.parametrize("body", [{"status": "deleted"}, {"status": "expired"}, {"name": 5}, b"nonsense"])
def test_a_change_that_cannot_be_is_refused(
    server: VendorServer, key: CreatedKey, admin: CreatedKey, body: Any
) -> None:
    reply = ask(server.url, f"{KEYS}/{key.key.id}", admin.value, body=body)
    assert (reply.status, reply.error) == (400, "invalid_request_error")


def test_a_key_that_expired_or_was_archived_stays_so(
    world: VendorWorld, server: VendorServer, key: CreatedKey, admin: CreatedKey
) -> None:
    gone = world.create_key("gone", expires_in_seconds=1).key
    world.age(2)
    world.change(key.key.id, status="archived")
    for each in (gone, key.key):
        assert ask(server.url, f"{KEYS}/{each.id}", admin.value, body={"status": "active"}).status == 400


def test_an_id_that_nobody_has_is_not_found(server: VendorServer, admin: CreatedKey) -> None:
    for body in (None, {"status": "inactive"}):
        reply = ask(server.url, f"{KEYS}/apikey_01Nobody", admin.value, body=body)
        assert (reply.status, reply.error) == (404, "not_found_error")


def test_use_is_reported_for_each_key(
    world: VendorWorld, server: VendorServer, key: CreatedKey, admin: CreatedKey
) -> None:
    at_noon(world)
    other = world.create_key("other", workspace="wrkspc_01Other")
    world.use(key.key, tokens=5)
    world.use(key.key, tokens=6)
    world.use(other.key)
    day = NOON.strftime("%Y-%m-%dT00:00:00Z")
    asked = {"starting_at": day, "group_by[]": ["api_key_id", "workspace_id"]}
    (bucket,) = ask(server.url, USAGE, admin.value, **asked).body["data"]
    assert bucket["starting_at"] == day
    by_key = {one["api_key_id"]: one for one in bucket["results"]}
    assert by_key[key.key.id]["uncached_input_tokens"] == 11
    assert by_key[key.key.id]["workspace_id"] is None, "the default workspace has no id in the report"
    assert by_key[other.key.id]["workspace_id"] == "wrkspc_01Other"
    assert by_key[other.key.id]["model"] is None
    only = ask(server.url, USAGE, admin.value, **asked, **{"api_key_ids[]": [other.key.id]}).body["data"]
    assert [one["api_key_id"] for one in only[0]["results"]] == [other.key.id]


def test_use_gets_older_with_time(
    world: VendorWorld, server: VendorServer, key: CreatedKey, admin: CreatedKey
) -> None:
    world.use(key.key)
    world.age(40 * 86400)
    since = (datetime.now(UTC) - timedelta(days=45)).strftime("%Y-%m-%dT%H:%M:%SZ")
    page = ask(server.url, USAGE, admin.value, starting_at=since, limit=31).body
    used = [bucket for bucket in page["data"] if bucket["results"]]
    assert len(used) == 1
    assert page["has_more"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"starting_at": "yesterday"},
        {"starting_at": "2026-11-21T00:00:00"},
        {"starting_at": "2026-11-21T00:00:00Z", "ending_at": "2026-11-20T00:00:00Z"},
        {"starting_at": "2026-11-21T00:00:00Z", "bucket_width": "1w"},
        {"starting_at": "2026-11-21T00:00:00Z", "limit": "32"},
        {"starting_at": "2026-11-21T00:00:00Z", "group_by[]": "colour"},
        {"starting_at": "2026-11-21T00:00:00Z", "page": "page_nonsense"},
    ],
    ids=str,
)
def test_a_report_that_cannot_be_is_refused(
    server: VendorServer, admin: CreatedKey, asked: dict[str, str]
) -> None:
    reply = ask(server.url, USAGE, admin.value, **asked)
    assert (reply.status, reply.error) == (400, "invalid_request_error")


NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC).timestamp()
MOMENTS = st.floats(NOW - 20 * 86400, NOW)


@given(
    moments=st.lists(st.tuples(MOMENTS, st.sampled_from(["apikey_1", "apikey_2"])), max_size=30),
    width=st.sampled_from(["1h", "1d"]),
    limit=st.integers(1, 31),
)
def test_pages_of_a_report_add_up_to_the_use(
    moments: list[tuple[float, str]], width: str, limit: int
) -> None:
    uses = [Use(at, key_id, DEFAULT_WORKSPACE, "m", 1, 2) for at, key_id in moments]
    start = datetime.fromtimestamp(NOW - 21 * 86400, UTC).isoformat()
    query = {
        "starting_at": [start],
        "bucket_width": [width],
        "limit": [str(limit)],
        "group_by[]": ["api_key_id"],
    }
    buckets, page = [], {"has_more": True, "next_page": None}
    while page["has_more"]:
        asked = {**query, **({"page": [page["next_page"]]} if page["next_page"] else {})}
        page = report(uses, Request("GET", USAGE, asked, {}, b""), NOW, DEFAULT_WORKSPACE)
        buckets += page["data"]
        assert len(page["data"]) <= limit
    starts = [bucket["starting_at"] for bucket in buckets]
    assert starts == sorted(set(starts))
    assert all(one["ending_at"] == two["starting_at"] for one, two in pairwise(buckets))
    added: dict[str, int] = {}
    for bucket in buckets:
        for one in bucket["results"]:
            added[one["api_key_id"]] = added.get(one["api_key_id"], 0) + one["output_tokens"]
    expected: dict[str, int] = {}
    for _, key_id in moments:
        expected[key_id] = expected.get(key_id, 0) + 2
    assert added == expected


def test_a_bucket_that_is_not_over_before_the_end_is_left_out(
    world: VendorWorld, server: VendorServer, key: CreatedKey, admin: CreatedKey
) -> None:
    at_noon(world)
    world.use(key.key)
    asked = {"starting_at": (NOON - timedelta(days=2)).isoformat(), "ending_at": NOON.isoformat()}
    assert not any(b["results"] for b in ask(server.url, USAGE, admin.value, **asked).body["data"])
    asked["ending_at"] = (NOON + timedelta(days=1)).isoformat()
    assert any(b["results"] for b in ask(server.url, USAGE, admin.value, **asked).body["data"])
