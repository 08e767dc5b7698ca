"""What a program declares beside secrets: stored and returned in Google's shapes, with its errors.

Every answer of a test here is held against Google's discovery documents (conftest.Cloud.ask).
"""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from sandbox.gcp_server.routes import all_routes
from tests.sandbox_gcp.google_shapes import described

P = "/v1/projects/keyplan-sandbox"
NUMBER = "projects/123456789012"
LOCATION = "projects/keyplan-sandbox/locations/europe-west1"
STRANGER = "user:eve@example.com"
GITHUB = {"issuerUri": "https://token.actions.githubusercontent.com"}
PROVIDER = {
    "oidc": GITHUB,
    "attributeMapping": {"google.subject": "assertion.sub", "attribute.web": "assertion.repository_id"},
    "attributeCondition": "assertion.repository_id == '42' && assertion.ref == 'refs/heads/main'",
}


@pytest.mark.parametrize("route", all_routes(), ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_one_of_googles_methods(route: Any) -> None:
    assert described(route) is not None


def test_no_two_routes_fit_the_same_path() -> None:
    shapes = [route.shape for route in all_routes()]
    for one, other in itertools.combinations(shapes, 2):
        same_kind = (one[0], one[2], len(one[1])) == (other[0], other[2], len(other[1]))
        parts = zip(one[1], other[1], strict=False)
        assert not same_kind or any(a != b and "{" not in a + b for a, b in parts), (one, other)


def test_a_path_that_is_not_known_names_itself(cloud: Any) -> None:
    answer = cloud.ask("GET", "/v1/projects/keyplan-sandbox/instances")
    assert answer.status == 501
    assert "keyplan's sandbox has no GET /v1/projects/keyplan-sandbox/instances" in str(answer.body)


@pytest.mark.parametrize("reference", ["keyplan-sandbox", "123456789012"])
def test_a_project_is_named_by_its_id_or_its_number(cloud: Any, reference: str) -> None:
    body = cloud.do("GET", f"/v1/projects/{reference}")
    assert (body["projectId"], body["projectNumber"]) == ("keyplan-sandbox", "123456789012")
    assert cloud.do("GET", f"/v3/projects/{reference}")["name"] == NUMBER


def test_an_unknown_project_is_not_told_from_a_foreign_one(cloud: Any) -> None:
    answer = cloud.ask("GET", "/v1/projects/no-such-project/secrets")
    assert (answer.status, answer.reason) == (403, "CONSUMER_INVALID")
    assert answer.body["error"]["message"] == "Permission denied on resource project no-such-project."


def test_another_project_can_be_made(cloud: Any) -> None:
    made = cloud.finish("v1", cloud.do("POST", "/v1/projects", {"projectId": "another-project"}))
    assert made["projectId"] == "another-project"
    assert cloud.do("GET", f"/v1/projects/{made['projectNumber']}/secrets") == {"totalSize": 0}
    assert cloud.ask("POST", "/v1/projects", {"projectId": "another-project"}).status == 409


def test_an_unknown_field_is_refused_by_name(cloud: Any) -> None:
    answer = cloud.ask("PUT", f"{P}/topics/misspelt", {"lables": {}})
    assert answer.status == 400
    assert 'Unknown name "lables"' in answer.body["error"]["message"]


def test_a_disabled_api_says_which_and_how_to_enable_it(cloud: Any) -> None:
    service = f"{P}/services/secretmanager.googleapis.com"
    cloud.finish("v1", cloud.do("POST", f"{service}:disable", {}))
    assert cloud.do("GET", service)["state"] == "DISABLED"
    answer = cloud.ask("GET", f"{P}/secrets")
    assert (answer.status, answer.reason) == (403, "SERVICE_DISABLED")
    metadata = answer.body["error"]["details"][0]["metadata"]
    assert metadata["service"] == "secretmanager.googleapis.com"
    assert metadata["consumer"] == NUMBER
    cloud.finish("v1", cloud.do("POST", f"{service}:enable", {}))
    assert cloud.ask("GET", f"{P}/secrets").status == 200


def test_a_project_policy_keeps_its_bindings_and_audit_configuration(cloud: Any) -> None:
    policy = cloud.do("POST", f"{P}:getIamPolicy", {})
    audit = [{"service": "secretmanager.googleapis.com", "auditLogConfigs": [{"logType": "DATA_READ"}]}]
    given = {**policy, "auditConfigs": audit}
    cloud.do("POST", f"{P}:setIamPolicy", {"policy": given, "updateMask": "bindings,etag,auditConfigs"})
    assert cloud.do("POST", f"{P}:getIamPolicy", {})["auditConfigs"] == audit
    stale = cloud.ask("POST", f"{P}:setIamPolicy", {"policy": given})
    assert (stale.status, stale.body["error"]["status"]) == (409, "ABORTED")


def test_a_service_account_is_made_changed_and_deleted(cloud: Any) -> None:
    body = {"accountId": "prod-web-reader", "serviceAccount": {"displayName": "web"}}
    made = cloud.do("POST", f"{P}/serviceAccounts", body)
    assert made["email"] == "prod-web-reader@keyplan-sandbox.iam.gserviceaccount.com"
    assert cloud.ask("POST", f"{P}/serviceAccounts", body).status == 409
    one = f"/v1/projects/-/serviceAccounts/{made['email']}"
    assert cloud.do("GET", one) == made
    changed = cloud.do(
        "PATCH", one, {"serviceAccount": {"displayName": "other"}, "updateMask": "display_name"}
    )
    assert changed["displayName"] == "other"
    binding = {"role": "roles/iam.workloadIdentityUser", "members": [f"serviceAccount:{made['email']}"]}
    policy = cloud.do("POST", f"{one}:setIamPolicy", {"policy": {"bindings": [binding]}})
    assert cloud.do("POST", f"{one}:getIamPolicy")["bindings"] == policy["bindings"] == [binding]
    cloud.do("DELETE", one)
    assert cloud.ask("GET", one).status == 404
    assert cloud.ask("GET", one, member=STRANGER).status == 403


def test_a_policy_cannot_name_a_service_account_that_does_not_exist(cloud: Any) -> None:
    member = "serviceAccount:nobody-there@keyplan-sandbox.iam.gserviceaccount.com"
    policy = {"bindings": [{"role": "roles/viewer", "members": [member]}]}
    answer = cloud.ask("POST", f"{P}:setIamPolicy", {"policy": policy})
    assert answer.status == 400
    assert answer.body["error"]["message"].endswith("does not exist.")


def test_a_deleted_role_blocks_its_id_and_comes_back(cloud: Any) -> None:
    role = {"title": "operator", "includedPermissions": ["secretmanager.versions.add"], "stage": "GA"}
    made = cloud.do("POST", f"{P}/roles", {"roleId": "keyplan_prod_operator", "role": role})
    one = f"/v1/{made['name']}"
    assert cloud.do("DELETE", one)["deleted"] is True
    assert cloud.do("GET", one)["deleted"] is True
    assert cloud.do("GET", f"{P}/roles") == {}
    again = cloud.ask("POST", f"{P}/roles", {"roleId": "keyplan_prod_operator", "role": role})
    assert (again.status, again.body["error"]["status"]) == (400, "FAILED_PRECONDITION")
    assert "deleted" not in cloud.do("POST", f"{one}:undelete", {})
    cloud.do("DELETE", one)
    cloud.google.age(timedelta(days=38))
    assert cloud.ask("GET", one).status == 404
    cloud.do("POST", f"{P}/roles", {"roleId": "keyplan_prod_operator", "role": role})


@pytest.mark.parametrize(
    "permission", ["secretmanager.versions.read", "resourcemanager.projects.list", "all"]
)
def test_a_role_has_permissions_that_exist(cloud: Any, permission: str) -> None:
    role = {"title": "odd", "includedPermissions": [permission]}
    answer = cloud.ask("POST", f"{P}/roles", {"roleId": "odd_role", "role": role})
    assert answer.body["error"]["message"] == f"Permission {permission} is not valid."


def test_a_deleted_pool_blocks_its_name_for_30_days(cloud: Any) -> None:
    pools = f"{P}/locations/global/workloadIdentityPools"
    made = cloud.finish("v1", cloud.do("POST", f"{pools}?workloadIdentityPoolId=keyplan-dev", {}))
    assert made["name"] == f"{NUMBER}/locations/global/workloadIdentityPools/keyplan-dev"
    assert made["state"] == "ACTIVE"
    cloud.finish("v1", cloud.do("DELETE", f"{pools}/keyplan-dev"))
    assert cloud.do("GET", f"{pools}/keyplan-dev")["state"] == "DELETED"
    assert cloud.do("GET", pools) == {}
    assert len(cloud.do("GET", f"{pools}?showDeleted=true")["workloadIdentityPools"]) == 1
    assert cloud.ask("POST", f"{pools}?workloadIdentityPoolId=keyplan-dev", {}).status == 409
    restored = cloud.finish("v1", cloud.do("POST", f"{pools}/keyplan-dev:undelete", {}))
    assert restored["state"] == "ACTIVE"
    cloud.do("DELETE", f"{pools}/keyplan-dev")
    cloud.google.age(timedelta(days=31))
    assert cloud.ask("GET", f"{pools}/keyplan-dev").status == 404
    cloud.do("POST", f"{pools}?workloadIdentityPoolId=keyplan-dev", {})


def test_a_provider_keeps_its_condition(cloud: Any) -> None:
    pools = f"{P}/locations/global/workloadIdentityPools"
    cloud.do("POST", f"{pools}?workloadIdentityPoolId=keyplan-prod", {})
    providers = f"{pools}/keyplan-prod/providers"
    made = cloud.finish(
        "v1", cloud.do("POST", f"{providers}?workloadIdentityPoolProviderId=web-actions", PROVIDER)
    )
    assert made["attributeCondition"] == PROVIDER["attributeCondition"]
    changed = cloud.do(
        "PATCH",
        f"{providers}/web-actions?updateMask=attributeCondition",
        {"attributeCondition": "assertion.a == 'b'"},
    )
    assert cloud.finish("v1", changed)["attributeCondition"] == "assertion.a == 'b'"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"attributeCondition": ""}, "must reference one of the provider's claims"),
        ({"attributeCondition": "true"}, "must reference one of the provider's claims"),
        ({"attributeCondition": "assertion.ref =="}, "could not be parsed as CEL"),
        ({"attributeMapping": {"attribute.web": "assertion.sub"}}, "must map google.subject"),
        (
            {"attributeMapping": {"google.subject": "assertion.sub", "web": "'x'"}},
            "target that does not exist",
        ),
        ({"oidc": {"issuerUri": "http://example.com"}}, "must begin with https://"),
        ({"aws": {"accountId": "123456789012"}}, "exactly one of"),
    ],
)
def test_a_provider_that_google_would_refuse_is_refused(cloud: Any, change: Any, message: str) -> None:
    pools = f"{P}/locations/global/workloadIdentityPools"
    cloud.ask("POST", f"{pools}?workloadIdentityPoolId=refusals", {})
    path = f"{pools}/refusals/providers?workloadIdentityPoolProviderId=refused"
    answer = cloud.ask("POST", path, {**PROVIDER, **change})
    assert answer.status == 400
    assert message in answer.body["error"]["message"]


def test_a_topic_is_made_changed_published_to_and_deleted(cloud: Any) -> None:
    topic = f"{P}/topics/prod-notices"
    assert cloud.do("PUT", topic, {"labels": {"environment": "prod"}})["name"] == topic[4:]
    assert cloud.ask("PUT", topic, {}).status == 409
    body = {"topic": {"name": topic[4:], "labels": {}}, "updateMask": "labels"}
    assert cloud.do("PATCH", topic, body)["labels"] == {}
    assert len(cloud.do("POST", f"{topic}:publish", {"messages": [{"data": "eA=="}]})["messageIds"]) == 1
    assert cloud.ask("POST", f"{topic}:publish", {"messages": []}, STRANGER).status == 403
    cloud.do("DELETE", topic)
    assert cloud.ask("GET", topic).body["error"]["message"] == "Resource not found (resource=prod-notices)."


def _channel(cloud: Any) -> str:
    body = {"type": "email", "displayName": "ml", "labels": {"email_address": "ml@example.com"}}
    return str(cloud.do("POST", "/v3/projects/keyplan-sandbox/notificationChannels", body)["name"])


def _alert(channel: str, **condition: Any) -> dict[str, Any]:
    return {
        "displayName": "overdue",
        "combiner": "OR",
        "conditions": [{"displayName": "overdue", **condition}],
        "notificationChannels": [channel],
        "alertStrategy": {"notificationRateLimit": {"period": "300s"}},
    }


def test_an_alert_policy_needs_channels_that_exist_and_holds_them(cloud: Any) -> None:
    policies, channel = "/v3/projects/keyplan-sandbox/alertPolicies", _channel(cloud)
    alert = _alert(channel, conditionMatchedLog={"filter": 'jsonPayload.state="overdue"'})
    made = cloud.do("POST", policies, alert)
    assert made["conditions"][0]["name"].startswith(made["name"] + "/conditions/")
    assert cloud.ask("DELETE", f"/v3/{channel}").status == 400
    missing = {**alert, "notificationChannels": [channel + "0"]}
    assert cloud.ask("POST", policies, missing).status == 404
    changed = cloud.do("PATCH", f"/v3/{made['name']}?updateMask=enabled", {"enabled": False})
    assert changed["enabled"] is False
    assert changed["displayName"] == "overdue"
    cloud.do("DELETE", f"/v3/{made['name']}")
    cloud.do("DELETE", f"/v3/{channel}")


@pytest.mark.parametrize(
    "condition",
    [
        {"conditionMatchedLog": {"filter": ""}},
        {"conditionMatchedLog": {"filter": 'severity="ERROR" AND ('}},
        {"conditionAbsent": {"filter": 'metric.type="x"', "duration": "86400s"}},
        {"conditionAbsent": {"filter": 'resource.type="global"', "duration": "300s"}},
        {},
    ],
)
def test_an_alert_policy_that_google_would_refuse_is_refused(cloud: Any, condition: Any) -> None:
    answer = cloud.ask(
        "POST", "/v3/projects/keyplan-sandbox/alertPolicies", _alert(_channel(cloud), **condition)
    )
    assert answer.status == 400


def test_a_log_metric_is_made_replaced_and_deleted(cloud: Any) -> None:
    metrics = "/v2/projects/keyplan-sandbox/metrics"
    body = {"name": "keyplan/heartbeat", "filter": 'jsonPayload.kind="heartbeat"'}
    made = cloud.do("POST", metrics, body)
    assert made["metricDescriptor"]["type"] == "logging.googleapis.com/user/keyplan/heartbeat"
    one = f"{metrics}/keyplan%2Fheartbeat"
    assert cloud.do("GET", one)["name"] == "keyplan/heartbeat"
    assert cloud.do("PUT", one, {**body, "description": "beats"})["description"] == "beats"
    cloud.do("DELETE", one)
    assert cloud.ask("GET", one).status == 404


def test_a_scheduler_job_is_made_paused_and_deleted(cloud: Any) -> None:
    jobs = f"/v1/{LOCATION}/jobs"
    job = {
        "name": f"{LOCATION}/jobs/reminder",
        "schedule": "17 */6 * * *",
        "httpTarget": {"uri": "https://example.com", "httpMethod": "POST"},
    }
    made = cloud.do("POST", jobs, job)
    assert (made["state"], made["timeZone"]) == ("ENABLED", "Etc/UTC")
    assert cloud.ask("POST", jobs, job).status == 409
    assert cloud.ask("POST", jobs, {**job, "name": f"{LOCATION}/jobs/odd", "schedule": "daily"}).status == 400
    assert cloud.do("POST", f"{jobs}/reminder:pause", {})["state"] == "PAUSED"
    changed = cloud.do("PATCH", f"{jobs}/reminder?updateMask=schedule", {"schedule": "0 * * * *"})
    assert changed["schedule"] == "0 * * * *"
    cloud.do("DELETE", f"{jobs}/reminder")


def test_an_object_is_uploaded_read_and_keeps_its_bucket(cloud: Any) -> None:
    made = cloud.do(
        "POST", "/storage/v1/b?project=keyplan-sandbox", {"name": "sources", "location": "europe-west1"}
    )
    assert (made["location"], made["locationType"]) == ("EUROPE-WEST1", "region")
    content = bytes(range(256)) + b"\r\n--x\r\n"
    kind = {"Content-Type": "application/zip"}
    upload = "/upload/storage/v1/b/sources/o?uploadType=media&name=functions%2Freminder.zip"
    answer = cloud.ask("POST", upload, content, headers=kind)
    assert (answer.status, answer.body["name"], answer.body["size"]) == (200, "functions/reminder.zip", "263")
    one = "/storage/v1/b/sources/o/functions%2Freminder.zip"
    assert cloud.do("GET", f"{one}?alt=media") == content
    assert [
        item["name"] for item in cloud.do("GET", "/storage/v1/b/sources/o?prefix=functions/")["items"]
    ] == ["functions/reminder.zip"]
    assert cloud.ask("DELETE", "/storage/v1/b/sources").status == 409
    cloud.do("DELETE", one)
    cloud.do("DELETE", "/storage/v1/b/sources")
    missing = cloud.ask("GET", "/storage/v1/b/sources").body["error"]
    assert missing["errors"][0]["reason"] == "notFound"


def test_an_object_can_be_uploaded_with_its_description(cloud: Any) -> None:
    cloud.ask("POST", "/storage/v1/b?project=keyplan-sandbox", {"name": "described"})
    content = bytes(range(256)) * 3 + b"\n"
    body = (
        b'--sep\r\nContent-Type: application/json\r\n\r\n{"name": "a.zip"}\r\n'
        b"--sep\r\nContent-Type: application/zip\r\n\r\n" + content + b"\r\n--sep--\r\n"
    )
    kind = {"Content-Type": "multipart/related; boundary=sep"}
    answer = cloud.ask("POST", "/upload/storage/v1/b/described/o?uploadType=multipart", body, headers=kind)
    assert answer.body["contentType"] == "application/zip"
    assert cloud.do("GET", "/storage/v1/b/described/o/a.zip?alt=media") == content


def test_a_function_is_deployed_from_its_source_and_runs_as_a_service(cloud: Any) -> None:
    functions = f"/v2/{LOCATION}/functions"
    source = {"storageSource": {"bucket": "code", "object": "reminder.zip"}}
    body = {"buildConfig": {"runtime": "python312", "entryPoint": "main", "source": source}}
    assert cloud.ask("POST", f"{functions}?functionId=reminder", body).status == 400
    cloud.ask("POST", "/storage/v1/b?project=keyplan-sandbox", {"name": "code"})
    cloud.ask("POST", "/upload/storage/v1/b/code/o?uploadType=media&name=reminder.zip", b"zip")
    begun = cloud.do("POST", f"{functions}?functionId=reminder", body)
    made = cloud.finish("v2", begun)
    assert made["state"] == "ACTIVE"
    service = f"/v2/{made['serviceConfig']['service']}"
    assert cloud.do("GET", service)["uri"] == made["serviceConfig"]["uri"]
    binding = {"role": "roles/run.invoker", "members": ["allUsers"]}
    cloud.do("POST", f"{service}:setIamPolicy", {"policy": {"bindings": [binding]}})
    assert cloud.do("GET", f"{service}:getIamPolicy")["bindings"] == [binding]
    cloud.finish("v2", cloud.do("DELETE", f"{functions}/reminder"))
    assert cloud.ask("GET", service).status == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"{P}:getIamPolicy", {}),
        ("POST", f"{P}:setIamPolicy", {"policy": {}}),
        ("POST", f"{P}/serviceAccounts", {"accountId": "strangers-own"}),
        ("POST", f"{P}/roles", {"roleId": "strange", "role": {}}),
        ("PUT", f"{P}/topics/strange", {}),
        ("GET", f"/v2/{LOCATION}/functions", None),
        ("GET", "/storage/v1/b?project=keyplan-sandbox", None),
        ("POST", "/v2/entries:list", {"resourceNames": ["projects/keyplan-sandbox"]}),
        ("POST", f"{P}/services/run.googleapis.com:disable", {}),
        ("GET", f"{P}/secrets", None),
    ],
)
def test_a_stranger_may_do_nothing(cloud: Any, method: str, path: str, body: Any) -> None:
    assert cloud.ask(method, path, body, STRANGER).status == 403


@pytest.mark.parametrize("token", [None, "user:", "ada@example.com", "user:ada@example.com?age=3"])
def test_without_a_credential_nobody_gets_an_answer(cloud: Any, token: str | None) -> None:
    answer = cloud.ask("GET", f"{P}/secrets", member=token)
    assert (answer.status, answer.body["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_a_web_page_and_a_foreign_host_get_no_answer(cloud: Any) -> None:
    for header in ({"Origin": "http://example.com"}, {"Host": "example.com"}):
        assert cloud.ask("GET", f"{P}/secrets", headers=header).status == 403
