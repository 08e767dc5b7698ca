"""Cloud Storage: buckets with their policies, and small objects. Its errors have a shape of their own.

Left out: versions of objects, access lists, notifications, resumable uploads.
Source: storage v1 discovery document; Cloud Storage "HTTP status and error codes for JSON", "Bucket
naming", "Uploads".
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

from sandbox.gcp_server import times
from sandbox.gcp_server.access.decisions import Resource, decide
from sandbox.gcp_server.access.policies import Policy
from sandbox.gcp_server.calls import Call
from sandbox.gcp_server.errors import GoogleError, unknown_project
from sandbox.gcp_server.paging import page
from sandbox.gcp_server.routing import Route
from sandbox.gcp_server.secret_manager.checksum import crc32c
from sandbox.gcp_server.services import masks
from sandbox.gcp_server.world import Project

SERVICE = "storage.googleapis.com"
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
ONE = "/storage/v1/b/{bucket}"
OBJECT = ONE + "/o/{object}"
FIXED: tuple[str, ...] = (
    *("kind", "id", "name", "projectNumber", "timeCreated", "selfLink", "location", "locationType"),
    *("generation", "updated", "etag", "metageneration"),
)
BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
MOST_ON_A_PAGE = 1000
# What a canonical code is called in this API. Source: "HTTP status and error codes for JSON".
REASONS = {
    "INVALID_ARGUMENT": "invalid",
    "NOT_FOUND": "notFound",
    "ALREADY_EXISTS": "conflict",
    "PERMISSION_DENIED": "forbidden",
}
Record = dict[str, Any]


class StorageError(GoogleError):
    """An error in the older shape, which Cloud Storage keeps."""

    def body(self) -> Record:
        item = {"message": self.message, "domain": "global", "reason": REASONS[self.status]}
        return {"error": {"code": self.http_status, "message": self.message, "errors": [item]}}


def _bucket_key(name: str) -> str:
    return f"buckets/{name}"


def _object_key(bucket: str, name: str) -> str:
    return f"buckets/{bucket}/objects/{name}"


def _allow(call: Call, project: Project, bucket: str, permission: str) -> None:
    name = f"projects/_/buckets/{bucket}"
    resource = Resource(
        name, name, f"{SERVICE}/Bucket", SERVICE, call.world.policies.get(_bucket_key(bucket))
    )
    if not decide(project, call.caller, permission, resource).allowed:
        who = call.caller.email or call.caller.member
        raise StorageError(
            "PERMISSION_DENIED",
            f"{who} does not have {permission} access to the Google Cloud Storage resource. Permission "
            f"'{permission}' denied on resource (or it may not exist).",
        )


def _bucket(call: Call, permission: str) -> tuple[Project, Record]:
    name = call.names["bucket"]
    record = call.world.records.get(_bucket_key(name))
    if record is None:
        raise StorageError("NOT_FOUND", "The specified bucket does not exist.")
    project = call.world.project(record["projectNumber"])
    _allow(call, project, name, permission)
    return project, record


def _insert(call: Call) -> Record:
    project = call.world.find_project(call.ask("project"))
    if project is None:
        raise unknown_project(call.ask("project"), SERVICE)
    body = call.body
    name = body.get("name") or ""
    _allow(call, project, name, "storage.buckets.create")
    if not BUCKET_NAME.fullmatch(name):
        raise StorageError("INVALID_ARGUMENT", f"Invalid bucket name: '{name}'")
    if _bucket_key(name) in call.world.records:
        raise StorageError(
            "ALREADY_EXISTS",
            "Your previous request to create the named bucket succeeded and you already own it.",
        )
    now = times.stamp(times.now())
    location = str(body.get("location") or "US").upper()
    record = {
        "storageClass": "STANDARD",
        "iamConfiguration": {
            "uniformBucketLevelAccess": {"enabled": True},
            "publicAccessPrevention": "inherited",
        },
        **body,
        "kind": "storage#bucket",
        "id": name,
        "name": name,
        "projectNumber": project.number,
        "location": location,
        "locationType": "region" if "-" in location else "multi-region",
        "timeCreated": now,
        "updated": now,
        "metageneration": "1",
        "etag": "CAE=",
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{name}",
    }
    call.world.records[_bucket_key(name)] = record
    return record


def _list(call: Call) -> Record:
    project = call.world.find_project(call.ask("project"))
    if project is None:
        raise unknown_project(call.ask("project"), SERVICE)
    _allow(call, project, "", "storage.buckets.list")
    found = [
        record
        for _, record in sorted(call.world.records.items())
        if record.get("kind") == "storage#bucket" and record["projectNumber"] == project.number
    ]
    shown, token = page(call, found, MOST_ON_A_PAGE)
    return {"kind": "storage#buckets", "items": shown, **({"nextPageToken": token} if token else {})}


def _get(call: Call) -> Record:
    return _bucket(call, "storage.buckets.get")[1]


def _change(call: Call) -> Record:
    _, record = _bucket(call, "storage.buckets.update")
    body = call.body
    given = {name: value for name, value in body.items() if value is not None}
    changed = masks.apply(record, given, ",".join(name for name in body if name not in FIXED), FIXED)
    changed["metageneration"] = str(int(record["metageneration"]) + 1)
    changed["updated"] = times.stamp(times.now())
    call.world.records[_bucket_key(record["name"])] = changed
    return changed


def _delete(call: Call) -> None:
    _, record = _bucket(call, "storage.buckets.delete")
    name = record["name"]
    if any(bucket == name for bucket, _ in call.world.contents):
        raise StorageError("ALREADY_EXISTS", "The bucket you tried to delete is not empty.")
    del call.world.records[_bucket_key(name)]
    call.world.policies.pop(_bucket_key(name), None)


def _get_policy(call: Call) -> Record:
    _, record = _bucket(call, "storage.buckets.getIamPolicy")
    policy = call.world.policies.setdefault(_bucket_key(record["name"]), Policy())
    version = call.ask("optionsRequestedPolicyVersion") or "0"
    return _policy_body(record, policy.shown(int(version) if version.isdigit() else 0))


def _set_policy(call: Call) -> Record:
    project, record = _bucket(call, "storage.buckets.setIamPolicy")
    policy = call.world.policies.setdefault(_bucket_key(record["name"]), Policy())
    policy.replace(project, call.body)
    return _policy_body(record, policy.shown(3))


def _policy_body(record: Record, shown: Record) -> Record:
    return {"kind": "storage#policy", "resourceId": f"projects/_/buckets/{record['name']}", **shown}


def _upload(call: Call) -> Record:
    project, record = _bucket(call, "storage.objects.create")
    del project
    kind = call.ask("uploadType")
    if kind == "media":
        described, content = {"contentType": call.content_type}, call.content
    elif kind == "multipart":
        described, content = _parts(call)
    else:
        raise StorageError(
            "INVALID_ARGUMENT", "keyplan's sandbox takes uploads of the types media and multipart"
        )
    name = call.ask("name") or described.get("name") or ""
    if not name:
        raise StorageError("INVALID_ARGUMENT", "Required object name parameter is missing.")
    stored = _object(call, record["name"], name, described, content)
    call.world.records[_object_key(record["name"], name)] = stored
    call.world.contents[record["name"], name] = content
    return stored


def _parts(call: Call) -> tuple[Record, bytes]:
    """What a multipart upload says of the object, and its content, which may be any bytes."""
    match = BOUNDARY.search(call.content_type)
    pieces = call.content.split(b"--" + match.group(1).encode()) if match else []
    if len(pieces) != 4 or not pieces[3].startswith(b"--"):
        raise StorageError("INVALID_ARGUMENT", "Bad multipart request: it has two parts.")
    (_, described), (head, content) = (_part(piece) for piece in pieces[1:3])
    kind = re.search(rb"(?im)^content-type:[ \t]*([^\r\n;]+)", head)
    try:
        message = json.loads(described)
    except ValueError:
        raise StorageError("INVALID_ARGUMENT", "Bad multipart request: its first part is JSON.") from None
    usual = {"contentType": kind.group(1).decode("latin-1").strip()} if kind else {}
    return {**usual, **message}, content


def _part(piece: bytes) -> tuple[bytes, bytes]:
    # A line break ends the boundary, and another one comes before the next.
    new_line = b"\r\n" if piece.startswith(b"\r\n") else b"\n"
    head, _, content = piece.removeprefix(new_line).partition(new_line * 2)
    return head, content.removesuffix(new_line)


def _object(call: Call, bucket: str, name: str, described: Record, content: bytes) -> Record:
    now, generation = times.stamp(times.now()), str(1_700_000_000_000_000 + call.world.next_number())
    return {
        **described,
        "kind": "storage#object",
        "id": f"{bucket}/{name}/{generation}",
        "name": name,
        "bucket": bucket,
        "generation": generation,
        "metageneration": "1",
        "size": str(len(content)),
        "md5Hash": base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode(),
        "crc32c": base64.b64encode(crc32c(content).to_bytes(4, "big")).decode(),
        "storageClass": "STANDARD",
        "etag": "CAE=",
        "timeCreated": now,
        "updated": now,
    }


def _find_object(call: Call, permission: str) -> tuple[str, Record]:
    _, record = _bucket(call, permission)
    bucket, name = record["name"], call.names["object"]
    stored = call.world.records.get(_object_key(bucket, name))
    if stored is None:
        raise StorageError("NOT_FOUND", f"No such object: {bucket}/{name}")
    return bucket, stored


def _get_object(call: Call) -> Record | bytes:
    bucket, stored = _find_object(call, "storage.objects.get")
    return call.world.contents[bucket, stored["name"]] if call.ask("alt") == "media" else stored


def _delete_object(call: Call) -> None:
    bucket, stored = _find_object(call, "storage.objects.delete")
    del call.world.records[_object_key(bucket, stored["name"])]
    del call.world.contents[bucket, stored["name"]]


def _list_objects(call: Call) -> Record:
    _, record = _bucket(call, "storage.objects.list")
    prefix = _object_key(record["name"], call.ask("prefix"))
    found = [stored for key, stored in sorted(call.world.records.items()) if key.startswith(prefix)]
    shown, token = page(call, found, MOST_ON_A_PAGE)
    return {"kind": "storage#objects", "items": shown, **({"nextPageToken": token} if token else {})}


def routes() -> list[Route]:
    """Every route of Cloud Storage."""

    def route(method: str, path: str, handler: Any, schema: str = "") -> Route:
        return Route(method, path, handler, SERVICE, request_schema=schema)

    return [
        route("POST", "/storage/v1/b", _insert, "Bucket"),
        route("GET", "/storage/v1/b", _list),
        route("GET", ONE, _get),
        route("PATCH", ONE, _change, "Bucket"),
        route("PUT", ONE, _change, "Bucket"),
        route("DELETE", ONE, _delete),
        route("GET", f"{ONE}/iam", _get_policy),
        route("PUT", f"{ONE}/iam", _set_policy, "Policy"),
        route("POST", "/upload/storage/v1/b/{bucket}/o", _upload),
        route("GET", f"{ONE}/o", _list_objects),
        route("GET", OBJECT, _get_object),
        route("DELETE", OBJECT, _delete_object),
    ]
