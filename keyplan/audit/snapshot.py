"""A snapshot of accounts, its fields checked: what is missing or wrong is said, and the rest still counts.

The shapes are those of AWS's own answers (docs/audit.md lists them). Only a document that is no snapshot at
all is an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keyplan.audit.fields import OF_DETAILS, OF_KEYS, OF_SECRETS, checked
from keyplan.audit.policies.operators import is_moment, seconds_of
from keyplan.errors import UsageError

FORMAT = "keyplan-snapshot/1"
CURRENT_TIME, EPOCH_TIME = "aws:currenttime", "aws:epochtime"


@dataclass(frozen=True)
class Organization:
    """The organization, as far as verdicts need it."""

    id: str
    management_account: str | None
    accounts: frozenset[str]
    paths: Mapping[str, str]  # account -> `o-…/r-…/ou-…/`
    unread: frozenset[str] = frozenset()  # accounts of which nobody could tell whether they are in it


@dataclass
class Snapshot:
    """The fields of a snapshot; `problems` gets a line for each that cannot be used."""

    account: str
    partition: str
    region: str
    context: Mapping[str, tuple[str, ...]]  # by key in lower case
    details: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]  # account -> authorization details
    secrets: Sequence[Mapping[str, Any]]
    kms_keys: Sequence[Mapping[str, Any]] | None  # None: the snapshot has no such table
    organization: Organization | None
    scps: Mapping[str, Any] | None
    rcps: Mapping[str, Any] | None
    probes: Sequence[Mapping[str, Any]]
    problems: list[str] = field(default_factory=list)
    # Lists that may lack entries, by account and name; of `secrets` the account is empty.
    gaps: frozenset[tuple[str, str]] = frozenset()

    @property
    def as_of(self) -> str:
        """When it was made, `2026-11-21T12:00:00Z`; empty where it does not say."""
        return next(iter(self.context.get(CURRENT_TIME, ())), "")


def is_unread(entry: Mapping[str, Any] | None, name: str) -> bool:
    """Whether a field of an entry could not be collected: what it holds is then unknown, and not absent."""
    listed = (entry or {}).get("Unread")
    return isinstance(listed, list) and name in listed


DETAIL_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")


def read_snapshot(document: object) -> Snapshot:
    """Read a snapshot from JSON that was loaded.

    Raises:
        UsageError: it is no snapshot, or one of a format that this keyplan does not know.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("format"), str):
        raise UsageError(f"this is not a snapshot: it has no `format` field that says {FORMAT}")
    if document["format"] != FORMAT:
        raise UsageError(f"this is not a snapshot of a format that this keyplan reads, which is {FORMAT}")
    problems: list[str] = list(_missing(document))
    account = _text(document, "account_id", problems) or _account_of_principals(document, problems)
    details = {account: _details(document.get("authorization_details"), "authorization_details", problems)}
    others = document.get("external_accounts") or {}
    for other, entry in sorted(others.items()) if isinstance(others, Mapping) else ():
        if str(other) in details:
            problems.append(f"external_accounts: {other} stands twice; the first counts")
            continue
        inside = entry.get("authorization_details") if isinstance(entry, Mapping) else None
        details[str(other)] = _details(inside, f"external_accounts.{other}", problems)
    return Snapshot(
        account=account,
        partition=_text(document, "partition", problems) or "aws",
        region=_text(document, "region", problems),
        context=_context(document.get("context"), problems),
        details=details,
        secrets=[
            checked(each, OF_SECRETS, str(each["ARN"]), problems)
            for each in _unique(document, "secrets", "ARN", problems)
        ],
        kms_keys=_kms_keys(document, problems),
        organization=_organization(document, account, problems),
        scps=_by_account(document, "scps", problems),
        rcps=_by_account(document, "rcps", problems),
        probes=_probes(document.get("oidc_probes"), problems),
        problems=problems,
        gaps=frozenset(_gaps(document, account)),
    )


def _gaps(document: Mapping[str, Any], own: str) -> Iterator[tuple[str, str]]:
    """The lists that are missing, or of which the collector got a part."""
    if not isinstance(document.get("secrets"), list):
        yield "", "secrets"
    others = document.get("external_accounts")
    holders = {**(others if isinstance(others, Mapping) else {}), own: document}
    for account, holder in holders.items():
        details = holder.get("authorization_details") if isinstance(holder, Mapping) else None
        lists = details if isinstance(details, Mapping) else {}
        for name in DETAIL_LISTS:
            if not isinstance(lists.get(name), list) or is_unread(lists, name):
                yield str(account), name


def _probes(value: object, problems: list[str]) -> Sequence[Mapping[str, Any]]:
    if value is None:
        return []
    found = [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
    if not isinstance(value, list) or len(found) != len(value):
        problems.append("oidc_probes: it is not a list of objects")
    return found


def _missing(document: Mapping[str, Any]) -> Iterator[str]:
    """What the collector was not answered, a line for each kind of call with how often."""
    listed = document.get("missing") or ()
    if not isinstance(listed, list | tuple):
        yield "missing: it is not a list"
        return
    kinds = Counter(_not_collected(each) for each in listed)
    for kind, times in kinds.items():
        yield f"{kind} ({times:,} times)" if times > 1 else kind


def _not_collected(each: object) -> str:
    if not isinstance(each, Mapping):
        return "missing: an entry that is not an object"
    account, region, call, reason = (
        str(each.get(name) or "") for name in ("account", "region", "call", "reason")
    )
    where = f"account {account}, {region}" if region else f"account {account}"
    return f"{where}: {call} was not answered when the snapshot was collected: {reason or 'why is not said'}"


def _text(document: Mapping[str, Any], name: str, problems: list[str]) -> str:
    value = document.get(name)
    if isinstance(value, str):
        return value
    problems.append(f"{name}: it is missing, or not text")
    return ""


def _account_of_principals(document: Mapping[str, Any], problems: list[str]) -> str:
    """The account that the principals' own ARNs name. Without one, all of them would be strangers to it, and
    denied.
    """
    details = document.get("authorization_details")
    lists = details if isinstance(details, Mapping) else {}
    for name in ("RoleDetailList", "UserDetailList"):
        listed = lists.get(name)
        for entry in listed if isinstance(listed, list) else ():
            parts = str(entry.get("Arn") if isinstance(entry, Mapping) else "").split(":")
            if len(parts) > 4 and parts[4].isdecimal():
                problems.append(f"account_id: {parts[4]} is taken for it, the account of its principals")
                return parts[4]
    return ""


def _details(value: object, where: str, problems: list[str]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    if not isinstance(value, Mapping):
        problems.append(f"{where}: it is missing: its principals are unknown")
        return {name: [] for name in DETAIL_LISTS}
    found = {}
    for name in DETAIL_LISTS:
        listed = value.get(name)
        if not isinstance(listed, list):
            problems.append(f"{where}.{name}: it is missing")
            listed = []
        elif is_unread(value, name):
            problems.append(f"{where}.{name}: not all of it could be collected")
        found[name] = [
            checked(each, OF_DETAILS[name], f"{where}.{name}: {each.get('Arn')}", problems)
            for each in listed
            if isinstance(each, Mapping)
        ]
        if len(found[name]) != len(listed):
            problems.append(f"{where}.{name}: an entry that is not an object")
    return found


def _unique(
    document: Mapping[str, Any], name: str, key: str, problems: list[str]
) -> Iterator[Mapping[str, Any]]:
    listed = document.get(name)
    if not isinstance(listed, list):
        problems.append(f"{name}: it is missing")
        return
    seen: set[str] = set()
    for entry in listed:
        arn = entry.get(key) if isinstance(entry, Mapping) else None
        if not isinstance(arn, str):
            problems.append(f"{name}: an entry without {key}")
        elif arn in seen:
            problems.append(f"{name}: {arn} stands twice; the first counts")
        else:
            seen.add(arn)
            yield entry


def _kms_keys(document: Mapping[str, Any], problems: list[str]) -> Sequence[Mapping[str, Any]] | None:
    if not isinstance(document.get("kms_keys"), list):
        problems.append("kms_keys: it is missing: whether a value can be decrypted is unknown")
        return None
    return [
        checked(each, OF_KEYS, str(each["Arn"]), problems)
        for each in _unique(document, "kms_keys", "Arn", problems)
    ]


def _context(value: object, problems: list[str]) -> Mapping[str, tuple[str, ...]]:
    """The keys that are known; a moment that no operator can compare is left out, and so stays open."""
    if not isinstance(value, Mapping):
        problems.append("context: it is missing: the time of the snapshot is not known")
        return {}
    found = {
        str(key).lower(): tuple(map(_scalar, given)) if isinstance(given, list) else (_scalar(given),)
        for key, given in value.items()
    }
    now = found.get(CURRENT_TIME, ())
    if len(now) != 1 or not is_moment(now[0]):
        problems.append("context: aws:CurrentTime is missing, or is no date")
        found.pop(CURRENT_TIME, None)
    else:
        found.setdefault(EPOCH_TIME, (seconds_of(now[0]),))
    return found


def _scalar(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _organization(document: Mapping[str, Any], account: str, problems: list[str]) -> Organization | None:
    """The organization that the snapshot's own account is in, whether its list names the account or not."""
    value = document.get("organization")
    unread = _unread_accounts(document)
    if value is None:
        return Organization("", None, frozenset(), {}, unread) if unread else None
    everybody = frozenset({account, *_external(document)})
    if not isinstance(value, Mapping) or not isinstance(value.get("Id"), str):
        problems.append("organization: it has no Id")
        return Organization("", None, frozenset(), {}, everybody)
    accounts = value.get("Accounts")
    if not isinstance(accounts, list | tuple | Mapping):
        problems.append("organization.Accounts: it is missing, or no list")
        accounts, unread = (), unread | everybody
    paths = value.get("Paths") or {}
    ids = {str(each.get("Id") if isinstance(each, Mapping) else each) for each in accounts}
    by_account = {str(key): str(path) for key, path in paths.items()} if isinstance(paths, Mapping) else {}
    management = value.get("ManagementAccountId")
    own = {str(each) for each in (account, management) if each}
    return Organization(
        value["Id"],
        None if management is None else str(management),
        frozenset(ids | set(by_account) | own),
        by_account,
        unread - ids - set(by_account) - own,
    )


def _external(document: Mapping[str, Any]) -> Iterator[str]:
    others = document.get("external_accounts")
    return map(str, others) if isinstance(others, Mapping) else iter(())


def _unread_accounts(document: Mapping[str, Any]) -> frozenset[str]:
    """Accounts whose SCPs are null: the list that says that there are none is empty, and not null."""
    scps = document.get("scps")
    if not isinstance(scps, Mapping):
        return frozenset()
    return frozenset(str(account) for account, levels in scps.items() if levels is None)


def _by_account(document: Mapping[str, Any], name: str, problems: list[str]) -> Mapping[str, Any] | None:
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, Mapping):
        problems.append(f"{name}: it is not by account")
        return None
    return value
