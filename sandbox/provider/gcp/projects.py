"""What a project has as a whole: enabled APIs, and which accesses are logged."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from sandbox.provider.gcp.cloud import GoogleCloud
from sandbox.provider.gcp.policies import Policy, PolicyOf
from sandbox.provider.gcp.resource import DELETION, GoogleType, keeps, not_empty
from sandbox.provider.handler import Created, Properties, id_parts
from sandbox.provider.values import same_set


class Service(GoogleType):
    """An enabled API. Id: `PROJECT/SERVICE`. One that is enabled already is taken over."""

    kind = "gcp:projects/service:Service"
    service = "serviceusage"
    required = ("service",)
    optional = (
        "checkIfServiceHasUsageOnDestroy",
        "deletionPolicy",
        "disableDependentServices",
        "disableOnDestroy",
        "project",
    )
    fixed = ("project", "service")
    computed = ("project",)
    kept = ("project",)
    local = (
        "checkIfServiceHasUsageOnDestroy",
        "deletionPolicy",
        "disableDependentServices",
        "disableOnDestroy",
    )
    defaults = MappingProxyType(DELETION)
    identity = ("project", "service")

    def create(self, cloud: GoogleCloud, new: Properties) -> Created:
        """Enable it."""
        project = self.project(cloud, new)
        operation = cloud.call(
            self.service, "POST", f"projects/{project}/services/{new['service']}:enable", {}
        )
        cloud.finished(self.service, operation)
        return Created(f"{project}/{new['service']}", {"project": project})

    def read(self, cloud: GoogleCloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """One that is not enabled is none."""
        project, name = id_parts(id_, "/", "PROJECT/SERVICE")
        found = cloud.call(self.service, "GET", f"projects/{project}/services/{name}")
        return {"project": project, "service": name} if found.get("state") == "ENABLED" else None

    def update(
        self, cloud: GoogleCloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """Only what steers the deletion changes in place."""
        return {}

    def delete(self, cloud: GoogleCloud, id_: str, known: Properties) -> None:
        """Disable it where that is asked for: other programs in the project may need it."""
        if keeps(self, id_, known) or not known.get("disableOnDestroy"):
            return
        project, name = id_parts(id_, "/", "PROJECT/SERVICE")
        body = {"disableDependentServices": bool(known.get("disableDependentServices"))}
        operation = cloud.call(self.service, "POST", f"projects/{project}/services/{name}:disable", body)
        cloud.finished(self.service, operation)

    def find(self, cloud: GoogleCloud, new: Properties) -> str | None:
        """By its name."""
        return f"{self.project(cloud, new)}/{new['service']}"


class AuditConfig(GoogleType):
    """Which accesses to one API are logged. Id: `PROJECT/audit_config/SERVICE`."""

    kind = "gcp:projects/iAMAuditConfig:IAMAuditConfig"
    service = "cloudresourcemanager"
    required = ("auditLogConfigs", "project", "service")
    fixed = ("project", "service")
    computed = ("etag",)
    nested = MappingProxyType({"auditLogConfigs": ("exemptedMembers", "logType")})
    identity = ("project", "service")

    def same(self, name: str, old: Any, new: Any) -> bool:
        """Kinds of logs have no order."""
        if name == "auditLogConfigs":
            return same_set(not_empty(old), not_empty(new))
        return super().same(name, old, new)

    def create(self, cloud: GoogleCloud, new: Properties) -> Created:
        """Replace the API's part of the project's policy."""
        policy = self._set(cloud, new, new["auditLogConfigs"])
        id_ = f"{_project_of(new)}/audit_config/{new['service']}"
        return Created(id_, {"etag": policy.get("etag", "")})

    def read(self, cloud: GoogleCloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """None when the policy says nothing of the API."""
        project, name = id_parts(id_, "/audit_config/", "PROJECT/audit_config/SERVICE")
        policy = _policy(project).read(cloud)
        for config in policy.get("auditConfigs") or ():
            if config["service"] == name:
                logs = config.get("auditLogConfigs") or []
                given = known.get("project") or project
                etag = policy.get("etag", "")
                return {"project": given, "service": name, "auditLogConfigs": logs, "etag": etag}
        return None

    def update(
        self, cloud: GoogleCloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """The same as the creation."""
        return {"etag": self._set(cloud, new, new["auditLogConfigs"]).get("etag", "")}

    def delete(self, cloud: GoogleCloud, id_: str, known: Properties) -> None:
        """Take the API out of the policy."""
        project, name = id_parts(id_, "/audit_config/", "PROJECT/audit_config/SERVICE")
        self._set(cloud, {"project": project, "service": name}, [])

    def find(self, cloud: GoogleCloud, new: Properties) -> str | None:
        """By the API's name."""
        return f"{_project_of(new)}/audit_config/{new['service']}"

    def _set(self, cloud: GoogleCloud, new: Properties, logs: list[dict[str, Any]]) -> Policy:
        def exchange(policy: Policy) -> bool:
            others = [one for one in policy.get("auditConfigs") or () if one["service"] != new["service"]]
            own = [{"service": new["service"], "auditLogConfigs": logs}] if logs else []
            policy["auditConfigs"] = [*others, *own]
            return True

        # Without this mask the answer keeps the audit configuration that there was.
        return _policy(_project_of(new)).change(cloud, exchange, "auditConfigs,etag")


def _policy(project: str) -> PolicyOf:
    return PolicyOf("cloudresourcemanager", f"projects/{project}", "project")


def _project_of(known: Properties) -> str:
    return str(known["project"]).removeprefix("projects/")
