"""An environment to act on: a manifest in a file, secrets in a cloud, and the real command as a process."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.forked.commands import run_keyplan

PROJECT = Path(__file__).resolve().parent.parent.parent
ACCOUNT = "123456789012"
REGION = "eu-west-1"
GCP_PROJECT, PROJECT_NUMBER = "keyplan-sandbox", "123456789012"
VARIABLES = {
    "anthropic": "ANTHROPIC_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "mistral": "MISTRAL_API_KEY",
}


def fake_key(mark: str = "x") -> str:
    """A text of the form of an Anthropic API key, made here so that no key-shaped text is in any file."""
    return "sk-ant-" + "api03-" + (mark * 93)[:93] + "AA"


def manifest_document(environment: str, endpoint: str, keys: dict[str, str]) -> dict[str, Any]:
    """A manifest. `keys` maps a key's name to its secret's ARN."""
    return {
        "format": "keyplan-manifest/1",
        "environment": environment,
        "owner": "platform@example.com",
        "escalateAfter": "7d",
        "clouds": {
            "aws": {
                "accountId": ACCOUNT,
                "partition": "aws",
                "region": REGION,
                "kmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d",
                "operatorPolicyArns": [f"arn:aws:iam::{ACCOUNT}:policy/{environment}-keyplan-operator"],
                "auditorRoleArn": f"arn:aws:iam::{ACCOUNT}:role/{environment}-keyplan-auditor",
                "endpoints": {"secretsmanager": endpoint, "sts": endpoint},
            }
        },
        "keys": {
            name: {
                "vendor": "anthropic" if name == "anthropic" else "generic",
                "owner": "ml@example.com",
                "envVar": VARIABLES.get(name, "SOME_API_KEY"),
                "rotateEvery": "90d",
                "remindBefore": "14d",
                "grace": "7d",
                "aws": {
                    "name": f"{environment}/{name}-api-key",
                    "arn": arn,
                    "jsonKey": VARIABLES.get(name, "SOME_API_KEY"),
                },
            }
            for name, arn in keys.items()
        },
        "consumers": {
            "chat-api": {
                "runtime": "ecs",
                "keys": list(keys)[:1],
                "env": {"ANTHROPIC_MODEL": "claude-sonnet-4-6"},
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/{environment}-chat-api-reader",
                "policyArns": [f"arn:aws:iam::{ACCOUNT}:policy/{environment}-chat-api-reader"],
                "settings": {"readAt": "start"},
            },
            "evals": {
                "runtime": "github-actions",
                "keys": list(keys),
                "env": {},
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/{environment}-evals-reader",
                "policyArns": [],
                "settings": {"repository": "example/evals"},
            },
        },
    }


def on_both_clouds(document: dict[str, Any], endpoint: str) -> dict[str, Any]:
    """A copy of a manifest on AWS that is on Google Cloud too, with consumers of each kind there."""
    both = copy.deepcopy(document)
    environment = document["environment"]
    pool = f"projects/{PROJECT_NUMBER}/locations/global/workloadIdentityPools/keyplan-{environment}"
    both["clouds"]["gcp"] = {
        "projectId": GCP_PROJECT,
        "projectNumber": PROJECT_NUMBER,
        "region": "europe-west1",
        "operatorRole": f"projects/{GCP_PROJECT}/roles/keyplan_{environment}_operator",
        "auditorRole": f"projects/{GCP_PROJECT}/roles/keyplan_{environment}_auditor",
        "endpoints": {"secretmanager": endpoint, "sts": endpoint},
    }
    for name, key in both["keys"].items():
        secret_id = f"{environment}-{name}-api-key"
        key["gcp"] = {"name": secret_id, "resource": f"projects/{GCP_PROJECT}/secrets/{secret_id}"}
    first = {"cloud": "gcp", "keys": list(both["keys"])[:1], "env": {}, "policyArns": []}
    account = f"{environment}-crawler-reader@{GCP_PROJECT}.iam.gserviceaccount.com"
    both["consumers"] |= {
        "crawler": {
            "runtime": "cloud-run",
            **first,
            "member": f"serviceAccount:{account}",
            "settings": {},
        },
        "nightly": {
            "runtime": "gitlab-ci",
            **first,
            "member": f"principalSet://iam.googleapis.com/{pool}/attribute.nightly/278964",
            "workloadIdentityProvider": f"{pool}/providers/ci-nightly",
            "settings": {"project": "example/nightly", "projectId": "278964"},
        },
        "research": {
            "runtime": "people",
            **first,
            "settings": {"members": ["group:ml@example.com"]},
        },
    }
    return both


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """What the command gets from its caller: no AWS setting, and a home without configuration."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true",
        **more,
    }


@dataclass
class Environment:
    """An environment in a cloud, its manifest in a file, and the command to act on it."""

    name: str
    document: dict[str, Any]
    directory: Path
    secrets: Any = None  # a boto3 client of the cloud behind it
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def manifest_file(self) -> Path:
        return self.directory / "manifest.json"

    def save(self) -> None:
        """Write the manifest as it is now."""
        self.manifest_file.write_text(json.dumps(self.document))

    def command(self, *arguments: str) -> list[str]:
        verb, *rest = arguments
        return [sys.executable, "-m", "keyplan", verb, "--manifest", str(self.manifest_file), *rest]

    def run(
        self, *arguments: str, given: str | bytes = b"", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `keyplan VERB --manifest FILE …` in a process of its own and wait for it.

        The process is forked from one that has loaded the command; `command` is for a process that has not.
        """
        return run_keyplan(
            self.command(*arguments)[3:],
            given.encode() if isinstance(given, str) else given,
            self.directory,
            clean_environment(self.directory, **self.variables, **variables),
        )

    def arn(self, key: str) -> str:
        arn: str = self.document["keys"][key]["aws"]["arn"]
        return arn

    def stored(self, key: str) -> Any:
        """What a program of the user's own finds in the secret."""
        return json.loads(self.secrets.get_secret_value(SecretId=self.arn(key))["SecretString"])

    def labels(self, key: str) -> list[list[str]]:
        """The labels of each version, oldest first."""
        versions = self.secrets.list_secret_version_ids(SecretId=self.arn(key))["Versions"]
        return [
            sorted(entry["VersionStages"])
            for entry in sorted(versions, key=lambda entry: entry["CreatedDate"])
        ]
