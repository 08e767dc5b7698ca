"""The catalogue that the growth benchmark generates is one that keyplan accepts."""

from __future__ import annotations

import pytest

from benchmarks.program_growth import CONSUMERS_PER_KEY, catalogue
from keyplan.checks.config import catalogue_from_config


def test_every_key_has_five_consumers_of_its_own() -> None:
    config = catalogue(3)

    read = catalogue_from_config(lambda name: config.get(f"keyplan:{name}"), "sandbox", config["aws:region"])

    assert sorted(read.keys) == ["key-000", "key-001", "key-002"]
    readers = [consumer.keys for consumer in read.consumers.values()]
    assert len(readers) == 3 * CONSUMERS_PER_KEY
    assert {key: sum(key in keys for keys in readers) for key in read.keys} == dict.fromkeys(
        read.keys, CONSUMERS_PER_KEY
    )


@pytest.mark.parametrize("clouds", [["gcp"], ["aws", "gcp"]])
def test_every_key_has_five_consumers_in_each_cloud(clouds: list[str]) -> None:
    config = catalogue(2, clouds)
    places = {name: text for name, text in config.items() if name.startswith("gcp:")}
    read = catalogue_from_config(
        lambda name: config.get(f"keyplan:{name}"), "sandbox", config["aws:region"], gcp=places
    )
    found = [(consumer.cloud.value, *consumer.keys) for consumer in read.consumers.values()]
    assert {each: found.count(each) for each in found} == {
        (cloud, key): CONSUMERS_PER_KEY for cloud in clouds for key in ("key-000", "key-001")
    }
