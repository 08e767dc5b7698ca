"""A vendor for each test, as fixtures that a folder's conftest imports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.vendor_server import VendorServer, VendorWorld, serve


@pytest.fixture
def world() -> VendorWorld:
    """The vendor's organization."""
    return VendorWorld()


@pytest.fixture
def server(world: VendorWorld) -> Iterator[VendorServer]:
    """It, listening."""
    with serve(world) as listening:
        yield listening
