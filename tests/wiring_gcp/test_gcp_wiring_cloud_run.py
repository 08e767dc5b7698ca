"""The Cloud Run fragments, checked by the discovery documents of Cloud Run's own API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.wiring_gcp.conftest import NUMBER, account, consumer, with_consumer
from tests.wiring_gcp.google_schema import check, description
from tests.wiring_gcp.plain_texts import MANY, VARIABLES


def fragment(manifest: Manifest, name: str, target: str, **pins: int) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(wire(manifest, name, target, pins))
    return found


def specification(document: dict[str, Any]) -> dict[str, Any]:
    """Of the revision, or of the job's task."""
    template = document["spec"]["template"]
    found: dict[str, Any] = (
        template["spec"]["template"]["spec"] if document["kind"] == "Job" else template["spec"]
    )
    return found


def container(document: dict[str, Any]) -> dict[str, Any]:
    [found] = specification(document)["containers"]
    return dict(found)


def test_a_service_gets_each_key_as_a_variable_from_the_current_version(manifest: Manifest) -> None:
    assert fragment(manifest, "web", "cloud-run") == {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {
            "template": {
                "spec": {
                    "serviceAccountName": account("web"),
                    "containers": [
                        {
                            "name": "web",
                            "env": [
                                {"name": "ANTHROPIC_MODEL", "value": "claude-sonnet-4-6"},
                                reference("ANTHROPIC_API_KEY", "prod-anthropic-api-key", "current"),
                                reference("OPENROUTER_API_KEY", "prod-openrouter-api-key", "current"),
                            ],
                        }
                    ],
                }
            }
        },
    }


def reference(variable: str, secret: str, version: str) -> dict[str, Any]:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": version}}}


def test_a_job_gets_the_same_in_its_task(manifest: Manifest) -> None:
    document = fragment(manifest, "batch", "cloud-run")
    assert document == {
        "apiVersion": "run.googleapis.com/v1",
        "kind": "Job",
        "metadata": {"name": "batch"},
        "spec": {"template": {"spec": {"template": {"spec": specification(document)}}}},
    }
    assert specification(document) == {
        "serviceAccountName": account("batch"),
        "containers": [
            {
                "name": "batch",
                "env": [
                    {"name": "ANTHROPIC_MODEL", "value": "claude-sonnet-4-6"},
                    reference("ANTHROPIC_API_KEY", "prod-anthropic-api-key", "current"),
                ],
            }
        ],
    }


def test_with_files_each_key_has_a_folder_and_the_program_finds_the_path(manifest: Manifest) -> None:
    document = fragment(manifest, "web", "cloud-run-volume", openrouter=7)
    assert container(document) == {
        "name": "web",
        "env": [
            {"name": "ANTHROPIC_MODEL", "value": "claude-sonnet-4-6"},
            {"name": "ANTHROPIC_API_KEY_FILE", "value": "/secrets/anthropic/ANTHROPIC_API_KEY"},
            {"name": "OPENROUTER_API_KEY_FILE", "value": "/secrets/openrouter/OPENROUTER_API_KEY"},
        ],
        "volumeMounts": [
            {"name": "anthropic", "mountPath": "/secrets/anthropic"},
            {"name": "openrouter", "mountPath": "/secrets/openrouter"},
        ],
    }
    assert specification(document)["volumes"] == [
        volume("anthropic", "prod-anthropic-api-key", "current", "ANTHROPIC_API_KEY"),
        volume("openrouter", "prod-openrouter-api-key", "7", "OPENROUTER_API_KEY"),
    ]


def volume(name: str, secret: str, version: str, path: str) -> dict[str, Any]:
    return {"name": name, "secret": {"secretName": secret, "items": [{"key": version, "path": path}]}}


@pytest.mark.parametrize("target", ["cloud-run", "cloud-run-volume"])
@pytest.mark.parametrize(("name", "message"), [("web", "Service"), ("batch", "Job")])
@pytest.mark.parametrize("pins", [{}, {"anthropic": 7}])
def test_the_fragment_fits_the_api(
    manifest: Manifest, target: str, name: str, message: str, pins: dict[str, int]
) -> None:
    document = fragment(manifest, name, target, **pins)
    check("run.v1", message, document)
    # What the API says of names, in the words of the fragment.
    assert document["apiVersion"].endswith("/v1")
    for mount in container(document).get("volumeMounts", []):
        assert not mount["mountPath"].startswith(("/dev", "/proc", "/sys"))


def test_the_schema_would_notice_a_mistake(manifest: Manifest) -> None:
    document = fragment(manifest, "web", "cloud-run")
    key = container(document)["env"][-1]["valueFrom"]["secretKeyRef"]
    key["version"] = key.pop("key")  # as v2 calls it
    with pytest.raises(jsonschema.ValidationError):
        check("run.v1", "Service", document)


def test_the_api_takes_an_alias_in_both_forms_and_both_versions() -> None:
    """The reason why `current` may stand there; should Google's words change, look at it again."""
    found = {
        "key of a variable": description("run.v1", "SecretKeySelector", "key"),
        "key of a file": description("run.v1", "KeyToPath", "key"),
        "version of a variable": description("run.v2", "GoogleCloudRunV2SecretKeySelector", "version"),
        "version of a file": description("run.v2", "GoogleCloudRunV2VersionToPath", "version"),
    }
    assert [where for where, text in found.items() if "alias" not in text] == []


@pytest.mark.parametrize("target", ["cloud-run", "cloud-run-volume"])
@given(env=VARIABLES)
@MANY
def test_plain_variables_come_back_exactly(manifest: Manifest, target: str, env: dict[str, str]) -> None:
    """Cloud Run replaces nothing in a value. Source: run.v1, EnvVar.value."""
    document = fragment(with_consumer(manifest, "web", env=env), "web", target)
    plain = [entry for entry in container(document)["env"] if not entry["name"].startswith(("ANTH", "OPENR"))]
    assert plain == [{"name": name, "value": value} for name, value in sorted(env.items())]


@pytest.mark.parametrize("target", ["cloud-run", "cloud-run-volume"])
def test_a_comment_says_what_a_rotation_needs(manifest: Manifest, target: str) -> None:
    words = {
        ("web", "cloud-run"): "after `keyplan put`, deploy a new revision",
        ("batch", "cloud-run"): "the next execution has what `keyplan put` stored",
        ("web", "cloud-run-volume"): "what `keyplan put` stored needs no deployment",
        ("batch", "cloud-run-volume"): "what `keyplan put` stored needs no deployment",
    }
    for name in ("web", "batch"):
        assert words[name, target] in wire(manifest, name, target)
        pinned = wire(manifest, name, target, {"anthropic": 7})
        assert "Pinned: after `keyplan put`, name the new version here" in pinned


@pytest.mark.parametrize("target", ["cloud-run", "cloud-run-volume"])
def test_a_service_of_another_project_names_the_secrets_project(manifest: Manifest, target: str) -> None:
    there = with_consumer(manifest, "web", member=f"serviceAccount:{account('web', 'other-project')}")
    document = fragment(there, "web", target)
    check("run.v1", "Service", document)
    assert document["spec"]["template"]["metadata"]["annotations"] == {
        "run.googleapis.com/secrets": f"anthropic:projects/{NUMBER}/secrets/prod-anthropic-api-key,"
        f"openrouter:projects/{NUMBER}/secrets/prod-openrouter-api-key"
    }
    if target == "cloud-run":
        references = [entry["valueFrom"]["secretKeyRef"]["name"] for entry in container(document)["env"][1:]]
    else:
        references = [entry["secret"]["secretName"] for entry in specification(document)["volumes"]]
    assert references == ["anthropic", "openrouter"]


def test_an_account_whose_address_says_no_project_is_taken_for_the_environments_own(
    manifest: Manifest,
) -> None:
    member = f"serviceAccount:{NUMBER}-compute@developer.gserviceaccount.com"
    document = fragment(with_consumer(manifest, "web", member=member), "web", "cloud-run")
    assert "metadata" not in document["spec"]["template"]
    assert specification(document)["serviceAccountName"] == member.partition(":")[2]


@pytest.mark.parametrize("name", ["PORT", "K_SERVICE", "X_GOOGLE_ANYTHING", "CLOUD_RUN_JOB"])
@pytest.mark.parametrize("target", ["cloud-run", "cloud-run-volume"])
def test_a_variable_that_cloud_run_sets_is_refused(manifest: Manifest, name: str, target: str) -> None:
    with pytest.raises(UsageError, match=f"the variable {name} of web cannot be written: Cloud Run sets"):
        wire(with_consumer(manifest, "web", env={name: "x"}), "web", target)


def test_a_key_in_the_place_of_such_a_variable_is_refused(manifest: Manifest) -> None:
    keys = {**manifest.keys, "anthropic": replace(manifest.keys["anthropic"], env_var="PORT")}
    with pytest.raises(UsageError, match="the variable PORT of web"):
        wire(replace(manifest, keys=keys), "web", "cloud-run")


def test_a_value_that_is_too_long_is_refused(manifest: Manifest) -> None:
    fits = with_consumer(manifest, "web", env={"TEXT": "é" * 16384})
    assert container(fragment(fits, "web", "cloud-run"))["env"][0]["value"] == "é" * 16384
    with pytest.raises(UsageError, match="Cloud Run holds 32768 bytes in a variable"):
        wire(with_consumer(manifest, "web", env={"TEXT": "é" * 16384 + "x"}), "web", "cloud-run")


@given(st.lists(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", fullmatch=True), min_size=2, unique=True))
@MANY
def test_names_that_cloud_run_would_refuse_get_others_and_stay_distinct(
    manifest: Manifest, names: list[str]
) -> None:
    keys = {
        name: replace(manifest.keys["anthropic"], name=name, env_var=f"KEY_{number}")
        for number, name in enumerate(names)
    }
    entry = consumer("Web.Front_end", "cloud-run", keys=tuple(names))
    changed = replace(manifest, keys=keys, consumers={entry.name: entry})
    document = fragment(changed, entry.name, "cloud-run-volume")
    found = [volume["name"] for volume in specification(document)["volumes"]]
    assert len(set(found)) == len(names)
    for name in (*found, document["metadata"]["name"], container(document)["name"]):
        check_label(name)
    assert [mount["name"] for mount in container(document)["volumeMounts"]] == found


def check_label(name: str) -> None:
    """RFC 1123, as Kubernetes and Cloud Run have it."""
    assert len(name) <= 63
    assert name.strip("-") == name
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
