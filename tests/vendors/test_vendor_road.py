"""What is learned of a value by asking its vendor, whatever the vendor and the network do."""

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
from keyplan.vendors.verdicts import Answer, Verdict
from sandbox.vendor_server import Cut, Fault, VendorServer, VendorWorld
from tests.vendors.asking import KINDS, RawServer, Way, key_at, key_of, manifest_with, new_value

WORKSPACE, OTHER = "wrkspc_01SandboxDefault00000000", "wrkspc_01Other000000000000000000"


def asked(server: VendorServer, value: SecretValue, vendor: str = "anthropic", **fields: str) -> Answer:
    way = Way(server.url)
    return way.road.ask(key_at(server, vendor, **fields), value, key_at(server, vendor).url)


@pytest.mark.parametrize("vendor", KINDS)
def test_a_value_that_the_vendor_takes_is_alive(
    world: VendorWorld, server: VendorServer, vendor: str
) -> None:
    answer = asked(server, new_value(world, vendor), vendor)
    assert (answer.verdict, answer.words) == (Verdict.ALIVE, "alive")
    assert answer.may_be_stored()
    assert answer.request_id is not None
    assert len(world.requests) == 1


@pytest.mark.parametrize("vendor", KINDS)
def test_a_value_that_the_vendor_does_not_take_any_more_is_dead(
    world: VendorWorld, server: VendorServer, vendor: str
) -> None:
    value = new_value(world, vendor)
    world.change(world.keys()[0].id, status="inactive")
    answer = asked(server, value, vendor)
    assert answer.verdict is Verdict.DEAD
    assert not answer.may_be_stored(unverified=True)


def test_the_answer_says_where_a_key_belongs(world: VendorWorld, server: VendorServer) -> None:
    answer = asked(server, new_value(world))
    assert (answer.organization, answer.workspace) == (world.organization_id, WORKSPACE)


@pytest.mark.parametrize("vendor", ["anthropic", "anthropic-admin"])
def test_a_key_of_another_organization_is_not_to_be_stored(
    world: VendorWorld, server: VendorServer, vendor: str
) -> None:
    expected = "5e0c1a57-0000-4000-8000-000000000bad"
    answer = asked(server, new_value(world, vendor), vendor, organization=expected)
    assert answer.verdict is Verdict.ELSEWHERE
    assert answer.words == f"alive, but of organization {world.organization_id}, and not of {expected}"
    assert not answer.may_be_stored(unverified=True)


def test_a_key_of_another_workspace_is_not_to_be_stored(world: VendorWorld, server: VendorServer) -> None:
    answer = asked(server, new_value(world), workspace=OTHER)
    assert answer.verdict is Verdict.ELSEWHERE
    assert answer.words == f"alive, but of workspace {WORKSPACE}, and not of {OTHER}"


def test_a_key_where_it_should_be_is_alive(world: VendorWorld, server: VendorServer) -> None:
    answer = asked(server, new_value(world), organization=world.organization_id.upper(), workspace=WORKSPACE)
    assert answer.verdict is Verdict.ALIVE


def test_a_key_without_a_workspace_names_the_catalogues(world: VendorWorld, server: VendorServer) -> None:
    answer = asked(server, new_value(world, workspace=None), workspace=OTHER)
    assert (answer.verdict, answer.workspace) == (Verdict.ALIVE, OTHER)
    assert ["anthropic-workspace-id" in request.headers for request in world.requests] == [False, True]


def test_a_key_without_a_workspace_needs_one_in_the_catalogue(
    world: VendorWorld, server: VendorServer
) -> None:
    answer = asked(server, new_value(world, workspace=None))
    assert answer.verdict is Verdict.UNKNOWN
    assert "needs `workspace` in the catalogue" in answer.words


def test_a_limit_is_no_reason_to_ask_for_a_workspace(world: VendorWorld, server: VendorServer) -> None:
    world.faults.add(Fault.usage_limit(headers={"anthropic-workspace-id": WORKSPACE}))
    answer = asked(server, new_value(world), workspace=WORKSPACE)
    assert (answer.verdict, len(world.requests)) == (Verdict.LIMITED, 1)


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        (Fault.usage_limit(), Verdict.LIMITED),
        (Fault.answer(402), Verdict.LIMITED),
        (Fault.answer(403), Verdict.FORBIDDEN),
        (Fault.answer(404), Verdict.DEAD),
        (Fault.answer(401), Verdict.DEAD),
        (Fault.answer(400), Verdict.UNKNOWN),
        (Fault.answer(409), Verdict.UNKNOWN),
        (Fault.answer(401, body=b"<html>log in</html>"), Verdict.UNKNOWN),
        (Fault.answer(403, body=b'{"error": "blocked"}'), Verdict.UNKNOWN),
        (Fault.answer(404, body=b""), Verdict.UNKNOWN),
        (Fault.answer(401, body=b'{"error": {"type": "authentication_error"}}'), Verdict.UNKNOWN),
        (Fault.answer(200, body=b"<html>Welcome to the hotel</html>"), Verdict.UNKNOWN),
        (Fault.answer(200, body=b'{"data": 1}'), Verdict.UNKNOWN),
        (Fault.answer(200, body=b"[" * 100_000), Verdict.UNKNOWN),
        (Fault.answer(204, body=b""), Verdict.UNKNOWN),
    ],
    ids=lambda part: f"{part.status} {(part.body or b'')[:12]!r}" if isinstance(part, Fault) else str(part),
)
def test_each_class_of_answer_has_its_verdict(
    world: VendorWorld, server: VendorServer, fault: Fault, verdict: Verdict
) -> None:
    world.faults.add(fault)
    answer = asked(server, new_value(world))
    assert answer.verdict is verdict
    assert "asked for" not in answer.words  # the fault's own message: a vendor's text is never repeated


def test_a_limit_on_a_key_of_another_organization_does_not_hide_where_it_belongs() -> None:
    from keyplan.vendors.anthropic import judge
    from keyplan.vendors.verdicts import Reply

    body = b'{"type": "error", "error": {"type": "rate_limit_error", "message": "x"}}'
    reply = Reply(429, {"anthropic-organization-id": "org-b"}, body)
    assert judge(key_of(organization="org-a"), reply).verdict is Verdict.ELSEWHERE
    assert judge(key_of(organization="org-b"), reply).verdict is Verdict.LIMITED


def test_an_answer_that_does_not_say_where_the_key_belongs_is_not_taken_for_the_right_place() -> None:
    from keyplan.vendors.anthropic import judge
    from keyplan.vendors.verdicts import Reply

    reply = Reply(200, {}, b'{"data": []}')
    assert judge(key_of(), reply).verdict is Verdict.ALIVE
    assert judge(key_of(workspace=WORKSPACE), reply).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("organization_on_hold", "Anthropic has put the organization on hold"),
        ("claude_code_key_creator_not_member", "no longer a member"),
    ],
)
def test_a_refusal_of_all_that_a_key_is_for_is_named(code: str, words: str) -> None:
    import json

    from keyplan.vendors.anthropic import judge
    from keyplan.vendors.verdicts import Reply

    error = {"type": "invalid_request_error", "message": "no", "details": {"error_code": code}}
    answer = judge(key_of(), Reply(400, {}, json.dumps({"type": "error", "error": error}).encode()))
    assert answer.verdict is Verdict.FORBIDDEN
    assert words in answer.words


def test_a_gateway_without_a_list_of_models_says_nothing_about_a_token(
    world: VendorWorld, server: VendorServer
) -> None:
    key = key_of("gateway", base_url=f"{server.url}/elsewhere")
    world.faults.add(Fault.answer(404, body=b"not here"))
    answer = Way(server.url).road.ask(key, new_value(world, "gateway"), key.base_url)
    assert (answer.verdict, answer.was_asked) == (Verdict.UNKNOWN, True)
    assert "no list of models" in answer.words


@pytest.mark.parametrize(("status", "verdict"), [(403, "forbidden"), (402, "unknown"), (429, "unknown")])
@pytest.mark.parametrize("vendor", ["gateway", "generic"])
def test_of_a_vendor_without_a_known_shape_the_status_counts(
    world: VendorWorld, server: VendorServer, vendor: str, status: int, verdict: str
) -> None:
    world.faults.add(Fault.answer(status, body=b"anything", times=None))
    assert asked(server, new_value(world, vendor), vendor).verdict == verdict


def test_a_check_header_of_its_own_takes_the_bare_value(world: VendorWorld, server: VendorServer) -> None:
    answer = asked(server, new_value(world, "generic"), "generic", check_header="X-Acme-Key")
    assert answer.verdict is Verdict.ALIVE
    assert world.requests[0].credential is None  # neither bearer nor x-api-key


def test_where_there_is_nobody_to_ask_that_is_said_and_nothing_is_sent(
    world: VendorWorld, server: VendorServer
) -> None:
    answer = Way(server.url).road.ask(key_of("generic"), new_value(world, "generic"))
    assert (answer.verdict, answer.was_asked) == (Verdict.UNKNOWN, False)
    assert answer.words == "nothing to ask: no checkUrl in the catalogue"
    assert answer.may_be_stored(unverified=True)
    assert not answer.may_be_stored()
    assert len(world.requests) == 0


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
