"""What a rotation and a rollback say: before a value is asked for, when they stop, and how to go on. Pure.

Stores are named only where there are several: an environment that is on one cloud is told without a word
about clouds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyplan.errors import (
    ChangedMeanwhile,
    Findings,
    Interrupted,
    KeyplanError,
    UsageError,
    ValueRejected,
    VendorError,
)
from keyplan.names import vendor_key_is_for, vendor_key_name
from keyplan.rotation.moment import Moment, dead_marks, mark_of, pending_of
from keyplan.rotation.way_back import Why
from keyplan.stores.base import CLOUD_NAMES, Stage
from keyplan.stores.labels import REVOKED
from keyplan.storing.words import Fate
from keyplan.vendors import vendor_named
from keyplan.vendors.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.rotation.moment import Standing
    from keyplan.rotation.way_back import WayBack
    from keyplan.stores.base import SecretState, Version
    from keyplan.stores.labels import VersionLabel
    from keyplan.vendors.verdicts import Answer


def goes_on(key: str) -> str:
    """The hint for everything that stopped halfway."""
    return f"`keyplan rotate {key}` goes on from here, `keyplan rollback {key}` takes it back"


def named(clouds: Collection[str]) -> str:
    """`AWS and Google Cloud`."""
    return " and ".join(CLOUD_NAMES[cloud] for cloud in clouds)


def on(cloud: str, clouds: Collection[str]) -> str:
    """` on AWS`, where it is one of several."""
    return f" on {CLOUD_NAMES[cloud]}" if len(clouds) > 1 else ""


def readers_get(fates: Mapping[str, Fate | str]) -> str:
    """One line where it is the same everywhere, else one for each cloud."""
    if len(set(fates.values())) == 1:
        return f"readers get {next(iter(fates.values()))}"
    return "\n".join(f"  readers on {CLOUD_NAMES[cloud]} get {fate}" for cloud, fate in fates.items())


def vendor_name(manifest: Manifest, key: ManifestKey, now: datetime) -> str:
    """What to call the new key at the vendor: `prod-chat-api-key-20261121`."""
    named_after = vendor_key_is_for(key.name, manifest.readers_of(key.name))
    return vendor_key_name(manifest.environment, named_after, now.date())


def what_to_make(
    manifest: Manifest, key: ManifestKey, states: Mapping[str, SecretState], now: datetime
) -> str:
    """Where to make the new key and under which name, before it is asked for."""
    page = vendor_named(key.vendor).KEYS_PAGE or key.url or "at the vendor (the catalogue names no page)"
    name = vendor_name(manifest, key, now)
    rows = {"where": page, "name": name}
    if key.vendor == "anthropic" and manifest.vendor_endpoints.get("anthropic", "").startswith("http:"):
        rows["in the sandbox"] = f"python -m sandbox console create {name}"
    if key.organization:
        rows["organization"] = key.organization
    if key.workspace:
        rows["workspace"] = key.workspace
    lines = [f"make a new key for {key.name} of environment {manifest.environment}:"]
    rows |= {"now" + on(cloud, states): _served(state) for cloud, state in states.items()}
    width = max(map(len, rows))
    lines += [f"  {name:<{width}}  {text}" for name, text in rows.items()]
    return "\n".join(lines)


def left_at_vendor(key: ManifestKey, hint: str | None) -> str:
    """What to do about a key that was taken back here, and that its vendor still takes."""
    which = f"the key {hint}" if hint else "the key that was taken back"
    page = vendor_named(key.vendor).KEYS_PAGE or key.url
    where = f" at {page}" if page else ", where keys of this vendor are made"
    return f"{which} is still alive at the vendor: deactivate it{where}, unless you rotate to it again"


def verdict(answer: Answer) -> str:
    """`alive (organization …, workspace …)`, `dead: the Claude API does not know it`."""
    place = [
        f"{name} {text}"
        for name, text in (("organization", answer.organization), ("workspace", answer.workspace))
        if text
    ]
    words = "" if answer.words == answer.verdict.value else f": {answer.words}"
    where = f" ({', '.join(place)})" if place else ""
    return f"{answer.verdict}{words}{where}"


def at(cloud: str, clouds: Collection[str]) -> str:
    """`AWS: `, where it is one of several."""
    return f"{CLOUD_NAMES[cloud]}: " if len(clouds) > 1 else ""


def _served(state: SecretState) -> str:
    version = state.current
    if version is None:
        return "no value"
    if version.label is not None and version.label.is_dead:
        return f"a value that was {version.label.fate}{_day(version.label.at)}"
    return f"{told(version)}; it goes on working until it is retired"


def told(version: Version) -> str:
    """`version 7, stored 2026-11-21 by alice`."""
    who = version.label.caller if version.label else "somebody, not with keyplan"
    return f"version {version.version_id}, stored {version.created:%Y-%m-%d} by {who}"


def _day(at: str | None) -> str:
    return f" on {at[:4]}-{at[4:6]}-{at[6:8]}" if at else ""


def under_way(key: str, standing: Standing, clouds: Collection[str]) -> str:
    """What is told before a rotation that somebody began is gone on with."""
    begun = standing.begun
    lines = []
    if begun is not None:
        who = begun.label.caller if begun.label else "somebody, not with keyplan"
        lines.append(
            f"a rotation of key {key} is under way: {who} began it on {begun.created:%Y-%m-%d at %H:%M} UTC"
        )
    elif standing.moment is Moment.UNEVEN:
        lines.append(f"readers of key {key} do not get the same value everywhere")
    if len(clouds) > 1:
        rows = (
            ("readers get the new value on", standing.serving),
            ("it waits on", standing.waiting),
            ("it is not yet on", standing.lacking),
        )
        lines += [f"  {words} {named(where)}" for words, where in rows if where]
    return "\n".join(lines)


def another_waits(key: str, standing: Standing) -> ChangedMeanwhile:
    """A value was given while another one waits."""
    begun = standing.begun
    who = begun.label.caller if begun and begun.label else "somebody"
    when = f" on {begun.created:%Y-%m-%d at %H:%M} UTC" if begun else ""
    return ChangedMeanwhile(
        f"a rotation of key {key} to another value is under way, begun by {who}{when}; nothing was changed",
        f"`keyplan rotate {key}` without a value finishes it; with --new it gives way to your value",
    )


def to_decide(key: str, states: Mapping[str, SecretState]) -> ChangedMeanwhile:
    """Different values wait."""
    lines = [
        f"  {CLOUD_NAMES[cloud]}: {told(version)}, fingerprint {_fingerprint(version.label)}"
        for cloud, state in states.items()
        if (version := pending_of(state)) is not None
    ]
    return ChangedMeanwhile(
        "\n".join([f"two rotations of key {key} are under way, and which one counts is not known:", *lines]),
        f"agree whose it is; then `keyplan rotate {key} --new` with that value, or --abandon for neither",
    )


def _fingerprint(label: VersionLabel | None) -> str:
    return (label.fingerprint if label else None) or "none"


def rollback_stopped(key: str) -> Findings:
    """A rollback was killed between two stores."""
    return Findings(
        f"a rollback of key {key} stopped halfway: readers do not get the same value everywhere",
        f"`keyplan rollback {key}` finishes it; `keyplan rotate {key} --new` begins with a new value instead",
    )


def known_already(key: str, states: Mapping[str, SecretState], fingerprint: str) -> ValueRejected | None:
    """The refusal of a value that a store had before, or None where no label tells of it."""
    found = [
        (version, version.label)
        for state in states.values()
        for version in state.versions
        if version.label and version.label.fingerprint == fingerprint
    ]
    dead = next((label for _, label in found if label.is_dead), None)
    if dead is not None:
        why = "because it had leaked" if dead.fate == REVOKED else "after a rotation"
        return ValueRejected(
            f"this value was {dead.fate}{_day(dead.at)}, {why}: it is dead, and nothing was changed",
            "make a new key at the vendor, and give that one",
        )
    for version, _ in found:
        if version.stage is Stage.CURRENT:
            words = f"key {key} has this value already: {told(version)}"
        elif version.stage is Stage.PREVIOUS:
            return ValueRejected(
                f"this value is the previous one of key {key}: {told(version)}; nothing was changed",
                f"`keyplan rollback {key}` goes back to it; else make a new key at the vendor",
            )
        elif version.stage is Stage.PENDING:
            return ValueRejected(
                f"this value waits already: {told(version)}; nothing was changed", f"keyplan rotate {key}"
            )
        else:
            words = f"key {key} had this value before: {told(version)}"
        return ValueRejected(
            f"{words}; nothing was changed", "make a new key at the vendor, and give that one"
        )
    return None


def not_accepted(key: str, answer: Answer) -> KeyplanError:
    """The vendor does not take the value that was given, or nobody could say."""
    if answer.verdict is Verdict.UNKNOWN:
        return VendorError(
            f"whether this value is alive is not known: {answer.words}; nothing was changed",
            f"run `keyplan rotate {key}` again later; --unverified stores it all the same",
        )
    hint = {
        Verdict.DEAD: "copy the whole key again, or make another one",
        Verdict.FORBIDDEN: "ask an administrator of the organization, or make another key",
        Verdict.ELSEWHERE: "make the key where the catalogue says, or correct the catalogue",
    }[answer.verdict]
    return ValueRejected(f"this value is not taken: {answer.words}; nothing was changed", hint)


def not_promotable(key: str, answer: Answer, standing: Standing) -> KeyplanError:
    """What waits is not taken by the vendor, or nobody could say."""
    where = f"; readers on {named(standing.serving)} get it already" if standing.serving else ""
    if answer.verdict is Verdict.UNKNOWN:
        return VendorError(
            f"whether the value that waits is alive is not known: {answer.words}; nothing was changed{where}",
            f"run `keyplan rotate {key}` again later; --unverified promotes it all the same",
        )
    return Findings(
        f"the value that waits must not be promoted: {answer.words}; nothing was changed{where}",
        f"`keyplan rollback {key}` takes it back, `keyplan rotate {key} --new` begins with another one",
    )


def not_added(key: str, error: KeyplanError, broken: str, waiting: Sequence[str]) -> KeyplanError:
    """A store did not take the value; no reader got anything new."""
    where = (
        f"the new value waits on {named(waiting)}, and no reader gets it yet"
        if waiting
        else f"{CLOUD_NAMES[broken]} was the first to be asked; readers get {Fate.UNCHANGED}"
    )
    hint = f"{error.hint}; then " if error.hint else ""
    return type(error)(f"{error.message}\n{where}", f"{hint}{goes_on(key)}")


def lost_race(key: str, error: KeyplanError) -> ChangedMeanwhile:
    """Somebody else began at the same time, and comes first."""
    return ChangedMeanwhile(
        f"{error.message}\nsomebody else rotates key {key} at the same moment; your value was taken back",
        f"`keyplan history {key}` shows who; your new key is still there at the vendor: delete it there, or "
        f"run `keyplan rotate {key}` again",
    )


def meanwhile(key: str) -> ChangedMeanwhile:
    """The secret changed while a person was asked for the value."""
    return ChangedMeanwhile(
        f"somebody else stored a value for key {key} while you were asked for yours; nothing was changed",
        f"`keyplan history {key}` shows who; then run `keyplan rotate {key}` again",
    )


def not_promoted(key: str, error: KeyplanError, fates: Mapping[str, Fate | str]) -> KeyplanError:
    """A promotion failed; what readers get where."""
    hint = f"{error.hint}; then " if error.hint else ""
    return type(error)(
        f"{error.message}\n{readers_get(fates)}\nboth values are alive", f"{hint}{goes_on(key)}"
    )


def interrupted(key: str, fates: Mapping[str, Fate | str]) -> Interrupted:
    """Ctrl-C once the first store was given the value."""
    return Interrupted(f"interrupted\n{readers_get(fates)}\nnothing is lost", goes_on(key))


def no_way_back(key: str, way: WayBack, states: Mapping[str, SecretState]) -> KeyplanError:
    """Why readers cannot be sent back."""
    where = f" on {named(way.clouds)}" if len(states) > 1 else ""
    if way.why is Why.NOTHING_BEFORE:
        which = "no previous value but dead ones" if dead_marks(states) else "no previous value"
        return UsageError(
            f"key {key} has nothing to go back to{where}: there is {which}; nothing was changed",
            f"`keyplan history {key}` shows its versions; `keyplan rotate {key}` takes a new value",
        )
    if way.why is Why.DEAD:
        labels = [
            state.known(mark)
            for cloud, state in states.items()
            if cloud in way.clouds and (mark := mark_of(cloud, state.at(Stage.PREVIOUS))) is not None
        ]
        ended = next((label for label in labels if label is not None and label.is_dead), None)
        how = f"was {ended.fate}{_day(ended.at)}" if ended else "is dead"
        return UsageError(
            f"the previous value of key {key}{where} {how}: nobody goes back to that; nothing was changed",
            f"keyplan rotate {key}",
        )
    return UsageError(
        f"the stores of key {key} have no value in common to go back to; nothing was changed",
        f"`keyplan history {key}` shows what each has; `keyplan rotate {key}` takes a new value",
    )


def previous_not_alive(key: str, answer_words: str, *, is_known: bool) -> KeyplanError:
    """The vendor does not take the previous value, or nobody could say."""
    if is_known:
        return UsageError(
            f"the previous value of key {key} is not to be served: {answer_words}; nothing was changed",
            f"keyplan rotate {key}",
        )
    return VendorError(
        f"whether the previous value of key {key} is alive is not known: {answer_words}; nothing was changed",
        f"run `keyplan rollback {key}` again later; --unverified goes back all the same",
    )


def not_gone_back(
    key: str, error: KeyplanError, done: Sequence[str], clouds: Collection[str]
) -> KeyplanError:
    """A step of a rollback failed."""
    if not done and len(clouds) == 1:
        return error
    where = f"done on {named(done)}" if done else "nothing was changed"
    hint = f"{error.hint}; then " if error.hint else ""
    return type(error)(f"{error.message}\n{where}", f"{hint}`keyplan rollback {key}` again finishes it")
