"""Roles that are assumed: whose external id is whose, what their trusts may ask for, and what is said."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st
from moto.iam.models import iam_backends
from moto.sts.models import STSBackend

from keyplan.collecting.calls import Call
from keyplan.collecting.roles import SESSION_NAME, Role, roles_of
from keyplan.errors import UsageError
from tests.collecting.fake_clients import model_of
from tests.collecting.world import (
    ACCOUNT,
    AUDITOR,
    OTHER,
    REGION,
    Collector,
    Made,
    client_error,
    clients,
    document,
    trusting,
)

CLIENTS, EXTERNAL_ID = "Firm/7f3a:*", "Firm/7f3a:client-42"
MEMBER = f"arn:aws:iam::{OTHER}:role/firm"
OWN = f"arn:aws:iam::{ACCOUNT}:role/firm"


@pytest.fixture(scope="module")
def firm(made: Made) -> str:
    """A role of each account whose trust asks for the external id."""
    trust = json.loads(trusting(f"arn:aws:iam::{ACCOUNT}:root"))["Statement"][0]
    # By a pattern: the account's list of roles has the trust, and so has the snapshot.
    asking = document({**trust, "Condition": {"StringLike": {"sts:ExternalId": CLIENTS}}})
    for account in (ACCOUNT, OTHER):
        clients(account)("iam").create_role(RoleName="firm", AssumeRolePolicyDocument=asking)
    return MEMBER


@pytest.fixture
def given_ids(firm: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The external ids that AWS was given; as AWS does, it lets nobody in without the trust's own."""
    original, found = STSBackend.assume_role, []

    def assume_role(self: Any, **request: Any) -> Any:
        found.append(request["external_id"])
        _, _, _, _, account, name = request["role_arn"].split(":")
        trust = iam_backends[account]["aws"].get_role(name.rpartition("/")[2]).assume_role_policy_document
        wanted = re.search(r'"sts:ExternalId": "([^"]*)"', trust)
        if wanted and not fnmatch(request["external_id"] or "", wanted[1]):
            raise client_error("AccessDenied", "AssumeRole")
        return original(self, **request)

    monkeypatch.setattr(STSBackend, "assume_role", assume_role)
    return found


def test_a_role_whose_trust_asks_for_an_external_id_is_assumed_with_it(
    collector: Collector, made: Made, given_ids: list[Any]
) -> None:
    done = collector.run("--role", MEMBER, "--external-id", EXTERNAL_ID)
    assert (done.code, done.err, given_ids) == (0, "", [EXTERNAL_ID])
    assert made.of_other in {each["ARN"] for each in collector.snapshot["secrets"]}
    assert EXTERNAL_ID not in collector.file.read_text()


def test_without_its_external_id_the_account_is_missing_and_the_hint_names_the_option(
    collector: Collector, given_ids: list[Any]
) -> None:
    done = collector.run("--role", MEMBER)
    assert (done.code, given_ids) == (0, [None])
    assert f"warning: account {OTHER}: sts:AssumeRole: not allowed\nhint: the role's trust has" in done.err
    assert "--external-id" in done.err
    assert not collector.work_file.exists()


def test_one_external_id_is_for_all_roles_and_several_are_in_the_roles_order(
    collector: Collector, given_ids: list[Any]
) -> None:
    collector.run("--role", OWN, "--external-id", EXTERNAL_ID, "--role", MEMBER)
    assert given_ids == [EXTERNAL_ID] * 2
    given_ids.clear()
    collector.run("--role", OWN, "--role", AUDITOR, "--external-id", EXTERNAL_ID, "--external-id", "theirs")
    assert given_ids == [EXTERNAL_ID, "theirs"]


def test_an_external_id_is_kept_nowhere_and_asked_for_again_when_resumed(
    collector: Collector, made: Made, given_ids: list[Any]
) -> None:
    def late(call: Call) -> None:
        if call.operation == "GetResourcePolicy" and call.account == OTHER:
            raise client_error("ExpiredTokenException", call.operation)

    arguments = ("--role", MEMBER, "--external-id", EXTERNAL_ID)
    collector.fault = late
    done = collector.run(*arguments, "--verbose")
    assert done.code == 3
    assert EXTERNAL_ID not in collector.work_file.read_text() + done.out + done.err
    collector.fault = lambda _call: None
    forgotten = collector.run("--role", MEMBER, "--resume")
    assert f"account {OTHER}: sts:AssumeRole: not allowed" in forgotten.err
    assert "hint: run the same command with --resume" in forgotten.err
    before = len(collector.sent)
    done = collector.run(*arguments, "--resume")
    assert (done.code, collector.snapshot["missing"]) == (0, [])
    asked = {(call.account, call.action) for call in collector.sent[before:]}
    assert (OTHER, "secretsmanager:ListSecrets") not in asked
    assert (OTHER, "secretsmanager:GetResourcePolicy") in asked
    assert not collector.work_file.exists()


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "empty, as an unset variable is": (("--role", AUDITOR, "--external-id", ""), "--external-id takes 2 to"),
    "with a blank": (("--role", AUDITOR, "--external-id", f"{EXTERNAL_ID} x"), "--external-id takes 2 to"),
    "without a role": (("--external-id", EXTERNAL_ID), "--external-id goes with a role"),
    "two for one role": (
        ("--role", AUDITOR, "--external-id", EXTERNAL_ID, "--external-id", EXTERNAL_ID),
        "2 external ids, and 1 role: which is for which is not clear",
    ),
    "of another partition": (
        ("--role", AUDITOR.replace("aws", "aws-us-gov", 1)),
        f"the role of account {OTHER} is in aws-us-gov, and your AWS credentials are in aws",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_meant_is_said_without_the_id(
    collector: Collector, made: Made, arguments: tuple[str, ...], message: str
) -> None:
    done = collector.run(*arguments)
    assert (done.code, collector.sent, list(collector.directory.iterdir())) == (2, [], [])
    assert done.err.startswith(f"error: {message}")
    assert EXTERNAL_ID not in done.err


def accepts(text: str) -> bool:
    try:
        return roles_of([AUDITOR], [text])[0].external_id == text
    except UsageError:
        return False


AWS_FORM = model_of("sts").operation_model("AssumeRole").input_shape.members["ExternalId"].metadata


@given(
    st.text(max_size=5)
    | st.from_regex(rf"\A{AWS_FORM['pattern']}\Z")
    | st.text("aZ9+=,.@:/-_ \\ä", max_size=6)
)
def test_an_external_id_is_what_awss_model_says_in_ascii(text: str) -> None:
    fits = AWS_FORM["min"] <= len(text) <= AWS_FORM["max"]
    assert accepts(text) == bool(fits and re.fullmatch(AWS_FORM["pattern"], text, re.ASCII))


@pytest.mark.parametrize(("length", "accepted"), [(1, False), (2, True), (1224, True), (1225, False)])
def test_an_external_id_is_as_long_as_aws_lets_it_be(length: int, accepted: bool) -> None:
    assert accepts("a" * length) is accepted


def test_a_role_does_not_show_its_external_id_and_asks_by_a_name_of_its_own() -> None:
    assert EXTERNAL_ID not in repr(Role(AUDITOR, EXTERNAL_ID))
    assert Role(AUDITOR).request() == {"RoleArn": AUDITOR, "RoleSessionName": SESSION_NAME}
    members = model_of("sts").operation_model("AssumeRole").input_shape.members
    assert set(Role(AUDITOR, EXTERNAL_ID).request()) <= set(members)


MFA_PROFILE = f"""
[profile base]
aws_access_key_id = testing
aws_secret_access_key = testing
[profile ann]
role_arn = {AUDITOR}
source_profile = base
mfa_serial = arn:aws:iam::{ACCOUNT}:mfa/ann
"""


def test_a_profile_that_needs_a_code_asks_at_the_terminal_and_never_on_standard_input(
    collector: Collector,
    made: Made,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config: Path = tmp_path_factory.mktemp("aws") / "config"
    config.write_text(MFA_PROFILE)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "ann")
    asked: list[str] = []

    def code(prompt: str) -> str:
        asked.append(prompt)
        return "123456"

    monkeypatch.setattr("getpass.getpass", code)
    monkeypatch.setattr("keyplan.stores.aws_clients.TERMINAL", "/dev/null")
    assert collector.run("--region", REGION).code == 0
    assert collector.snapshot["account_id"] == OTHER
    assert len(asked) == 1
    monkeypatch.setattr("keyplan.stores.aws_clients.TERMINAL", str(config.parent / "none"))
    done = collector.run("--region", REGION)
    assert (done.code, len(asked)) == (3, 1)
    assert done.err.startswith(
        "error: the AWS profile asks for an MFA code, and there is no terminal to ask on"
    )


def test_the_region_is_that_of_either_variable(
    collector: Collector, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", REGION)
    assert collector.run().code == 0
    assert collector.snapshot["region"] == REGION


def test_a_region_that_the_sdk_does_not_know_is_doubted_and_asked_all_the_same(
    collector: Collector, made: Made
) -> None:
    def fault(call: Call) -> None:
        if call.region == "eu-wset-1":
            raise EndpointConnectionError(endpoint_url="https://nowhere.invalid")

    collector.fault = fault
    done = collector.run("--region", REGION, "--region", "eu-wset-1")
    assert done.code == 0
    assert "warning: the AWS SDK here does not know the region eu-wset-1: is it spelled right?" in done.err
    assert {call.region for call in collector.sent} >= {REGION, "eu-wset-1"}
