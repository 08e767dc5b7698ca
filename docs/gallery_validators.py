"""Who accepts each target's text, for the gallery: the schema, parser or program of its own reader.

Every target has one that is always there. A program that is not on every machine says so in its words, and is
asked where it is. The tests of a target go further; this is what a reader of the gallery can ask again.
"""

from __future__ import annotations

import ast
import configparser
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session
import dotenv
import jsonschema
import yaml
from botocore.validate import ParamValidator
from ruamel.yaml import YAML

from keyplan.wiring import TARGETS
from tests.wiring import (
    groovy_reading,
    powershell_reader,
    test_ci_servers_wiring,
    test_wiring_codebuild,
    test_wiring_editors,
    test_wiring_pulumi_deployments,
)
from tests.wiring_gcp import google_schema


class Refused(Exception):  # noqa: N818  # what a validator says of a text
    """A validator does not accept a text."""


@dataclass(frozen=True)
class Validator:
    """One reader. `accept` raises Refused, or its own error, for what it does not accept."""

    words: str  # for the page
    accept: Callable[[str], None]
    programs: tuple[str, ...] = ()  # asked only where they are installed

    @property
    def is_here(self) -> bool:
        """Whether it can be asked on this machine."""
        return all(map(shutil.which, self.programs))


def validators_of(target: str) -> tuple[Validator, ...]:
    """Those of a target: its own, or else those of the syntax that its summary names.

    Raises:
        LookupError: none is known, in words that say where one belongs.
    """
    found = (*_SYNTAX.get(syntax_of(target), ()), *_OWN.get(target, ()))
    if all(validator.programs for validator in found):
        raise LookupError(f"docs/gallery_validators.py has no validator for the target {target}: add one")
    return found


def syntax_of(target: str) -> str:
    """`YAML` of `a pipeline for Buildkite (YAML)`."""
    return TARGETS[target].summary.rpartition("(")[2].rstrip(")")


def documents_of(text: str) -> list[Any]:
    """A YAML stream as both versions of YAML read it, but for `on` as a key, which is true in YAML 1.1.

    GitHub's workflows have that key, and GitHub reads it as text.
    """
    documents = list(YAML(typ="safe", pure=True).load_all(text))
    older = list(yaml.safe_load_all(text))
    for document in older:
        if isinstance(document, dict) and True in document:
            document["on"] = document.pop(True)
    if older != documents:
        raise Refused("a YAML 1.1 reader and a YAML 1.2 reader do not agree")
    return documents


def _yaml(text: str) -> None:
    documents_of(text)


def _json(text: str) -> None:
    json.loads(text)


def _schema(name: str) -> Callable[[str], None]:
    def accept(text: str) -> None:
        for document in documents_of(text):
            test_ci_servers_wiring.validate(name, document)  # Azure's does not know the task of AWS

    return accept


def _google(document: str, message: Callable[[Any], str]) -> Callable[[str], None]:
    def accept(text: str) -> None:
        for body in documents_of(text):
            google_schema.check(document, message(body), body)

    return accept


def _aws(service: str, operation: str, completed: Callable[[Any], Any]) -> Callable[[str], None]:
    """AWS's own model of a call, with what the reader of the text adds to it."""

    def accept(text: str) -> None:
        model = botocore.session.Session().get_service_model(service).operation_model(operation)
        shape = model.input_shape
        if shape is None:
            raise Refused("the call takes nothing")
        report = ParamValidator().validate(completed(yaml.safe_load(text)), shape)
        if report.has_errors():
            raise Refused(report.generate_report())

    return accept


def _task(document: Any) -> Any:
    containers = [{"image": "example", **each} for each in document["containerDefinitions"]]
    return {"family": "example", **document, "containerDefinitions": containers}


def _program(*command: str, name: str) -> Callable[[str], None]:
    """A program that is given the text as a file of this name, whose exit code says whether it takes it."""

    def accept(text: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, name)
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
            done = subprocess.run(
                [*command, name], cwd=folder, capture_output=True, text=True, check=False, timeout=60
            )
        if done.returncode:
            raise Refused(f"{command[0]}: {done.stdout}{done.stderr}")

    return accept


def _dotenv(text: str) -> None:
    found = dotenv.dotenv_values(stream=io.StringIO(text))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    if None in found.values() or len(found) != len(lines):
        raise Refused("python-dotenv leaves lines out")


def _unit(text: str) -> None:
    """Sections and settings, each on one line; systemd-analyze looks at the rest."""
    reader = configparser.RawConfigParser(strict=False, comment_prefixes=("#", ";"), delimiters=("=",))
    reader.optionxform = str  # type: ignore[assignment,method-assign]
    reader.read_string(text)
    if not {"Service"} <= set(reader.sections()) <= {"Unit", "Service"}:
        raise Refused("it is no part of a service")


def _systemd(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        unit = Path(folder, "example.service")
        unit.write_text("[Service]\nExecStart=/bin/true\n")
        part = Path(folder, "example.service.d", "keyplan.conf")
        part.parent.mkdir()
        # The command has to be on the machine that verifies it.
        part.write_text(text.replace("/usr/local/bin/keyplan", "/bin/true"))
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(unit)],
            env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{folder}:"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode or "example.service" in done.stderr:
        raise Refused(f"systemd-analyze: {done.stderr}")


def _powershell(text: str) -> None:
    powershell_reader.environment_after(text, {})


def _jenkins(text: str) -> None:
    """The script in it: a string in triple quotes."""
    script, _ = groovy_reading.string_at(text, text.index("'''"))
    _BASH(script)


def _groovy(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if "sh" not in dict(groovy_reading.ran(text, Path(folder))):
            raise Refused("no step gets a script")


def _of_its_reference(schema: dict[str, Any], part: Callable[[Any], Any]) -> Callable[[str], None]:
    """A schema that the tests of the target made of its vendor's reference: no other is published."""

    def accept(text: str) -> None:
        for document in documents_of(text):
            jsonschema.validate(part(document), schema)

    return accept


def _python(text: str) -> None:
    ast.parse(text)


_TYPESCRIPT_PART = re.compile(r"//[^\n]*|\"[^\"\n\\\\]*\"|`[^`\\\\]*`|[^\"'`]", re.DOTALL)
_CLOSING = {")": "(", "]": "[", "}": "{"}


def _typescript(text: str) -> None:
    """Comments, strings without escapes, and brackets that close in their order."""
    if "".join(_TYPESCRIPT_PART.findall(text)) != text:
        raise Refused("a quote stands alone")
    opened: list[str] = []
    for part in _TYPESCRIPT_PART.findall(text):
        if part in _CLOSING.values():
            opened.append(part)
        elif part in _CLOSING and (not opened or opened.pop() != _CLOSING[part]):
            raise Refused("a bracket closes what is not open")
    if opened:
        raise Refused("a bracket stays open")


def _kustomize(text: str) -> None:
    """The last document as a patch of a Deployment, the others as they are."""
    *others, patch = documents_of(text)
    [container] = patch["spec"]["template"]["spec"]["containers"]
    specification = {"containers": [{"name": container["name"], "image": "example"}]}
    deployment = {**patch, "spec": {"template": {"spec": specification}}}
    files = {
        "resources.yaml": [*others, deployment],
        "patch.yaml": [patch],
        "kustomization.yaml": [{"resources": ["resources.yaml"], "patches": [{"path": "patch.yaml"}]}],
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, documents in files.items():
            Path(folder, name).write_text(yaml.safe_dump_all(documents))
        done = subprocess.run(
            ["kubectl", "kustomize", folder], capture_output=True, text=True, check=False, timeout=60
        )
    if done.returncode or container.get("env", []) != _only_container(done.stdout).get("env", []):
        raise Refused(f"kubectl: {done.stderr}")


def _only_container(text: str) -> dict[str, Any]:
    [deployment] = [each for each in documents_of(text) if each["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    found: dict[str, Any] = container
    return found


def _published_as(name: str, words: str) -> tuple[Validator, ...]:
    return (Validator(f"the JSON schema of {words}", _schema(name)),)


_YAML = Validator("PyYAML (YAML 1.1) and ruamel.yaml (YAML 1.2), which read the same", _yaml)
_SERVICE = (
    Validator("Python's configparser", _unit),
    Validator("`systemd-analyze verify`, where it is installed", _systemd, ("systemd-analyze",)),
)
_RUN = _google("run.v1", lambda body: str(body["kind"]))
_CLOUD_RUN = (Validator("the messages of Cloud Run's API (discovery document run.v1)", _RUN),)
_PODS = (
    Validator(
        "`kubectl kustomize`, where it is installed, with the last document as a patch of a Deployment",
        _kustomize,
        ("kubectl",),
    ),
)
_CFN_LINT = str(Path(sys.executable).parent / "cfn-lint")
_BASH = _program("bash", "-n", name="script")
_PWSH_PARSE = (
    "$errors = $null; [void][System.Management.Automation.Language.Parser]::ParseFile($args[0], [ref]$null, "
    "[ref]$errors); exit $errors.Count"
)
_SYNTAX = {
    "YAML": (_YAML,),
    "CloudFormation": (_YAML, Validator("cfn-lint", _program(_CFN_LINT, name="template.yaml"))),
    "JSON": (Validator("Python's json", _json),),
    "sh": (Validator("`sh -n`", _program("sh", "-n", name="script")),),
    "bash": (Validator("`bash -n`", _BASH),),
    "Python": (Validator("Python's own parser", _python),),
    "TypeScript": (
        Validator("a reader of its brackets and quotes", _typescript),
        Validator("esbuild, where it is installed", _program("esbuild", name="program.ts"), ("esbuild",)),
    ),
}
_OWN: dict[str, tuple[Validator, ...]] = {
    "ecs": (
        Validator(
            "AWS's model of RegisterTaskDefinition (botocore)", _aws("ecs", "RegisterTaskDefinition", _task)
        ),
    ),
    "lambda": (
        Validator(
            "AWS's model of UpdateFunctionConfiguration (botocore)",
            _aws("lambda", "UpdateFunctionConfiguration", lambda found: {"FunctionName": "x", **found}),
        ),
    ),
    "eks": _PODS,
    "eks-external-secrets": _PODS,
    "gke": _PODS,
    "gke-external-secrets": _PODS,
    "ec2": _SERVICE,
    "systemd": _SERVICE,
    "cloud-run": _CLOUD_RUN,
    "cloud-run-volume": _CLOUD_RUN,
    "cloud-build": (
        *_published_as("cloudbuild", "Cloud Build's configuration"),
        Validator(
            "the message Build of its API (discovery document cloudbuild.v1)",
            _google("cloudbuild.v1", lambda _: "Build"),
        ),
    ),
    "github-actions": _published_as("github-workflows", "GitHub's workflows"),
    "gitlab-ci": _published_as("gitlab-ci", "GitLab CI"),
    "circleci": _published_as("circle-ci", "CircleCI's configuration"),
    "buildkite": _published_as("buildkite", "Buildkite's pipelines"),
    "bitbucket-pipelines": _published_as("bitbucket-pipelines", "Bitbucket Pipelines"),
    "azure-pipelines": _published_as("azure-pipelines", "Azure Pipelines"),
    "codebuild": (
        Validator(
            "a JSON schema of CodeBuild's build specification reference",
            _of_its_reference(test_wiring_codebuild.BUILDSPEC, lambda found: found),
        ),
    ),
    "pulumi-deployments": (
        Validator(
            "a JSON schema of pulumiservice:DeploymentSettings in the Pulumi Registry",
            _of_its_reference(
                test_wiring_pulumi_deployments.SETTINGS, lambda found: next(iter(found["resources"].values()))
            ),
        ),
    ),
    "devcontainer": (
        Validator(
            "the Dev Container specification's schema of the two properties",
            _of_its_reference(test_wiring_editors.DEVCONTAINER, lambda found: found),
        ),
    ),
    "compose": _published_as("compose-spec", "the Compose specification"),
    "jenkins": (
        Validator("a reader of Groovy's documented strings, and `bash -n` for the script in it", _jenkins),
        Validator(
            "Groovy, where it is installed, with stand-ins for Jenkins' steps", _groovy, ("groovy", "java")
        ),
    ),
    "powershell": (
        Validator("a reader of PowerShell's documented quotes", _powershell),
        Validator(
            "PowerShell's own parser, where it is installed",
            _program("pwsh", "-NoProfile", "-Command", _PWSH_PARSE, name="script.ps1"),
            ("pwsh",),
        ),
    ),
    "dotenv": (Validator("python-dotenv", _dotenv),),
}
