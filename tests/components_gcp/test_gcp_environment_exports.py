"""What an environment on Google Cloud exports, beside AWS or alone, and what it keeps when it changes."""

from __future__ import annotations

from dataclasses import replace

import pulumi
import pytest

from components.aws.environment import AwsSurroundings
from components.environment import Environment, EnvironmentArgs
from components.gcp.plans import ACCESSOR_ROLE
from components.gcp.replacement import ExistingSecret
from components.gcp.surroundings import GcpSurroundings
from keyplan.catalogue import Cloud
from keyplan.errors import KeyplanError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire_all
from tests.components.catalogues import ACCOUNT
from tests.components.recording import Recording, record
from tests.components_gcp.catalogues import (
    EVALS,
    EVERY_RUNTIME,
    HERE,
    NUMBER,
    POOL,
    WEB,
    gcp_catalogue,
    gcp_settings,
    key,
    many,
)
from tests.components_gcp.whole_environments import (
    BOTH,
    FULL,
    MEMBER,
    SECRET,
    build,
)


def test_the_manifest_is_complete_and_its_schema_accepts_it(full: Recording) -> None:
    manifest = Manifest.from_json(full.outputs["manifest"])
    assert manifest.aws is None
    place = manifest.on_gcp()
    assert (place.project_id, place.project_number, place.region) == ("example-prod", NUMBER, "europe-west1")
    assert place.operator_role == "projects/example-prod/roles/keyplan_prod_operator"
    assert place.auditor_role == "projects/example-prod/roles/keyplan_prod_auditor"
    assert {name: each.on_gcp().resource for name, each in manifest.keys.items()} == {
        "anthropic": "projects/example-prod/secrets/prod-anthropic-api-key",
        "openrouter": "projects/example-prod/secrets/shared-openrouter",
    }
    assert {name for name, each in manifest.consumers.items() if each.member is None} == {"research"}
    providers = {
        name: each.workload_identity_provider
        for name, each in manifest.consumers.items()
        if each.workload_identity_provider
    }
    assert providers == {
        name: f"{POOL}/providers/ci-{name}" for name in ("circle", "evals", "gitlab", "kite", "stack")
    }


def test_the_wiring_is_what_the_command_would_print(full: Recording) -> None:
    assert full.outputs["wiring"] == wire_all(Manifest.from_json(full.outputs["manifest"]))[0]


def test_a_preview_declares_the_same_resources(full: Recording) -> None:
    previewed = build(FULL, preview=True)
    assert {(each.kind, each.name) for each in previewed.resources} == {
        (each.kind, each.name) for each in full.resources
    }
    assert not isinstance(previewed.outputs.get("manifest"), dict), "nothing is known of it yet"


def test_both_clouds_stand_beside_each_other_in_one_manifest(both: Recording, full: Recording) -> None:
    manifest = Manifest.from_json(both.outputs["manifest"])
    assert manifest.aws is not None
    assert manifest.gcp is not None
    assert all(each.aws and each.gcp for each in manifest.keys.values())
    assert {each.cloud for each in manifest.consumers.values()} == {"aws", "gcp"}
    for consumer in manifest.consumers.values():
        assert (consumer.role_arn is None) or consumer.cloud == "aws"
        assert (consumer.member is None) or consumer.cloud == "gcp"
    on_google = {(each.kind, each.name) for each in both.resources if each.kind.startswith("gcp:")}
    assert on_google == {(each.kind, each.name) for each in full.resources if each.kind.startswith("gcp:")}


def test_a_reader_of_one_cloud_is_a_stranger_to_the_other(both: Recording) -> None:
    roles = {each.inputs["name"] for each in both.of("aws:iam/role:Role")}
    assert not {f"prod-{each.name}-reader" for each in EVERY_RUNTIME} & roles
    members = {each.inputs["member"] for each in both.of(MEMBER)}
    assert not {member for member in members if "arn:aws" in member}


def test_an_environment_on_aws_only_declares_nothing_of_google(both: Recording) -> None:
    aws_only = replace(
        BOTH,
        clouds=(Cloud.AWS,),
        gcp=None,
        consumers={name: each for name, each in BOTH.consumers.items() if each.cloud is Cloud.AWS},
    )

    def program() -> None:
        pulumi.export(
            "manifest", Environment("prod", EnvironmentArgs(aws_only, AwsSurroundings(ACCOUNT, {}))).manifest
        )

    alone = record(program)
    assert [each.name for each in alone.resources if each.kind.startswith(("gcp:", "keyplan:gcp:"))] == []
    beside = {
        (each.kind, each.name): each.inputs for each in both.resources if each.kind.startswith("aws:iam")
    }
    assert beside == {
        (each.kind, each.name): each.inputs for each in alone.resources if each.kind.startswith("aws:iam")
    }
    assert "gcp" not in alone.outputs["manifest"]["clouds"]


def test_resources_grow_by_the_same_number_for_every_key() -> None:
    consumers = [each for each in EVERY_RUNTIME if each.name in ("web", "evals", "pods")]
    settings = gcp_settings(operators=("group:ops@example.com",))
    counts = [len(build(many(count, consumers, gcp=settings)).resources) for count in (1, 11, 21)]
    # A component and a secret, a grant for each consumer, the operators' binding.
    assert counts[1] - counts[0] == counts[2] - counts[1] == 10 * (2 + 3 + 1)


def test_a_renamed_key_and_consumer_keep_what_they_have(full: Recording) -> None:
    renamed_key = key("claude", former_names=("anthropic",), secret_name="prod/anthropic-api-key")
    site = replace(WEB, name="site", former_names=("web",), keys=("claude",))
    before = build(gcp_catalogue([key()], [WEB]))
    after = build(gcp_catalogue([renamed_key], [site]))
    assert after.one(SECRET).inputs["secretId"] == before.one(SECRET).inputs["secretId"]
    (grant,) = [each for each in after.of(MEMBER) if each.inputs["role"] == ACCESSOR_ROLE]
    assert grant.inputs == before.of(MEMBER)[0].inputs
    assert grant.name.endswith("-anthropic"), "Pulumi knows the grant by the key's lasting name"
    aliases = {each.name: each.alias_names for each in after.resources if each.alias_names}
    assert aliases == {
        "prod-gcp-claude": ("prod-gcp-anthropic",),
        "prod-gcp-site-reader": ("prod-gcp-web-reader",),
    }


def test_a_changed_replication_is_refused_before_anything_is_declared() -> None:
    there = GcpSurroundings(
        HERE, {"prod-anthropic-api-key": ExistingSecret("prod-anthropic-api-key", ("europe-west1",))}
    )
    with pytest.raises(KeyplanError) as failure:
        build(gcp_catalogue(), surroundings=there)
    assert failure.value.message == (
        "1 secret of environment prod would be replicated automatically, and Google never changes the "
        "replication of a secret: it would be deleted at once with every value in it, and made anew without "
        "one\n  key anthropic: prod-anthropic-api-key is replicated in europe-west1 so far"
    )
    confirmed = replace(there, may_be_replaced=frozenset({"anthropic"}))
    assert build(gcp_catalogue(), surroundings=confirmed).one(SECRET)


def test_unchanged_replication_is_no_replacement() -> None:
    places = ("europe-west3", "europe-west1")
    there = GcpSurroundings(
        HERE, {"prod-anthropic-api-key": ExistingSecret("prod-anthropic-api-key", tuple(sorted(places)))}
    )
    assert build(gcp_catalogue(gcp=gcp_settings(replication=places)), surroundings=there).one(SECRET)


def test_two_runners_of_one_repository_are_two_readers() -> None:
    twin = replace(EVALS, name="evals-two", keys=("openrouter",))
    found = build(gcp_catalogue([key(), key("openrouter")], [EVALS, twin]))
    granted = {each.inputs["secretId"]: each.inputs["member"] for each in found.of(MEMBER)}
    assert granted == {
        "prod-anthropic-api-key": f"principalSet://iam.googleapis.com/{POOL}/attribute.evals/123456",
        "prod-openrouter-api-key": f"principalSet://iam.googleapis.com/{POOL}/attribute.evals_two/123456",
    }
