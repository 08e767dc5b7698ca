"""Keychains for the tests of `keyplan keychain`, which keyring loads by name (PYTHON_KEYRING_BACKEND).

One keeps its items in a file of the test, so that several processes share it; the others fail in their ways.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class Kept(KeyringBackend):
    """Items in the file KEYCHAIN."""

    priority = 1  # type: ignore[assignment]  # keyring computes it for its own

    def items(self) -> dict[str, str]:
        path = Path(os.environ["KEYCHAIN"])
        found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        return found

    def keep(self, items: dict[str, str]) -> None:
        Path(os.environ["KEYCHAIN"]).write_text(json.dumps(items))

    def get_password(self, service: str, username: str) -> str | None:
        return self.items().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self.keep({**self.items(), f"{service} {username}": password})

    def delete_password(self, service: str, username: str) -> None:
        items = self.items()
        del items[f"{service} {username}"]
        self.keep(items)


class Locked(Kept):
    """A keychain whose owner said no."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("CANARY")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(f"CANARY {password}")


class Broken(Kept):
    """A keychain that fails with an error of its own, which repeats what it was given."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise ValueError(f"cannot keep {password}")


class Cutting(Kept):
    """A keychain that keeps part of a value, as those with a small limit might."""

    def set_password(self, service: str, username: str, password: str) -> None:
        super().set_password(service, username, password[:8])
