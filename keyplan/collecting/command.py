"""`keyplan audit collect` without its command line: whom to ask, where to write, what to say at the end."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from keyplan.collecting.access import Access, require_region
from keyplan.collecting.asking import Asker, Missing
from keyplan.collecting.collection import Scope, collect
from keyplan.collecting.journal import Header, Journal, work_file
from keyplan.collecting.outcome import Done, outcome
from keyplan.collecting.progress import Progress
from keyplan.collecting.refusals import DENIED, Refusal
from keyplan.collecting.roles import REFUSED, Role, require_partition, roles_of
from keyplan.collecting.snapshot_file import place_of, save
from keyplan.errors import Interrupted, StoreError, UsageError
from keyplan.manifest.sources import FILE_VARIABLE, find_project, load

if TYPE_CHECKING:
    from keyplan.manifest.document import ManifestDocument

STANDARD_OUTPUT = "-"
STALE_SECONDS = 3600  # an older part of a snapshot is said: access may have changed since
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Request:
    """What a user asked for; see the command's help."""

    out: str
    regions: tuple[str, ...]
    every_region: bool
    roles: tuple[str, ...]
    external_ids: tuple[str, ...]
    resume: bool
    probes: str | None
    manifest: str | None
    stack: str | None
    trusted_hosts: Collection[str]
    timeout_seconds: float


def run(
    request: Request,
    *,
    report: Callable[[str], None],
    say: Callable[[str], None],
    stream: TextIO | None,
    clock: Callable[[], float] = time.time,
) -> Done:
    """Collect, and write the snapshot.

    Args:
        request: what was asked for.
        report: takes lines for --verbose.
        say: takes what a person should know meanwhile.
        stream: a terminal that shows how far it is, or None.
        clock: seconds since 1970.

    Raises:
        UsageError: a wrong region, role, manifest or file.
        StoreError: there are no credentials, they expired, or AWS gave no answer at all.
        Interrupted: Ctrl-C; what was answered is kept.
    """
    out = None if request.out == STANDARD_OUTPUT else place_of(request.out)
    if out is None and request.resume:
        raise UsageError("--resume needs a file: a snapshot on standard output has none beside it")
    probes = _probes(request.probes)
    manifest = _manifest(request, report)
    roles = roles_of(request.roles, request.external_ids)
    access, regions = _access(request, manifest, say)
    require_partition(roles, access.identity.partition)
    journal = _journal(out, access, request.resume, clock(), say)
    progress = Progress(stream, report)
    asker = Asker(access, journal, progress)
    is_complete = False
    try:
        unreachable = _assume(access, roles)
        scope = _scope(request, manifest, access, regions, unreachable, journal)
        snapshot = collect(asker, scope)
        if probes is not None:
            snapshot["oidc_probes"] = probes
        _require_anything(snapshot, asker.missing)
        if out is not None:
            save(out, snapshot)
        # The work file stays where asking again could fill a gap, or where it has what only a role could ask
        # that is refused this time: the external id may have been forgotten.
        is_complete = not (
            any(each.refusal.transient for each in asker.missing)
            or any(journal.has_account(role.account) for role in unreachable)
        )
    except KeyboardInterrupt:
        raise Interrupted(*_kept(journal)) from None
    finally:
        progress.done()
        journal.close(remove=is_complete or not journal.kept)
    return outcome(out, snapshot, asker, is_complete=is_complete)


def _manifest(request: Request, report: Callable[[str], None]) -> ManifestDocument | None:
    """The environment's manifest; None where nothing names one: then the AWS settings say it all."""
    is_named = request.manifest or request.stack or os.environ.get(FILE_VARIABLE)
    if not is_named and find_project() is None:
        report("no manifest: the AWS settings say which account and region")
        return None
    document = load(request.manifest, request.stack, report=report, stdin_allowed=True)
    if "aws" not in document["clouds"]:
        raise UsageError(
            f"environment {document['environment']} is not on AWS: the audit is of AWS accounts",
            "name another manifest with --manifest FILE or --stack NAME",
        )
    return document


def _access(
    request: Request, manifest: ManifestDocument | None, say: Callable[[str], None]
) -> tuple[Access, tuple[str, ...]]:
    regions = tuple(dict.fromkeys(map(require_region, request.regions)))
    aws = manifest["clouds"]["aws"] if manifest else None
    region = regions[0] if regions else aws["region"] if aws else None
    endpoints: Mapping[str, str] = aws["endpoints"] if aws else {}
    access = Access(region, endpoints, request.trusted_hosts, request.timeout_seconds)
    for each in regions:
        if not access.knows(each):
            say(f"warning: the AWS SDK here does not know the region {each}: is it spelled right?")
    return access, regions or (access.region,)


def _assume(access: Access, roles: Sequence[Role]) -> dict[Role, Refusal]:
    """Ask in the accounts of these roles, too. Returns those that AWS refuses, and why."""
    unreachable: dict[Role, Refusal] = {}
    for role in roles:
        try:
            access.assume(role)
        except Refusal as refusal:
            unreachable[role] = refusal
    return unreachable


def _journal(
    out: Path | None, access: Access, resume: bool, now: float, say: Callable[[str], None]
) -> Journal:
    began = datetime.fromtimestamp(now, UTC).strftime(TIME_FORMAT)
    header = Header(access.identity.account, access.place, began)
    journal = Journal(work_file(out) if out else None, header, resume=resume)
    if not resume and journal.found_before:
        say("a collection that was cut off lay beside it, and is begun anew (--resume would have gone on)")
    elif resume and not journal.kept:
        say("there is nothing to resume: everything is asked")
    elif resume:
        _tell_age(journal, now, say)
    return journal


def _tell_age(journal: Journal, now: float, say: Callable[[str], None]) -> None:
    say(f"resumed: {journal.kept:,} calls were answered since {journal.header.began}")
    try:
        began = datetime.strptime(journal.header.began, TIME_FORMAT).replace(tzinfo=UTC).timestamp()
    except ValueError:
        began = 0.0
    if now - began > STALE_SECONDS:
        hours = (now - began) / 3600
        say(
            f"warning: what is resumed is up to {hours:,.0f} hours old, and access may have changed since; "
            "without --resume everything is asked anew"
        )


def _scope(
    request: Request,
    manifest: ManifestDocument | None,
    access: Access,
    regions: tuple[str, ...],
    unreachable: Mapping[Role, Refusal],
    journal: Journal,
) -> Scope:
    account = access.identity.account
    if manifest is not None:
        account = _own_account(manifest, access, unreachable)
    return Scope(
        account=account,
        partition=access.identity.partition,
        accounts=access.accounts,
        unreachable=unreachable,
        regions=regions,
        time=journal.header.began,
        caller=access.identity.arn,
        every_region=request.every_region,
    )


def _own_account(manifest: ManifestDocument, access: Access, unreachable: Mapping[Role, Refusal]) -> str:
    """The manifest's account, which has to be among those that can be asked."""
    aws = manifest["clouds"]["aws"]
    account = aws["accountId"]
    if account in access.accounts:
        return account
    where = f"environment {manifest['environment']} is in account {account}"
    for role, refusal in unreachable.items():
        if role.account == account:
            raise StoreError(
                f"{where}, and the role there cannot be assumed: {refusal.reason}",
                REFUSED if refusal.reason == DENIED else refusal.hint,
            )
    raise UsageError(
        f"{where}, and your AWS credentials are of account {access.identity.account}",
        f"add --role {aws['auditorRoleArn']}, or set AWS_PROFILE to a profile of that account",
    )


def _require_anything(snapshot: Mapping[str, Any], missing: Sequence[Missing]) -> None:
    """A snapshot of nothing answers nothing: say why instead of writing it.

    Raises:
        StoreError: neither a principal nor a secret was answered, and something was refused.
    """
    others = snapshot["external_accounts"].values()
    details = (snapshot["authorization_details"], *(each["authorization_details"] for each in others))
    if snapshot["secrets"] or any(details) or not missing:
        return
    first = missing[0]
    raise StoreError(
        f"AWS answered nothing: {first.call.action} in account {first.call.account}: {first.refusal.reason}",
        "the environment's auditor role may ask all of it: --role ARN assumes it",
    )


def _kept(journal: Journal) -> tuple[str, str | None]:
    if journal.path is None or not journal.kept:
        return "interrupted: nothing was written", None
    return (
        f"interrupted: no snapshot was written; {journal.kept:,} answers are kept in {journal.path.name}",
        "run the same command with --resume: it asks only for the rest",
    )


def _probes(file: str | None) -> list[Any] | None:
    if file is None:
        return None
    try:
        found = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        words = os.strerror(error.errno or 0).lower()
        raise UsageError(f"the file of --oidc-probes cannot be read: {words}") from None
    except (ValueError, RecursionError):
        raise UsageError("the file of --oidc-probes is not JSON") from None
    if not isinstance(found, list) or not all(
        isinstance(each, dict) and isinstance(each.get("claims"), dict) for each in found
    ):
        raise UsageError(
            "the file of --oidc-probes is not a list of probes",
            'one is {"provider": "arn:aws:iam::…:oidc-provider/…", "claims": {"sub": "…", "aud": "…"}}',
        )
    return found
