"""Asking a vendor about a value, whatever the vendor and the network do."""

from __future__ import annotations

import email.utils
import io
import time
from http.server import BaseHTTPRequestHandler

import pytest

from keyplan.errors import ManifestError, UsageError
from keyplan.http.exchange import _Deadline
from keyplan.secret_value import SecretValue
from keyplan.vendors.talk import retry_after_seconds
from keyplan.vendors.verdicts import Verdict
from sandbox.vendor_server import Cut, Fault, VendorServer, VendorWorld
from tests.vendors.asking import RawServer, Way, asked, key_at, key_of, manifest_with, new_value


class TestTriedAgain:
    """Waits are recorded, not waited."""

    @pytest.mark.parametrize(
        "fault",
        [
            Fault.overloaded(),
            Fault.answer(500),
            Fault.answer(503),
            Fault.cut_off(),
            Fault.cut_off(Cut.BEFORE),
        ],
        ids=["529", "500", "503", "cut midway", "cut before"],
    )
    def test_what_may_pass_is_tried_again(
        self, world: VendorWorld, server: VendorServer, fault: Fault
    ) -> None:
        world.faults.add(fault)
        way = Way(server.url)
        assert way.road.ask(key_of(), new_value(world)).verdict is Verdict.ALIVE
        assert len(way.waits) == 1

    @pytest.mark.parametrize("status", [400, 401, 403, 404])
    def test_a_refusal_is_taken_at_its_word(
        self, world: VendorWorld, server: VendorServer, status: int
    ) -> None:
        world.faults.add(Fault.answer(status))
        Way(server.url).road.ask(key_of(), new_value(world))
        assert len(world.requests) == 1

    def test_retry_after_in_seconds_is_waited(self, world: VendorWorld, server: VendorServer) -> None:
        world.faults.add(Fault.throttled(7))
        way = Way(server.url)
        assert way.road.ask(key_of(), new_value(world)).verdict is Verdict.ALIVE
        assert way.waits == [7.0]

    def test_retry_after_as_a_date_is_waited(self, world: VendorWorld, server: VendorServer) -> None:
        world.faults.add(Fault.throttled(email.utils.formatdate(time.time() + 9, usegmt=True)))
        way = Way(server.url)
        assert way.road.ask(key_of(), new_value(world)).verdict is Verdict.ALIVE
        assert 5 < way.waits[0] <= 9

    def test_a_wait_beyond_the_deadline_is_not_begun(self, world: VendorWorld, server: VendorServer) -> None:
        world.faults.add(Fault.throttled(3600, times=None))
        way = Way(server.url)
        answer = way.road.ask(key_of(), new_value(world))
        assert (answer.verdict, way.waits, len(world.requests)) == (Verdict.LIMITED, [], 1)

    def test_a_limit_that_says_no_time_is_asked_about_once_more_only(
        self, world: VendorWorld, server: VendorServer
    ) -> None:
        world.faults.add(Fault.answer(429, times=None))
        answer = Way(server.url).road.ask(key_of(), new_value(world))
        assert (answer.verdict, len(world.requests)) == (Verdict.LIMITED, 2)

    def test_five_attempts_are_enough(self, world: VendorWorld, server: VendorServer) -> None:
        world.faults.add(Fault.overloaded(times=None))
        answer = Way(server.url).road.ask(key_of(), new_value(world))
        assert answer.verdict is Verdict.UNKNOWN
        assert answer.words == "the Claude API cannot answer now (HTTP 529)"
        assert len(world.requests) == 5


def test_a_slow_answer_ends_at_the_deadline(world: VendorWorld, server: VendorServer) -> None:
    world.faults.add(Fault.slow(30))
    answer = Way(server.url, timeout_seconds=0.3).road.ask(key_of(), new_value(world))
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.words == "no answer from the Claude API: it took too long"


@pytest.mark.parametrize("in_head", [True, False], ids=["head", "content"])
def test_an_answer_that_comes_byte_by_byte_ends_at_the_deadline(world: VendorWorld, in_head: bool) -> None:
    heard_out: list[bool] = []

    def drip(handler: BaseHTTPRequestHandler) -> None:
        head = b"HTTP/1.1 200 OK\r\n"
        handler.wfile.write(head + (b"x: " if in_head else b"content-length: 100000\r\n\r\n"))
        for _byte in range(200):
            handler.wfile.write(b"x")
            time.sleep(0.02)
        heard_out.append(True)

    with RawServer(drip) as server:
        answer = Way(server.url, timeout_seconds=0.3).road.ask(key_of(), new_value(world))
    assert answer.words == "no answer from the Claude API: it took too long"
    assert heard_out == []


def test_each_wait_is_for_what_is_left_of_the_time() -> None:
    class Socket:
        def __init__(self) -> None:
            self.waits: list[float] = []

        def settimeout(self, seconds: float) -> None:
            self.waits.append(seconds)

    sock = Socket()
    stream = _Deadline(io.BytesIO(b"ab"), sock, time.monotonic() + 1000)  # type: ignore[arg-type]
    assert [stream.read(1), stream.read(1)] == [b"a", b"b"]
    first, second = sock.waits
    assert 0 < second <= first <= 1000
    late = _Deadline(io.BytesIO(b"ab"), sock, time.monotonic() - 1)  # type: ignore[arg-type]
    with pytest.raises(TimeoutError):
        late.read(1)


def test_an_answer_without_an_end_is_not_taken(world: VendorWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        while True:
            handler.wfile.write(b"x" * 65_536)

    monkeypatch.setattr("keyplan.vendors.talk.ANSWER_LIMIT_BYTES", 1_000_000)
    with RawServer(flood) as server:
        answer = Way(server.url).road.ask(key_of(), new_value(world))
    assert answer.words == "no answer from the Claude API: it does not answer as the Claude API does"


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", b""], ids=["close", "none"]
)
def test_an_answer_that_ends_with_its_connection_is_read(world: VendorWorld, head: bytes) -> None:
    def answer_and_close(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head + b'{"data": []}')
        handler.close_connection = True

    with RawServer(answer_and_close) as server:
        answer = Way(server.url).road.ask(key_of(), new_value(world))
    assert answer.verdict is (Verdict.ALIVE if head else Verdict.UNKNOWN)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed_with_a_value(
    world: VendorWorld, server: VendorServer, status: int
) -> None:
    def redirect(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("location", f"{server.url}/v1/models")
        handler.send_header("content-length", "0")
        handler.end_headers()

    with RawServer(redirect) as raw:
        answer = Way(raw.url).road.ask(key_of(), new_value(world))
    assert answer.verdict is Verdict.UNKNOWN
    assert "never sent after that" in answer.words
    assert len(world.requests) == 0


@pytest.mark.parametrize("inside", ["\n", "\r\nX-Evil: 1", "\x00", "é", "\u2028", " "])
@pytest.mark.parametrize("vendor", ["anthropic", "gateway", "generic"])
def test_a_value_that_would_end_its_header_is_never_sent(
    world: VendorWorld, server: VendorServer, vendor: str, inside: str
) -> None:
    value = SecretValue("part-one" + inside + ("part-two" if inside != " " else ""))
    answer = asked(server, value, vendor)
    assert (answer.verdict, answer.was_asked) == (Verdict.DEAD, False)
    assert "part" not in answer.words
    assert len(world.requests) == 0


def test_an_address_that_a_manifest_should_not_have_is_refused(world: VendorWorld) -> None:
    key = key_of("generic", check_url="https://acme.example/\r\nX: 1")
    with pytest.raises(ManifestError, match="none that can be asked"):
        Way(None).road.ask(key, new_value(world, "generic"))


def test_no_line_and_no_answer_has_a_part_of_the_value(world: VendorWorld, server: VendorServer) -> None:
    value = new_value(world)
    echo = Fault.answer(500, body=value.reveal().encode(), headers={"x-echo": value.reveal()}, times=4)
    world.faults.add(echo, Fault.answer(401, message=value.reveal()))
    way = Way(server.url)
    answer = way.road.ask(key_of(), value)
    said = "\n".join([*way.lines, repr(answer), str(answer)])
    assert len(way.lines) == 5
    assert way.lines[-1].startswith("the Claude API about a value of anthropic: dead in ")
    for start in range(0, len(value) - 12, 12):
        assert value.reveal()[start : start + 12] not in said.replace("sk-ant-api03-", "")


class TestTrust:
    """A manifest that somebody edited sends no value elsewhere."""

    def test_the_vendors_own_host_needs_no_confirmation(self) -> None:
        Way(None, store_url=None).road.talk("anthropic", "https://api.anthropic.com")

    @pytest.mark.parametrize(
        "url",
        ["https://api.anthropic.com:8443", "https://evil.example", "https://anthropic.com.evil.example"],
    )
    def test_another_host_for_the_vendor_has_to_be_confirmed(self, url: str) -> None:
        with pytest.raises(UsageError, match="not Anthropic's own host"):
            Way(url, store_url=None).road.ask(key_of(), SecretValue("x"))

    def test_a_confirmed_host_is_asked(self) -> None:
        way = Way(None, store_url=None, trusted=frozenset({"egress.example"}))
        way.road.talk("anthropic", "https://egress.example")

    def test_a_real_environments_value_does_not_go_to_this_machine_unasked(
        self, world: VendorWorld, server: VendorServer
    ) -> None:
        with pytest.raises(UsageError, match="not Anthropic's own host"):
            Way(server.url, store_url=None).road.ask(key_of(), new_value(world))
        assert len(world.requests) == 0

    @pytest.mark.parametrize("bound", [None, "https://gw.example/other", "https://gw.example"])
    def test_a_gateway_that_the_secret_does_not_name_has_to_be_confirmed(self, bound: str | None) -> None:
        key = key_of("gateway", base_url="https://evil.example")
        with pytest.raises(UsageError, match="not the address that `pulumi up` wrote on the key's secret"):
            Way(None, store_url=None).road.ask(key, SecretValue("token"), bound)

    @pytest.mark.parametrize("vendor", ["gateway", "generic"])
    def test_no_clouds_host_is_a_gateways_own(self, vendor: str) -> None:
        for host in (f"{vendor}.eu-west-1.amazonaws.com", f"{vendor}.googleapis.com", "api.anthropic.com"):
            key = key_of(vendor, base_url=f"https://{host}", check_url=f"https://{host}")
            with pytest.raises(UsageError, match="not the address"):
                Way(None, store_url=None).road.ask(key, SecretValue("token"))

    def test_a_gateway_that_the_secret_names_is_asked(self, world: VendorWorld, server: VendorServer) -> None:
        key = key_at(server, "gateway")
        answer = Way(None, store_url=None).road.ask(key, new_value(world, "gateway"), key.base_url)
        assert answer.verdict is Verdict.ALIVE

    def test_a_sandbox_asks_nobody_outside_this_machine(self) -> None:
        key = key_of("gateway", base_url="https://gw.example")
        with pytest.raises(UsageError, match=r"sandbox's manifest, and gw.example is not on this machine"):
            Way(None).road.ask(key, SecretValue("token"), key.base_url)

    def test_a_sandbox_without_a_vendor_never_asks_the_real_one(self) -> None:
        answer = Way(None).road.ask(key_of(), SecretValue("x"))
        assert (answer.verdict, answer.was_asked) == (Verdict.UNKNOWN, False)
        assert answer.words == "nothing to ask: this sandbox has no vendor"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("12", 12.0),
        ("1.5", 1.5),
        (" 3 ", 3.0),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1e3", None),
        ("soon", None),
        ("", None),
        ("9" * 400, None),
        ("Sat, 21 Nov 2026 18:00:10 GMT", 10.0),
        ("Sat, 21 Nov 2026 17:00:00 GMT", 0.0),
        ("Sat, 99 Nov 2026 18:00:10 GMT", None),
    ],
)
def test_what_retry_after_says(text: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(text, 1_795_284_000.0) == seconds


def test_roads_for_threads_share_no_connection(world: VendorWorld, server: VendorServer) -> None:
    way = Way(server.url, manifest=manifest_with(vendor_url=server.url))
    assert way.road.another().talk("anthropic", server.url) is not way.road.talk("anthropic", server.url)
