"""The vendors whose keys are provisioned: one small module each, chosen by name.

A vendor's module has
    DEFAULT_ENV_VAR   the variable that its clients read the key from, or None where there is no usual one
    KEYS_PAGE         where its keys are made, or None where that differs from case to case
    OVERRIDES         variables that would win over the key or send it elsewhere: {variable: what it does}
    check(text, value_format)   raises ValueRejected when the text cannot be one of its API keys
    hint(text)                  the part of a value that the vendor shows in its own lists, or None
    question, once_more, judge  what to ask to learn whether a value is alive, and what replies mean
These modules are pure. Asking is `road`, the vendor's own list of keys is `organization`; no message repeats
any part of a value or of a vendor's text.
"""

from __future__ import annotations

from keyplan.errors import ManifestError
from keyplan.vendors import anthropic, anthropic_admin, gateway, generic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from keyplan.manifest.model import ManifestKey
    from keyplan.vendors.verdicts import Answer, Question, Reply

    class Vendor(Protocol):
        """What a vendor's module provides."""

        DEFAULT_ENV_VAR: str | None
        KEYS_PAGE: str | None
        OVERRIDES: Mapping[str, str]

        def check(self, text: str, value_format: str | None) -> None:
            """Raise ValueRejected, with words for the mistake, unless `text` can be an API key."""

        def hint(self, text: str) -> str | None:
            """The part of a value that the vendor shows in its lists, which may be printed; or None."""

        def question(self, key: ManifestKey, endpoints: Mapping[str, str]) -> Question | None:
            """What to ask about a value; None where there is nobody. `endpoints`: the manifest's."""

        def once_more(self, key: ManifestKey, reply: Reply) -> Mapping[str, str] | None:
            """Headers to add and to ask once more with, or None where the reply is the last word."""

        def judge(self, key: ManifestKey, reply: Reply) -> Answer:
            """What a reply says about the value."""


VENDORS: Mapping[str, Vendor] = {
    "anthropic": anthropic,
    "anthropic-admin": anthropic_admin,
    "gateway": gateway,
    "generic": generic,
}


def vendor_named(name: str) -> Vendor:
    """The vendor of a manifest's key. Raises ManifestError when this keyplan does not know it."""
    if name not in VENDORS:
        raise ManifestError(
            f"the manifest has a vendor that this keyplan does not know; it knows {', '.join(VENDORS)}",
            "pip install --upgrade keyplan",
        )
    return VENDORS[name]
