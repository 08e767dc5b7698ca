"""Federation on every runtime: the token is for Anthropic, where it is needed, and nothing wins over it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import check_jsonschema
import jsonschema
import pytest
import yaml

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring.routes import RULE, with_route
from tests.wiring_gcp.conftest import manifest as manifest_on_google  # noqa: F401 a fixture

SCHEMAS = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
AUDIENCE = "https://api.anthropic.com"
LEFTOVERS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE")
TOKEN = "header.payload.signature"


@pytest.fixture
def gcp_manifest(manifest_on_google: Manifest) -> Manifest:  # noqa: F811 a fixture
    """The environment of the tests on Google Cloud."""
    return manifest_on_google


def valid(text: str, schema: str) -> Any:
    """The document, if the CI's published schema accepts it."""
    document = yaml.safe_load(text.replace("\non:", '\n"on":', 1))
    jsonschema.Draft7Validator(json.loads((SCHEMAS / schema).read_text())).validate(document)
    return document


@pytest.mark.parametrize("target", ["eks", "eks-external-secrets"])
@pytest.mark.parametrize("keys", [(), ("openrouter",)], ids=["no key", "another vendor's key"])
def test_a_pod_on_eks_has_a_file_with_a_token_for_anthropic(
    manifest: Manifest, target: str, keys: tuple[str, ...]
) -> None:
    text = wire(with_route(manifest, "search", "federation", keys=keys), "search", target)
    *others, patch = yaml.safe_load_all(text)
    assert bool(others) == bool(keys)
    check_pod(patch)


@pytest.mark.parametrize("target", ["gke", "gke-external-secrets"])
def test_a_pod_on_gke_has_a_file_with_a_token_for_anthropic(
    gcp_manifest: Manifest,
    target: str,
) -> None:
    [patch] = yaml.safe_load_all(wire(with_route(gcp_manifest, "search", "federation"), "search", target))
    check_pod(patch)


def check_pod(patch: dict[str, Any]) -> None:
    """The volume, its mount and its variable fit together; the rule's ids are there, and no key's place."""
    pod = patch["spec"]["template"]["spec"]
    [container] = pod["containers"]
    env = {entry["name"]: entry.get("value") for entry in container["env"]}
    [volume] = [entry for entry in pod["volumes"] if "projected" in entry]
    [mount] = [entry for entry in container["volumeMounts"] if entry["name"] == volume["name"]]
    [source] = volume["projected"]["sources"]
    token = source["serviceAccountToken"]
    assert token["audience"] == AUDIENCE
    assert 600 <= token["expirationSeconds"] <= 3600
    assert env["ANTHROPIC_IDENTITY_TOKEN_FILE"] == f"{mount['mountPath']}/{token['path']}"
    assert {name: env[name] for name in RULE} == RULE
    assert not set(env) & set(LEFTOVERS)


def test_a_pod_whose_variable_stands_in_the_tokens_place_is_refused(manifest: Manifest) -> None:
    taken = with_route(
        manifest, "search", "federation", env={**RULE, "ANTHROPIC_IDENTITY_TOKEN_FILE": "/elsewhere"}
    )
    with pytest.raises(ManifestError, match="two variables of the name ANTHROPIC_IDENTITY_TOKEN_FILE"):
        wire(taken, "search", "eks")


def test_a_pod_that_takes_the_clusters_token_needs_no_role(manifest: Manifest) -> None:
    for name in ("search", "indexer"):
        text = wire(with_route(manifest, name, "federation"), name, "eks")
        assert "role" not in text.replace("route", "")
        assert "ServiceAccount\n" not in text
    assert "role-arn" in wire(with_route(manifest, "search", "bedrock"), "search", "eks")


def test_gitlab_gives_one_job_a_token_for_anthropic_and_reads_nothing(manifest: Manifest) -> None:
    [job] = valid(
        wire(with_route(manifest, "nightly", "federation", role_arn=None), "nightly", "gitlab-ci"),
        "gitlab-ci.json",
    ).values()
    assert job["id_tokens"] == {"ANTHROPIC_IDENTITY_TOKEN": {"aud": AUDIENCE}}
    assert job["variables"] == RULE
    assert "secrets" not in job
    assert job["script"][0].startswith("unset -v ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN")


def test_gitlab_asks_for_two_tokens_where_another_key_is_read(manifest: Manifest) -> None:
    both = with_route(manifest, "nightly", "federation", keys=("openrouter",))
    [job] = valid(wire(both, "nightly", "gitlab-ci"), "gitlab-ci.json").values()
    assert set(job["id_tokens"]) == {"ANTHROPIC_IDENTITY_TOKEN", "KEYPLAN_ID_TOKEN"}
    assert set(job["secrets"]) == {"OPENROUTER_API_KEY"}


def test_github_asks_for_the_token_in_the_one_step_that_needs_it(manifest: Manifest) -> None:
    found = valid(
        wire(with_route(manifest, "evals", "federation", role_arn=None), "evals", "github-actions"),
        "github-workflows.json",
    )
    [job] = found["jobs"].values()
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    checkout, run = job["steps"]
    assert "uses" in checkout
    assert "ACTIONS_ID_TOKEN_REQUEST_URL" in run["run"]
    assert not [name for name in run["env"] if "TOKEN" in name]


def test_github_asks_for_no_token_where_nothing_needs_it(manifest: Manifest) -> None:
    key = manifest.keys["openrouter"]
    foundry = with_route(manifest, "evals", "foundry", keys=())
    [job] = valid(wire(foundry, "evals", "github-actions"), "github-workflows.json")["jobs"].values()
    assert job["permissions"] == {"contents": "read"}
    assert key.env_var not in str(job)


SCRIPTS = [
    ("circleci", "changelog", "circle-ci.json", 'circleci run oidc get --claims \'{"aud": "%s"}\''),
    ("buildkite", "translations", "buildkite.json", "buildkite-agent oidc request-token --audience %s"),
]


@pytest.mark.parametrize(("target", "name", "schema", "asked"), SCRIPTS, ids=[row[0] for row in SCRIPTS])
def test_a_script_asks_its_ci_for_a_token_for_anthropic(
    manifest: Manifest, target: str, name: str, schema: str, asked: str
) -> None:
    text = wire(with_route(manifest, name, "federation", role_arn=None), name, target)
    valid(text, schema)
    assert asked % AUDIENCE in text
    assert "assume-role" not in text
    assert "unset -v ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN" in text


def test_a_ci_that_cannot_choose_the_audience_says_so_and_takes_its_own(manifest: Manifest) -> None:
    with pytest.raises(UsageError, match="cannot choose what its token is for"):
        wire(with_route(manifest, "invoices", "federation"), "invoices", "bitbucket-pipelines")
    own = with_route(manifest, "invoices", "federation", identity_audience="ari:cloud:bitbucket::workspace/x")
    assert "BITBUCKET_STEP_OIDC_TOKEN" in wire(own, "invoices", "bitbucket-pipelines")


@pytest.mark.parametrize("audience", ["a b", 'a"b', "a'b", "$(id)", "`id`", "a\\b", "a;b"])
def test_an_audience_that_a_shell_would_read_is_refused(manifest: Manifest, audience: str) -> None:
    odd = with_route(manifest, "translations", "federation", identity_audience=audience)
    with pytest.raises(UsageError, match="the audience of translations has a character") as caught:
        wire(odd, "translations", "buildkite")
    assert audience not in caught.value.message


def test_a_manifest_without_the_audience_is_an_error(manifest: Manifest) -> None:
    with pytest.raises(ManifestError, match="identityAudience: it is missing"):
        wire(with_route(manifest, "search", "federation", identity_audience=None), "search", "eks")


class Issuer(BaseHTTPRequestHandler):
    """GitHub's and Google's way to give a token: to whoever shows the header, for the audience asked for."""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        [audience] = parse_qs(address.query)["audience"]
        google = self.headers["Metadata-Flavor"] == "Google" and parse_qs(address.query)["format"] == ["full"]
        github = self.headers["Authorization"] == "Bearer of this job"
        right = audience == AUDIENCE and (google or github)
        self.send_response(200 if right else 403)
        self.end_headers()
        self.wfile.write((TOKEN if google else json.dumps({"value": TOKEN})).encode())

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def issuer() -> Iterator[str]:
    """HOST:PORT of the issuer on this machine."""
    server = HTTPServer(("127.0.0.1", 0), Issuer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(not (shutil.which("jq") and shutil.which("curl")), reason="jq or curl is not here")
def test_githubs_step_gives_the_program_the_token_and_takes_leftovers_away(
    manifest: Manifest, issuer: str
) -> None:
    text = wire(with_route(manifest, "evals", "federation"), "evals", "github-actions")
    run = yaml.safe_load(text)["jobs"]["evals"]["steps"][-1]["run"]
    environment = {
        "PATH": os.environ["PATH"],
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://{issuer}/token?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of this job",
        **dict.fromkeys(LEFTOVERS, "left over"),
    }
    done = subprocess.run(
        ["bash", "-ec", f"{run}\nenv"], env=environment, capture_output=True, text=True, check=True
    )
    mask, *lines = done.stdout.splitlines()
    assert mask == f"::add-mask::{TOKEN}"
    found = dict(line.split("=", 1) for line in lines)
    assert found["ANTHROPIC_IDENTITY_TOKEN"] == TOKEN
    assert not set(found) & set(LEFTOVERS)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_virtual_machines_program_finds_a_file_with_the_token(
    gcp_manifest: Manifest,
    issuer: str,
    tmp_path: Path,
    shell: str,
) -> None:
    script = tmp_path / "start"
    script.write_text(wire(with_route(gcp_manifest, "worker", "federation"), "worker", "compute-engine"))
    program = 'cat "$ANTHROPIC_IDENTITY_TOKEN_FILE"; echo; env'
    leftovers = dict.fromkeys(LEFTOVERS, "left over")
    started = subprocess.Popen(
        [shell, str(script), "sh", "-c", program],
        env={"PATH": os.environ["PATH"], "GCE_METADATA_HOST": issuer, **leftovers},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        out, err = started.communicate(timeout=60)
    finally:
        os.killpg(started.pid, 15)  # what would have kept the token fresh
    assert started.returncode == 0, err
    token, *lines = out.splitlines()
    assert token == TOKEN
    assert not set(dict(line.split("=", 1) for line in lines)) & set(LEFTOVERS)


def test_cloud_build_asks_for_the_token_in_its_step(gcp_manifest: Manifest) -> None:
    text = wire(with_route(gcp_manifest, "images", "federation"), "images", "cloud-build")
    found = valid(text, "cloudbuild.json")
    assert "availableSecrets" not in found
    [step] = found["steps"]
    assert "secretEnv" not in step
    assert "format=full" in step["args"][1].replace("$$", "$")


@pytest.mark.parametrize(
    ("target", "name"), [("ecs", "chat-api"), ("lambda", "thumbnails"), ("iam-role", "reports")]
)
def test_where_the_program_asks_sts_itself_it_finds_the_rule(
    manifest: Manifest, target: str, name: str
) -> None:
    text = wire(with_route(manifest, name, "federation"), name, target)
    assert all(f'"{value}"' in text for value in RULE.values())
    assert not [leftover for leftover in LEFTOVERS if leftover in text]
    assert "SECRET_ARN" not in text


def test_lambda_leaves_out_the_region_that_it_sets_itself(manifest: Manifest) -> None:
    for target in ("lambda", "lambda-extension"):
        same = wire(with_route(manifest, "thumbnails", "bedrock"), "thumbnails", target)
        assert "AWS_REGION" not in same
        assert "CLAUDE_CODE_USE_BEDROCK" in same
        other = with_route(manifest, "thumbnails", "bedrock", env={"AWS_REGION": "us-east-1"})
        with pytest.raises(UsageError, match="the function's own region, eu-west-1"):
            wire(other, "thumbnails", target)


def test_bedrock_in_ci_gives_the_program_the_roles_credentials_for_an_hour(manifest: Manifest) -> None:
    [step] = yaml.safe_load(
        wire(with_route(manifest, "translations", "bedrock"), "translations", "buildkite")
    )["steps"]
    script = step["command"].replace("$$", "$")
    assert "--duration-seconds 3600" in script
    assert 'export AWS_ACCESS_KEY_ID="$access"' in script
    assert "secretsmanager" not in script
    steps = yaml.safe_load(wire(with_route(manifest, "evals", "bedrock"), "evals", "github-actions"))["jobs"][
        "evals"
    ]["steps"]
    assert steps[1]["with"]["role-duration-seconds"] == 3600
    assert steps[2]["env"]["AWS_SESSION_TOKEN"] == "${{ steps.aws.outputs.aws-session-token }}"


@pytest.mark.parametrize("target", ["gitlab-ci", "buildkite"])
def test_vertex_in_ci_writes_default_credentials_that_google_reads(
    gcp_manifest: Manifest,
    target: str,
    tmp_path: Path,
) -> None:
    name = {"gitlab-ci": "nightly", "buildkite": "samples"}[target]
    document = yaml.safe_load(wire(with_route(gcp_manifest, name, "vertex"), name, target))
    if target == "gitlab-ci":
        script = "\n".join(document[name]["script"])
    else:
        script = document["steps"][0]["command"].replace("$$", "$")
    (tmp_path / "buildkite-agent").write_text(f"#!/bin/sh\nprintf %s {TOKEN}\n")
    (tmp_path / "buildkite-agent").chmod(0o755)
    done = subprocess.run(
        ["bash", "-ec", f'{script}\ncat "$GOOGLE_APPLICATION_CREDENTIALS"; echo; cat "$folder/token"'],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "KEYPLAN_ID_TOKEN": TOKEN, "TMPDIR": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    credentials, token = done.stdout.splitlines()
    found = json.loads(credentials)
    assert token == TOKEN
    assert (found["type"], found["token_url"]) == ("external_account", "https://sts.googleapis.com/v1/token")
    assert found["audience"].startswith("//iam.googleapis.com/projects/")
    assert not Path(found["credential_source"]["file"]).exists()
