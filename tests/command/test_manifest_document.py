"""What a manifest may hold, and how it is read."""

from __future__ import annotations

from typing import Any

import pytest

from keyplan import catalogue, vendors
from keyplan.catalogue import Runtime
from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.checking import check, parse
from keyplan.manifest.model import Manifest
from keyplan.manifest.rules import (
    AWS_RUNTIMES,
    CLOUDS,
    GCP_RUNTIMES,
    KEYLESS_ROUTES,
    ROUTES,
    RUNTIMES,
)
from keyplan.manifest.vendor_rules import VENDORS as MANIFEST_VENDORS
from keyplan.routes import KEYLESS, Route
from tests.command.manifest_documents import BOTH, GCP_ONLY, RIGHT, VENDORS, changed


def test_the_vendors_that_a_manifest_knows_are_those_that_there_are() -> None:
    assert set(MANIFEST_VENDORS) == set(vendors.VENDORS)


def test_one_error_has_all_mistakes_and_what_to_do() -> None:
    with pytest.raises(ManifestError) as caught:
        Manifest.from_json(changed(lambda document: document.update(ownr="x", keyz={})))
    assert caught.value.message == (
        "the document has 2 mistakes:\n"
        "  ownr: there is no such field; did you mean owner\n"
        "  keyz: there is no such field; did you mean keys"
    )
    assert caught.value.hint == "run `make sandbox` or `pulumi up` again: they write a manifest that is right"


def test_what_is_read_is_what_was_written() -> None:
    document = changed(lambda document: document["keys"]["anthropic"].update(format="sk-[a-z]+"))
    document["consumers"]["evals"].pop("roleArn")
    assert Manifest.from_json(document).to_json() == document


@pytest.mark.parametrize("document", [RIGHT, BOTH, GCP_ONLY, VENDORS], ids=["aws", "both", "gcp", "vendors"])
def test_what_is_read_from_each_cloud_is_what_was_written(document: dict[str, Any]) -> None:
    manifest = Manifest.from_json(document)
    written = manifest.to_json()
    assert written == document
    assert Manifest.from_json(written) == manifest


def test_a_consumer_without_a_cloud_reads_from_aws() -> None:
    consumers = Manifest.from_json(BOTH).consumers
    assert {name: consumer.cloud for name, consumer in consumers.items()} == {
        "chat-api": "aws",
        "crawler": "gcp",
        "evals": "aws",
        "nightly": "gcp",
        "research": "gcp",
    }


def test_what_is_asked_of_a_cloud_that_is_not_there_is_said_in_words() -> None:
    aws, gcp = Manifest.from_json(RIGHT), Manifest.from_json(GCP_ONLY)
    for ask, words in (
        (gcp.on_aws, "environment dev is not on AWS"),
        (aws.on_gcp, "environment dev is not on Google Cloud"),
        (gcp.keys["anthropic"].on_aws, "the key anthropic is not stored on AWS"),
        (aws.keys["anthropic"].on_gcp, "the key anthropic is not stored on Google Cloud"),
    ):
        with pytest.raises(UsageError, match=words):
            ask()


@pytest.mark.parametrize(
    ("text", "words"),
    {
        "a colon too few": (
            '{\n  "format" "x"\n}',
            "m.json, line 2 column 12: it is not valid JSON (expecting ':' delimiter)",
        ),
        "a tab inside a text": (
            '{"format": "\t"}',
            "m.json, line 1 column 13: it is not valid JSON (invalid control character)",
        ),
        "an end too early": ('{"format": ', "m.json, line 1 column 12: it is not valid JSON"),
        "a field twice": (
            '{"format": "x", "format": "y"}',
            "m.json: the field format is there twice in one object",
        ),
        "not a number": ('{"format": NaN}', "m.json: NaN and Infinity are not JSON"),
        "nested without end": ("[" * 100_000, "m.json: it is nested too deeply"),
    }.values(),
)
def test_text_that_is_not_json_is_told_with_its_place(text: str, words: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse(text, "m.json")
    assert words in caught.value.message


@pytest.mark.parametrize("document", [None, [], "text", 3, {}, {"format": 1}, {"format": "other/1"}])
def test_something_else_than_a_manifest_is_told_as_that(document: object) -> None:
    with pytest.raises(ManifestError, match="the document is not a manifest"):
        check(document)


@pytest.mark.parametrize("version", ["2", "10", "9" * 40])
def test_a_newer_manifest_says_which_keyplan_it_needs(version: str) -> None:
    with pytest.raises(ManifestError) as caught:
        check({"format": f"keyplan-manifest/{version}"})
    assert f"it needs a keyplan that reads keyplan-manifest/{version[:9]}" in caught.value.message
    assert caught.value.hint == "pip install --upgrade keyplan"


def test_the_runtimes_and_their_clouds_are_the_catalogues() -> None:
    assert set(RUNTIMES) == {runtime.value for runtime in Runtime}
    assert tuple(route.value for route in Route) == ROUTES
    assert set(KEYLESS_ROUTES) == {route.value for route in KEYLESS}
    assert set(AWS_RUNTIMES) == catalogue.AWS_RUNTIMES
    assert set(GCP_RUNTIMES) == catalogue.GCP_RUNTIMES
    assert tuple(catalogue.Cloud) == CLOUDS
