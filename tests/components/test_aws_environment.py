"""A whole environment: what it declares, what is tagged and protected, and what it exports."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.aws.ci.issuers import FoundProvider
from components.aws.environment import AwsSurroundings
from components.aws.tags import URL_TAG
from components.environment import Environment, EnvironmentArgs
from keyplan.catalogue import Catalogue, EcsSettings, PeopleSettings, ReadAt, RoleSettings, Runtime
from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest
from keyplan.stores import aws_versions
from keyplan.vendors import VENDORS
from keyplan.wiring import wire_all
from tests.components.catalogues import (
    ACCOUNT,
    EVERY_RUNTIME,
    EVERY_VENDOR,
    ROLE,
    catalogue,
    consumer,
    key,
    many,
)
from tests.components.recording import Recording, record

SECRET = "aws:secretsmanager/secret:Secret"
SECRET_POLICY = "aws:secretsmanager/secretPolicy:SecretPolicy"
KMS_KEY = "aws:kms/key:Key"
OIDC_PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"


def build(
    environment: Catalogue, providers: dict[str, FoundProvider | None] | None = None, preview: bool = False
) -> Recording:
    def program() -> None:
        built = Environment("prod", EnvironmentArgs(environment, AwsSurroundings(ACCOUNT, providers or {})))
        pulumi.export("manifest", built.manifest)
        pulumi.export("wiring", built.wiring)

    return record(program, preview=preview)


FULL = catalogue(
    [
        key(lockdown=True, replicas=("eu-central-1",)),
        key("openrouter", vendor="generic", env_var="OPENROUTER_API_KEY"),
    ],
    EVERY_RUNTIME,
    break_glass_role=ROLE + "emergency",
    operators=(ROLE + "ops",),
)


@pytest.fixture(scope="module")
def full() -> Recording:
    """An environment with a consumer of every runtime."""
    return build(FULL)


def test_no_resource_ever_holds_a_value(full: Recording) -> None:
    kinds = {each.kind for each in full.resources}
    assert {kind for kind in kinds if "version" in kind.lower()} == set()
    fields = {name.lower() for each in full.resources for name in each.inputs}
    assert {name for name in fields if "secretstring" in name or "secretbinary" in name} == set()


def test_whatever_takes_tags_says_whose_it_is(full: Recording) -> None:
    untagged = []
    for each in full.resources:
        if not each.kind.startswith("aws:") or not takes_tags(each.kind):
            continue
        tags = each.inputs.get("tags") or {}
        if not {"environment", "managed-by", "owner"} <= set(tags):
            untagged.append(each.name)
    assert untagged == []
    assert full.of(SECRET)[0].inputs["tags"] == {
        "environment": "prod",
        "managed-by": "keyplan",
        "owner": "ml@example.com",
        "vendor": "anthropic",
    }


OF_EVERY_VENDOR = catalogue(
    EVERY_VENDOR,
    [
        consumer("chat", Runtime.ECS, EcsSettings(ReadAt.START, None, "main", "chat"), "anthropic"),
        consumer("proxied", Runtime.LAMBDA, RoleSettings(None, "proxied"), "llm-gateway", "openrouter"),
        consumer("leads", Runtime.PEOPLE, PeopleSettings("Leads"), "anthropic-admin"),
    ],
)


@pytest.fixture(scope="module")
def every_vendor() -> Recording:
    """An environment with a key of every vendor."""
    return build(OF_EVERY_VENDOR)


def test_a_secret_names_the_address_that_its_value_goes_to(every_vendor: Recording) -> None:
    """What the store itself says is the measure of what a manifest says, which anybody may edit."""
    tags = {each.inputs["name"]: each.inputs["tags"] for each in every_vendor.of(SECRET)}
    assert {name: found.get("keyplan:url") for name, found in tags.items()} == {
        "prod/anthropic-api-key": None,
        "prod/anthropic-admin-api-key": None,
        "prod/llm-gateway-api-key": "https://llm.example.com/anthropic",
        "prod/openrouter-api-key": "https://openrouter.ai/api/v1/key",
    }
    assert {found["vendor"] for found in tags.values()} == set(VENDORS)
    assert URL_TAG == aws_versions.URL_TAG, "what is written is what is read"


def test_every_tag_is_in_the_alphabet_of_aws(every_vendor: Recording) -> None:
    """Source: "Tag naming limits and requirements", AWS tagging guide (checked 2026-11-21)."""
    texts = [
        text for each in every_vendor.of(SECRET) for pair in each.inputs["tags"].items() for text in pair
    ]
    assert [text for text in texts if not re.fullmatch(r"[A-Za-z0-9 +=._:/@-]{1,256}", text)] == []


def test_a_description_says_what_kind_of_credential_it_is(every_vendor: Recording) -> None:
    described = [each.inputs["description"].split("`")[0] for each in every_vendor.of(SECRET)]
    assert sorted(described) == [
        "keyplan: anthropic API key ",
        "keyplan: anthropic Admin API key ",
        "keyplan: gateway token ",
        "keyplan: generic API key ",
    ]


def test_the_manifest_says_where_each_key_belongs_and_pairs_the_gateway(every_vendor: Recording) -> None:
    document = every_vendor.outputs["manifest"]
    manifest = Manifest.from_json(document)
    for name, written in manifest.keys.items():
        asked = OF_EVERY_VENDOR.keys[name]
        for field in ("organization", "workspace", "base_url", "check_url", "check_header"):
            assert getattr(written, field) == getattr(asked, field)
    assert manifest.consumers["proxied"].env == {"ANTHROPIC_BASE_URL": "https://llm.example.com/anthropic"}
    assert manifest.consumers["chat"].env == {}
    assert manifest.consumers["chat"].settings == {
        "readAt": "start", "ecsCluster": "main", "ecsService": "chat",
    }  # fmt: skip
    assert manifest.consumers["proxied"].settings == {"functionName": "proxied"}
    assert "https://llm.example.com/anthropic" in json.dumps(every_vendor.outputs["wiring"]["proxied"])


def test_a_sandboxs_vendor_beside_a_real_cloud_is_refused_before_anything_is_made() -> None:
    wrong = replace(OF_EVERY_VENDOR, vendor_endpoints={"anthropic": "http://127.0.0.1:5002"})
    with pytest.raises(UsageError, match=r"vendorEndpoints\.anthropic: it is a sandbox's"):
        build(wrong)
    proxied = build(replace(OF_EVERY_VENDOR, vendor_endpoints={"anthropic": "https://egress.example.com"}))
    assert proxied.outputs["manifest"]["vendorEndpoints"] == {"anthropic": "https://egress.example.com"}


def takes_tags(kind: str) -> bool:
    """Whether pulumi_aws' class of a type has an argument `tags`."""
    module, _, name = kind.removeprefix("aws:").partition(":")
    package = importlib.import_module(f"pulumi_aws.{module.partition('/')[0].replace('lambda', 'lambda_')}")
    return "tags" in inspect.signature(getattr(package, name)._internal_init).parameters


def test_only_what_would_lose_or_open_values_is_protected(full: Recording) -> None:
    protected = (SECRET, SECRET_POLICY, KMS_KEY)
    assert {each.kind for each in full.resources if each.protect} == set(protected)
    assert all(each.protect for kind in protected for each in full.of(kind))
    unprotected = build(catalogue(protect=False))
    assert [each.name for each in unprotected.resources if each.protect] == []


def test_every_resource_is_inside_the_environment(full: Recording) -> None:
    components = {each.name for each in full.resources if each.kind.startswith("keyplan:")}
    outside = [each.name for each in full.resources if each.parent not in components]
    assert outside == ["prod"]
    assert components <= full.component_outputs


def test_no_two_resources_of_one_type_share_a_name_in_aws(full: Recording) -> None:
    names = [
        (each.kind, each.inputs["name"])
        for each in full.resources
        if "name" in each.inputs and each.kind != "aws:iam/rolePolicy:RolePolicy"  # a name inside its role
    ]
    assert len(names) == len(set(names))


def test_trusts_and_policies_are_json_that_fits(full: Recording) -> None:
    for each in full.resources:
        for field in ("policy", "assumeRolePolicy"):
            if isinstance(each.inputs.get(field), str):
                assert json.loads(each.inputs[field])["Version"] == "2012-10-17", each.name
                assert "ForAllValues" not in each.inputs[field]


def test_the_manifest_is_complete_and_its_schema_accepts_it(full: Recording) -> None:
    manifest = Manifest.from_json(full.outputs["manifest"])
    assert manifest.aws.kms_key_arn.startswith("arn:aws:kms:eu-west-1:123456789012:key/")
    assert manifest.aws.operator_policy_arns == ("arn:aws:iam::123456789012:policy/prod-keyplan-operator",)
    assert manifest.aws.auditor_role_arn == ROLE + "prod-keyplan-auditor"
    assert manifest.aws.break_glass_role_arn == ROLE + "emergency"
    assert [name for name, each in manifest.keys.items() if each.lockdown] == ["anthropic"]
    assert {name: each.aws.arn for name, each in manifest.keys.items()} == {
        "anthropic": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/anthropic-api-key-AbCdEf",
        "openrouter": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/openrouter-api-key-AbCdEf",
    }
    assert {name: each.aws.json_key for name, each in manifest.keys.items()} == {
        "anthropic": "ANTHROPIC_API_KEY",
        "openrouter": "OPENROUTER_API_KEY",
    }
    assert {name: each.role_arn for name, each in manifest.consumers.items()} == {
        **{each.name: f"{ROLE}prod-{each.name}-reader" for each in EVERY_RUNTIME},
        "batch": ROLE + "jobs/nightly",
        "research": None,
    }
    assert {name for name, each in manifest.consumers.items() if each.policy_arns} == {"batch", "research"}
    assert manifest.consumers["evals"].settings == {
        "repository": "example/evals",
        "repositoryId": "123456",
        "repositoryOwnerId": "77",
        "branches": ["main"],
    }


def test_the_wiring_is_what_the_command_would_print(full: Recording) -> None:
    wiring, failures = wire_all(Manifest.from_json(full.outputs["manifest"]))
    assert full.outputs["wiring"] == wiring
    assert failures == []
    assert set(wiring["start"]) == {"ecs", "dotenv"}


def test_a_preview_declares_the_same_resources(full: Recording) -> None:
    previewed = build(FULL, preview=True)
    assert {(each.kind, each.name) for each in previewed.resources} == {
        (each.kind, each.name) for each in full.resources
    }
    assert not isinstance(previewed.outputs.get("manifest"), dict), "nothing is known of it yet"


def test_a_second_environment_of_the_account_reuses_the_oidc_provider() -> None:
    runner = next(each for each in EVERY_RUNTIME if each.name == "evals")
    issuer = "https://token.actions.githubusercontent.com"
    arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    theirs = FoundProvider(arn, ("sts.amazonaws.com",), {"environment": "dev", "managed-by": "keyplan"})
    first = build(catalogue(consumers=[runner]), {issuer: None})
    second = build(catalogue(consumers=[runner]), {issuer: theirs})
    assert len(first.of(OIDC_PROVIDER)) == 1
    assert second.of(OIDC_PROVIDER) == []
    assert roles(second) == roles(first)


def roles(recording: Recording) -> list[tuple[str, dict[str, Any]]]:
    return [(each.name, each.inputs) for each in recording.of("aws:iam/role:Role")]


def test_a_wiring_that_its_target_cannot_hold_costs_nobody_the_keys() -> None:
    function = next(each for each in EVERY_RUNTIME if each.name == "lambda")
    found = build(many(60, [function]))
    wiring, failures = wire_all(Manifest.from_json(found.outputs["manifest"]))
    assert found.outputs["wiring"] == wiring
    assert set(wiring["lambda"]) == {"dotenv"}
    # Both ways of reading: from the function, and through Lambda's extension.
    assert [each.message.partition(" take ")[0] for each in failures] == ["the variables of lambda"] * 2


def test_what_aws_would_refuse_is_told_before_anything_is_declared() -> None:
    batch = next(each for each in EVERY_RUNTIME if each.name == "batch")
    foreign = consumer("other", batch.runtime, type(batch.settings)("arn:aws:iam::999999999999:role/x"))
    recordings: list[Recording] = []
    with pytest.raises(UsageError):
        recordings.append(build(catalogue(consumers=[foreign])))
    assert recordings == []


def test_resources_grow_by_the_same_number_for_every_key() -> None:
    consumers = [each for each in EVERY_RUNTIME if each.name in ("start", "run", "vm", "evals", "kite")]
    counts = [len(build(many(count, consumers)).resources) for count in (1, 11, 21)]
    assert counts[1] - counts[0] == counts[2] - counts[1] == 10 * 5
