"""What the reminders, the read alarm and the store cost a month: python -m benchmarks.cost prints the table.

Arithmetic on AWS's list prices of us-east-1, without the free tier. docs/reminders.md has the same table, the
sources of the prices and what is not counted; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass

KEY_COUNTS = (10, 100)
MODES = ("perKey", "perEnvironment")
RUNS = 30  # a month
# US dollars. Sources and their state: docs/reminders.md, "Prices" (checked 2026-11-21).
METRIC = 0.30  # one custom metric, a month
ALARM = 0.10  # one alarm of standard resolution on one metric, a month
METRIC_CALL = 0.01 / 1_000
SECRET = 0.40  # a month
SECRETS_CALL = 0.05 / 10_000
ENCRYPTION_KEY = 1.00  # a month
FUNCTION_SECOND = 0.0000133334 * 256 / 1024  # arm64, at the 256 MB of both functions
FUNCTION_CALL = 0.20 / 1_000_000
MAIL = 2.00 / 100_000 + 0.50 / 1_000_000  # delivered by e-mail, and published
# Assumptions, stated in the document.
SECONDS_PER_KEY = 0.2  # of the function's time: two calls at this memory's share of a processor
READS = 100_000  # a month, by consumers: each is looked at by the read alarm
SECONDS_PER_READ = 0.01
MAILS = 100  # a month


@dataclass(frozen=True)
class Cost:
    """One environment's monthly cost, in US dollars."""

    metrics: float
    alarms: float
    function: float  # time and calls of both functions, and the calls that they make
    mails: float
    store: float  # secrets and their encryption key, which cost the same without reminders

    @property
    def reminders(self) -> float:
        """Everything but the store."""
        return self.metrics + self.alarms + self.function + self.mails


def metrics(keys: int, mode: str) -> int:
    """How many custom metrics an environment has: the count, and perKey one age for each key."""
    return 1 + (keys if mode == "perKey" else 0)


def alarms(keys: int, mode: str) -> int:
    """How many alarms: count, silent, failing, read alarm failing, and perKey two for each key."""
    return 4 + (2 * keys if mode == "perKey" else 0)


def cost(keys: int, mode: str) -> Cost:
    """The monthly cost of one environment with `keys` keys; `mode` is a value of `reminders`."""
    daily_run = keys * (SECONDS_PER_KEY * FUNCTION_SECOND + 2 * SECRETS_CALL) + FUNCTION_CALL + METRIC_CALL
    read = SECONDS_PER_READ * FUNCTION_SECOND + FUNCTION_CALL
    return Cost(
        metrics=metrics(keys, mode) * METRIC,
        alarms=alarms(keys, mode) * ALARM,
        function=RUNS * daily_run + READS * read,
        mails=MAILS * MAIL,
        store=keys * SECRET + ENCRYPTION_KEY,
    )


def table() -> str:
    """The table in Markdown, as the document has it."""
    lines = [
        "| keys | `reminders` | metrics | alarms | functions | mails | **reminders, together** | store |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for mode in MODES:
        for keys in KEY_COUNTS:
            one = cost(keys, mode)
            lines.append(
                f"| {keys} | `{mode}` | {metrics(keys, mode)} x $0.30 = ${one.metrics:.2f} "
                f"| {alarms(keys, mode)} x $0.10 = ${one.alarms:.2f} "
                f"| ${one.function:.2f} | ${one.mails:.2f} | **${one.reminders:.2f}** | ${one.store:.2f} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
