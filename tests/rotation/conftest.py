"""Environments in one cloud or both, with a vendor that gives keys, and the real command to act on them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.vendor_server import VendorServer, VendorWorld
from tests.command.conftest import moto_url, new_environment
from tests.command.environments import Environment
from tests.command_gcp.conftest import google
from tests.command_gcp.conftest import on_both as environment_on_both
from tests.command_gcp.conftest import on_google as environment_on_google
from tests.command_gcp.google import Google
from tests.home import Home, with_vendor
from tests.vendor_fixtures import server, world

__all__ = [
    "environment_on_both",
    "environment_on_google",
    "google",
    "moto_url",
    "new_environment",
    "server",
    "world",
]


@pytest.fixture
def on_aws(new_environment: Callable[..., Environment], world: VendorWorld, server: VendorServer) -> Home:
    """On AWS alone, no value."""
    environment = new_environment("anthropic", "openrouter")
    with_vendor(environment, server)
    return Home(environment, world, None)


@pytest.fixture
def on_both(
    environment_on_both: Environment, google: Google, world: VendorWorld, server: VendorServer
) -> Home:
    """On both clouds, no value."""
    with_vendor(environment_on_both, server)
    return Home(environment_on_both, world, google)


@pytest.fixture
def on_google(
    environment_on_google: Environment, google: Google, world: VendorWorld, server: VendorServer
) -> Home:
    """On Google Cloud alone, no value."""
    with_vendor(environment_on_google, server)
    return Home(environment_on_google, world, google)


@pytest.fixture(params=["aws", "gcp", "both"])
def home(request: pytest.FixtureRequest) -> Home:
    """Each of the three."""
    names = {"aws": "on_aws", "gcp": "on_google", "both": "on_both"}
    found: Home = request.getfixturevalue(names[request.param])
    return found
