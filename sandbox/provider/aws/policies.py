"""IAM policies: managed ones, those inside a role, and what attaches the first to roles."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from sandbox.provider.cloud import Cloud
from sandbox.provider.handler import (
    Created,
    Handler,
    Properties,
    change_tags,
    document_text,
    id_parts,
    tag_list,
    tag_map,
    tag_outputs,
)
from sandbox.provider.values import present

# A managed policy keeps at most five versions, the default one included.
# Source: IAM User Guide, "IAM and AWS STS quotas" (checked 2026-11-21).
VERSIONS_MAX = 5


class Policy(Handler):
    """A managed policy. Id: its ARN."""

    kind = "aws:iam/policy:Policy"
    service = "iam"
    regional = False
    required = ("policy",)
    optional = ("name", "namePrefix", "path", "description", "tags")
    fixed = ("name", "namePrefix", "path", "description")
    computed = ("arn", "policyId", "attachmentCount")
    defaults = MappingProxyType({"path": "/"})
    documents = ("policy",)
    name_length = 128

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """CreatePolicy."""
        policy = self.aws(cloud, new).create_policy(
            PolicyName=new["name"],
            Path=new["path"],
            PolicyDocument=new["policy"],
            Tags=tag_list(new["tagsAll"]),
            **present(Description=new.get("description")),
        )["Policy"]
        return Created(
            policy["Arn"], {"arn": policy["Arn"], "policyId": policy["PolicyId"], "attachmentCount": 0}
        )

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """GetPolicy and the document of its default version."""
        client = self.aws(cloud, known)
        policy = client.get_policy(PolicyArn=id_)["Policy"]
        version = client.get_policy_version(PolicyArn=id_, VersionId=policy["DefaultVersionId"])
        return {
            "name": policy["PolicyName"],
            "path": policy["Path"],
            "policy": document_text(version["PolicyVersion"]["Document"]),
            "arn": policy["Arn"],
            "policyId": policy["PolicyId"],
            "attachmentCount": policy["AttachmentCount"],
            **present(description=policy.get("Description")),
            **tag_outputs(tag_map(policy.get("Tags"))),
        }

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """A new default version; the oldest one makes room when all places are taken."""
        client = self.aws(cloud, new)
        if "policy" in changed:
            versions = client.list_policy_versions(PolicyArn=id_)["Versions"]
            spare = [version for version in versions if not version["IsDefaultVersion"]]
            if len(versions) >= VERSIONS_MAX:
                oldest = min(spare, key=lambda version: int(version["VersionId"][1:]))
                client.delete_policy_version(PolicyArn=id_, VersionId=oldest["VersionId"])
            client.create_policy_version(PolicyArn=id_, PolicyDocument=new["policy"], SetAsDefault=True)
        if "tagsAll" in changed:
            change_tags(old, new, client.untag_policy, client.tag_policy, PolicyArn=id_)
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """All versions but the default one go first: AWS refuses otherwise."""
        client = self.aws(cloud, known)
        for version in client.list_policy_versions(PolicyArn=id_)["Versions"]:
            if not version["IsDefaultVersion"]:
                client.delete_policy_version(PolicyArn=id_, VersionId=version["VersionId"])
        client.delete_policy(PolicyArn=id_)

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """The ARN says account, path and name."""
        account = cloud.caller()
        partition = account["Arn"].split(":")[1]
        return f"arn:{partition}:iam::{account['Account']}:policy{new['path']}{new['name']}"


class RolePolicy(Handler):
    """A policy inside a role. Id: `ROLE:NAME`."""

    kind = "aws:iam/rolePolicy:RolePolicy"
    service = "iam"
    regional = False
    required = ("policy", "role")
    optional = ("name", "namePrefix")
    fixed = ("name", "namePrefix", "role")
    documents = ("policy",)
    identity = ("role", "name")
    name_length = 128

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """PutRolePolicy creates and replaces."""
        self._put(cloud, new)
        return Created(f"{new['role']}:{new['name']}")

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """GetRolePolicy."""
        role, name = _role_and_name(id_)
        answer = self.aws(cloud, known).get_role_policy(RoleName=role, PolicyName=name)
        return {"role": role, "name": name, "policy": document_text(answer["PolicyDocument"])}

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """The same call as the creation."""
        self._put(cloud, new)
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """The role stays."""
        role, name = _role_and_name(id_)
        self.aws(cloud, known).delete_role_policy(RoleName=role, PolicyName=name)

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """By role and name."""
        return f"{new['role']}:{new['name']}"

    def _put(self, cloud: Cloud, new: Properties) -> None:
        self.aws(cloud, new).put_role_policy(
            RoleName=new["role"], PolicyName=new["name"], PolicyDocument=new["policy"]
        )


class RolePolicyAttachment(Handler):
    """A managed policy on a role. Id: `ROLE/ARN`, the form that the real provider imports by."""

    kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    service = "iam"
    regional = False
    required = ("policyArn", "role")
    fixed = ("policyArn", "role")
    identity = ("policyArn", "role")

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """AttachRolePolicy; attaching twice is no error."""
        self.aws(cloud, new).attach_role_policy(RoleName=new["role"], PolicyArn=new["policyArn"])
        return Created(f"{new['role']}/{new['policyArn']}")

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """The role's list of attached policies is the only place that shows it."""
        role, arn = _role_and_policy(id_)
        client = self.aws(cloud, known)
        for page in client.get_paginator("list_attached_role_policies").paginate(RoleName=role):
            if any(policy["PolicyArn"] == arn for policy in page["AttachedPolicies"]):
                return {"role": role, "policyArn": arn}
        return None

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """Never called: every property is fixed."""
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """Both ends stay."""
        role, arn = _role_and_policy(id_)
        self.aws(cloud, known).detach_role_policy(RoleName=role, PolicyArn=arn)

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """By both ends."""
        return f"{new['role']}/{new['policyArn']}"


def _role_and_name(id_: str) -> tuple[str, str]:
    return id_parts(id_, ":", "ROLE:NAME")


def _role_and_policy(id_: str) -> tuple[str, str]:
    return id_parts(id_, "/", "ROLE/POLICY-ARN")
