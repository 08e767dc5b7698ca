"""Workload identity pools and their providers: whose tokens from elsewhere are believed, and what of them.

A deleted pool or provider is kept for 30 days, blocks its id, and can be brought back.
Source: iam v1 discovery document (WorkloadIdentityPool, WorkloadIdentityPoolProvider); IAM "Manage workload
identity pools and providers" (checked 2026-11-21).
"""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import timedelta
from typing import Any

from sandbox.gcp_server import times
from sandbox.gcp_server.access import cel
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import invalid, precondition
from sandbox.gcp_server.routing import Route
from sandbox.gcp_server.services import operations
from sandbox.gcp_server.services.collection import Collection, by_query

SERVICE = "iam.googleapis.com"
PACKAGE = "google.iam.v1."
POOLS = "/v1/projects/{project}/locations/global/workloadIdentityPools"
PROVIDERS = POOLS + "/{pool}/providers"
ITEM_ID = re.compile(r"[a-z0-9-]{4,32}")
RESERVED_PREFIX = "gcp-"
TARGET = re.compile(r"google\.(subject|groups|display_name|profile_photo)|attribute\.[a-z0-9_]{1,100}")
MOST_ATTRIBUTES = 50
MOST_EXPRESSION_CHARACTERS = 2048
MOST_CONDITION_CHARACTERS = 4096
KEPT_FOR = timedelta(days=30)
# Issuers that give tokens to everybody: Google demands a condition on their claims. Source: IAM "Configure
# Workload Identity Federation with deployment pipelines".
OPEN_ISSUERS = (
    "https://token.actions.githubusercontent.com",
    "https://gitlab.com",
    "https://app.terraform.io",
    "https://oidc.circleci.com",
    "https://agent.buildkite.com",
)
Record = dict[str, Any]


def _wrapped(call: Call, key: str, record: Record) -> Record:
    kind = "WorkloadIdentityPoolProvider" if "/providers/" in key else "WorkloadIdentityPool"
    name = key.replace(f"projects/{call.project.project_id}/", f"projects/{call.project.number}/", 1)
    metadata = {"@type": f"type.googleapis.com/{PACKAGE}{kind}OperationMetadata"}
    return operations.start(call, f"{name}/operations/op", record, PACKAGE + kind, metadata)


def _check_id(item_id: str) -> None:
    if not ITEM_ID.fullmatch(item_id) or item_id.startswith(RESERVED_PREFIX):
        raise invalid(
            "The id must have 4 to 32 lower-case letters, digits and hyphens, and not begin with `gcp-`."
        )


def _new_pool(call: Call, key: str, message: Record) -> Record:
    _check_id(key.rpartition("/")[2])
    return {**message, "name": key, "state": "ACTIVE"}


def _new_provider(call: Call, key: str, message: Record) -> Record:
    pool_key = key.partition("/providers/")[0]
    pool = call.world.records.get(pool_key)
    if pool is None or pool.get("state") != "ACTIVE":
        raise precondition(f"The pool {pool_key} does not exist or is deleted.")
    _check_id(key.rpartition("/")[2])
    record = {**message, "name": key, "state": "ACTIVE"}
    _check_provider(call, key, record)
    return record


def _check_provider(call: Call, key: str, record: Record) -> None:
    kinds = [kind for kind in ("oidc", "aws", "saml", "x509") if kind in record]
    if len(kinds) != 1:
        raise invalid("A provider has exactly one of oidc, aws, saml and x509.")
    mapping = record.get("attributeMapping") or {}
    _check_mapping(mapping, required=kinds[0] != "aws")
    condition = record.get("attributeCondition") or ""
    if len(condition) > MOST_CONDITION_CHARACTERS:
        raise invalid(f"The attribute condition has at most {MOST_CONDITION_CHARACTERS} characters.")
    if condition:
        _check_expression(condition, "attribute condition")
    if kinds[0] == "oidc":
        issuer = record["oidc"].get("issuerUri") or ""
        if not issuer.startswith("https://"):
            raise invalid("The issuer URI must begin with https://.")
        if issuer.startswith(OPEN_ISSUERS) and "assertion." not in condition.replace(
            "assertion[", "assertion."
        ):
            raise invalid(
                "The attribute condition must reference one of the provider's claims. For more information, "
                "see https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines"
            )


def _check_mapping(mapping: dict[str, str], *, required: bool) -> None:
    if required and "google.subject" not in mapping:
        raise invalid("The attribute mapping must map google.subject.")
    if sum(target.startswith("attribute.") for target in mapping) > MOST_ATTRIBUTES:
        raise invalid(f"A provider maps at most {MOST_ATTRIBUTES} attributes of its own.")
    for target, expression in mapping.items():
        if not TARGET.fullmatch(target):
            raise invalid(f"The attribute mapping has a target that does not exist: {target}.")
        if len(expression) > MOST_EXPRESSION_CHARACTERS:
            raise invalid(f"An attribute mapping has at most {MOST_EXPRESSION_CHARACTERS} characters.")
        _check_expression(expression, f"mapping of {target}")


def _check_expression(expression: str, what: str) -> None:
    try:
        cel.compile_expression(expression)
    except cel.BadSyntax:
        raise invalid(f"The {what} could not be parsed as CEL.") from None
    except cel.NotUnderstood:
        pass  # Google may know it; the token exchange says so when it meets it


class _Kept(Collection):
    """A collection whose deleted members are kept for a while."""

    def get(self, call: Call) -> Record:
        self._forget_old(call)
        return super().get(call)

    def create(self, call: Call) -> Record:
        self._forget_old(call)
        return super().create(call)

    def patch(self, call: Call) -> Record:
        self._refuse_deleted(call)
        return super().patch(call)

    def delete(self, call: Call) -> Record:
        self.allow(call, "delete", self.key(call))
        self._refuse_deleted(call)
        key, record = self.find(call)
        record["state"], record["expireTime"] = "DELETED", times.stamp(times.now() + KEPT_FOR)
        return self._done(call, key, deepcopy(record))

    def undelete(self, call: Call) -> Record:
        """Bring a deleted one back."""
        self.allow(call, "undelete", self.key(call))
        self._forget_old(call)
        key, record = self.find(call)
        if record["state"] != "DELETED":
            raise precondition("The resource is not deleted.")
        record["state"] = "ACTIVE"
        record.pop("expireTime")
        return self._done(call, key, record)

    def _refuse_deleted(self, call: Call) -> None:
        self._forget_old(call)
        record = call.world.records.get(self.key(call))
        if record is not None and record["state"] == "DELETED":
            raise precondition(f"{record['name']} is deleted.")

    def _forget_old(self, call: Call) -> None:
        now, records = times.now(), call.world.records
        old = [
            key
            for key, record in records.items()
            if "/workloadIdentityPools/" in key
            and record.get("state") == "DELETED"
            and times.moment(record["expireTime"]) <= now
        ]
        for key in [
            name for name in records if any(name == one or name.startswith(one + "/") for one in old)
        ]:
            del records[key]


POOL = _Kept(
    service=SERVICE,
    path=POOLS,
    item="pool",
    list_field="workloadIdentityPools",
    schema="WorkloadIdentityPool",
    permissions="iam.workloadIdentityPools",
    given=by_query("workloadIdentityPoolId"),
    complete=_new_pool,
    fixed=("name", "state", "expireTime", "mode"),
    by_number=True,
    operation=_wrapped,
    policy_get="POST",
)
PROVIDER = _Kept(
    service=SERVICE,
    path=PROVIDERS,
    item="provider",
    list_field="workloadIdentityPoolProviders",
    schema="WorkloadIdentityPoolProvider",
    permissions="iam.workloadIdentityPoolProviders",
    given=by_query("workloadIdentityPoolProviderId"),
    complete=_new_provider,
    fixed=("name", "state", "expireTime"),
    checked=_check_provider,
    by_number=True,
    operation=_wrapped,
)


def routes() -> list[Route]:
    """Every route of pools and providers."""
    found = [*POOL.routes(), *PROVIDER.routes()]
    for collection in (POOL, PROVIDER):
        found.append(collection.route("POST", f"{collection.item_path}:undelete", collection.undelete, "*"))
        path = f"{collection.item_path}/operations/{{operation}}"
        found.append(collection.route("GET", path, operations.get))
    return found
