"""Bitbucket's, Azure's and Jenkins' steps on Google Cloud: schemas, and the script run by a real bash.

The script runs with curl and jq against a stand-in for Google's two services and for Azure's tokens, which
answers to what their references ask for and to nothing else.
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
from tests.wiring import groovy_reading
from tests.wiring_gcp.conftest import POOLS, with_consumer
from tests.wiring_gcp.google_answers import AUDIENCES, VALUE, answering

SCHEMAS = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
CONSUMERS = {"bitbucket-pipelines": "invoices", "azure-pipelines": "regression", "jenkins": "summaries"}


def document(manifest: Manifest, target: str, pins: dict[str, int] | None = None) -> dict[str, Any]:
    """The text as the CI reads it, after its schema was asked."""
    found: dict[str, Any] = yaml.safe_load(wire(manifest, CONSUMERS[target], target, pins))
    schema = json.loads((SCHEMAS / f"{target}.json").read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(found)
    return found


def script(manifest: Manifest, target: str, pins: dict[str, int] | None = None) -> str:
    """The step's script, as the job has it."""
    if target == "jenkins":
        text = wire(manifest, CONSUMERS[target], target, pins)
        return groovy_reading.string_at(text, text.index("'''"))[0].removeprefix("#!/bin/bash\n")
    found = document(manifest, target, pins)
    if target == "azure-pipelines":
        return str(found["steps"][0]["bash"])
    [[step]] = found["pipelines"]["branches"].values()
    [only] = step["step"]["script"]
    return str(only)


@pytest.mark.parametrize("target", CONSUMERS)
def test_the_token_is_traded_at_the_consumers_own_provider(manifest: Manifest, target: str) -> None:
    text = script(manifest, target)
    provider = f"{POOLS}/keyplan-prod/providers/ci-{CONSUMERS[target]}"
    assert f"--arg audience //iam.googleapis.com/{provider} " in text
    assert "https://sts.googleapis.com/v1/token" in text


def test_bitbucket_runs_for_the_trusts_branches_with_a_token(manifest: Manifest) -> None:
    [(branches, [step])] = document(manifest, "bitbucket-pipelines")["pipelines"]["branches"].items()
    assert branches == "{main,release/**}"
    assert step["step"]["oidc"] is True
    assert "deployment" not in step["step"]
    text = " ".join(wire(manifest, "invoices", "bitbucket-pipelines").replace("#", "").split())
    assert "one from a fork runs in the fork: neither is accepted" in text


def test_bitbucket_with_an_environment_alone_says_who_restricts_its_branches(manifest: Manifest) -> None:
    own = {"environment": "Production", "environmentId": "1b2c3d4e-0000-4000-8000-000000000000"}
    changed = with_consumer(manifest, "invoices", settings=own)
    [(branches, [step])] = document(changed, "bitbucket-pipelines")["pipelines"]["branches"].items()
    assert (branches, step["step"]["deployment"]) == ("main", "Production")
    assert "restrict in Bitbucket which branches may deploy" in wire(
        changed, "invoices", "bitbucket-pipelines"
    )


def test_azure_asks_for_the_runs_own_token_and_runs_for_the_trusts_branches(manifest: Manifest) -> None:
    found = document(manifest, "azure-pipelines")
    assert found["trigger"] == {"branches": {"include": ["main", "release/*"]}}
    assert found["pr"] == "none"
    [step] = found["steps"]
    assert step["env"]["SYSTEM_ACCESSTOKEN"] == "$(System.AccessToken)"
    text = " ".join(wire(manifest, "regression", "azure-pipelines").replace("#", "").split())
    assert "A run for a pull request, of a fork too, is for refs/pull/N/merge, which is not accepted" in text


def test_a_jenkins_credential_is_for_the_provider_that_accepts_its_own_name(manifest: Manifest) -> None:
    text = wire(manifest, "summaries", "jenkins")
    assert f"// https://iam.googleapis.com/{POOLS}/keyplan-prod/providers/ci-summaries\n" in text
    assert "let no pull request start it" in text


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


@pytest.mark.parametrize("target", CONSUMERS)
def test_what_the_script_needs_is_an_error_where_it_is_missing(manifest: Manifest, target: str) -> None:
    broken = with_consumer(manifest, CONSUMERS[target], workload_identity_provider=None)
    with pytest.raises(ManifestError, match="has no workload identity provider"):
        script(broken, target)


@pytest.mark.parametrize("target", ["bitbucket-pipelines", "azure-pipelines"])
def test_without_a_branch_there_is_nothing_to_run_for(manifest: Manifest, target: str) -> None:
    with pytest.raises(ManifestError, match=r"settings: no .*branch"):
        script(with_consumer(manifest, CONSUMERS[target], settings={}), target)


@pytest.fixture(scope="module")
def services() -> Iterator[str]:
    """All of them on this machine."""
    with answering() as address:
        yield address


def ran(manifest: Manifest, target: str, services: str, token: str, job: str) -> Any:
    """The step's script, with a program that prints its environment."""
    there = replace(manifest.on_gcp(), endpoints={"secretmanager": services})
    program = "python3 -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    given = {"SYSTEM_ACCESSTOKEN": job, "SYSTEM_OIDCREQUESTURI": f"{services}/oidc"}
    return subprocess.run(
        ["bash", "-x", "-e", "-c", script(replace(manifest, gcp=there), target) + program],
        env={
            "PATH": f"{os.defpath}:/usr/bin",
            "BITBUCKET_STEP_OIDC_TOKEN": token,
            "KEYPLAN_ID_TOKEN": token,
            **(given if target == "azure-pipelines" else {}),
        },
        capture_output=True,
        text=True,
        check=False,
    )


needs_jq = pytest.mark.skipif(shutil.which("jq") is None or shutil.which("curl") is None, reason="no jq")
OWN = {
    "bitbucket-pipelines": "BITBUCKET_STEP_OIDC_TOKEN",
    "azure-pipelines": "SYSTEM_ACCESSTOKEN",
    "jenkins": "KEYPLAN_ID_TOKEN",
}


@needs_jq
@pytest.mark.parametrize("target", CONSUMERS)
def test_the_program_alone_gets_the_exact_value(manifest: Manifest, services: str, target: str) -> None:
    done = ran(manifest, target, services, "a.b.c", "of the job")
    assert done.returncode == 0, done.stderr
    *logged, last = done.stdout.splitlines()
    environment = json.loads(last)
    assert environment["ANTHROPIC_API_KEY"] == VALUE
    assert not {"token", "access", "TOKEN", OWN[target]} & set(environment)
    assert "second" not in done.stderr
    assert AUDIENCES[-1] == f"//iam.googleapis.com/{POOLS}/keyplan-prod/providers/ci-{CONSUMERS[target]}"
    masked = ["first $line 'x' %AZP2541", "  second \\ line"] if target == "azure-pipelines" else []
    assert logged == [f"##vso[task.setsecret]{line}" for line in masked]


@needs_jq
@pytest.mark.parametrize("target", CONSUMERS)
def test_a_token_that_is_refused_starts_nothing(manifest: Manifest, services: str, target: str) -> None:
    done = ran(manifest, target, services, "x.y.z", "of another job")
    assert done.returncode != 0
    assert done.stdout == ""
