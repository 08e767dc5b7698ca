"""Whose builds may read: Bitbucket Pipelines, Azure Pipelines and Jenkins, judged on the claims they send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from components.gcp.ci.trusts import ci_identity
from keyplan.catalogue import Runtime
from keyplan.ci_settings import AzurePipelinesSettings, BitbucketSettings, JenkinsSettings
from keyplan.errors import UsageError
from sandbox.gcp_server.access.cel import NotUnderstood, compile_expression
from tests.components_gcp.catalogues import on_gcp
from tests.components_gcp.expressions import EvaluationError, evaluate

A, B, C, D = (f"{digit * 8}-1111-4222-8333-444444444444" for digit in "abcd")
RUNTIMES = {
    BitbucketSettings: Runtime.BITBUCKET_PIPELINES,
    AzurePipelinesSettings: Runtime.AZURE_PIPELINES,
    JenkinsSettings: Runtime.JENKINS,
}


def bitbucket(*branches: str, environment: bool = False) -> BitbucketSettings:
    name, environment_id = ("Production", C) if environment else (None, None)
    return BitbucketSettings("example", A, B, name, environment_id, branches)


def step(**claims: Any) -> dict[str, Any]:
    """Source: Atlassian Support, "Integrate Pipelines with resource servers using OIDC"."""
    return {
        "sub": f"{{{B}}}:{{{D}}}",
        "workspaceUuid": f"{{{A}}}",
        "repositoryUuid": f"{{{B}}}",
        "stepUuid": f"{{{D}}}",
        "branchName": "main",
        **claims,
    }


AZURE = AzurePipelinesSettings(A, None, None, None, B, "42", ("main", "release/*"))


def run(**claims: Any) -> dict[str, Any]:
    """Source: Teleport's RFD 211, a token of a run."""
    return {
        "sub": "p://example/Our Evals/evals",
        "org_id": A,
        "prj_id": B,
        "def_id": "42",
        "rpo_ref": "refs/heads/main",
        "run_id": "5",
        **claims,
    }


CONNECTION = {"sub": "sc://example/Our Evals/keyplan"}
JOB = "https://jenkins.example.com/job/platform/job/evals/"


def jenkins(*branches: str) -> JenkinsSettings:
    root = "https://jenkins.example.com"
    return JenkinsSettings(root, "platform/evals", branches, f"{root}/oidc", None, None)


def build(subject: str) -> dict[str, Any]:
    """Source: IdTokenConfiguration of the OpenID Connect Provider plugin."""
    return {"sub": subject, "build_number": 17}


ROWS: list[tuple[str, Any, Mapping[str, Any], bool]] = [
    ("bitbucket: the branch", bitbucket("main"), step(), True),
    ("bitbucket: another branch", bitbucket("main"), step(branchName="feature"), False),
    ("bitbucket: a branch that begins alike", bitbucket("main"), step(branchName="main2"), False),
    ("bitbucket: by pattern", bitbucket("release/*"), step(branchName="release/1/2"), True),
    ("bitbucket: a tag has no branch", bitbucket("main"), step() | {"branchName": None}, False),
    ("bitbucket: another repository, a fork", bitbucket("main"), step(repositoryUuid=f"{{{A}}}"), False),
    (
        "bitbucket: the environment",
        bitbucket(environment=True),
        step(branchName="any", deploymentEnvironmentUuid=f"{{{C}}}"),
        True,
    ),
    ("bitbucket: no environment", bitbucket(environment=True), step(), False),
    (
        "bitbucket: another environment",
        bitbucket(environment=True),
        step(deploymentEnvironmentUuid=f"{{{A}}}"),
        False,
    ),
    (
        "bitbucket: the environment from another branch",
        bitbucket("main", environment=True),
        step(branchName="any", deploymentEnvironmentUuid=f"{{{C}}}"),
        False,
    ),
    ("azure: the branch", AZURE, run(), True),
    ("azure: by pattern", AZURE, run(rpo_ref="refs/heads/release/1"), True),
    ("azure: another branch", AZURE, run(rpo_ref="refs/heads/feature"), False),
    ("azure: a tag", AZURE, run(rpo_ref="refs/tags/main"), False),
    ("azure: a pull request", AZURE, run(rpo_ref="refs/pull/7/merge"), False),
    ("azure: another pipeline", AZURE, run(def_id="43"), False),
    ("azure: another project", AZURE, run(prj_id=C), False),
    ("azure: a service connection's token", AZURE, CONNECTION, False),
    ("jenkins: the job", jenkins(), build(JOB), True),
    ("jenkins: a job below it", jenkins(), build(f"{JOB}job/main/"), False),
    ("jenkins: the branch", jenkins("main"), build(f"{JOB}job/main/"), True),
    ("jenkins: another branch", jenkins("main"), build(f"{JOB}job/main2/"), False),
    ("jenkins: by pattern", jenkins("release/*"), build(f"{JOB}job/release%252F1/"), True),
    ("jenkins: a job below a branch", jenkins("release/*"), build(f"{JOB}job/release%252F1/job/x/"), False),
    ("jenkins: a pull request", jenkins("main"), build(f"{JOB}job/PR-7/"), False),
    ("jenkins: a pattern that requests meet", jenkins("P*"), build(f"{JOB}job/PR-7/"), False),
    ("jenkins: a pattern that merge requests meet", jenkins("*-1"), build(f"{JOB}job/MR-1/"), False),
    ("jenkins: a branch beside requests", jenkins("P*"), build(f"{JOB}job/Prod/"), True),
    ("jenkins: another server", jenkins(), build(JOB.replace("jenkins.", "stranger.")), False),
]


@pytest.mark.parametrize(
    ("settings", "token", "expected"), [pytest.param(*row[1:], id=row[0]) for row in ROWS]
)
def test_exactly_the_named_builds_are_accepted(
    settings: Any, token: Mapping[str, Any], expected: bool
) -> None:
    condition = ci_identity(on_gcp("evals", RUNTIMES[type(settings)], settings)).condition
    try:
        accepted = evaluate(condition, token)
    except EvaluationError:
        accepted = False
    try:
        in_sandbox = compile_expression(condition)({"assertion": token})
    except NotUnderstood:
        in_sandbox = False
    assert (accepted, in_sandbox) == (expected, expected)


@pytest.mark.parametrize(
    ("settings", "token", "subject"),
    [
        (bitbucket("main"), step(), f"evals:{{{D}}}"),
        (AZURE, run(), "evals:5"),
        (jenkins("main"), build(f"{JOB}job/main/"), "evals:17"),
    ],
    ids=["bitbucket", "azure", "jenkins"],
)
def test_a_token_becomes_the_member_that_is_granted_the_keys(
    settings: Any, token: Mapping[str, Any], subject: str
) -> None:
    consumer = on_gcp("evals", RUNTIMES[type(settings)], settings)
    identity = ci_identity(consumer)
    mapping = identity.mapping(consumer)
    expected = {"google.subject": subject, "attribute.evals": identity.immutable_value}
    assert {name: evaluate(text, token) for name, text in mapping.items()} == expected
    in_sandbox = {name: compile_expression(text)({"assertion": token}) for name, text in mapping.items()}
    assert in_sandbox == expected


def test_the_audience_is_what_each_ci_puts_into_its_tokens() -> None:
    expected: dict[Any, tuple[str, ...]] = {
        bitbucket("main"): (f"ari:cloud:bitbucket::workspace/{A}",),
        AZURE: ("api://AzureADTokenExchange",),
        jenkins(): (),
        JenkinsSettings("https://a", "b", (), "https://a/oidc", "keyplan", None): ("keyplan",),
    }
    found = {
        settings: ci_identity(on_gcp("evals", RUNTIMES[type(settings)], settings)).audiences
        for settings in expected
    }
    assert found == expected


@pytest.mark.parametrize(
    "settings",
    [
        bitbucket(),
        AzurePipelinesSettings(A, None, None, None, B, "42", ()),
        AzurePipelinesSettings(A, None, None, None, B, None, ("main",)),
    ],
)
def test_a_trust_in_a_whole_repository_is_refused(settings: Any) -> None:
    with pytest.raises(UsageError, match="consumer `evals`"):
        ci_identity(on_gcp("evals", RUNTIMES[type(settings)], settings))
