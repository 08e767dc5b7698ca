"""The order of the test files: the folders whose files take longest come first.

Two workers take one file after the other; a long file that begins last keeps one of them waiting.
"""

import pytest

# Measured with `pytest --durations=0`; a folder that is missing here only makes the end less even.
LONG = ("sandbox_pulumi", "end_to_end", "faults", "rotation", "life", "sandbox_cloud", "command_gcp")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by folder, and leave the order within a folder as it is."""
    ranks = {name: rank for rank, name in enumerate(LONG)}

    def rank(item: pytest.Item) -> int:
        return min((ranks[part] for part in item.path.parts if part in ranks), default=len(LONG))

    items.sort(key=rank)
