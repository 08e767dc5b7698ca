"""When a scheduled rule runs, as far as replayed days need it: each day, or every so many days. Pure.

Source: EventBridge User Guide, "Setting a schedule pattern", rate and cron (checked 2026-11-21).
Left out on purpose: the hour (a replayed day has one moment) and schedules of single days or months.
"""

from __future__ import annotations

import re

from keyplan.errors import KeyplanError

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_MINUTES_PER = {"minute": 1, "hour": 60, "day": 1440}
_ANY = ("*", "?")


def days_between_runs(expression: str) -> int:
    """1 for a schedule that runs daily or more often, else how many days lie between two runs.

    Raises KeyplanError for a schedule that the sandbox cannot replay; the message quotes it.
    """
    rate = _RATE.fullmatch(expression)
    if rate is not None:
        minutes = int(rate[1]) * _MINUTES_PER[rate[2]]
        if minutes <= _MINUTES_PER["day"]:
            return 1
        if minutes % _MINUTES_PER["day"] == 0:
            return minutes // _MINUTES_PER["day"]
    cron = _CRON.fullmatch(expression)
    if cron is not None and all(cron[field] in _ANY for field in (3, 4, 5, 6)):
        return 1
    raise KeyplanError(f"the sandbox replays daily schedules and rates of whole days, not {expression}")
