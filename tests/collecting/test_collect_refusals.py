"""Why a call has no answer: every error that AWS documents has words, and none of its own are shown."""

from __future__ import annotations

import re
from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    NoCredentialsError,
    RefreshWithMFAUnsupportedError,
    UnauthorizedSSOTokenError,
)

from components.aws.policy.audit import AUDIT_ACTIONS
from keyplan.collecting import stored_secrets
from keyplan.collecting.calls import Call
from keyplan.collecting.journal import Header, Journal
from keyplan.collecting.refusals import REASONS, of_code, of_error
from keyplan.errors import StoreError
from tests.collecting.fake_clients import FakeClients, asker_of
from tests.collecting.world import ACCOUNT, REGION, client_error

EXPIRED: dict[str, tuple[Exception, str, str]] = {
    "at AWS": (client_error("ExpiredTokenException", "x"), "the credentials have expired", "log in again"),
    "a profile with MFA": (RefreshWithMFAUnsupportedError(), "need a new MFA code", "set AWS_PROFILE"),
    "single sign-on": (UnauthorizedSSOTokenError(), "single sign-on session has expired", "aws sso login"),
}


@pytest.mark.parametrize(("error", "words", "hint"), EXPIRED.values(), ids=EXPIRED)
def test_expired_credentials_end_everything(error: Exception, words: str, hint: str, tmp_path: Path) -> None:
    kept = Journal(tmp_path / "work", Header(ACCOUNT, "AWS", "2026-11-22T00:00:00Z"), resume=False)
    with pytest.raises(StoreError, match=words) as caught:
        stored_secrets.listed(asker_of(FakeClients(ListSecrets=error), kept), ACCOUNT, REGION)
    kept.close(remove=True)
    assert str(caught.value.hint).startswith(hint)
    assert str(caught.value.hint).endswith(
        ", then run the same command with --resume: what was answered is kept"
    )


def test_nothing_is_said_to_be_kept_where_there_is_no_file_beside_it() -> None:
    clients = FakeClients(ListSecrets=client_error("ExpiredTokenException", "x"))
    with pytest.raises(StoreError) as caught:
        stored_secrets.listed(asker_of(clients), ACCOUNT, REGION)
    assert caught.value.hint == "log in again"


ASKED = {
    "iam": ("GetAccountAuthorizationDetails", "GetPolicy", "GetPolicyVersion"),
    "kms": ("DescribeKey", "GetKeyPolicy", "ListGrants", "ListResourceTags", "ListAliases"),
    "organizations": (
        "DescribeOrganization",
        "ListRoots",
        "ListAccounts",
        "ListParents",
        "ListPoliciesForTarget",
        "DescribePolicy",
    ),
    "secretsmanager": ("ListSecrets", "GetResourcePolicy"),
}
# An answer to a parameter that is not sent.
NEVER_MET = {"InvalidGrantIdException"}


@pytest.mark.parametrize("service", ASKED)
def test_every_error_that_awss_models_list_has_words(service: str) -> None:
    model = botocore.session.Session().get_service_model(service)
    codes = {
        shape.metadata.get("error", {}).get("code") or shape.name
        for operation in ASKED[service]
        for shape in model.operation_model(operation).error_shapes
    }
    assert codes - NEVER_MET <= set(REASONS), sorted(codes - set(REASONS))


def test_the_auditor_role_has_every_action_that_can_be_asked(project: Path) -> None:
    code = "".join(path.read_text() for path in (project / "keyplan" / "collecting").glob("*.py"))
    named = set(re.findall(r'"((?:Describe|Get|List)[A-Z]\w+)"', code))
    assert named == {operation for operations in ASKED.values() for operation in operations} | {
        "DescribeRegions"
    }
    asked = {f"{service}:{operation}" for service, operations in ASKED.items() for operation in operations}
    assert asked | {"ec2:DescribeRegions", "sts:GetCallerIdentity"} <= set(AUDIT_ACTIONS)


def test_no_text_of_aws_or_the_sdk_is_shown() -> None:
    assert of_error(client_error("AccessDenied", "x")).reason == "not allowed"
    assert of_code("SomethingNew").reason == "AWS answered with SomethingNew, which keyplan does not know"
    assert of_code("a\nb").reason == "AWS answered with an unreadable answer, which keyplan does not know"
    assert of_error(ConnectTimeoutError(endpoint_url="https://secret.example")).transient
    assert "secret.example" not in of_error(ConnectTimeoutError(endpoint_url="https://secret.example")).reason
    assert of_error(NoCredentialsError()).reason.startswith("there are no AWS credentials")


def test_a_fault_of_keyplans_own_is_not_taken_for_an_answer_of_aws() -> None:
    with pytest.raises(KeyError):
        asker_of(FakeClients(ListRoots=KeyError("x"))).ask(Call(ACCOUNT, "", "organizations", "ListRoots"))
