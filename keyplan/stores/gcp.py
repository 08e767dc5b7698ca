"""Google Secret Manager for the commands that store and look: everything but reading values, over REST.

Values go in here and never come out: reading is `gcp_read`, so that `put` and `status` work for operators and
auditors, who may not read. Readers get the version that the alias `current` points to; the newest version by
itself means nothing, so that a value can be stored and verified before anybody gets it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from keyplan.errors import AccessDenied, ValueMissing
from keyplan.stores import gcp_stages
from keyplan.stores.base import Stage
from keyplan.stores.gcp_annotations import CURRENT, PENDING, stages_of
from keyplan.stores.gcp_calls import GET_VERSION, LIST_VERSIONS, PAGE_SIZE, GcpCalls
from keyplan.stores.gcp_deposit import GcpDeposit
from keyplan.stores.gcp_errors import Subject
from keyplan.stores.gcp_state import bare_state, own, told
from keyplan.stores.gcp_versions import number_of
from keyplan.stores.raw_value import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.secret_value import SecretValue
    from keyplan.stores.base import SecretState, Version
    from keyplan.stores.gcp_state import GcpState
    from keyplan.stores.labels import VersionLabel

LIST = "secretmanager.secrets.list"
# Those that are on their way are nearly always among the newest few; where not, they are asked for.
NEWEST = 20


class GcpStore(GcpCalls):
    """The secrets of one environment on Google Cloud; a `keyplan.stores.base.Store`. Threads may share one.

    Its arguments and errors are those of `GcpCalls`.
    """

    cloud = "gcp"

    def __init__(
        self,
        manifest: Manifest,
        trusted_hosts: Collection[str],
        timeout_seconds: float,
        report: Callable[[str], None],
        say: Callable[[str], None] = lambda _text: None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        super().__init__(manifest, trusted_hosts, timeout_seconds, report, say, environ)
        self._listed: dict[str, dict[str, Any]] = {}

    def survey(self, keys: Sequence[ManifestKey]) -> None:
        """List the environment's secrets, which takes one request where each by itself would take one each.

        An operator may not list a project's secrets, only look at the environment's: then each is asked for.
        """
        if len(keys) < 2:
            return
        query = f"pageSize={PAGE_SIZE}&filter=labels.environment%3D{self.place.environment}"
        target = f"/v1/projects/{self.place.project_id}/secrets?{query}"
        try:
            for page in self.pages(target, Subject(self.place, LIST)):
                for secret in page.get("secrets", ()):
                    self._listed[str(secret["name"]).rpartition("/")[2]] = secret
        except AccessDenied:
            self.report("the project's secrets may not be listed; asking for each of them")

    def state(self, key: ManifestKey) -> GcpState:
        """The metadata of a key's secret: no permission to read values is needed."""
        secret = self._listed.pop(key.on_gcp().name, None)
        bare = bare_state(secret) if secret else self.glance(key)
        entries = self.newest(key, NEWEST)
        seen = {number_of(entry) for entry in entries}
        for number in sorted(set(stages_of(bare.aliases).values()) - seen):
            with suppress(ValueMissing):  # an alias of a version that Google forgot
                entries.append(self.version(key, number))
        return told(bare, entries, self.subject(GET_VERSION, key))

    def history(self, key: ManifestKey) -> GcpState:
        """The same with every version."""
        return told(self.glance(key), self.list_all(key), self.subject(LIST_VERSIONS, key))

    def check_size(self, key: ManifestKey, value: SecretValue) -> None:
        """Raise ValueRejected for a value that is larger than a secret."""
        encode(value)

    def deposit(
        self, key: ManifestKey, state: SecretState, value: SecretValue, label: VersionLabel
    ) -> GcpDeposit:
        """Prepare to store a value; nothing is done yet."""
        return GcpDeposit(self, key, own(state), value, label)

    def pending(self, key: ManifestKey, state: SecretState) -> GcpDeposit | None:
        """The deposit of the version that is pending already, or None."""
        seen = own(state)
        number = seen.aliases.get(PENDING, seen.begun)
        if number is None or number == seen.aliases.get(CURRENT):
            return None
        waiting = seen.at(Stage.PENDING)
        return GcpDeposit(self, key, seen, None, waiting.label if waiting else None, number)

    def go_back(self, key: ManifestKey, state: SecretState) -> str:
        """Send readers to the previous version, and return its number."""
        return gcp_stages.go_back(self, key, own(state))

    def shut(self, key: ManifestKey, state: SecretState, version: Version, fate: str, at: str) -> None:
        """Disable a version, and write on its label why."""
        own(state)
        gcp_stages.shut(self, key, version, fate, at)

    def restore_secret(self, key: ManifestKey) -> str:
        """Enable the versions again whose destruction is scheduled."""
        return gcp_stages.restore_secret(self, key)
