"""The operating system's keychain through the library keyring: macOS Keychain, Secret Service, KWallet.

Owns which of keyring's backends may hold a value, and the words for what can go wrong. keyring is an extra
(`keyplan[keychain]`) and is loaded here alone, when somebody asks for it. Its errors, and those of the
libraries below it, are never shown: nobody promises that no value is in them.
Source: keyring's documentation, "Configuring" and `keyring.errors` (keyring.readthedocs.io, checked
2026-11-21).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyplan.errors import AccessDenied, StoreError, UsageError
from keyplan.secret_value import SecretValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from keyring.backend import KeyringBackend

    T = TypeVar("T")

SERVICE = "keyplan"
INSTALL = "pip install 'keyplan[keychain]'"
_CHAIN = "keyring.backends.chainer"  # several backends one after another: a value could end in any of them
# These keep nothing, or keep values in a file: that is no keychain.
_NO_KEYCHAIN = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")
_INSTEAD = "use the keychain of macOS, GNOME or KDE; or read with your own access: keyplan exec"


def item_name(environment: str, key: str, base_url: str | None) -> str:
    """What a key's item is called: `prod/anthropic`.

    A gateway's token is stored together with its address, so that a manifest with another address finds
    nothing that it could send there.
    """
    return f"{environment}/{key}" if base_url is None else f"{environment}/{key} for {base_url}"


class Keychain:
    """Items of the service `keyplan`."""

    def __init__(self, backend: KeyringBackend) -> None:
        self._backend = backend

    @property
    def title(self) -> str:
        """Which keychain it is, for a person: `macOS Keyring`."""
        return " ".join(str(self._backend.name).split()[:1])

    def read(self, name: str) -> SecretValue | None:
        """The value of an item, or None where there is none. Raises StoreError where it cannot be read."""
        text = _attempt("read", lambda: self._backend.get_password(SERVICE, name))
        return None if text is None else SecretValue(text)

    def store(self, name: str, value: SecretValue) -> None:
        """Make an item or replace its value. Raises StoreError where the keychain did not keep it."""
        _attempt("stored", lambda: self._backend.set_password(SERVICE, name, value.reveal()))
        if self.read(name) != value:
            raise StoreError("the keychain did not keep the value as it was given", _INSTEAD)

    def delete(self, name: str) -> bool:
        """Delete an item; whether it was there. Raises StoreError where it cannot be deleted."""
        if self.read(name) is None:
            return False
        _attempt("deleted", lambda: self._backend.delete_password(SERVICE, name))
        return True


def open_keychain() -> Keychain:
    """The keychain that keyring chooses, or that its configuration names.

    Raises:
        UsageError: keyring is not installed, finds no keychain, or only places that are none.
    """
    try:
        import keyring
    except ImportError:
        raise UsageError("the keychain needs the library keyring, which is not installed", INSTALL) from None
    try:
        found = list(_backends(keyring.get_keyring()))
    except Exception:  # a configuration may name any module, and that may raise anything
        raise UsageError(
            "keyring cannot be started: its configuration names a backend that does not load",
            "keyring diagnose shows where its configuration is",
        ) from None
    for backend in found:
        if not type(backend).__module__.startswith(_NO_KEYCHAIN):
            return Keychain(backend)
    if any(type(backend).__module__.startswith("keyrings.alt") for backend in found):
        raise UsageError("keyring would keep values in a file, and that is no keychain", _INSTEAD)
    raise UsageError("there is no keychain on this machine, or nobody is logged in to it", _INSTEAD)


def _backends(chosen: KeyringBackend) -> Iterator[KeyringBackend]:
    if type(chosen).__module__ == _CHAIN:
        yield from chosen.backends  # type: ignore[attr-defined]  # of a chain alone
    else:
        yield chosen


def _attempt(done: str, call: Callable[[], T]) -> T:
    from keyring.errors import InitError, KeyringLocked

    try:
        return call()
    except (KeyringLocked, InitError):
        raise AccessDenied(
            f"nothing was {done}: the keychain is locked, or did not let keyplan in",
            "unlock it, and run the command again",
        ) from None
    except Exception as error:  # D-Bus and Security.framework have errors of their own
        raise StoreError(f"nothing was {done}: the keychain failed ({type(error).__name__})") from None
