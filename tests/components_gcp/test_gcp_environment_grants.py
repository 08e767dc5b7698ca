"""Who may do what in an environment on Google Cloud."""

from __future__ import annotations

from components.gcp.plans import ACCESSOR_ROLE
from tests.components.recording import Recording
from tests.components_gcp.catalogues import (
    EXISTING_ACCOUNT,
    NUMBER,
    POOL,
    WEB,
    gcp_catalogue,
    gcp_settings,
)
from tests.components_gcp.whole_environments import (
    ACCOUNT_KIND,
    AUDIT_CONFIG,
    BINDING,
    CUSTOM_ROLE,
    MEMBER,
    POOL_KIND,
    PROJECT_MEMBER,
    PROVIDER,
    build,
)


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
