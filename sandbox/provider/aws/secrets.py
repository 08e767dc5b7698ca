"""Secrets Manager: the container and its resource policy. Values are none of this module's business."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sandbox.provider.cloud import Cloud
from sandbox.provider.errors import AlreadyExists
from sandbox.provider.handler import (
    Created,
    Handler,
    Properties,
    change_tags,
    error_code,
    tag_list,
    tag_map,
    tag_outputs,
)
from sandbox.provider.values import present

# What a replica shows that was given no key.
AWS_MANAGED_KEY = "alias/aws/secretsmanager"


class Secret(Handler):
    """Id: the ARN. Deleting honours `recoveryWindowInDays`; the name then stays blocked."""

    kind = "aws:secretsmanager/secret:Secret"
    service = "secretsmanager"
    optional = (
        "name",
        "namePrefix",
        "description",
        "kmsKeyId",
        "policy",
        "recoveryWindowInDays",
        "forceOverwriteReplicaSecret",
        "replicas",
        "tags",
    )
    fixed = ("name", "namePrefix")
    computed = ("arn",)
    kept = ("policy",)
    local = ("recoveryWindowInDays", "forceOverwriteReplicaSecret")
    defaults = MappingProxyType({"recoveryWindowInDays": 30, "forceOverwriteReplicaSecret": False})
    documents = ("policy",)
    unordered = ("replicas",)
    nested = MappingProxyType({"replicas": ("region", "kmsKeyId")})
    name_length = 512
    recoverable = True

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """CreateSecret without a value."""
        client = self.aws(cloud, new)
        try:
            answer = client.create_secret(
                Name=new["name"],
                Tags=tag_list(new["tagsAll"]),
                ForceOverwriteReplicaSecret=new["forceOverwriteReplicaSecret"],
                **present(
                    Description=new.get("description"),
                    KmsKeyId=new.get("kmsKeyId"),
                    AddReplicaRegions=[_replica(replica) for replica in new.get("replicas", ())] or None,
                ),
            )
        except (client.exceptions.InvalidRequestException, client.exceptions.ResourceExistsException):
            # AWS answers the first of these for a name that is pending deletion, moto the second.
            raise self._name_is_taken(cloud, new) from None
        return Created(answer["ARN"], {"arn": answer["ARN"]})

    def complete(self, cloud: Cloud, id_: str, new: Properties) -> None:
        """The policy, if there is one."""
        if new.get("policy"):
            self.aws(cloud, new).put_resource_policy(SecretId=id_, ResourcePolicy=new["policy"])

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """A secret that waits for its deletion counts as gone."""
        client = self.aws(cloud, known)
        secret = client.describe_secret(SecretId=id_)
        if secret.get("DeletedDate"):
            return None
        tags = tag_map(secret.get("Tags"))
        replicas = [
            present(region=status["Region"], kmsKeyId=_own_key(status.get("KmsKeyId")))
            for status in secret.get("ReplicationStatus") or ()
        ]
        policy = None
        if "policy" in known or not known:  # a SecretPolicy may own it; asking costs a request a secret
            policy = client.get_resource_policy(SecretId=id_).get("ResourcePolicy")
        return {
            "name": secret["Name"],
            "arn": secret["ARN"],
            **present(
                description=secret.get("Description"),
                kmsKeyId=secret.get("KmsKeyId"),
                policy=policy,
                replicas=replicas or None,
            ),
            **tag_outputs(tags),
        }

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """One call per kind of change."""
        client = self.aws(cloud, new)
        if changed & {"description", "kmsKeyId"}:
            client.update_secret(
                SecretId=id_,
                Description=new.get("description", ""),
                **present(KmsKeyId=new.get("kmsKeyId")),
            )
        if "policy" in changed:
            client.put_resource_policy(SecretId=id_, ResourcePolicy=new["policy"])
        if "tagsAll" in changed:
            change_tags(old, new, client.untag_resource, client.tag_resource, SecretId=id_)
        if "replicas" in changed:
            self._replicate(client, id_, old, new)
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """Replicas first: AWS refuses to delete a secret that still has one."""
        client = self.aws(cloud, known)
        regions = [replica["region"] for replica in known.get("replicas") or ()]
        if regions:
            client.remove_regions_from_replication(SecretId=id_, RemoveReplicaRegions=regions)
        days = known.get("recoveryWindowInDays", self.defaults["recoveryWindowInDays"])
        if days:
            client.delete_secret(SecretId=id_, RecoveryWindowInDays=days)
        else:
            client.delete_secret(SecretId=id_, ForceDeleteWithoutRecovery=True)

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """By name."""
        found = self.aws(cloud, new).describe_secret(SecretId=new["name"])
        return None if found.get("DeletedDate") else str(found["ARN"])

    def _replicate(self, client: Any, id_: str, old: Properties, new: Properties) -> None:
        before = {replica["region"]: replica for replica in old.get("replicas") or ()}
        after = {replica["region"]: replica for replica in new.get("replicas") or ()}
        gone = sorted(region for region in before if before[region] != after.get(region))
        made = [_replica(after[region]) for region in sorted(after) if after[region] != before.get(region)]
        if gone:
            client.remove_regions_from_replication(SecretId=id_, RemoveReplicaRegions=gone)
        if made:
            client.replicate_secret_to_regions(
                SecretId=id_,
                AddReplicaRegions=made,
                ForceOverwriteReplicaSecret=new["forceOverwriteReplicaSecret"],
            )

    def _name_is_taken(self, cloud: Cloud, new: Properties) -> AlreadyExists:
        client = self.aws(cloud, new)
        secret = client.describe_secret(SecretId=new["name"])
        if secret.get("DeletedDate"):
            region = new.get("region") or cloud.region
            return AlreadyExists(
                f"the name `{new['name']}` is pending deletion until {secret['DeletedDate']:%Y-%m-%d}",
                "restore it, then run again: AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox "
                f"aws secretsmanager restore-secret --secret-id {new['name']} "
                f"--region {region} --endpoint-url {cloud.endpoint(self.service)}",
            )
        return AlreadyExists(
            f"a secret with the name `{new['name']}` exists and does not belong to this stack",
            f"take it over with the line `adopt: {secret['ARN']}` at its key in the catalogue, give the key "
            "another `secretName`, or delete the secret",
        )


class SecretPolicy(Handler):
    """A secret's resource policy. Id: the secret's ARN."""

    kind = "aws:secretsmanager/secretPolicy:SecretPolicy"
    service = "secretsmanager"
    required = ("policy", "secretArn")
    optional = ("blockPublicPolicy",)
    fixed = ("secretArn",)
    local = ("blockPublicPolicy",)
    documents = ("policy",)
    identity = ("secretArn",)

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """PutResourcePolicy replaces what is there."""
        self._put(cloud, new)
        return Created(new["secretArn"])

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """No policy is no resource."""
        answer = self.aws(cloud, known).get_resource_policy(SecretId=id_)
        policy = answer.get("ResourcePolicy")
        return {"secretArn": id_, "policy": policy} if policy else None

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """The same call as the creation."""
        self._put(cloud, new)
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """A secret that is already pending deletion has taken its policy with it."""
        try:
            self.aws(cloud, known).delete_resource_policy(SecretId=id_)
        except Exception as error:
            if error_code(error) != "InvalidRequestException":
                raise

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """By the secret's ARN."""
        return str(new["secretArn"])

    def _put(self, cloud: Cloud, new: Properties) -> None:
        self.aws(cloud, new).put_resource_policy(
            SecretId=new["secretArn"],
            ResourcePolicy=new["policy"],
            **present(BlockPublicPolicy=new.get("blockPublicPolicy")),
        )


def _own_key(key: str | None) -> str | None:
    return None if key == AWS_MANAGED_KEY else key


def _replica(replica: Mapping[str, str]) -> dict[str, str]:
    return present(Region=replica["region"], KmsKeyId=replica.get("kmsKeyId"))
