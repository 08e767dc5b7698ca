"""A vendor that serves one test, and somebody who asks it over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.vendor_server import CreatedKey, Kind, VendorServer, VendorWorld, serve


@pytest.fixture
def world() -> VendorWorld:
    return VendorWorld()


@pytest.fixture
def server(world: VendorWorld) -> Iterator[VendorServer]:
    with serve(world) as running:
        yield running


@pytest.fixture
def key(world: VendorWorld) -> CreatedKey:
    return world.create_key("prod-chat-api-key-20261121")


@pytest.fixture
def admin(world: VendorWorld) -> CreatedKey:
    return world.create_key("platform", kind=Kind.ADMIN)
