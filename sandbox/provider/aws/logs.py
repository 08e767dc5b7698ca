"""CloudWatch Logs: log groups."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from sandbox.provider.cloud import Cloud
from sandbox.provider.handler import Created, Handler, Properties, tag_changes, tag_outputs
from sandbox.provider.values import present


class LogGroup(Handler):
    """Id: the group's name."""

    kind = "aws:cloudwatch/logGroup:LogGroup"
    service = "logs"
    optional = ("name", "namePrefix", "kmsKeyId", "retentionInDays", "skipDestroy", "tags")
    fixed = ("name", "namePrefix", "kmsKeyId")
    computed = ("arn",)
    local = ("skipDestroy",)
    defaults = MappingProxyType({"retentionInDays": 0, "skipDestroy": False})
    name_length = 512

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """CreateLogGroup."""
        client = self.aws(cloud, new)
        client.create_log_group(
            logGroupName=new["name"],
            **present(tags=dict(new["tagsAll"]) or None, kmsKeyId=new.get("kmsKeyId")),
        )
        account = cloud.caller()
        partition = account["Arn"].split(":")[1]
        region = new.get("region") or cloud.region
        arn = f"arn:{partition}:logs:{region}:{account['Account']}:log-group:{new['name']}"
        return Created(new["name"], {"arn": arn})

    def complete(self, cloud: Cloud, id_: str, new: Properties) -> None:
        """The retention; 0 days means for ever."""
        if new["retentionInDays"]:
            client = self.aws(cloud, new)
            client.put_retention_policy(logGroupName=id_, retentionInDays=new["retentionInDays"])

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """DescribeLogGroups by prefix; its ARN ends in `:*`, the provider's does not."""
        client = self.aws(cloud, known)
        for page in client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=id_):
            for group in page["logGroups"]:
                if group["logGroupName"] == id_:
                    arn = group["arn"].removesuffix(":*")
                    tags = client.list_tags_for_resource(resourceArn=arn).get("tags") or {}
                    return {
                        "name": id_,
                        "arn": arn,
                        "retentionInDays": group.get("retentionInDays", 0),
                        **present(kmsKeyId=group.get("kmsKeyId")),
                        **tag_outputs(tags),
                    }
        return None

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """Retention and tags."""
        client = self.aws(cloud, new)
        if "retentionInDays" in changed:
            if new["retentionInDays"]:
                client.put_retention_policy(logGroupName=id_, retentionInDays=new["retentionInDays"])
            else:
                client.delete_retention_policy(logGroupName=id_)
        if "tagsAll" in changed:
            removed, added = tag_changes(old, new)
            if removed:
                client.untag_log_group(logGroupName=id_, tags=removed)
            if added:
                client.tag_log_group(logGroupName=id_, tags=added)
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """With `skipDestroy` the group and its logs stay."""
        if not known.get("skipDestroy"):
            self.aws(cloud, known).delete_log_group(logGroupName=id_)

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """By name."""
        return str(new["name"])
