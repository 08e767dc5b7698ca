"""Whose jobs may read: conditions and mappings, evaluated on the claims that each issuer sends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.gcp.ci import cel
from components.gcp.ci.trusts import ci_identity
from components.gcp.quotas import GoogleQuotaExceeded
from keyplan.catalogue import Runtime
from keyplan.ci_settings import BuildkiteSettings, CircleciSettings
from keyplan.errors import UsageError
from keyplan.names import NAME_MAX
from tests.components.catalogues import ORGANIZATION, PROJECT, github
from tests.components_gcp.catalogues import CI, EVALS, gitlab, on_gcp
from tests.components_gcp.expressions import EvaluationError, evaluate

GITHUB_TOKEN = {
    "sub": "repo:example/evals:ref:refs/heads/main",
    "repository": "example/evals",
    "repository_id": "123456",
    "repository_owner_id": "77",
    "ref": "refs/heads/main",
    "event_name": "push",
    "run_id": "10987654321",
}
GITLAB_TOKEN = {
    "sub": "project_path:group/evals:ref_type:branch:ref:main",
    "project_id": "4242",
    "ref": "main",
    "ref_type": "branch",
    "pipeline_source": "push",
    "job_id": "9876543210",
}
CIRCLECI_TOKEN = {
    "sub": f"org/{ORGANIZATION}/project/{PROJECT}/user/55555555-2222-4333-8444-555555555555",
    "oidc.circleci.com/project-id": PROJECT,
}
PULUMI_TOKEN = {
    "sub": "pulumi:deploy:org:example:project:evals:stack:prod:operation:update:scope:write",
    "org": "example",
    "project": "evals",
    "stack": "prod",
    "operation": "update",
}
SHA = "750339bffa630404607f73dd8ed2f2c4de3670c7"


def buildkite_token(ref: str = "refs/heads/main", **fields: Any) -> dict[str, Any]:
    return {
        "sub": f"organization:example:pipeline:evals:ref:{ref}:commit:{SHA}:step:test",
        "organization_slug": "example",
        "pipeline_slug": "evals",
        "build_branch": ref.removeprefix("refs/heads/"),
        "job_id": "018485f6-1f53-4f18-9b53-72428db4d239",
        **fields,
    }


def accepts(settings: Any, token: Mapping[str, Any], runtime: Runtime = Runtime.GITHUB_ACTIONS) -> bool:
    """What Google does with a token: an error of the evaluation refuses it."""
    condition = ci_identity(on_gcp("evals", runtime, settings)).condition
    try:
        result = evaluate(condition, token)
    except EvaluationError:
        return False
    assert isinstance(result, bool)
    return result


GITHUB_ROWS = [
    ("a push to the branch", {}, {}, True),
    ("another branch", {}, {"ref": "refs/heads/feature"}, False),
    ("a branch that begins alike", {}, {"ref": "refs/heads/main2"}, False),
    ("a tag called as the branch", {}, {"ref": "refs/tags/main"}, False),
    ("a pull request", {}, {"event_name": "pull_request", "ref": "refs/pull/7/merge"}, False),
    ("a pull request that runs the branch's workflow", {}, {"event_name": "pull_request_target"}, False),
    ("another repository of the same name", {}, {"repository_id": "999"}, False),
    ("the repository in other hands", {}, {"repository_owner_id": "78"}, False),
    (
        "the owner's id is not given",
        {"repository_owner_id": None},
        {"repository_owner_id": "78"},
        True,
    ),
    ("a pattern of branches", {"branches": ("release/*",)}, {"ref": "refs/heads/release/2"}, True),
    ("beside the pattern", {"branches": ("release/*",)}, {"ref": "refs/heads/prerelease/2"}, False),
    ("a star in the middle", {"branches": ("v*-lts",)}, {"ref": "refs/heads/v2-lts"}, True),
    ("more after the pattern's end", {"branches": ("v*-lts",)}, {"ref": "refs/heads/v2-lts-x"}, False),
    ("more before its start", {"branches": ("v*-lts",)}, {"ref": "refs/heads/x/v2-lts"}, False),
    ("a dot is a dot", {"branches": ("v1.*-x",)}, {"ref": "refs/heads/v1a2-x"}, False),
    ("every branch", {"branches": ("*",)}, {"ref": "refs/heads/whatever"}, True),
    ("no tag is a branch", {"branches": ("*",)}, {"ref": "refs/tags/v1"}, False),
    ("one of two branches", {"branches": ("main", "stable")}, {"ref": "refs/heads/stable"}, True),
    ("a tag", {"branches": (), "tags": ("v*",)}, {"ref": "refs/tags/v1"}, True),
    ("a branch called as the tag", {"branches": (), "tags": ("v*",)}, {"ref": "refs/heads/v1"}, False),
    (
        "a deployment environment",
        {"branches": (), "environment": "prod"},
        {"environment": "prod", "ref": "refs/heads/any"},
        True,
    ),
    ("another one", {"branches": (), "environment": "prod"}, {"environment": "dev"}, False),
    ("a job without one", {"branches": (), "environment": "prod"}, {}, False),
    (
        "environment and branch: the branch is another",
        {"environment": "prod"},
        {"environment": "prod", "ref": "refs/heads/x"},
        False,
    ),
    ("environment and branch", {"environment": "prod"}, {"environment": "prod"}, True),
]


@pytest.mark.parametrize(
    ("settings", "claims", "expected"),
    [pytest.param(*row[1:], id=row[0]) for row in GITHUB_ROWS],
)
def test_github_jobs(settings: dict[str, Any], claims: dict[str, Any], expected: bool) -> None:
    assert accepts(github(**settings), {**GITHUB_TOKEN, **claims}) is expected


@pytest.mark.parametrize("claim", ["repository_id", "ref", "event_name", "repository_owner_id"])
def test_a_github_token_that_lacks_a_claim_is_refused(claim: str) -> None:
    token = {name: text for name, text in GITHUB_TOKEN.items() if name != claim}
    assert accepts(github(), GITHUB_TOKEN)
    assert not accepts(github(), token)


GITLAB_ROWS = [
    ("a push to the branch", {}, {}, True),
    ("another project", {}, {"project_id": "4243"}, False),
    ("another branch", {}, {"ref": "feature"}, False),
    ("a tag called as the branch", {}, {"ref_type": "tag"}, False),
    ("a merge request from the branch", {}, {"pipeline_source": "merge_request_event"}, False),
    ("a request from another forge", {}, {"pipeline_source": "external_pull_request_event"}, False),
    ("a tag", {"branches": (), "tags": ("v*",)}, {"ref_type": "tag", "ref": "v2"}, True),
    ("a star in the middle", {"branches": ("v*-lts",)}, {"ref": "v2-lts"}, True),
    ("more before the pattern's start", {"branches": ("v*-lts",)}, {"ref": "x-v2-lts"}, False),
    ("more after its end", {"branches": ("v*-lts",)}, {"ref": "v2-lts-x"}, False),
    ("a branch or a tag: the tag", {"tags": ("v*",)}, {"ref_type": "tag", "ref": "v2"}, True),
    (
        "a branch or a tag: a branch called as the tag",
        {"tags": ("v*",)},
        {"ref_type": "branch", "ref": "v2"},
        False,
    ),
]


@pytest.mark.parametrize(
    ("settings", "claims", "expected"),
    [pytest.param(*row[1:], id=row[0]) for row in GITLAB_ROWS],
)
def test_gitlab_jobs(settings: dict[str, Any], claims: dict[str, Any], expected: bool) -> None:
    assert accepts(gitlab(**settings), {**GITLAB_TOKEN, **claims}, Runtime.GITLAB_CI) is expected


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        pytest.param({}, True, id="the project"),
        pytest.param({"oidc.circleci.com/project-id": ORGANIZATION}, False, id="another project"),
        pytest.param(
            {"sub": f"org/{PROJECT}/project/{PROJECT}/user/x"}, False, id="another organization's subject"
        ),
        pytest.param(
            {"sub": f"x/org/{ORGANIZATION}/project/{PROJECT}/user/x"}, False, id="a subject that holds it"
        ),
    ],
)
def test_circleci_jobs(claims: dict[str, Any], expected: bool) -> None:
    settings = CircleciSettings(ORGANIZATION, PROJECT)
    assert accepts(settings, {**CIRCLECI_TOKEN, **claims}, Runtime.CIRCLECI) is expected


BUILDKITE_ROWS = [
    ("the branch", buildkite_token(), True),
    ("another branch", buildkite_token("refs/heads/feature"), False),
    ("a pattern of branches", buildkite_token("refs/heads/release/2"), True),
    ("a tag called as the branch", buildkite_token("refs/tags/main"), False),
    ("a fork's branch of the same name", buildkite_token("refs/heads/stranger:main"), False),
    ("the fork of a user called as the branch", buildkite_token("refs/heads/main:commit"), False),
    ("the same fork, under a pattern", buildkite_token("refs/heads/release/x:main"), False),
    ("another pipeline", buildkite_token(pipeline_slug="other"), False),
    ("another organization", buildkite_token(organization_slug="other"), False),
]


@pytest.mark.parametrize(("token", "expected"), [pytest.param(*row[1:], id=row[0]) for row in BUILDKITE_ROWS])
def test_buildkite_jobs(token: dict[str, Any], expected: bool) -> None:
    settings = BuildkiteSettings("example", "evals", ("main", "release/*"))
    assert accepts(settings, token, Runtime.BUILDKITE) is expected


@pytest.mark.parametrize("consumer", CI, ids=lambda consumer: str(consumer.runtime))
def test_every_runner_has_a_condition_and_an_attribute_of_its_own(consumer: Any) -> None:
    identity = ci_identity(consumer)
    assert identity.condition
    assert set(identity.mapping(consumer)) == {"google.subject", f"attribute.{consumer.name}"}
    other = replace(consumer, name="other")
    assert set(identity.mapping(other)) == {"google.subject", "attribute.other"}


TOKENS = {
    Runtime.GITHUB_ACTIONS: GITHUB_TOKEN,
    Runtime.GITLAB_CI: GITLAB_TOKEN,
    Runtime.CIRCLECI: CIRCLECI_TOKEN,
    Runtime.BUILDKITE: buildkite_token(),
    Runtime.PULUMI_DEPLOYMENTS: PULUMI_TOKEN,
}


@pytest.mark.parametrize("consumer", CI, ids=lambda consumer: str(consumer.runtime))
def test_a_token_becomes_the_member_that_is_granted_the_keys(consumer: Any) -> None:
    identity = ci_identity(consumer)
    mapped = {
        attribute: evaluate(expression, TOKENS[consumer.runtime])
        for attribute, expression in identity.mapping(consumer).items()
    }
    assert mapped[f"attribute.{consumer.name}"] == identity.immutable_value
    subject = mapped["google.subject"]
    assert isinstance(subject, str)
    assert subject.startswith(f"{consumer.name}:")
    assert len(subject.encode()) <= 127


def test_a_renamed_runner_keeps_its_attribute_and_subject() -> None:
    renamed = replace(EVALS, name="tests", former_names=("evals",))
    assert ci_identity(renamed).mapping(renamed) == ci_identity(EVALS).mapping(EVALS)


@pytest.mark.parametrize(
    "consumer",
    [
        on_gcp("evals", Runtime.GITHUB_ACTIONS, github(branches=())),
        on_gcp("evals", Runtime.GITLAB_CI, gitlab(branches=())),
        on_gcp("evals", Runtime.BUILDKITE, BuildkiteSettings("example", "evals", ())),
    ],
    ids=lambda consumer: str(consumer.runtime),
)
def test_a_trust_in_a_whole_repository_is_refused(consumer: Any) -> None:
    with pytest.raises(UsageError) as failure:
        ci_identity(consumer)
    assert str(failure.value.hint) == "add `branches: [main]` to consumer `evals`"


def test_a_project_of_gitlab_is_named_by_its_number() -> None:
    with pytest.raises(UsageError, match="names no `projectId`"):
        ci_identity(on_gcp("evals", Runtime.GITLAB_CI, gitlab(project_id=None)))


def test_what_google_would_refuse_as_too_long_is_told_before() -> None:
    branches = tuple(f"release/{number:040}" for number in range(60))
    with pytest.raises(GoogleQuotaExceeded) as failure:
        ci_identity(on_gcp("evals", Runtime.GITHUB_ACTIONS, github(branches=branches)))
    assert "the attribute condition of consumer `evals` would have" in str(failure.value)
    assert "4,096" in str(failure.value)


def test_the_longest_name_of_a_consumer_fits_into_a_subject() -> None:
    for consumer in CI:
        assert ci_identity(replace(consumer, name="c" * NAME_MAX)).condition


@given(st.text())
def test_a_literal_is_read_back_as_the_text_that_it_stands_for(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    assert evaluate(cel.literal(text), {}) == text
    assert cel.literal(text).isascii()


@given(name=st.text(min_size=1), ref=st.text())
def test_a_name_without_a_star_matches_itself_only(name: str, ref: str) -> None:
    name, ref = (each.encode("utf-8", "ignore").decode().replace("*", "x") for each in (name, ref))
    expression = cel.like("assertion.ref", name, "refs/heads/")
    assert evaluate(expression, {"ref": f"refs/heads/{name}"}) is True
    assert evaluate(expression, {"ref": ref}) is (ref == f"refs/heads/{name}")


LINE = st.text(st.characters(blacklist_characters="\n\r", blacklist_categories=["Cs"]))


@given(parts=st.lists(LINE, min_size=2, max_size=4), filled=st.lists(LINE, min_size=3, max_size=3))
def test_a_star_stands_for_anything_and_nothing_else_does(parts: list[str], filled: list[str]) -> None:
    parts = [part.replace("*", "x") for part in parts]
    expression = cel.like("assertion.ref", "*".join(parts), "refs/tags/")
    meant = parts[0] + "".join(fill + part for fill, part in zip(filled, parts[1:], strict=False))
    assert evaluate(expression, {"ref": f"refs/tags/{meant}"}) is True
    assert evaluate(expression, {"ref": f"refs/heads/{meant}"}) is False
    wanted = re.compile(".*".join(re.escape(part) for part in parts), re.DOTALL)
    assert evaluate(expression, {"ref": f"refs/tags/{filled[0]}"}) is bool(wanted.fullmatch(filled[0]))


@given(st.text(min_size=1))
def test_no_name_ends_its_string_and_goes_on_as_an_expression(name: str) -> None:
    name = name.encode("utf-8", "ignore").decode() or "x"
    condition = ci_identity(
        on_gcp("evals", Runtime.GITHUB_ACTIONS, github(branches=(name.replace("*", "x"),)))
    ).condition
    token = {**GITHUB_TOKEN, "ref": "refs/heads/other-than-any", "repository_id": "1"}
    assert evaluate(condition, token) is False
