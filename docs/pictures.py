"""Makes the pictures of docs/audit-report.md: python -m docs.pictures. Needs Chromium; best with Inter.

The page is that of the tests' example account. Pictures differ a little between machines, whose fonts differ,
so that nothing compares them; whoever changes the page makes them anew and looks at them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from docs.written import PROJECT
from tests.audit_page.browser import Browser, chromium
from tests.audit_page.example import example_snapshot, page_of

IMAGES = PROJECT / "docs" / "images"


def main() -> int:
    """Write docs/images/audit-report-*.png; 1 when there is no browser."""
    program = chromium()
    if program is None:
        sys.stderr.write("there is no Chromium here: apt-get install chromium fonts-inter\n")
        return 1
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Browser(program) as browser:
        file = Path(folder) / "report.html"
        file.write_text(page_of(example_snapshot(), compared=True))
        for name, picture in pictures(browser, file):
            (IMAGES / f"audit-report-{name}.png").write_bytes(picture)
            sys.stdout.write(f"docs/images/audit-report-{name}.png: {len(picture) / 1024:.0f} KiB\n")
    return 0


def pictures(browser: Browser, file: Path) -> Iterator[tuple[str, bytes]]:
    """Each picture with its name."""
    browser.size(1280, 720)
    browser.prefer(prefers_color_scheme="light")
    browser.open_file(file)
    yield "matrix", browser.picture()
    browser.size(1280, 980)
    browser.click("[aria-label^='user/ann, prod/anthropic']")
    yield "path", browser.picture()
    browser.size(1280, 720)
    browser.click("#tab-findings")
    yield "findings", browser.picture()
    browser.prefer(prefers_color_scheme="dark")
    browser.click("#tab-matrix")
    browser.click("[aria-label^='user/carla, prod/anthropic']")
    yield "dark", browser.picture()
    browser.prefer(prefers_color_scheme="light")
    browser.size(400, 860)
    browser.open_file(file)
    yield "narrow", browser.picture()


if __name__ == "__main__":
    sys.exit(main())
