"""A vendor that serves one test, and somebody who asks it over HTTP."""

from __future__ import annotations

import pytest

from sandbox.vendor_server import CreatedKey, Kind, VendorWorld
from tests.vendor_fixtures import server, world

__all__ = ["server", "world"]


@pytest.fixture
def key(world: VendorWorld) -> CreatedKey:
    return world.create_key("prod-chat-api-key-20261121")


@pytest.fixture
def admin(world: VendorWorld) -> CreatedKey:
    return world.create_key("platform", kind=Kind.ADMIN)
