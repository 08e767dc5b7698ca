"""The organization at the vendor: its keys, what they were used for, and the time there.

Everything that changes it is told to a journal first, so that a change that cannot be kept does not happen.
The journal's own exceptions come through.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sandbox.vendor_server.errors import invalid, not_found
from sandbox.vendor_server.faults import Faults
from sandbox.vendor_server.keys import (
    CreatedKey,
    Kind,
    VendorKey,
    digest_of,
    hint_of,
    make_id,
    make_value,
)
from sandbox.vendor_server.requests import SeenRequest
from sandbox.vendor_server.usage import Use, UseLog

ORGANIZATION_ID = "5e0c1a57-0000-4000-8000-00000000a117"
ORGANIZATION_NAME = "Sandbox Organization"
DEFAULT_WORKSPACE = "wrkspc_01SandboxDefault00000000"
MOST_REQUESTS_REMEMBERED = 10_000
# What an administrator may set. Source: Admin API, "Update API Key" (checked 2026-11-21).
SETTABLE = ("active", "inactive", "archived")
TOKENS_A_USE = 100

Journal = Callable[[dict[str, Any]], None]


class VendorWorld:
    """One organization. Every method may be called from any thread."""

    def __init__(
        self,
        organization_id: str = ORGANIZATION_ID,
        *,
        name: str = ORGANIZATION_NAME,
        journal: Journal | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.organization_id = organization_id
        self.name = name
        self.faults = Faults()
        self.requests: deque[SeenRequest] = deque(maxlen=MOST_REQUESTS_REMEMBERED)
        self.now = now
        self._journal = journal or (lambda entry: None)
        self._keys: dict[str, VendorKey] = {}
        self._by_digest: dict[str, VendorKey] = {}
        self._uses = UseLog()
        self._lock = threading.RLock()

    def create_key(
        self,
        name: str,
        *,
        kind: Kind = Kind.API,
        workspace: str | None = DEFAULT_WORKSPACE,
        expires_in_seconds: float | None = None,
        value: str | None = None,
    ) -> CreatedKey:
        """A new key, as a person makes one in the Console.

        Args:
            name: what it is called there; the vendor lets two have the same name.
            kind: what it opens.
            workspace: where it belongs; None for a key that is not scoped to one.
            expires_in_seconds: when it ends by itself; None for never.
            value: a value to take instead of a random one.
        """
        chosen = make_value(kind) if value is None else value
        now = self.now()
        key = VendorKey(
            id=make_id("apikey"),
            kind=kind,
            name=name,
            hint=hint_of(chosen, kind),
            digest=digest_of(chosen),
            created_at=now,
            expires_at=None if expires_in_seconds is None else now + expires_in_seconds,
            workspace=workspace,
        )
        with self._lock:
            if key.digest in self._by_digest:
                raise ValueError("there is a key with this value already")
            self._keep(key)
        return CreatedKey(key, chosen)

    def keys(self, kind: Kind | None = None) -> list[VendorKey]:
        """The keys, newest first."""
        with self._lock:
            found = [key for key in self._keys.values() if kind in (None, key.kind)]
        return sorted(found, key=lambda key: (-key.created_at, key.id))

    def key(self, key_id: str) -> VendorKey:
        """Raises a 404 when there is none of this id."""
        found = self._keys.get(key_id)
        if found is None:
            raise not_found(f"API key with ID {key_id} not found.")
        return found

    def known(self, value: str) -> VendorKey | None:
        """The key that a value is, alive or not."""
        return self._by_digest.get(digest_of(value))

    def is_alive(self, key: VendorKey) -> bool:
        """Whether it opens anything now."""
        return key.status_at(self.now()) == "active"

    def change(self, key_id: str, *, name: str | None = None, status: str | None = None) -> VendorKey:
        """Rename a key or set its status, as an administrator. Raises a 400 for what cannot be."""
        with self._lock:
            key = self.key(key_id)
            if status is not None and status not in SETTABLE:
                raise invalid(f"status: Input should be {', '.join(SETTABLE)}")
            before = key.status_at(self.now())
            if before in ("archived", "expired") and status not in (None, before):
                raise invalid(f"The API key is {before} and its status cannot be changed.")
            changed = VendorKey(**{**asdict(key), "name": name or key.name, "status": status or key.status})
            self._keep(changed)
            return changed

    def use(
        self,
        key: VendorKey,
        *,
        workspace: str | None = None,
        model: str = "claude-sonnet-4-6",
        tokens: int = 0,
    ) -> None:
        """Count one message that was answered to a key."""
        use = Use(
            at=self.now(),
            key_id=key.id,
            workspace=workspace or key.workspace or DEFAULT_WORKSPACE,
            model=model,
            input_tokens=tokens or TOKENS_A_USE,
            output_tokens=TOKENS_A_USE,
        )
        with self._lock:
            self._journal({"use": asdict(use)})
            self._uses.add(use)

    def uses(self) -> list[Use]:
        """Every use, counted by the minute."""
        with self._lock:
            return self._uses.all()

    def age(self, seconds: float) -> list[str]:
        """Move everything this far into the past. Returns the names of the keys that expired by it."""
        with self._lock:
            alive = [key for key in self._keys.values() if self.is_alive(key)]
            self._journal({"aged": seconds})
            self._age(seconds)
            return [key.name for key in alive if not self.is_alive(key)]

    def recall(self, entry: dict[str, Any]) -> None:
        """Take over one entry of a journal. Raises ValueError, KeyError or TypeError for what is none."""
        if "key" in entry:
            self._remember(VendorKey(**{**entry["key"], "kind": Kind(entry["key"]["kind"])}))
        elif "use" in entry:
            self._uses.add(Use(**entry["use"]))
        else:
            self._age(float(entry["aged"]))

    def entries(self) -> list[dict[str, Any]]:
        """What a journal needs to make this world again, and no more."""
        with self._lock:
            keys = [{"key": asdict(key)} for key in self._keys.values()]
            return [*keys, *({"use": asdict(use)} for use in self._uses.all())]

    def _keep(self, key: VendorKey) -> None:
        self._journal({"key": asdict(key)})
        self._remember(key)

    def _remember(self, key: VendorKey) -> None:
        self._keys[key.id] = self._by_digest[key.digest] = key

    def _age(self, seconds: float) -> None:
        for key in self._keys.values():
            key.created_at -= seconds
            if key.expires_at is not None:
                key.expires_at -= seconds
        self._uses.age(seconds)
