"""A whole environment on Google Cloud: what it declares, who may do what, and what it exports."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import replace

import pulumi
import pytest

from components.aws.environment import AwsSurroundings
from components.environment import Environment, EnvironmentArgs
from components.gcp.labels import URL_ANNOTATION
from components.gcp.plans import ACCESSOR_ROLE
from components.gcp.replacement import ExistingSecret
from components.gcp.surroundings import GcpSurroundings
from keyplan.catalogue import Catalogue, Cloud, ServiceAccountSettings
from keyplan.errors import KeyplanError
from keyplan.manifest import Manifest
from keyplan.stores import gcp_annotations
from keyplan.wiring import wire_all
from tests.components.catalogues import ACCOUNT, EVERY_VENDOR, ROLE
from tests.components.catalogues import EVERY_RUNTIME as ON_AWS
from tests.components.recording import Recording, record
from tests.components_gcp.catalogues import (
    EVALS,
    EVERY_RUNTIME,
    EXISTING_ACCOUNT,
    HERE,
    NUMBER,
    POOL,
    WEB,
    gcp_catalogue,
    gcp_settings,
    key,
    many,
)

SECRET = "gcp:secretmanager/secret:Secret"
MEMBER = "gcp:secretmanager/secretIamMember:SecretIamMember"
BINDING = "gcp:secretmanager/secretIamBinding:SecretIamBinding"
PROJECT_MEMBER = "gcp:projects/iAMMember:IAMMember"
CUSTOM_ROLE = "gcp:projects/iAMCustomRole:IAMCustomRole"
PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
POOL_KIND = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool"
ACCOUNT_KIND = "gcp:serviceaccount/account:Account"
AUDIT_CONFIG = "gcp:projects/iAMAuditConfig:IAMAuditConfig"


def build(
    environment: Catalogue, preview: bool = False, surroundings: GcpSurroundings | None = None
) -> Recording:
    def program() -> None:
        aws = AwsSurroundings(ACCOUNT, {}) if Cloud.AWS in environment.clouds else None
        args = EnvironmentArgs(environment, aws, surroundings or GcpSurroundings(HERE))
        built = Environment("prod", args)
        pulumi.export("manifest", built.manifest)
        pulumi.export("wiring", built.wiring)

    return record(program, preview=preview)


FULL = gcp_catalogue(
    [
        key(lockdown=True),
        key("openrouter", vendor="generic", env_var="OPENROUTER_API_KEY", secret_name="shared/openrouter"),
    ],
    EVERY_RUNTIME,
    gcp=gcp_settings(operators=("group:ops@example.com",), auditors=("user:audit@example.com",)),
)
BOTH = replace(
    FULL,
    clouds=(Cloud.AWS, Cloud.GCP),
    consumers={
        **{each.name: each for each in ON_AWS if each.name not in FULL.consumers},
        **FULL.consumers,
    },
    break_glass_role=ROLE + "emergency",
)


@pytest.fixture(scope="module")
def full() -> Recording:
    """An environment with a consumer of every runtime."""
    return build(FULL)


@pytest.fixture(scope="module")
def both() -> Recording:
    """The same beside AWS."""
    return build(BOTH)


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


def test_every_reader_reads_its_own_keys_as_itself(full: Recording) -> None:
    granted = {
        (each.inputs["secretId"], each.inputs["member"])
        for each in full.of(MEMBER)
        if each.inputs["role"] == ACCESSOR_ROLE
    }
    host = "iam.googleapis.com"
    gke = f"principal://{host}/projects/{{}}/locations/global/workloadIdentityPools/{{}}.svc.id.goog"
    accounts = "@example-prod.iam.gserviceaccount.com"
    members = {
        f"serviceAccount:prod-web-reader{accounts}",
        f"serviceAccount:{EXISTING_ACCOUNT}",
        f"serviceAccount:prod-vm-reader{accounts}",
        f"serviceAccount:prod-images-reader{accounts}",
        gke.format(NUMBER, "example-prod") + "/subject/ns/web/sa/chat",
        gke.format("555555555555", "example-clusters") + "/subject/ns/web/sa/chat",
        "group:ml@example.com",
        "user:a@example.com",
        f"principalSet://{host}/{POOL}/attribute.evals/123456",
        f"principalSet://{host}/{POOL}/attribute.gitlab/4242",
        f"principalSet://{host}/{POOL}/attribute.circle/99999999-2222-4333-8444-555555555555",
        f"principalSet://{host}/{POOL}/attribute.kite/example/evals",
        f"principalSet://{host}/{POOL}/attribute.stack/example/evals/prod",
    }
    assert granted == {("prod-anthropic-api-key", member) for member in members}
    assert ACCESSOR_ROLE == "roles/secretmanager.secretAccessor"


def test_an_account_is_made_only_where_none_exists(full: Recording) -> None:
    made = {each.inputs["accountId"] for each in full.of(ACCOUNT_KIND)}
    assert {name for name in made if name.endswith("-reader")} == {
        "prod-web-reader",
        "prod-vm-reader",
        "prod-images-reader",
    }


def test_nothing_that_reads_values_is_granted_on_the_project(full: Recording, both: Recording) -> None:
    for found in (full, both):
        roles = {each.inputs["role"] for each in found.of(PROJECT_MEMBER)}
        assert roles == {
            "projects/example-prod/roles/keyplan_prod_auditor",
            "projects/example-prod/roles/keyplan_prod_reminder",
            "roles/artifactregistry.writer",
            "roles/logging.logWriter",
            "roles/storage.objectViewer",
        }
        unconditional = {
            each.inputs["role"] for each in found.of(PROJECT_MEMBER) if "condition" not in each.inputs
        }
        assert unconditional == roles - {
            "projects/example-prod/roles/keyplan_prod_reminder",
            "roles/storage.objectViewer",
        }


def test_no_role_of_keyplans_gives_a_value_out_or_changes_who_may(full: Recording) -> None:
    roles = {each.inputs["roleId"]: set(each.inputs["permissions"]) for each in full.of(CUSTOM_ROLE)}
    assert set(roles) == {"keyplan_prod_operator", "keyplan_prod_auditor", "keyplan_prod_reminder"}
    for permissions in roles.values():
        assert [each for each in permissions if each.endswith((".access", ".setIamPolicy"))] == []
    changes = {each for each in roles["keyplan_prod_operator"] if not each.endswith((".get", ".list"))}
    assert changes == {
        "secretmanager.secrets.update",
        "secretmanager.versions.add",
        "secretmanager.versions.disable",
        "secretmanager.versions.enable",
    }
    for reading in ("keyplan_prod_auditor", "keyplan_prod_reminder"):
        assert {each.rpartition(".")[2] for each in roles[reading]} <= {"get", "list", "getIamPolicy"}
    assert roles["keyplan_prod_reminder"] == {"secretmanager.secrets.get", "secretmanager.versions.get"}


def test_operators_are_bound_to_each_secret_and_auditors_to_the_project(full: Recording) -> None:
    bound = {
        each.inputs["secretId"]: (each.inputs["role"], each.inputs["members"])
        for each in full.of(BINDING)
        if each.inputs["role"] != ACCESSOR_ROLE
    }
    role = "projects/example-prod/roles/keyplan_prod_operator"
    assert bound == {
        "prod-anthropic-api-key": (role, ["group:ops@example.com"]),
        "shared-openrouter": (role, ["group:ops@example.com"]),
    }
    auditors = [each for each in full.of(PROJECT_MEMBER) if each.inputs["role"].endswith("_auditor")]
    assert [each.inputs["member"] for each in auditors] == ["user:audit@example.com"]


def test_lockdown_lists_exactly_the_readers_and_outlives_its_end(full: Recording) -> None:
    (lockdown,) = [each for each in full.of(BINDING) if each.inputs["role"] == ACCESSOR_ROLE]
    grants = [each for each in full.of(MEMBER) if each.inputs["role"] == ACCESSOR_ROLE]
    members = sorted(each.inputs["member"] for each in grants)
    assert lockdown.inputs["secretId"] == "prod-anthropic-api-key"
    assert lockdown.inputs["members"] == members
    # Its deletion would take the role from every reader at once.
    assert lockdown.retain_on_delete
    assert {each.name for each in grants} <= set(lockdown.depends_on)


def test_every_provider_has_a_condition_and_the_pool_of_the_environment(full: Recording) -> None:
    assert full.one(POOL_KIND).inputs["workloadIdentityPoolId"] == "keyplan-prod"
    providers = full.of(PROVIDER)
    assert {each.inputs["workloadIdentityPoolProviderId"] for each in providers} == {
        "ci-evals",
        "ci-gitlab",
        "ci-circle",
        "ci-kite",
        "ci-stack",
    }
    for each in providers:
        assert each.inputs["attributeCondition"]
        assert each.inputs["workloadIdentityPoolId"] == "keyplan-prod"
        assert len(each.inputs["displayName"]) <= 32
    attributes = [set(each.inputs["attributeMapping"]) - {"google.subject"} for each in providers]
    assert len(set.union(*attributes)) == len(providers), "a token of one runner would be another's"


def test_an_environment_without_runners_has_no_pool() -> None:
    found = build(gcp_catalogue(consumers=[WEB]))
    assert found.of(POOL_KIND) == []
    assert found.of(PROVIDER) == []


def test_reads_are_logged_unless_the_catalogue_says_no(full: Recording) -> None:
    switched_on = full.one(AUDIT_CONFIG)
    assert switched_on.inputs == {
        "project": "example-prod",
        "service": "secretmanager.googleapis.com",
        "auditLogConfigs": [{"logType": "DATA_READ"}],
    }
    assert switched_on.retain_on_delete, "other environments of the project need it still"
    assert build(gcp_catalogue(gcp=gcp_settings(data_access_logs=False))).of(AUDIT_CONFIG) == []


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
