"""The last resort: its script, run for real with stand-ins of the CIs' programs and a store on this machine.

The stand-ins note their arguments, environment and standard input: the value is in the last alone.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import boto3
import pytest

from keyplan.catalogue import CI_RUNTIMES, Runtime
from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import LAST_RESORT, TARGETS, wire, wire_all
from keyplan.wiring.ci.ci_secret import OWN_VARIABLES, STORES
from tests.moto_server import moto_server
from tests.wiring.conftest import ACCOUNT, REGION

CONSUMERS = {
    "github-actions": "evals",
    "gitlab-ci": "nightly",
    "circleci": "changelog",
    "buildkite": "translations",
    "bitbucket-pipelines": "invoices",
    "azure-pipelines": "regression",
    "jenkins": "summaries",
}
VALUE = "sk-ant-" + "api03-" + "x" * 93 + "AA"
HARD = "a'b\"c $HOME `id` \\ <&> %s 日本 {}"
TOKENS = {
    "BUILDKITE_API_TOKEN": "token-of-buildkite",
    "BUILDKITE_CLUSTER_ID": "0a1b2c3d",
    "BITBUCKET_TOKEN": "token-of-bitbucket",
    "AZURE_DEVOPS_EXT_PAT": "token-of-azure",
    "JENKINS_USER_ID": "somebody",
    "JENKINS_API_TOKEN": "token-of-jenkins",
}
needs_programs = pytest.mark.skipif(
    shutil.which("bash") is None or shutil.which("jq") is None, reason="bash or jq is not here"
)

# Notes what it is given, and answers what a file of the test says: `{"METHOD ADDRESS": body}`, or nothing.
STAND_IN = """\
#!{python}
import json, os, sys
from pathlib import Path
folder = Path({folder!r})
name, arguments = Path(sys.argv[0]).name, sys.argv[1:]
note = {{"program": name, "arguments": arguments, "environment": dict(os.environ), "headers": []}}
for at, word in enumerate(arguments):
    if word == "--header" and arguments[at + 1].startswith("@"):
        note["headers"].append(Path(arguments[at + 1][1:]).read_text())
reads = name != "curl" or "--data-binary" in arguments
note["input"] = sys.stdin.buffer.read().decode() if reads else None
(folder / f"{{len(list(folder.glob('note-*'))):03}}.tmp").write_text(json.dumps(note))
(folder / f"{{len(list(folder.glob('note-*'))):03}}.tmp").rename(
    folder / f"note-{{len(list(folder.glob('note-*'))):03}}")
answers = json.loads((folder / "answers").read_text())
if name == "curl":
    answer = answers.get(arguments[arguments.index("--request") + 1] + " " + arguments[-1])
    if answer is None and "--data-binary" not in arguments:
        sys.exit(22)
    print(answer or "{{}}")
sys.exit(1 if " ".join([name, *arguments[:2]]) in answers.get("fail", []) else 0)
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Secrets Manager on this machine."""
    with moto_server() as address:
        yield address


@dataclass(frozen=True)
class Ran:
    """What a run of the script did."""

    code: int
    output: str
    notes: list[dict[str, Any]]

    def of(self, program: str) -> list[dict[str, Any]]:
        return [note for note in self.notes if note["program"] == program]

    @property
    def stored(self) -> dict[str, Any]:
        """What was sent by curl in the end, after the questions."""
        [body] = [note for note in self.of("curl") if note["input"] is not None]
        return dict(body)


class Machine:
    """A folder with stand-ins on the PATH, the manifest where the script looks, and values in the store."""

    def __init__(self, folder: Path, endpoint: str, manifest: Manifest) -> None:
        self.folder, self.manifest, self.answers = folder, manifest, {}
        self._client = boto3.client(
            "secretsmanager",
            region_name=REGION,
            endpoint_url=endpoint,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        self._endpoint = endpoint
        self._programs()

    def _programs(self) -> None:
        programs = self.folder / "bin"
        programs.mkdir()
        for name in ("gh", "glab", "circleci", "curl"):
            (programs / name).write_text(STAND_IN.format(python=sys.executable, folder=str(self.folder)))
        (programs / "keyplan").write_text(f'#!/bin/sh\nexec {sys.executable} -m keyplan "$@"\n')
        # The real one, which notes its arguments first.
        jq = f'#!/bin/sh\nprintf "%s\\n" "$@" >> {self.folder}/jq\nexec {shutil.which("jq")} "$@"\n'
        (programs / "jq").write_text(jq)
        for program in programs.iterdir():
            program.chmod(0o755)

    def put(self, **values: str) -> Machine:
        """Store values by the name of a key, and write the manifest of what is stored."""
        keys = dict(self.manifest.keys)
        for name, value in values.items():
            entry = keys[name]
            secret = f"prod/{os.urandom(6).hex()}"
            stored = json.dumps({entry.env_var: value})
            arn = self._client.create_secret(Name=secret, SecretString=stored)["ARN"]
            keys[name] = replace(entry, aws=replace(entry.on_aws(), name=secret, arn=arn))
        place = replace(self.manifest.on_aws(), endpoints={"secretsmanager": self._endpoint})
        written = replace(self.manifest, keys=keys, aws=place).to_json()
        file = self.folder / ".config" / "keyplan" / "prod.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(written))
        return self

    def run(self, text: str, **environment: str) -> Ran:
        """The script as a file, with tracing on."""
        (self.folder / "answers").write_text(json.dumps(self.answers))
        script = self.folder / "script"
        script.write_text(text)
        done = subprocess.run(
            ["bash", "-x", str(script)],
            env={
                "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
                "HOME": str(self.folder),
                "AWS_ACCESS_KEY_ID": "testing",
                "AWS_SECRET_ACCESS_KEY": "testing",
                "PYTHONPATH": str(Path(__file__).parents[2]),
                **TOKENS,
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        notes = [json.loads(file.read_text()) for file in sorted(self.folder.glob("note-*"))]
        return Ran(done.returncode, done.stdout + done.stderr, notes)


@pytest.fixture
def machine(tmp_path: Path, endpoint: str, manifest: Manifest) -> Machine:
    """A machine of its own."""
    return Machine(tmp_path, endpoint, manifest).put(anthropic=VALUE)


ANSWERS: dict[str, dict[str, str]] = {
    "buildkite": {
        "GET https://api.buildkite.com/v2/organizations/example/clusters/0a1b2c3d/secrets?per_page=100": "[]"
    },
    "bitbucket-pipelines": {
        "GET https://api.bitbucket.org/2.0/repositories/example/%7B9f8e7d6c-0000-4000-8000-000000000000%7D/"
        "deployments_config/environments/%7B1b2c3d4e-0000-4000-8000-000000000000%7D/variables?pagelen=100": (
            '{"values": [{"key": "OTHER", "uuid": "{1}"}]}'
        )
    },
    "azure-pipelines": {
        "GET https://dev.azure.com/example/_apis/projects/evals?api-version=7.1": (
            '{"id": "0f0f", "name": "evals", "state": "wellFormed"}'
        ),
        "GET https://dev.azure.com/example/evals/_apis/distributedtask/variablegroups"
        "?groupName=prod-regression&api-version=7.1": '{"count": 0, "value": []}',
    },
}


def ran(machine: Machine, runtime: str, **environment: str) -> Ran:
    machine.answers = {**ANSWERS.get(runtime, {}), **machine.answers}
    return machine.run(wire(machine.manifest, CONSUMERS[runtime], LAST_RESORT), **environment)


@needs_programs
@pytest.mark.parametrize("runtime", CONSUMERS)
def test_the_value_reaches_the_store_through_standard_input_and_nothing_else(
    machine: Machine, runtime: str
) -> None:
    done = ran(machine, runtime)
    assert done.code == 0, done.output
    assert "stored ANTHROPIC_API_KEY" in done.output
    assert VALUE not in done.output
    holding = [note for note in done.notes if VALUE in (note["input"] or "")]
    assert len(holding) == 1
    for note in done.notes:
        assert VALUE not in json.dumps([note["arguments"], note["environment"], note["headers"]])
        for token in TOKENS.values():
            assert token not in " ".join(note["arguments"]) or token in (
                TOKENS["BUILDKITE_CLUSTER_ID"],
                TOKENS["JENKINS_USER_ID"],
            )
    for file in machine.folder.iterdir():
        if file.is_file() and not file.name.startswith("note-"):
            assert VALUE not in file.read_text(), file.name


@needs_programs
@pytest.mark.parametrize("runtime", ["github-actions", "circleci", "bitbucket-pipelines", "jenkins"])
def test_any_value_arrives_exactly(machine: Machine, runtime: str) -> None:
    machine.put(anthropic=HARD)
    done = ran(machine, runtime)
    assert done.code == 0, done.output
    if runtime == "bitbucket-pipelines":
        assert json.loads(done.stored["input"])["value"] == HARD
    elif runtime == "jenkins":
        document = ElementTree.fromstring(done.stored["input"])  # noqa: S314 - it is our own
        assert document.findtext("secret") == HARD
    else:
        assert [note["input"] for note in done.notes] == [HARD]


@needs_programs
def test_two_keys_are_stored_one_by_one(machine: Machine, manifest: Manifest) -> None:
    machine.put(anthropic=VALUE, openrouter="second value")
    both = replace(manifest.consumers["evals"], keys=("anthropic", "openrouter"))
    machine.manifest = replace(machine.manifest, consumers={**manifest.consumers, "evals": both})
    machine.put(anthropic=VALUE, openrouter="second value")
    done = ran(machine, "github-actions")
    assert [(note["arguments"][:3], note["input"]) for note in done.of("gh")] == [
        (["secret", "set", "ANTHROPIC_API_KEY"], VALUE),
        (["secret", "set", "OPENROUTER_API_KEY"], "second value"),
    ]


@needs_programs
def test_without_a_value_in_the_store_nothing_is_copied(
    tmp_path: Path, endpoint: str, manifest: Manifest
) -> None:
    machine = Machine(tmp_path, endpoint, manifest).put(openrouter="x")
    done = ran(machine, "github-actions")
    assert done.code != 0
    assert done.notes == []


@needs_programs
@pytest.mark.parametrize("runtime", ["buildkite", "bitbucket-pipelines", "azure-pipelines", "jenkins"])
def test_without_its_token_nothing_is_asked(machine: Machine, runtime: str) -> None:
    token = {
        "buildkite": "BUILDKITE_API_TOKEN",
        "bitbucket-pipelines": "BITBUCKET_TOKEN",
        "azure-pipelines": "AZURE_DEVOPS_EXT_PAT",
        "jenkins": "JENKINS_API_TOKEN",
    }[runtime]
    done = ran(machine, runtime, **{token: ""})
    assert done.code != 0
    assert f"{token}: parameter null or not set" in done.output
    assert done.notes == []


# What each program or service is asked


@needs_programs
def test_github_gets_a_secret_of_the_deployment_environment(machine: Machine, manifest: Manifest) -> None:
    [note] = ran(machine, "github-actions").of("gh")
    assert note["arguments"] == [
        *("secret", "set", "ANTHROPIC_API_KEY", "--repo", "example/evals", "--env", "production"),
    ]
    settings = {"repository": "example/evals", "branches": ["main"]}
    everywhere = replace(manifest.consumers["evals"], settings=settings)
    text = wire(replace(manifest, consumers={"evals": everywhere}), "evals", LAST_RESORT)
    assert "--env" not in text
    assert "whoever can push a branch to the repository" in text


@needs_programs
def test_gitlab_gets_a_protected_masked_and_hidden_variable(machine: Machine) -> None:
    machine.answers = {"fail": ["glab variable update"]}
    update, create = ran(machine, "gitlab-ci").of("glab")
    common = ["--repo", "https://gitlab.com/example/nightly", "--protected", "--masked", "--raw"]
    assert update["arguments"] == ["variable", "update", "ANTHROPIC_API_KEY", *common]
    assert create["arguments"] == ["variable", "set", "ANTHROPIC_API_KEY", *common, "--hidden"]
    assert create["input"] == VALUE


@needs_programs
def test_a_rotated_value_replaces_the_one_at_gitlab(machine: Machine) -> None:
    [note] = ran(machine, "gitlab-ci").of("glab")
    assert note["arguments"][1] == "update"


@needs_programs
def test_circleci_gets_it_in_a_context_of_the_consumers_own(machine: Machine, manifest: Manifest) -> None:
    [note] = ran(machine, "circleci").of("circleci")
    organization = manifest.consumers["changelog"].settings["organizationId"]
    assert note["arguments"] == [
        *("context", "store-secret", "--org-id", organization, "prod-changelog", "ANTHROPIC_API_KEY"),
    ]


SECRETS = "https://api.buildkite.com/v2/organizations/example/clusters/0a1b2c3d/secrets"


def asked(note: dict[str, Any]) -> tuple[str, str]:
    arguments = note["arguments"]
    return arguments[arguments.index("--request") + 1], arguments[-1]


@needs_programs
def test_buildkites_secret_is_for_the_pipeline_and_its_branches(machine: Machine) -> None:
    done = ran(machine, "buildkite")
    assert asked(done.stored) == ("POST", SECRETS)
    body = json.loads(done.stored["input"])
    import yaml

    assert yaml.safe_load(body.pop("policy")) == [{"pipeline_slug": "translations", "build_branch": ["main"]}]
    assert body == {"key": "KEYPLAN_PROD_TRANSLATIONS_ANTHROPIC_API_KEY", "value": VALUE}
    assert done.stored["headers"] == ["Authorization: Bearer token-of-buildkite\n"]


@needs_programs
def test_a_rotated_value_replaces_the_one_at_buildkite(machine: Machine) -> None:
    there = [{"id": "1-2", "key": "KEYPLAN_PROD_TRANSLATIONS_ANTHROPIC_API_KEY"}, {"id": "3", "key": "X"}]
    machine.answers = {f"GET {SECRETS}?per_page=100": json.dumps(there)}
    done = ran(machine, "buildkite")
    assert asked(done.stored) == ("PUT", f"{SECRETS}/1-2/value")
    assert json.loads(done.stored["input"]) == {"value": VALUE}


@needs_programs
def test_bitbucket_gets_a_secured_variable_of_the_deployment_environment(machine: Machine) -> None:
    done = ran(machine, "bitbucket-pipelines")
    method, address = asked(done.stored)
    assert (method, address.rpartition("/")[2]) == ("POST", "variables")
    assert "/deployments_config/environments/%7B" in address
    body = {"key": "ANTHROPIC_API_KEY", "value": VALUE, "secured": True}
    assert json.loads(done.stored["input"]) == body
    [question] = ANSWERS["bitbucket-pipelines"]
    machine.answers = {question: '{"values": [{"key": "ANTHROPIC_API_KEY", "uuid": "{12-34}"}]}'}
    for file in machine.folder.glob("note-*"):
        file.unlink()
    again = ran(machine, "bitbucket-pipelines")
    assert asked(again.stored) == ("PUT", f"{address}/%7B12-34%7D")


@needs_programs
def test_azure_gets_a_group_of_this_consumer_with_secret_variables(machine: Machine) -> None:
    done = ran(machine, "azure-pipelines")
    groups = "https://dev.azure.com/example/_apis/distributedtask/variablegroups"
    assert asked(done.stored) == ("POST", f"{groups}?api-version=7.1")
    project = {"id": "0f0f", "name": "evals"}
    assert json.loads(done.stored["input"]) == {
        "name": "prod-regression",
        "type": "Vsts",
        "variables": {"ANTHROPIC_API_KEY": {"value": VALUE, "isSecret": True}},
        "variableGroupProjectReferences": [{"name": "prod-regression", "projectReference": project}],
    }
    [_, question] = ANSWERS["azure-pipelines"]
    there = [{"id": 7, "name": "prod-regression"}, {"id": 8, "name": "prod-regression-2"}]
    machine.answers = {question: json.dumps({"value": there})}
    for file in machine.folder.glob("note-*"):
        file.unlink()
    assert asked(ran(machine, "azure-pipelines").stored) == ("PUT", f"{groups}/7?api-version=7.1")


@needs_programs
def test_jenkins_gets_a_secret_text_in_the_folder_of_the_job(machine: Machine) -> None:
    done = ran(machine, "jenkins")
    store = "https://jenkins.example.com/job/platform/credentials/store/folder/domain/_"
    assert asked(done.stored) == ("POST", f"{store}/createCredentials")
    document = ElementTree.fromstring(done.stored["input"])  # noqa: S314 - it is our own
    assert document.findtext("id") == "prod-summaries-ANTHROPIC_API_KEY"
    assert document.findtext("secret") == VALUE
    config = f"{store}/credential/prod-summaries-ANTHROPIC_API_KEY/config.xml"
    machine.answers = {f"GET {config}": "<there/>"}
    for file in machine.folder.glob("note-*"):
        file.unlink()
    assert asked(ran(machine, "jenkins").stored) == ("POST", config)


# The text


@pytest.mark.parametrize("runtime", CONSUMERS)
def test_the_script_says_why_a_job_s_own_identity_is_better_and_who_can_read_the_copy(
    manifest: Manifest, runtime: str
) -> None:
    text = wire(manifest, CONSUMERS[runtime], LAST_RESORT)
    words = " ".join(re.sub(r"^# ?", "", text, flags=re.MULTILINE).split())
    assert f"with `keyplan wire {runtime} {CONSUMERS[runtime]}` nothing is stored there" in words
    assert "A rotation does not reach the copy: run this again after each `keyplan rotate anthropic`" in words
    assert "Who can read it there:" in words
    assert re.search(r"fork|pull request", words) or runtime in ("circleci", "buildkite")
    assert ACCOUNT not in text
    done = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_ci_but_pulumis_has_a_store_and_no_stack_exports_the_script(manifest: Manifest) -> None:
    assert set(STORES) == set(CONSUMERS) == TARGETS[LAST_RESORT].runtimes
    assert set(map(Runtime, STORES)) == CI_RUNTIMES - {Runtime.PULUMI_DEPLOYMENTS}
    wiring, _ = wire_all(manifest)
    assert not [name for name, texts in wiring.items() if LAST_RESORT in texts]


def test_what_cannot_be_copied_is_refused(manifest: Manifest) -> None:
    def with_evals(**changes: Any) -> Manifest:
        return replace(manifest, consumers={"evals": replace(manifest.consumers["evals"], **changes)})

    with pytest.raises(UsageError, match="reads no key, so there is nothing to store"):
        wire(with_evals(keys=()), "evals", LAST_RESORT)
    with pytest.raises(ManifestError, match=r"settings\.repository: expected one line of text"):
        wire(with_evals(settings={}), "evals", LAST_RESORT)
    with pytest.raises(UsageError, match="the target ci-secret is for"):
        wire(manifest, "chat-api", LAST_RESORT)
    for name in OWN_VARIABLES:
        taken = {"anthropic": replace(manifest.keys["anthropic"], env_var=name)}
        with pytest.raises(ManifestError, match=f"two variables of the name {name}"):
            wire(replace(with_evals(), keys=taken), "evals", LAST_RESORT)
