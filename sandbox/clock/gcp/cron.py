"""When a Cloud Scheduler job is due: the five fields of unix-cron, in the job's own time zone. Pure.

Source: Cloud Scheduler, "Cron job format and time zone" (checked 2026-11-21).
Left out on purpose: App Engine's own form (`every 6 hours`) and names of months and days.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from keyplan.errors import KeyplanError

# Minute, hour, day of the month, month, day of the week; Sunday is 0 and 7.
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_PART = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?")
SUNDAY = 7


@dataclass(frozen=True)
class Cron:
    """A parsed schedule."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # Monday is 1
    either_day: bool  # both kinds of day are restricted, and one that fits is enough
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: str) -> Cron:
        """Raises KeyplanError for a schedule that the sandbox cannot replay; the message quotes it."""
        fields = text.split()
        if len(fields) != len(RANGES):
            raise _unknown(text)
        minutes, hours, days, months, weekdays = (
            _numbers(field, low, high, text) for field, (low, high) in zip(fields, RANGES, strict=True)
        )
        try:
            place = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise KeyplanError(f"the sandbox does not know the time zone {zone}") from None
        weekdays = frozenset(SUNDAY if number == 0 else number for number in weekdays)
        either_day = not fields[2].startswith("*") and not fields[4].startswith("*")
        return cls(minutes, hours, days, months, weekdays, either_day, place)

    def due(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """The times of ]after, until], which are aware; in UTC, in order."""
        day = after.astimezone(self.zone).date()
        last = until.astimezone(self.zone).date()
        while day <= last:
            if self._has(day):
                yield from (moment for moment in sorted(self._times(day)) if after < moment <= until)
            day += timedelta(days=1)

    def _has(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        fits = day.day in self.days, day.isoweekday() in self.weekdays
        return any(fits) if self.either_day else all(fits)

    def _times(self, day: date) -> set[datetime]:
        # A set: the clock's change makes two local times one moment.
        return {
            datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone).astimezone(UTC)
            for hour in self.hours
            for minute in self.minutes
        }


def _numbers(field: str, low: int, high: int, text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise _unknown(text)
        first = low if match[1] is None else int(match[1])
        # `5/10` goes on to the end, as `5-59/10`.
        only = match[1] is not None and match[2] is None and match[3] is None
        last = first if only else high if match[2] is None else int(match[2])
        step = int(match[3] or 1)
        if not (low <= first <= last <= high and step):
            raise _unknown(text)
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _unknown(text: str) -> KeyplanError:
    return KeyplanError(f"the sandbox replays the five fields of unix-cron in numbers, not `{text}`")
