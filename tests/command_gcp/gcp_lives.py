"""One key on a Google Cloud of its own, whose versions a test leads through their life."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keyplan.manifest.model import Manifest, ManifestKey
from keyplan.secret_value import SecretValue
from keyplan.stores.base import Deposit, SecretState
from keyplan.stores.gcp import GcpStore
from keyplan.stores.labels import VersionLabel
from tests.command.environments import Environment, fake_key
from tests.command_gcp.google import OPERATOR, OPERATOR_PERMISSIONS, Google

AT = "20261121T181500Z"
HINT = "R2D...igAA"


class Life:
    """One key on a Google Cloud of its own, as an operator who may not read sees it."""

    def __init__(self, environment: Environment, google: Google) -> None:
        self.google = google
        self.manifest = Manifest.from_json(environment.document)
        self.key: ManifestKey = self.manifest.keys["anthropic"]
        self.secret: Any = google.secret(self.key.on_gcp().name)
        self.said: list[str] = []
        google.grant(self.key.on_gcp().name, OPERATOR, *OPERATOR_PERMISSIONS)
        self.store = self.opened(OPERATOR)

    def opened(self, member: str) -> GcpStore:
        environ = {"KEYPLAN_SANDBOX_MEMBER": member}
        return GcpStore(self.manifest, (), 5.0, lambda _line: None, self.said.append, environ)

    def look(self) -> SecretState:
        return self.store.history(self.key)

    def deposit(self, mark: str) -> Deposit:
        value = SecretValue(fake_key(mark))
        label = VersionLabel(value.fingerprint(), OPERATOR, HINT)
        return self.store.deposit(self.key, self.store.state(self.key), value, label)

    def stored(self, *marks: str) -> None:
        for mark in marks:
            deposit = self.deposit(mark)
            deposit.add()
            deposit.promote()

    def added(self, mark: str) -> Deposit:
        deposit = self.deposit(mark)
        deposit.add()
        return deposit

    def waiting(self) -> Deposit:
        deposit = self.store.pending(self.key, self.look())
        assert deposit is not None
        return deposit

    def shut(self, number: str, fate: str, at: str = AT) -> None:
        state = self.look()
        (version,) = [version for version in state.versions if version.version_id == number]
        self.store.shut(self.key, state, version, fate, at)

    @property
    def aliases(self) -> dict[str, int]:
        aliases: dict[str, int] = self.secret.aliases
        return aliases

    @property
    def states(self) -> str:
        """The first letter of each version's state, oldest first."""
        return "".join(version.state[0] for version in self.secret.versions)

    @property
    def fates(self) -> dict[str, str]:
        return {version.version_id: version.label.fate for version in self.look().versions if version.label}

    def lose_one(self, part: str) -> None:
        """Do the next such request, and answer nothing."""
        self.google.lost.append(part)

    def meanwhile(self, part: str, change: Callable[[], None]) -> None:
        """Do something before the next such request, as somebody else would."""

        def others() -> None:
            change()
            self.secret.etag = f'"{id(change):x}"'

        self.google.before[part] = others
