"""What `keyplan revoke` says: before it begins, and when it is through. Pure.

It is read by somebody who was woken up: what is safe now comes first, then what a person has to do, then what
is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyplan.revoking.incident import Done
from keyplan.stores.base import CLOUD_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keyplan.manifest.model import Manifest, ManifestKey
    from keyplan.revoking.incident import Incident, Step
    from keyplan.stores.one_value import OneValue

_MARKS = {
    Done.DONE: "done",
    Done.FAILED: "NOT DONE",
    Done.BY_HAND: "BY HAND",
    Done.UNKNOWN: "not known",
    Done.PLANNED: "not begun",
}
MARK_WIDTH = max(map(len, _MARKS.values()))
WHERE_WIDTH = 15


def plan_text(manifest: Manifest, key: ManifestKey, target: OneValue, incident: Incident) -> str:
    """What is about to happen."""
    stored = f", stored {target.stored:%Y-%m-%d %H:%M} UTC" if target.stored else ""
    by = f" by {target.label.caller}" if target.label else ""
    clouds = [step.name.removeprefix("store-") for step in incident.steps if step.name.startswith("store-")]
    places = " and ".join(CLOUD_NAMES[cloud] for cloud in clouds)
    readers = ", ".join(f"{entry['consumer']} ({entry['runtime']})" for entry in incident.consumers)
    return "\n".join(
        [
            f"key {key.name} of environment {manifest.environment}: the value {target.named}{stored}{by}",
            "  1. it is deactivated at the vendor: whatever uses it fails from then on",
            f"  2. its readers on {places} get no value any more, until you rotate: "
            f"{readers or 'no consumer of the catalogue'}",
            "  3. who read it since is looked up, and all of it is written into an incident record",
        ]
    )


def as_text(incident: Incident, record: str | None, *, dry_run: bool) -> str:
    """What was done and found, for a person.

    Args:
        record: the file, or None where there is none.
    """
    lines = [_headline(incident, dry_run=dry_run), ""]
    for step in incident.steps:
        lines += _step_lines(step)
    lines += [f"  {line}" if line else "" for line in _readers(incident)]
    lines += ["", "consumers:"] + [line for entry in incident.consumers for line in _consumer_lines(entry)]
    if record is not None:
        lines += ["", f"incident record, without the value: {record}"]
    lines += ["", "next:", *(f"  {number}. {text}" for number, text in enumerate(incident.next, 1))]
    return "\n".join(lines)


def _headline(incident: Incident, *, dry_run: bool) -> str:
    name = f"key {incident.key} of environment {incident.environment}"
    known = [incident.hint, f"fingerprint {incident.fingerprint}" if incident.fingerprint else None]
    value = f"the value {', '.join(filter(None, known))}" if any(known) else "the value"
    if dry_run:
        return f"{name}: nothing was done; this is what would be, for {value}"
    if incident.is_shut:
        return f"{name}: {value} is shut: dead at the vendor, and out of every store"
    failed = [step for step in incident.steps if step.state is Done.FAILED and step.name.startswith("store-")]
    if failed:
        return f"{name}: {value} is NOT shut everywhere: see below, and run the same command again"
    return f"{name}: {value} is out of the stores, and MAY STILL WORK at the vendor until a person acts"


def where(step: str) -> str:
    """What a step is about, for a person."""
    kind, _, cloud = step.partition("-")
    names = {"vendor": "at the vendor", "usage": "used"}
    if kind in names:
        return names[kind]
    return f"{'on' if kind == 'store' else 'read on'} {CLOUD_NAMES.get(cloud, cloud)}"


def _step_lines(step: Step) -> list[str]:
    head = f"  {where(step.name):<{WHERE_WIDTH + 8}} {_MARKS[step.state]:<{MARK_WIDTH}}  {step.found or ''}"
    return [head.rstrip(), *(f"      - {line}" for line in step.todo)]


def _readers(incident: Incident) -> Iterator[str]:
    for report in incident.reads:
        yield ""
        yield from reads_text(report)


def reads_text(report: Mapping[str, Any]) -> Iterator[str]:
    """Who asked for a value in one cloud, of a report as `keyplan.reads` writes it."""
    yield f"who asked for it on {CLOUD_NAMES[report['cloud']]} since {report['since']}"
    for reader in report["readers"]:
        yield f"  {_reader(reader)}"
        yield f"    {_traces(reader)}"
    if not report["readers"]:
        yield "  nobody, as far as the log tells"
    for note in report["notes"]:
        yield f"  ({note})"


def _reader(reader: dict[str, Any]) -> str:
    if reader["consumers"]:
        return f"{' or '.join(reader['consumers'])}: {reader['principal']}"
    return f"NOT IN THE CATALOGUE: {reader['principal']}"


def _traces(reader: dict[str, Any]) -> str:
    reads = f"{reader['reads']} read{'' if reader['reads'] == 1 else 's'}"
    refused = f", {reader['refused']} refused" if reader["refused"] else ""
    addresses, programs = (", ".join(reader[name]) or "unknown" for name in ("addresses", "programs"))
    when = f"{reader['firstAt']} to {reader['lastAt']}"
    return f"{reads}{refused}, {when}, from {addresses}, with {programs}"


def _consumer_lines(entry: dict[str, Any]) -> list[str]:
    lines = [f"  {entry['consumer']} ({entry['runtime']}): {entry['why']}"]
    if entry["command"]:
        lines.append(f"    after the rotation: {entry['command']}")
    return lines
