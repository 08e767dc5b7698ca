"""Both clouds behind the proxy, looked into from behind: what readers get, and what is kept at all.

Looks at what the servers hold, not at what keyplan's own stores say about it.
"""

from __future__ import annotations

import copy
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from tests.command.environments import ACCOUNT, REGION, Environment, manifest_document, on_both_clouds
from tests.command_gcp.google import Google, make_secrets, without_aws
from tests.faults.answers import Door
from tests.faults.command_runs import Command
from tests.faults.proxy import FaultProxy

KEY = "anthropic"
_MOMENT = re.compile(r"@[0-9]{8}T[0-9]{6}Z")


@dataclass
class Clouds:
    """The services, the proxy before them, and the command."""

    moto_url: str
    google: Google
    proxy: FaultProxy
    command: Command
    directory: Path


@dataclass
class Home:
    """One environment on some clouds, whose state can be brought back as often as a test likes."""

    clouds: Clouds
    names: tuple[str, ...]  # of the clouds it is on
    environment: Environment
    kept: dict[str, Any] = field(default_factory=dict)

    def save(self) -> None:
        """Remember how everything is."""
        self.kept = {name: copy.deepcopy(_secret(self, name).__dict__) for name in self.names}

    def back(self) -> None:
        """Bring it back."""
        for name in self.names:
            _secret(self, name).__dict__ = copy.deepcopy(self.kept[name])

    def served(self) -> dict[str, str | None]:
        """What readers get, by cloud; None where they get nothing."""
        return {name: _served_on[name](_secret(self, name)) for name in self.names}

    def readable(self) -> dict[str, set[str]]:
        """Every value that a person with the right to read could still get, by cloud."""
        return {name: _readable_on[name](_secret(self, name)) for name in self.names}

    def state(self) -> str:
        """Everything that a command goes by, without what differs from run to run: ids and moments."""
        return _MOMENT.sub(
            "", repr([self.stages(), self.served(), sorted(map(sorted, self.readable().values()))])
        )

    def stages(self) -> dict[str, list[list[str]]]:
        """The labels or aliases of each version, oldest first, by cloud."""
        return {name: _stages_on[name](_secret(self, name)) for name in self.names}


def new_home(clouds: Clouds, names: tuple[str, ...], **of_key: Any) -> Home:
    """An environment with one key whose secrets are there and empty."""
    name = f"t{uuid.uuid4().hex[:8]}"
    client = boto3.client(
        "secretsmanager",
        region_name=REGION,
        endpoint_url=clouds.moto_url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    arn = client.create_secret(Name=f"{name}/{KEY}-api-key")["ARN"]
    document = manifest_document(name, clouds.proxy.url(Door.AWS), {KEY: arn})
    document["keys"][KEY] |= of_key
    if "gcp" in names:
        document = on_both_clouds(document, clouds.proxy.url(Door.GCP))
    if "aws" not in names:
        document = without_aws(document)
    directory = clouds.directory / name
    directory.mkdir()
    home = Home(clouds, names, Environment(name, document, directory, client))
    if "gcp" in names:
        make_secrets(clouds.google, home.environment)
    home.environment.save()
    return home


def _secret(home: Home, cloud: str) -> Any:
    if cloud == "gcp":
        return home.clouds.google.secret(home.environment.document["keys"][KEY]["gcp"]["name"])
    from moto.secretsmanager.models import secretsmanager_backends

    store = secretsmanager_backends[ACCOUNT][REGION].secrets
    return store[home.environment.document["keys"][KEY]["aws"]["name"]]


def _value(version: Mapping[str, Any]) -> str:
    return "".join(json.loads(version["secret_string"]).values())


def _mark(value: str) -> str:
    """One letter that tells the test's values apart: their last parts begin with it."""
    return value[20:21]


def _served_on_aws(secret: Any) -> str | None:
    current = [each for each in secret.versions.values() if "AWSCURRENT" in each["version_stages"]]
    return _value(current[0]) if current else None


def _served_on_gcp(secret: Any) -> str | None:
    number = secret.aliases.get("current")
    found = [each for each in secret.versions if each.number == number and each.state == "ENABLED"]
    return str((found[0].payload or b"").decode()) if found else None


def _readable_on_aws(secret: Any) -> set[str]:
    # One without any label is deprecated: AWS may delete it at any time.
    return {_value(each) for each in secret.versions.values() if each["version_stages"]}


def _readable_on_gcp(secret: Any) -> set[str]:
    return {each.payload.decode() for each in secret.versions if each.payload and each.state == "ENABLED"}


def _stages_on_aws(secret: Any) -> list[list[str]]:
    return [[_mark(_value(each)), *sorted(each["version_stages"])] for each in secret.versions.values()]


def _stages_on_gcp(secret: Any) -> list[list[str]]:
    return [
        [
            _mark((each.payload or b"").decode()),
            each.state,
            *sorted(name for name, number in secret.aliases.items() if number == each.number),
            *sorted(text for name, text in secret.annotations.items() if name.endswith(f"-{each.number}")),
        ]
        for each in secret.versions
    ]


_served_on = {"aws": _served_on_aws, "gcp": _served_on_gcp}
_readable_on = {"aws": _readable_on_aws, "gcp": _readable_on_gcp}
_stages_on = {"aws": _stages_on_aws, "gcp": _stages_on_gcp}
