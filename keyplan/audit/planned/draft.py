"""A snapshot's document that is being changed: entries found by name, copied when they are first touched.

The document that was given stays as it is. What has no place in it (a principal that the snapshot does not
have, a table that is missing) is said, and never made up as something that is denied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from keyplan.audit.snapshot import FORMAT
from keyplan.errors import UsageError

Entry = dict[str, Any]
# Of users, roles and groups: the list they are in, and the fields for their name and their own policies.
LISTS = {
    "user": ("UserDetailList", "UserName", "UserPolicyList"),
    "role": ("RoleDetailList", "RoleName", "RolePolicyList"),
    "group": ("GroupDetailList", "GroupName", "GroupPolicyList"),
}
POLICIES = "Policies"
NOT_IN_SNAPSHOT = "whatever it has that the snapshot does not show"


class Draft:
    """The document after, as far as it is planned; `problems` gets a line for what cannot be foreseen."""

    def __init__(self, snapshot: object) -> None:
        if not isinstance(snapshot, Mapping) or snapshot.get("format") != FORMAT:
            raise UsageError(f"this is not a snapshot: it has no `format` field that says {FORMAT}")
        self.document: dict[str, Any] = dict(snapshot)
        self.problems: list[str] = []
        # What the audit calls the documents that are unknown because of the plan: a problem says why.
        self.explained: set[str] = set()
        self.hides_documents = False  # whether a policy or trust is not in the preview
        self.partition = str(snapshot.get("partition") or "aws")
        self.account = str(snapshot.get("account_id") or "")
        self.region = str(snapshot.get("region") or "")
        self._tables: dict[tuple[str, str], list[Any] | None] = {}
        self._own: set[int] = set()  # entries that are copies

    def say(self, problem: str) -> None:
        """Tell of something once."""
        if problem not in self.problems:
            self.problems.append(problem)

    def table(self, name: str, account: str = "") -> list[Any] | None:
        """`secrets`, `kms_keys`, or with an account one of IAM's lists; None: there is none."""
        if (name, account) not in self._tables:
            holder = self._details(account) if account else self.document
            listed = None if holder is None else holder.get(name)
            copied = list(listed) if isinstance(listed, list) else None
            if holder is not None and copied is not None:
                holder[name] = copied
            self._tables[name, account] = copied
            if copied is None:
                where = f"{name} of {account}" if account else name
                self.say(f"{where}: it is not in the snapshot, so what is planned of it is left out")
        return self._tables[name, account]

    def _details(self, account: str) -> dict[str, Any] | None:
        """An account's lists, in a copy that may be changed."""
        holder = self.document
        if account != self.account:
            others = self.document.get("external_accounts")
            inside = others.get(account) if isinstance(others, Mapping) else None
            if not isinstance(others, Mapping) or not isinstance(inside, Mapping):
                return None
            holder = dict(inside)
            self.document["external_accounts"] = {**others, account: holder}
        details = holder.get("authorization_details")
        if not isinstance(details, Mapping):
            return None
        if ("", account) not in self._tables:
            holder["authorization_details"] = dict(details)
            self._tables["", account] = []
        copied: dict[str, Any] = holder["authorization_details"]
        return copied

    def find(self, table: list[Any] | None, field: str, values: Iterable[str]) -> Entry | None:
        """The first entry with one of these values, as a copy that may be changed."""
        wanted = tuple(values)
        for number, entry in enumerate(table or ()):
            if isinstance(entry, Mapping) and entry.get(field) in wanted:
                return self.owned(table, number)
        return None

    def owned(self, table: list[Any] | None, number: int) -> Entry:
        """The entry at a position, as a copy that may be changed."""
        if table is None:
            raise ValueError("a table that is missing has no entries")
        entry = table[number]
        if id(entry) not in self._own:
            entry = table[number] = dict(entry)
            self._own.add(id(entry))
        found: Entry = entry
        return found

    def put(self, table: list[Any] | None, field: str, entry: Entry) -> None:
        """Add an entry, in place of one with the same value of a field."""
        if table is not None:
            self.drop(table, field, entry[field])
            self._own.add(id(entry))
            table.append(entry)

    def drop(self, table: list[Any] | None, field: str, value: str) -> Entry | None:
        """Take out every entry with a value; the last of them."""
        if table is None:
            return None
        found = [each for each in table if isinstance(each, Mapping) and each.get(field) == value]
        if found:
            table[:] = [
                each for each in table if not (isinstance(each, Mapping) and each.get(field) == value)
            ]
        return dict(found[-1]) if found else None

    def principal(self, kind: str, account: str, name: str, label: str) -> Entry | None:
        """A user, role or group by its name; one that the snapshot does not have is put in as unknown.

        Args:
            label: the resource that is about it, for the person who reads the problem.
        """
        listing, name_field, inline = LISTS[kind]
        table = self.table(listing, account)
        found = self.find(table, name_field, (name,))
        if found is not None or table is None:
            return found
        self.say(f"{label}: the {kind} {name} is not in the snapshot, so what it can do is unknown")
        entry = {
            name_field: name,
            "Arn": f"arn:{self.partition}:iam::{account}:{kind}/{name}",
            "Path": "/",
            inline: [{"PolicyName": NOT_IN_SNAPSHOT, "PolicyDocument": None}],
            "AttachedManagedPolicies": [],
        }
        self.put(table, name_field, entry)
        self.explained |= {f"{entry['Arn']} {NOT_IN_SNAPSHOT}", f"{entry['Arn']} trust"}
        return entry


def learn(entry: Entry, field: str, value: object | None) -> None:
    """Set a field; None: nobody can know it before the update, so it weighs as unknown."""
    forget(entry, field)
    if value is None:
        entry["Unread"] = [*texts(entry.get("Unread")), field]
    else:
        entry[field] = value


def forget(entry: Entry, field: str) -> None:
    """Take a field out: it is known that there is none."""
    entry.pop(field, None)
    if "Unread" in entry:
        entry["Unread"] = [each for each in texts(entry["Unread"]) if each != field]


def entries(listed: object) -> list[Mapping[str, Any]]:
    """Those of a list that are objects; a snapshot may hold anything."""
    return [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []


def texts(listed: object) -> list[str]:
    """Those of a list that are text."""
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []


def without(listed: object, field: str, values: Iterable[str]) -> list[Any]:
    """A list of entries without those that have one of the values."""
    gone = tuple(values)
    kept = listed if isinstance(listed, list) else []
    return [each for each in kept if not (isinstance(each, Mapping) and each.get(field) in gone)]
