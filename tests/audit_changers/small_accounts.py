"""What the tests about changers share: cases, rows of one small account, policies that allow changes."""

from __future__ import annotations

from typing import Any, NamedTuple

from keyplan.audit.changers import Changer, changers
from keyplan.audit.estate import Estate
from keyplan.audit.matrix import graph_of
from keyplan.audit.snapshot import read_snapshot
from tests.audit.accounts import ACCOUNT, KEY, ROOT, allow, details, document, key, role, secret, snapshot

Document = dict[str, Any]
THROUGH_ACCOUNT = document(
    {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
)
DECRYPTS = allow("kms:Decrypt")
READS = document(allow(), DECRYPTS)
CUSTOMER = {"secrets": [secret(KmsKeyId=KEY)], "kms_keys": [key(THROUGH_ACCOUNT)]}
READER = role("reader", READS)


class Case(NamedTuple):
    """One way: the document of AWS, the account, and who could change the answer how."""

    source: str
    principals: tuple[Any, ...]
    expected: set[tuple[str, str, str]]
    more: dict[str, Any] = {}  # noqa: RUF012


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def can(*actions: str, resource: Any = "*", **more: Any) -> Document:
    """A policy that allows some actions."""
    return document(allow(list(actions), resource, **more))


def rows_of(*principals: Any, groups: Any = (), policies: Any = (), **more: Any) -> list[Changer]:
    whole = snapshot(
        authorization_details=details(*principals, groups=groups, policies=policies),
        **more,
    )
    return rows(whole)


def rows(whole: Document) -> list[Changer]:
    estate = Estate(read_snapshot(whole))
    return list(changers(estate, graph_of(estate)))


def found(*principals: Any, **more: Any) -> set[tuple[str, str, str]]:
    """Who could change the answer: (name, verdict, how)."""
    return {
        (row.principal.rpartition("/")[2], row.verdict.word, row.how) for row in rows_of(*principals, **more)
    }
