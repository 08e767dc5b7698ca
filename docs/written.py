"""Writing a page that a script makes, or comparing it: what the scripts of this folder end with."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent


def write_or_compare(page: Path, text: str) -> int:
    """Write the page, or with --check print how it differs; 1 when it does."""
    if "--check" not in sys.argv[1:]:
        page.write_text(text)
        return 0
    before = page.read_text()
    lines = difflib.unified_diff(
        before.splitlines(), text.splitlines(), str(page.relative_to(PROJECT)), "now", lineterm=""
    )
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return int(before != text)
