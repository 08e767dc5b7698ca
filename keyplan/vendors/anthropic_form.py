"""The form that Anthropic's keys have in common: a prefix, 93 characters and AA. Pure.

Source: the key forms that secret scanners look for (gitleaks' anthropic-api-key and anthropic-admin-api-key
rules, checked 2026-11-21).
"""

from __future__ import annotations

import re

from keyplan.errors import ValueRejected

BODY_LENGTH = 95
_BODY = re.compile(r"[A-Za-z0-9_-]{93}AA")


class Form:
    """One kind of key.

    Args:
        prefix: `sk-ant-api03-`.
        name: what it is called, as in `this is not an …`.
        way_to_one: what to do to get one.
    """

    __slots__ = ("key_length", "name", "prefix", "way_to_one")

    def __init__(self, prefix: str, name: str, way_to_one: str) -> None:
        self.prefix = prefix
        self.name = name
        self.way_to_one = way_to_one
        self.key_length = len(prefix) + BODY_LENGTH

    def check(self, text: str) -> None:
        """Raise ValueRejected, with words for the mistake, unless `text` has the form."""
        if not text.startswith(self.prefix):
            raise ValueRejected(
                f"this is not an {self.name}: those begin with {self.prefix}", self.way_to_one
            )
        if len(text) != self.key_length:
            kind = "short, so a part of it was not copied" if len(text) < self.key_length else "long"
            raise ValueRejected(
                f"this {self.name} is too {kind}: it has {len(text)} characters, of {self.key_length}",
                "copy the whole key again; the Console shows it once, so make a new one if that window is "
                "closed",
            )
        if _BODY.fullmatch(text, len(self.prefix)) is None:
            raise ValueRejected(
                f"this is not an {self.name}: those have letters, digits, `-` and `_` and end in AA",
                "copy the whole key again, and nothing beside it",
            )

    def hint(self, text: str) -> str | None:
        """The part of a key that Anthropic itself shows in its lists: `R2D...igAA`, without the prefix.

        Source: Admin API, "List API Keys", partial_key_hint, by its example `sk-ant-api03-R2D...igAA`
        (platform.claude.com/docs/en/api/admin/api_keys/list, checked 2026-11-21); no document says how many
        characters it has.
        """
        shown = text[len(self.prefix) :]
        return f"{shown[:3]}...{shown[-4:]}" if len(text) == self.key_length else None
