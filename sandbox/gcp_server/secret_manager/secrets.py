"""What can be done with a secret itself: create, get, list, change, delete, and its policy."""

from __future__ import annotations

from typing import Any

from sandbox.gcp_server import times
from sandbox.gcp_server.access.decisions import Resource, decide
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import already_exists, invalid, precondition
from sandbox.gcp_server.filters import compile_filter
from sandbox.gcp_server.paging import page
from sandbox.gcp_server.secret_manager import checks
from sandbox.gcp_server.secret_manager.model import Secret, next_etag
from sandbox.gcp_server.world import Project

SERVICE = "secretmanager.googleapis.com"
MOST_ON_A_PAGE = 25_000
# By the name in an update mask; `replication` only for its keys.
CHANGEABLE = (
    "labels",
    "annotations",
    "topics",
    "rotation",
    "expireTime",
    "ttl",
    "versionAliases",
    "versionDestroyTtl",
    "replication",
)


def find(project: Project, secret_id: str) -> Secret | None:
    """A secret by its id, with everything done that time has done to it."""
    secret = project.secrets.get(secret_id)
    if secret is None:
        return None
    now = times.now()
    if secret.expires is not None and secret.expires <= now:
        project.secrets.pop(secret_id)
        announce(project, secret, "SECRET_DELETE")
        return None
    for _ in range(secret.settle(now)):
        announce(project, secret, "SECRET_ROTATE")
    return secret


def announce(project: Project, secret: Secret, event: str) -> None:
    """What the secret's topics hear. Source: Secret Manager "Event notifications"."""
    for topic in secret.topics:
        attributes = {"eventType": event, "secretId": secret.name, "dataFormat": "JSON_API_V1"}
        project.world.messages.append(
            {"topic": topic["name"], "attributes": attributes, "publishTime": times.stamp(times.now())}
        )


def secret_name(project: Project, secret_id: str) -> str:
    """projects/NUMBER/secrets/ID: Google answers with the number, however it was asked."""
    return f"projects/{project.number}/secrets/{secret_id}"


def create(call: Call) -> dict[str, Any]:
    """CreateSecret."""
    project, body, now = call.project, call.body, times.now()
    secret_id = call.ask("secretId")
    if not checks.SECRET_ID.fullmatch(secret_id):
        raise invalid("Secret ids have 1 to 255 letters, digits, hyphens and underscores.")
    if find(project, secret_id) is not None:
        raise already_exists(f"Secret [{secret_name(project, secret_id)}] already exists.")
    secret = Secret(secret_name(project, secret_id), now, checks.checked_replication(body.get("replication")))
    change(secret, body, [name for name in CHANGEABLE if name in body and name != "replication"])
    project.secrets[secret_id] = secret
    announce(project, secret, "SECRET_CREATE")
    return secret.shown()


def change(secret: Secret, body: dict[str, Any], fields: list[str]) -> None:
    """Put the named fields in place, all of them or none."""
    now = times.now()
    changes: dict[str, Any] = {}
    if "labels" in fields:
        changes["labels"] = checks.checked_labels(body.get("labels") or {})
    if "annotations" in fields:
        changes["annotations"] = checks.checked_annotations(body.get("annotations") or {})
    if "topics" in fields:
        changes["topics"] = checks.checked_topics(body.get("topics") or [])
    if "versionAliases" in fields:
        known = {version.number for version in secret.versions}
        changes["aliases"] = checks.checked_aliases(body.get("versionAliases") or {}, known)
    if "versionDestroyTtl" in fields:
        changes["version_destroy_ttl"] = checks.destroy_ttl(body.get("versionDestroyTtl"))
    if "expireTime" in fields or "ttl" in fields:
        changes["expires"] = checks.expiry(body, now)
    if "rotation" in fields:
        topics = changes.get("topics", secret.topics)
        following, period = checks.checked_rotation(body.get("rotation"), bool(topics), now)
        changes["next_rotation"], changes["rotation_period"] = following, period
    elif "topics" in fields and not changes["topics"] and secret.next_rotation is not None:
        raise invalid("A rotation needs at least one topic.")
    for name, value in changes.items():
        setattr(secret, name, value)


def get(call: Call, secret: Secret) -> dict[str, Any]:
    """GetSecret."""
    return secret.shown()


def list_secrets(call: Call) -> dict[str, Any]:
    """ListSecrets: the newest first."""
    project = call.project
    fits = compile_filter(call.ask("filter"), alone="name")
    alive = [find(project, secret_id) for secret_id in list(project.secrets)]
    newest = sorted(
        (item for item in alive if item), key=lambda item: (item.created, item.name), reverse=True
    )
    fitting = [body for body in (secret.shown() for secret in newest) if fits(body)]
    shown, token = page(call, fitting, MOST_ON_A_PAGE)
    answer: dict[str, Any] = {"totalSize": len(fitting)}
    if shown:
        answer["secrets"] = shown
    if token:
        answer["nextPageToken"] = token
    return answer


def patch(call: Call, secret: Secret) -> dict[str, Any]:
    """UpdateSecret: only what the mask names; an etag that is given must be the current one."""
    body, fields = call.body, _fields(call.ask("updateMask"))
    check_etag(body.get("etag"), secret.etag)
    if "replication" in fields:
        replication = checks.checked_replication(body.get("replication"))
        if not checks.same_places(secret.replication, replication):
            raise invalid("Secret.replication is immutable: only its keys can be changed.")
        secret.replication = replication
    change(secret, body, fields)
    secret.etag = next_etag()
    announce(call.project, secret, "SECRET_UPDATE")
    return secret.shown()


def _fields(mask: str) -> list[str]:
    fields = []
    for path in filter(None, (part.strip() for part in mask.split(","))):
        top, _, rest = path.partition(".")
        first, *others = top.split("_")
        name = first + "".join(part.capitalize() for part in others)
        if name not in CHANGEABLE or (rest and name not in ("rotation", "replication")):
            raise invalid(f"The field {path} in the update mask does not exist or cannot be changed.")
        fields.append(name)
    if not fields:
        raise invalid("The update mask is required.")
    return fields


def check_etag(given: object, current: str) -> None:
    """Raises FAILED_PRECONDITION for an etag of an earlier state."""
    if given and given != current:
        raise precondition("The etag provided does not match the etag of the resource that is stored.")


def delete(call: Call, secret: Secret) -> dict[str, Any]:
    """DeleteSecret: at once and for good."""
    check_etag(call.ask("etag"), secret.etag)
    call.project.secrets.pop(secret.secret_id)
    announce(call.project, secret, "SECRET_DELETE")
    return {}


def get_policy(call: Call, secret: Secret) -> dict[str, Any]:
    """GetIamPolicy."""
    version = call.ask("options.requestedPolicyVersion") or "0"
    if version not in ("0", "1", "2", "3"):
        raise invalid("The requested policy version must be 0, 1 or 3.")
    return secret.policy.shown(int(version))


def set_policy(call: Call, secret: Secret) -> dict[str, Any]:
    """SetIamPolicy."""
    body = call.body
    secret.policy.replace(call.project, body.get("policy") or {}, body.get("updateMask") or "")
    return secret.policy.shown(3)


def test_permissions(call: Call, secret: Secret | None) -> dict[str, Any]:
    """TestIamPermissions: none, and no error, where there is no such secret."""
    wanted: list[str] = call.body.get("permissions") or []
    if any("*" in permission for permission in wanted):
        raise invalid("Permissions with wildcards are not allowed.")
    if secret is None:
        return {}
    resource = Resource(secret.name, secret.name, f"{SERVICE}/Secret", SERVICE, secret.policy)
    held = [item for item in wanted if decide(call.project, call.caller, item, resource).allowed]
    return {"permissions": held} if held else {}
