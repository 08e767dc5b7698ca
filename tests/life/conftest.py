"""Environments with a vendor that gives and ends keys, and the real command."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from keyplan.manifest.model import Manifest
from sandbox.vendor_server import Kind, VendorServer, VendorWorld
from tests.command.conftest import fake_aws, moto_url, new_environment
from tests.command.environments import ACCOUNT, REGION, Environment, manifest_document, on_both_clouds
from tests.command_gcp.conftest import google
from tests.command_gcp.google import Google, make_secrets
from tests.home import Home, with_vendor
from tests.vendor_fixtures import server, world

__all__ = ["fake_aws", "google", "moto_url", "new_environment", "server", "world"]


class Life(Home):
    """An environment from whose key a whole life is led."""

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
