"""IAM roles and instance profiles."""

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
    tag_list,
    tag_map,
    tag_outputs,
)
from sandbox.provider.values import present


class Role(Handler):
    """Id: the role's name."""

    kind = "aws:iam/role:Role"
    service = "iam"
    regional = False
    required = ("assumeRolePolicy",)
    optional = (
        "name",
        "namePrefix",
        "path",
        "description",
        "maxSessionDuration",
        "permissionsBoundary",
        "forceDetachPolicies",
        "tags",
    )
    fixed = ("name", "namePrefix", "path")
    computed = ("arn", "createDate", "uniqueId")
    local = ("forceDetachPolicies",)
    defaults = MappingProxyType({"path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": False})
    documents = ("assumeRolePolicy",)
    name_length = 64

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """CreateRole."""
        role = self.aws(cloud, new).create_role(
            RoleName=new["name"],
            Path=new["path"],
            AssumeRolePolicyDocument=new["assumeRolePolicy"],
            MaxSessionDuration=new["maxSessionDuration"],
            Tags=tag_list(new["tagsAll"]),
            **present(Description=new.get("description"), PermissionsBoundary=new.get("permissionsBoundary")),
        )["Role"]
        return Created(role["RoleName"], _role_outputs(role))

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """GetRole."""
        role = self.aws(cloud, known).get_role(RoleName=id_)["Role"]
        return {
            "name": role["RoleName"],
            "path": role["Path"],
            "assumeRolePolicy": document_text(role["AssumeRolePolicyDocument"]),
            "maxSessionDuration": role["MaxSessionDuration"],
            **present(
                description=role.get("Description"),
                permissionsBoundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            ),
            **tag_outputs(tag_map(role.get("Tags"))),
            **_role_outputs(role),
        }

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """One call per kind of change."""
        client = self.aws(cloud, new)
        if "assumeRolePolicy" in changed:
            client.update_assume_role_policy(RoleName=id_, PolicyDocument=new["assumeRolePolicy"])
        if changed & {"description", "maxSessionDuration"}:
            client.update_role(
                RoleName=id_,
                Description=new.get("description", ""),
                MaxSessionDuration=new["maxSessionDuration"],
            )
        if "permissionsBoundary" in changed:
            if new.get("permissionsBoundary"):
                client.put_role_permissions_boundary(
                    RoleName=id_, PermissionsBoundary=new["permissionsBoundary"]
                )
            else:
                client.delete_role_permissions_boundary(RoleName=id_)
        if "tagsAll" in changed:
            change_tags(old, new, client.untag_role, client.tag_role, RoleName=id_)
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """With `forceDetachPolicies` also what hangs on the role; without it AWS refuses then."""
        client = self.aws(cloud, known)
        if known.get("forceDetachPolicies"):
            for policy in client.list_attached_role_policies(RoleName=id_)["AttachedPolicies"]:
                client.detach_role_policy(RoleName=id_, PolicyArn=policy["PolicyArn"])
            for name in client.list_role_policies(RoleName=id_)["PolicyNames"]:
                client.delete_role_policy(RoleName=id_, PolicyName=name)
        client.delete_role(RoleName=id_)

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """By name."""
        return str(new["name"])


class InstanceProfile(Handler):
    """Id: the profile's name."""

    kind = "aws:iam/instanceProfile:InstanceProfile"
    service = "iam"
    regional = False
    optional = ("name", "namePrefix", "path", "role", "tags")
    fixed = ("name", "namePrefix", "path")
    computed = ("arn", "createDate", "uniqueId")
    defaults = MappingProxyType({"path": "/"})
    name_length = 128

    def create(self, cloud: Cloud, new: Properties) -> Created:
        """CreateInstanceProfile."""
        profile = self.aws(cloud, new).create_instance_profile(
            InstanceProfileName=new["name"], Path=new["path"], Tags=tag_list(new["tagsAll"])
        )["InstanceProfile"]
        return Created(profile["InstanceProfileName"], _profile_outputs(profile))

    def complete(self, cloud: Cloud, id_: str, new: Properties) -> None:
        """Its one role."""
        if new.get("role"):
            client = self.aws(cloud, new)
            client.add_role_to_instance_profile(InstanceProfileName=id_, RoleName=new["role"])

    def read(self, cloud: Cloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """GetInstanceProfile."""
        client = self.aws(cloud, known)
        profile = client.get_instance_profile(InstanceProfileName=id_)["InstanceProfile"]
        roles = [role["RoleName"] for role in profile.get("Roles") or ()]
        return {
            "name": profile["InstanceProfileName"],
            "path": profile["Path"],
            **present(role=roles[0] if roles else None),
            **tag_outputs(tag_map(profile.get("Tags"))),
            **_profile_outputs(profile),
        }

    def update(
        self, cloud: Cloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """Exchange the role, change the tags."""
        client = self.aws(cloud, new)
        if "role" in changed:
            if old.get("role"):
                client.remove_role_from_instance_profile(InstanceProfileName=id_, RoleName=old["role"])
            if new.get("role"):
                client.add_role_to_instance_profile(InstanceProfileName=id_, RoleName=new["role"])
        if "tagsAll" in changed:
            change_tags(
                old, new, client.untag_instance_profile, client.tag_instance_profile, InstanceProfileName=id_
            )
        return {}

    def delete(self, cloud: Cloud, id_: str, known: Properties) -> None:
        """The role goes out first: AWS refuses otherwise."""
        client = self.aws(cloud, known)
        if known.get("role"):
            client.remove_role_from_instance_profile(InstanceProfileName=id_, RoleName=known["role"])
        client.delete_instance_profile(InstanceProfileName=id_)

    def find(self, cloud: Cloud, new: Properties) -> str | None:
        """By name."""
        return str(new["name"])


def _role_outputs(role: Any) -> dict[str, Any]:
    return {
        "arn": role["Arn"],
        "uniqueId": role["RoleId"],
        "createDate": f"{role['CreateDate']:%Y-%m-%dT%H:%M:%SZ}",
    }


def _profile_outputs(profile: Any) -> dict[str, Any]:
    return {
        "arn": profile["Arn"],
        "uniqueId": profile["InstanceProfileId"],
        "createDate": f"{profile['CreateDate']:%Y-%m-%dT%H:%M:%SZ}",
    }
