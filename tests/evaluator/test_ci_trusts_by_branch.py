"""Branches at CircleCI and operations at Pulumi: whose documented tokens become the reader."""

from __future__ import annotations

import pytest

from components.aws.account import Account as Place
from components.aws.ci.trusts import ci_identity, ci_trust
from keyplan.catalogue import Consumer, Runtime, Settings
from keyplan.ci_settings import CircleciSettings, PulumiDeploymentsSettings
from tests.evaluator.policy_evaluator import (
    Account,
    OidcProvider,
    Role,
    can_assume_with_token,
    refused_by_iam,
)

PLACE = Place("123456789012", "aws", "eu-west-1")
ORGANIZATION, PROJECT = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"
USER = "00000000-0000-4000-8000-000000000001"
ORIGIN = "github.com/example/changelog"
BRANCHES = CircleciSettings(ORGANIZATION, PROJECT, ORIGIN, ("main", "release/*"))
STACK = PulumiDeploymentsSettings("example", "shop", "prod", ("update", "refresh"))


def becomes_the_reader(runtime: Runtime, settings: Settings, claims: dict[str, str]) -> bool:
    identity = ci_identity(Consumer("ci", runtime, ("anthropic",), {}, settings))
    url = identity.issuer.removeprefix("https://")
    provider = OidcProvider(f"arn:aws:iam::123456789012:oidc-provider/{url}", url, (identity.audience,))
    account = Account("123456789012", {}, {}, {}, {}, (provider,))
    trust = ci_trust(PLACE, identity)
    assert refused_by_iam(trust) is None
    role = Role("arn:aws:iam::123456789012:role/prod-ci-reader", trust, (), None)
    return bool(can_assume_with_token(account, role, claims))


def circleci(
    ref: str | None, origin: str = ORIGIN, project: str = PROJECT, organization: str = ORGANIZATION
) -> dict[str, str]:
    """The token in `CIRCLE_OIDC_TOKEN_V2`; without a ref that of a pipeline which a custom webhook started.

    Source: CircleCI Docs, "Using OpenID Connect tokens in jobs".
    """
    subject = f"org/{organization}/project/{project}/user/{USER}"
    if ref is not None:
        subject += f"/vcs-origin/{origin}/vcs-ref/{ref}"
    return {
        "iss": f"https://oidc.circleci.com/org/{organization}",
        "aud": organization,
        "sub": subject,
        "oidc.circleci.com/project-id": project,
    }


CIRCLECI_ROWS = [
    ("the branch", circleci("refs/heads/main"), True),
    ("a branch of the pattern", circleci("refs/heads/release/2/1"), True),
    ("another branch", circleci("refs/heads/feature"), False),
    ("a branch that begins alike", circleci("refs/heads/main2"), False),
    ("a branch that ends alike", circleci("refs/heads/x/main"), False),
    ("a tag of the branch's name", circleci("refs/tags/main"), False),
    ("a fork's pull request", circleci("refs/heads/pull/7", "github.com/stranger/changelog"), False),
    ("a fork's branch of the same name", circleci("refs/heads/main", "github.com/stranger/changelog"), False),
    ("a repository whose name goes on", circleci("refs/heads/main", ORIGIN + "2"), False),
    ("a branch that pretends to be a ref", circleci("refs/heads/x/vcs-ref/refs/heads/main"), False),
    (
        "a branch that pretends to be the rest of a subject",
        circleci(f"refs/heads/x/vcs-origin/{ORIGIN}/vcs-ref/refs/heads/main"),
        False,
    ),
    (
        "a fork's branch that does",
        circleci(
            f"refs/heads/x/vcs-origin/{ORIGIN}/vcs-ref/refs/heads/main", "github.com/stranger/changelog"
        ),
        False,
    ),
    ("a custom webhook, or the first kind of token", circleci(None), False),
    ("another project", circleci("refs/heads/main", project=ORGANIZATION), False),
    ("another organization", circleci("refs/heads/main", organization=PROJECT), False),
]


@pytest.mark.parametrize(("claims", "expected"), [pytest.param(*row[1:], id=row[0]) for row in CIRCLECI_ROWS])
def test_circleci_reads_from_the_named_branches_of_the_repository(
    claims: dict[str, str], expected: bool
) -> None:
    assert becomes_the_reader(Runtime.CIRCLECI, BRANCHES, claims) is expected


def test_without_branches_every_job_of_the_project_reads_as_before() -> None:
    settings = CircleciSettings(ORGANIZATION, PROJECT)
    for claims in (circleci(None), circleci("refs/heads/feature")):
        assert becomes_the_reader(Runtime.CIRCLECI, settings, claims)


def pulumi(
    operation: str = "update",
    organization: str = "example",
    project: str = "shop",
    stack: str = "prod",
    **changes: str,
) -> dict[str, str]:
    """A deployment's token. Source: Pulumi Docs, "OIDC Setup for Pulumi Deployments", token claims."""
    place = f"org:{organization}:project:{project}:stack:{stack}"
    return {
        "iss": "https://api.pulumi.com/oidc",
        "aud": organization,
        "sub": f"pulumi:deploy:{place}:operation:{operation}:scope:write",
        **changes,
    }


PULUMI_ROWS = [
    ("an update", pulumi(), True),
    ("a refresh", pulumi("refresh"), True),
    ("an operation that is not named", pulumi("destroy"), False),
    ("a preview, as a pull request starts it", pulumi("preview"), False),
    ("another stack", pulumi(stack="dev"), False),
    ("a review stack", pulumi(stack="pr-example-shop-7"), False),
    ("another project", pulumi(project="shop2"), False),
    ("another organization", pulumi(organization="stranger"), False),
    ("another organization with our audience", pulumi(organization="stranger", aud="example"), False),
    ("an environment of Pulumi ESC", pulumi(sub="pulumi:environments:org:example:env:shop/prod"), False),
    ("something behind", pulumi(sub=pulumi()["sub"] + ":x"), False),
    ("shouted", pulumi(sub=pulumi()["sub"].upper()), False),
]


@pytest.mark.parametrize(("claims", "expected"), [pytest.param(*row[1:], id=row[0]) for row in PULUMI_ROWS])
def test_pulumi_deployments_reads_in_the_named_operations_of_the_stack(
    claims: dict[str, str], expected: bool
) -> None:
    assert becomes_the_reader(Runtime.PULUMI_DEPLOYMENTS, STACK, claims) is expected


def test_an_underscore_or_a_dot_in_a_stacks_name_is_no_wildcard() -> None:
    settings = PulumiDeploymentsSettings("example", "shop", "pr.od_1", ("update",))
    assert becomes_the_reader(Runtime.PULUMI_DEPLOYMENTS, settings, pulumi(stack="pr.od_1"))
    assert not becomes_the_reader(Runtime.PULUMI_DEPLOYMENTS, settings, pulumi(stack="prxod_1"))
