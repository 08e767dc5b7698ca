"""The gate and CI: the trusts that keyplan makes take their own jobs alone, and each wider one is found."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.aws.ci.trusts import ci_identity, ci_trust
from components.aws.policy.trusts import irsa_trust
from keyplan.audit.gate import Finding
from keyplan.catalogue import EksIdentity, Runtime, Settings, consumer_settings
from keyplan.ci_settings import (
    AzurePipelinesSettings,
    BitbucketSettings,
    BuildkiteSettings,
    CircleciSettings,
    GitlabSettings,
    JenkinsSettings,
    PulumiDeploymentsSettings,
)
from tests.audit.accounts import READER, allow, document, role, trusting, user, when
from tests.audit.gated import EXACT, LISTED, found_in, manifest
from tests.audit.gated import consumer as listed
from tests.components.catalogues import ACCOUNT as PLACE
from tests.components.catalogues import IRSA_ISSUER, consumer, eks, github

UUIDS = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(1, 6)]
AZURE = AzurePipelinesSettings(UUIDS[0], "example", "evals", "keyplan", None, None, ())
JENKINS = JenkinsSettings(
    "https://ci.example.com", "team/evals", ("main", "release/*"), "https://ci.example.com/oidc", None, None
)
RUNNERS: dict[str, tuple[Runtime, Settings]] = {
    "github branch": (Runtime.GITHUB_ACTIONS, github()),
    "github tag": (Runtime.GITHUB_ACTIONS, github(branches=(), tags=("v*",))),
    "github environment": (Runtime.GITHUB_ACTIONS, github(branches=(), environment="prod:eu")),
    "github environment and branch": (Runtime.GITHUB_ACTIONS, github(environment="production")),
    "github without the owner's id": (Runtime.GITHUB_ACTIONS, github(repository_owner_id=None)),
    "github, every branch": (Runtime.GITHUB_ACTIONS, github(branches=("*",))),
    "gitlab": (
        Runtime.GITLAB_CI,
        GitlabSettings("group/evals", ("main",), ("v*",), "https://gitlab.example.com"),
    ),
    "circleci": (Runtime.CIRCLECI, CircleciSettings(UUIDS[0], UUIDS[1])),
    "circleci branch": (
        Runtime.CIRCLECI,
        CircleciSettings(UUIDS[0], UUIDS[1], "github.com/example/evals", ("main", "release/*")),
    ),
    "buildkite": (Runtime.BUILDKITE, BuildkiteSettings("example", "evals", ("main", "release/*"))),
    "bitbucket": (
        Runtime.BITBUCKET_PIPELINES,
        BitbucketSettings("example", UUIDS[0], UUIDS[1], "Production", UUIDS[2], ()),
    ),
    "azure": (Runtime.AZURE_PIPELINES, AZURE),
    "jenkins": (Runtime.JENKINS, JENKINS),
    "jenkins, a pull request by name": (Runtime.JENKINS, replace(JENKINS, branches=("PR-1",))),
    "pulumi": (
        Runtime.PULUMI_DEPLOYMENTS,
        PulumiDeploymentsSettings("example", "evals", "prod", ("update", "refresh")),
    ),
    "irsa": (Runtime.EKS, eks(EksIdentity.IRSA, IRSA_ISSUER)),
}
Trust = dict[str, Any]
Change = Callable[[Trust, str], None]


def trust_of(runtime: Runtime, settings: Settings) -> Trust:
    """The trust that keyplan makes, in the account of these tests."""
    if runtime is Runtime.EKS:
        made: Any = irsa_trust(PLACE, settings)  # type: ignore[arg-type]
    else:
        made = ci_trust(PLACE, ci_identity(consumer("chat", runtime, settings)))
    made["Statement"][0]["Principal"]["Federated"] = provider_of(made).replace(
        PLACE.account_id, READER.split(":")[4]
    )
    return dict(made)


def provider_of(trust: Trust) -> str:
    return str(trust["Statement"][0]["Principal"]["Federated"])


def gated(name: str, change: Change | None = None) -> list[Finding]:
    """The findings about a runner's reader, whose trust somebody changed."""
    runtime, settings = RUNNERS[name]
    trust = copy.deepcopy(trust_of(runtime, settings))
    if change is not None:
        change(trust["Statement"][0], provider_of(trust).partition(":oidc-provider/")[2])
    held = manifest(listed(runtime.value, READER, **consumer_settings(settings)))
    return found_in(role("reader", EXACT, trust=trust), held_against=held)


def without_subject(statement: Trust, host: str) -> None:
    for lines in statement["Condition"].values():
        lines.pop(f"{host}:sub", None)
        lines.pop(f"{host}:repository_id", None)


def any_subject(statement: Trust, host: str) -> None:
    without_subject(statement, host)
    statement["Condition"].setdefault("StringLike", {})[f"{host}:sub"] = "*"


def if_there_is_one(statement: Trust, host: str) -> None:
    without_subject(statement, host)
    statement["Condition"]["ForAllValues:StringLike"] = {f"{host}:no-such-claim": "example"}


@pytest.mark.parametrize("name", RUNNERS)
def test_the_trust_that_keyplan_makes_is_as_the_catalogue_says(name: str) -> None:
    assert gated(name) == []


@pytest.mark.parametrize("change", [without_subject, any_subject, if_there_is_one])
@pytest.mark.parametrize("name", RUNNERS)
def test_a_trust_that_does_not_hold_the_subject_takes_anybodys_jobs(name: str, change: Change) -> None:
    found = {each.code: each for each in gated(name, change)}
    assert found["foreign-ci"].principal == READER
    assert found["foreign-ci"].verdict == "allow"
    assert ", by role/reader trust[" in found["foreign-ci"].message


def replacing(before: str, after: str) -> Change:
    """The subjects' texts, changed; GitHub's id as well as if nobody compared it."""

    def change(statement: Trust, host: str) -> None:
        for operator, lines in list(statement["Condition"].items()):
            values = lines.pop(f"{host}:sub", None)
            lines.pop(f"{host}:repository_id", None)
            if values is not None and operator != "StringNotLike":
                listed = values if isinstance(values, list) else [values]
                wider = [each.replace(before, after) for each in listed]
                assert wider != listed
                statement["Condition"].setdefault("StringLike", {})[f"{host}:sub"] = wider

    return change


def not_excluding(statement: Trust, _host: str) -> None:
    del statement["Condition"]["StringNotLike"]


@pytest.mark.parametrize(
    ("name", "change", "code", "whose"),
    [
        ("github branch", replacing("ref:refs/heads/main", "*"), "loose-ci", "a pull request, another env"),
        ("github branch", replacing("ref:refs/heads/main", "pull_request"), "loose-ci", "a pull request"),
        ("github branch", replacing("refs/heads/main", "refs/heads/*"), "loose-ci", "another branch"),
        ("github branch", replacing("@123456:ref:refs/heads/main", "@123456:*"), "loose-ci", "a pull"),
        ("github branch", replacing("example/evals:", "example/evals*:"), "foreign-ci", "another repository"),
        ("github branch", replacing("example/evals:", "example*/evals:"), "foreign-ci", "another owner's"),
        ("github environment", replacing("prod%3Aeu", "*"), "loose-ci", "another environment"),
        ("gitlab", replacing("ref:main", "ref:*"), "loose-ci", "another branch"),
        ("gitlab", replacing("group/evals", "group/*"), "foreign-ci", "another project"),
        ("circleci", replacing(UUIDS[1], "*"), "foreign-ci", "another project"),
        ("circleci branch", replacing("refs/heads/main", "refs/heads/*"), "loose-ci", "another branch"),
        ("circleci branch", replacing("github.com/example/evals", "*"), "loose-ci", "a fork"),
        ("buildkite", replacing("refs/heads/main", "refs/*"), "loose-ci", "a pull request, a tag"),
        ("buildkite", not_excluding, "loose-ci", "a fork"),
        ("buildkite", replacing(":pipeline:evals", ":pipeline:evals*"), "foreign-ci", "another pipeline"),
        ("bitbucket", replacing(f"{{{UUIDS[2]}}}:", ""), "loose-ci", "a step without its environment"),
        ("azure", replacing("evals/keyplan", "evals/*"), "loose-ci", "another service connection"),
        ("azure", replacing("example/evals/", "example/*/"), "foreign-ci", "another project"),
        ("jenkins", replacing("job/main/", "job/*/"), "loose-ci", "another branch"),
        ("jenkins", replacing("job/evals/", "job/*/"), "foreign-ci", "another job"),
        ("pulumi", replacing("operation:update", "operation:*"), "loose-ci", "its preview, its destroy"),
        ("pulumi", replacing("stack:prod", "stack:*"), "foreign-ci", "another stack"),
        ("irsa", replacing(":web:chat", ":web:*"), "loose-ci", "another service account"),
        ("irsa", replacing(":web:", ":*:"), "foreign-ci", "another namespace"),
    ],
)  # fmt: skip
def test_a_trust_that_is_wider_than_the_catalogue_is_found_with_whose_jobs_it_takes(
    name: str, change: Change, code: str, whose: str
) -> None:
    found = {each.code: each for each in gated(name, change)}
    assert code in found
    assert f"its trust takes the tokens of {whose}" in found[code].message


def test_a_trust_that_takes_none_of_its_own_jobs_is_found() -> None:
    found = gated("github branch", replacing("refs/heads/main", "refs/heads/trunk"))
    assert [(each.code, each.message) for each in found if each.code == "listed-without-access"] == [
        ("listed-without-access", "the trust of chat's role takes no token of its own jobs")
    ]


def test_a_condition_besides_makes_a_wide_trust_a_conditional_one() -> None:
    def from_the_office(statement: Trust, host: str) -> None:
        any_subject(statement, host)
        statement["Condition"]["IpAddress"] = {"aws:SourceIp": "192.0.2.0/24"}

    assert {each.verdict for each in gated("gitlab", from_the_office) if each.code == "foreign-ci"} == {
        "conditional"
    }


def test_the_surest_of_several_forms_of_a_token_counts() -> None:
    def both_forms(statement: Trust, host: str) -> None:
        of_names, of_ids = copy.deepcopy(statement), copy.deepcopy(statement)
        for each, subject in ((of_names, "repo:example/evals:*"), (of_ids, "repo:example@77/evals@123456:*")):
            without_subject(each, host)
            each["Condition"]["StringLike"] = {f"{host}:sub": subject}
        of_ids["Condition"]["IpAddress"] = {"aws:SourceIp": "192.0.2.0/24"}
        statement.update(of_names)
        trust["Statement"].append(of_ids)

    runtime, settings = RUNNERS["github branch"]
    trust = trust_of(runtime, settings)
    both_forms(trust["Statement"][0], provider_of(trust).partition(":oidc-provider/")[2])
    held = manifest(listed(runtime.value, READER, **consumer_settings(settings)))
    found = {each.code: each for each in found_in(role("reader", EXACT, trust=trust), held_against=held)}
    assert found["loose-ci"].verdict == "allow"


# ---- roles that are no reader's -------------------------------------------------------------------------

GITHUB = "token.actions.githubusercontent.com"


def other_role(**condition: Any) -> list[Finding]:
    """What is said of CI about an administrator's role, which is a finding itself."""
    trust = trusting(
        {"Federated": f"{READER.partition(':role/')[0]}:oidc-provider/{GITHUB}"},
        "sts:AssumeRoleWithWebIdentity",
        **({"Condition": condition} if condition else {}),
    )
    boss = role("deploy", EXACT, trust=trust)
    return [each for each in found_in(LISTED, boss, user("nobody")) if each.code == "foreign-ci"]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({}, "its trust takes tokens of anybody's jobs, by role/deploy trust[0]: it does not compare"),
        ({"StringEquals": {f"{GITHUB}:aud": "https://mine"}}, "it does not compare the token's sub"),
        ({"StringLike": {f"{GITHUB}:sub": "repo:*:ref:refs/heads/main"}}, "anybody's jobs, by role/deploy"),
        ({"StringLike": {f"{GITHUB}:sub": "repo:example/*"}}, None),
    ],
    ids=["no condition", "the audience alone", "every repository", "one owner"],
)
def test_another_role_that_reads_is_found_where_anybodys_jobs_become_it(
    condition: dict[str, Any], words: str | None
) -> None:
    found = other_role(**condition)
    assert [words in each.message for each in found if words is not None] == ([] if words is None else [True])
    assert bool(found) == (words is not None)


def test_a_role_that_reads_under_a_condition_is_taken_by_anybody_under_that_condition() -> None:
    at_work = document(allow(**when(IpAddress={"aws:SourceIp": "192.0.2.0/24"})))
    trust = trusting(
        {"Federated": f"{READER.partition(':role/')[0]}:oidc-provider/{GITHUB}"},
        "sts:AssumeRoleWithWebIdentity",
    )
    found = found_in(LISTED, role("deploy", at_work, trust=trust))
    assert [each.verdict for each in found if each.code == "foreign-ci"] == ["conditional"]


@pytest.mark.parametrize(
    "settings",
    [{}, {"repository": "no-slash", "repositoryId": "1"}, {"repository": 7}, {"repository": "a/b"}],
    ids=["nothing", "no owner", "no text", "no id"],
)
def test_a_manifest_that_says_too_little_of_a_runner_is_no_crash(settings: dict[str, Any]) -> None:
    held = manifest(listed("github-actions", READER, **settings))
    # The role's trust is in a service, which is not the runtime's; of tokens nothing can be said.
    assert {each.code for each in found_in(LISTED, held_against=held)} == {"service-access"}
