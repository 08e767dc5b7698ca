"""The function ENV-keyplan-value-age on Google Cloud: measures how old values are, and tells owners in time.

Cloud Scheduler calls it every six hours. Each run reads the metadata of every secret and writes one line that
it ran, which an alert policy misses after a day. The run of 06:00 UTC also writes what owners have to hear;
alert policies turn those lines into mails. It has no permission to read a value.

What happened is told in lines of JSON on standard output, which Cloud Run hands to Cloud Logging with their
fields. Sources: Cloud Run, "Logging and viewing logs", structured logging; Cloud Scheduler, header
X-CloudScheduler-ScheduleTime (checked 2026-11-21).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..ages import Assessment, Rule, State, assess, speaks
from .notices import Settings, key_line, notices
from .secret_manager import SecretManager

SETTINGS_FILE = Path(__file__).with_name("settings.json")
SCHEDULE_HEADER = "X-CloudScheduler-ScheduleTime"
# The run of this hour speaks, and those that repeat it when it failed; the next run is six hours later.
SPEAKING_HOUR, RUN_EVERY_HOURS = 6, 6
CALLS_AT_ONCE = 4
Say = Callable[[dict[str, Any]], None]


def handle(request: Any) -> tuple[str, int, dict[str, str]]:
    """Cloud Run's entry. Args: request: the HTTP request, as the functions framework hands it over."""
    try:
        settings = Settings.from_json(json.loads(SETTINGS_FILE.read_text(encoding="utf-8")))
        summary = run(settings, SecretManager.connect(), time_of(request.headers.get(SCHEDULE_HEADER)), say)
    except Exception as error:
        # The scheduler tries again, and a policy watches for lines like this one.
        say(
            {
                "severity": "ERROR",
                "event": "failed",
                "message": f"the reminder failed: {type(error).__name__}",
            }
        )
        raise
    return json.dumps(summary), 200, {"Content-Type": "application/json"}


def say(line: dict[str, Any]) -> None:
    """Write one line of the log."""
    sys.stdout.write(json.dumps(line, sort_keys=True) + "\n")
    sys.stdout.flush()


def time_of(scheduled: str | None) -> datetime:
    """The run's nominal time, which makes a repeated run say the same; without a schedule, now."""
    if not scheduled:
        return datetime.now(UTC)
    return datetime.fromisoformat(scheduled).astimezone(UTC)


def is_speaking(now: datetime) -> bool:
    """Whether a run of this time writes what owners hear."""
    return SPEAKING_HOUR <= now.hour < SPEAKING_HOUR + RUN_EVERY_HOURS


def run(settings: Settings, secrets: SecretManager, now: datetime, tell: Say) -> dict[str, Any]:
    """Look at every key, say what is to be said at `now`, and that this run happened.

    Returns:
        `keys` and `notices`: how many were looked at and told; `states`: how many keys are in which.
    """
    found = _assess_all(settings.rules, secrets, now)
    spoken = notices(settings, found) if is_speaking(now) else []
    if is_speaking(now):
        for one in found:
            if speaks(one):
                tell(key_line(settings, one))
    for line in spoken:
        tell(line)
    states = {state.value: sum(1 for one in found if one.state is state) for state in State}
    summary = {"keys": len(found), "notices": len(spoken), "states": states}
    # Last: while it is missing, the policy on silence knows that no run finished.
    tell(
        {
            "severity": "INFO",
            "event": "run",
            "environment": settings.environment,
            "message": f"{settings.environment}: looked at {len(found)} keys",
            **summary,
        }
    )
    return summary


def _assess_all(rules: Iterable[Rule], secrets: SecretManager, now: datetime) -> list[Assessment]:
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        return list(pool.map(lambda rule: assess(rule, secrets.read_metadata(rule.secret), now), rules))
