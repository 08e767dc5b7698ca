"""The tables of docs/catalogue.md, made of the fields that the checks read.

`python -m keyplan.checks.reference docs/catalogue.md` writes them anew between their markers; a test fails
when somebody changed a field and did not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from keyplan.checks.consumers import RUNTIMES, common_fields
from keyplan.checks.environment_fields import CLAUDE_CODE_FIELDS, FIELDS
from keyplan.checks.fields import Field
from keyplan.checks.gcp import GCP_FIELDS
from keyplan.checks.keys import FIELDS as KEY_FIELDS
from keyplan.checks.routes import (
    BEDROCK_FIELDS,
    FEDERATION_FIELDS,
    FOUNDRY_FIELDS,
    ROUTE_FIELDS,
    VERTEX_FIELDS,
)

_BLOCK = re.compile(r"(<!-- table: (?P<name>[a-z -]+) -->\n).*?(<!-- end -->)", re.DOTALL)
HEAD = "| field | type | default | meaning | example |\n|---|---|---|---|---|\n"


def tables() -> dict[str, str]:
    """Each table by its name: `environment`, `key`, `consumer`, `gcp`, `claude code`, and one a runtime."""
    parts: dict[str, Sequence[Field]] = {
        "environment": FIELDS,
        "key": KEY_FIELDS,
        "consumer": common_fields(None),
        "gcp": GCP_FIELDS,
        "routes": ROUTE_FIELDS,
        "bedrock": BEDROCK_FIELDS,
        "vertex": VERTEX_FIELDS,
        "foundry": FOUNDRY_FIELDS,
        "federation": FEDERATION_FIELDS,
        "claude code": CLAUDE_CODE_FIELDS,
        **{str(runtime): kind.fields for runtime, kind in RUNTIMES.items()},
    }
    return {name: HEAD + "".join(map(_row, fields)) for name, fields in parts.items()}


def with_tables(page: str) -> str:
    """The page with every table between its markers written anew. Raises KeyError for an unknown table."""
    known = tables()
    return _BLOCK.sub(lambda match: f"{match[1]}{known[match['name']]}{match[3]}", page)


def _row(field: Field) -> str:
    meaning = f"{field.only_on} only: {field.meaning}" if field.only_on else field.meaning
    cells = (f"`{field.name}`", field.type, _default(field), meaning, f"`{field.example}`")
    return f"| {' | '.join(cells)} |\n"


def _default(field: Field) -> str:
    if field.required:
        return f"required on {field.only_on}" if field.only_on else "required"
    if field.default_text or field.default is None:
        return field.default_text or "none"
    spelling = {"[]": "none", "{}": "none", "True": "`true`", "False": "`false`", "['aws']": "`[aws]`"}
    return spelling.get(str(field.default), f"`{field.default}`")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        page = Path(name)
        page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
