"""One environment that was really made in a sandbox: its configuration as written, the account read back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.config import Config

from tests.end_to_end.project_copy import ProjectCopy
from tests.evaluator.account_reader import read_account
from tests.evaluator.policy_evaluator import Account

MOTO_ACCOUNT = "123456789012"
ENVIRONMENT = "sandbox"
ON_GOOGLE = {"cloud-run", "cloud-run-job", "gke", "compute-engine", "cloud-build"}
NO_RETRIES = Config(retries={"total_max_attempts": 1}, proxies={})


@dataclass(frozen=True)
class Stack:
    """What a test needs to judge one environment in its AWS account. Names as in the configuration file."""

    copy: ProjectCopy
    keys: Mapping[str, Mapping[str, Any]]
    consumers: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any]
    manifest: Mapping[str, Any]
    account: Account

    def secret_name(self, key: str) -> str:
        name: str = self.manifest["keys"][key]["aws"]["name"]
        return name


def manifest_of(copy: ProjectCopy) -> dict[str, Any]:
    """The manifest of the copy's sandbox."""
    document: dict[str, Any] = json.loads((copy.directory / ".keyplan/sandbox/manifest.json").read_text())
    return document


def clients_of(copy: ProjectCopy, region: str | None = None) -> Callable[[str], Any]:
    """Service name -> boto3 client of the copy's sandbox."""
    location = manifest_of(copy)["clouds"]["aws"]
    endpoint = location["endpoints"]["secretsmanager"]
    session = boto3.Session("test", "test", region_name=region or location["region"])

    def client(service: str) -> Any:
        make: Any = session.client
        return make(service, endpoint_url=endpoint, config=NO_RETRIES)

    return client


def configuration_of(directory: Path, environment: str) -> dict[str, Any]:
    """The catalogue of an environment as its file has it, without the namespace, read by no other code."""
    document = yaml.safe_load((directory / f"Pulumi.{environment}.yaml").read_text())
    config: dict[str, Any] = document["config"]
    return {name.removeprefix("keyplan:"): value for name, value in config.items()}


def write_configuration(copy: ProjectCopy, config: Mapping[str, Any]) -> None:
    """Make `config` the catalogue of the copy's sandbox."""
    named = {name if ":" in name else f"keyplan:{name}": value for name, value in config.items()}
    text = yaml.safe_dump({"config": {"aws:region": "eu-west-1", **named}}, sort_keys=False)
    (copy.directory / f"Pulumi.{ENVIRONMENT}.yaml").write_text(text)


def bring_up(copy: ProjectCopy) -> str:
    """Run `python -m sandbox up`, which has to work, and return what it said."""
    ran = copy.sandbox("up")
    assert ran.code == 0, ran.said
    return ran.said


def look_at(copy: ProjectCopy) -> Stack:
    """The environment that stands in the copy's sandbox now."""
    config = configuration_of(copy.directory, ENVIRONMENT)
    return Stack(
        copy=copy,
        keys=config["keys"],
        consumers=readers_on_aws(config),
        settings=config,
        manifest=manifest_of(copy),
        account=read_account(clients_of(copy)),
    )


def readers_on_aws(config: Mapping[str, Any]) -> dict[str, Any]:
    """The consumers that read in the account; those on Google Cloud and those without keys do not."""
    return {
        name: consumer
        for name, consumer in config.get("consumers", {}).items()
        if consumer.get("keys")
        and consumer["runtime"] not in ON_GOOGLE
        and consumer.get("cloud", "aws") == "aws"
    }


def existing_roles(config: Mapping[str, Any]) -> set[str]:
    """The ARNs of roles that a configuration refers to and does not make."""
    arns = {config.get("breakGlassRole"), *config.get("operators", ()), *config.get("auditors", ())}
    arns |= {consumer.get("roleArn") for consumer in config.get("consumers", {}).values()}
    return {arn for arn in arns if arn}


def make_roles(copy: ProjectCopy, arns: Iterable[str]) -> None:
    """Create roles as an account has them before keyplan comes: with a trust, and without policies."""
    iam = clients_of(copy)("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    for arn in sorted(arns):
        iam.create_role(RoleName=arn.rsplit("/", 1)[1], AssumeRolePolicyDocument=json.dumps(trust))
