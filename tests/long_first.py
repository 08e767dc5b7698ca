"""The order of the test files: the folders whose files take longest come first.

Workers take one file after the other, and one whose file is about to end takes the next along: a long
file among the last ones keeps the other worker waiting. `--no-loadscope-reorder` leaves this order as it is;
the runner's own begins with the files that have most tests, and the long ones have few.
"""

import pytest

# Measured with `pytest --durations=0`; a folder that is missing here only makes the end less even.
LONG = ("sandbox_pulumi", "end_to_end", "faults", "sandbox_cloud")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by folder, and leave the order within a folder as it is."""
    ranks = {name: rank for rank, name in enumerate(LONG)}
    items.sort(
        key=lambda item: min((ranks[part] for part in item.path.parts if part in ranks), default=len(LONG))
    )
