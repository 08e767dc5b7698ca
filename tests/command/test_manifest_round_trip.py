"""Whatever an environment has, its manifest is accepted by its own check and schema, and read as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from keyplan import names
from keyplan.endpoints import url_mistake
from keyplan.environ import base_urls
from keyplan.manifest.checking import check, parse
from keyplan.manifest.model import (
    AwsLocation,
    GcpLocation,
    GcpSecretLocation,
    Manifest,
    ManifestConsumer,
    ManifestKey,
    SecretLocation,
)
from keyplan.manifest.rules import AWS_RUNTIMES, GCP_RUNTIMES, KEYLESS_ROUTES, ROUTES, RUNTIMES
from tests.command.environments import PROJECT

VALIDATOR = jsonschema.Draft202012Validator(
    json.loads((PROJECT / "docs" / "manifest.schema.json").read_text())
)
ACCOUNT, REGION, PROJECT_ID, NUMBER = "111122223333", "eu-west-1", "example-prod", "987654321"
POOL = f"projects/{NUMBER}/locations/global/workloadIdentityPools/keyplan-prod"
IN_BOTH = tuple(sorted(set(RUNTIMES) - set(AWS_RUNTIMES) - set(GCP_RUNTIMES)))

entry_names = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
variables = st.from_regex(r"[A-Z_][A-Z0-9_]{0,12}", fullmatch=True)
durations = st.from_regex(r"[1-9][0-9]{0,2}[hdw]", fullmatch=True)
plain = st.dictionaries(variables, st.text(max_size=12).filter(lambda text: "\0" not in text), max_size=2)
members = st.sampled_from(
    [
        f"serviceAccount:prod-chat-reader@{PROJECT_ID}.iam.gserviceaccount.com",
        f"principal://iam.googleapis.com/projects/{NUMBER}/locations/global/workloadIdentityPools/"
        f"{PROJECT_ID}.svc.id.goog/subject/ns/web/sa/chat",
        f"principalSet://iam.googleapis.com/{POOL}/attribute.evals/123456",
        "group:ml@example.com",
    ]
)


urls = st.from_regex(
    r"https://[a-z]{1,8}\.example(:[1-9][0-9]{0,3})?(/[a-z0-9.]{1,5}[a-z]){0,2}", fullmatch=True
).filter(lambda url: url_mistake(url) is None)
organizations = st.none() | st.uuids().map(str)
# What a key of each vendor can have, and a gateway's has to.
VENDOR_FIELDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "anthropic": st.fixed_dictionaries(
        {"organization": organizations, "workspace": st.none() | st.just("wrkspc_01JwExample")}
    ),
    "anthropic-admin": st.fixed_dictionaries({"organization": organizations}),
    "gateway": st.fixed_dictionaries({"base_url": urls}),
    "generic": st.just({})
    | st.fixed_dictionaries(
        {"check_url": urls, "check_header": st.sampled_from(["Authorization", "x-api-key"])}
    ),
}


@st.composite
def keys(draw: Any, clouds: list[str], with_vendors: bool) -> dict[str, ManifestKey]:
    found = {}
    for name in draw(st.lists(entry_names, min_size=1, max_size=3, unique=True)):
        secret, variable = names.secret_name("prod", name), draw(variables)
        secret_id = names.gcp_secret_id(secret)
        vendor = draw(st.sampled_from(["anthropic", "generic", *(VENDOR_FIELDS if with_vendors else ())]))
        arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{secret}-AbCd12"
        found[name] = ManifestKey(
            name=name,
            vendor=vendor,
            owner="ml@example.com",
            env_var=variable,
            value_format=draw(st.none() | st.just("rk-[0-9a-f]{24}")),
            rotate_every=draw(durations),
            remind_before=draw(durations),
            grace=draw(durations),
            lockdown=with_vendors and draw(st.booleans()),
            aws=SecretLocation(secret, arn, variable) if "aws" in clouds else None,
            gcp=GcpSecretLocation(secret_id, names.gcp_secret_resource(PROJECT_ID, secret_id))
            if "gcp" in clouds
            else None,
            **(draw(VENDOR_FIELDS[vendor]) if with_vendors else {}),
        )
    return found


@st.composite
def consumers(draw: Any, clouds: list[str], of: list[str], with_routes: bool) -> dict[str, ManifestConsumer]:
    found = {}
    for name in draw(st.lists(entry_names, max_size=4, unique=True)):
        cloud = draw(st.sampled_from(clouds))
        runtimes = (AWS_RUNTIMES if cloud == "aws" else GCP_RUNTIMES) + IN_BOTH
        on_aws: dict[str, Any] = {
            "role_arn": draw(st.none() | st.just(f"arn:aws:iam::{ACCOUNT}:role/prod-{name}-reader")),
            "policy_arns": (f"arn:aws:iam::{ACCOUNT}:policy/prod-{name}-reader",),
        }
        on_gcp: dict[str, Any] = {
            "role_arn": None,
            "policy_arns": (),
            "member": draw(st.none() | members),
            "workload_identity_provider": draw(st.none() | st.just(f"{POOL}/providers/ci-{name}")),
        }
        route = draw(st.none() | st.sampled_from(ROUTES)) if with_routes else None
        keys_min = 0 if route in KEYLESS_ROUTES else 1
        found[name] = ManifestConsumer(
            name=name,
            runtime=draw(st.sampled_from(runtimes)),
            keys=tuple(draw(st.lists(st.sampled_from(of), min_size=keys_min, unique=True))),
            route=route,
            identity_audience="https://api.anthropic.com" if route == "federation" else None,
            env=draw(plain),
            settings=draw(st.dictionaries(st.sampled_from(["readAt", "namespace"]), st.just("x"))),
            cloud=cloud,
            **(on_aws if cloud == "aws" else on_gcp),
        )
    return found


def paired(consumer: ManifestConsumer, its_keys: dict[str, ManifestKey]) -> ManifestConsumer:
    """The consumer with the addresses of its gateways."""
    gateways = base_urls(
        [(name, key.vendor, key.env_var, key.base_url) for name in consumer.keys for key in [its_keys[name]]]
    )
    return replace(consumer, env={**consumer.env, **gateways})


@st.composite
def manifests(draw: Any, with_later_fields: bool = True) -> Manifest:
    clouds = draw(st.sampled_from([["aws"], ["gcp"], ["aws", "gcp"]]))
    in_sandbox = draw(st.booleans())
    endpoints = {"https://egress.example"} | ({"http://127.0.0.1:5002"} if in_sandbox else set())
    its_keys = draw(keys(clouds, with_later_fields))
    its_consumers = draw(consumers(clouds, sorted(its_keys), with_later_fields))
    return Manifest(
        environment="prod",
        owner="platform@example.com",
        escalate_after=draw(durations),
        aws=AwsLocation(
            account_id=ACCOUNT,
            partition="aws",
            region=REGION,
            kms_key_arn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b",
            operator_policy_arns=(f"arn:aws:iam::{ACCOUNT}:policy/prod-keyplan-operator",),
            auditor_role_arn=f"arn:aws:iam::{ACCOUNT}:role/prod-keyplan-auditor",
            break_glass_role_arn=f"arn:aws:iam::{ACCOUNT}:role/break-glass" if with_later_fields else None,
            endpoints={"sts": "http://127.0.0.1:5000"} if in_sandbox else {},
        )
        if "aws" in clouds
        else None,
        gcp=GcpLocation(
            project_id=PROJECT_ID,
            project_number=NUMBER,
            region="europe-west1",
            operator_role=f"projects/{PROJECT_ID}/roles/{names.gcp_operator_role_id('prod')}",
            auditor_role=f"projects/{PROJECT_ID}/roles/{names.gcp_auditor_role_id('prod')}",
            endpoints={"secretmanager": "http://127.0.0.1:5001"} if in_sandbox else {},
        )
        if "gcp" in clouds
        else None,
        keys=its_keys,
        consumers={name: paired(consumer, its_keys) for name, consumer in its_consumers.items()},
        vendor_endpoints={"anthropic": draw(st.sampled_from(sorted(endpoints)))}
        if with_later_fields and draw(st.booleans())
        else {},
        claude_code_key=draw(st.sampled_from([None, *sorted(its_keys)])) if with_later_fields else None,
        first_cloud="gcp" if len(clouds) == 2 and draw(st.booleans()) else None,
    )


@given(manifests())
def test_a_manifest_is_right_by_its_own_rules_and_read_as_it_was_written(manifest: Manifest) -> None:
    document = manifest.to_json()
    assert check(document) == []
    assert list(VALIDATOR.iter_errors(document)) == []
    assert Manifest.from_json(parse(json.dumps(document), "text")) == manifest


@given(manifests(with_later_fields=False))
def test_an_environment_on_aws_alone_is_written_as_it_always_was(manifest: Manifest) -> None:
    """Keyplans that know one cloud, two vendors and no route read it: they refuse a field that they do not
    know.
    """
    if manifest.gcp is not None:
        return
    document = manifest.to_json()
    assert "vendorEndpoints" not in document
    assert list(document["clouds"]) == ["aws"]
    assert {field for key in document["keys"].values() for field in key} <= {
        *("vendor", "owner", "envVar", "format", "rotateEvery", "remindBefore", "grace", "aws")
    }
    assert {field for consumer in document["consumers"].values() for field in consumer} <= {
        *("runtime", "keys", "env", "roleArn", "policyArns", "settings")
    }
