"""Shutting a leaked value: dead at the vendor first, then out of every store, then who read it. The twin of
`keyplan revoke`.

Owns the order of the steps and what the incident record says of each. Nothing that fails stops what comes
after it, but for Ctrl-C: each step that shuts something counts by itself. Every step does nothing the second
time, so that a second run goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from keyplan.errors import ChangedMeanwhile, KeyplanError
from keyplan.names import vendor_key_is_for, vendor_key_name
from keyplan.reads import ReadReport
from keyplan.restarts.commands import restart_of
from keyplan.retiring.forms import console_steps
from keyplan.retiring.rule import stamp
from keyplan.retiring.steps import named, not_one
from keyplan.revoking.incident import Done, Incident, moment
from keyplan.revoking.target import all_versions, is_revoked, way_back, with_fingerprint
from keyplan.stores.base import CLOUD_NAMES
from keyplan.stores.labels import REVOKED
from keyplan.vendors import vendor_named

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from keyplan.manifest.model import Manifest, ManifestConsumer, ManifestKey
    from keyplan.revoking.incident import Step
    from keyplan.stores.base import SecretState, Store, Version
    from keyplan.stores.one_value import OneValue
    from keyplan.vendors.organization import Organization

USAGE_DAYS = 30
ATTEMPTS = 3  # at a secret that somebody else changes


@dataclass
class Response:
    """All that the steps need.

    Args:
        manifest: the environment.
        key: the key whose value leaked.
        target: the value.
        stores: every store of the environment.
        organization: the vendor's Admin API, or None without an admin key.
        who_read: asks one cloud who read since a moment.
        clock: the time now (aware).
        save: keeps the record's present state.
        said_dead: a person deactivated the key in the vendor's console.
    """

    manifest: Manifest
    key: ManifestKey
    target: OneValue
    stores: Sequence[Store]
    organization: Organization | None
    who_read: Callable[[str, datetime, datetime], ReadReport | KeyplanError]
    clock: Callable[[], datetime]
    save: Callable[[Incident], None]
    said_dead: bool = False

    def run(self, incident: Incident) -> None:
        """Take every step, and keep the record after each."""
        self._take(incident, "vendor", self._deactivate)
        for store in self.stores:
            self._take(incident, f"store-{store.cloud}", self._shutting(store))
        for store in self.stores:
            self._take(incident, f"reads-{store.cloud}", self._reading(store.cloud))
        if self.key.vendor == "anthropic":
            self._take(incident, "usage", self._see_use)

    def _take(self, incident: Incident, name: str, act: Callable[[Incident, Step], None]) -> None:
        step = incident.step(name)
        try:
            act(incident, step)
        except KeyplanError as error:
            step.state, step.found = Done.FAILED, error.message
            step.todo = (error.hint,) if error.hint else ()
        step.at = incident.updated = self.clock()
        self.save(incident)

    def _deactivate(self, incident: Incident, step: Step) -> None:
        if self.said_dead:
            step.state, step.found = Done.DONE, "a person deactivated it, as was said"
            return
        if self.organization is None or self.key.vendor != "anthropic":
            step.state = Done.BY_HAND
            step.found = (
                "there is no admin key to deactivate it with"
                if self.key.vendor == "anthropic"
                else "this vendor's keys are deactivated by a person"
            )
            step.todo = console_steps(self.key, self.target.hint)
            return
        # Where this fails a person has to do it at once: the steps stand there until it is known to be done.
        step.todo = console_steps(self.key, self.target.hint)
        try:
            self._deactivate_through(self.organization, incident, step)
        except KeyplanError as error:
            step.state = Done.BY_HAND
            step.found = f"the vendor did not do it: {error.message}"

    def _deactivate_through(self, organization: Organization, incident: Incident, step: Step) -> None:
        found = organization.find(self.target.hint)
        if len(found) != 1:
            step.state, step.found = Done.BY_HAND, not_one(self.target.hint, found)
            step.todo = console_steps(self.key, self.target.hint, found)
            return
        key = found[0]
        was_active = key.is_active
        if was_active:
            key = organization.set_status(key.id, "inactive")
        incident.vendor_key = {
            "id": key.id,
            "name": key.name,
            "status": key.status,
            "workspace": key.workspace,
            "createdAt": moment(key.created),
            "expiresAt": None if key.expires is None else moment(key.expires),
        }
        step.state, step.todo = Done.DONE, ()
        step.found = f"{named(key)} is {key.status}{'' if was_active else ', and was before'}"

    def _shutting(self, store: Store) -> Callable[[Incident, Step], None]:
        def act(incident: Incident, step: Step) -> None:
            at = stamp(self.clock())
            state = store.history(self.key)
            versions = self._versions_in(store.cloud, state)
            for version in versions:
                state = self._shut(store, state, version, at)
            step.found = self._seen(store, state, versions)
            step.state, step.todo = Done.DONE, ()
            _note_versions(incident, store.cloud, self.key, versions, state)

        return act

    def _shut(self, store: Store, state: SecretState, version: Version, at: str) -> SecretState:
        """Shut one version and look again. Somebody who changes the secret at this very moment, a rotation
        for instance, is no reason to leave the leaked value where it is.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                store.shut(self.key, state, version, REVOKED, at)
                break
            except ChangedMeanwhile:
                if attempt == ATTEMPTS:
                    raise
                state = store.history(self.key)
        return store.history(self.key)

    def _versions_in(self, cloud: str, state: SecretState) -> tuple[Version, ...]:
        """The value's versions as the store has them now: another one may have come since they were looked
        at.
        """
        known = self.target.versions.get(cloud, ())
        if self.target.fingerprint is None:
            wanted = {version.version_id for version in known}
            return tuple(version for version in all_versions(state) if version.version_id in wanted)
        found: dict[str, Version] = {}
        for version in known:
            again = with_fingerprint({cloud: state}, self.target.fingerprint, version)
            found |= {one.version_id: one for one in again.versions.get(cloud, ())}
        if not known:
            found |= {
                one.version_id: one
                for one in all_versions(state)
                if one.label and one.label.fingerprint == self.target.fingerprint
            }
        return tuple(found.values())

    def _seen(self, store: Store, state: SecretState, versions: Sequence[Version]) -> str:
        """What readers get now, which the store was asked anew.

        Raises:
            KeyplanError: they still get the value.
        """
        ids = {version.version_id for version in versions}
        current = state.current
        if current is not None and current.version_id in ids and not is_revoked(current):
            raise KeyplanError(
                f"readers on {CLOUD_NAMES[store.cloud]} are still sent to version {current.version_id}",
                f"keyplan revoke {self.key.name} --leaked, which goes on from here",
            )
        if not versions:
            return "it has no version of this value"
        shut = f"version {', '.join(sorted(ids))} is shut"
        if current is None or is_revoked(current):
            return f"{shut}: readers get no value, and an error that says so"
        return f"{shut}; readers get version {current.version_id}, which is another value"

    def _reading(self, cloud: str) -> Callable[[Incident, Step], None]:
        def act(incident: Incident, step: Step) -> None:
            stored = [version.created for version in self.target.versions.get(cloud, ())]
            if not stored:
                step.state, step.found = Done.DONE, "the value was never there"
                return
            found = self.who_read(cloud, min(stored), self.clock())
            if isinstance(found, KeyplanError):
                step.state, step.found = Done.UNKNOWN, found.message
                step.todo = tuple(filter(None, [found.hint, self._ask_again()]))
                return
            incident.reads = [entry for entry in incident.reads if entry["cloud"] != cloud]
            incident.reads.append(found.to_json())
            step.state, step.todo = Done.DONE, ()
            step.found = _counted(found)

        return act

    def _ask_again(self) -> str:
        return f"then run this command again: keyplan revoke {self.key.name} --leaked"

    def _see_use(self, incident: Incident, step: Step) -> None:
        if self.organization is None or incident.vendor_key is None:
            step.state, step.found = (
                Done.UNKNOWN,
                "the vendor's usage report needs an admin key, and one match",
            )
            return
        now = self.clock()
        since = max(self.target.stored or now, now - timedelta(days=USAGE_DAYS))
        # At least a day: the report refuses a time that ends where it begins.
        asked = min(since, now - timedelta(days=1))
        used = self.organization.usage(asked, now, "1d").get(incident.vendor_key["id"])
        step.state = Done.DONE
        if used is None:
            step.found = f"the vendor's usage report has no use of it since {since:%Y-%m-%d}"
            return
        step.found = (
            f"used from {used.first:%Y-%m-%d} to {min(used.last, now):%Y-%m-%d}, {used.tokens} tokens, in "
            f"workspace {', '.join(sorted(used.workspaces))}: compare that with what your programs did"
        )


def open_incident(
    manifest: Manifest,
    key: ManifestKey,
    target: OneValue,
    states: Mapping[str, SecretState],
    callers: Mapping[str, str],
    now: datetime,
) -> Incident:
    """The record before anything is done: the value, its readers, and every step as planned."""
    from keyplan.revoking.incident import Step

    clouds = list(callers)
    names = ["vendor", *(f"store-{cloud}" for cloud in clouds), *(f"reads-{cloud}" for cloud in clouds)]
    incident = Incident(
        environment=manifest.environment,
        key=key.name,
        vendor=key.vendor,
        owner=key.owner,
        opened=now,
        opened_by=callers,
        fingerprint=target.fingerprint,
        hint=target.hint,
        stored=target.stored,
        stored_by=target.label.caller if target.label else None,
        steps=[Step(name) for name in (*names, *(["usage"] if key.vendor == "anthropic" else []))],
        consumers=[
            _consumer(manifest, manifest.consumers[name], now) for name in manifest.readers_of(key.name)
        ],
        next=next_steps(manifest, key, now, way_back(target, states)),
    )
    for cloud, versions in target.versions.items():
        _note_versions(incident, cloud, key, versions, None)
    return incident


def _counted(found: ReadReport) -> str:
    """`3 principals asked for it, 1 of them not in the catalogue`."""
    number = len(found.readers)
    if number == 0:
        return "nobody asked for it, as far as the log tells"
    unknown = sum(1 for reader in found.readers if not reader.consumers)
    return f"{number} principal{'' if number == 1 else 's'} asked for it, {unknown} not in the catalogue"


def next_steps(
    manifest: Manifest, key: ManifestKey, now: datetime, previous: datetime | None = None
) -> tuple[str, ...]:
    """How readers get a value again.

    Args:
        previous: when the value was stored that a rollback would send readers to; None without one.
    """
    page = vendor_named(key.vendor).KEYS_PAGE
    name = vendor_key_name(
        manifest.environment, vendor_key_is_for(key.name, manifest.readers_of(key.name)), now.date()
    )
    where = f"at {page}, with the name {name}" if page else "where that vendor's keys are made"
    steps = [f"make a new key {where}", f"keyplan rotate {key.name}"]
    if previous is not None:
        steps.append(
            f"until then, if the value before it (stored {previous:%Y-%m-%d}) has not leaked too: "
            f"keyplan rollback {key.name} gives readers that one"
        )
    return tuple(steps)


def _consumer(manifest: Manifest, consumer: ManifestConsumer, now: datetime) -> dict[str, object]:
    return {
        **restart_of(manifest, consumer, now).to_json(),
        "cloud": consumer.cloud,
        "principal": consumer.role_arn or consumer.member,
    }


def _note_versions(
    incident: Incident, cloud: str, key: ManifestKey, versions: Sequence[Version], state: SecretState | None
) -> None:
    """What the record says of the value's versions in one cloud, as `state` has them now."""
    now = {one.version_id: one for one in (all_versions(state) if state else versions)}
    incident.versions = [entry for entry in incident.versions if entry["cloud"] != cloud]
    for version in versions:
        # A version whose last label went is not listed any more: it is what it was, and nobody is sent to it.
        seen = now.get(version.version_id, version)
        incident.versions.append(
            {
                "cloud": cloud,
                "secret": key.on_gcp().name if cloud == "gcp" else key.on_aws().name,
                "versionId": version.version_id,
                "storedAt": moment(version.created),
                "storedBy": version.label.caller if version.label else None,
                "stage": seen.stage.value if seen.stage else None,
                "fate": seen.label.fate if seen.label else None,
            }
        )
