"""Faults happen to the requests they are meant for, over real connections, and the record tells of all."""

from __future__ import annotations

import http.client
import socket
import time
from typing import Any

import pytest

from sandbox.vendor_server import CreatedKey, Cut, Fault, VendorServer, VendorWorld, serve
from sandbox.vendor_server.errors import VendorRefusalError
from tests.sandbox_vendor.asking import ask

KEYS = "/v1/organizations/api_keys"


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        (Fault.answer(401), 401, "authentication_error"),
        (Fault.answer(403), 403, "permission_error"),
        (Fault.answer(404), 404, "not_found_error"),
        (Fault.answer(402), 402, "billing_error"),
        (Fault.usage_limit(), 400, "invalid_request_error"),
        (Fault.throttled(3), 429, "rate_limit_error"),
        (Fault.answer(500), 500, "api_error"),
        (Fault.overloaded(), 529, "overloaded_error"),
    ],
)
def test_a_fault_is_one_answer_and_then_all_is_well(
    world: VendorWorld, server: VendorServer, key: CreatedKey, fault: Fault, status: int, kind: str
) -> None:
    world.faults.add(fault)
    reply = ask(server.url, "/v1/models", key.value)
    assert (reply.status, reply.error) == (status, kind)
    assert ask(server.url, "/v1/models", key.value).status == 200


@pytest.mark.parametrize("given", [2, "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_throttling_says_when_to_come_back(
    world: VendorWorld, server: VendorServer, key: CreatedKey, given: Any
) -> None:
    world.faults.add(Fault.throttled(given))
    assert ask(server.url, "/v1/models", key.value).headers["retry-after"] == str(given)


def test_a_fault_waits_for_its_method_path_and_turn(
    world: VendorWorld, server: VendorServer, key: CreatedKey, admin: CreatedKey
) -> None:
    world.faults.add(Fault.answer(500, path=KEYS, method="POST", skip=1, times=2))
    path = f"{KEYS}/{key.key.id}"
    asked = [(None, 200), ({}, 200), (None, 200), ({}, 500), ({}, 500), ({}, 200)]
    for body, status in asked:
        assert ask(server.url, path, admin.value, body=body).status == status
    assert ask(server.url, "/v1/models", key.value).status == 200


def test_a_fault_without_an_end_lasts_until_it_is_cleared(
    world: VendorWorld, server: VendorServer, key: CreatedKey
) -> None:
    world.faults.add(Fault.overloaded(times=None))
    assert {ask(server.url, "/v1/models", key.value).status for _ in range(4)} == {529}
    world.faults.clear()
    assert ask(server.url, "/v1/models", key.value).status == 200


@pytest.mark.parametrize(
    ("where", "failure"),
    [(Cut.BEFORE, http.client.RemoteDisconnected), (Cut.MIDWAY, http.client.IncompleteRead)],
)
def test_a_connection_is_cut(
    world: VendorWorld, server: VendorServer, key: CreatedKey, where: Cut, failure: type[Exception]
) -> None:
    world.faults.add(Fault.cut_off(where))
    with pytest.raises(failure):
        ask(server.url, "/v1/models", key.value)


@pytest.mark.parametrize(("applies", "after"), [(True, "inactive"), (False, "active")])
def test_an_answer_can_be_lost_after_or_instead_of_the_change(
    world: VendorWorld, server: VendorServer, key: CreatedKey, admin: CreatedKey, applies: bool, after: str
) -> None:
    world.faults.add(Fault.answer(500, method="POST", applies=applies))
    reply = ask(server.url, f"{KEYS}/{key.key.id}", admin.value, body={"status": "inactive"})
    assert reply.status == 500
    assert world.key(key.key.id).status == after


def test_a_slow_answer_comes_later_and_ends_with_the_server(world: VendorWorld, key: CreatedKey) -> None:
    world.faults.add(Fault.slow(600))
    with serve(world) as server:
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        request = f"GET /v1/models HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\n\r\n"
        connection.sendall(request.encode())
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    connection.settimeout(20)
    assert connection.recv(12) == b"HTTP/1.1 400"
    connection.close()


def test_a_proxys_page_can_come_instead_of_json(
    world: VendorWorld, server: VendorServer, key: CreatedKey
) -> None:
    world.faults.add(Fault(status=502, body=b"<html>bad gateway</html>"))
    reply = ask(server.url, "/v1/models", key.value)
    assert (reply.status, reply.body) == (502, b"<html>bad gateway</html>")


def test_the_record_tells_who_asked_and_keeps_no_credential(
    world: VendorWorld, server: VendorServer, key: CreatedKey
) -> None:
    ask(server.url, "/v1/models", key.value, bearer=True, limit=5)
    ask(server.url, "/v1/models", headers={"x-other-token": key.value})
    world.faults.add(Fault.cut_off(Cut.BEFORE))
    with pytest.raises(http.client.RemoteDisconnected):
        ask(server.url, "/v1/models", key.value)
    seen = [(one.credential, one.key_id, one.status) for one in world.requests]
    assert seen == [("bearer", key.key.id, 200), (None, None, 401), ("x-api-key", key.key.id, 0)]
    assert world.requests[0].query == {"limit": ["5"]}
    assert world.requests[0].headers["anthropic-version"] == "2026-10-21"
    assert key.value not in repr(world.requests)


def test_a_failure_of_the_server_is_a_500_and_heard_of(key: CreatedKey, world: VendorWorld) -> None:
    heard: list[Exception] = []

    def break_down() -> float:
        raise RuntimeError("a clock without hands")

    with serve(world, on_failure=heard.append) as server:
        world.now = break_down
        assert ask(server.url, "/v1/models", key.value).error == "api_error"
    assert [type(failure) for failure in heard] == [RuntimeError]


def test_a_body_that_is_too_large_is_refused(server: VendorServer, key: CreatedKey) -> None:
    headers = {"content-length": str(10**9)}
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection.sendall(f"POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\n{head}\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_connections_are_kept(server: VendorServer, key: CreatedKey) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {"x-api-key": key.value, "anthropic-version": "2026-10-21"}
    sockets = set()
    for _ in range(3):
        connection.request("GET", "/v1/models", headers=headers)
        assert connection.getresponse().read()
        sockets.add(connection.sock)
    connection.close()
    assert len(sockets) == 1


def test_two_keys_cannot_have_one_value(world: VendorWorld, key: CreatedKey) -> None:
    with pytest.raises(ValueError, match="already"):
        world.create_key("other", value=key.value)
    with pytest.raises(VendorRefusalError):
        world.key("apikey_01Nobody")


def test_it_closes_in_time_although_a_client_stays(world: VendorWorld) -> None:
    server = serve(world)
    idle = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    started = time.monotonic()
    server.close()
    idle.close()
    assert time.monotonic() - started < 20, "it waited for a client that says nothing"
