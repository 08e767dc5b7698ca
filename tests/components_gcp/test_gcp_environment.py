"""What a whole environment on Google Cloud declares."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import replace

from components.gcp.labels import URL_ANNOTATION
from keyplan.catalogue import ServiceAccountSettings
from keyplan.manifest.model import Manifest
from keyplan.stores import gcp_annotations
from tests.components.catalogues import EVERY_VENDOR
from tests.components.recording import Recording
from tests.components_gcp.catalogues import (
    WEB,
    gcp_catalogue,
    gcp_settings,
)
from tests.components_gcp.whole_environments import (
    SECRET,
    build,
)


def test_no_resource_ever_holds_a_value(full: Recording) -> None:
    kinds = {each.kind for each in full.resources}
    assert {kind for kind in kinds if "version" in kind.lower()} == set()
    fields = {name.lower() for each in full.resources for name in each.inputs}
    assert {name for name in fields if "secretdata" in name or "payload" in name} == set()


def test_a_secret_says_what_it_is_for_and_nothing_of_the_value(full: Recording) -> None:
    first = full.of(SECRET)[0]
    assert first.inputs == {
        "project": "example-prod",
        "secretId": "prod-anthropic-api-key",
        "replication": {"auto": {}},
        "labels": {"environment": "prod", "managed-by": "keyplan", "vendor": "anthropic"},
        "annotations": {
            "owner": "ml@example.com",
            "env-var": "ANTHROPIC_API_KEY",
            "rotate-every": "90d",
            "remind-before": "14d",
            "grace": "7d",
        },
        "versionDestroyTtl": "2592000s",
    }
    assert first.ignore_changes == ("versionAliases",)


def test_a_secret_names_the_address_that_its_value_goes_to() -> None:
    """What the store itself says is the measure of what a manifest says, which anybody may edit."""
    gateway = replace(WEB, keys=("llm-gateway",), settings=ServiceAccountSettings(None, "web"))
    found = build(gcp_catalogue(EVERY_VENDOR, [gateway]))
    annotations = {each.inputs["secretId"]: each.inputs["annotations"] for each in found.of(SECRET)}
    assert {name: each.get("keyplan-url") for name, each in annotations.items()} == {
        "prod-anthropic-api-key": None,
        "prod-anthropic-admin-api-key": None,
        "prod-llm-gateway-api-key": "https://llm.example.com/anthropic",
        "prod-openrouter-api-key": "https://openrouter.ai/api/v1/key",
    }
    assert gcp_annotations.BOUND_URL == URL_ANNOTATION, "what is written is what is read"
    web = Manifest.from_json(found.outputs["manifest"]).consumers["web"]
    assert web.env == {"ANTHROPIC_BASE_URL": "https://llm.example.com/anthropic"}
    assert web.settings == {"serviceName": "web"}


def test_values_can_be_kept_in_named_places_under_ones_own_keys() -> None:
    ring = "projects/p/locations/{}/keyRings/r/cryptoKeys/k"
    keys = (ring.format("europe-west3"), ring.format("europe-west1"))
    settings = gcp_settings(replication=("europe-west3", "europe-west1"), kms_keys=keys)
    placed = build(gcp_catalogue(gcp=settings)).one(SECRET).inputs["replication"]
    assert placed == {
        "userManaged": {
            "replicas": [
                {"location": "europe-west1", "customerManagedEncryption": {"kmsKeyName": keys[1]}},
                {"location": "europe-west3", "customerManagedEncryption": {"kmsKeyName": keys[0]}},
            ]
        }
    }
    everywhere = gcp_settings(kms_keys=(ring.format("global"),))
    assert build(gcp_catalogue(gcp=everywhere)).one(SECRET).inputs["replication"] == {
        "auto": {"customerManagedEncryption": {"kmsKeyName": ring.format("global")}}
    }


def test_another_order_of_locations_is_no_change() -> None:
    found = [
        build(gcp_catalogue(gcp=gcp_settings(replication=places))).one(SECRET).inputs
        for places in (("europe-west1", "europe-west3"), ("europe-west3", "europe-west1"))
    ]
    assert found[0] == found[1]


def test_whatever_takes_labels_says_whose_it_is(full: Recording) -> None:
    bare = []
    for each in full.resources:
        field = labels_field(each.kind)
        if field and not {"environment", "managed-by"} <= set(each.inputs.get(field) or {}):
            bare.append(each.name)
    assert bare == []


def labels_field(kind: str) -> str | None:
    """The argument that holds the labels of a type; a channel's `labels` are its address."""
    if not kind.startswith("gcp:"):
        return None
    module, _, name = kind.removeprefix("gcp:").partition(":")
    package = importlib.import_module(f"pulumi_gcp.{module.partition('/')[0]}")
    arguments = inspect.signature(getattr(package, name)._internal_init).parameters
    if "user_labels" in arguments:
        return "userLabels"
    return "labels" if "labels" in arguments else None


def test_only_what_would_lose_values_is_protected(full: Recording) -> None:
    assert {each.kind for each in full.resources if each.protect} == {SECRET}
    assert all(each.protect for each in full.of(SECRET))
    unprotected = build(gcp_catalogue(protect=False))
    assert [each.name for each in unprotected.resources if each.protect] == []


def test_every_resource_is_inside_the_environment(full: Recording) -> None:
    components = {each.name for each in full.resources if each.kind.startswith("keyplan:")}
    assert [each.name for each in full.resources if each.parent not in components] == ["prod"]
    assert components <= full.component_outputs
