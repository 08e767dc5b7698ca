"""KMS: keys and aliases."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from sandbox.provider.cloud import Cloud
from sandbox.provider.handler import (
    Created,
    Handler,
    Properties,
    tag_changes,
    tag_list,
    tag_map,
    tag_outputs,
)
from sandbox.provider.values import present

TAG_NAMES = ("TagKey", "TagValue")


class Key(Handler):
    """Id: the key id. Deleting schedules the deletion after `deletionWindowInDays`."""

    kind = "aws:kms/key:Key"
    service = "kms"
    optional = ("description", "policy", "enableKeyRotation", "isEnabled", "deletionWindowInDays", "tags")
    computed = ("arn", "keyId")
    kept = ("policy",)
    local = ("deletionWindowInDays",)
    defaults = MappingProxyType({"deletionWindowInDays": 30, "enableKeyRotation": False, "isEnabled": True})
    documents = ("policy",)
    identity = ()
    recoverable = True

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """CreateKey."""
        client = self.aws(cloud, new)
        key = client.create_key(
            Tags=tag_list(new["tagsAll"], *TAG_NAMES),
            **present(Description=new.get("description"), Policy=new.get("policy")),
        )["KeyMetadata"]
        return Created(key["KeyId"], {"arn": key["Arn"], "keyId": key["KeyId"]})

    def complete(self, cloud: Cloud, id_: str, new: Properties) -> None:
        """Rotation and whether it is enabled have calls of their own."""
        client = self.aws(cloud, new)
        if new["enableKeyRotation"]:
            client.enable_key_rotation(KeyId=id_)
        if not new["isEnabled"]:
            client.disable_key(KeyId=id_)

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """A key that waits for its deletion counts as gone."""
        client = self.aws(cloud, known)
        key = client.describe_key(KeyId=id_)["KeyMetadata"]
        if key["KeyState"] == "PendingDeletion":
            return None
        tags = client.list_resource_tags(KeyId=id_).get("Tags")
        return {
            "keyId": key["KeyId"],
            "arn": key["Arn"],
            "policy": client.get_key_policy(KeyId=id_, PolicyName="default")["Policy"],
            "enableKeyRotation": client.get_key_rotation_status(KeyId=id_)["KeyRotationEnabled"],
            "isEnabled": key["Enabled"],
            **present(description=key.get("Description")),
            **tag_outputs(tag_map(tags, *TAG_NAMES)),
        }

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """One call per kind of change."""
        client = self.aws(cloud, new)
        if "isEnabled" in changed and new["isEnabled"]:
            client.enable_key(KeyId=id_)
        if "description" in changed:
            client.update_key_description(KeyId=id_, Description=new.get("description", ""))
        if "policy" in changed:
            client.put_key_policy(KeyId=id_, PolicyName="default", Policy=new["policy"])
        if "enableKeyRotation" in changed:
            switch = client.enable_key_rotation if new["enableKeyRotation"] else client.disable_key_rotation
            switch(KeyId=id_)
        if "tagsAll" in changed:
            removed, added = tag_changes(old, new)
            if removed:
                client.untag_resource(KeyId=id_, TagKeys=removed)
            if added:
                client.tag_resource(KeyId=id_, Tags=tag_list(added, *TAG_NAMES))
        if "isEnabled" in changed and not new["isEnabled"]:
            client.disable_key(KeyId=id_)
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """ScheduleKeyDeletion: AWS has no other way."""
        days = known.get("deletionWindowInDays", self.defaults["deletionWindowInDays"])
        self.aws(cloud, known).schedule_key_deletion(KeyId=id_, PendingWindowInDays=days)

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """A key has no name of its own: the newest live one with the same description and tags."""
        client = self.aws(cloud, new)
        found: list[tuple[Any, str]] = []
        for page in client.get_paginator("list_keys").paginate():
            for entry in page["Keys"]:
                key = client.describe_key(KeyId=entry["KeyId"])["KeyMetadata"]
                if key["KeyState"] == "PendingDeletion" or key.get("KeyManager") == "AWS":
                    continue
                tags = tag_map(client.list_resource_tags(KeyId=key["KeyId"]).get("Tags"), *TAG_NAMES)
                if key.get("Description", "") == new.get("description", "") and tags == new["tagsAll"]:
                    found.append((key["CreationDate"], key["KeyId"]))
        return max(found)[1] if found else None


class Alias(Handler):
    """Id: the alias's name, with its `alias/`."""

    kind = "aws:kms/alias:Alias"
    service = "kms"
    required = ("targetKeyId",)
    optional = ("name", "namePrefix")
    fixed = ("name", "namePrefix")
    computed = ("arn", "targetKeyArn")
    name_start = "alias/"
    name_length = 256

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """CreateAlias answers nothing, so the alias is looked up."""
        client = self.aws(cloud, new)
        client.create_alias(AliasName=new["name"], TargetKeyId=new["targetKeyId"])
        return Created(new["name"], self._outputs(cloud, new["name"], new) or {})

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """The alias as ListAliases shows it."""
        outputs = self._outputs(cloud, id_, known)
        if outputs is None:
            return None
        key_id = outputs["targetKeyArn"].rsplit("/", 1)[-1]
        # A program may name the key by its id or by its ARN; both stay as they were written.
        target = known.get("targetKeyId")
        if target not in (key_id, outputs["targetKeyArn"]):
            target = key_id
        return {"name": id_, "targetKeyId": target, **outputs}

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """Point the alias at another key."""
        self.aws(cloud, new).update_alias(AliasName=id_, TargetKeyId=new["targetKeyId"])
        return self._outputs(cloud, id_, new) or {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """The key stays."""
        self.aws(cloud, known).delete_alias(AliasName=id_)

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """By name."""
        return str(new["name"])

    def _outputs(self, cloud: Cloud, name: str, known: Properties) -> dict[str, Any] | None:
        client = self.aws(cloud, known)
        for page in client.get_paginator("list_aliases").paginate():
            for alias in page["Aliases"]:
                if alias["AliasName"] == name:
                    key = client.describe_key(KeyId=alias["TargetKeyId"])["KeyMetadata"]
                    return {"arn": alias["AliasArn"], "targetKeyArn": key["Arn"]}
        return None
