"""Move the sandbox's time forward: 12h, 91d or 2w.

Everything stored becomes older by that much, and secrets whose recovery window ends are gone. Then each day
that passed is replayed: the functions that run on a schedule really run, with an event of that day; the
alarms, or on Google Cloud the alert policies, are evaluated; and the mails that the owners would get are
shown, each kind once in full. Repeating the command moves time further; it never goes back.
"""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

from keyplan.durations import ALLOWED, Duration
from keyplan.errors import EXIT_DONE, UsageError
from sandbox.clock.functions import FunctionRunner
from sandbox.clock.gcp.alerts import INCIDENT
from sandbox.clock.gcp.functions import GoogleFunctionRunner
from sandbox.clock.gcp.replay import google_clock
from sandbox.clock.journal import Replay
from sandbox.clock.mails import by_kind, render
from sandbox.clock.replay import Clock
from sandbox.isolation import REGION_DEFAULT
from sandbox.outputs import read_manifest
from sandbox.progress import Progress
from sandbox.project import Project, find_project, one_at_a_time
from sandbox.report import count, note, say
from sandbox.server.lifecycle import require_server

LONGEST_SECONDS = 10 * 365 * 86400
EXIT_INTERRUPTED = 130


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `sandbox advance`."""
    parser.add_argument("span", metavar="TIME", help=f"how far: {ALLOWED}")


def run(arguments: argparse.Namespace) -> int:
    """Move time and show what happened."""
    span = parse_span(arguments.span)
    project = find_project(Path.cwd())
    with one_at_a_time(project):
        try:
            replay = _advance(project, span, verbose=arguments.verbose)
        except KeyboardInterrupt:
            note(
                "",
                "interrupted; what is stored is older by the whole time, and the days that remained are lost",
            )
            return EXIT_INTERRUPTED
    _show(replay, every_change=arguments.verbose)
    return EXIT_DONE


def parse_span(text: str) -> Duration:
    """Raises UsageError for what is no time, and for more than ten years."""
    try:
        span = Duration.parse(text)
    except ValueError:
        raise UsageError(
            f"the time to move by is {ALLOWED}, and at least 1", "python -m sandbox advance 91d"
        ) from None
    if span.seconds > LONGEST_SECONDS:
        raise UsageError("time moves by ten years at most", "python -m sandbox advance 91d")
    return span


def _advance(project: Project, span: Duration, *, verbose: bool) -> Replay:
    record = require_server(project)
    manifest = read_manifest(project)
    if manifest is None:
        raise UsageError(
            "nothing is built in the sandbox yet, so nothing can get older", "python -m sandbox up"
        )
    # Without AWS nothing is scheduled in it, in any region.
    region = manifest["clouds"].get("aws", {}).get("region", REGION_DEFAULT)
    gcp = manifest["clouds"].get("gcp")
    with (
        FunctionRunner(record, region, show_logs=verbose) as runner,
        GoogleFunctionRunner(record, show_logs=verbose) as google_runner,
        Progress("day", "days") as progress,
    ):
        google = google_clock(record, gcp, google_runner) if gcp else None
        return Clock(record, region, runner, google).advance(span.seconds, progress.at)


def _show(replay: Replay, *, every_change: bool) -> None:
    say(f"time moved from {_minute(replay.started)} to {_minute(replay.ended)} UTC")
    for function, times in replay.runs.items():
        say(f"{function} ran {count(times, 'time', 'times')}")
    if not replay.runs:
        say("no function ran: nothing is scheduled")
    for function, failures in replay.failures.items():
        day, kind = failures[0]
        times_failed = count(len(failures), "time", "times")
        say(f"{function} failed {times_failed}, first on day {day} ({kind}); --verbose shows its log")
    for name in replay.gone:
        say(f"{name} is gone for good: its recovery window ended")
    for name in replay.expired:
        say(f"{name} expired at the vendor: it opens nothing any more")
    for words in sorted(replay.left_out):
        say(f"left out: {words}")
    for change in replay.changes:
        # That an alarm had no data at first and then had some is of no interest.
        if every_change or {"ALARM", INCIDENT} & {change.before, change.after}:
            states = f"{change.before} → {change.after}"
            say(f"day {change.day}, {change.date}: {change.alarm} {states}: {change.reason}")
    _show_mails(replay)


def _show_mails(replay: Replay) -> None:
    kinds = by_kind(replay.mails)
    say("", count(len(replay.mails), "mail", "mails") + (":" if kinds else " would have been sent"))
    for kind in kinds:
        say("", render(kind))


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
