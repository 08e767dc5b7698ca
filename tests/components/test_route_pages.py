"""What docs/aws.md and docs/gcp.md say of routes, against the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from components.aws.policy.documents import render
from components.aws.policy.routes import (
    IDENTITY_TOKEN_SECONDS,
    INVOKE_ACTIONS,
    call_claude_document,
    identity_token_document,
)
from components.gcp.plans import CALLER_PERMISSIONS
from keyplan.names import gcp_caller_role_id, route_policy_name
from tests.components.catalogues import ACCOUNT

CALL = call_claude_document(ACCOUNT, "eu-west-1")
PROVE = identity_token_document("https://api.anthropic.com")


def section(page: str, title: str) -> str:
    return re.split(r"^#+ ", page.split(f"\n### {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.fixture(scope="module")
def aws(project: Path) -> str:
    """What docs/aws.md says of routes."""
    return section((project / "docs" / "aws.md").read_text(), "Routes")


@pytest.fixture(scope="module")
def gcp(project: Path) -> str:
    """What docs/gcp.md says of routes."""
    return section((project / "docs" / "gcp.md").read_text(), "Callers of models")


def test_the_actions_of_the_page_are_those_of_the_policies(aws: str) -> None:
    told = re.findall(r"^\| `([a-z]+:[A-Za-z]+)` \|", aws, re.MULTILINE)
    assert told == [
        *INVOKE_ACTIONS,
        "bedrock:GetInferenceProfile",
        "bedrock:ListInferenceProfiles",
        "sts:GetWebIdentityToken",
    ]
    given: set[str] = set()
    for statement in (*CALL["Statement"], *PROVE["Statement"]):
        actions = statement["Action"]
        given |= set(actions if isinstance(actions, list) else [actions])
    assert given == set(told)


def test_the_resources_and_conditions_of_the_page_are_those_of_the_policies(aws: str) -> None:
    said = aws.replace("REGION", "eu-west-1").replace("ACCOUNT", ACCOUNT.account_id)
    text = json.dumps([CALL, PROVE])
    for named in re.findall(r"`(arn:aws:bedrock:[^`]+)`", said):
        assert named in text
    for key in ("bedrock:InferenceProfileArn", "aws:RequestedRegion", "sts:IdentityTokenAudience"):
        assert key in text
        assert f"(`{key}`)" in aws
    assert f"for {IDENTITY_TOKEN_SECONDS} seconds at most" in aws


def test_the_lengths_of_the_page_are_those_of_the_policies(project: Path) -> None:
    page = (project / "docs" / "aws.md").read_text()
    found = re.search(
        r"`call-claude` takes some ([0-9,]+) characters .*`prove-identity` some ([0-9,]+)\.", page
    )
    assert found is not None
    for told, document in zip(found.groups(), (CALL, PROVE), strict=True):
        assert abs(int(told.replace(",", "")) - len(render(document))) < 20
    assert f"`{route_policy_name('prod', 'chat-api')}`" in page


def test_the_permission_of_the_page_is_that_of_the_role(gcp: str) -> None:
    assert tuple(re.findall(r"^\| `([a-zA-Z.]+)` \|", gcp, re.MULTILINE)) == CALLER_PERMISSIONS
    assert f"`{gcp_caller_role_id('prod', 'example-models', 'example-prod')}`" in gcp
