"""Accounts in moto, with the sandbox's corrections, and the command beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

from tests.collecting.world import ENVIRONMENT, REGION, SECOND, Collector, Made, furnish
from tests.moto_classes import corrected_moto


@pytest.fixture(scope="module")
def made() -> Iterator[Made]:
    """Two accounts, for all tests of a module: none of them changes anything there."""
    with pytest.MonkeyPatch.context() as patch, corrected_moto(["aws_policies", "pending_deletion"]):
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        # They have these two regions: a client for each of moto's 40 takes longer than everything else.
        few = [region for region in RegionsAndZonesBackend.regions if region.name in (REGION, SECOND)]
        patch.setattr(RegionsAndZonesBackend, "regions", few)
        with mock_aws():
            yield furnish()


@pytest.fixture
def collector(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    found = Collector(tmp_path)
    with found.watching():
        yield found
