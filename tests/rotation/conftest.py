"""Environments in one cloud or both, with a vendor that gives keys, and the real command to act on them."""

from __future__ import annotations

import io
import json
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import pytest

from keyplan import cli
from keyplan.secret_value import SecretValue
from sandbox.vendor_server import VendorServer, VendorWorld, serve
from tests.command.conftest import moto_url, new_environment
from tests.command.environments import Environment, manifest_document, on_both_clouds
from tests.command_gcp.google import Google, google_cloud, make_secrets, without_aws

__all__ = ["moto_url", "new_environment"]


@pytest.fixture
def world() -> VendorWorld:
    """The vendor's organization."""
    return VendorWorld()


@pytest.fixture
def server(world: VendorWorld) -> Iterator[VendorServer]:
    """It, listening."""
    with serve(world) as listening:
        yield listening


@pytest.fixture
def google() -> Iterator[Google]:
    """A Google Cloud of this test's own."""
    with google_cloud() as running:
        yield running


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Home:
    """An environment whose key `anthropic` is of a vendor that is there."""

    environment: Environment
    world: VendorWorld
    google: Google | None

    def new_key(self, name: str = "a-key") -> str:
        """A key that the vendor takes."""
        return self.world.create_key(name).value

    def run(self, verb: str, *more: str, given: str = "") -> Done:
        """Run `keyplan VERB anthropic …` in this process, which saves loading it anew."""
        argv = [verb, "anthropic", "--manifest", str(self.environment.manifest_file), *more]
        out, told = io.StringIO(), io.StringIO()
        before = sys.stdin
        sys.stdin = io.TextIOWrapper(io.BytesIO(given.encode()))
        try:
            with redirect_stdout(out), redirect_stderr(told):
                code = cli.run(argv)
        finally:
            sys.stdin = before
        return Done(code, out.getvalue(), told.getvalue())

    def put(self, value: str) -> None:
        assert self.run("put", given=value).returncode == 0

    def rotate(self, value: str = "", *more: str) -> Done:
        return self.run("rotate", *more, given=value)

    def deactivate(self, value: str) -> None:
        key = self.world.known(value)
        assert key is not None
        self.world.change(key.id, status="inactive")

    def served(self) -> list[str | None]:
        """What readers get: on AWS, on Google Cloud."""
        found: list[str | None] = []
        if "aws" in self.environment.document["clouds"]:
            try:
                found.append(self.environment.stored("anthropic")["ANTHROPIC_API_KEY"])
            except self.environment.secrets.exceptions.ResourceNotFoundException:
                found.append(None)
        if self.google is not None:
            secret = self.google.secret(f"{self.environment.name}-anthropic-api-key")
            number = secret.shown().get("versionAliases", {}).get("current")
            found.append(None if number is None else secret.versions[int(number) - 1].payload.decode())
        return found

    def history(self) -> dict[str, Any]:
        done = self.run("history", "--format", "json")
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def stages(self) -> list[dict[str, str]]:
        """In each store: stage -> fingerprint."""
        return [
            {each["stage"]: each["fingerprint"] for each in cloud["versions"] if each["stage"]}
            for cloud in self.history()["clouds"]
        ]


def mark(value: str) -> str:
    """A value's fingerprint."""
    return SecretValue(value).fingerprint()


def with_vendor(environment: Environment, server: VendorServer) -> None:
    """Let the manifest name the vendor."""
    environment.document["vendorEndpoints"] = {"anthropic": server.url}
    environment.save()


@pytest.fixture
def on_aws(new_environment: Callable[..., Environment], world: VendorWorld, server: VendorServer) -> Home:
    """On AWS alone, no value."""
    environment = new_environment("anthropic", "openrouter")
    with_vendor(environment, server)
    return Home(environment, world, None)


@pytest.fixture
def on_both(
    new_environment: Callable[..., Environment], google: Google, world: VendorWorld, server: VendorServer
) -> Home:
    """On both clouds, no value."""
    environment = new_environment("anthropic", "openrouter")
    environment.document = on_both_clouds(environment.document, google.url)
    make_secrets(google, environment)
    with_vendor(environment, server)
    return Home(environment, world, google)


@pytest.fixture
def on_google(google: Google, world: VendorWorld, server: VendorServer, tmp_path: Any) -> Home:
    """On Google Cloud alone, no value."""
    name = f"t{uuid.uuid4().hex[:8]}"
    arns = {
        key: f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}/{key}-api-key-AbCdEf"
        for key in ("anthropic", "openrouter")
    }
    document = on_both_clouds(manifest_document(name, "http://127.0.0.1:1", arns), google.url)
    environment = Environment(name, without_aws(document), tmp_path)
    make_secrets(google, environment)
    with_vendor(environment, server)
    return Home(environment, world, google)


@pytest.fixture(params=["aws", "gcp", "both"])
def home(request: pytest.FixtureRequest) -> Home:
    """Each of the three."""
    names = {"aws": "on_aws", "gcp": "on_google", "both": "on_both"}
    found: Home = request.getfixturevalue(names[request.param])
    return found
