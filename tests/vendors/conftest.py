"""A vendor for each test."""

from tests.vendor_fixtures import server, world

__all__ = ["server", "world"]
