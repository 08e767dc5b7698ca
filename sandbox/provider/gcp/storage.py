"""Cloud Storage: buckets, and objects that are made of assets and archives."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from sandbox.provider.archives import content
from sandbox.provider.errors import ProviderError
from sandbox.provider.gcp.cloud import GoogleCloud
from sandbox.provider.gcp.resource import ANYTHING, DELETION, GoogleType, RestType, keeps
from sandbox.provider.handler import Created, Properties
from sandbox.provider.values import ARCHIVE_SIGNATURE, SIGNATURE_KEY, present

# What of an object can change while its bytes stay.
DESCRIBED = frozenset({"cacheControl", "contentType", "metadata"})
PUBLIC = "https://www.googleapis.com/storage/v1/"


class Bucket(RestType):
    """Id: the bucket's name, which no other bucket in the world has."""

    kind = "gcp:storage/bucket:Bucket"
    service = "storage"
    path = "b/{name}"
    fields = ("labels", "location", "softDeletePolicy", "storageClass", "versioning")
    settings = ("lifecycleRules", "publicAccessPrevention", "uniformBucketLevelAccess")
    label_fields = MappingProxyType({"labels": "effectiveLabels"})
    required = ("location",)
    optional = (
        "deletionPolicy",
        "forceDestroy",
        "labels",
        "lifecycleRules",
        "name",
        "project",
        "publicAccessPrevention",
        "softDeletePolicy",
        "storageClass",
        "uniformBucketLevelAccess",
        "versioning",
    )
    fixed = ("location", "name", "project")
    computed = (
        "effectiveLabels",
        "project",
        "projectNumber",
        "publicAccessPrevention",
        "pulumiLabels",
        "selfLink",
        "timeCreated",
        "uniformBucketLevelAccess",
        "updated",
        "url",
    )
    kept = ("project", "publicAccessPrevention", "softDeletePolicy", "uniformBucketLevelAccess")
    local = ("deletionPolicy", "forceDestroy")
    defaults = MappingProxyType({**DELETION, "forceDestroy": False, "storageClass": "STANDARD"})
    masked = ("effectiveLabels", "pulumiLabels")
    name_length = 63
    filled = MappingProxyType({"softDeletePolicy.effectiveTime": ANYTHING})
    nested = MappingProxyType(
        {
            "lifecycleRules": ("action", "condition"),
            "lifecycleRules.action": ("storageClass", "type"),
            "lifecycleRules.condition": ("age", "daysSinceNoncurrentTime", "numNewerVersions"),
            "softDeletePolicy": ("effectiveTime", "retentionDurationSeconds"),
            "versioning": ("enabled",),
        }
    )

    def same(self, name: str, old: Any, new: Any) -> bool:
        """Locations are answered in capitals."""
        if name == "location" and isinstance(old, str) and isinstance(new, str):
            return old.upper() == new.upper()
        return super().same(name, old, new)

    def make(self, cloud: GoogleCloud, new: Properties, path: str) -> str:
        """The project is a parameter here."""
        body = {**self.creation(cloud, new, path), "name": new["name"]}
        cloud.call(self.service, "POST", "b", body, {"project": self.project(cloud, new)})
        return path

    def create(self, cloud: GoogleCloud, new: Properties) -> Created:
        """Its id is its name alone."""
        return Created(str(new["name"]), super().create(cloud, new).computed)

    def read(self, cloud: GoogleCloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """By name."""
        return super().read(cloud, f"b/{id_}", known)

    def update(
        self, cloud: GoogleCloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """PATCH without a mask: what the body has is changed, and null takes a label away."""
        names = set(changed) & {*self.fields, *self.settings}
        body = self.body(cloud, new)
        changes = {field: body.get(field) for field in _fields_of(names)}
        if "labels" in names:
            gone = set(old.get("labels") or {}) - set(new.get("labels") or {})
            changes["labels"] = {**dict.fromkeys(sorted(gone)), **(new.get("labels") or {})}
        if changes:
            cloud.call(self.service, "PATCH", f"b/{id_}", changes)
        return self.shown(cloud, cloud.call(self.service, "GET", f"b/{id_}"), new)

    def delete(self, cloud: GoogleCloud, id_: str, known: Properties) -> None:
        """With `forceDestroy` its objects go first; without it Google refuses while it has any."""
        if keeps(self, id_, known):
            return
        if known.get("forceDestroy"):
            for item in cloud.call(self.service, "GET", f"b/{id_}/o").get("items") or ():
                cloud.call(self.service, "DELETE", _object_path(id_, item["name"]))
        cloud.call(self.service, "DELETE", f"b/{id_}")

    def find(self, cloud: GoogleCloud, new: Properties) -> str | None:
        """By name."""
        return str(new["name"])

    def body(self, cloud: GoogleCloud, new: Properties) -> dict[str, Any]:
        """Some settings are deeper there."""
        body = super().body(cloud, new)
        uniform = new.get("uniformBucketLevelAccess")
        configuration = present(
            uniformBucketLevelAccess=None if uniform is None else {"enabled": uniform},
            publicAccessPrevention=new.get("publicAccessPrevention"),
        )
        rules = new.get("lifecycleRules")
        lifecycle = {"rule": rules} if rules else None
        return {**body, **present(iamConfiguration=configuration or None, lifecycle=lifecycle)}

    def properties_of(self, found: Mapping[str, Any], known: Properties) -> dict[str, Any]:
        """The same the other way round."""
        configuration = found.get("iamConfiguration") or {}
        soft = dict(found.get("softDeletePolicy") or {})
        if "retentionDurationSeconds" in soft:
            soft["retentionDurationSeconds"] = int(soft["retentionDurationSeconds"])
        return {
            **super().properties_of({**found, "softDeletePolicy": soft or None}, known),
            **present(
                lifecycleRules=(found.get("lifecycle") or {}).get("rule"),
                publicAccessPrevention=configuration.get("publicAccessPrevention"),
                uniformBucketLevelAccess=(configuration.get("uniformBucketLevelAccess") or {}).get("enabled"),
            ),
        }

    def shown(self, cloud: GoogleCloud, found: Mapping[str, Any], known: Properties) -> dict[str, Any]:
        """With the address that gsutil takes."""
        configuration = found.get("iamConfiguration") or {}
        more = {
            "projectNumber": int(found["projectNumber"]),
            "publicAccessPrevention": configuration.get("publicAccessPrevention"),
            "uniformBucketLevelAccess": (configuration.get("uniformBucketLevelAccess") or {}).get("enabled"),
            "url": f"gs://{found['name']}",
        }
        return super().shown(cloud, {**found, **more}, known)


class BucketObject(GoogleType):
    """Id: `BUCKET-NAME`, as with the real provider, so that an import is not possible."""

    kind = "gcp:storage/bucketObject:BucketObject"
    service = "storage"
    required = ("bucket",)
    optional = ("cacheControl", "content", "contentType", "deletionPolicy", "metadata", "name", "source")
    fixed = ("bucket", "content", "name", "source")
    computed = (
        "contentType",
        "crc32c",
        "generation",
        "md5hash",
        "md5hexhash",
        "mediaLink",
        "outputName",
        "selfLink",
    )
    kept = ("contentType",)
    local = ("deletionPolicy",)
    defaults = MappingProxyType(DELETION)
    masked = ("content", "customerEncryption")
    identity = ("bucket", "name")
    name_length = 1024

    def create(self, cloud: GoogleCloud, new: Properties) -> Created:
        """One upload of what the object is and of its bytes."""
        data, kind = _content(new)
        described = present(
            cacheControl=new.get("cacheControl"),
            contentType=new.get("contentType") or kind,
            metadata=new.get("metadata"),
            name=new["name"],
        )
        boundary = secrets.token_hex(16)
        address = cloud.address(self.service).replace("/storage/v1/", "/upload/storage/v1/")
        found = cloud.send(
            self.service,
            "POST",
            f"{address}b/{new['bucket']}/o",
            _multipart(boundary, described, data),
            f"multipart/related; boundary={boundary}",
            {"uploadType": "multipart"},
        )
        return Created(f"{new['bucket']}-{new['name']}", _object_outputs(found))

    def read(self, cloud: GoogleCloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """What the object is; its bytes stay where they are."""
        if not known:
            raise ProviderError(f"the object {id_} cannot be imported: its id does not say its bucket")
        found = cloud.call(self.service, "GET", _object_path(known["bucket"], known["name"]))
        kept = {name: known.get(name) for name in ("content", "source")}
        described = {name: found.get(name) for name in ("bucket", "cacheControl", "metadata", "name")}
        return {**present(**kept), **present(**described), **_object_outputs(found)}

    def update(
        self, cloud: GoogleCloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """What the object is; other bytes are another object."""
        body: dict[str, Any] = {name: new.get(name) for name in sorted(changed & DESCRIBED)}
        if not body:
            return {}
        found = cloud.call(self.service, "PATCH", _object_path(new["bucket"], new["name"]), body)
        return _object_outputs(found)

    def delete(self, cloud: GoogleCloud, id_: str, known: Properties) -> None:
        """At once."""
        if not keeps(self, id_, known):
            cloud.call(self.service, "DELETE", _object_path(known["bucket"], known["name"]))

    def find(self, cloud: GoogleCloud, new: Properties) -> str | None:
        """By bucket and name."""
        return f"{new['bucket']}-{new['name']}"


def _fields_of(names: set[str]) -> set[str]:
    """The fields of the message in which properties are."""
    deeper = {
        "lifecycleRules": "lifecycle",
        "publicAccessPrevention": "iamConfiguration",
        "uniformBucketLevelAccess": "iamConfiguration",
    }
    return {deeper.get(name, name) for name in names}


def _object_path(bucket: str, name: str) -> str:
    return f"b/{bucket}/o/{quote(name, safe='')}"


def _content(new: Properties) -> tuple[bytes, str]:
    """The bytes, and what they are when nobody says it."""
    if "content" in new:
        return str(new["content"]).encode(), "text/plain; charset=utf-8"
    if "source" not in new:
        raise ProviderError(f"the object `{new['name']}` needs `source` or `content`")
    archive = new["source"][SIGNATURE_KEY] == ARCHIVE_SIGNATURE
    return content(new["source"]), "application/zip" if archive else "application/octet-stream"


def _multipart(boundary: str, described: Mapping[str, Any], data: bytes) -> bytes:
    """A message of two parts. Source: Cloud Storage, "Uploads", multipart (checked 2026-11-21)."""
    head = f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(described)}\r\n"
    second = f"--{boundary}\r\nContent-Type: {described['contentType']}\r\n\r\n"
    return head.encode() + second.encode() + data + f"\r\n--{boundary}--\r\n".encode()


def _object_outputs(found: Mapping[str, Any]) -> dict[str, Any]:
    place = f"b/{found['bucket']}/o/{quote(str(found['name']), safe='')}"
    generation = str(found["generation"])
    media = f"https://storage.googleapis.com/download/storage/v1/{place}?generation={generation}&alt=media"
    return {
        "contentType": found.get("contentType", ""),
        "crc32c": found["crc32c"],
        "generation": int(generation),
        "md5hash": found["md5Hash"],
        "md5hexhash": base64.b64decode(found["md5Hash"]).hex(),
        "mediaLink": found.get("mediaLink") or media,
        "outputName": found["name"],
        "selfLink": found.get("selfLink") or PUBLIC + place,
    }
