"""The count of fault points, printed when the tests have run; also where xdist's workers ran them."""

from __future__ import annotations

from collections import Counter
from typing import Any

PROPERTY = "fault points"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """`1,204 fault points: put 312, rotate 892`, where there were any."""
    counts: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in (each for each in reports if getattr(each, "when", None) == "call"):
            for name, value in getattr(report, "user_properties", ()):
                if name == PROPERTY:
                    flow, _, points = str(value).rpartition(" ")
                    counts[flow] += int(points)
    if counts:
        each = ", ".join(f"{flow} {points:,}" for flow, points in sorted(counts.items()))
        terminalreporter.write_line(f"{counts.total():,} fault points: {each}")
