"""Environments with a vendor that gives and ends keys, and the real command."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from keyplan import cli
from keyplan.manifest import Manifest
from sandbox.vendor_server import Kind, VendorKey, VendorServer, VendorWorld
from tests.command.conftest import fake_aws, moto_url, new_environment
from tests.command.environments import ACCOUNT, REGION, Environment, manifest_document, on_both_clouds
from tests.command_gcp.google import Google, make_secrets
from tests.rotation.conftest import google, server, with_vendor, world

__all__ = ["fake_aws", "google", "moto_url", "new_environment", "server", "world"]


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Life:
    """An environment whose key `anthropic` is of a vendor that is there, and commands that act on it."""

    environment: Environment
    world: VendorWorld
    google: Google | None

    def new_key(self, name: str = "a-key") -> str:
        """A key that the vendor takes."""
        return self.world.create_key(name).value

    def put(self, value: str, key: str = "anthropic") -> None:
        done = self.run("put", key, given=value)
        assert done.returncode == 0, done.stderr

    def rotate(self, value: str) -> Done:
        return self.run("rotate", "anthropic", given=value)

    def deactivate(self, value: str) -> None:
        self.world.change(self.key_of(value).id, status="inactive")

    def served(self) -> list[str | None]:
        """What readers get: on AWS, on Google Cloud. None: what stands in a value's place, or nothing."""
        found: list[str | None] = [self.environment.stored("anthropic").get("ANTHROPIC_API_KEY")]
        if self.google is not None:
            secret = self.google.secret(f"{self.environment.name}-anthropic-api-key")
            number = secret.shown().get("versionAliases", {}).get("current")
            found.append(None if number is None else secret.versions[int(number) - 1].payload.decode())
        return found

    def history(self) -> Any:
        return self.json("history", "anthropic")

    def stages(self) -> list[dict[str, str]]:
        """In each store: stage -> fingerprint."""
        return [
            {each["stage"]: each["fingerprint"] for each in cloud["versions"] if each["stage"]}
            for cloud in self.history()["clouds"]
        ]

    def key_of(self, value: str) -> VendorKey:
        """A value's entry in the vendor's list."""
        found = self.world.known(value)
        assert found is not None
        return found

    def is_alive(self, value: str) -> bool:
        """Whether the vendor still takes it."""
        return self.world.is_alive(self.key_of(value))

    def run(self, verb: str, *more: str, given: str = "") -> Done:
        """Run `keyplan VERB …` in the environment's folder; in this process, which saves loading it anew."""
        argv = [verb, "--manifest", str(self.environment.manifest_file), *more]
        out, told = io.StringIO(), io.StringIO()
        before = sys.stdin
        sys.stdin = io.TextIOWrapper(io.BytesIO(given.encode()))
        try:
            with (
                contextlib.chdir(self.environment.directory),
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(told),
            ):
                code = cli.run(argv)
        finally:
            sys.stdin = before
        return Done(code, out.getvalue(), told.getvalue())

    def json(self, *arguments: str, exit_code: int = 0) -> Any:
        """What a command prints for machines."""
        done = self.run(*arguments, "--format", "json")
        assert done.returncode == exit_code, done.stderr + done.stdout
        return json.loads(done.stdout)

    def rotated(self) -> tuple[str, str]:
        """The key after one rotation: the old value and the new one."""
        old, new = self.new_key("old"), self.new_key("new")
        self.put(old)
        done = self.rotate(new)
        assert done.returncode == 0, done.stderr
        return old, new

    def states(self) -> dict[str, str]:
        """What `status` says of the key in each cloud."""
        (entry,) = [row for row in self.json("status")["keys"] if row["key"] == "anthropic"]
        return {each["cloud"]: each["state"] for each in entry.get("clouds", [{"cloud": "aws", **entry}])}

    def no_grace(self) -> None:
        """Let the grace be over in an hour, the shortest that a catalogue takes, and in these tests past."""
        self.environment.document["keys"]["anthropic"]["grace"] = "1h"
        self.environment.save()


def _with_admin(environment: Environment, world: VendorWorld) -> str:
    """Make the third key an admin key, with a value."""
    key = environment.document["keys"]["admin"]
    variable = "ANTHROPIC_ADMIN_API_KEY"
    key |= {"vendor": "anthropic-admin", "envVar": variable, "aws": {**key["aws"], "jsonKey": variable}}
    environment.save()
    value = world.create_key("admin", kind=Kind.ADMIN, workspace=None).value
    done = environment.run("put", "admin", given=value)
    assert done.returncode == 0, done.stderr
    return value


@pytest.fixture
def plain(new_environment: Callable[..., Environment], world: VendorWorld, server: VendorServer) -> Life:
    """On AWS, without an admin key."""
    environment = new_environment("anthropic", "openrouter")
    with_vendor(environment, server)
    return Life(environment, world, None)


@pytest.fixture
def on_aws(new_environment: Callable[..., Environment], world: VendorWorld, server: VendorServer) -> Life:
    """On AWS, with an admin key."""
    environment = new_environment("anthropic", "openrouter", "admin")
    with_vendor(environment, server)
    _with_admin(environment, world)
    return Life(environment, world, None)


@pytest.fixture
def on_both(
    new_environment: Callable[..., Environment], google: Google, world: VendorWorld, server: VendorServer
) -> Life:
    """On both clouds, with an admin key."""
    environment = new_environment("anthropic", "openrouter", "admin")
    environment.document = on_both_clouds(environment.document, google.url)
    make_secrets(google, environment)
    with_vendor(environment, server)
    _with_admin(environment, world)
    return Life(environment, world, google)


@pytest.fixture(params=["on_aws", "on_both"])
def life(request: pytest.FixtureRequest) -> Life:
    """On AWS, and on both clouds; with an admin key."""
    found: Life = request.getfixturevalue(request.param)
    return found


NOW = datetime(2026, 11, 21, 18, 15, tzinfo=UTC)


def manifest_with(consumers: dict[str, dict[str, Any]], *, sandbox: bool = False) -> Manifest:
    """A manifest on both clouds, whose consumers all read `anthropic`; at the clouds or in a sandbox."""
    arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/anthropic-api-key-AbCdEf"
    document = on_both_clouds(
        manifest_document("prod", "http://127.0.0.1:5000", {"anthropic": arn}), "http://127.0.0.1:5001"
    )
    if not sandbox:
        document["clouds"]["aws"]["endpoints"] = {}
        document["clouds"]["gcp"]["endpoints"] = {}
    document["consumers"] = {
        name: {"keys": ["anthropic"], "env": {}, "policyArns": [], "settings": {}, **consumer}
        for name, consumer in consumers.items()
    }
    return Manifest.from_json(document)
