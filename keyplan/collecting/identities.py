"""IAM's part of a snapshot: users, groups, roles and policies of one account.

One list has them all, 1,000 entities a page. Managed policies that something refers to and the list does not
have (a boundary of AWS's own) are asked one by one.
Source: IAM API Reference, GetAccountAuthorizationDetails (checked 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keyplan.collecting.asking import Asker
from keyplan.collecting.calls import GLOBAL, IAM_PAGING, Call

PAGE_ENTITIES = 1000  # the most that IAM gives
LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")


def authorization_details(asker: Asker, account: str) -> dict[str, Any] | None:
    """The four lists; with `Unread` where some of them may be incomplete; None where nothing was answered."""
    call = Call(account, GLOBAL, "iam", "GetAccountAuthorizationDetails", {"MaxItems": PAGE_ENTITIES})
    pages, is_whole = asker.pages(call, IAM_PAGING)
    if not pages:
        return None
    details: dict[str, Any] = {
        name: [entry for page in pages for entry in page.get(name) or ()] for name in LISTS
    }
    if is_whole:
        details["Policies"] += absent_policies(asker, account, details)
    else:
        details["Unread"] = list(LISTS)
    return details


def absent_policies(asker: Asker, account: str, details: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Managed policies that are attached, or a boundary, and not in the list."""
    listed = {policy.get("Arn") for policy in details["Policies"]}
    wanted = sorted({*referred_to(details)} - listed)
    return [found for arn in wanted if (found := _policy(asker, account, arn)) is not None]


def referred_to(details: Mapping[str, Any]) -> Iterator[str]:
    """The ARNs of managed policies that users, groups and roles refer to."""
    for name in LISTS[:3]:
        for entry in details[name]:
            for attached in entry.get("AttachedManagedPolicies") or ():
                yield str(attached.get("PolicyArn"))
            boundary = (entry.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
            if boundary:
                yield str(boundary)


def _policy(asker: Asker, account: str, arn: str) -> dict[str, Any] | None:
    """A managed policy as the list would have it."""
    asked = Call(account, GLOBAL, "iam", "GetPolicy", {"PolicyArn": arn}, arn)
    answer = asker.ask(asked)
    policy: dict[str, Any] = (answer or {}).get("Policy") or {}
    version_id = policy.get("DefaultVersionId")
    if not version_id:
        return None
    parameters = {"PolicyArn": arn, "VersionId": version_id}
    version = asker.ask(Call(account, GLOBAL, "iam", "GetPolicyVersion", parameters, arn))
    if version is None:
        return None
    return {**policy, "PolicyVersionList": [version.get("PolicyVersion") or {}]}


def count(details: Mapping[str, Sequence[Any]] | None) -> int:
    """How many users and roles there are."""
    return len(details["UserDetailList"]) + len(details["RoleDetailList"]) if details else 0
