"""CircleCI's and Buildkite's steps on AWS: published schemas, and the script run by a real bash.

The script runs with the AWS CLI and jq against an emulator of STS and Secrets Manager, and with a stand-in
for Buildkite's agent that notes what it is told.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import check_jsonschema
import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.moto_server import moto_server
from tests.wiring.conftest import ACCOUNT
from tests.wiring.stored_keys import store_value

SCHEMAS = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
CIRCLECI = json.loads((SCHEMAS / "circle-ci.json").read_text())
BUILDKITE = json.loads((SCHEMAS / "buildkite.json").read_text())
AWS_FOLDER = Path(sys.executable).parent
CONSUMERS = {"circleci": "changelog", "buildkite": "translations"}
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXTS = st.text(
    st.one_of(st.sampled_from("$\\<>{}'\"\n#: "), st.characters(exclude_categories=["Cs"])), max_size=12
).filter(lambda text: "\0" not in text)


def document(manifest: Manifest, target: str, **changes: Any) -> dict[str, Any]:
    """The text as the CI reads it, after its schema was asked."""
    name = CONSUMERS[target]
    entry = replace(manifest.consumers[name], **changes)
    found: dict[str, Any] = yaml.safe_load(wire(replace(manifest, consumers={name: entry}), name, target))
    jsonschema.validators.validator_for(CIRCLECI if target == "circleci" else BUILDKITE)(
        CIRCLECI if target == "circleci" else BUILDKITE
    ).validate(found)
    return found


def uploaded(text: str) -> str:
    """What `buildkite-agent pipeline upload` makes of a text; it must not meet a variable.

    Source: the grammar in parser.go of buildkite/interpolate.
    """

    def one(match: re.Match[str]) -> str:
        found = match[0]
        assert found != "$" or match.end() == len(text), f"a variable is replaced at {text[match.start() :]}"
        return {"\\$": "$", "$$": "$"}.get(found, found)

    return re.sub(r"\\\\|\\\$|\$\$|\$\(|\$", one, text)


def step(manifest: Manifest, target: str, **changes: Any) -> tuple[dict[str, str], str]:
    """The variables of the step that has the keys, and its script."""
    found = document(manifest, target, **changes)
    if target == "circleci":
        [job] = found["jobs"].values()
        run = job["steps"][1]["run"]
        return run.get("environment", {}), run["command"]
    [only] = found["steps"]
    return {name: uploaded(text) for name, text in only.get("env", {}).items()}, uploaded(only["command"])


# Documents


@pytest.mark.parametrize("target", CONSUMERS)
def test_the_document_fits_the_published_schema_and_names_no_stored_key(
    manifest: Manifest, target: str
) -> None:
    env, script = step(manifest, target, keys=("anthropic", "openrouter"), env={"NO": "yes: #", "A": "1"})
    assert env == {"NO": "yes: #", "A": "1"}
    assert f"--role-arn arn:aws:iam::{ACCOUNT}:role/prod-{CONSUMERS[target]}-reader" in script
    assert script.endswith('test -n "$ANTHROPIC_API_KEY" && test -n "$OPENROUTER_API_KEY"\n')


def test_the_schemas_would_notice_a_mistake(manifest: Manifest) -> None:
    found = document(manifest, "circleci")
    found["jobs"]["changelog"]["steps"][1]["run"]["comand"] = found["jobs"]["changelog"]["steps"][1][
        "run"
    ].pop("command")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validators.validator_for(CIRCLECI)(CIRCLECI).validate(found)
    found = document(manifest, "buildkite")
    found["steps"][0]["if"] = ["main"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validators.validator_for(BUILDKITE)(BUILDKITE).validate(found)


def test_circleci_runs_the_job_that_has_the_keys_for_one_branch(manifest: Manifest) -> None:
    found = document(manifest, "circleci")
    assert found["workflows"] == {
        "changelog": {"jobs": [{"changelog": {"filters": {"branches": {"only": ["main"]}}}}]}
    }
    text = wire(manifest, "changelog", "circleci")
    assert "Pass secrets to builds from forked pull requests" in text
    assert "CircleCI does not mask them" in text


@pytest.mark.parametrize("target", CONSUMERS)
def test_the_token_is_for_the_audience_that_the_trust_compares(manifest: Manifest, target: str) -> None:
    _, script = step(manifest, target)
    if target == "circleci":  # its audience is the organization's id, always
        assert 'token="$CIRCLE_OIDC_TOKEN"\n' in script
    else:
        assert "oidc request-token --audience sts.amazonaws.com " in script


def condition(manifest: Manifest, *branches: str) -> str:
    found = document(manifest, "buildkite", settings={"branches": list(branches)})
    return uploaded(found["steps"][0]["if"])


def runs(condition: str, branch: str) -> bool:
    """Whether Buildkite runs the step for a branch. Source: Buildkite Docs, "Using conditionals"."""
    listed = re.fullmatch(r"\((.*)\) && build\.pull_request\.id == null", condition, re.DOTALL)
    assert listed
    operator, wanted = listed[1].removeprefix("build.branch ").split(" ", 1)
    if operator == "==":
        return bool(wanted == f'"{branch}"')
    assert re.fullmatch(r"/(\\.|\[\^:\]|\[\$\]|[^/\\])*/", wanted)
    return re.search(wanted[1:-1], branch) is not None


def test_buildkite_runs_the_step_for_the_trusts_branches_and_no_pull_request(manifest: Manifest) -> None:
    assert condition(manifest, "main", "release/*") == (
        '(build.branch == "main" || build.branch =~ /^release\\/[^:]*$/) && build.pull_request.id == null'
    )
    one = condition(manifest, "release/*")
    assert [name for name in ("release/1", "release/1/2", "release/", "a/release/1") if runs(one, name)] == [
        "release/1",
        "release/1/2",
        "release/",
    ]
    assert not runs(one, "release/x:commit")


@given(pattern=st.text("ab/.-+$\"'\\#(){}^|", min_size=1, max_size=8), other=st.text("ab/.$", max_size=8))
@MANY
def test_a_branch_is_matched_as_a_whole_and_nothing_else_is(
    manifest: Manifest, pattern: str, other: str
) -> None:
    found = condition(manifest, pattern)
    assert runs(found, pattern)
    assert runs(found, other) == (other == pattern)


@given(value=TEXTS)
@MANY
@pytest.mark.parametrize("target", CONSUMERS)
def test_a_plain_variable_reaches_the_step_exactly_or_is_refused(
    manifest: Manifest, target: str, value: str
) -> None:
    changed = {"circleci": "<<", "buildkite": "\\$"}[target] in value
    with pytest.raises(UsageError, match="the variable TEXT of") if changed else nullcontext():
        assert step(manifest, target, env={"TEXT": value})[0] == {"TEXT": value}


@pytest.mark.parametrize(
    ("target", "env", "words"),
    [
        ("circleci", {"TEXT": "<< pipeline.id >>"}, "it holds `<<`, which CircleCI would evaluate"),
        ("circleci", {"CIRCLE_X": "x"}, "CircleCI sets the variables of that prefix itself"),
        ("buildkite", {"TEXT": "a\\$b"}, "Buildkite would take its backslash"),
        ("buildkite", {"BUILDKITE_X": "x"}, "Buildkite sets the variables of that prefix itself"),
    ],
)
def test_what_the_ci_would_change_is_refused(
    manifest: Manifest, target: str, env: dict[str, str], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        step(manifest, target, env=env)


@pytest.mark.parametrize("target", CONSUMERS)
def test_what_the_script_needs_is_an_error_where_it_is_missing(manifest: Manifest, target: str) -> None:
    with pytest.raises(ManifestError, match="has no role"):
        step(manifest, target, role_arn=None)
    with pytest.raises(ManifestError, match="two variables of the name secret"):
        step(manifest, target, env={"secret": "would be lost"})


def test_buildkite_without_a_branch_is_an_error(manifest: Manifest) -> None:
    with pytest.raises(ManifestError, match=r"consumers\.translations\.settings: no branch to run for"):
        step(manifest, "buildkite", settings={})


# The script


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """STS and Secrets Manager on this machine."""
    with moto_server() as address:
        yield address


AGENT = """\
#!/bin/sh
case "$1 $2" in
  "oidc request-token") printf 'a.b.c\\n' ;;
  "redactor add") cat >> "$REDACTED"; echo >> "$REDACTED" ;;
  *) exit 9 ;;
esac
"""


def ran(
    manifest: Manifest, target: str, endpoint: str, folder: Path, value: str | None, last: str
) -> subprocess.CompletedProcess[str]:
    """The step's script with `last` in the program's place, after `value` was stored."""
    stored = store_value(manifest, endpoint, value)
    _, script = step(stored, target)
    agent = folder / "buildkite-agent"
    agent.write_text(AGENT)
    agent.chmod(0o755)
    return subprocess.run(
        ["bash", "-x", "-e", "-c", script + last],
        env={
            "PATH": f"{folder}:{AWS_FOLDER}:/usr/bin:/bin",
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": endpoint,
            "CIRCLE_OIDC_TOKEN": "a.b.c",
            "CIRCLE_BUILD_NUM": "7",
            "BUILDKITE_BUILD_NUMBER": "7",
            "REDACTED": str(folder / "redacted"),
        },
        capture_output=True,
        text=True,
        check=False,
    )


needs_programs = pytest.mark.skipif(
    shutil.which("jq") is None or not (AWS_FOLDER / "aws").exists(), reason="jq or the AWS CLI is not here"
)
VALUE = "first $line 'x' %41\n\n  second \\ line"


@needs_programs
@pytest.mark.parametrize("target", CONSUMERS)
def test_the_program_alone_gets_the_exact_value_and_no_credentials(
    manifest: Manifest, endpoint: str, tmp_path: Path, target: str
) -> None:
    program = "python3 -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    done = ran(manifest, target, endpoint, tmp_path, VALUE, program)
    assert done.returncode == 0, done.stderr
    environment = json.loads(done.stdout)
    assert environment["ANTHROPIC_API_KEY"] == VALUE
    credentials = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
    assert not (credentials | {"token", "access", "secret", "session"}) & set(environment)
    # Not even with tracing on is the value in the log.
    assert "second" not in done.stderr
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {"buildkite-agent"} | ({"redacted"} if target == "buildkite" else set())


@needs_programs
def test_buildkite_masks_every_line(manifest: Manifest, endpoint: str, tmp_path: Path) -> None:
    assert ran(manifest, "buildkite", endpoint, tmp_path, VALUE, "").returncode == 0
    assert (tmp_path / "redacted").read_text() == "first $line 'x' %41\n  second \\ line\n"


@needs_programs
@pytest.mark.parametrize("target", CONSUMERS)
@pytest.mark.parametrize("value", [None, ""])
def test_without_a_value_the_program_is_not_started(
    manifest: Manifest, endpoint: str, tmp_path: Path, target: str, value: str | None
) -> None:
    done = ran(manifest, target, endpoint, tmp_path, value, "echo started")
    assert done.returncode != 0
    assert "started" not in done.stdout
    assert "ANTHROPIC_API_KEY was not read" in done.stderr
