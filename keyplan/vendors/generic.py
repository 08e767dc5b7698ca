"""Any other vendor: the value's form is the catalogue's `format`, where it has one."""

from __future__ import annotations

import re

from keyplan.errors import ValueRejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_ENV_VAR: str | None = None
KEYS_PAGE: str | None = None
OVERRIDES: Mapping[str, str] = {}


def check(text: str, value_format: str | None) -> None:
    """Raise ValueRejected unless `text` as a whole matches the regular expression `value_format`."""
    if value_format is not None and re.fullmatch(value_format, text) is None:
        raise ValueRejected(
            f"the value, of {len(text)} characters, does not match the format that the catalogue gives",
            "copy the whole value again; if the vendor's keys have a new form, change the catalogue",
        )
