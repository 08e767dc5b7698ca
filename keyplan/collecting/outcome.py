"""What `keyplan audit collect` says at the end: how much there is, what is missing, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keyplan.collecting.asking import Asker, Missing
from keyplan.collecting.identities import count
from keyplan.collecting.refusals import DENIED
from keyplan.collecting.roles import REFUSED
from keyplan.collecting.snapshot_file import content_of


@dataclass(frozen=True)
class Done:
    """What is said at the end. `document` is the snapshot where it goes to standard output."""

    summary: str
    gaps: Sequence[str]
    hints: Sequence[str]
    document: str | None


def outcome(out: Path | None, snapshot: dict[str, Any], asker: Asker, *, is_complete: bool) -> Done:
    """What is said of a collection.

    Args:
        out: where the snapshot is; None: on standard output.
        is_complete: whether asking again would get no more.
    """
    missing, hints = asker.missing, []
    if any(each.call.operation == "AssumeRole" and each.refusal.reason == DENIED for each in missing):
        hints.append(REFUSED)
    if not is_complete and out is not None:
        hints.append("run the same command with --resume: it asks only for what is missing")
    document = b"".join(content_of(snapshot)).decode() if out is None else None
    return Done(_summary(out, snapshot, asker.requests), gaps_of(missing), hints, document)


def gaps_of(missing: Sequence[Missing]) -> list[str]:
    """A line for each kind of call that had no answer, with how often."""
    places: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], str] = {}
    for each in missing:
        where = f"account {each.call.account}" + (f", {each.call.region}" if each.call.region else "")
        kind = (where, f"{each.call.action}: {each.refusal.reason}")
        places[kind] += 1
        first.setdefault(kind, each.call.resource)
    return [
        f"{where}: {what}" + (f" ({times:,} times, first {first[where, what]})" if times > 1 else "")
        for (where, what), times in places.items()
    ]


def _summary(out: Path | None, snapshot: Mapping[str, Any], requests: int) -> str:
    others = snapshot["external_accounts"]
    details = [
        snapshot["authorization_details"],
        *(each["authorization_details"] for each in others.values()),
    ]
    parts = (
        (1 + len(others), "account"),
        (len(snapshot["collected"]["regions"]), "region"),
        (sum(map(count, details)), "principal"),
        (len(snapshot["secrets"]), "secret"),
        (len(snapshot["kms_keys"]), "key"),
        (requests, "request"),
    )
    words = ", ".join(f"{number:,} {noun}{'' if number == 1 else 's'}" for number, noun in parts)
    return f"{out.name if out else 'snapshot'}: {words}"
