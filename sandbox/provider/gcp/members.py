"""Who may do what with a resource: one member of a role, or all members of a role.

Ids are the real provider's: the resource's path, the role, the member and the condition's title, with slashes
between them. For an import spaces do as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from sandbox.provider.errors import ProviderError
from sandbox.provider.gcp.cloud import GoogleCloud
from sandbox.provider.gcp.policies import Form, Policy, PolicyOf, binding_of, same_member, set_members
from sandbox.provider.gcp.resource import GoogleType, same_reference
from sandbox.provider.handler import Created, Properties
from sandbox.provider.values import present, same_set

ROLE = r"(?:projects/[^/ ]+/|organizations/[^/ ]+/)?roles/[^/ ]+"
ID = re.compile(rf"(?P<path>.+?)[/ ](?P<role>{ROLE})(?:[/ ](?P<rest>.+))?")
CONDITION = ("title", "expression", "description")


class _Grant(GoogleType):
    """What members and bindings have in common."""

    target: ClassVar[str]
    """The property that names the resource, by its name or by its path."""
    path: ClassVar[str]
    """`projects/{project}/secrets/{target}`; other names are properties."""
    form: ClassVar[Form] = "get"
    mask: ClassVar[str] = ""
    computed: ClassVar[Sequence[str]] = ("etag",)
    nested = MappingProxyType({"condition": CONDITION})

    def resource(self, cloud: GoogleCloud, known: Properties) -> str:
        """The resource's path."""
        named = str(known[self.target])
        start = self.path.partition("{")[0]
        if "/" in named and named.startswith(start.split("/")[0] + "/"):
            return named
        region = known.get("location") or cloud.region
        return self.path.format(target=named, project=self.project(cloud, known), location=region)

    def policy(self, cloud: GoogleCloud, known: Properties, id_: str = "") -> PolicyOf:
        """Where the resource's policy is: where the id says, for a grant that has one."""
        match = ID.fullmatch(id_)
        named = {**known, self.target: match["path"]} if match else known
        return PolicyOf(self.service, self.resource(cloud, named), self.form)

    def same(self, name: str, old: Any, new: Any) -> bool:
        """A resource by its name is the one by its path; e-mail addresses do not count capitals."""
        if name == self.target:
            return same_reference(old, new)
        if name == "member" and isinstance(old, str) and isinstance(new, str):
            return same_member(old, new)
        if name == "members" and isinstance(old, list) and isinstance(new, list):
            return same_set(old, new)
        return super().same(name, old, new)

    def id_of(self, cloud: GoogleCloud, known: Properties) -> str:
        """The id of a grant with these inputs."""
        start = self.resource(cloud, known)
        if self.form == "project":
            start = start.removeprefix("projects/")
        title = (known.get("condition") or {}).get("title")
        return "/".join(filter(None, (start, known["role"], known.get("member"), title)))

    def wanted(self, id_: str, known: Properties) -> dict[str, Any]:
        """The inputs that the grant is looked for by: the known ones, or what an import's id says."""
        if known:
            return dict(known)
        match = ID.fullmatch(id_)
        member = match["rest"] if match else None
        if match is None or ("member" in self.required) != bool(member):
            form = "RESOURCE ROLE MEMBER" if "member" in self.required else "RESOURCE ROLE"
            raise ProviderError(f"the id `{id_}` is not of the form `{form}`")
        return present(**{self.target: match["path"]}, role=match["role"], member=member)

    def shown(self, cloud: GoogleCloud, known: Properties, policy: Policy) -> dict[str, Any]:
        """The outputs that are not inputs."""
        more = {"project": self.resource(cloud, known).split("/")[1]} if "project" in self.computed else {}
        if "location" in self.computed:
            more["location"] = known.get("location") or cloud.region
        return {"etag": policy.get("etag", ""), **more}

    def update(
        self, cloud: GoogleCloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """Nothing of a member changes in place."""
        return {}


class Member(_Grant):
    """One member of one role; the others are none of its business."""

    def create(self, cloud: GoogleCloud, new: Properties) -> Created:
        """Add the member; one that is there already is taken over, as the real provider does."""
        role, member, condition = new["role"], new["member"], new.get("condition")

        def add(policy: Policy) -> bool:
            binding = binding_of(policy, role, condition)
            members = list((binding or {}).get("members") or ())
            if any(same_member(member, one) for one in members):
                return False
            set_members(policy, role, condition, [*members, member])
            return True

        policy = self.policy(cloud, new).change(cloud, add, self.mask)
        return Created(self.id_of(cloud, new), self.shown(cloud, new, policy))

    def read(self, cloud: GoogleCloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """None when the member was taken out."""
        wanted = self.wanted(id_, known)
        policy = self.policy(cloud, wanted, id_).read(cloud)
        binding = binding_of(policy, wanted["role"], wanted.get("condition"))
        found = [one for one in (binding or {}).get("members") or () if same_member(wanted["member"], one)]
        if not found:
            return None
        given = {name: wanted.get(name) for name in (self.target, "role", "condition", "project", "location")}
        return {**present(**given), "member": found[0], **self.shown(cloud, wanted, policy)}

    def delete(self, cloud: GoogleCloud, id_: str, known: Properties) -> None:
        """Take the member out."""
        wanted = self.wanted(id_, known)
        role, member, condition = wanted["role"], wanted["member"], wanted.get("condition")

        def remove(policy: Policy) -> bool:
            members = list((binding_of(policy, role, condition) or {}).get("members") or ())
            left = [one for one in members if not same_member(member, one)]
            if left == members:
                return False
            set_members(policy, role, condition, left)
            return True

        self.policy(cloud, wanted, id_).change(cloud, remove, self.mask)

    def find(self, cloud: GoogleCloud, new: Properties) -> str | None:
        """By everything that it is."""
        return self.id_of(cloud, new)


class Binding(_Grant):
    """All members of one role: whoever else has it loses it."""

    def create(self, cloud: GoogleCloud, new: Properties) -> Created:
        """Give the role to exactly these members."""
        return Created(self.id_of(cloud, new), self._set(cloud, new, "", new["members"]))

    def read(self, cloud: GoogleCloud, id_: str, known: Properties) -> dict[str, Any] | None:
        """A role without members is a binding without members, where one is known."""
        wanted = self.wanted(id_, known)
        policy = self.policy(cloud, wanted, id_).read(cloud)
        binding = binding_of(policy, wanted["role"], wanted.get("condition"))
        if binding is None and not known:
            return None
        members = sorted((binding or {}).get("members") or ())
        given = {name: wanted.get(name) for name in (self.target, "role", "condition", "project", "location")}
        return {**present(**given), "members": members, **self.shown(cloud, wanted, policy)}

    def update(
        self, cloud: GoogleCloud, id_: str, old: Properties, new: Properties, changed: frozenset[str]
    ) -> dict[str, Any]:
        """The same as the creation."""
        return self._set(cloud, new, id_, new["members"])

    def delete(self, cloud: GoogleCloud, id_: str, known: Properties) -> None:
        """Nobody has the role then."""
        self._set(cloud, self.wanted(id_, known), id_, [])

    def find(self, cloud: GoogleCloud, new: Properties) -> str | None:
        """By its role, where anybody has it."""
        policy = self.policy(cloud, new).read(cloud)
        return self.id_of(cloud, new) if binding_of(policy, new["role"], new.get("condition")) else None

    def _set(self, cloud: GoogleCloud, known: Properties, id_: str, members: list[str]) -> dict[str, Any]:
        def exchange(policy: Policy) -> bool:
            before = binding_of(policy, known["role"], known.get("condition"))
            if before is None and not members:
                return False
            set_members(policy, known["role"], known.get("condition"), members)
            return True

        policy = self.policy(cloud, known, id_).change(cloud, exchange, self.mask)
        return self.shown(cloud, known, policy)


class SecretIamMember(Member):
    """A reader, an operator or an auditor of one secret."""

    kind = "gcp:secretmanager/secretIamMember:SecretIamMember"
    service = "secretmanager"
    target = "secretId"
    path = "projects/{project}/secrets/{target}"
    required = ("member", "role", "secretId")
    optional = ("condition", "project")
    fixed = ("condition", "member", "project", "role", "secretId")
    computed = ("etag", "project")
    kept = ("project",)
    identity = fixed


class SecretIamBinding(Binding):
    """All readers of one secret."""

    kind = "gcp:secretmanager/secretIamBinding:SecretIamBinding"
    service = "secretmanager"
    target = "secretId"
    path = "projects/{project}/secrets/{target}"
    required = ("members", "role", "secretId")
    optional = ("condition", "project")
    fixed = ("condition", "project", "role", "secretId")
    computed = ("etag", "project")
    kept = ("project",)
    identity = fixed


class AccountMember(Member):
    """Who may use a service account."""

    kind = "gcp:serviceaccount/iAMMember:IAMMember"
    service = "iam"
    target = "serviceAccountId"
    path = "projects/{project}/serviceAccounts/{target}"
    form = "post"
    required = ("member", "role", "serviceAccountId")
    optional = ("condition",)
    fixed = ("condition", "member", "role", "serviceAccountId")
    identity = fixed


class ProjectMember(Member):
    """Who may do something in the whole project."""

    kind = "gcp:projects/iAMMember:IAMMember"
    service = "cloudresourcemanager"
    target = "project"
    path = "projects/{target}"
    form = "project"
    mask = "bindings,etag"
    required = ("member", "project", "role")
    optional = ("condition",)
    fixed = ("condition", "member", "project", "role")
    identity = fixed


class RunMember(Member):
    """Who may call a Cloud Run service, a function's for instance."""

    kind = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"
    service = "run"
    target = "name"
    path = "projects/{project}/locations/{location}/services/{target}"
    required = ("member", "name", "role")
    optional = ("condition", "location", "project")
    fixed = ("condition", "location", "member", "name", "project", "role")
    computed = ("etag", "location", "project")
    kept = ("location", "project")
    identity = fixed


class RunServiceMember(RunMember):
    """The same by the older type, which names the service otherwise."""

    kind = "gcp:cloudrun/iamMember:IamMember"
    target = "service"  # the property; the class attribute `service` is the API
    required = ("member", "role", "service")
    fixed = ("condition", "location", "member", "project", "role", "service")
    identity = fixed


class FunctionMember(Member):
    """Who may call a function."""

    kind = "gcp:cloudfunctionsv2/functionIamMember:FunctionIamMember"
    service = "cloudfunctions"
    target = "cloudFunction"
    path = "projects/{project}/locations/{location}/functions/{target}"
    required = ("cloudFunction", "member", "role")
    optional = ("condition", "location", "project")
    fixed = ("cloudFunction", "condition", "location", "member", "project", "role")
    computed = ("etag", "location", "project")
    kept = ("location", "project")
    identity = fixed


class TopicMember(Member):
    """Who may publish to a topic."""

    kind = "gcp:pubsub/topicIAMMember:TopicIAMMember"
    service = "pubsub"
    target = "topic"
    path = "projects/{project}/topics/{target}"
    required = ("member", "role", "topic")
    optional = ("condition", "project")
    fixed = ("condition", "member", "project", "role", "topic")
    computed = ("etag", "project")
    kept = ("project",)
    identity = fixed


class BucketMember(Member):
    """Who may read a bucket."""

    kind = "gcp:storage/bucketIAMMember:BucketIAMMember"
    service = "storage"
    target = "bucket"
    path = "b/{target}"
    form = "bucket"
    required = ("bucket", "member", "role")
    optional = ("condition",)
    fixed = ("bucket", "condition", "member", "role")
    identity = fixed
