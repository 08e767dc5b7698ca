"""A project's own roles."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sandbox.provider.gcp.cloud import GoogleCloud, GoogleFailure
from sandbox.provider.gcp.failures import NOT_FOUND
from sandbox.provider.gcp.resource import DELETION, RestType
from sandbox.provider.handler import Created, Properties
from sandbox.provider.values import same_set


class CustomRole(RestType):
    """Id: `projects/P/roles/ID`. What is deleted can be restored for a while and keeps its id."""

    kind = "gcp:projects/iAMCustomRole:IAMCustomRole"
    service = "iam"
    path = "projects/{project}/roles/{roleId}"
    fields = ("description", "permissions", "stage", "title")
    required = ("permissions", "title")
    optional = ("deletionPolicy", "description", "project", "roleId", "stage")
    fixed = ("project", "roleId")
    computed = ("deleted", "name", "project")
    kept = ("project",)
    local = ("deletionPolicy",)
    defaults = MappingProxyType({**DELETION, "stage": "GA"})
    unordered = ("permissions",)
    identity = ("project", "roleId")
    name_property = "roleId"
    name_length = 64
    recoverable = True

    def create(self, cloud: GoogleCloud, new: Properties) -> Created:
        """A role of this id that was deleted is restored and changed, as the real provider does."""
        path = self.path_of(cloud, new)
        before = self._existing(cloud, path)
        if before.get("deleted"):
            cloud.call(self.service, "POST", f"{path}:undelete", {})
            cloud.call(self.service, "PATCH", path, self.body(cloud, new))
        else:
            body = {"roleId": new["roleId"], "role": self.body(cloud, new)}
            cloud.call(self.service, "POST", path.rpartition("/")[0], body)
        return Created(path, self.shown(cloud, cloud.call(self.service, "GET", path), new))

    def update(
        self, cloud: GoogleCloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """All fields at once: a role is small."""
        if set(self.fields) & changed:
            cloud.call(self.service, "PATCH", id_, {"description": "", **self.body(cloud, new)})
        return self.shown(cloud, cloud.call(self.service, "GET", id_), new)

    def same(self, name: str, old: Any, new: Any) -> bool:
        """Permissions have no order."""
        return same_set(old, new) if name == "permissions" else super().same(name, old, new)

    def body(self, cloud: GoogleCloud, new: Properties) -> dict[str, Any]:
        """Permissions are called otherwise there."""
        body = super().body(cloud, new)
        body["includedPermissions"] = body.pop("permissions")
        return body

    def properties_of(self, found: Mapping[str, Any], known: Properties) -> dict[str, Any]:
        """The same the other way round."""
        return super().properties_of({**found, "permissions": found.get("includedPermissions")}, known)

    def shown(self, cloud: GoogleCloud, found: Mapping[str, Any], known: Properties) -> dict[str, Any]:
        """`deleted` is left out of an answer where it is false."""
        return super().shown(cloud, {**found, "deleted": bool(found.get("deleted"))}, known)

    def _existing(self, cloud: GoogleCloud, path: str) -> dict[str, Any]:
        try:
            return cloud.call(self.service, "GET", path)
        except GoogleFailure as failure:
            if failure.code != NOT_FOUND:
                raise
            return {}
