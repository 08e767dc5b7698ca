"""Which value a revocation is about, told from what the stores say. Pure.

A second run must go on with the value that the first one was about, and never shut the new one that readers
were given meanwhile: so once a value of a key was revoked, another one is revoked only by its version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from keyplan.errors import UsageError
from keyplan.stores.base import CLOUD_NAMES, Stage
from keyplan.stores.labels import REVOKED
from keyplan.stores.one_value import OneValue

if TYPE_CHECKING:
    from datetime import datetime

    from keyplan.stores.base import SecretState, Version

LISTED = 8  # versions in an error


def choose(key: str, states: Mapping[str, SecretState], version_id: str | None = None) -> OneValue:
    """The value to revoke.

    Args:
        key: the key's name.
        states: what `Store.history` says, by cloud.
        version_id: the version that a person named; None for the one that readers get.

    Raises:
        UsageError: there is none, or a person has to say which.
    """
    if version_id is not None:
        return _named_version(key, states, version_id)
    revoked = _last_revoked(states)
    serving = {
        cloud: version
        for cloud, state in states.items()
        if (version := state.current) is not None and not is_revoked(version)
    }
    if revoked is not None:
        others = [version for version in serving.values() if not _same_value(version, revoked)]
        if others:
            raise _again(key, revoked, others[0])
        return with_fingerprint(states, revoked.label.fingerprint if revoked.label else None, revoked)
    if not serving:
        hint = "deactivate the key in the vendor's console, if it leaked before it was stored"
        raise UsageError(f"key {key} has no value that readers get: there is nothing to shut", hint)
    prints = {version.label.fingerprint for version in serving.values() if version.label} - {None}
    if len(prints) > 1:
        raise _differ(key, serving)
    if not prints:
        return OneValue({cloud: (version,) for cloud, version in serving.items()})
    found = dict(with_fingerprint(states, prints.pop(), next(iter(serving.values()))).versions)
    # Nothing is written beside what another store serves: it may be the same value, so it is shut too.
    for cloud, version in serving.items():
        found.setdefault(cloud, (version,))
    return OneValue(found)


def with_fingerprint(
    states: Mapping[str, SecretState], fingerprint: str | None, version: Version
) -> OneValue:
    """Every version of one value; `version` alone where no fingerprint tells which others are."""
    found = {
        cloud: tuple(
            one
            for one in all_versions(state)
            if one.version_id == version.version_id
            or (fingerprint and one.label and one.label.fingerprint == fingerprint)
        )
        for cloud, state in states.items()
    }
    return OneValue({cloud: versions for cloud, versions in found.items() if versions})


def way_back(target: OneValue, states: Mapping[str, SecretState]) -> datetime | None:
    """When the value was stored to which a rollback could send readers everywhere, or None without one."""
    stored = []
    for cloud, state in states.items():
        ids = {version.version_id for version in target.versions.get(cloud, ())}
        before = state.at(Stage.PREVIOUS)
        if before is None or before.version_id in ids or (before.label and before.label.is_dead):
            return None
        stored.append(before.created)
    return max(stored, default=None)


def all_versions(state: SecretState) -> tuple[Version, ...]:
    """The versions that a store tells of, with the current one even where the list lacks it."""
    listed = {version.version_id for version in state.versions}
    further = [state.current] if state.current and state.current.version_id not in listed else []
    return (*further, *state.versions)


def is_revoked(version: Version) -> bool:
    """Whether it was shut because it had leaked, or stands in the place of such a one."""
    return version.label is not None and version.label.fate == REVOKED


def is_shut(state: SecretState, version: Version) -> bool:
    """Whether the store was told already: by the version's label, as it is now."""
    return any(one.version_id == version.version_id and is_revoked(one) for one in all_versions(state))


def _named_version(key: str, states: Mapping[str, SecretState], version_id: str) -> OneValue:
    for state in states.values():
        for version in all_versions(state):
            if version.version_id == version_id:
                return with_fingerprint(states, version.label.fingerprint if version.label else None, version)
    raise UsageError(
        f"key {key} has no such version; it has\n" + "\n".join(_listed(states)), f"keyplan history {key}"
    )


def _last_revoked(states: Mapping[str, SecretState]) -> Version | None:
    """The value that was revoked last. What stands in its place on AWS has no fingerprint and is none."""
    half = [version for state in states.values() if (version := _half_shut(state)) is not None]
    if half:
        return half[0]
    found = [
        version
        for state in states.values()
        for version in all_versions(state)
        if is_revoked(version) and version.label is not None and version.label.fingerprint
    ]
    return max(found, key=lambda version: (version.label.at if version.label else None) or "", default=None)


def _half_shut(state: SecretState) -> Version | None:
    """The version that a revocation replaced and was killed before it said so beside it.

    On AWS a tombstone takes its place first; its label has the moment of the revocation, and the leaked
    version's has the same one or, after another run, a later one.
    """
    stone = state.current
    if stone is None or not is_revoked(stone) or stone.label is None or stone.label.fingerprint:
        return None
    at = stone.label.at or ""
    said = any(
        is_revoked(version) and version.label and version.label.fingerprint and (version.label.at or "") >= at
        for version in all_versions(state)
    )
    before = state.at(Stage.PREVIOUS)
    return None if said or before is None or is_revoked(before) else before


def _same_value(one: Version, other: Version) -> bool:
    if one.version_id == other.version_id:
        return True
    prints = [version.label.fingerprint if version.label else None for version in (one, other)]
    return prints[0] is not None and prints[0] == prints[1]


def _again(key: str, revoked: Version, other: Version) -> UsageError:
    label = revoked.label
    when = f" on {_day(label.at)}" if label and label.at else ""
    return UsageError(
        f"a value of key {key} was revoked{when}, and readers get another one, stored "
        f"{other.created:%Y-%m-%d %H:%M} UTC: nothing was done",
        f"if that one has leaked too: keyplan revoke {key} --leaked --version {other.version_id}",
    )


def _differ(key: str, serving: Mapping[str, Version]) -> UsageError:
    lines = [_line(cloud, version) for cloud, version in serving.items()]
    return UsageError(
        f"the clouds give readers of key {key} different values: say which one leaked\n" + "\n".join(lines),
        f"keyplan revoke {key} --leaked --version {next(iter(serving.values())).version_id}",
    )


def _listed(states: Mapping[str, SecretState]) -> Sequence[str]:
    return list(_all_lines(states))[:LISTED]


def _all_lines(states: Mapping[str, SecretState]) -> Iterator[str]:
    for cloud, state in states.items():
        for version in all_versions(state):
            yield _line(cloud, version)


def _line(cloud: str, version: Version) -> str:
    by = f" by {version.label.caller}" if version.label else ""
    looks = f", {version.label.hint}" if version.label and version.label.hint else ""
    stored = f"{version.created:%Y-%m-%d %H:%M} UTC"
    return f"  {version.version_id} on {CLOUD_NAMES[cloud]}, stored {stored}{by}{looks}"


def _day(at: str) -> str:
    return f"{at[:4]}-{at[4:6]}-{at[6:8]}"
