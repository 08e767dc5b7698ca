"""What an environment costs a month on Google Cloud: python -m benchmarks.cost_gcp prints the table.

Arithmetic on list prices, without the free tiers. docs/gcp.md has the same table, the sources of the prices
and what is not counted; a test compares the two, and the number of policies with what is built.
"""

from __future__ import annotations

from dataclasses import dataclass

KEY_COUNTS = (10, 100)
RUNS = 4 * 30  # a month
# US dollars. Sources and their state: docs/gcp.md, "Prices" (checked 2026-11-21).
VERSION = 0.06  # an active version in one location, a month; automatic replication is one location
JOB = 0.10  # a job of Cloud Scheduler, a month
PROCESSOR_SECOND, MEMORY_SECOND = 0.000024, 0.0000025  # a virtual processor, a GiB
REQUEST = 0.40 / 1_000_000
CONDITION = 0.10  # a condition of an alert policy, a month
POINT = 0.35 / 1_000_000  # a point that a condition on a metric looks at
LOG_GIBIBYTE = 0.50
# Assumptions, stated in the document.
VERSIONS = 2  # of each key: the current one and the one before
OWNERS = 2  # one owner of keys, and the environment's
SECONDS_PER_RUN, SECONDS_PER_KEY = 2.0, 0.05
MEMORY_GIBIBYTES = 0.25
EVALUATIONS = 2 * 60 * 24 * 30  # of the condition on silence: one in 30 seconds
READS = 100_000  # a month, by consumers: each is a line of the Data Access log
READ_BYTES = 2_000
# How many policies the read alarm's filters take: they end at 2,048 characters.
READ_POLICIES = {10: 1, 100: 2}


@dataclass(frozen=True)
class Cost:
    """One environment's monthly cost, in US dollars."""

    policies: float  # reminders' and read alarm's
    schedule: float
    function: float
    reads_log: float
    store: float

    @property
    def reminders(self) -> float:
        """Everything but the store."""
        return self.policies + self.schedule + self.function + self.reads_log


def policies(keys: int) -> int:
    """How many alert policies: one an owner, failing, silent, and the read alarm's."""
    return OWNERS + 2 + READ_POLICIES[keys]


def cost(keys: int) -> Cost:
    """The monthly cost of one environment with `keys` keys."""
    second = PROCESSOR_SECOND + MEMORY_GIBIBYTES * MEMORY_SECOND
    seconds = RUNS * (SECONDS_PER_RUN + keys * SECONDS_PER_KEY)
    return Cost(
        policies=policies(keys) * CONDITION + EVALUATIONS * POINT,
        schedule=JOB,
        function=seconds * second + RUNS * REQUEST,
        reads_log=READS * READ_BYTES / 2**30 * LOG_GIBIBYTE,
        store=keys * VERSIONS * VERSION,
    )


def table() -> str:
    """The table of docs/gcp.md."""
    lines = [
        "| keys | alert policies | schedule | function | log of reads | **together** | store |",
        "|---|---|---|---|---|---|---|",
    ]
    for keys in KEY_COUNTS:
        found = cost(keys)
        lines.append(
            f"| {keys} | {policies(keys)} x ${CONDITION:.2f} + ${EVALUATIONS * POINT:.2f} = "
            f"${found.policies:.2f} | ${found.schedule:.2f} | ${found.function:.2f} | "
            f"${found.reads_log:.2f} | **${found.reminders:.2f}** | ${found.store:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
