"""Google Cloud's part of moving time: what is scheduled is called when it is due, and policies hear the log.

Every due time is replayed, each with the time that the scheduler would say. What a function writes becomes
entries of Cloud Logging; the policies are evaluated over them here, and the mails are collected, not sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import Any

from sandbox.clock.gcp.alerts import INCIDENT, NO_INCIDENT, Alerts, Turn, read_alerts
from sandbox.clock.gcp.client import GoogleClient
from sandbox.clock.gcp.functions import GoogleFunctionRunner
from sandbox.clock.gcp.jobs import Job, find_jobs
from sandbox.clock.gcp.log_lines import Entry, attempt_entry, written_entries
from sandbox.clock.journal import Change, Replay
from sandbox.clock.mails import Mail
from sandbox.server.client import ServerClient
from sandbox.server.record import ServerRecord

SCHEDULE_HEADER = "X-CloudScheduler-ScheduleTime"
JOB_HEADER = "X-CloudScheduler-JobName"
OK, FAILED = 200, 500
# A request writes that many entries at most. Source: Cloud Logging, "Quotas and limits".
ENTRIES_PER_WRITE = 1000


class GoogleClock:
    """Replays the days of one project of the sandbox."""

    def __init__(
        self, record: ServerRecord, project: str, location: str, runner: GoogleFunctionRunner
    ) -> None:
        self._server = ServerClient(record)
        self._client = GoogleClient(record)
        self._project = project
        self._location = location
        self._runner = runner
        self._jobs: list[Job] = []
        self._alerts: Alerts | None = None

    def begin(self, replay: Replay) -> None:
        """See what is scheduled and who is told of what, as it is now."""
        self._jobs, left_out = find_jobs(self._client, self._project, self._location)
        self._alerts = read_alerts(self._client, self._project)
        replay.left_out |= left_out | self._alerts.left_out
        # What was remembered is counted in replayed time: that nobody moved it for an hour is no silence.
        self._alerts.remember(self._server.ask("google-clock")["notes"], replay.started)

    def day(self, replay: Replay, number: int, after: datetime, until: datetime) -> None:
        """Replay ]after, until], the day of this number."""
        alerts = self._ready
        written: list[Entry] = []
        for due, job in self._due(after, until):
            self._note(replay, number, *alerts.wait(number, due))
            for entry in self._call(replay, number, due, job):
                written.append(entry)
                self._note(replay, number, *alerts.hear(number, entry))
        self._note(replay, number, *alerts.wait(number, until))
        for first in range(0, len(written), ENTRIES_PER_WRITE):
            entries = written[first : first + ENTRIES_PER_WRITE]
            self._client.do("POST", "/v2/entries:write", {"entries": entries})

    def end(self, replay: Replay) -> None:
        """Remember how long what is watched has been silent."""
        self._server.ask("google-clock", notes=self._ready.notes(replay.ended))

    @property
    def _ready(self) -> Alerts:
        if self._alerts is None:
            raise RuntimeError("days are replayed between begin and end")
        return self._alerts

    def _due(self, after: datetime, until: datetime) -> list[tuple[datetime, Job]]:
        times = chain.from_iterable(((due, job) for due in job.cron.due(after, until)) for job in self._jobs)
        return sorted(times, key=lambda one: (one[0], one[1].name))

    def _call(self, replay: Replay, number: int, due: datetime, job: Job) -> Iterator[Entry]:
        """Call what a job calls. Returns the entries that this leaves, oldest first."""
        name = f"{job.name} on Google Cloud"
        error: str | None = None
        status = OK
        if job.function is None or job.refusal is not None:
            status = job.refusal or FAILED
            error = f"its job's call is answered with {status}"
        else:
            at = due.isoformat().replace("+00:00", "Z")
            run = self._runner.run(job.function, {SCHEDULE_HEADER: at, JOB_HEADER: job.name})
            replay.runs[name] = replay.runs.get(name, 0) + 1
            yield from written_entries(job.function, run.lines, due)
            if run.error is not None:
                error, status = run.error, FAILED
        if error is not None:
            replay.failures.setdefault(name, []).append((number, error))
        yield attempt_entry(job.record, status, due)

    def _note(self, replay: Replay, number: int, mails: list[Mail], turns: list[Turn]) -> None:
        replay.mails += mails
        for turn in turns:
            states = (NO_INCIDENT, INCIDENT) if turn.opened else (INCIDENT, NO_INCIDENT)
            replay.changes.append(Change(number, f"{turn.at:%Y-%m-%d}", turn.policy, *states, turn.reason))


def google_clock(record: ServerRecord, gcp: dict[str, Any], runner: GoogleFunctionRunner) -> GoogleClock:
    """The clock of an environment. Args: gcp: `clouds.gcp` of its manifest."""
    return GoogleClock(record, gcp["projectId"], gcp["region"], runner)
