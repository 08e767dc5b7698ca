"""An AWS store that acts in this process on moto, and can stop after any request as a killed one does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from keyplan.manifest.model import Manifest, ManifestKey
from keyplan.secret_value import SecretValue
from keyplan.stores.aws import AwsStore
from keyplan.stores.aws_read import AwsReader
from keyplan.stores.base import Stage
from keyplan.stores.labels import RETIRED, REVOKED, VersionLabel
from tests.command.environments import Environment, fake_key

NOW = "20261121T181500Z"


class Killed(BaseException):
    """The process ends here."""


class Steps:
    """What tests do with one key of an environment.

    Args:
        environment: on moto.
        key: the key's name.
        store: to share one with other keys: making one takes longer than using it. It remembers nothing.
    """

    def __init__(
        self, environment: Environment, key: str = "anthropic", store: AwsStore | None = None
    ) -> None:
        self.environment = environment
        self.said: list[str] = []
        manifest = Manifest.from_document(json.loads(environment.manifest_file.read_text()))
        self.key: ManifestKey = manifest.keys[key]
        self.store = store or AwsStore(manifest, (), 10.0, lambda _line: None)
        self.store.say = self.said.append

    @property
    def arn(self) -> str:
        """The secret's."""
        return self.environment.arn(self.key.name)

    def reader(self) -> AwsReader:
        document: Any = json.loads(self.environment.manifest_file.read_text())
        return AwsReader(document, (), 10.0, lambda _line: None, {})

    def put(self, mark: str) -> str:
        """Store and promote a value by two steps, and return the version's id."""
        deposit = self.deposit(mark)
        deposit.add()
        version_id: str = deposit.promote()
        return version_id

    def deposit(self, mark: str) -> Any:
        value = SecretValue(fake_key(mark))
        label = VersionLabel(value.fingerprint(), "user/alice", f"{mark}...{mark}AA")
        return self.store.deposit(self.key, self.store.state(self.key), value, label)

    def labels(self) -> dict[str, set[str]]:
        """The labels that are not keyplan's text, by the mark of the version's value; deprecated ones too."""
        client = self.environment.secrets
        found = client.list_secret_version_ids(SecretId=self.arn, IncludeDeprecated=True)["Versions"]
        marks = {entry["VersionId"]: self.mark(entry["VersionId"]) for entry in found}
        return {
            marks[entry["VersionId"]]: {
                label for label in entry["VersionStages"] if not label.startswith("keyplan:2:")
            }
            for entry in found
        }

    def mark(self, version_id: str | None = None) -> str:
        """The mark of a version's value, `tombstone` for one; of what readers get without an id."""
        which = {"VersionId": version_id} if version_id else {}
        answer = self.environment.secrets.get_secret_value(SecretId=self.arn, **which)
        document = json.loads(answer["SecretString"])
        return "tombstone" if "KEYPLAN_REVOKED" in document else str(document[self.key.on_aws().json_key][13])

    def fates(self) -> dict[str, str]:
        """What keyplan's labels say, by the mark of the version's value."""
        versions = self.store.history(self.key).versions
        return {
            self.mark(version.version_id): version.label.fate
            for version in versions
            if version.label is not None
        }


def revoke_current(steps: Steps) -> None:
    """Shut what readers get, as after a leak."""
    store = steps.store
    state = store.state(steps.key)
    assert state.current is not None
    store.shut(steps.key, state, state.current, REVOKED, NOW)


def retire_previous(steps: Steps, fate: str = RETIRED) -> None:
    """Shut the previous version."""
    store = steps.store
    state = store.state(steps.key)
    previous = state.at(Stage.PREVIOUS)
    assert previous is not None
    store.shut(steps.key, state, previous, fate, NOW)


def killed_at(monkeypatch: pytest.MonkeyPatch, request: int, *, of: Callable[[], object]) -> bool:
    """Do something, and end it after its request of this number (from 1). Returns whether it ended there:
    False where it has fewer requests.
    """
    original, sent = AwsStore.call, 0

    def call(store: AwsStore, operation: str, key: ManifestKey, **parameters: Any) -> dict[str, Any]:
        nonlocal sent
        sent += 1
        answer = original(store, operation, key, **parameters)
        if sent == request:
            raise Killed
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(AwsStore, "call", call)
        try:
            of()
        except Killed:
            return True
    return False
