"""IAM service accounts, and tokens of one account for another (impersonation)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from sandbox.gcp_server import times
from sandbox.gcp_server.access.decisions import Resource, require
from sandbox.gcp_server.access.identity import Identity, write_token
from sandbox.gcp_server.access.policies import Policy
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import already_exists, denied, invalid, not_found
from sandbox.gcp_server.paging import page
from sandbox.gcp_server.routing import Route
from sandbox.gcp_server.services import masks
from sandbox.gcp_server.world import OWN_ACCOUNT, Project

SERVICE = "iam.googleapis.com"
CREDENTIALS_SERVICE = "iamcredentials.googleapis.com"
ACCOUNT_ID = re.compile(r"[a-z]([-a-z0-9]{4,28}[a-z0-9])")
ALL = "/v1/projects/{project}/serviceAccounts"
ONE = ALL + "/{account}"
FIXED = ("name", "projectId", "uniqueId", "email", "oauth2ClientId", "disabled")
MOST_ON_A_PAGE = 100
FIRST_UNIQUE_ID = 100_000_000_000_000_000_000
LONGEST_TOKEN = timedelta(hours=1)
USUAL_TOKEN = "3600s"  # noqa: S105
Record = dict[str, Any]


def _create(call: Call) -> Record:
    project, body = call.project, call.body
    account_id = body.get("accountId") or ""
    if not ACCOUNT_ID.fullmatch(account_id):
        raise invalid(
            "The account ID must be between 6 and 30 characters, begin with a lower-case letter, and have "
            "lower-case letters, digits and hyphens only."
        )
    email = f"{account_id}@{project.project_id}.iam.gserviceaccount.com"
    name = f"projects/{project.project_id}/serviceAccounts/{email}"
    if name in call.world.records:
        raise already_exists(
            f"Service account {account_id} already exists within project projects/{project.project_id}."
        )
    unique_id = str(FIRST_UNIQUE_ID + call.world.next_number())
    record: Record = {
        "name": name,
        "projectId": project.project_id,
        "uniqueId": unique_id,
        "email": email,
        "etag": "MDEwMjE5MjA=",
        "oauth2ClientId": unique_id,
    }
    for field in ("displayName", "description"):
        if (body.get("serviceAccount") or {}).get(field):
            record[field] = body["serviceAccount"][field]
    call.world.records[name] = record
    return dict(record)


def _list(call: Call) -> Record:
    prefix = f"projects/{call.project.project_id}/serviceAccounts/"
    found = [dict(record) for key, record in sorted(call.world.records.items()) if key.startswith(prefix)]
    shown, token = page(call, found, MOST_ON_A_PAGE)
    return {**({"accounts": shown} if shown else {}), **({"nextPageToken": token} if token else {})}


def _find(call: Call, permission: str) -> tuple[Project, str, Record]:
    """The account that the path names, by address or unique id, in `-` as well; the caller may see it."""
    reference, world = call.names["account"], call.world
    key = next(
        (
            name
            for name, record in world.records.items()
            if "/serviceAccounts/" in name and reference in (record.get("email"), record.get("uniqueId"))
        ),
        None,
    )
    project = _project(call, key)
    if project is None:
        raise denied(permission, f"projects/-/serviceAccounts/{reference}")
    shown = f"projects/{project.project_id}/serviceAccounts/{reference}"
    policy = world.policies.get(key) if key else None
    resource = Resource(shown, f"//{SERVICE}/{shown}", f"{SERVICE}/ServiceAccount", SERVICE, policy)
    require(project, call.caller, permission, resource)
    if key is None or not key.startswith(f"projects/{project.project_id}/"):
        raise not_found(f"Unknown service account: {reference}")
    return project, key, world.records[key]


def _project(call: Call, key: str | None) -> Project | None:
    reference = call.names["project"]
    if reference == "-" and key:
        reference = key.split("/")[1]
    elif reference == "-":
        match = OWN_ACCOUNT.fullmatch(call.names["account"])
        reference = match.group(1) if match else ""
    return call.world.find_project(reference)


def _get(call: Call) -> Record:
    return dict(_find(call, "iam.serviceAccounts.get")[2])


def _patch(call: Call) -> Record:
    _, key, record = _find(call, "iam.serviceAccounts.update")
    body = call.body
    changed = masks.apply(record, body.get("serviceAccount") or {}, body.get("updateMask") or "", FIXED)
    call.world.records[key] = changed
    return dict(changed)


def _delete(call: Call) -> Record:
    _, key, record = _find(call, "iam.serviceAccounts.delete")
    del call.world.records[key]
    call.world.policies.pop(key, None)
    call.world.forget_account(record["email"], record["uniqueId"])
    return {}


def _disable(call: Call) -> Record:
    _find(call, "iam.serviceAccounts.disable")[2]["disabled"] = True
    return {}


def _enable(call: Call) -> Record:
    _find(call, "iam.serviceAccounts.enable")[2].pop("disabled", None)
    return {}


def _get_policy(call: Call) -> Record:
    _, key, _ = _find(call, "iam.serviceAccounts.getIamPolicy")
    version = call.ask("options.requestedPolicyVersion") or "0"
    return call.world.policies.setdefault(key, Policy()).shown(int(version) if version.isdigit() else 0)


def _set_policy(call: Call) -> Record:
    project, key, _ = _find(call, "iam.serviceAccounts.setIamPolicy")
    policy, body = call.world.policies.setdefault(key, Policy()), call.body
    policy.replace(project, body.get("policy") or {}, body.get("updateMask") or "")
    return policy.shown(3)


def _access_token(call: Call) -> Record:
    """GenerateAccessToken: who may, gets a credential of the account."""
    _, _, record = _find(call, "iam.serviceAccounts.getAccessToken")
    body = call.body
    if not body.get("scope"):
        raise invalid("Scope required.")
    lifetime = times.duration(body.get("lifetime") or USUAL_TOKEN, "lifetime")
    if not timedelta(0) < lifetime <= LONGEST_TOKEN:
        raise invalid("The access token lifetime cannot exceed 3600 seconds.")
    if record.get("disabled"):
        raise not_found(f"Service account {record['email']} is disabled.")
    ends = (times.now() + lifetime).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"accessToken": write_token(Identity(f"serviceAccount:{record['email']}")), "expireTime": ends}


def routes() -> list[Route]:
    """Every route of service accounts."""

    def route(method: str, path: str, handler: Any, schema: str = "", permission: str = "") -> Route:
        return Route(method, path, handler, SERVICE, permission, schema)

    return [
        route("POST", ALL, _create, "CreateServiceAccountRequest", "iam.serviceAccounts.create"),
        route("GET", ALL, _list, permission="iam.serviceAccounts.list"),
        route("GET", ONE, _get),
        route("PATCH", ONE, _patch, "PatchServiceAccountRequest"),
        route("DELETE", ONE, _delete),
        route("POST", f"{ONE}:disable", _disable, "*"),
        route("POST", f"{ONE}:enable", _enable, "*"),
        route("POST", f"{ONE}:getIamPolicy", _get_policy),
        route("POST", f"{ONE}:setIamPolicy", _set_policy, "SetIamPolicyRequest"),
        Route(
            "POST",
            f"{ONE}:generateAccessToken",
            _access_token,
            CREDENTIALS_SERVICE,
            request_schema="GenerateAccessTokenRequest",
        ),
    ]
