"""Who is let in: bindings, conditions, sets of federated identities, custom roles, and what is logged."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

P = "/v1/projects/keyplan-sandbox"
NUMBER = "projects/123456789012"
POOL = f"//iam.googleapis.com/{NUMBER}/locations/global/workloadIdentityPools/keyplan-prod"
READER = "user:ada@example.com"
ACCESSOR = "roles/secretmanager.secretAccessor"
METHOD = "google.cloud.secretmanager.v1.SecretManagerService.AccessSecretVersion"
numbers = itertools.count()


@pytest.fixture
def secret(cloud: Any) -> str:
    """The id of a secret with one version."""
    name = f"guarded-{next(numbers)}"
    cloud.do("POST", f"{P}/secrets?secretId={name}", {"replication": {"automatic": {}}})
    cloud.do("POST", f"{P}/secrets/{name}:addVersion", {"payload": {"data": "eA=="}})
    return name


def _bind(cloud: Any, secret: str, member: str, role: str = ACCESSOR, **more: Any) -> None:
    policy = {"version": 3, "bindings": [{"role": role, "members": [member], **more}]}
    cloud.do("POST", f"{P}/secrets/{secret}:setIamPolicy", {"policy": policy})


def _reads(cloud: Any, secret: str, member: str) -> bool:
    status = cloud.ask("GET", f"{P}/secrets/{secret}/versions/1:access", member=member).status
    assert status in (200, 403)
    return status == 200


@pytest.mark.parametrize(
    ("member", "caller", "reads"),
    [
        ("user:ada@example.com", "user:ada@example.com", True),
        ("user:Ada@Example.com", "user:ada@example.com", True),
        ("user:ada@example.com", "user:eve@example.com", False),
        ("user:ada@example.com", "serviceAccount:ada@example.com", False),
        ("group:ops@example.com", "user:ada@example.com?group=ops@example.com", True),
        ("group:ops@example.com", "user:ada@example.com", False),
        ("domain:example.com", "user:ada@example.com", True),
        ("domain:example.com", "user:ada@badexample.com", False),
        ("allAuthenticatedUsers", "user:eve@example.com", True),
        ("allAuthenticatedUsers", f"principal:{POOL}/subject/x", False),
        ("allUsers", f"principal:{POOL}/subject/x", True),
        (f"principal:{POOL}/subject/repo:a/b", f"principal:{POOL}/subject/repo:a/b", True),
        (f"principal:{POOL}/subject/repo:a/b", f"principal:{POOL}/subject/repo:a/B", False),
        (f"principalSet:{POOL}/attribute.web/42", f"principal:{POOL}/subject/x?attribute.web=42", True),
        (f"principalSet:{POOL}/attribute.web/42", f"principal:{POOL}/subject/x?attribute.web=421", False),
        (f"principalSet:{POOL}/attribute.web/42", f"principal:{POOL}/subject/x?attribute.api=42", False),
        (f"principalSet:{POOL}/attribute.web/42", f"principal:{POOL}2/subject/x?attribute.web=42", False),
        (f"principalSet:{POOL}/group/ops", f"principal:{POOL}/subject/x?group=ops", True),
        (f"principalSet:{POOL}/*", f"principal:{POOL}/subject/x", True),
        (f"principalSet:{POOL}/*", f"principal:{POOL}-other/subject/x", False),
        ("serviceAccount:p.svc.id.goog[web/app]", "serviceAccount:p.svc.id.goog[web/app]", True),
    ],
)
def test_a_member_means_exactly_its_identities(
    cloud: Any, secret: str, member: str, caller: str, reads: bool
) -> None:
    _bind(cloud, secret, member)
    assert _reads(cloud, secret, caller) is reads


@pytest.mark.parametrize(
    ("expression", "reads"),
    [
        ('resource.name.startsWith("projects/123456789012/secrets/guarded-")', True),
        ('resource.name.startsWith("projects/123456789012/secrets/other")', False),
        ('resource.type == "secretmanager.googleapis.com/SecretVersion"', True),
        ('request.time < timestamp("2020-01-01T00:00:00Z")', False),
        ('request.time > timestamp("2020-01-01T00:00:00Z") && !(resource.service == "x")', True),
        ('resource.name.endsWith("/versions/1") || resource.name.unknownThing()', False),
        ("resource.name", False),
        ("resource.colour == 'red'", False),
        ("resource.colour == 'red' || true", True),
    ],
)
def test_a_condition_decides(cloud: Any, secret: str, expression: str, reads: bool) -> None:
    _bind(cloud, secret, READER, condition={"title": "test", "expression": expression})
    assert _reads(cloud, secret, READER) is reads


def test_a_condition_that_is_not_understood_denies_and_says_so(cloud: Any, secret: str) -> None:
    _bind(cloud, secret, READER, condition={"title": "t", "expression": "resource.matchTag('a', 'b')"})
    answer = cloud.ask("GET", f"{P}/secrets/{secret}/versions/1:access", member=READER)
    assert answer.status == 403
    assert "does not understand the condition" in answer.body["error"]["details"][1]["detail"]


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"bindings": [{"role": ACCESSOR, "members": ["ada@example.com"]}]}, "unknown type or malformed"),
        ({"bindings": [{"role": "secretAccessor", "members": []}]}, "is not supported"),
        ({"bindings": [{"role": "projects/keyplan-sandbox/roles/none", "members": []}]}, "does not exist"),
        (
            {
                "bindings": [
                    {"role": ACCESSOR, "members": [], "condition": {"title": "t", "expression": "true"}}
                ]
            },
            "policy version to be 3",
        ),
        (
            {
                "version": 3,
                "bindings": [
                    {"role": ACCESSOR, "members": [], "condition": {"title": "t", "expression": "a =="}}
                ],
            },
            "compilation failed",
        ),
    ],
)
def test_a_policy_that_google_would_refuse_is_refused(
    cloud: Any, secret: str, policy: Any, message: str
) -> None:
    answer = cloud.ask("POST", f"{P}/secrets/{secret}:setIamPolicy", {"policy": policy})
    assert answer.status == 400
    assert message in answer.body["error"]["message"]


def test_a_reader_of_an_old_version_sees_no_condition(cloud: Any, secret: str) -> None:
    _bind(cloud, secret, READER, condition={"title": "t", "expression": "true"})
    path = f"{P}/secrets/{secret}:getIamPolicy"
    old = cloud.do("GET", path)
    assert old["version"] == 1
    assert old["bindings"][0]["role"].startswith(f"{ACCESSOR}_withcond_")
    new = cloud.do("GET", f"{path}?options.requestedPolicyVersion=3")
    assert (new["version"], new["bindings"][0]["condition"]["expression"]) == (3, "true")


def test_a_policy_that_changed_meanwhile_is_not_overwritten(cloud: Any, secret: str) -> None:
    path = f"{P}/secrets/{secret}"
    read = cloud.do("GET", f"{path}:getIamPolicy")
    assert read == {"etag": "ACAB"}
    _bind(cloud, secret, READER)
    answer = cloud.ask("POST", f"{path}:setIamPolicy", {"policy": {**read, "bindings": []}})
    assert (answer.status, answer.body["error"]["status"]) == (409, "ABORTED")
    assert _reads(cloud, secret, READER)


def test_a_custom_role_allows_what_it_names_until_it_is_deleted(cloud: Any, secret: str) -> None:
    operator = "user:operator@example.com"
    permissions = ["secretmanager.versions.add", "secretmanager.secrets.get"]
    role = cloud.do(
        "POST", f"{P}/roles", {"roleId": "operator_role", "role": {"includedPermissions": permissions}}
    )
    _bind(cloud, secret, operator, role["name"])
    add = ("POST", f"{P}/secrets/{secret}:addVersion", {"payload": {"data": "eQ=="}}, operator)
    assert cloud.ask(*add).status == 200
    assert not _reads(cloud, secret, operator)
    held = {"permissions": [*permissions, "secretmanager.versions.access"]}
    tested = cloud.do("POST", f"{P}/secrets/{secret}:testIamPermissions", held, operator)
    assert tested == {"permissions": permissions}
    cloud.do("DELETE", f"/v1/{role['name']}")
    assert cloud.ask(*add).status == 403


def test_permissions_of_a_secret_that_is_not_there_are_none(cloud: Any) -> None:
    asked = {"permissions": ["secretmanager.versions.access"]}
    assert cloud.do("POST", f"{P}/secrets/no-such:testIamPermissions", asked) == {}


def test_a_binding_of_the_project_counts_for_every_secret(cloud: Any, secret: str) -> None:
    policy = cloud.do("POST", f"{P}:getIamPolicy", {})
    viewer = {"role": "roles/viewer", "members": ["user:viewer@example.com"]}
    cloud.do("POST", f"{P}:setIamPolicy", {"policy": {**policy, "bindings": [*policy["bindings"], viewer]}})
    assert cloud.ask("GET", f"{P}/secrets/{secret}", member="user:viewer@example.com").status == 200
    assert not _reads(cloud, secret, "user:viewer@example.com")


def _entries(cloud: Any, secret: str) -> list[dict[str, Any]]:
    asked = {
        "resourceNames": ["projects/keyplan-sandbox"],
        "filter": f'protoPayload.methodName="{METHOD}" AND protoPayload.resourceName:"/{secret}/"',
    }
    return list(cloud.do("POST", "/v2/entries:list", asked).get("entries", []))


def test_reads_are_logged_where_the_project_asks_for_it(cloud: Any, secret: str) -> None:
    _bind(cloud, secret, f"principalSet:{POOL}/attribute.web/42")
    assert not _reads(cloud, secret, "user:eve@example.com")
    assert _entries(cloud, secret) == []
    policy = cloud.do("POST", f"{P}:getIamPolicy", {})
    exempt = {"logType": "DATA_READ", "exemptedMembers": [READER]}
    audit = [{"service": "secretmanager.googleapis.com", "auditLogConfigs": [exempt]}]
    body = {"policy": {**policy, "auditConfigs": audit}, "updateMask": "auditConfigs"}
    cloud.do("POST", f"{P}:setIamPolicy", body)
    federated = f"principal:{POOL}/subject/repo:a/b"
    assert _reads(cloud, secret, f"{federated}?attribute.web=42")
    assert not _reads(cloud, secret, "user:eve@example.com")
    assert not _reads(cloud, secret, READER)
    allowed, denied = _entries(cloud, secret)
    assert allowed["logName"] == "projects/keyplan-sandbox/logs/cloudaudit.googleapis.com%2Fdata_access"
    assert allowed["resource"]["labels"]["service"] == "secretmanager.googleapis.com"
    assert allowed["protoPayload"]["resourceName"] == f"{NUMBER}/secrets/{secret}/versions/1"
    assert allowed["protoPayload"]["authenticationInfo"] == {"principalSubject": federated}
    assert allowed["protoPayload"]["authorizationInfo"][0]["granted"] is True
    assert denied["protoPayload"]["authenticationInfo"]["principalEmail"] == "eve@example.com"
    assert denied["protoPayload"]["status"]["code"] == 7
    assert denied["severity"] == "ERROR"


def test_the_data_access_log_is_shown_to_those_who_may_see_private_entries(cloud: Any, secret: str) -> None:
    policy = cloud.do("POST", f"{P}:getIamPolicy", {})
    grants = [
        {"role": "roles/logging.viewer", "members": ["user:few@example.com", "user:all@example.com"]},
        {"role": "roles/logging.privateLogViewer", "members": ["user:all@example.com"]},
    ]
    audit = [{"service": "allServices", "auditLogConfigs": [{"logType": "DATA_READ"}]}]
    changed = {**policy, "bindings": [*policy["bindings"], *grants], "auditConfigs": audit}
    cloud.do("POST", f"{P}:setIamPolicy", {"policy": changed, "updateMask": "bindings,auditConfigs"})
    assert not _reads(cloud, secret, "user:eve@example.com")
    asked = {"resourceNames": ["projects/keyplan-sandbox"], "filter": f'protoPayload.methodName="{METHOD}"'}
    assert cloud.do("POST", "/v2/entries:list", asked, "user:few@example.com") == {}
    assert cloud.do("POST", "/v2/entries:list", asked, "user:all@example.com")["entries"]


def test_entries_are_written_and_found_again(cloud: Any) -> None:
    entries = [{"jsonPayload": {"kind": "reminder", "days": days}, "severity": "WARNING"} for days in (3, 20)]
    log = "projects/keyplan-sandbox/logs/keyplan-reminder"
    cloud.do("POST", "/v2/entries:write", {"logName": log, "entries": entries, "labels": {"a": "b"}})
    asked = {
        "resourceNames": ["projects/keyplan-sandbox"],
        "filter": 'logName="projects/keyplan-sandbox/logs/keyplan-reminder" jsonPayload.days>=10',
    }
    (found,) = cloud.do("POST", "/v2/entries:list", asked)["entries"]
    assert (found["jsonPayload"]["days"], found["labels"]) == (20, {"a": "b"})
    asked["filter"] = 'jsonPayload.kind=("other" OR "reminder") AND NOT severity=ERROR'
    body = {**asked, "pageSize": 1, "orderBy": "timestamp desc"}
    first = cloud.do("POST", "/v2/entries:list", body)
    second = cloud.do("POST", "/v2/entries:list", {**body, "pageToken": first["nextPageToken"]})
    assert len(first["entries"]) == len(second["entries"]) == 1


def test_an_account_of_the_same_name_has_no_grants_of_the_deleted_one(cloud: Any, secret: str) -> None:
    made = cloud.do("POST", f"{P}/serviceAccounts", {"accountId": "made-again"})
    member = f"serviceAccount:{made['email']}"
    _bind(cloud, secret, member)
    assert _reads(cloud, secret, member)
    cloud.do("DELETE", f"{P}/serviceAccounts/{made['email']}")
    cloud.do("POST", f"{P}/serviceAccounts", {"accountId": "made-again"})
    assert not _reads(cloud, secret, member)
    policy = cloud.do("GET", f"{P}/secrets/{secret}:getIamPolicy")
    assert policy["bindings"][0]["members"] == [f"deleted:{member}?uid={made['uniqueId']}"]
    cloud.do("POST", f"{P}/secrets/{secret}:setIamPolicy", {"policy": policy})


def test_a_disabled_account_or_pool_is_out_at_once(cloud: Any, secret: str) -> None:
    account = cloud.do("POST", f"{P}/serviceAccounts", {"accountId": "to-be-disabled"})
    member = f"serviceAccount:{account['email']}"
    _bind(cloud, secret, member)
    assert _reads(cloud, secret, member)
    cloud.do("POST", f"{P}/serviceAccounts/{account['email']}:disable", {})
    assert cloud.ask("GET", f"{P}/secrets/{secret}/versions/1:access", member=member).status == 401
    cloud.do("POST", f"{P}/serviceAccounts/{account['email']}:enable", {})
    assert _reads(cloud, secret, member)
    pools = f"{P}/locations/global/workloadIdentityPools"
    cloud.do("POST", f"{pools}?workloadIdentityPoolId=keyplan-prod", {})
    _bind(cloud, secret, f"principalSet:{POOL}/*")
    assert _reads(cloud, secret, f"principal:{POOL}/subject/x")
    cloud.do("DELETE", f"{pools}/keyplan-prod")
    path = f"{P}/secrets/{secret}/versions/1:access"
    assert cloud.ask("GET", path, member=f"principal:{POOL}/subject/x").status == 401
