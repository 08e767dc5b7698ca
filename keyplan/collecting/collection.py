"""All parts of all accounts and regions: which calls wait for which, and several of them at once.

First come the lists of secrets, which tell what else has to be asked. IAM's list, whose pages can only be
asked one after the other, then runs beside everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from keyplan.audit.snapshot import FORMAT
from keyplan.collecting import encryption_keys, identities, organization, stored_secrets
from keyplan.collecting.asking import Asker
from keyplan.collecting.calls import GLOBAL, Call
from keyplan.collecting.refusals import Refusal
from keyplan.collecting.roles import Role
from keyplan.parallel import for_each


@dataclass(frozen=True)
class Scope:
    """What is collected.

    Args:
        account: the snapshot's own; its regions' first is the snapshot's region.
        partition: `aws`.
        accounts: every account that can be asked, the own one among them.
        unreachable: roles that could not be assumed, and why; their accounts are listed all the same.
        regions: where secrets are looked for.
        every_region: whether each account is asked for its regions, beside these.
        time: `2026-11-22T01:02:03Z`, when it began.
        caller: the ARN of who asks.
    """

    account: str
    partition: str
    accounts: Sequence[str]
    unreachable: Mapping[Role, Refusal]
    regions: Sequence[str]
    time: str
    caller: str
    every_region: bool = False


def collect(asker: Asker, scope: Scope) -> dict[str, Any]:
    """The snapshot. What was not answered is listed in it, and makes verdicts unknown.

    Raises:
        StoreError: credentials expired meanwhile; what was answered is in the journal.
    """
    for role, refusal in scope.unreachable.items():
        call = Call(role.account, GLOBAL, "sts", "AssumeRole", {"RoleArn": role.arn}, role.arn)
        asker.lacks(call, refusal)
    regions = _regions(asker, scope)
    secrets, memberships = _found(asker, scope.accounts, regions)
    keys = encryption_keys.references(secrets)
    tasks: list[Callable[[], Any]] = [
        *(partial(identities.authorization_details, asker, account) for account in scope.accounts),
        partial(organization.part_of_snapshot, asker, scope.account, memberships),
        *(partial(encryption_keys.key_of, asker, key, scope.accounts, scope.partition) for key in keys),
        *(partial(stored_secrets.with_policy, asker, secret) for secret in secrets),
    ]
    results = _all(tasks)
    details = dict(zip(scope.accounts, results, strict=False))
    of_organization, results = results[len(details)], results[len(details) + 1 :]
    return {
        "format": FORMAT,
        "account_id": scope.account,
        "partition": scope.partition,
        "region": scope.regions[0],
        "collected": {"at": scope.time, "by": scope.caller, "regions": _all_of(scope, regions)},
        "context": {"aws:CurrentTime": scope.time},
        "missing": [each.to_json() for each in asker.missing],
        "authorization_details": details.get(scope.account),
        "external_accounts": _others(scope, details),
        "secrets": results[len(keys) :],
        "kms_keys": encryption_keys.merged(results[: len(keys)]),
        **of_organization,
    }


def _regions(asker: Asker, scope: Scope) -> dict[str, list[str]]:
    """The regions of each account; where it does not tell them, those that were named."""
    found = {account: list(scope.regions) for account in scope.accounts}
    if not scope.every_region:
        return found
    calls = [Call(account, scope.regions[0], "ec2", "DescribeRegions") for account in scope.accounts]
    for call, answer in zip(calls, _all([partial(asker.ask, call) for call in calls]), strict=True):
        enabled = sorted(str(each["RegionName"]) for each in (answer or {}).get("Regions") or ())
        found[call.account] = list(dict.fromkeys((*scope.regions, *enabled)))
    return found


def _all_of(scope: Scope, regions: Mapping[str, Sequence[str]]) -> list[str]:
    return list(dict.fromkeys((*scope.regions, *(each for listed in regions.values() for each in listed))))


def _found(
    asker: Asker, accounts: Sequence[str], regions: Mapping[str, Sequence[str]]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The secrets of every account and region, and each account's organization."""
    places = [(account, region) for account in accounts for region in regions[account]]
    results = _all(
        [
            *(partial(stored_secrets.listed, asker, account, region) for account, region in places),
            *(partial(organization.membership, asker, account) for account in accounts),
        ]
    )
    secrets = [secret for listed in results[: len(places)] for secret in listed]
    memberships = dict(zip(accounts, results[len(places) :], strict=True))
    return sorted(secrets, key=lambda secret: str(secret["ARN"])), memberships


def _others(scope: Scope, details: Mapping[str, Any]) -> dict[str, Any]:
    unreachable = (role.account for role in scope.unreachable)
    accounts = sorted({*scope.accounts, *unreachable} - {scope.account})
    return {account: {"authorization_details": details.get(account)} for account in accounts}


def _all(tasks: Iterable[Callable[[], Any]]) -> list[Any]:
    return for_each(list(tasks), lambda: lambda task: task())
