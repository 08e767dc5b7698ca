"""What a role allows: Secret Manager's predefined roles, the basic ones, and roles made in the project.

A predefined role that is not in the table allows nothing here; a policy may name it all the same.
Source: IAM "Secret Manager roles and permissions", "IAM basic and predefined roles reference" (checked
2026-11-21).
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.gcp_server.world import Project

PROJECT_READ = ("resourcemanager.projects.get", "resourcemanager.projects.list")
METADATA = (
    "secretmanager.locations.*",
    "secretmanager.secrets.get",
    "secretmanager.secrets.getIamPolicy",
    "secretmanager.secrets.list",
    "secretmanager.versions.get",
    "secretmanager.versions.list",
)
# Nobody has these by a basic role, the owner included: they are granted on the service account.
NEVER_BY_BASIC_ROLE = ("iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken")
ROLES: dict[str, tuple[str, ...]] = {
    "roles/owner": ("*",),
    # Neither reads values or policies' grants, which is why a value is safe from an editor.
    "roles/editor": (
        *("*.get", "*.list", "*.create", "*.update", "*.delete", "*.getIamPolicy"),
        *("secretmanager.versions.add", "secretmanager.versions.enable"),
        *("secretmanager.versions.disable", "secretmanager.versions.destroy"),
        *("logging.logEntries.*", "serviceusage.services.*"),
    ),
    "roles/viewer": ("*.get", "*.list", "*.getIamPolicy"),
    "roles/secretmanager.admin": (*PROJECT_READ, "secretmanager.*"),
    "roles/secretmanager.secretAccessor": (*PROJECT_READ, "secretmanager.versions.access"),
    "roles/secretmanager.secretVersionAdder": (*PROJECT_READ, "secretmanager.versions.add"),
    "roles/secretmanager.secretVersionManager": (
        *PROJECT_READ,
        "secretmanager.versions.add",
        "secretmanager.versions.destroy",
        "secretmanager.versions.disable",
        "secretmanager.versions.enable",
        "secretmanager.versions.get",
        "secretmanager.versions.list",
    ),
    "roles/secretmanager.viewer": (*PROJECT_READ, *METADATA),
    "roles/iam.serviceAccountTokenCreator": (
        "iam.serviceAccounts.get",
        "iam.serviceAccounts.list",
        "iam.serviceAccounts.getAccessToken",
        "iam.serviceAccounts.getOpenIdToken",
        "iam.serviceAccounts.signBlob",
        "iam.serviceAccounts.signJwt",
    ),
    "roles/iam.workloadIdentityUser": (
        "iam.serviceAccounts.get",
        "iam.serviceAccounts.list",
        "iam.serviceAccounts.getAccessToken",
        "iam.serviceAccounts.getOpenIdToken",
    ),
    "roles/iam.securityReviewer": ("*.list", "*.getIamPolicy"),
    "roles/iam.securityAdmin": ("*.list", "*.getIamPolicy", "*.setIamPolicy"),
    "roles/resourcemanager.projectIamAdmin": (
        *PROJECT_READ,
        "resourcemanager.projects.getIamPolicy",
        "resourcemanager.projects.setIamPolicy",
    ),
    "roles/logging.viewer": ("logging.logEntries.list", "logging.logMetrics.get", "logging.logMetrics.list"),
    "roles/logging.privateLogViewer": ("logging.logEntries.list", "logging.privateLogEntries.list"),
    "roles/logging.logWriter": ("logging.logEntries.create",),
    "roles/run.invoker": ("run.routes.invoke", "run.jobs.run"),
    "roles/pubsub.publisher": ("pubsub.topics.publish",),
}
BASIC_ROLES = ("roles/owner", "roles/editor", "roles/viewer")


def allows(project: Project, role: str, permission: str) -> bool:
    """Whether a role has a permission. A custom role counts while it is neither deleted nor disabled."""
    if role in BASIC_ROLES and permission in NEVER_BY_BASIC_ROLE:
        return False
    return any(fnmatchcase(permission, pattern) for pattern in _patterns(project, role))


def _patterns(project: Project, role: str) -> tuple[str, ...]:
    if role.startswith("roles/"):
        return ROLES.get(role, ())
    made = project.world.find_role(role)
    if made is None or made.get("deleted") or made.get("stage") == "DISABLED":
        return ()
    return tuple(made.get("includedPermissions", ()))
