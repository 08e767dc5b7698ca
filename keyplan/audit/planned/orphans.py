"""Policies that name a principal which is deleted: they go on meaning it, and nobody who comes after.

Source: IAM User Guide, "AWS JSON policy elements: Principal" (checked 2026-11-22): AWS keeps a principal's
unique id in place of its ARN, and shows it once the principal is gone. Conditions on aws:PrincipalArn compare
text, and do mean the next one of the same name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from keyplan.audit.planned.draft import Draft

DELETED = "a principal that is deleted"
_ELEMENTS = ("Principal", "NotPrincipal")


def orphan(draft: Draft, arn: str, unique_id: object) -> None:
    """Put a deleted principal's unique id in place of its ARN wherever a resource's policy names it."""
    name = unique_id if isinstance(unique_id, str) else DELETED
    tables = [(draft.table("secrets"), "ResourcePolicy"), (draft.table("kms_keys"), "KeyPolicy")]
    others = draft.document.get("external_accounts")
    for account in (draft.account, *(others if isinstance(others, Mapping) else ())):
        tables.append((draft.table("RoleDetailList", str(account)), "AssumeRolePolicyDocument"))
    for table, field in tables:
        for number, entry in enumerate(table or ()):
            given = entry.get(field) if isinstance(entry, Mapping) else None
            changed = _renamed(given, arn, name)
            if changed is not None:
                draft.owned(table, number)[field] = changed


def _renamed(given: Any, arn: str, name: str) -> Any:
    """The document with the name changed; None where it does not name the principal."""
    if isinstance(given, str):
        text = unquote(given) if given[:1] == "%" else given
        if arn not in text and "\\" not in text:
            return None
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return None
    else:
        document = given
    if not isinstance(document, Mapping):
        return None
    given_statements = document.get("Statement")
    listed = given_statements if isinstance(given_statements, list) else [given_statements]
    changed = [_statement(each, arn, name) for each in listed]
    return None if changed == listed else {**document, "Statement": changed}


def _statement(statement: Any, arn: str, name: str) -> Any:
    if not isinstance(statement, Mapping):
        return statement
    return {
        key: _principals(value, arn, name) if key in _ELEMENTS else value for key, value in statement.items()
    }


def _principals(value: Any, arn: str, name: str) -> Any:
    if not isinstance(value, Mapping) or "AWS" not in value:
        return value
    named = value["AWS"]
    listed = named if isinstance(named, list) else [named]
    changed = [name if each == arn else each for each in listed]
    return value if changed == listed else {**value, "AWS": changed}
