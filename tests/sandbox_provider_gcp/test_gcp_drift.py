"""What somebody changed behind the program's back shows, and what is nobody's business stays."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.provider import Provider, State
from sandbox.provider.gcp.cloud import GoogleCloud
from tests.sandbox_provider_gcp.gcp_cases import ACCESSOR, ADA, BOB, CASES, PROJECT, filled, prepared

SECRET = "gcp:secretmanager/secret:Secret"
MEMBER = "gcp:secretmanager/secretIamMember:SecretIamMember"
BINDING = "gcp:secretmanager/secretIamBinding:SecretIamBinding"
PATH = f"projects/{PROJECT}/secrets/prod-a"
INPUTS = {
    "secretId": "prod-a",
    "replication": {"auto": {}},
    "labels": {"vendor": "anthropic"},
    "annotations": {"owner": "ada@example.com"},
}


def make(provider: Provider, kind: str, inputs: dict[str, Any]) -> tuple[dict[str, Any], State]:
    checked = provider.check(kind, "it", inputs).inputs
    return checked, provider.create(kind, checked)


def change(provider: Provider, kind: str, state: State, inputs: dict[str, Any]) -> State:
    """One update to other inputs."""
    new = provider.check(kind, "it", inputs, state.inputs).inputs
    difference = provider.diff(kind, state.inputs, new)
    return provider.update(kind, state.id, state, new, difference.changed)


def drift(provider: Provider, kind: str, id_: str, inputs: dict[str, Any]) -> set[str] | None:
    """The properties that a refresh finds changed; None for a resource that is gone."""
    found = provider.read(kind, id_, inputs)
    return None if found is None else set(provider.diff(kind, found.inputs, inputs).changed)


def patch(google: GoogleCloud, **fields: Any) -> None:
    google.call("secretmanager", "PATCH", PATH, fields, {"updateMask": ",".join(fields)})


def test_a_label_of_the_program_that_changed_shows(provider: Provider, google: GoogleCloud) -> None:
    inputs, state = make(provider, SECRET, INPUTS)
    patch(google, labels={"vendor": "other"})
    assert drift(provider, SECRET, state.id, inputs) == {"labels"}


def test_labels_and_annotations_of_others_are_no_drift_and_outlive_a_change(
    provider: Provider, google: GoogleCloud
) -> None:
    inputs, state = make(provider, SECRET, INPUTS)
    now = google.call("secretmanager", "GET", PATH)
    patch(
        google,
        labels={**now["labels"], "cost-centre": "7"},
        annotations={**now["annotations"], "keyplan-1": "fingerprint:caller"},
    )
    assert drift(provider, SECRET, state.id, inputs) == set()

    changed = {**INPUTS, "labels": {"environment": "prod"}, "annotations": {"owner": "bob@example.com"}}
    updated = change(provider, SECRET, state, changed)

    found = google.call("secretmanager", "GET", PATH)
    assert found["labels"] == {
        "goog-pulumi-provisioned": "true",
        "cost-centre": "7",
        "environment": "prod",
    }
    assert found["annotations"] == {"owner": "bob@example.com", "keyplan-1": "fingerprint:caller"}
    assert updated.outputs["effectiveLabels"] == found["labels"]
    assert updated.outputs["pulumiLabels"] == {"goog-pulumi-provisioned": "true", "environment": "prod"}
    assert updated.outputs["effectiveAnnotations"] == found["annotations"]


def test_aliases_that_put_moved_show_as_with_the_real_provider_and_outlive_a_change(
    provider: Provider, google: GoogleCloud
) -> None:
    inputs, state = make(provider, SECRET, INPUTS)
    google.call("secretmanager", "POST", f"{PATH}:addVersion", {"payload": {"data": "eA=="}})
    patch(google, versionAliases={"current": "1"})
    assert drift(provider, SECRET, state.id, inputs) == {"versionAliases"}

    change(provider, SECRET, state, {**INPUTS, "versionDestroyTtl": "604800s"})

    assert google.call("secretmanager", "GET", PATH)["versionAliases"] == {"current": "1"}


def test_a_member_that_was_taken_out_is_gone(provider: Provider, google: GoogleCloud) -> None:
    make(provider, SECRET, INPUTS)
    inputs, state = make(provider, MEMBER, {"secretId": PATH, "role": ACCESSOR, "member": ADA})
    assert drift(provider, MEMBER, state.id, inputs) == set()
    google.call("secretmanager", "POST", f"{PATH}:setIamPolicy", {"policy": {"bindings": []}})
    assert drift(provider, MEMBER, state.id, inputs) is None


def test_members_come_and_go_without_each_other(provider: Provider, google: GoogleCloud) -> None:
    make(provider, SECRET, INPUTS)
    ada, first = make(provider, MEMBER, {"secretId": PATH, "role": ACCESSOR, "member": ADA})
    bob, second = make(provider, MEMBER, {"secretId": PATH, "role": ACCESSOR, "member": BOB})

    provider.delete(MEMBER, first.id, ada)

    assert provider.read(MEMBER, first.id, ada) is None
    assert drift(provider, MEMBER, second.id, bob) == set()
    policy = google.call("secretmanager", "GET", f"{PATH}:getIamPolicy")
    assert [binding["members"] for binding in policy["bindings"]] == [[BOB]]


def test_capitals_in_an_address_are_no_drift(provider: Provider) -> None:
    make(provider, SECRET, INPUTS)
    inputs, state = make(
        provider, MEMBER, {"secretId": PATH, "role": ACCESSOR, "member": "user:Ada@Example.com"}
    )
    assert drift(provider, MEMBER, state.id, inputs) == set()


def test_whoever_is_added_by_hand_to_an_authoritative_binding_shows_and_is_taken_out(
    provider: Provider, google: GoogleCloud
) -> None:
    make(provider, SECRET, INPUTS)
    inputs, state = make(provider, BINDING, {"secretId": PATH, "role": ACCESSOR, "members": [ADA]})
    bindings = [{"role": ACCESSOR, "members": [ADA, BOB]}]
    google.call("secretmanager", "POST", f"{PATH}:setIamPolicy", {"policy": {"bindings": bindings}})
    assert drift(provider, BINDING, state.id, inputs) == {"members"}

    found = provider.read(BINDING, state.id, inputs)
    assert found is not None
    change(provider, BINDING, found, {"secretId": PATH, "role": ACCESSOR, "members": [ADA]})

    assert drift(provider, BINDING, state.id, inputs) == set()


def test_a_condition_makes_another_binding_of_the_same_role(provider: Provider, google: GoogleCloud) -> None:
    make(provider, SECRET, INPUTS)
    condition = {"title": "office", "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")'}
    wanted = {"secretId": PATH, "role": ACCESSOR, "member": ADA}
    plain, first = make(provider, MEMBER, wanted)
    bound, second = make(provider, MEMBER, {**wanted, "condition": condition})
    assert second.id == f"{first.id}/office"

    provider.delete(MEMBER, first.id, plain)

    assert drift(provider, MEMBER, second.id, bound) == set()
    assert drift(provider, MEMBER, first.id, plain) is None


def test_audit_configuration_and_members_of_a_project_leave_each_other_alone(
    provider: Provider, google: GoogleCloud
) -> None:
    audit, role = "gcp:projects/iAMAuditConfig:IAMAuditConfig", "gcp:projects/iAMMember:IAMMember"
    before = google.call("cloudresourcemanager", "POST", f"projects/{PROJECT}:getIamPolicy", {})["bindings"]
    audited, log = make(provider, audit, CASES[audit].inputs)
    viewer, member = make(provider, role, CASES[role].inputs)
    assert drift(provider, audit, log.id, audited) == set()
    provider.delete(audit, log.id, audited)
    assert drift(provider, role, member.id, viewer) == set()
    provider.delete(role, member.id, viewer)
    after = google.call("cloudresourcemanager", "POST", f"projects/{PROJECT}:getIamPolicy", {})["bindings"]
    assert after == before


CHANGED_BY_HAND: dict[str, tuple[str, str, dict[str, Any], set[str]]] = {
    "an alert policy was switched off": (
        "gcp:monitoring/alertPolicy:AlertPolicy",
        "monitoring",
        {"enabled": False},
        {"enabled"},
    ),
    "a channel writes to somebody else": (
        "gcp:monitoring/notificationChannel:NotificationChannel",
        "monitoring",
        {"labels": {"email_address": "eve@example.com"}},
        {"labels"},
    ),
    "a job runs at another time": (
        "gcp:cloudscheduler/job:Job",
        "cloudscheduler",
        {"schedule": "0 0 1 1 *"},
        {"schedule"},
    ),
    "a provider accepts somebody else": (
        "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
        "iampools",
        {"attributeCondition": "assertion.repository_id == '3'"},
        {"attributeCondition"},
    ),
    "a role allows more": (
        "gcp:projects/iAMCustomRole:IAMCustomRole",
        "iam",
        {"includedPermissions": ["secretmanager.versions.access"]},
        {"permissions"},
    ),
    "a pool was disabled": (
        "gcp:iam/workloadIdentityPool:WorkloadIdentityPool",
        "iampools",
        {"disabled": True},
        {"disabled"},
    ),
    "a topic's label": ("gcp:pubsub/topic:Topic", "pubsub", {"labels": {"environment": "x"}}, {"labels"}),
}


@pytest.mark.parametrize("name", sorted(CHANGED_BY_HAND))
def test_what_was_changed_by_hand_shows(provider: Provider, google: GoogleCloud, name: str) -> None:
    kind, service, fields, expected = CHANGED_BY_HAND[name]
    case = CASES[kind]
    inputs, state = make(provider, kind, filled(case.inputs, prepared(provider, case)))
    mask = {"updateMask": ",".join(fields)}
    if service == "pubsub":
        google.call(service, "PATCH", state.id, {"topic": fields, **mask})
    else:
        google.call(service, "PATCH", state.id, fields, mask)
    assert drift(provider, kind, state.id, inputs) == expected


def test_a_job_that_was_paused_by_hand_shows(provider: Provider, google: GoogleCloud) -> None:
    kind = "gcp:cloudscheduler/job:Job"
    inputs, state = make(provider, kind, CASES[kind].inputs)
    google.call("cloudscheduler", "POST", f"{state.id}:pause", {})
    assert drift(provider, kind, state.id, inputs) == {"paused"}


@pytest.mark.parametrize("service", ["pubsub.googleapis.com"])
def test_an_api_that_was_disabled_by_hand_is_gone(
    provider: Provider, google: GoogleCloud, service: str
) -> None:
    kind = "gcp:projects/service:Service"
    inputs, state = make(provider, kind, {"service": service})
    google.call("serviceusage", "POST", f"projects/{PROJECT}/services/{service}:disable", {})
    assert drift(provider, kind, state.id, inputs) is None


def test_what_the_cloud_fills_in_is_seen_by_the_program_and_no_drift(provider: Provider) -> None:
    kind = "gcp:cloudfunctionsv2/function:Function"
    case = CASES[kind]
    inputs, state = make(provider, kind, filled(case.inputs, prepared(provider, case)))
    assert state.outputs["serviceConfig"]["uri"].startswith("https://ages-")
    assert state.outputs["serviceConfig"]["availableMemory"]
    assert state.outputs["serviceConfig"]["timeoutSeconds"] == 120
    found = provider.read(kind, state.id, inputs)
    assert found is not None
    assert found.outputs["serviceConfig"] == state.outputs["serviceConfig"]
    assert found.inputs["serviceConfig"] == inputs["serviceConfig"]


def test_a_preview_knows_what_it_does_not_know_deep_within(provider: Provider) -> None:
    kind = "gcp:cloudfunctionsv2/function:Function"
    inputs = provider.check(kind, "it", CASES[kind].inputs).inputs
    shown = provider.create(kind, inputs, preview=True).outputs["serviceConfig"]
    assert repr(shown["uri"]) == "UNKNOWN"
    assert shown["timeoutSeconds"] == 120
