"""The organization's part of a snapshot: which accounts are in it, where, and the SCPs and RCPs above them.

Only the management account and accounts to which it has delegated Organizations can read the tree. Every
account can tell whether it is in an organization; where it is and the tree cannot be read, its policies are
`null` in the snapshot, which is unknown, and not the empty list, which says that there are none.
Source: AWS Organizations API Reference, DescribeOrganization, ListRoots, ListParents, ListPoliciesForTarget,
DescribePolicy (checked 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyplan.collecting.asking import Asker
from keyplan.collecting.calls import GLOBAL, NEXT_TOKEN, Call

IN_NONE = "AWSOrganizationsNotInUseException"
TYPES = {"scps": "SERVICE_CONTROL_POLICY", "rcps": "RESOURCE_CONTROL_POLICY"}
DEPTH_MAX = 10  # accounts are at most 7 levels deep (quotas of AWS Organizations): more is a circle


@dataclass(frozen=True)
class Root:
    """The top of the tree, and the account that may read it."""

    id: str
    enabled: frozenset[str]  # types of policies
    reader: str


Levels = list[dict[str, Any]] | None  # None: they could not be read


class Tree:
    """What one organization says about accounts; each part is asked once.

    Args:
        asker: who asks.
        organization_id: `o-…`.
        root: its top.
    """

    def __init__(self, asker: Asker, organization_id: str, root: Root) -> None:
        self._asker, self._organization_id, self._root = asker, organization_id, root

    def targets(self, account: str) -> list[str] | None:
        """The root, the organizational units and the account itself; None where that was not answered."""
        found = [account]
        while found[-1] != self._root.id:
            call = self._call("ListParents", found[-1], ChildId=found[-1])
            answer = self._asker.ask(call)
            parents = (answer or {}).get("Parents") or ()
            if not parents or len(found) > DEPTH_MAX:
                return None
            found.append(str(parents[0]["Id"]))
        return found[::-1]

    def path(self, targets: Sequence[str]) -> str:
        """As aws:PrincipalOrgPaths has it: `o-…/r-…/ou-…/`."""
        return "/".join((self._organization_id, *targets[:-1], ""))

    def levels(self, kind: str, targets: Sequence[str]) -> Levels:
        """The policies of one kind above an account, root first."""
        if TYPES[kind] not in self._root.enabled:
            return []
        return [self._level(target, TYPES[kind]) for target in targets]

    def _level(self, target: str, type_: str) -> dict[str, Any]:
        call = self._call("ListPoliciesForTarget", target, TargetId=target, Filter=type_)
        pages, is_whole = self._asker.pages(call, NEXT_TOKEN)
        if not is_whole:
            return {"level": target}
        return {
            "level": target,
            "policies": [self._policy(each) for page in pages for each in page.get("Policies") or ()],
        }

    def _policy(self, listed: dict[str, Any]) -> dict[str, Any]:
        answer = self._asker.ask(self._call("DescribePolicy", listed["Id"], PolicyId=listed["Id"]))
        content = ((answer or {}).get("Policy") or {}).get("Content")
        return {"Name": listed.get("Name") or listed["Id"], "Id": listed["Id"], "Content": content}

    def _call(self, operation: str, about: str, **parameters: Any) -> Call:
        return Call(self._root.reader, GLOBAL, "organizations", operation, parameters, about)


def membership(asker: Asker, account: str) -> dict[str, Any] | None:
    """What an account says of its organization; `{}`: it is in none, None: that was not answered."""
    call = Call(account, GLOBAL, "organizations", "DescribeOrganization")
    answer = asker.ask(call, taken=(IN_NONE,))
    if answer is None:
        return None
    if answer.get("Code") == IN_NONE:
        return {}
    organization: dict[str, Any] = answer.get("Organization") or {}
    return organization


def root_of(asker: Asker, readers: Iterable[str]) -> Root | None:
    """The top of the tree, by the first account that may read it."""
    refused: list[Call] = []
    for reader in readers:
        call = Call(reader, GLOBAL, "organizations", "ListRoots")
        pages, _ = asker.pages(call, NEXT_TOKEN)
        roots = [each for page in pages for each in page.get("Roots") or ()]
        if roots:
            asker.forgive(refused)
            types = roots[0].get("PolicyTypes") or ()
            enabled = frozenset(each["Type"] for each in types if each.get("Status") == "ENABLED")
            return Root(str(roots[0]["Id"]), enabled, reader)
        refused.append(call)
    asker.forgive(refused[1:])  # the first says it
    return None


def accounts_of(asker: Asker, reader: str) -> list[str] | None:
    """Every account of the organization; None where that was not answered whole."""
    pages, is_whole = asker.pages(Call(reader, GLOBAL, "organizations", "ListAccounts"), NEXT_TOKEN)
    listed = [str(each["Id"]) for page in pages for each in page.get("Accounts") or ()]
    return sorted(listed) if is_whole else None


def part_of_snapshot(
    asker: Asker, account: str, memberships: Mapping[str, dict[str, Any] | None]
) -> dict[str, Any]:
    """`organization`, which is the one of the snapshot's own account, `scps` and `rcps`.

    Args:
        asker: who asks.
        account: the snapshot's own.
        memberships: by account, what `membership` returned.
    """
    own = memberships.get(account)
    known = own if own is not None else next((each for each in memberships.values() if each), None)
    if not known:
        return _without_organization(memberships)
    management, own_id = str(known.get("MasterAccountId") or ""), str(known["Id"])
    root = root_of(asker, sorted(memberships, key=lambda each: each != management))
    listed = accounts_of(asker, root.reader) if root else None
    members = {
        each
        for each, found in memberships.items()
        if (found or {}).get("Id") == own_id or (found is None and each in (listed or ()))
    }
    if account not in members:
        return _without_organization(memberships)
    organization: dict[str, Any] = {
        "Id": own_id,
        "ManagementAccountId": management or None,
        "Accounts": listed if listed is not None else sorted(members | ({management} - {""})),
        "Paths": {},
    }
    if listed is None:
        organization["Unread"] = ["Accounts"]
    return {"organization": organization, **_controls(asker, organization, root, members, memberships)}


def _controls(
    asker: Asker,
    organization: dict[str, Any],
    root: Root | None,
    members: Collection[str],
    memberships: Mapping[str, dict[str, Any] | None],
) -> dict[str, dict[str, Levels]]:
    """`scps` and `rcps` of every account; the accounts' paths go into the organization."""
    controls: dict[str, dict[str, Levels]] = {kind: {} for kind in TYPES}
    tree = Tree(asker, organization["Id"], root) if root else None
    for account, found in memberships.items():
        targets = tree.targets(account) if tree and account in members else None
        is_management = account == organization["ManagementAccountId"]
        if tree and targets:
            organization["Paths"][account] = tree.path(targets)
        for kind, by_account in controls.items():
            # Neither an account outside of every organization nor the management account is controlled.
            by_account[account] = [] if found == {} or is_management else None
            if tree and targets and not is_management:
                by_account[account] = tree.levels(kind, targets)
    return controls


def _without_organization(memberships: Mapping[str, dict[str, Any] | None]) -> dict[str, Any]:
    """The snapshot's account is in none, or gave no answer; others may be in one that is not its."""
    if all(found == {} for found in memberships.values()):
        return {"organization": None, "scps": None, "rcps": None}
    by_account: dict[str, Levels] = {
        account: [] if found == {} else None for account, found in memberships.items()
    }
    return {"organization": None, "scps": by_account, "rcps": by_account}
