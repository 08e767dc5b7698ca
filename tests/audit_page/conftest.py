"""One browser for all tests of the page; without one they are skipped, and say so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.audit_page.browser import Browser, chromium


@pytest.fixture(scope="session")
def the_browser() -> Iterator[Browser]:
    """Chromium, started once."""
    program = chromium()
    if program is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    with Browser(program) as browser:
        yield browser


@pytest.fixture
def browser(the_browser: Browser) -> Browser:
    """The same, with the window and the choices of somebody who changed nothing."""
    the_browser.prefer()
    the_browser.size(1280, 800)
    return the_browser
