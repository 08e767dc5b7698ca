"""What `keyplan rotate` and `keyplan rollback` print: as text for a person, or as JSON. Pure.

An environment that is on one cloud is told without a word about clouds.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from keyplan.durations import Duration
from keyplan.restarts.commands import lines_of
from keyplan.rotation.moment import pending_of
from keyplan.rotation.turning import Kind
from keyplan.rotation.words import left_at_vendor, named, on, vendor_name, verdict
from keyplan.stores.base import CLOUD_NAMES
from keyplan.vendors import vendor_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.restarts.commands import Restart
    from keyplan.restarts.running import Ran
    from keyplan.rotation.returning import WentBack
    from keyplan.rotation.turning import Turned
    from keyplan.stores.base import Version
    from keyplan.vendors.verdicts import Answer

ROTATE_FORMAT = "keyplan-rotate/1"
ROLLBACK_FORMAT = "keyplan-rollback/1"
WIDTH = 12


def moment(at: datetime) -> str:
    """`2026-11-21T18:15:00Z`."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def rotate_document(
    turned: Turned,
    manifest: Manifest,
    key: ManifestKey,
    now: datetime,
    restarts: Sequence[Restart],
    ran: Sequence[Ran],
) -> dict[str, Any]:
    """What `rotate --format json` prints (docs/commands.md)."""
    before, answer = turned.before, turned.answer
    begun = before.begun
    changed = turned.kind in (Kind.ROTATED, Kind.FINISHED)
    return {
        "format": ROTATE_FORMAT,
        "environment": manifest.environment,
        "key": key.name,
        "outcome": turned.kind.value,
        "moment": before.moment.value,
        "nextStep": before.moment.next.name.lower().replace("_", "-"),
        "begunBy": begun.label.caller if begun and begun.label else None,
        "begunAt": moment(begun.created) if begun else None,
        "fingerprint": None if turned.mark is None or "/" in turned.mark else turned.mark,
        "hint": turned.hint,
        "vendor": verdict_entry(answer),
        "vendorKeyName": vendor_name(manifest, key, now),
        "keysPage": vendor_named(key.vendor).KEYS_PAGE or key.url,
        "clouds": [_rotated_entry(turned, key, cloud) for cloud in turned.look.states],
        "readers": list(manifest.readers_of(key.name)),
        "restarts": restart_entries(restarts, ran),
        "retireAfter": moment(grace_over(key, now)) if changed and has_old(turned) else None,
        "dryRun": turned.kind is Kind.CHECKED,
    }


def verdict_entry(answer: Answer | None) -> dict[str, Any] | None:
    """What the vendor said; None where it was not asked."""
    if answer is None:
        return None
    return {
        "verdict": answer.verdict.value,
        "words": answer.words,
        "organization": answer.organization,
        "workspace": answer.workspace,
        "requestId": answer.request_id,
    }


def restart_entries(restarts: Sequence[Restart], ran: Sequence[Ran]) -> list[dict[str, Any]]:
    """The consumers that have to start anew, and what came of it where that was asked for."""
    failures = {each.restart.consumer: each.failure for each in ran}
    return [
        {
            **restart.to_json(),
            "done": restart.consumer in failures and failures[restart.consumer] is None,
            "failure": failures.get(restart.consumer),
        }
        for restart in restarts
    ]


def grace_over(key: ManifestKey, now: datetime) -> datetime:
    """When the previous value may be retired although nobody saw the new one in use."""
    return now + timedelta(seconds=Duration.parse(key.grace).seconds)


def has_old(turned: Turned) -> bool:
    """Whether there is a value that was served before, and that lives."""
    return any(
        part.ready.state.current is not None
        and not (part.ready.state.current.label and part.ready.state.current.label.is_dead)
        for part in turned.parts
    )


def _rotated_entry(turned: Turned, key: ManifestKey, cloud: str) -> dict[str, Any]:
    part = next((each for each in turned.parts if each.cloud == cloud), None)
    state = turned.look.states[cloud]
    waiting = pending_of(state)
    return {
        "cloud": cloud,
        "secret": secret_of(key, cloud),
        "versionId": part.version_id if part else None,
        "previousVersionId": _id(state.current) if part else None,
        "currentVersionId": part.version_id if part else _id(state.current),
        "pendingVersionId": None if part or turned.kind is Kind.ABANDONED else _id(waiting),
        "confirmed": part.confirmed.value if part and part.confirmed else None,
        "copiesBehind": list(state.copies_behind),
    }


def secret_of(key: ManifestKey, cloud: str) -> str:
    """The secret's name in a cloud."""
    return key.on_gcp().name if cloud == "gcp" else key.on_aws().name


def _id(version: Version | None) -> str | None:
    return version.version_id if version else None


def rotate_text(
    turned: Turned,
    manifest: Manifest,
    key: ManifestKey,
    now: datetime,
    restarts: Sequence[Restart],
    ran: Sequence[Ran],
) -> str:
    """The same for a person."""
    if turned.kind is Kind.CHECKED:
        return _checked_text(turned, manifest, key)
    if turned.kind is Kind.ABANDONED:
        where = f" on {named(turned.before.waiting)}" if len(turned.look.states) > 1 else ""
        return (
            f"the rotation of key {key.name} of environment {manifest.environment} is abandoned: what "
            f"waited{where} is taken back, and readers get what they got before\n"
            + left_at_vendor(key, turned.hint)
        )
    done = "rotated" if turned.kind is Kind.ROTATED else "finished the rotation of"
    lines = [f"{done} key {key.name} of environment {manifest.environment}"]
    lines += _rows(_what_rows(turned, manifest, key))
    several = len(turned.look.states) > 1
    changed = {part.cloud for part in turned.parts}
    for cloud in turned.look.states:
        if several:
            lines.append(
                f"on {CLOUD_NAMES[cloud]}{'' if cloud in changed else ', where readers got it already'}"
            )
        if cloud in changed:
            lines += _rows(_where_rows(turned, key, cloud))
    lines += restart_lines(restarts, ran)
    if has_old(turned):
        over = grace_over(key, now).astimezone(UTC)
        lines.append(
            f"the old value goes on working: `keyplan retire {key.name}` ends it from {over:%Y-%m-%d %H:%M} "
            "UTC on, or as soon as only the new one is in use"
        )
    return "\n".join(lines)


def _what_rows(turned: Turned, manifest: Manifest, key: ManifestKey) -> dict[str, str]:
    mark = turned.mark
    fingerprint = "none: the value is too short for one" if mark is None or "/" in mark else mark
    readers = [f"{name} ({manifest.consumers[name].runtime})" for name in manifest.readers_of(key.name)]
    answer = turned.answer
    return {
        "fingerprint": fingerprint,
        **({"hint": turned.hint} if turned.hint else {}),
        "vendor": verdict(answer) if answer else "not asked: checked when it was stored",
        "read by": ", ".join(readers) or "no consumer of the catalogue",
    }


def _where_rows(turned: Turned, key: ManifestKey, cloud: str) -> dict[str, str]:
    entry = _rotated_entry(turned, key, cloud)
    behind = entry["copiesBehind"]
    return {
        "secret": entry["secret"],
        "version": entry["versionId"],
        "previous": entry["previousVersionId"] or "none: this is the first value",
        **({"copies": f"not yet the same in {', '.join(behind)}"} if behind else {}),
    }


def _checked_text(turned: Turned, manifest: Manifest, key: ManifestKey) -> str:
    before = turned.before
    lines = [f"key {key.name} of environment {manifest.environment}: nothing was changed (--dry-run)"]
    rows = {"state": before.moment.value.replace("-", " "), "next": before.moment.next.value}
    if turned.answer is not None:
        rows["vendor"] = verdict(turned.answer)
    if turned.mark is not None and "/" not in turned.mark:
        rows["fingerprint"] = turned.mark
    return "\n".join([*lines, *_rows(rows)])


def restart_lines(restarts: Sequence[Restart], ran: Sequence[Ran]) -> list[str]:
    """Who keeps the value that they have, and what was done about it."""
    if not restarts:
        return []
    failures = [f"  {each.restart.consumer}: {each.failure}" for each in ran if each.failure]
    done = [each.restart.consumer for each in ran if each.failure is None]
    return [
        "what each reader needs:",
        *lines_of(list(restarts)),
        *([f"restarted: {', '.join(done)}"] if done else []),
        *(["not restarted:", *failures] if failures else []),
    ]


def rollback_document(
    went: WentBack, manifest: Manifest, key: ManifestKey, restarts: Sequence[Restart], ran: Sequence[Ran]
) -> dict[str, Any]:
    """What `rollback --format json` prints (docs/commands.md)."""
    mark = went.way.mark
    return {
        "format": ROLLBACK_FORMAT,
        "environment": manifest.environment,
        "key": key.name,
        "outcome": "rolled-back" if went.served else "withdrawn",
        "fingerprint": None if mark is None or "/" in mark else mark,
        "vendor": verdict_entry(went.answer),
        "clouds": [
            {
                "cloud": cloud,
                "secret": secret_of(key, cloud),
                "currentVersionId": went.served.get(cloud) or _id(state.current),
                "previousVersionId": _id(state.current) if cloud in went.served else None,
                "withdrawnVersionId": went.withdrawn.get(cloud),
            }
            for cloud, state in went.look.states.items()
        ],
        "withdrawnHint": went.hint if went.withdrawn else None,
        "restarts": restart_entries(restarts, ran),
        "dryRun": went.dry_run,
    }


def rollback_text(
    went: WentBack, manifest: Manifest, key: ManifestKey, restarts: Sequence[Restart], ran: Sequence[Ran]
) -> str:
    """The same for a person."""
    would = "would " if went.dry_run else ""
    clouds = went.look.states
    if went.dry_run:
        done = "nothing was changed (--dry-run)"
    else:
        done = "rolled back" if went.served else "the rotation that was under way is taken back"
    lines = [f"key {key.name} of environment {manifest.environment}: {done}"]
    for cloud, version_id in went.served.items():
        before = _id(clouds[cloud].current)
        lines.append(
            f"  readers{on(cloud, clouds)} {would}get version {version_id} again; version {before} "
            f"{'would be' if would else 'is'} the previous one"
        )
    for cloud, version_id in went.withdrawn.items():
        lines.append(
            f"  version {version_id}{on(cloud, clouds)}, which waited, {'would be' if would else 'is'} taken "
            "back; no reader got it"
        )
    if went.withdrawn:
        lines.append(f"  {left_at_vendor(key, went.hint)}")
    if went.answer is not None:
        lines.append(f"  vendor: {verdict(went.answer)}")
    if went.served and not went.dry_run:
        lines += restart_lines(restarts, ran)
        lines.append(f"`keyplan rollback {key.name}` once more goes forward again")
    return "\n".join(lines)


def _rows(rows: Mapping[str, str]) -> list[str]:
    return [f"  {name:<{WIDTH}} {text}" for name, text in rows.items()]
