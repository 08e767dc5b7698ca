"""Which credential opens what: the vendor's models and messages, its gateway, and a generic check."""

from __future__ import annotations

import pytest

from sandbox.vendor_server import CreatedKey, Kind, VendorServer, VendorWorld
from sandbox.vendor_server.world import DEFAULT_WORKSPACE, ORGANIZATION_ID
from tests.sandbox_vendor.asking import OLD_VERSION, ask

MESSAGE = {"model": "claude-sonnet-4-6", "max_tokens": 8, "messages": [{"role": "user", "content": "hello"}]}


@pytest.mark.parametrize("bearer", [False, True], ids=["x-api-key", "bearer"])
@pytest.mark.parametrize("version", [OLD_VERSION, "2026-10-21"])
def test_a_live_key_lists_models_and_is_told_where_it_belongs(
    server: VendorServer, key: CreatedKey, bearer: bool, version: str
) -> None:
    reply = ask(server.url, "/v1/models", key.value, bearer=bearer, version=version)
    assert reply.status == 200
    assert [model["type"] for model in reply.body["data"]] == ["model"] * 3
    assert reply.headers["anthropic-organization-id"] == ORGANIZATION_ID
    assert reply.headers["anthropic-workspace-id"] == DEFAULT_WORKSPACE
    assert reply.headers["request-id"].startswith("req_01")


def test_a_request_without_a_version_is_none(server: VendorServer, key: CreatedKey) -> None:
    reply = ask(server.url, "/v1/models", key.value, version=None)
    assert (reply.status, reply.error) == (400, "invalid_request_error")


def test_an_error_has_the_vendors_shape(server: VendorServer) -> None:
    reply = ask(server.url, "/v1/models", "sk-ant-" + "api03-" + "x" * 93 + "AA")
    assert reply.status == 401
    assert reply.body == {
        "type": "error",
        "error": {"type": "authentication_error", "message": "invalid x-api-key"},
        "request_id": reply.headers["request-id"],
    }


@pytest.mark.parametrize("status", ["inactive", "archived"])
def test_a_key_that_was_ended_opens_nothing_from_that_moment_on(
    world: VendorWorld, server: VendorServer, key: CreatedKey, status: str
) -> None:
    world.change(key.key.id, status=status)
    assert ask(server.url, "/v1/models", key.value).status == 401


def test_a_key_ends_by_itself_when_its_time_has_come(world: VendorWorld, server: VendorServer) -> None:
    short = world.create_key("short", expires_in_seconds=3600)
    assert ask(server.url, "/v1/models", short.value).status == 200
    assert world.age(3000) == []
    assert ask(server.url, "/v1/models", short.value).status == 200
    assert world.age(600) == ["short"]
    assert ask(server.url, "/v1/models", short.value).status == 401


def test_a_key_of_no_workspace_has_to_name_one(world: VendorWorld, server: VendorServer) -> None:
    free = world.create_key("free", workspace=None)
    assert ask(server.url, "/v1/models", free.value).error == "invalid_request_error"
    named = ask(server.url, "/v1/models", free.value, headers={"anthropic-workspace-id": "wrkspc_01Other"})
    assert (named.status, named.headers["anthropic-workspace-id"]) == (200, "wrkspc_01Other")


def test_a_key_of_a_workspace_is_refused_in_another(world: VendorWorld, server: VendorServer) -> None:
    own = world.create_key("own", workspace="wrkspc_01Own")
    for workspace, status in (("wrkspc_01Own", 200), ("wrkspc_01Other", 403)):
        asked = ask(server.url, "/v1/models", own.value, headers={"anthropic-workspace-id": workspace})
        assert asked.status == status


def test_a_message_is_answered_and_counted(world: VendorWorld, server: VendorServer, key: CreatedKey) -> None:
    reply = ask(server.url, "/v1/messages", key.value, body=MESSAGE)
    assert (reply.status, reply.body["stop_reason"]) == (200, "end_turn")
    assert [use.key_id for use in world.uses()] == [key.key.id]
    missing = ask(server.url, "/v1/messages", key.value, body={"model": "claude-sonnet-4-6"})
    assert (missing.status, missing.error) == (400, "invalid_request_error")
    assert ask(server.url, "/v1/messages", key.value, body=b"{").status == 400
    assert ask(server.url, "/v1/messages", key.value, body={**MESSAGE, "model": "gone"}).status == 404


def test_looking_at_models_is_no_use(world: VendorWorld, server: VendorServer, key: CreatedKey) -> None:
    ask(server.url, "/v1/models", key.value)
    assert world.uses() == []


def test_each_kind_of_credential_opens_its_own_place_alone(world: VendorWorld, server: VendorServer) -> None:
    created = {kind: world.create_key(kind.value, kind=kind) for kind in Kind}
    places = {
        Kind.API: "/v1/models",
        Kind.ADMIN: "/v1/organizations/me",
        Kind.GATEWAY: "/gateway/v1/models",
        Kind.GENERIC: "/generic/check",
    }
    opened = {
        (kind, place)
        for kind, one in created.items()
        for place in places.values()
        if ask(server.url, place, one.value, bearer=True).status == 200
    }
    assert opened == set(places.items())


def test_a_gateway_takes_a_bearer_token_alone_and_says_nothing_of_an_organization(
    world: VendorWorld, server: VendorServer
) -> None:
    token = world.create_key("gateway", kind=Kind.GATEWAY)
    assert ask(server.gateway_url, "/v1/models", token.value).status == 401
    reply = ask(server.gateway_url, "/v1/models", token.value, bearer=True)
    assert reply.status == 200
    assert "anthropic-organization-id" not in reply.headers


def test_a_generic_token_may_come_in_a_header_of_its_own(world: VendorWorld, server: VendorServer) -> None:
    token = world.create_key("other", kind=Kind.GENERIC)
    assert ask(server.check_url, "", headers={"x-other-token": token.value}).status == 200
    assert ask(server.check_url, "", headers={"x-other-token": "tok-wrong"}).status == 401


@pytest.mark.parametrize("header", [{"origin": "https://example.com"}, {"host": "sandbox.example.com:80"}])
def test_a_page_in_a_browser_is_refused(
    server: VendorServer, key: CreatedKey, header: dict[str, str]
) -> None:
    assert ask(server.url, "/v1/models", key.value, headers=header).status == 403


def test_values_have_the_forms_that_checks_know(world: VendorWorld) -> None:
    from keyplan.vendors import anthropic

    anthropic.check(world.create_key("one").value, None)
    lengths = {kind: len(world.create_key("x", kind=kind).value) for kind in (Kind.API, Kind.ADMIN)}
    assert lengths == {Kind.API: 108, Kind.ADMIN: 110}


def test_a_created_key_shows_its_value_to_whoever_asks_for_it_alone(key: CreatedKey) -> None:
    assert key.value not in repr(key)
    assert key.key.hint == f"sk-ant-api03-{key.value[13:16]}...{key.value[-4:]}"
