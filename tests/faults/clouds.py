"""Both clouds and the vendor behind the proxy, looked into from behind: what readers get, and what is kept.

Looks at what the servers hold, not at what keyplan's own stores say about it.
"""

from __future__ import annotations

import copy
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3

from sandbox.vendor_server import Kind, VendorKey, VendorWorld
from tests.command.environments import ACCOUNT, REGION, Environment, manifest_document, on_both_clouds
from tests.command_gcp.google import Google, make_secrets, without_aws
from tests.faults.answers import Door
from tests.faults.command_runs import Command, Run
from tests.faults.proxy import FaultProxy

KEY, ADMIN_KEY = "anthropic", "admin"
ADMIN_VARIABLE = "ANTHROPIC_ADMIN_API_KEY"
_MOMENT = re.compile(r"@[0-9]{8}T[0-9]{6}Z")


@dataclass
class Clouds:
    """The services, the proxy before them, and the command."""

    moto_url: str
    google: Google
    vendor: VendorWorld
    proxy: FaultProxy
    command: Command
    directory: Path
    homes: int = 0


@dataclass
class Home:
    """One environment on some clouds, whose state can be brought back as often as a test likes."""

    clouds: Clouds
    names: tuple[str, ...]  # of the clouds it is on
    environment: Environment
    values: dict[str, str]  # mark -> a value that the vendor knows: o for old, n for new, x for another one
    kept: dict[str, Any] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)

    def save(self) -> None:
        """Remember how everything is."""
        self.kept = {name: copy.deepcopy(_secret(self, name).__dict__) for name in self.names}
        self.statuses = {key.id: key.status for key in self.keys().values()}

    def back(self) -> None:
        """Bring it back."""
        for name in self.names:
            _secret(self, name).__dict__ = copy.deepcopy(self.kept[name])
        for key_id, status in self.statuses.items():
            self.clouds.vendor.change(key_id, status=status)

    def age(self, span: timedelta) -> None:
        """Make every version older."""
        for name in self.names:
            _age_on[name](_secret(self, name), span)

    def run(self, *arguments: str, given: str = "", **variables: str) -> Run:
        """The command without faults; `given` is the mark of a value."""
        content = self.values.get(given, given)
        file = self.environment.manifest_file
        return self.clouds.command.run(file, arguments, content, variables=variables)

    def keys(self) -> dict[str, VendorKey]:
        """The vendor's own view of each value, by mark."""
        found = {mark: self.clouds.vendor.known(value) for mark, value in self.values.items()}
        return {mark: key for mark, key in found.items() if key is not None}

    def is_alive(self, value: str) -> bool:
        """Whether the vendor accepts it."""
        key = self.clouds.vendor.known(value)
        return key is not None and self.clouds.vendor.is_alive(key)

    def serves(self, mark: str | None) -> bool:
        """Whether readers in every cloud get this value, or nothing for None."""
        return set(self.served().values()) == {self.values[mark] if mark else None}

    def served(self) -> dict[str, str | None]:
        """What readers get, by cloud; None where they get nothing."""
        return {name: _served_on[name](_secret(self, name)) for name in self.names}

    def readable(self) -> dict[str, set[str]]:
        """Every value that a person with the right to read could still get, by cloud."""
        return {name: _readable_on[name](_secret(self, name)) for name in self.names}

    def state(self) -> str:
        """Everything that a command goes by, without what differs from run to run: ids and moments."""
        statuses = {mark: key.status for mark, key in self.keys().items()}
        return _MOMENT.sub("", repr([self.stages(), statuses]))

    def stages(self) -> dict[str, list[list[str]]]:
        """What is written beside each version, oldest first, and what is announced, by cloud."""
        return {name: _stages_on[name](_secret(self, name)) for name in self.names}


def new_home(clouds: Clouds, names: tuple[str, ...], *, has_admin_key: bool = False) -> Home:
    """An environment with one key whose secrets are there and empty, and three keys at the vendor.

    Args:
        clouds: where.
        names: of the clouds that it is on.
        has_admin_key: it also has a key for the vendor's Admin API, with a value.
    """
    name = f"t{uuid.uuid4().hex[:8]}"
    clouds.homes += 1
    # The vendor's lists show three characters of the start and two of the end: both differ in every home.
    number = f"{clouds.homes:02}"
    values = {mark: "sk-ant-" + "api03-" + mark + number + mark * 88 + number + "AA" for mark in "onx"}
    for mark, value in values.items():
        clouds.vendor.create_key(f"{name}-{KEY}-key-{mark}", value=value)
    client = boto3.client(
        "secretsmanager",
        region_name=REGION,
        endpoint_url=clouds.moto_url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    keys = [KEY, ADMIN_KEY] if has_admin_key else [KEY]
    arns = {key: client.create_secret(Name=f"{name}/{key}-api-key")["ARN"] for key in keys}
    document = manifest_document(name, clouds.proxy.url(Door.AWS), arns)
    if has_admin_key:
        document["keys"][ADMIN_KEY] |= {"vendor": "anthropic-admin", "envVar": ADMIN_VARIABLE}
        document["keys"][ADMIN_KEY]["aws"]["jsonKey"] = ADMIN_VARIABLE
    document["vendorEndpoints"] = {"anthropic": clouds.proxy.url(Door.VENDOR)}
    if "gcp" in names:
        document = on_both_clouds(document, clouds.proxy.url(Door.GCP))
    if "aws" not in names:
        document = without_aws(document)
    directory = clouds.directory / name
    directory.mkdir()
    home = Home(clouds, names, Environment(name, document, directory, client), values)
    if "gcp" in names:
        make_secrets(clouds.google, home.environment)
    home.environment.save()
    if has_admin_key:
        value = "sk-ant-" + "admin01-" + "m" + number + "m" * 88 + number + "AA"
        clouds.vendor.create_key(f"{name}-admin", kind=Kind.ADMIN, value=value)
        done = home.run("put", ADMIN_KEY, given=value)
        if done.code != 0:
            raise AssertionError(str(done))
    return home


def _secret(home: Home, cloud: str) -> Any:
    if cloud == "gcp":
        return home.clouds.google.secret(home.environment.document["keys"][KEY]["gcp"]["name"])
    from moto.secretsmanager.models import secretsmanager_backends

    store = secretsmanager_backends[ACCOUNT][REGION].secrets
    return store[home.environment.document["keys"][KEY]["aws"]["name"]]


def _value(version: Mapping[str, Any]) -> str | None:
    content = json.loads(version["secret_string"])
    return None if "KEYPLAN_REVOKED" in content else "".join(content.values())


def _mark(value: str | None) -> str:
    """The letter that tells the test's values apart."""
    return value[20:21] if value else "nothing"


def _age_aws(secret: Any, span: timedelta) -> None:
    for version in secret.versions.values():
        version["createdate"] -= span.total_seconds()


def _age_gcp(secret: Any, span: timedelta) -> None:
    for version in secret.versions:
        version.created -= span


def _served_on_aws(secret: Any) -> str | None:
    current = [each for each in secret.versions.values() if "AWSCURRENT" in each["version_stages"]]
    return _value(current[0]) if current else None


def _served_on_gcp(secret: Any) -> str | None:
    number = secret.aliases.get("current")
    found = [each for each in secret.versions if each.number == number and each.state == "ENABLED"]
    return str((found[0].payload or b"").decode()) if found else None


def _readable_on_aws(secret: Any) -> set[str]:
    # One without any label is deprecated: AWS may delete it at any time.
    found = {_value(each) for each in secret.versions.values() if each["version_stages"]}
    return {value for value in found if value is not None}


def _readable_on_gcp(secret: Any) -> set[str]:
    return {each.payload.decode() for each in secret.versions if each.payload and each.state == "ENABLED"}


def _stages_on_aws(secret: Any) -> list[list[str]]:
    return [[_mark(_value(each)), *sorted(each["version_stages"])] for each in secret.versions.values()]


def _stages_on_gcp(secret: Any) -> list[list[str]]:
    announced = [[text] for name, text in secret.annotations.items() if name == "keyplan-next"]
    versions = [
        [
            _mark((each.payload or b"").decode()),
            each.state,
            *sorted(name for name, number in secret.aliases.items() if number == each.number),
            *sorted(text for name, text in secret.annotations.items() if name.endswith(f"-{each.number}")),
        ]
        for each in secret.versions
    ]
    return [*versions, *announced]


_served_on = {"aws": _served_on_aws, "gcp": _served_on_gcp}
_readable_on = {"aws": _readable_on_aws, "gcp": _readable_on_gcp}
_age_on = {"aws": _age_aws, "gcp": _age_gcp}
_stages_on = {"aws": _stages_on_aws, "gcp": _stages_on_gcp}
