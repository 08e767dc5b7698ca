"""The reader of `keyplan exec` and `keyplan key-helper` that looks in the keychain, and in no cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyplan.errors import KeyplanError, StoreError, ValueMissing
from keyplan.keychain.opening import Keychain, item_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keyplan.manifest.document import ManifestDocument
    from keyplan.secret_value import SecretValue


class KeychainReader:
    """Reads the values of one environment from this machine."""

    def __init__(self, keychain: Keychain, document: ManifestDocument, report: Callable[[str], None]) -> None:
        self._keychain, self._document, self._report = keychain, document, report

    def read(self, names: Sequence[str]) -> tuple[Mapping[str, SecretValue], Mapping[str, KeyplanError]]:
        """The values of these keys, and the failures of those that could not be read."""
        values: dict[str, SecretValue] = {}
        failures: dict[str, KeyplanError] = {}
        for name in names:
            try:
                values[name] = self._value(name)
            except StoreError as error:
                failures[name] = error
        self._report(f"looked in the keychain ({self._keychain.title})")
        return values, failures

    def read_version(self, name: str, version_id: str) -> SecretValue:
        """There are no versions here. Raises StoreError."""
        raise StoreError(f"the keychain holds one value of {name}, and no versions")

    def _value(self, name: str) -> SecretValue:
        environment, key = self._document["environment"], self._document["keys"][name]
        value = self._keychain.read(item_name(environment, name, key.get("baseUrl")))
        if value is None:
            raise ValueMissing(
                f"key {name} of environment {environment}: this machine's keychain holds no value of it",
                f"keyplan keychain put {name}",
            )
        return value
