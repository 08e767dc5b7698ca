"""CircleCI's and Buildkite's steps on Google Cloud: published schemas, and the script run by a real bash.

The script runs with curl and jq against a stand-in for Google's two services, which answers to what their
references ask for and to nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import check_jsonschema
import jsonschema
import pytest
import yaml

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring_gcp.conftest import POOLS, with_consumer
from tests.wiring_gcp.google_answers import AUDIENCES, VALUE, answering

SCHEMAS = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
FILES = {"circleci": "circle-ci.json", "buildkite": "buildkite.json"}
CONSUMERS = {"circleci": "docs", "buildkite": "samples"}


def script(manifest: Manifest, target: str, pins: dict[str, int] | None = None) -> str:
    """The step's script, as the job has it."""
    found: dict[str, Any] = yaml.safe_load(wire(manifest, CONSUMERS[target], target, pins))
    schema = json.loads((SCHEMAS / FILES[target]).read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(found)
    if target == "circleci":
        return str(found["jobs"]["docs"]["steps"][1]["run"]["command"])
    text = found["steps"][0]["command"]
    assert "$" not in text.replace("$$", "")
    return str(text.replace("$$", "$"))


@pytest.mark.parametrize("target", CONSUMERS)
def test_the_token_is_traded_at_the_consumers_own_provider(manifest: Manifest, target: str) -> None:
    text = script(manifest, target)
    provider = f"{POOLS}/keyplan-prod/providers/ci-{CONSUMERS[target]}"
    assert f"--arg audience //iam.googleapis.com/{provider} " in text
    assert "https://sts.googleapis.com/v1/token" in text
    if target == "circleci":  # the organization's id, which its provider accepts
        assert 'token="$CIRCLE_OIDC_TOKEN"\n' in text
    else:  # the provider's own name, which it accepts when no other is set
        assert f"oidc request-token --audience https://iam.googleapis.com/{provider} " in text


@pytest.mark.parametrize("target", CONSUMERS)
def test_a_pin_and_an_alias_are_versions(manifest: Manifest, target: str) -> None:
    assert "versions/current\n" in script(manifest, target)
    assert "versions/7\n" in script(manifest, target, {"anthropic": 7})


@pytest.mark.parametrize("target", CONSUMERS)
@pytest.mark.parametrize("service", ["sts", "secretmanager"])
def test_no_token_goes_to_a_host_that_is_not_googles(manifest: Manifest, target: str, service: str) -> None:
    there = replace(manifest.on_gcp(), endpoints={service: f"https://{service}.example.com"})
    with pytest.raises(UsageError, match="which is not Google's own host"):
        script(replace(manifest, gcp=there), target)


def test_what_the_script_needs_is_an_error_where_it_is_missing(manifest: Manifest) -> None:
    broken = with_consumer(manifest, "docs", workload_identity_provider=None)
    with pytest.raises(ManifestError, match="has no workload identity provider"):
        script(broken, "circleci")


@pytest.fixture(scope="module")
def google() -> Iterator[str]:
    """Google on this machine."""
    with answering() as address:
        yield address


AGENT = """\
#!/bin/sh
case "$1 $2" in
  "oidc request-token") printf 'a.b.c\\n' ;;
  "redactor add") cat >> "$REDACTED"; echo >> "$REDACTED" ;;
  *) exit 9 ;;
esac
"""


def ran(manifest: Manifest, target: str, google: str, folder: Path, token: str) -> Any:
    """The step's script, with a program that prints its environment."""
    there = replace(manifest.on_gcp(), endpoints={"secretmanager": google})
    agent = folder / "buildkite-agent"
    agent.write_text(AGENT.replace("a.b.c", token))
    agent.chmod(0o755)
    program = "python3 -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    return subprocess.run(
        ["bash", "-x", "-e", "-c", script(replace(manifest, gcp=there), target) + program],
        env={
            "PATH": f"{folder}:{os.defpath}:/usr/bin",
            "CIRCLE_OIDC_TOKEN": token,
            "REDACTED": str(folder / "redacted"),
        },
        capture_output=True,
        text=True,
        check=False,
    )


needs_jq = pytest.mark.skipif(shutil.which("jq") is None or shutil.which("curl") is None, reason="no jq")


@needs_jq
@pytest.mark.parametrize("target", CONSUMERS)
def test_the_program_alone_gets_the_exact_value(
    manifest: Manifest, google: str, tmp_path: Path, target: str
) -> None:
    done = ran(manifest, target, google, tmp_path, "a.b.c")
    assert done.returncode == 0, done.stderr
    environment = json.loads(done.stdout)
    assert environment["ANTHROPIC_API_KEY"] == VALUE
    assert not {"token", "access", "TOKEN"} & set(environment)
    assert "second" not in done.stderr
    provider = f"{POOLS}/keyplan-prod/providers/ci-{CONSUMERS[target]}"
    assert AUDIENCES[-1] == f"//iam.googleapis.com/{provider}"
    if target == "buildkite":
        assert (tmp_path / "redacted").read_text() == "first $line 'x' %41\n  second \\ line\n"


@needs_jq
@pytest.mark.parametrize("target", CONSUMERS)
def test_a_token_that_google_refuses_starts_nothing(
    manifest: Manifest, google: str, tmp_path: Path, target: str
) -> None:
    done = ran(manifest, target, google, tmp_path, "x.y.z")
    assert done.returncode != 0
    assert done.stdout == ""
    assert "x.y.z" not in done.stderr.replace("token=x.y.z", "")
