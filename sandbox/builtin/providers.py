"""The providers of a run: the default one from the stack's configuration, and explicit ones."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sandbox.builtin.state import State
from sandbox.provider import Provider, ProviderError
from sandbox.provider.packages import AWS, PACKAGES
from sandbox.provider.provider import configured
from sandbox.provider.values import UNKNOWN
from sandbox.urns import type_of

KINDS = {f"pulumi:providers:{package}": package for package in PACKAGES}
# Explicit providers get one constant id: nothing is behind it.
EXPLICIT_ID = "sandbox"
CREDENTIALS = ("accessKey", "secretKey", "token", "accessToken", "credentials")


class Providers:
    """Configured providers by their URN; an empty one means the default provider."""

    def __init__(self, settings: Mapping[str, Mapping[str, str]], state: State) -> None:
        """Args: settings: the default provider's, by cloud."""
        self._settings = settings
        self._state = state
        self._providers: dict[str, Provider] = {}
        self._lock = threading.Lock()

    def get(self, reference: str) -> Provider:
        """The provider of a reference `URN::ID`, or the default one. Raises: ProviderError."""
        urn = reference.rpartition("::")[0]
        with self._lock:
            if urn not in self._providers:
                self._providers[urn] = configured(self._settings) if not urn else self._registered(urn)
            return self._providers[urn]

    def prepare(self) -> None:
        """Wake the default provider's cloud in the background, while the program starts."""

        def wake() -> None:
            with suppress(ProviderError):
                self.get("").cloud.wake()

        threading.Thread(target=wake, daemon=True).start()

    def register(self, urn: str, kind: str, inputs: Mapping[str, Any]) -> str:
        """Configure an explicit provider and return its id.

        Its settings are remembered without credentials, to delete its resources when it is gone.
        """
        if kind not in KINDS:
            raise ProviderError(f"the sandbox does not know {kind}")
        package = KINDS[kind]
        unknown = sorted(name for name, value in inputs.items() if value is UNKNOWN)
        if unknown:
            raise ProviderError(f"the provider's `{unknown[0]}` is not known before the update")
        settings = {name: value for name, value in inputs.items() if name not in CREDENTIALS}
        # As with the real one, what the explicit provider leaves out comes from the configuration.
        merged = {**self._settings.get(package, {}), **settings}
        merged = {name: value for name, value in merged.items() if name not in CREDENTIALS}
        provider = configured({package: merged})
        with self._lock:
            self._providers[urn] = provider
        self._state.commit(("providers", urn, merged))
        return EXPLICIT_ID

    def _registered(self, urn: str) -> Provider:
        settings = self._state.row("providers", urn)
        if settings is None:
            raise ProviderError(f"the provider {urn} is not registered")
        kind = type_of(urn)
        return configured({KINDS.get(kind, AWS): settings})
