"""Which key a CloudTrail record is about, and whether its caller is a listed reader."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.functions.aws.read_events import Caller, Watched, caller_of, matches, read_of, resolve

ACCOUNT = "123456789012"
SECRETS = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:"
ROLES = f"arn:aws:iam::{ACCOUNT}:role/"
SSO = f"{ROLES}aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Research_????????????????"


def watched(name: str, *readers: str) -> Watched:
    return Watched(
        name=name,
        owner="ml@example.com",
        owner_topic="arn:aws:sns:eu-west-1:123456789012:ml",
        secret_name=f"prod/{name}-api-key",
        secret_arn=f"{SECRETS}prod/{name}-api-key-AbCdEf",
        readers=readers,
    )


KEYS = (watched("anthropic", f"{ROLES}prod-chat-api-reader", SSO), watched("anthropic-2"))


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        pytest.param("prod/anthropic-api-key", "anthropic", id="name"),
        pytest.param(f"{SECRETS}prod/anthropic-api-key-AbCdEf", "anthropic", id="full ARN"),
        pytest.param(f"{SECRETS}prod/anthropic-api-key", "anthropic", id="partial ARN"),
        pytest.param("prod/anthropic-2-api-key", "anthropic-2", id="name that continues another's"),
        pytest.param(f"{SECRETS}prod/anthropic-api-key-XyZ123", None, id="same name, another secret"),
        pytest.param("prod/anthropic-api-ke", None, id="a part of a name"),
        pytest.param("PROD/anthropic-api-key", None, id="names are case-sensitive"),
        pytest.param(
            "arn:aws:secretsmanager:eu-west-1:999999999999:secret:prod/anthropic-api-key",
            None,
            id="another account",
        ),
        pytest.param(
            f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:prod/anthropic-api-key",
            None,
            id="another region",
        ),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="not named at all"),
    ],
)
def test_a_secret_is_found_by_each_of_its_names_and_by_no_other(
    identifier: str | None, name: str | None
) -> None:
    found = resolve(identifier, KEYS)
    assert (found.name if found else None) == name


def session(role: str, name: str = "task-1", **more: Any) -> dict[str, Any]:
    """The identity of a role's session, as CloudTrail writes it: the session's ARN has no path."""
    short = role.rpartition("/")[2]
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE:{name}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{short}/{name}",
        "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role, "userName": short}},
        **more,
    }


USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/bob"


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        pytest.param(
            session(f"{ROLES}jobs/nightly"),
            Caller(f"{ROLES}jobs/nightly", f"role {ROLES}jobs/nightly, session task-1"),
            id="role, by its issuer, path included",
        ),
        pytest.param(
            session(f"{ROLES}run", invokedBy="ecs-tasks.amazonaws.com"),
            Caller(f"{ROLES}run", f"role {ROLES}run, session task-1, called by ecs-tasks.amazonaws.com"),
            id="role, used by a service",
        ),
        pytest.param(
            {"type": "IAMUser", "arn": USER, "accountId": ACCOUNT, "userName": "alice"},
            Caller(USER, f"IAM user {USER}"),
            id="IAM user: no session issuer",
        ),
        pytest.param(
            {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT},
            Caller(f"arn:aws:iam::{ACCOUNT}:root", f"the root user of account {ACCOUNT}"),
            id="root",
        ),
        pytest.param(
            {
                "type": "FederatedUser",
                "arn": FEDERATED,
                "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": USER}},
            },
            Caller(FEDERATED, f"federated user {FEDERATED}"),
            id="federated user: not the user who vouched",
        ),
        pytest.param(
            {"type": "AWSService", "invokedBy": "rotation.amazonaws.com"},
            Caller("rotation.amazonaws.com", "the AWS service rotation.amazonaws.com"),
            id="AWS service",
        ),
        pytest.param(
            {"type": "AWSAccount", "accountId": "999999999999", "principalId": "AIDAEXAMPLE"},
            Caller("AIDAEXAMPLE", "somebody in account 999999999999, principal AIDAEXAMPLE"),
            id="another account",
        ),
        pytest.param(
            {"type": "IdentityCenterUser", "accountId": ACCOUNT},
            Caller(ACCOUNT, f"IdentityCenterUser {ACCOUNT}"),
            id="a kind without an ARN",
        ),
        pytest.param({}, Caller("", "unknown unknown"), id="nothing known"),
    ],
)
def test_a_caller_is_named_and_compared_by_what_cannot_be_chosen(
    identity: dict[str, Any], expected: Caller
) -> None:
    assert caller_of(identity) == expected


@pytest.mark.parametrize(
    ("principal", "reader", "expected"),
    [
        pytest.param(f"{ROLES}a", f"{ROLES}a", True, id="equal"),
        pytest.param(f"{ROLES}ab", f"{ROLES}a", False, id="longer"),
        pytest.param(f"{ROLES}a", f"{ROLES}A", False, id="case"),
        pytest.param("x" + f"{ROLES}a", f"{ROLES}a", False, id="prefix"),
        pytest.param(
            f"{ROLES}aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Research_0123456789abcdef",
            SSO,
            True,
            id="permission set",
        ),
        pytest.param(
            f"{ROLES}aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Researchers_0123456789abcdef",
            SSO,
            False,
            id="permission set whose name continues",
        ),
        pytest.param("arn.aws", "arn:aws", False, id="a dot of the list is a dot"),
        pytest.param("", "*", False, id="nobody is nobody's reader"),
    ],
)
def test_a_listed_reader_matches_as_a_whole(principal: str, reader: str, expected: bool) -> None:
    assert matches(principal, reader) is expected


@given(st.from_regex(r"[ -~]+", fullmatch=True), st.from_regex(r"[ -)+->@-~]+", fullmatch=True))
def test_without_wildcards_only_the_same_text_matches(principal: str, reader: str) -> None:
    assert matches(principal, reader) is (principal == reader)
    assert matches(reader, reader)


def record(**fields: Any) -> dict[str, Any]:
    plain = {
        "eventName": "GetSecretValue",
        "eventSource": "secretsmanager.amazonaws.com",
        "eventTime": "2026-11-20T14:03:05Z",
        "awsRegion": "eu-west-1",
        "eventID": "5c5cbd5e-0000-4111-8222-333344445555",
        "sourceIPAddress": "203.0.113.9",
        "userAgent": "aws-cli/2.31",
        "userIdentity": session(f"{ROLES}stranger"),
        "requestParameters": {"secretId": "prod/anthropic-api-key"},
        "responseElements": None,
    }
    return {**plain, **fields}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"userIdentity": session(f"{ROLES}prod-chat-api-reader")}, True, id="listed"),
        pytest.param({}, False, id="stranger"),
        pytest.param({"userIdentity": {"type": "IAMUser", "arn": USER}}, False, id="user who is not listed"),
        pytest.param(
            {
                "userIdentity": session(f"{ROLES}prod-chat-api-reader"),
                "requestParameters": {"secretId": "prod/anthropic-2-api-key"},
            },
            False,
            id="reader of another key",
        ),
    ],
)
def test_a_read_is_expected_from_listed_readers_of_that_key_only(
    fields: dict[str, Any], expected: bool
) -> None:
    read = read_of(record(**fields), KEYS)
    assert read is not None
    assert read.expected is expected


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"eventName": "DescribeSecret"}, id="another operation"),
        pytest.param({"requestParameters": {"secretId": "prod/other"}}, id="another secret"),
        pytest.param({"requestParameters": None}, id="no parameters and no refusal"),
        pytest.param({"requestParameters": {"secretId": ["prod/anthropic-api-key"]}}, id="not a text"),
    ],
)
def test_what_is_not_a_read_of_a_key_is_none(fields: dict[str, Any]) -> None:
    assert read_of(record(**fields), KEYS) is None


def test_a_refusal_without_parameters_names_the_secret_in_its_message() -> None:
    message = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/stranger/s is not authorized to perform: "
        f"secretsmanager:GetSecretValue on resource: {SECRETS}prod/anthropic-api-key-AbCdEf because no "
        "identity-based policy allows the secretsmanager:GetSecretValue action"
    )
    read = read_of(
        record(requestParameters=None, errorCode="AccessDeniedException", errorMessage=message), KEYS
    )
    assert read is not None
    assert (read.key.name, read.denied) == ("anthropic", True)


@given(st.text(), st.text())
def test_nothing_that_a_caller_chose_can_begin_a_line_of_its_own(agent: str, address: str) -> None:
    read = read_of(record(userAgent=agent, sourceIPAddress=address), KEYS)
    assert read is not None
    assert re.fullmatch(r"[ -~]{1,200}", read.user_agent)
    assert re.fullmatch(r"[ -~]{1,200}", read.source_address)
