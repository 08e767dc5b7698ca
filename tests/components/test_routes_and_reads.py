"""Whatever routes a catalogue gives: nobody can read a secret because of one, nor loses a read by one."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from components.aws.plans import EnvironmentPlan, ReaderPlan, plan_environment
from components.aws.policy.documents import reader_document
from components.aws.policy.grants import placeholder_key_arn
from keyplan.catalogue import Catalogue, Consumer, PeopleSettings, RoleSettings, Runtime
from keyplan.routes import BedrockRoute, FederationRoute, FoundryRoute, Route, RouteSettings
from tests.components.catalogues import ACCOUNT, EVERY_RUNTIME, ROLE, catalogue, key
from tests.evaluator import policy_evaluator as evaluator

KEY_ARN = placeholder_key_arn(ACCOUNT)
SUFFIX = "-AbCdEf"
NAMES = ("a", "a-b", "b")
SETTINGS: dict[Route | None, RouteSettings | None] = {
    None: None,
    Route.BEDROCK: BedrockRoute("us-east-1"),
    # The widest that a federation rule's audience may be spelt.
    Route.FEDERATION: FederationRoute("org", "fdrl_01A", "svac_01A", None, "*"),
    Route.FOUNDRY: FoundryRoute("example-foundry", None),
}


@st.composite
def catalogues(draw: st.DrawFn) -> Catalogue:
    kinds = draw(st.lists(st.sampled_from(EVERY_RUNTIME), min_size=1, max_size=4, unique_by=lambda c: c.name))
    consumers: list[Consumer] = []
    for each in kinds:
        route = draw(st.sampled_from(list(SETTINGS)))
        names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=0 if route else 1))
        consumers.append(replace(each, keys=tuple(names), route=route, route_settings=SETTINGS[route]))
    keys = [
        key(name, lockdown=draw(st.booleans()), env_var=f"{name.upper()}_KEY".replace("-", "_"))
        for name in NAMES
    ]
    return catalogue(keys, consumers, break_glass_role=ROLE + "emergency")


def without_routes(given_catalogue: Catalogue) -> Catalogue:
    """The same, with the consumers that have keys and without any route."""
    plain = [
        replace(each, route=None, route_settings=None)
        for each in given_catalogue.consumers.values()
        if each.keys
    ]
    return replace(given_catalogue, consumers={each.name: each for each in plain})


def policies_of(plan: ReaderPlan) -> tuple[evaluator.Document, ...]:
    reads = [reader_document(ACCOUNT, KEY_ARN, chunk) for chunk in plan.grants.chunks]
    more = [plan.runtime_document, None if plan.route is None else plan.route.document]
    return (*reads, *(json.loads(document) for document in more if document is not None))


def reads_in(built: Catalogue, plan: EnvironmentPlan) -> dict[str, set[str]]:
    """Which keys each consumer can read, as AWS would decide, by consumer; nobody who can read none."""
    secrets = {
        each.name: evaluator.Secret(
            ACCOUNT.arn("secretsmanager", f"secret:{each.secret_name}{SUFFIX}"),
            each.secret_name,
            KEY_ARN,
            json.loads(plan.secret_policies[each.name]),
        )
        for each in built.keys.values()
    }
    account = evaluator.Account(
        ACCOUNT.account_id, {}, {}, {each.name: each for each in secrets.values()},
        {KEY_ARN: json.loads(plan.encryption_policy)},
    )  # fmt: skip
    found = {}
    for name, reader in plan.readers.items():
        people = "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Research_0123456789abcdef"
        principal = evaluator.Principal(reader.role_arn or f"{ROLE}{people}", policies_of(reader))
        readable = {
            each for each, secret in secrets.items()
            if evaluator.can_get_secret_value(account, principal, secret)
        }  # fmt: skip
        if readable:
            found[name] = readable
    return found


@settings(max_examples=60, deadline=None)
@given(catalogues())
def test_no_route_changes_who_can_read_a_secret(built: Catalogue) -> None:
    routed = reads_in(built, plan_environment(built, ACCOUNT))
    plain = without_routes(built)
    assert routed == reads_in(plain, plan_environment(plain, ACCOUNT))
    assert routed == {each.name: set(each.keys) for each in built.consumers.values() if each.keys}


@settings(max_examples=60, deadline=None)
@given(catalogues())
def test_no_route_changes_a_secrets_own_policy_or_that_of_its_encryption(built: Catalogue) -> None:
    routed = plan_environment(built, ACCOUNT)
    bare = plan_environment(without_routes(built), ACCOUNT)
    assert routed.secret_policies == bare.secret_policies
    assert routed.encryption_policy == bare.encryption_policy
    assert routed.operator == bare.operator


def test_the_examples_here_can_tell_a_read_from_none() -> None:
    reads = replace(EVERY_RUNTIME[0], keys=("a",))
    shut = Consumer("shut", Runtime.PEOPLE, ("b",), {}, PeopleSettings("Others"))
    calls = Consumer("calls", Runtime.LAMBDA, (), {}, RoleSettings(None))
    built = catalogue(
        [key("a"), key("b", lockdown=True)], [reads, shut, calls], break_glass_role=ROLE + "emergency"
    )
    # The evaluator's people come with another permission set than the one that lockdown lets through.
    assert reads_in(built, plan_environment(built, ACCOUNT)) == {reads.name: {"a"}}
