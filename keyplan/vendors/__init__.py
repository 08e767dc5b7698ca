"""The vendors whose keys are provisioned: one small module each, chosen by name.

A vendor's module has
    DEFAULT_ENV_VAR   the variable that its clients read the key from, or None where there is no usual one
    KEYS_PAGE         where its keys are made, or None where that differs from case to case
    OVERRIDES         variables that would win over the key or send it elsewhere: {variable: what it does}
    check(text, value_format)   raises ValueRejected when the text cannot be one of its API keys
Nothing here talks to a vendor, and no message repeats any part of a value.
"""

from __future__ import annotations

from keyplan.errors import ManifestError
from keyplan.vendors import anthropic, generic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    class Vendor(Protocol):
        """What a vendor's module provides."""

        DEFAULT_ENV_VAR: str | None
        KEYS_PAGE: str | None
        OVERRIDES: Mapping[str, str]

        def check(self, text: str, value_format: str | None) -> None:
            """Raise ValueRejected, with words for the mistake, unless `text` can be an API key."""


VENDORS: Mapping[str, Vendor] = {"anthropic": anthropic, "generic": generic}


def vendor_named(name: str) -> Vendor:
    """The vendor of a manifest's key. Raises ManifestError when this keyplan does not know it."""
    if name not in VENDORS:
        raise ManifestError(
            f"the manifest has a vendor that this keyplan does not know; it knows {', '.join(VENDORS)}",
            "pip install --upgrade keyplan",
        )
    return VENDORS[name]
