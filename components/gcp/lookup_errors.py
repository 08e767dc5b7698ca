"""What a refused lookup in a Google Cloud project means, in words. Pure.

The provider hands over the API's error as text. Only its kind is told: the text itself holds the names of
accounts and addresses that belong to whoever runs the program.
"""

from __future__ import annotations

import re

from keyplan.errors import KeyplanError, UsageError

# How the provider's errors name their kind: `googleapi: Error 403: …, SERVICE_DISABLED` and the like.
# Source: terraform-provider-google, transport and data_source_google_project.go; google.rpc.ErrorInfo reasons
# of API Keys and Service Usage (checked 2026-11-21).
_DISABLED = re.compile(
    r"SERVICE_DISABLED|has not been used in project|API .{0,80}(?:is disabled|is not enabled)", re.DOTALL
)
_API_NAME = re.compile(r"\b([a-z][a-z0-9]{2,40})\.googleapis\.com")
_ABSENT = re.compile(
    r"not found or not in ACTIVE state|Error 404|\bNOT_FOUND\b|CONSUMER_INVALID|does not exist", re.IGNORECASE
)
_DENIED = re.compile(r"Error 403|\bPERMISSION_DENIED\b|does not have permission|permission", re.IGNORECASE)
_NO_CREDENTIALS = re.compile(r"could not find default credentials|Error 401|UNAUTHENTICATED", re.IGNORECASE)


def lookup_failed(text: str, project_id: str, api: str, permission: str) -> KeyplanError:
    """The error for a lookup that the provider refused.

    Args:
        text: what the provider said; it is searched and never shown.
        project_id: the project that was looked at.
        api: the API that answered, `cloudresourcemanager`; the text may name another one.
        permission: what the lookup takes.
    """
    if _DISABLED.search(text):
        named = [name for name in _API_NAME.findall(text) if name != "console"]
        service = f"{named[0] if named else api}.googleapis.com"
        return UsageError(
            f"the API {service} is not enabled in project `{project_id}`",
            f"gcloud services enable {service} --project {project_id}",
        )
    if _NO_CREDENTIALS.search(text):
        return UsageError(
            f"there are no credentials for Google Cloud to look at project `{project_id}` with",
            "gcloud auth application-default login",
        )
    if _ABSENT.search(text):
        return UsageError(
            f"there is no project `{project_id}`, or it is being deleted",
            "compare `gcp:project` of the stack's configuration with: gcloud projects list",
        )
    if _DENIED.search(text):
        # Google answers alike for a project that is somebody else's and for one that never was.
        return UsageError(
            f"project `{project_id}` does not exist, or these credentials lack {permission} in it",
            f"compare `gcp:project` with `gcloud projects list`, or get a role with {permission}",
        )
    return KeyplanError(
        f"the lookup of project `{project_id}` failed, and the answer says not why",
        f"gcloud projects describe {project_id}",
    )
