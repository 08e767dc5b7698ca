"""Workload identity: pools of outside identities, and the issuers that they come from.

What is deleted stays for thirty days and keeps its id; the real provider then refuses to make one of that id.
Source: IAM documentation, "Manage workload identity pools and providers" (checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from sandbox.provider.errors import AlreadyExists
from sandbox.provider.gcp.cloud import GoogleCloud
from sandbox.provider.gcp.resource import DELETION, RestType
from sandbox.provider.handler import Properties

POOL = "projects/{project}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}"


class _Restorable(RestType):
    """What pools and providers have in common."""

    service = "iampools"
    operations = True
    recoverable = True
    computed = ("name", "project", "state")
    kept: ClassVar[Sequence[str]] = ("project",)
    local = ("deletionPolicy",)
    defaults = MappingProxyType(DELETION)
    noun = ""

    def explain_conflict(self, cloud: GoogleCloud, path: str) -> None:
        """A deleted one can be restored."""
        if cloud.call(self.service, "GET", path).get("state") == "DELETED":
            raise AlreadyExists(
                f"the {self.noun} {path} was deleted less than thirty days ago, and an id is not "
                "free again before that",
                f"restore it: {self._restoring(path)}; then adopt it with the resource option "
                f'import_="{path}"',
            )

    def _restoring(self, path: str) -> str:
        """The command that restores it."""
        parts = path.split("/")
        in_pool = f" --workload-identity-pool {parts[5]}" if len(parts) > len(POOL.split("/")) else ""
        group = "providers undelete" if in_pool else "undelete"
        where = f"--location global --project {parts[1]}"
        return f"gcloud iam workload-identity-pools {group} {parts[-1]}{in_pool} {where}"


class WorkloadIdentityPool(_Restorable):
    """Id: `projects/P/locations/global/workloadIdentityPools/ID`."""

    kind = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool"
    path = POOL
    id_query = "workloadIdentityPoolId"
    noun = "workload identity pool"
    fields = ("description", "disabled", "displayName", "mode")
    required = ("workloadIdentityPoolId",)
    optional = ("deletionPolicy", "project", *fields)
    fixed = ("mode", "project", "workloadIdentityPoolId")
    kept = ("mode", "project")
    identity = ("project", "workloadIdentityPoolId")


class WorkloadIdentityPoolProvider(_Restorable):
    """Id: the pool's, `/providers/` and its own."""

    kind = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
    path = POOL + "/providers/{workloadIdentityPoolProviderId}"
    id_query = "workloadIdentityPoolProviderId"
    noun = "workload identity pool provider"
    fields = ("attributeCondition", "attributeMapping", "description", "disabled", "displayName", "oidc")
    required = ("workloadIdentityPoolId", "workloadIdentityPoolProviderId")
    optional = ("deletionPolicy", "project", *fields)
    fixed = ("project", "workloadIdentityPoolId", "workloadIdentityPoolProviderId")
    nested = MappingProxyType({"oidc": ("allowedAudiences", "issuerUri", "jwksJson")})
    identity = ("project", "workloadIdentityPoolId", "workloadIdentityPoolProviderId")

    def body(self, cloud: GoogleCloud, new: Properties) -> dict[str, Any]:
        """Without audiences of its own a provider accepts tokens made out to itself."""
        body = super().body(cloud, new)
        oidc: Mapping[str, Any] = body.get("oidc") or {}
        if oidc:
            body["oidc"] = {name: value for name, value in oidc.items() if value}
        return body
