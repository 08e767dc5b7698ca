"""The whole environments that several files look at; nobody changes them."""

from __future__ import annotations

import pytest

from tests.components.recording import Recording
from tests.components_gcp.whole_environments import BOTH, FULL, build


@pytest.fixture(scope="session")
def full() -> Recording:
    """An environment with a consumer of every runtime."""
    return build(FULL)


@pytest.fixture(scope="session")
def both() -> Recording:
    """The same beside AWS."""
    return build(BOTH)
