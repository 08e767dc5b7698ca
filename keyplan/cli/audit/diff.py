"""Say what a change opened or closed: two snapshots, or a snapshot and a Pulumi preview.

  keyplan audit diff yesterday.json today.json
  pulumi preview -s prod --json | keyplan audit diff today.json --preview -
  keyplan audit diff today.json --preview plan.json --format markdown

Of every principal and secret whose best access differs: the verdict before and after, with the way there
(after for what opened, before for what closed). `unclear` is what the second snapshot leaves open. With
--preview the second snapshot is foreseen: the planned steps are applied to the first one, and what nobody can
know before the update is unknown, never denied. --save keeps it, for every other question.

Exit code: 0 nothing opened, or all of it is accepted; 1 something opened, or may have; 2 no such snapshot,
preview or baseline. --fail-on any fails for every change, --fail-on nothing for none.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keyplan.cli.audit import snapshots
from keyplan.cli.output import result, say
from keyplan.errors import EXIT_DONE, EXIT_FINDINGS, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Sequence

    from keyplan.audit.baseline import Acceptance, Outcome
    from keyplan.audit.changes import Difference
    from keyplan.audit.estate import Estate
    from keyplan.audit.planned import Foreseen

SHOW_POLICIES = (
    "KEYPLAN_PREVIEW_POLICIES=1 pulumi preview --json has the policies of keyplan's own program, also where "
    "their KMS key is new"
)
FAIL_ON = ("opened", "any", "nothing")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan audit diff`."""
    parser.add_argument("old", metavar="OLD", help="the snapshot before; `-` is standard input")
    parser.add_argument("new", metavar="NEW", nargs="?", help="the snapshot after")
    parser.add_argument(
        "--preview", metavar="FILE", help="in place of NEW: what `pulumi preview --json` prints; `-` likewise"
    )
    parser.add_argument("--save", metavar="FILE", help="with --preview: write the foreseen snapshot here")
    parser.add_argument("--baseline", metavar="FILE", help="changes that somebody accepted, as of `gate`")
    parser.add_argument(
        "--fail-on", choices=FAIL_ON, default=FAIL_ON[0],
        help="what gives exit code 1 (default: opened, which includes what may have opened)",
    )  # fmt: skip
    snapshots.add_format(parser, "text", "json", "markdown")


def run(arguments: argparse.Namespace) -> int:
    """Compare, print, and say by the exit code whether something opened."""
    from keyplan.audit.baseline import OF_CHANGES
    from keyplan.audit.changes import difference

    old, new, plan = _estates(arguments)
    acceptances = snapshots.acceptances(arguments.baseline, OF_CHANGES)
    found = difference(old, new)
    outcome = _weighed(found, acceptances, new)
    problems = [*(plan.problems if plan else ()), *_problems(old, new, plan.explained if plan else ())]
    _print(arguments, found, outcome, acceptances, problems)
    snapshots.tell_problems(problems)
    if plan is not None and plan.hides_documents:
        say(f"hint: {SHOW_POLICIES}")
    if arguments.fail_on == "any":
        return EXIT_FINDINGS if found.access or found.outside else EXIT_DONE
    return EXIT_FINDINGS if outcome.counting and arguments.fail_on == "opened" else EXIT_DONE


def _estates(arguments: argparse.Namespace) -> tuple[Estate, Estate, Foreseen | None]:
    """Before and after; with a preview also what it was made of."""
    from keyplan.audit.changes import comparable
    from keyplan.collecting import snapshot_file

    _check_sources(arguments)
    place = snapshot_file.place_of(arguments.save, "--save") if arguments.save else None
    document = snapshots.load(arguments.old, "first snapshot" if arguments.new else "snapshot")
    if arguments.new is not None:
        return *comparable(document, snapshots.load(arguments.new, "second snapshot")), None
    from keyplan.audit.planned import foreseen

    plan = foreseen(document, snapshots.load(arguments.preview, "preview"))
    if place is not None:
        snapshot_file.save(place, {"format": plan.document["format"], **plan.document})
    return *comparable(document, plan.document), plan


def _check_sources(arguments: argparse.Namespace) -> None:
    if (arguments.new is None) == (arguments.preview is None):
        raise UsageError(
            "give two snapshots, or one and a preview",
            "keyplan audit diff OLD NEW, or OLD --preview FILE",
        )
    if [arguments.old, arguments.new, arguments.preview].count("-") > 1:
        raise UsageError("only one of the two can be standard input")
    if arguments.save and arguments.preview is None:
        raise UsageError("--save keeps the snapshot that a preview foresees, and there is no --preview")


def _weighed(found: Difference, acceptances: Sequence[Acceptance], new: Estate) -> Outcome:
    from keyplan.audit.baseline import day_of, weighed
    from keyplan.audit.changes import findings

    return weighed(findings(found), acceptances, day_of(new, acceptances))


def _problems(old: Estate, new: Estate, explained: Collection[str]) -> list[str]:
    """What could not be read, once where both snapshots have it.

    Args:
        explained: documents of which a plan says itself why they cannot be read.
    """
    before = old.problems()
    after = [each for each in new.problems() if each.rpartition(": ")[0] not in explained]
    both = [each for each in before if each in set(after)]
    lines = both + [f"before: {each}" for each in before if each not in both]
    return lines + [f"after: {each}" for each in after if each not in both]


def _print(
    arguments: argparse.Namespace,
    found: Difference,
    outcome: Outcome,
    acceptances: Sequence[Acceptance],
    problems: Sequence[str],
) -> None:
    from keyplan.audit.reports import changes

    if arguments.format == "json":
        result(json.dumps(changes.answer(found, outcome, problems), indent=2))
    elif arguments.format == "markdown":
        planned = arguments.preview is not None
        snapshots.in_utf8().write(changes.comment(found, outcome, acceptances, problems, planned=planned))
    else:
        snapshots.print_lines(changes.text(found, outcome))
