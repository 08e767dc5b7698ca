"""What may be changed: where each policy of a principal hangs, its groups, its boundary, its login.

The callers have their policies joined; to change one, somebody has to be allowed to change the user, the
role, the group or the managed policy that it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyplan.audit.arns import arn_part
from keyplan.audit.callers import Caller, Policy
from keyplan.audit.estate import Estate
from keyplan.audit.policies.documents import Effect, Kind, read_document

ADMINISTRATOR = "policy/AdministratorAccess"


@dataclass(frozen=True)
class Group:
    """A group with the policies that whoever joins it gets."""

    arn: str
    account: str
    managed: tuple[str, ...]
    policies: tuple[Policy, ...]


@dataclass(frozen=True)
class Managed:
    """A managed policy: who has it by its versions, and what its other versions say."""

    arn: str
    account: str  # empty for one of AWS's own, which nobody can change
    others: tuple[Policy, ...]


@dataclass(frozen=True)
class Belongings:
    """What one principal has: groups by number, managed policies by ARN, its boundary's ARN."""

    groups: tuple[int, ...]
    managed: frozenset[str]  # attached to itself
    boundary: str | None


class Inventory:
    """The groups and managed policies of a snapshot, and who has them."""

    def __init__(self, estate: Estate) -> None:
        self._problems: list[str] = []  # the estate has said them already
        self.groups: list[Group] = []
        self.managed: list[Managed] = []
        self.of: dict[str, Belongings] = {}
        documents: dict[str, Policy] = {}
        for account, details in estate.snapshot.details.items():
            for entry in details["Policies"]:
                self.managed.append(self._managed(entry, documents))
            numbers = {}
            for entry in details["GroupDetailList"]:
                numbers[str(entry.get("GroupName"))] = len(self.groups)
                self.groups.append(self._group(entry, account, documents))
            for entry in (*details["UserDetailList"], *details["RoleDetailList"]):
                groups = [str(name) for name in entry.get("GroupList") or () if "UserName" in entry]
                bound = (entry.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
                self.of.setdefault(
                    str(entry.get("Arn")),
                    Belongings(
                        tuple(numbers[name] for name in groups if name in numbers),
                        frozenset(_attached(entry)),
                        None if bound is None else str(bound),
                    ),
                )
        self.documents = documents
        self.managed_number = {each.arn: number for number, each in enumerate(self.managed)}

    def _managed(self, entry: Mapping[str, Any], documents: dict[str, Policy]) -> Managed:
        arn, others = str(entry.get("Arn")), []
        for version in entry.get("PolicyVersionList") or ():
            is_default = version.get("IsDefaultVersion") is True
            is_default = is_default or version.get("VersionId") == entry.get("DefaultVersionId")
            read = read_document(version.get("Document"), arn, self._problems, Kind.IDENTITY)
            if is_default:
                documents.setdefault(arn, read)
            else:
                others.append(read)
        account = arn_part(arn, 4)
        return Managed(arn, account if account.isdigit() else "", tuple(others))

    def _group(self, entry: Mapping[str, Any], account: str, documents: Mapping[str, Policy]) -> Group:
        arn, managed = str(entry.get("Arn") or ""), tuple(_attached(entry))
        inline = [
            read_document(
                each.get("PolicyDocument"), f"{arn} {each.get('PolicyName')}", self._problems, Kind.IDENTITY
            )
            for each in entry.get("GroupPolicyList") or ()
        ]
        known = [documents[each] for each in managed if each in documents]
        return Group(arn, account, managed, (*inline, *known))


def _attached(entry: Mapping[str, Any]) -> Iterator[str]:
    for each in entry.get("AttachedManagedPolicies") or ():
        yield str(each.get("PolicyArn"))


def denies(policy: Policy) -> bool:
    """Whether a policy takes anything away."""
    return any(statement.effect is Effect.DENY for statement in policy)


def owner(policy: Policy, of: Caller, groups: Sequence[Group]) -> tuple[str, str]:
    """Where a policy of a principal hangs: (`own` or `group` or `managed` or ``, its ARN).

    A statement's policy has its name: `ARN-OF-OWNER NAME` for one that is inline, or its own ARN.
    """
    name = policy[0].policy if policy else ""
    holder, blank, _ = name.partition(" ")
    if not blank:
        return ("managed", name) if ":policy/" in name else ("", "")
    if holder == of.arn:
        return "own", holder
    return ("group", holder) if any(group.arn == holder for group in groups) else ("", "")
