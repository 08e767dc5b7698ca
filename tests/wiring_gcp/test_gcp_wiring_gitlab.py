"""The GitLab CI job: the published schema, what it means, and the rules that are the trust's own."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import check_jsonschema
import jsonschema
import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from keyplan.wiring.ci.gitlab import RESERVED_NAMES
from tests.wiring_gcp.conftest import NUMBER, POOLS, consumer, with_consumer
from tests.wiring_gcp.plain_texts import MANY, VARIABLES

SCHEMA = json.loads(
    (Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / "gitlab-ci.json").read_text()
)
SETTINGS = {"project": "example/nightly", "projectId": "123456789"}


def pipeline(manifest: Manifest, **pins: int) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(wire(manifest, "nightly", "gitlab-ci", pins))
    return found


def job(manifest: Manifest, **changes: Any) -> dict[str, Any]:
    [found] = pipeline(with_consumer(manifest, "nightly", **changes)).values()
    return dict(found)


def test_the_job_trades_its_token_for_the_value(manifest: Manifest) -> None:
    provider = f"{POOLS}/keyplan-prod/providers/ci-nightly"
    assert pipeline(manifest) == {
        "nightly": {
            "rules": [{"if": '$CI_COMMIT_BRANCH == "main"'}, {"if": "$CI_COMMIT_TAG =~ /^v.*$/"}],
            "variables": {
                "GCP_PROJECT_NUMBER": NUMBER,
                "GCP_WORKLOAD_IDENTITY_FEDERATION_POOL_ID": "keyplan-prod",
                "GCP_WORKLOAD_IDENTITY_FEDERATION_PROVIDER_ID": "ci-nightly",
                "ANTHROPIC_MODEL": "claude-sonnet-4-6",
            },
            "id_tokens": {"KEYPLAN_ID_TOKEN": {"aud": f"https://iam.googleapis.com/{provider}"}},
            "secrets": {
                "ANTHROPIC_API_KEY": {
                    "gcp_secret_manager": {"name": "prod-anthropic-api-key", "version": "current"},
                    "token": "$KEYPLAN_ID_TOKEN",
                    "file": False,
                }
            },
            "script": ['test -n "$ANTHROPIC_API_KEY"'],
        }
    }


@pytest.mark.parametrize("pins", [{}, {"anthropic": 7}])
@pytest.mark.parametrize("keys", [("anthropic",), ("anthropic", "openrouter")])
def test_the_job_fits_the_published_schema(
    manifest: Manifest, keys: tuple[str, ...], pins: dict[str, int]
) -> None:
    env = {"A": "1", "NO": "yes: #", "DOLLAR": "$HOME"}
    document = pipeline(with_consumer(manifest, "nightly", keys=keys, env=env), **pins)
    jsonschema.Draft7Validator(SCHEMA).validate(document)
    assert set(document["nightly"]["secrets"]) == {manifest.keys[key].env_var for key in keys}


def test_the_schema_would_notice_a_mistake(manifest: Manifest) -> None:
    document = pipeline(manifest)
    del document["nightly"]["secrets"]["ANTHROPIC_API_KEY"]["token"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(SCHEMA).validate(document)


def expanded(entry: str | dict[str, Any]) -> str:
    """A variable as the job gets it: GitLab replaces what begins with a dollar sign, or leaves it alone.

    Source: GitLab Docs, "CI/CD YAML syntax reference", variables:expand, and "Use CI/CD variables in other
    variables" (`$$` is a dollar sign).
    """
    if isinstance(entry, dict):
        assert entry["expand"] is False
        return str(entry["value"])
    return re.sub(r"\$\$|\$\{?\w+\}?|%\w+%", "<REPLACED>", entry) if "$" in entry else entry


@given(env=VARIABLES)
@MANY
def test_plain_variables_reach_the_job_exactly(manifest: Manifest, env: dict[str, str]) -> None:
    found = job(manifest, env=env)["variables"]
    assert {name: expanded(found[name]) for name in env} == env
    jsonschema.Draft7Validator(SCHEMA).validate(pipeline(with_consumer(manifest, "nightly", env=env)))


@pytest.mark.parametrize("name", ["CI_PROJECT_ID", "GITLAB_USER_LOGIN"])
def test_a_variable_that_gitlab_sets_is_refused(manifest: Manifest, name: str) -> None:
    with pytest.raises(UsageError, match=f"the variable {name} of nightly cannot be written: GitLab sets"):
        job(manifest, env={name: "x"})


@pytest.mark.parametrize("name", ["GCP_PROJECT_NUMBER", "KEYPLAN_ID_TOKEN"])
def test_a_variable_that_the_job_needs_itself_is_refused(manifest: Manifest, name: str) -> None:
    with pytest.raises(ManifestError, match=f"two variables of the name {name}"):
        job(manifest, env={name: "x"})


# Rules


def matches(rule: str, branch: str | None, tag: str | None) -> bool:
    """Whether GitLab runs a job for a ref. Source: GitLab Docs, "CI/CD job rules", comparison operators."""
    variable, operator, wanted = rule.split(" ", 2)
    value = {"$CI_COMMIT_BRANCH": branch, "$CI_COMMIT_TAG": tag}[variable]
    if value is None:
        return False
    if operator == "==":
        assert re.fullmatch(r'"[^"$\\]*"', wanted)
        return value == wanted[1:-1]
    assert operator == "=~"
    assert re.fullmatch(r"/(\\.|[^/\\])*/", wanted)
    return re.search(wanted[1:-1], value) is not None


REFS = st.text(st.sampled_from("ab/.-+$\"'\\#(){}^|ö "), min_size=1, max_size=8)


@given(pattern=REFS, ref=REFS)
@MANY
def test_a_branch_is_matched_as_a_whole_and_nothing_else_is(
    manifest: Manifest, pattern: str, ref: str
) -> None:
    assume(pattern.isprintable())
    [rule] = job(manifest, settings={**SETTINGS, "branches": [pattern]})["rules"]
    assert matches(rule["if"], pattern, None)
    assert matches(rule["if"], ref, None) == (ref == pattern)
    assert not matches(rule["if"], None, pattern)


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        ("release/*", ["release/1", "release/1/2", "release/"], ["release", "my/release/1", "arelease/1"]),
        ("*-stable", ["1-stable", "-stable"], ["1-stable-2"]),
        ("v*.*", ["v1.2", "v.x"], ["v12", "xv1.2"]),
    ],
)
def test_a_star_matches_a_slash_too(
    manifest: Manifest, pattern: str, fits: list[str], does_not: list[str]
) -> None:
    [rule] = job(manifest, settings={**SETTINGS, "tags": [pattern]})["rules"]
    assert [ref for ref in fits if not matches(rule["if"], None, ref)] == []
    assert [ref for ref in does_not if matches(rule["if"], None, ref)] == []


def test_a_job_without_a_branch_or_a_tag_is_an_error(manifest: Manifest) -> None:
    with pytest.raises(ManifestError, match=r"consumers\.nightly\.settings: no branch or tag to run for"):
        job(manifest, settings=SETTINGS)


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES - {"true", "false"}))
def test_a_consumer_whose_name_means_something_to_gitlab_gets_another(manifest: Manifest, name: str) -> None:
    entry = consumer(name, "gitlab-ci", settings={**SETTINGS, "branches": ["main"]})
    changed = Manifest(**{**vars(manifest), "consumers": {name: entry}})
    document = yaml.safe_load(wire(changed, name, "gitlab-ci"))
    assert list(document) == [f"{name}-job"]
    jsonschema.Draft7Validator(SCHEMA).validate(document)


def test_the_script_checks_what_the_job_was_given(manifest: Manifest) -> None:
    script = "\n".join(job(manifest, keys=("anthropic", "openrouter"))["script"])
    keys = {"ANTHROPIC_API_KEY": "value", "OPENROUTER_API_KEY": "value"}
    assert subprocess.run(["sh", "-ec", script], env=keys, check=False).returncode == 0
    assert subprocess.run(
        ["sh", "-ec", script], env={**keys, "ANTHROPIC_API_KEY": ""}, check=False
    ).returncode


def test_a_comment_says_what_a_rotation_needs(manifest: Manifest) -> None:
    assert "the next job has what `keyplan put` stored" in wire(manifest, "nightly", "gitlab-ci")
    assert "Pinned: after `keyplan put`, name" in wire(manifest, "nightly", "gitlab-ci", {"anthropic": 7})
