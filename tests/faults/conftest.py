"""Both clouds and the vendor behind a proxy that can spoil each request of a command."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.vendor_server import VendorWorld, serve
from tests.command_gcp.google import google_cloud
from tests.faults.answers import Door
from tests.faults.clouds import Clouds
from tests.faults.command_runs import Command
from tests.faults.proxy import FaultProxy
from tests.moto_classes import corrected_moto
from tests.moto_server import moto_server


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    """Everything that the commands of one test file talk to."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    directory: Path = tmp_path_factory.mktemp("faults")
    with corrected_moto(), moto_server() as moto_url, google_cloud() as google:
        world = VendorWorld()
        with serve(world) as vendor:
            proxy = FaultProxy({Door.AWS: moto_url, Door.GCP: google.url, Door.VENDOR: vendor.url})
            command = Command(directory, proxy)
            yield Clouds(moto_url, google, world, proxy, command, directory)
            command.close()
            proxy.close()
