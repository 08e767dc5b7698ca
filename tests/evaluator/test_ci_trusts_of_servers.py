"""The trusts of Bitbucket Pipelines, Azure Pipelines and Jenkins, judged with tokens as their sources say.

Each issuer belongs to one workspace, organization or server. AWS reads `sub` and `aud` of their tokens and no
other claim, so that what these do not tell apart must be refused elsewhere, and is not tested here.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from components.aws.account import Account as Place
from components.aws.ci.trusts import ci_identity, ci_trust
from keyplan.catalogue import Consumer, Runtime, Settings
from keyplan.ci_settings import AzurePipelinesSettings, BitbucketSettings, JenkinsSettings
from keyplan.errors import UsageError
from tests.evaluator.policy_evaluator import Account, OidcProvider, Role, can_assume_with_token

PLACE = Place("123456789012", "aws", "eu-west-1")
A, B, C, D = (f"{digit * 8}-1111-4222-8333-444444444444" for digit in "abcd")
Claims = Mapping[str, str]

BITBUCKET = BitbucketSettings("example", A, B, "Production", C, ())
BITBUCKET_ISSUER = "https://api.bitbucket.org/2.0/workspaces/example/pipelines-config/identity/oidc"


def step(*ids: str, **changes: str) -> Claims:
    """A token of a step. Source: Atlassian, "Integrate Pipelines with resource servers using OIDC"."""
    return {
        "iss": BITBUCKET_ISSUER,
        "aud": f"ari:cloud:bitbucket::workspace/{A}",
        "sub": ":".join(f"{{{each}}}" for each in ids),
        "branchName": "feature",
        **changes,
    }


AZURE = AzurePipelinesSettings(A, "example", "Our Evals", "keyplan evals", None, None, ())


def stage(subject: str, organization: str = A) -> Claims:
    """A token of a stage. Source: aws-toolkit-azure-devops issue 614, sigstore/fulcio issue 1803."""
    issuer = f"https://vstoken.dev.azure.com/{organization}"
    return {"iss": issuer, "aud": "api://AzureADTokenExchange", "sub": subject, "rpo_ref": "refs/heads/main"}


def jenkins(*branches: str, job: str = "platform/evals") -> JenkinsSettings:
    root = "https://jenkins.example.com"
    return JenkinsSettings(root, job, branches, f"{root}/oidc", None, None)


def build(path: str, audience: str = "sts.amazonaws.com") -> Claims:
    """A token of a build. Source: IdTokenConfiguration of the OpenID Connect Provider plugin."""
    return {
        "iss": "https://jenkins.example.com/oidc",
        "aud": audience,
        "sub": f"https://jenkins.example.com/{path}",
    }


MULTIBRANCH = "job/platform/job/evals/job/"
ROWS: list[tuple[str, Settings, Claims, bool]] = [
    ("bitbucket: a step that deploys there", BITBUCKET, step(B, C, D), True),
    ("bitbucket: a step that deploys nowhere", BITBUCKET, step(B, D), False),
    ("bitbucket: a step that deploys elsewhere", BITBUCKET, step(B, D, C), False),
    ("bitbucket: another repository, a fork's too", BITBUCKET, step(D, C, B), False),
    ("bitbucket: no step", BITBUCKET, step(B, C), False),
    ("bitbucket: another audience", BITBUCKET, step(B, C, D, aud="sts.amazonaws.com"), False),
    (
        "bitbucket: another workspace",
        BITBUCKET,
        step(B, C, D, iss=BITBUCKET_ISSUER.replace("example", "stranger")),
        False,
    ),
    ("azure: the connection", AZURE, stage("sc://example/Our Evals/keyplan evals"), True),
    ("azure: another connection", AZURE, stage("sc://example/Our Evals/keyplan evals 2"), False),
    ("azure: another project's connection", AZURE, stage("sc://example/Other/keyplan evals"), False),
    ("azure: a pipeline called so", AZURE, stage("p://example/Our Evals/keyplan evals"), False),
    ("azure: another organization", AZURE, stage("sc://example/Our Evals/keyplan evals", B), False),
    ("jenkins: the job", jenkins(), build("job/platform/job/evals/"), True),
    ("jenkins: a job below it", jenkins(), build("job/platform/job/evals/job/main/"), False),
    ("jenkins: another folder", jenkins(), build("job/stranger/job/evals/"), False),
    ("jenkins: a job outside of folders", jenkins(), build("job/evals/"), False),
    ("jenkins: another audience", jenkins(), build("job/platform/job/evals/", "vault"), False),
    ("jenkins: the branch", jenkins("main"), build(f"{MULTIBRANCH}main/"), True),
    ("jenkins: another branch", jenkins("main"), build(f"{MULTIBRANCH}main2/"), False),
    ("jenkins: the project itself", jenkins("main"), build("job/platform/job/evals/"), False),
    ("jenkins: a pull request", jenkins("main"), build(f"{MULTIBRANCH}PR-7/"), False),
    ("jenkins: by pattern", jenkins("release/*"), build(f"{MULTIBRANCH}release%252F1/"), True),
    ("jenkins: by pattern, no slash", jenkins("release/*"), build(f"{MULTIBRANCH}release/"), False),
    ("jenkins: a pattern that requests meet", jenkins("P*"), build(f"{MULTIBRANCH}PR-7/"), False),
    ("jenkins: a pattern that merge requests meet", jenkins("*-1"), build(f"{MULTIBRANCH}MR-1/"), False),
    ("jenkins: a branch beside requests", jenkins("P*"), build(f"{MULTIBRANCH}Prod/"), True),
]
RUNTIMES = {
    BitbucketSettings: Runtime.BITBUCKET_PIPELINES,
    AzurePipelinesSettings: Runtime.AZURE_PIPELINES,
    JenkinsSettings: Runtime.JENKINS,
}


def consumer(settings: Settings) -> Consumer:
    return Consumer("evals", RUNTIMES[type(settings)], ("anthropic",), {}, settings)


@pytest.mark.parametrize(
    ("settings", "token", "expected"), [pytest.param(*row[1:], id=row[0]) for row in ROWS]
)
def test_exactly_the_named_jobs_become_the_reader(settings: Settings, token: Claims, expected: bool) -> None:
    identity = ci_identity(consumer(settings))
    url = identity.issuer.removeprefix("https://")
    arn = f"arn:aws:iam::123456789012:oidc-provider/{url}"
    # An account that knows the other issuers as well: their tokens must not do.
    providers = {url, str(token["iss"]).removeprefix("https://")}
    audiences = (identity.audience, "vault", "sts.amazonaws.com")
    account = Account(
        "123456789012",
        {},
        {},
        {},
        {},
        tuple(OidcProvider(arn.replace(url, each), each, audiences) for each in sorted(providers)),
    )
    role = Role("arn:aws:iam::123456789012:role/prod-evals-reader", ci_trust(PLACE, identity), (), None)
    assert bool(can_assume_with_token(account, role, token)) is expected


def test_the_audience_of_a_jenkins_credential_is_the_one_compared() -> None:
    settings = JenkinsSettings("https://ci.example.com", "a", (), "https://keys.example.com", "keyplan", None)
    identity = ci_identity(consumer(settings))
    assert (identity.issuer, identity.audience) == ("https://keys.example.com", "keyplan")


@pytest.mark.parametrize(
    "settings",
    [
        BitbucketSettings("example", A, B, None, None, ("main",)),
        AzurePipelinesSettings(A, "example", "Our Evals", None, B, "1", ("main",)),
    ],
)
def test_what_aws_cannot_compare_is_no_trust(settings: Settings) -> None:
    with pytest.raises(UsageError):
        ci_identity(consumer(settings))
