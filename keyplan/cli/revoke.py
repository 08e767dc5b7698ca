"""Shut a key that has leaked: at the vendor, in every store, and write down what was done.

  keyplan revoke anthropic --leaked                  the value that readers get now
  keyplan revoke anthropic --leaked --version ID     another one; `keyplan history anthropic` lists them
  keyplan revoke anthropic --leaked --dry-run        only show what would be done

In this order: the vendor's key is deactivated through the Admin API, so that whoever has it can use it no
more; in every store the value is taken from its readers, who then get an error that says why; the clouds'
audit logs are asked who read it since it was stored; the next step is printed. From then on every consumer of
the key is without one until `keyplan rotate` gives them a new value.

The incident record is a JSON file without the value, readable by you alone. It is written before anything is
done and after each step. Nothing that fails stops the steps after it.

Without an admin key (ANTHROPIC_ADMIN_API_KEY, or a stored key of vendor anthropic-admin that you may read)
and at other vendors the steps for the console are printed, and the rest is done. --done-by-hand says that a
person has done them.

A second run goes on with the same value, and does nothing to what is shut. Once readers get a new value, that
one is revoked only with --version.

Exit code: 0 shut everywhere; 1 shut in the stores, and a person has to deactivate it at the vendor; 2 the
arguments are wrong, and nothing was done; 3 a store refused or gave no answer: run it again; 130 Ctrl-C.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from keyplan.cli.admin_key import open_organization
from keyplan.cli.arguments import trusted_hosts
from keyplan.cli.one_key import add_key, add_the_rest, key_named, refuse_value_as_name
from keyplan.cli.output import reporter, result, say
from keyplan.errors import EXIT_DONE, EXIT_FINDINGS, EXIT_REFUSED, Interrupted, KeyplanError, UsageError
from keyplan.manifest.model import Manifest
from keyplan.manifest.sources import load
from keyplan.reads import ReadReport, who_read
from keyplan.revoking.forms import as_text, plan_text
from keyplan.revoking.incident import Done, RecordFile, create, default_name, read_earlier
from keyplan.revoking.steps import Response, open_incident
from keyplan.revoking.target import choose
from keyplan.terminal import is_at_terminal

if TYPE_CHECKING:
    import argparse

    from keyplan.manifest.model import ManifestKey
    from keyplan.revoking.incident import Incident
    from keyplan.stores.one_value import OneValue


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan revoke`."""
    add_key(parser, "revoke")
    parser.add_argument("--leaked", action="store_true", help="required: says that this is meant")
    parser.add_argument(
        "--version", metavar="ID", help="shut this version's value (default: the current one's)"
    )
    parser.add_argument(
        "--record",
        metavar="FILE",
        help="the incident record (default: keyplan-incident-ENV-KEY-TIME.json here); a record of this key "
        "is gone on with, any other file is left alone",
    )
    parser.add_argument(
        "--done-by-hand",
        action="store_true",
        help="you deactivated the key in the vendor's console already",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask; needed where there is no terminal")
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")
    add_the_rest(parser)


def run(arguments: argparse.Namespace) -> int:
    """Find out what it is about, ask, and take the steps."""
    refuse_value_as_name(arguments.key, "revoke")
    _refuse_unmeant(arguments)
    report = reporter(arguments.verbose)
    document = load(arguments.manifest, arguments.stack, report=report)
    manifest = Manifest.from_document(document)
    key = key_named(manifest, arguments.key, "revoke")
    hosts = trusted_hosts(arguments)

    from keyplan.stores.opening import open_stores

    stores = open_stores(manifest, hosts, arguments.timeout, report, say)
    callers = {store.cloud: store.caller() for store in stores}
    states = {store.cloud: store.history(key) for store in stores}
    record = Path(arguments.record).absolute() if arguments.record else None
    earlier = read_earlier(record, manifest.environment, key.name) if record else None
    version_id = arguments.version or (earlier.versions[0][1] if earlier and earlier.versions else None)
    target = choose(key.name, states, version_id)
    incident = open_incident(manifest, key, target, states, callers, earlier.opened if earlier else _now())
    if arguments.dry_run:
        _print(arguments, incident, None)
        return EXIT_DONE
    _confirm(arguments, manifest, key, target, incident)
    organization = open_organization(arguments, manifest, document, report)

    def readers(cloud: str, since: datetime, now: datetime) -> ReadReport | KeyplanError:
        return who_read(
            manifest,
            key,
            cloud,
            since,
            now,
            trusted_hosts=hosts,
            timeout_seconds=arguments.timeout,
            report=report,
        )

    file = RecordFile(record, say) if record and earlier else _record(record, incident)
    response = Response(
        manifest,
        key,
        target,
        stores,
        organization,
        readers,
        _now,
        file.save if file else lambda _incident: None,
        said_dead=arguments.done_by_hand,
    )
    try:
        response.run(incident)
    except KeyboardInterrupt:
        _print(arguments, incident, file)
        raise Interrupted(
            "interrupted: what is not marked as done above was not done", "run the same command again"
        ) from None
    _print(arguments, incident, file)
    return exit_code(incident)


def _refuse_unmeant(arguments: argparse.Namespace) -> None:
    if not arguments.leaked:
        raise UsageError(
            "`keyplan revoke` takes the key from all its readers at once, which is for one that has leaked: "
            "add --leaked",
            "for a planned change: keyplan rotate KEY, and then keyplan retire KEY",
        )
    if not arguments.yes and not arguments.dry_run and not is_at_terminal():
        raise UsageError("there is no terminal to ask at: nothing was done", "add --yes if this is meant")


def _confirm(
    arguments: argparse.Namespace, manifest: Manifest, key: ManifestKey, target: OneValue, incident: Incident
) -> None:
    say(plan_text(manifest, key, target, incident))
    if arguments.yes:
        return
    sys.stderr.write(f"type the key's name, {key.name}, to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != key.name:
        raise UsageError("that is not the key's name: nothing was done")


def _record(path: Path | None, incident: Incident) -> RecordFile | None:
    """The record's file. A folder that takes none is no reason to leave a leaked key alive, unless a person
    named the file and can name another.
    """
    if path is not None:
        return create(path, incident, say)
    for folder in (Path.cwd(), Path.home()):
        for number in range(1, 10):
            name = default_name(incident.environment, incident.key, incident.opened, number)
            try:
                return create(folder / name, incident, say)
            except UsageError:
                if not (folder / name).exists():
                    break
    say("warning: no incident record can be written here; it is printed at the end")
    return None


def _print(arguments: argparse.Namespace, incident: Incident, file: RecordFile | None) -> None:
    is_kept = file is not None and not file.is_behind
    if arguments.format == "text":
        result(as_text(incident, str(file.path) if file else None, dry_run=arguments.dry_run))
    if arguments.format == "json" or not (is_kept or arguments.dry_run):
        result(json.dumps(incident.to_json(), indent=2))


def exit_code(incident: Incident) -> int:
    """3 outranks 1: a value that a store still hands out is tried again at once."""
    shutting = [step for step in incident.steps if step.name.startswith("store-")]
    if any(step.state is not Done.DONE for step in shutting):
        return EXIT_REFUSED
    return EXIT_DONE if incident.is_shut else EXIT_FINDINGS


def _now() -> datetime:
    return datetime.now(UTC)
