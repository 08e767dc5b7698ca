"""Principals as requests show them: users and roles of the snapshot, with their policies.

Source: IAM User Guide, "AWS global condition context keys", properties of the principal, and "Information
available in all requests" (the value of aws:userid); checked 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from keyplan.audit.policies.clauses import applies_to
from keyplan.audit.policies.documents import Effect, Kind, Statement, read_document
from keyplan.audit.policies.keys import OF_ROLE_SESSIONS
from keyplan.audit.policies.values import Beginning, Known, Missing, Open, Other, Value
from keyplan.audit.snapshot import Organization, Snapshot, is_unread
from keyplan.audit.tags import tag_value, tags_in

Policy = tuple[Statement, ...]
SERVICE_LINKED = "/aws-service-role/"
_SESSION_TAGS = "sts:TagSession"


@dataclass(frozen=True, eq=False)
class Caller:
    """A user, or a session of a role without further session policies."""

    arn: str
    account: str
    kind: str  # `user` or `role`
    name: str
    unique_id: str | None
    tags: Mapping[str, str]  # by key in lower case
    takes_session_tags: bool  # whether its trust lets somebody add tags when the session begins
    policies: tuple[Policy, ...]
    boundary: Policy | None
    path: str
    attached: frozenset[str]  # the ARNs of its managed policies, those of its groups included
    trust: Policy | None  # of a role
    organization: Organization | None
    at_home: bool = True  # whether it is of the snapshot's own account
    tagged: bool = False  # whether its session brings tags, which win over the role's
    # Condition keys of a request that somebody chooses, in lower case: a resource's tags are among them.
    chosen: Mapping[str, Value] = field(default_factory=dict)

    @cached_property
    def sessions(self) -> tuple[Caller, ...]:
        """The caller as it is, and with tags that nobody knows where its trust lets sessions bring them.

        Source: STS API Reference, AssumeRole, "Tags" (a session's win over the role's; checked 2026-11-22).
        """
        return (self, replace(self, tagged=True)) if self.takes_session_tags else (self,)

    @property
    def is_service_linked(self) -> bool:
        """Whether SCPs and RCPs leave it alone."""
        return self.kind == "role" and self.path.startswith(SERVICE_LINKED)

    @property
    def own_names(self) -> tuple[str, ...]:
        return (self.arn,) if self.unique_id is None else (self.arn, self.unique_id)

    @property
    def account_names(self) -> tuple[str, ...]:
        return (self.account, f"arn:{self._partition}:iam::{self.account}:root")

    @property
    def session_prefix(self) -> str | None:
        if self.kind != "role":
            return None
        return f"arn:{self._partition}:sts::{self.account}:assumed-role/{self.name}/"

    @property
    def _partition(self) -> str:
        return self.arn.partition(":")[2].partition(":")[0]

    def value(self, key: str) -> Value | None:
        if key in self.chosen:
            return self.chosen[key]
        if key.startswith("aws:principaltag/"):
            return self._tag(key.removeprefix("aws:principaltag/"))
        if self.kind == "user" and key in OF_ROLE_SESSIONS:
            return Missing.ABSENT
        if self.kind == "role" and key == "aws:tokenissuetime":
            return Open(True)
        return self._fixed(key)

    def _tag(self, key: str) -> Value:
        return Open(key in self.tags) if self.tagged else tag_value(self.tags, key)

    def _fixed(self, key: str) -> Value | None:
        is_user = self.kind == "user"
        match key:
            case "aws:principalarn":
                return Known((self.arn,))
            case "aws:principalaccount" | "kms:calleraccount":
                return Known((self.account,))
            case "aws:principaltype":
                return Known(("User" if is_user else "AssumedRole",))
            case "aws:principalisawsservice":
                return Known(("false",))
            case "aws:username":
                return Known((self.name,)) if is_user else Missing.ABSENT
            case "aws:userid":
                if self.unique_id is None:
                    return Open(True)
                return Known((self.unique_id,)) if is_user else Beginning(f"{self.unique_id}:")
            case "aws:principalorgid" | "aws:principalorgpaths":
                if self.organization is None and not self.at_home:
                    return Open(False)
                return of_organization(self.organization, self.account, key)
        return None


def of_organization(organization: Organization | None, account: str, key: str) -> Value:
    """The id or the path of an account's organization; of one outside, only that it is not this one."""
    if organization is not None and account in organization.unread:
        return Missing.STRANGE
    if organization is None or not organization.id:
        return Missing.ABSENT
    if account not in organization.accounts:
        return Other(organization.id if key.endswith("orgid") else f"{organization.id}/")
    if key.endswith("orgid"):
        return Known((organization.id,))
    path = organization.paths.get(account)
    return Open(True) if path is None else Known((path,))


def read_callers(snapshot: Snapshot) -> tuple[Caller, ...]:
    """Every user and role of every account in the snapshot, users first, in the snapshot's order."""
    found: dict[str, Caller] = {}
    for account, details in snapshot.details.items():
        reader = _Account(snapshot, account, details)
        for entry, kind in (
            *((each, "user") for each in details["UserDetailList"]),
            *((each, "role") for each in details["RoleDetailList"]),
        ):
            arn = entry.get("Arn")
            if not isinstance(arn, str):
                snapshot.problems.append(f"{account}: a {kind} without Arn")
            elif arn in found:
                snapshot.problems.append(f"{arn} stands twice; the first counts")
            else:
                found[arn] = reader.caller(entry, kind, arn)
    return tuple(found.values())


class _Account:
    """One account's policies, each read once."""

    def __init__(
        self, snapshot: Snapshot, account: str, details: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> None:
        self._problems = snapshot.problems
        self._organization = snapshot.organization
        self._home, self._account = snapshot.account, account
        self._documents = {
            arn: _default_version(each) for arn, each in self._first(details["Policies"], "Arn")
        }
        self._groups = dict(self._first(details["GroupDetailList"], "GroupName"))
        self._read: dict[str, Policy] = {}

    def _first(
        self, entries: Sequence[Mapping[str, Any]], key: str
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Entries by a field; of two that have the same the first."""
        seen: set[str] = set()
        for each in entries:
            name = str(each.get(key))
            if name in seen:
                self._problems.append(f"{self._account}: {name} stands twice; the first counts")
            else:
                seen.add(name)
                yield name, each

    def caller(self, entry: Mapping[str, Any], kind: str, arn: str) -> Caller:
        """A principal of an entry of its list."""
        trust = entry.get("AssumeRolePolicyDocument") if kind == "role" else None
        if is_unread(entry, "AssumeRolePolicyDocument"):
            trust = None
        statements = (
            None if kind == "user" else read_document(trust, f"{arn} trust", self._problems, Kind.TRUST)
        )
        unique_id = entry.get("UserId" if kind == "user" else "RoleId")
        boundary = (entry.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
        unread_boundary = is_unread(entry, "PermissionsBoundary")
        return Caller(
            arn=arn,
            account=self._account,
            kind=kind,
            name=str(entry.get("UserName" if kind == "user" else "RoleName") or arn.rpartition("/")[2]),
            unique_id=unique_id if isinstance(unique_id, str) else None,
            tags=tags_in(entry),
            takes_session_tags=any(
                statement.effect is Effect.ALLOW and _tags_sessions(statement)
                for statement in statements or ()
            ),
            policies=tuple(self._policies_of(entry, kind, arn)),
            boundary=self._unknown(f"{arn} permissions boundary")
            if unread_boundary
            else None
            if boundary is None
            else self._managed(str(boundary)),
            path=str(entry.get("Path") or "/"),
            attached=frozenset(self._attached_to(entry, kind)),
            trust=statements,
            organization=self._organization,
            at_home=self._account == self._home,
        )

    def _policies_of(self, entry: Mapping[str, Any], kind: str, arn: str) -> list[Policy]:
        inline = "UserPolicyList" if kind == "user" else "RolePolicyList"
        found = self._of_one(entry, inline, arn)
        if kind == "user" and is_unread(entry, "GroupList"):
            found.append(self._unknown(f"{arn} groups"))
        for name in entry.get("GroupList") or () if kind == "user" else ():
            group = self._groups.get(str(name))
            if group is None:
                found.append(self._unknown(f"group {name}"))
            else:
                found.extend(self._of_one(group, "GroupPolicyList", str(group.get("Arn") or name)))
        return found

    def _attached_to(self, entry: Mapping[str, Any], kind: str) -> Iterator[str]:
        groups = entry.get("GroupList") or () if kind == "user" else ()
        for each in (entry, *(self._groups[str(name)] for name in groups if str(name) in self._groups)):
            yield from (str(policy.get("PolicyArn")) for policy in each.get("AttachedManagedPolicies") or ())

    def _of_one(self, entry: Mapping[str, Any], inline: str, owner: str) -> list[Policy]:
        found = [
            self._unknown(f"{owner} {field}")
            for field in (inline, "AttachedManagedPolicies")
            if is_unread(entry, field)
        ]
        for number, each in enumerate(entry.get(inline) or ()):
            name = f"{owner} {each.get('PolicyName')}"
            place = f"{name} {number}"  # two may lack a name
            if place not in self._read:
                self._read[place] = read_document(
                    each.get("PolicyDocument"), name, self._problems, Kind.IDENTITY
                )
            found.append(self._read[place])
        for each in entry.get("AttachedManagedPolicies") or ():
            found.append(self._managed(str(each.get("PolicyArn"))))
        return found

    def _managed(self, arn: str) -> Policy:
        if arn not in self._documents:
            return self._unknown(arn)
        if arn not in self._read:
            self._read[arn] = read_document(self._documents[arn], arn, self._problems, Kind.IDENTITY)
        return self._read[arn]

    def _unknown(self, name: str) -> Policy:
        """A policy that is missing may allow and deny anything."""
        if name not in self._read:
            self._read[name] = read_document(None, name, self._problems)
        return self._read[name]


def _default_version(policy: Mapping[str, Any]) -> object:
    versions = policy.get("PolicyVersionList") or ()
    default = policy.get("DefaultVersionId")
    for version in versions:
        if version.get("IsDefaultVersion") is True or version.get("VersionId") == default:
            return version.get("Document")
    return None


def _tags_sessions(statement: Statement) -> bool:
    return statement.effect is Effect.ALLOW and applies_to(statement, _SESSION_TAGS)
