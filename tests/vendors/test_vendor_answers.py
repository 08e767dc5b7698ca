"""What is learned of a value by what its vendor answers."""

from __future__ import annotations

import pytest

from keyplan.vendors.verdicts import Verdict
from sandbox.vendor_server import Fault, VendorServer, VendorWorld
from tests.vendors.asking import KINDS, Way, asked, key_of, new_value

WORKSPACE, OTHER = "wrkspc_01SandboxDefault00000000", "wrkspc_01Other000000000000000000"


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
